/* Small helpers over the DOM. */

/** The element with an id. */
export const $ = (id) => document.getElementById(id);

/**
 * A new element. Properties are set as such, `on...` as listeners, names with a dash, `role` and `alt` as
 * attributes.
 * @param {string} tag
 * @param {Record<string, any>} properties
 * @param {...(Node | string | null | false | undefined)} children
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  set(element, properties);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Set properties as `h` does; `undefined` and `null` take an attribute away. */
export function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) {
      element[name] = value;
    } else if (name.includes("-") || name === "role" || name === "alt") {
      if (value === null || value === undefined) element.removeAttribute(name);
      else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
    } else if (element[name] !== value) {
      element[name] = value;
    }
  }
  return element;
}

/**
 * Let a container have one child for each item. Children are kept by key, so that focus, pictures and what a screen
 * reader has read stay; focus of a child that goes moves to its neighbour, or to the line to type in.
 * @param {Element} container
 * @param {Array<any>} items
 * @param {(item: any) => string} keyOf
 * @param {(item: any) => HTMLElement} make
 * @param {(element: HTMLElement, item: any) => void} update
 */
export function keep(container, items, keyOf, make, update = () => {}) {
  const had = new Map([...container.children].map((child) => [child.dataset.key, child]));
  const place = [...container.children].findIndex((child) => child.contains(document.activeElement));
  const kept = items.map((item) => {
    const key = keyOf(item);
    const element = had.get(key) ?? make(item);
    element.dataset.key = key;
    update(element, item);
    return element;
  });
  const isKept = new Set(kept);
  for (const child of had.values()) if (!isKept.has(child)) child.remove();
  kept.forEach((child, index) => {
    if (container.children[index] !== child) container.insertBefore(child, container.children[index] ?? null);
  });
  if (place >= 0 && document.activeElement === document.body) refocus(kept[Math.min(place, kept.length - 1)]);
}

/** Focus what is nearest to something that went; where fingers do the work there is no focus to lose. */
export function refocus(element) {
  const next = element?.matches?.("button") ? element : element?.querySelector("button");
  if (matchMedia("(hover: hover)").matches) (next ?? $("words")).focus({ preventScroll: true });
}

/** Words for people: "a", "a and b", "a, b and c". */
export function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
