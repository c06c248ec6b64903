/* For the curious: what the machine understood, what it sees in the picture, and how long it took. */

import { $, h } from "./dom.js";
import { asText } from "./wishes.js";

/** Show what is behind the picture shown. */
export function showInside(conversation, editor) {
  if (!$("inside").open) return;
  const { state } = conversation;
  const { turn } = state;
  const rows = [
    ["Tracked state", code(asText(state.belief_state) || "(empty)")],
    ["Second tracker", opinionOf(state)],
    ["Certainty that it shows", relevanceOf(turn)],
    ["Same person", turn.metrics.identity === null ? "not measured: this is the photo" : meter(turn.metrics.identity)],
    ["Time", timesOf(turn, conversation.timings.get(turn.id))],
    ["The photo", `${state.caption} (${state.attributes.join(", ")})`],
    ["Next, the system wants to", code(Object.values(turn.act).join(" "))],
    ["Editor", code(editor)],
    ["Thread", code(conversation.id)],
  ];
  const list = h("dl", {}, ...rows.flatMap(([name, shown]) => [h("dt", {}, name), h("dd", {}, shown)]));
  const link = h("a", { href: "v1/openapi.json" }, "The HTTP API behind this page");
  $("inside-body").replaceChildren(list, h("p", {}, link));
}

const code = (words) => h("code", {}, words);

function meter(share) {
  const percent = `${Math.round(100 * share)} %`;
  const bar = h("meter", { min: 0, max: 1, low: 0.5, high: 0.75, optimum: 1, value: Math.max(0, share), "aria-label": percent });
  return h("span", { className: "measure" }, bar, percent);
}

function relevanceOf(turn) {
  const seen = Object.entries(turn.metrics.relevance);
  if (seen.length === 0) return "nothing was asked for";
  return h("ul", { className: "measures" }, ...seen.map(([value, share]) => h("li", {}, h("span", {}, value), meter(share))));
}

function opinionOf({ turn, opinions }) {
  const opinion = opinions.find((one) => one.turn === turn.id);
  if (!opinion) return "has not said anything about this turn";
  const name = opinion.tracker;
  if (opinion.agrees) return `agrees (${name})`;
  if (opinion.agrees === null || !opinion.belief_state) return `failed (${name})`;
  return h("span", {}, `differs (${name}): `, code(asText(opinion.belief_state) || "(empty)"));
}

function timesOf(turn, timing) {
  const parts = [];
  if (timing?.understoodS) parts.push(`understood after ${timing.understoodS.toFixed(2)} s`);
  if (timing?.previewS) parts.push(`first preview after ${timing.previewS.toFixed(2)} s`);
  if (timing) parts.push(`answered after ${timing.doneS.toFixed(2)} s`);
  if (turn.metrics.steps) parts.push(`the edit took ${turn.metrics.steps} steps and ${turn.metrics.seconds.toFixed(2)} s`);
  return parts.join(", ") || "nothing had to be computed";
}
