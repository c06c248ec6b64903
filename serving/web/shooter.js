/* A picture from the camera. */

import { $ } from "./dom.js";

const WHY_NOT = {
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera does not start: another program may be using it. Close that one and try again.",
};

/**
 * @returns {Promise<Blob | null>} PNG of what the camera saw; null where the person thought better of it
 * @throws {Error} with words for people where there is no camera to use
 */
export async function takePicture() {
  const stream = await camera();
  const video = $("shooter-video");
  const dialog = $("shooter");
  const button = $("shooter-shoot");
  button.disabled = true; // until there is something to take
  video.onloadeddata = () => {
    button.disabled = false;
    button.focus();
  };
  video.srcObject = stream;
  dialog.showModal();
  try {
    return await new Promise((resolve) => {
      button.onclick = () => shoot(video).then(resolve);
      $("shooter-cancel").onclick = () => resolve(null);
      dialog.onclose = () => resolve(null);
    });
  } finally {
    dialog.close();
    video.srcObject = null;
    stream.getTracks().forEach((track) => track.stop());
  }
}

async function camera() {
  if (!navigator.mediaDevices) {
    throw new Error("The camera works only where the page comes by https or from this machine. Choose a file instead.");
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: 1280 } });
  } catch (error) {
    const why = WHY_NOT[error.name] ?? "The camera was not allowed. Allow it beside the page's address.";
    throw new Error(`${why} Or choose a file.`);
  }
}

function shoot(video) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
