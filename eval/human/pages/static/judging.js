import { saver } from "./saving.js";

const form = document.getElementById("questions");
const save = saver(document.getElementById("saved"));

function keep({ name, value }) {
  save(name, form.dataset.url, { question: name, place: value }, ({ open, done }) => {
    document.getElementById("done").value = done;
    return open ? `Saved; ${open} of the questions open` : "Saved; all questions answered";
  });
}

form.addEventListener("change", ({ target }) => keep(target));
// what was clicked before this script ran
for (const radio of form.querySelectorAll("input:checked")) if (!radio.defaultChecked) keep(radio);
