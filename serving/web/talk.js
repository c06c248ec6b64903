/* The conversation: what was said, what to say next, and the line to say it in. */

import { $, h, keep, set } from "./dom.js";
import { ideas, valuesOf } from "./wishes.js";

const MAX_SUGGESTIONS = 4;
let conversation = null;
let tried = null; // the turn that came to nothing and whose words were given back

/** Let the line to type in work; `current` gives the conversation shown. */
export function watchTalk(current) {
  const words = $("words");
  $("composer").onsubmit = (event) => {
    event.preventDefault();
    const said = words.value.trim();
    if (!said || current().running) return;
    words.value = "";
    keepDraft();
    current().say(said);
  };
  words.oninput = keepDraft;
}

const draftName = () => `chatedit.draft.${conversation?.id}`;
const keepDraft = () => sessionStorage.setItem(draftName(), $("words").value);

/** Show what was said in a conversation. */
export function showTalk(now) {
  const isOther = conversation !== now;
  conversation = now;
  const log = $("log");
  if (isOther) {
    $("words").value = sessionStorage.getItem(draftName()) ?? "";
    log.lastKey = null;
  }
  const lines = linesOf(now);
  keep(log, lines, (line) => line.key, makeLine);
  if (log.clientHeight > 0 && log.lastKey !== lines.at(-1).key) {
    log.lastKey = lines.at(-1).key;
    log.scrollTop = log.scrollHeight;
  }
  set($("send"), { "aria-disabled": now.running !== null });
  giveBack(now);
  showSuggestions(now);
}

/** Words whose turn was cancelled go back to where they were typed. */
function giveBack(now) {
  const { failure } = now;
  if (failure === tried) return;
  tried = failure;
  if (failure?.isCancelled && failure.turn.kind === "say" && !$("words").value) {
    $("words").value = failure.turn.words;
    keepDraft();
  }
}

function linesOf({ state, lineage, running, note, failure }) {
  const lines = [{ key: "hello", who: "system", words: "Hello! What would you like to change?" }];
  for (const turn of lineage.slice(1)) {
    lines.push({ key: `user-${turn.id}`, who: "user", words: turn.user });
    lines.push({ key: `system-${turn.id}`, who: "system", words: turn.reply });
  }
  if (note && !running) lines.push({ key: `note-${state.turn.id}-${note}`, who: "system", words: note });
  if (running) lines.push({ key: `user-${lineage.length && nextId(lineage, running)}`, who: "user", words: running.words });
  if (running) lines.push({ key: "typing", who: "typing", words: "" });
  if (failure && !running) {
    if (failure.turn) lines.push({ key: "failed-words", who: "user", words: failure.turn.words });
    lines.push({ key: `failed-${failure.text}`, who: failure.isCancelled ? "system" : "problem", words: failure.text });
  }
  return lines;
}

const nextId = (lineage, running) => `next-${lineage.at(-1).id}-${running.words}`;

function makeLine({ who, words }) {
  if (who === "typing") {
    const dots = [1, 2, 3].map(() => h("i"));
    return h("div", { className: "line system typing" }, h("span", { className: "sr" }, "Working on it"), ...dots);
  }
  const speaker = who === "user" ? "You: " : "ChatEdit: ";
  return h("div", { className: `line ${who}` }, h("span", { className: "sr" }, speaker), words);
}

function showSuggestions(now) {
  const offers = now.running || now.pair ? [] : offersOf(now);
  keep(
    $("suggestions"),
    offers,
    ({ words }) => words,
    ({ words }) => h("button", { type: "button", className: "suggestion" }, words),
    (button, { act }) => set(button, { onclick: act }),
  );
}

/** What a click can answer: the system's question first, then a few ideas. */
function offersOf(now) {
  const { ontology, state, failure } = now;
  const act = failure || now.note ? { type: "next" } : state.turn.act;
  const offer = (value, words = `+ ${value}`) => ({ value, words, act: () => now.want(value, true) });
  const offers = [];
  if (failure?.turn) offers.push({ words: "Try again", act: () => now.retry() });
  if (act.type === "suggest") {
    offers.push(offer(act.value, `Yes, ${act.value}`));
    offers.push({ words: "No, thanks", act: () => now.say("No, thanks.") });
  }
  if (act.type === "request") {
    const known = new Set([...valuesOf(state.belief_state), ...state.attributes]);
    const values = ontology.slots.find((slot) => slot.name === act.slot)?.values ?? [];
    offers.push(...values.filter((value) => !known.has(value)).map((value) => offer(value)));
  }
  const taken = new Set(offers.map(({ value }) => value));
  const more = ideas(ontology, now, MAX_SUGGESTIONS).filter((value) => !taken.has(value));
  return [...offers, ...more.map((value) => offer(value))].slice(0, MAX_SUGGESTIONS);
}
