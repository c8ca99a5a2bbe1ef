// The link that is mailed to show that an address is one's own: /verify?id=…&token=…

import { ask } from "./api.js";
import { say } from "./notice.js";

/** Use the link if it has led here. It works once, so the page does not keep it. */
export async function verify() {
  const { pathname, search } = location;
  if (pathname !== "/verify") {
    return;
  }
  history.replaceState(null, "", "/");
  try {
    await ask("PUT", `/auth/verify${search}`);
    say("Your email address is confirmed.");
  } catch (failure) {
    say(failure.status === 400 ? "This link was used before, or a newer one was mailed." : failure.message);
  }
}
