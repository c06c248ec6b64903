/* The page: which view is shown, and what its parts share. */

import * as api from "./api.js";
import { Conversation, messageOf } from "./conversation.js";
import { $, set } from "./dom.js";
import { showHistory } from "./history.js";
import { showInside } from "./inside.js";
import { watchMenu } from "./menu.js";
import { showOpening, watchOpening } from "./opening.js";
import { resetSplit, showPicture, watchSplit } from "./picture.js";
import { showRequests } from "./requests.js";
import { showTalk, watchTalk } from "./talk.js";

let conversation = null;
let ontology = null;
let editor = "";

const threadOf = () => new URLSearchParams(location.search).get("thread");

/** Show what the address says. */
async function route() {
  conversation?.close();
  conversation = null;
  const thread = threadOf();
  try {
    await withKey(async () => {
      await api.get("v1/threads?limit=1"); // asks for a key first, where one is needed
      ontology ??= await api.get("v1/ontology");
      editor ||= (await api.get("version")).editor;
      await (thread ? openStudio(thread) : openOpening());
    });
  } catch (error) {
    $("lost-words").textContent =
      error.status === 404 || error.status === 422
        ? "It was deleted, or it belongs to somebody else."
        : messageOf(error);
    show("lost");
  }
}

async function openOpening() {
  await showOpening();
  document.title = "ChatEdit: edit a face by talking";
  show("opening");
}

async function openStudio(thread) {
  // of the conversation shown before: versions and values have the same keys there, and lead back to it
  for (const name of ["history", "chips", "log", "suggestions", "pair"]) $(name).replaceChildren();
  showHistory.current = null;
  const opened = new Conversation(thread, ontology);
  conversation = opened;
  opened.addEventListener("change", () => conversation === opened && opened.state && showStudio());
  await opened.open();
  if (conversation !== opened) return; // left meanwhile
  $("palette-panel").open = matchMedia("(min-width: 62rem)").matches;
  resetSplit();
  show("studio");
  showStudio();
  if (matchMedia("(hover: hover)").matches) $("words").focus({ preventScroll: true }); // no keyboard over the picture
}

function showStudio() {
  showPicture(conversation);
  showRequests(conversation);
  showHistory(conversation);
  showTalk(conversation);
  showInside(conversation, editor);
  const isRunning = conversation.running !== null;
  // not `disabled`: a button that somebody has just pressed by keyboard would lose the focus
  for (const name of ["undo", "restart"]) set($(name), { "aria-disabled": isRunning || !conversation.canUndo });
  set($("redo"), { "aria-disabled": isRunning || !conversation.canRedo });
  document.title = `${isRunning ? "Editing… · " : ""}ChatEdit`;
}

function show(view) {
  for (const name of ["opening", "studio", "lost"]) $(name).hidden = name !== view;
  $("nav").hidden = view !== "studio";
  document.body.dataset.view = view;
}

/** Do something, and ask for an API key as long as the service wants another one. */
async function withKey(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error.status !== 401) throw error;
      api.useKey("");
      $("asker").showModal();
      await new Promise((resolve) => ($("asker").onclose = resolve));
      api.useKey($("asker-key").value.trim());
    }
  }
}

/** Go to a conversation, or to the opening where `id` is null, without loading the page anew. */
async function goTo(id) {
  const here = new URL(document.baseURI);
  here.search = id ? `?thread=${id}` : "";
  here.hash = "";
  history.pushState(null, "", here);
  await route();
}

function watchKeys() {
  addEventListener("keydown", (event) => {
    if (!conversation?.state || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && conversation.running) conversation.cancel();
    const isTyping = event.target.matches?.("input[type=text]") && event.target.value !== "";
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || isTyping) return;
    event.preventDefault();
    if (event.shiftKey) conversation.redo();
    else conversation.undo();
  });
}

$("undo").onclick = () => conversation.undo();
$("redo").onclick = () => conversation.redo();
$("restart").onclick = () => conversation.canUndo && conversation.goTo(0);
$("cancel").onclick = () => conversation.cancel();
$("inside").ontoggle = () => {
  if (conversation?.state) showInside(conversation, editor);
  if ($("inside").open) $("inside").scrollIntoView({ block: "start" });
};
$("lost-again").onclick = () => route();
for (const link of [$("home"), $("new")]) {
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo(null);
  };
}
addEventListener("popstate", route);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && conversation?.state && !conversation.running) conversation.refresh().catch(() => {});
});
addEventListener("online", () => conversation?.refresh().catch(() => {}));
watchSplit();
watchKeys();
watchTalk(() => conversation);
watchMenu(() => conversation, goTo);
watchOpening(goTo);
await route();
