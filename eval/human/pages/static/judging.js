import { saver } from "./saving.js";

const form = document.getElementById("questions");
const status = document.getElementById("saved");
const save = saver(status);

form.addEventListener("change", ({ target }) => {
  save(form.dataset.url, { question: target.name, place: target.value }, ({ open, done }) => {
    document.getElementById("done").value = done;
    status.textContent = open ? `Saved; ${open} of the questions open` : "Saved; all questions answered";
  });
});
