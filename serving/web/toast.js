/* A few words over the page, whatever it shows, that go by themselves. */

import { $ } from "./dom.js";

const SHORTEST_MS = 4000;
const MS_PER_CHARACTER = 80; // slow readers are done by then
let timer = 0;

/** Say something in passing, to screen readers, too. */
export function toast(words) {
  const shown = $("toast");
  shown.textContent = words;
  shown.hidden = false;
  $("status").textContent = words;
  clearTimeout(timer);
  timer = setTimeout(() => (shown.hidden = true), Math.max(SHORTEST_MS, MS_PER_CHARACTER * words.length));
}
