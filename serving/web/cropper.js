/* The square of a picture that is edited, chosen by dragging, by sliders, or by arrow keys on the sliders. */

import { $ } from "./dom.js";

const MAX_SIDE_PX = 1024; // the models see no more

/**
 * Ask for the square of a picture.
 * @param {string} url of the picture
 * @returns {Promise<Blob | null>} PNG of the square; null where the person thought better of it
 */
export async function squareOf(url) {
  const picture = $("crop-picture");
  picture.src = url;
  await picture.decode();
  const [x, y, size] = ["crop-x", "crop-y", "crop-size"].map($);
  [x.value, y.value, size.value] = [50, 50, 100];
  const { naturalWidth: width, naturalHeight: height } = picture;
  const square = () => {
    const side = (Math.min(width, height) * size.value) / 100;
    return { side, left: ((width - side) * x.value) / 100, top: ((height - side) * y.value) / 100 };
  };
  const show = () => {
    const { side, left, top } = square();
    const frame = $("crop-frame").style;
    frame.left = `${(100 * left) / width}%`;
    frame.top = `${(100 * top) / height}%`;
    frame.width = `${(100 * side) / width}%`;
    frame.height = `${(100 * side) / height}%`;
    x.disabled = width - side < 1;
    y.disabled = height - side < 1;
  };
  for (const slider of [x, y, size]) slider.oninput = show;
  show();
  letDrag($("crop"), (byX, byY) => {
    const { side } = square();
    if (width - side >= 1) x.value = Number(x.value) + (100 * byX * width) / (width - side);
    if (height - side >= 1) y.value = Number(y.value) + (100 * byY * height) / (height - side);
    show();
  });
  return (await choice()) ? cut(picture, square()) : null;
}

/** Drags on an element as shares of its width and height. */
function letDrag(element, move) {
  element.onpointerdown = (event) => element.setPointerCapture(event.pointerId);
  element.onpointermove = (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    move(event.movementX / element.clientWidth, event.movementY / element.clientHeight);
  };
}

function choice() {
  const dialog = $("cropper");
  dialog.showModal();
  return new Promise((resolve) => {
    $("crop-use").onclick = () => dialog.close("use");
    $("crop-cancel").onclick = () => dialog.close("");
    dialog.oncancel = () => (dialog.returnValue = "");
    dialog.onclose = () => resolve(dialog.returnValue === "use");
  });
}

function cut(picture, { side, left, top }) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(MAX_SIDE_PX, Math.round(side));
  canvas.getContext("2d").drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
