/* The picture, large: before and after under a slider, two versions side by side, and the edit while it runs. */

import { here } from "./api.js";
import { $, h, keep, listed, refocus, set } from "./dom.js";
import { valuesOf } from "./wishes.js";

/** What a picture shows, in words. */
export function describe(turn) {
  const asked = valuesOf(turn.belief_state);
  return asked.length > 0 ? `The face with ${listed(asked)}` : "The photo as it came";
}

/** What a version is called: its number and what it added or took back. */
export function nameOf(turn) {
  if (turn.version === 0) return "Photo";
  const added = turn.added.map(([, value]) => value);
  const removed = turn.removed.map(([, value]) => `− ${value}`);
  const words = [...added, ...removed];
  if (words.length > 0) return words.join(", ");
  return valuesOf(turn.belief_state).join(", ") || "as it came";
}

/** Let the slider work. */
export function watchSplit() {
  const split = $("split");
  split.oninput = () => {
    $("frame").style.setProperty("--split", `${split.value}%`);
    set(split, { "aria-valuetext": `${split.value} % before` });
  };
  split.ondblclick = () => resetSplit();
}

/** Show the result alone. */
export function resetSplit() {
  $("split").value = 0;
  $("split").oninput();
}

let shown = null; // version whose picture the slider was reset for

/** Show where a conversation stands. */
export function showPicture(conversation) {
  const { state, turns, running, pair } = conversation;
  const turn = state.turn;
  $("frame").hidden = pair !== null;
  $("pair").hidden = pair === null;
  const url = running?.preview ?? here(turn.image.url);
  set($("after"), { src: url, alt: running?.preview ? "The edit while it runs" : describe(turn) });
  const canCompare = !running && turn.version !== 0 && turns.length > 0;
  if (canCompare) set($("before"), { src: here(turns[0].image.url) });
  for (const part of [$("before"), $("split")]) part.hidden = !canCompare;
  $("frame").classList.toggle("is-comparable", canCompare);
  if (shown !== turn.version || running) resetSplit();
  shown = running ? null : turn.version;
  showPair(conversation);
  showWork(conversation);
}

function showPair(conversation) {
  keep(
    $("pair"),
    conversation.pair ?? [],
    (turn) => `${turn.version}`,
    (turn) =>
      h(
        "figure",
        {},
        h("img", { src: here(turn.image.url), alt: describe(turn) }),
        h("figcaption", {}, h("span", {}, `${turn.version === 0 ? "" : `${turn.version} · `}${nameOf(turn)}`)),
        h("button", { type: "button", className: "primary", onclick: () => pick(conversation, turn) }, "Keep this one"),
      ),
  );
}

function pick(conversation, turn) {
  if (turn.version === conversation.state.turn.version) conversation.endComparison();
  else conversation.goTo(turn.version);
}

function showWork({ running }) {
  const wasFocused = $("working").contains(document.activeElement);
  $("working").hidden = running === null;
  if (running === null && wasFocused) refocus(null);
  $("stage").setAttribute("aria-busy", String(running !== null));
  if (running === null) return;
  const { step, numSteps, beliefState, waiting, isCancelled } = running;
  const words = waiting || (isCancelled ? "Cancelling…" : numSteps ? "Editing…" : beliefState ? "Starting…" : "Reading…");
  $("working-words").textContent = words;
  set($("cancel"), { "aria-disabled": Boolean(isCancelled) });
  if (numSteps) $("progress").value = step / numSteps;
  else $("progress").removeAttribute("value");
}
