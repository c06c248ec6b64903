/* Where a conversation starts: a portrait that ships, a picture of one's own, or a conversation left before. */

import * as api from "./api.js";
import { messageOf } from "./conversation.js";
import { squareOf } from "./cropper.js";
import { $, h, keep, set } from "./dom.js";
import { takePicture } from "./shooter.js";
import { toast } from "./toast.js";

const NUM_RECENT = 8;
const OF_THE_PART = ["OutOfDomain", "SeveralFaces"]; // refusals for which another part of the picture may do
let isBusy = false;

/** Let everything that brings a picture work; `open` is called with the id of the new conversation. */
export function watchOpening(open) {
  const bring = (blob, isCropped = false) => start(() => fromPicture(blob, isCropped), open, () => bring(blob, true));
  $("choose").onclick = () => $("file").click();
  $("file").onchange = () => {
    const [file] = $("file").files;
    $("file").value = "";
    if (file) bring(file);
  };
  $("camera").onclick = () =>
    takePicture()
      .then((picture) => picture && bring(picture))
      .catch((error) => showProblem(error.message));
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    const isText = event.target.matches?.("input") && event.clipboardData.types.includes("text/plain");
    if (!file || isText) return; // office programs put a picture of the words beside them
    event.preventDefault();
    bring(file);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    addEventListener(kind, (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      document.body.classList.toggle("is-dragging", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) bring(event.dataTransfer.files[0]);
    });
  }
  $("portraits").onclick = (event) => {
    const button = event.target.closest("button");
    if (button) start(() => fromPortrait(button), open);
  };
}

/** Show what there is to start with. */
export async function showOpening() {
  showProblem("");
  const [portraits, threads] = await Promise.all([
    api.get("v1/portraits"),
    api.get(`v1/threads?limit=${NUM_RECENT}`),
  ]);
  const hasFaces = portraits.length > 0;
  $("lead").textContent = hasFaces ? "Pick a face to start." : "Choose a picture of a face to start.";
  $("faces").hidden = !hasFaces;
  $("own").textContent = hasFaces ? "Or use your own picture, in the style of these" : "Your own picture";
  keep($("portraits"), portraits, (portrait) => portrait.name, makePortrait);
  const left = threads.items.filter((thread) => thread.image);
  $("recent").hidden = left.length === 0;
  keep($("threads"), left, (thread) => thread.id, makeThread);
}

/** Say what is wrong with a picture, and what to do; `chooseAnother` part of it, where that may help. */
function showProblem(words, chooseAnother = null) {
  $("opening-problem").textContent = words;
  $("opening-problem").hidden = words === "";
  set($("another-part"), { hidden: chooseAnother === null, onclick: chooseAnother });
  if (words) $("opening-problem").scrollIntoView({ block: "nearest" });
}

function makePortrait(portrait, place) {
  const says = portrait.caption.replace(/^This is a photo of a /, "");
  const picture = h("img", { src: api.here(portrait.url), alt: "", width: 256, height: 256 });
  const label = h("span", { className: "sr" }, `Start with this face: ${says}`);
  const button = h("button", { type: "button", title: says }, picture, label);
  button.portrait = portrait;
  return h("li", {}, button);
}

function makeThread(thread) {
  const when = new Date(thread.updated_at * 1000);
  const words = when.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  const picture = h("img", { src: api.here(thread.image.url), alt: "", loading: "lazy" });
  const link = h("a", { href: `?thread=${thread.id}` }, picture, h("time", { dateTime: when.toISOString() }, words));
  return h("li", {}, link);
}

/** One at a time, with errors in words; a conversation that is shown stays until there is another. */
async function start(make, open, chooseAnother = null) {
  if (isBusy) return;
  isBusy = true;
  showProblem("");
  document.body.classList.add("is-preparing");
  $("status").textContent = "Preparing the picture…";
  let problem = null;
  try {
    const thread = await make();
    if (thread) open(thread.id);
  } catch (error) {
    problem = error;
  }
  isBusy = false;
  document.body.classList.remove("is-preparing");
  document.querySelectorAll(".is-chosen").forEach((chosen) => chosen.classList.remove("is-chosen"));
  $("status").textContent = "";
  if (problem === null) return;
  if ($("opening").hidden) toast(problemOf(problem));
  else showProblem(problemOf(problem), OF_THE_PART.includes(problem.name) ? chooseAnother : null);
}

async function fromPortrait(button) {
  button.classList.add("is-chosen");
  const { url, caption, attributes } = button.portrait;
  const image = await api.upload(await api.bytes(api.here(url)));
  return begin(image, { caption, attributes });
}

/** The service judges the file; then the person sees the square that will be edited, and can move it. */
async function fromPicture(blob, isCropped) {
  await checkSize(blob);
  let image = await api.upload(blob);
  if (isCropped || image.width !== image.height) {
    const square = await squareOf(api.here(image.url)).finally(() => forget(image));
    if (!square) return null;
    image = await api.upload(square);
  }
  return begin(image);
}

async function checkSize(blob) {
  if (blob.size === 0) throw new Error("The file is empty: choose another one.");
  const { max_image_bytes: maxBytes } = await api.get("version");
  if (blob.size <= maxBytes) return;
  const [size, allowed] = [blob.size, maxBytes].map((bytes) => +(bytes / 1e6).toFixed(1));
  throw new Error(`The file has ${size} MB, and up to ${allowed} MB can be used: save the picture smaller.`);
}

/** Open a conversation about an upload; what is refused does not stay on the service. */
async function begin(image, known = {}) {
  try {
    return await api.post("v1/threads", { image: image.id, ...known }, api.newKey());
  } catch (error) {
    if (error instanceof api.Refused) await forget(image);
    throw error;
  }
}

/** Delete an upload; one that is in another conversation stays there. */
const forget = (image) => api.remove(`v1/images/${image.id}`).catch(() => {});

function problemOf(error) {
  if (error instanceof api.Refused || error instanceof api.Disconnected) return messageOf(error);
  return error.message;
}
