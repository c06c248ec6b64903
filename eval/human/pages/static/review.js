import { saver } from "./saving.js";

const articles = [...document.querySelectorAll("article")];
const save = saver(document.getElementById("saved"));

function show({ turns }) {
  articles.forEach((article, index) => {
    const turn = turns[index];
    for (const place of article.querySelectorAll("[data-shows]")) {
      const name = place.dataset.shows;
      place.textContent = turn[name] || (name === "state" ? "none" : "");
    }
    article.querySelector(`[data-field="mark"][value="${turn.mark}"]`).checked = true;
    if (turn.mark === "wrong") article.querySelector("details").open = true;
    for (const box of article.querySelectorAll('[data-field="wish"]')) {
      box.checked = turn.values.includes(`${box.dataset.slot}: ${box.value}`);
    }
  });
}

function keep(field) {
  const { field: name, slot } = field.dataset;
  const { url } = field.closest("article").dataset;
  const change = name === "wish" ? { slot, value: field.value, is_wanted: field.checked } : field.value;
  const key = [url, name, ...(slot ? [slot, field.value] : [])].join();
  save(key, url, { [name]: change }, show);
}

function isChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (field.type === "radio") return field.checked && !field.defaultChecked;
  if (field.tagName === "SELECT") return !(field.selectedOptions[0]?.defaultSelected ?? true);
  return field.value !== field.defaultValue;
}

document.addEventListener("input", ({ target }) => target.dataset.field && keep(target));
// what was changed before this script ran
for (const field of document.querySelectorAll("[data-field]")) if (isChanged(field)) keep(field);
