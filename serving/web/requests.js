/* What was asked for, as chips that a click takes back, and the palette of all that can be asked for. */

import { $, h, keep, set } from "./dom.js";

/** Show the belief state of a conversation; while a turn runs, what was understood of it. */
export function showRequests(conversation) {
  const { ontology, state, running } = conversation;
  const held = running?.beliefState ?? state.belief_state;
  const slots = ontology.slots.filter((slot) => held[slot.name]?.length);
  const missing = new Set(running ? [] : state.turn.missing);
  keep(
    $("chips"),
    slots.length > 0 ? slots : [null],
    (slot) => slot?.name ?? "none",
    (slot) => (slot ? group(slot) : h("li", { className: "none" }, "Nothing yet: this is the photo as it came.")),
    (element, slot) => slot && showChips(element, conversation, held[slot.name], missing),
  );
  showPalette(conversation, held);
}

function group(slot) {
  return h("li", {}, h("span", { className: "slot" }, slot.name), h("ul", { "aria-label": slot.name }));
}

function showChips(element, conversation, values, missing) {
  keep(
    element.querySelector("ul"),
    values,
    (value) => value,
    (value) => {
      const take = () => conversation.want(value, false);
      const cross = h("span", { "aria-hidden": "true" }, "×");
      return h("li", {}, h("button", { type: "button", className: "chip", onclick: take }, h("span", {}, value), cross));
    },
    (chip, value) => {
      const button = chip.firstElementChild;
      const doubt = missing.has(value) ? " (it does not really show)" : "";
      button.classList.toggle("is-missing", doubt !== "");
      set(button, { "aria-disabled": conversation.running !== null, title: `Take back ${value}${doubt}`, "aria-label": `Take back ${value}${doubt}` });
    },
  );
}

function showPalette(conversation, held) {
  const { ontology } = conversation;
  $("palette-count").textContent = ontology.slots.flatMap((slot) => slot.values).length;
  keep(
    $("palette"),
    ontology.slots,
    (slot) => slot.name,
    (slot) => {
      const buttons = slot.values.map((value) =>
        h("button", { type: "button", className: "option", "data-value": value }, h("i", { "aria-hidden": "true" }), value),
      );
      return h("div", { role: "group", "aria-label": slot.name }, h("span", { className: "slot" }, slot.name), h("div", {}, ...buttons));
    },
    (element, slot) => {
      for (const button of element.querySelectorAll("button")) {
        const value = button.dataset.value;
        const isHeld = Boolean(held[slot.name]?.includes(value));
        const toggle = () => conversation.want(value, !isHeld);
        set(button, { "aria-pressed": isHeld, "aria-disabled": conversation.running !== null, onclick: toggle });
      }
    },
  );
}
