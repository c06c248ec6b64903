/* The belief state by hand: the rules of adding and taking back, as the service publishes them. */

/**
 * A state with one more value; what it replaces is gone.
 * @param {{slots: {name: string, values: string[]}[], excludes: Record<string, string[]>}} ontology
 * @param {Record<string, string[]>} state
 */
export function withValue(ontology, state, value) {
  const slot = slotOf(ontology, value);
  const kept = (state[slot] ?? []).filter((held) => held !== value && !ontology.excludes[value].includes(held));
  return { ...state, [slot]: [...kept, value] };
}

/** A state without a value: that attribute is as in the photo again. */
export function withoutValue(state, value) {
  const entries = Object.entries(state).map(([slot, held]) => [slot, held.filter((other) => other !== value)]);
  return Object.fromEntries(entries.filter(([, held]) => held.length > 0));
}

/** All values of a state. */
export const valuesOf = (state) => Object.values(state).flat();

/** A state as the tracker writes it. */
export const asText = (state) =>
  Object.entries(state)
    .map(([slot, held]) => `${slot}: ${held.join(", ")}`)
    .join("; ");

/** The slot of a value. */
export const slotOf = (ontology, value) => ontology.slots.find((slot) => slot.values.includes(value)).name;

const turned = (values, by) => values.map((_, place) => values[(place + by) % values.length]);
const BEARDS = ["sideburns", "mustache", "goatee", "receding hairline"];

/**
 * A few values worth trying next: neither asked for nor in the photo, from different slots, other ones each turn.
 * @returns {string[]}
 */
export function ideas(ontology, conversation, count) {
  const { belief_state: held, attributes, caption } = conversation.state;
  const known = new Set([...valuesOf(held), ...attributes]);
  const isMan = /\bman\b/.test(caption);
  const fits = (value) =>
    !known.has(value) && !value.startsWith("no ") && (isMan ? value !== "heavy makeup" : !BEARDS.includes(value));
  const choices = ontology.slots.filter((slot) => !held[slot.name]?.length || !slot.is_single);
  const found = choices.map((slot) => turned(slot.values.filter(fits), conversation.state.turn.id));
  const rounds = Array.from({ length: count }, (_, round) => found.map((values) => values[round]));
  return rounds.flat().filter(Boolean).slice(0, count);
}
