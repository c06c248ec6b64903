/* All versions as a strip: go back to any, branch from it, put two side by side. */

import { here } from "./api.js";
import { $, h, keep, set } from "./dom.js";
import { describe, nameOf } from "./picture.js";

/** Show the versions of a conversation. */
export function showHistory(conversation) {
  const versions = conversation.versions;
  const current = conversation.state.turn.version;
  keep(
    $("history"),
    versions,
    (turn) => `${turn.version}`,
    (turn) => make(conversation, turn),
    (element, turn) => update(element, conversation, turn, current),
  );
  const isBehind = current !== Math.max(...versions.map((turn) => turn.version));
  $("history-hint").textContent = isBehind ? "What you ask now branches off here." : "";
  if (showHistory.current !== current) {
    const now = $("history").querySelector("[aria-current]")?.closest("li");
    if (now) $("history").scrollLeft = now.offsetLeft + now.offsetWidth - $("history").clientWidth; // and nothing around it
  }
  showHistory.current = current;
}

function make(conversation, turn) {
  const isBranch = turn.from !== null && turn.from !== turn.version - 1;
  const name = `${turn.version === 0 ? "" : `${turn.version} · `}${nameOf(turn)}`;
  const from = isBranch ? ` (from ${turn.from === 0 ? "the photo" : turn.from})` : "";
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", className: "thumb", title: `Go to ${name}`, onclick: () => conversation.goTo(turn.version) },
      h("img", { src: here(turn.image.url), alt: "", loading: "lazy" }),
      h("span", { className: "name" }, name, isBranch && h("small", {}, from)),
      h("span", { className: "sr" }, `. ${describe(turn)}.`),
    ),
    h(
      "button",
      { type: "button", className: "beside", title: "Side by side with the one shown", "aria-label": `Compare ${name} with the one shown` },
      "Compare",
    ),
  );
}

function update(element, conversation, turn, current) {
  const [thumb, beside] = element.querySelectorAll("button");
  const isCurrent = turn.version === current;
  set(thumb, { "aria-current": isCurrent ? "true" : null, "aria-disabled": conversation.running !== null });
  set(beside, { "aria-disabled": isCurrent || conversation.running !== null, onclick: () => conversation.compare(turn.version, current) });
}
