// One message at a time at the bottom of the page, read out by screen readers.

import { byID } from "./dom.js";

const SHOWN_FOR = 8_000;
let timer;

/** Say something for a while; with `undo`, offer to take it back. */
export function say(text, undo) {
  const box = document.createElement("div");
  box.append(byID("undo-notice").content.cloneNode(true));
  box.querySelector("p").textContent = text;
  const button = box.querySelector("button");
  if (undo) {
    button.addEventListener("click", () => {
      byID("notice").replaceChildren();
      attempt(undo);
    });
  } else {
    button.remove();
  }
  byID("notice").replaceChildren(box);
  clearTimeout(timer);
  timer = setTimeout(() => byID("notice").replaceChildren(), SHOWN_FOR);
}

/** Do something that may fail, and say so if it does. */
export async function attempt(action) {
  try {
    await action();
  } catch (failure) {
    say(failure.message);
  }
}
