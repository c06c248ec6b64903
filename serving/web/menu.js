/* What leaves the page: a link, the picture, the strip, the conversation. And what is to go for good. */

import * as api from "./api.js";
import { messageOf } from "./conversation.js";
import { $, set } from "./dom.js";
import { toast } from "./toast.js";

const DOWNLOAD_MS = 4000; // by then the browser has taken the file over

/** Let the link and the menu work; `current` gives the conversation, `goTo` leaves it. */
export function watchMenu(current, goTo) {
  const menu = $("menu");
  menu.addEventListener("beforetoggle", ({ newState }) => {
    if (newState !== "open") return;
    const { bottom, right } = $("more").getBoundingClientRect();
    set(menu, { "data-open": "" });
    menu.style.top = `${bottom + 6}px`;
    menu.style.right = `${Math.max(8, document.documentElement.clientWidth - right)}px`;
    const { turn } = current().state;
    set($("save-picture"), { href: api.here(turn.image.url), download: `chatedit-version-${turn.version}.png` });
  });
  menu.addEventListener("toggle", ({ newState }) => newState === "open" && $("save-picture").focus());
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...menu.querySelectorAll("[role=menuitem]")];
    items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
  });
  menu.addEventListener("click", (event) => event.target.closest("[role=menuitem]") && menu.hidePopover());
  $("save-strip").onclick = () => save(current(), "strip", "chatedit.png");
  $("save-dialogue").onclick = () => save(current(), "dialogue", "chatedit.jsonl");
  $("share").onclick = () => share(current());
  $("delete").onclick = () => askToDelete(current(), goTo);
}

async function save(conversation, what, name) {
  try {
    const blob = await api.bytes(`v1/threads/${conversation.id}/${what}`);
    const link = set(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_MS);
  } catch (error) {
    toast(messageOf(error));
  }
}

async function share(conversation) {
  const link = new URL(`?thread=${conversation.id}`, document.baseURI).href;
  try {
    await navigator.clipboard.writeText(link);
    toast("Link copied: it opens this conversation again.");
  } catch {
    toast(`This link opens the conversation again: ${link}`);
  }
}

function askToDelete(conversation, goTo) {
  const dialog = $("deleter");
  dialog.returnValue = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "delete") return;
    try {
      await api.remove(`v1/threads/${conversation.id}`);
      await goTo(null);
      toast("The conversation is deleted.");
    } catch (error) {
      toast(messageOf(error));
    }
  };
  dialog.showModal();
}
