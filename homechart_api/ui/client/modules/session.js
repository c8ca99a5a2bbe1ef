// Who is signed in here.
//
// The session's key is in localStorage: it has to outlive the tab, and unlike a cookie it is not sent along when some
// other page makes the browser ask this server. No script but ours can read it, since the Content-Security-Policy of
// this page lets no other run.

const NAME = "session";

/** The id, key and account of the session, or null. */
export function current() {
  return JSON.parse(localStorage.getItem(NAME));
}

/** Remember the session that signing in or up answered. */
export function keep({ id, key, authAccountID }) {
  localStorage.setItem(NAME, JSON.stringify({ id, key, authAccountID }));
}

/** Leave nothing behind. */
export function forget() {
  localStorage.clear();
}

/** Call `changed` when somebody signs in or out in another tab. */
export function watch(changed) {
  addEventListener("storage", (event) => {
    if (event.key === NAME || event.key === null) {
      changed();
    }
  });
}
