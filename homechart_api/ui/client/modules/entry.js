// Signing in and up.

import { ask } from "./api.js";
import { byID, onSubmit } from "./dom.js";
import { keep } from "./session.js";

/** The forms; `entered` is called when there is a session. */
export function connect(entered) {
  onSubmit(byID("sign-in"), async (fields) => {
    try {
      await enter("/auth/signin", fields);
    } catch (failure) {
      if (failure.message.startsWith("Incorrect passcode") && byID("passcode").hidden) {
        byID("passcode").hidden = false;
        byID("sign-in-passcode").focus();
        throw new Error("Enter the code that your authenticator shows.");
      }
      throw failure;
    }
    entered();
  });
  onSubmit(byID("sign-up"), async (fields) => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    await enter("/auth/accounts", { ...fields, timeZone, tosAccepted: true });
    entered();
  });
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => show(button.dataset.show));
  }
}

/** Show one of both forms, as it was at the beginning. */
export function show(id) {
  for (const form of [byID("sign-in"), byID("sign-up")]) {
    form.hidden = form.id !== id;
    form.reset();
    form.querySelector(".wrong").textContent = "";
  }
  byID("passcode").hidden = true;
  byID(id).querySelector("input").focus();
}

async function enter(path, fields) {
  const answer = await ask("POST", path, { body: { ...fields, rememberMe: true } });
  keep(answer.dataValue[0]);
}
