// The stream of what changes on the server: it says that something changed, never what is in it.

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/**
 * Follow a session's stream. `changed` is called with the table of each change, and without one when anything may have
 * changed; `connected` with whether the stream is up. Answers a function that ends it.
 */
export function follow(sessionID, changed, connected) {
  let source;
  let timer;
  let wait = FIRST_WAIT;

  function open() {
    source = new EventSource(`/api/v1/sse/${sessionID}`);
    source.onopen = () => {
      wait = FIRST_WAIT;
      connected(true);
      changed();
    };
    source.onmessage = ({ data }) => {
      if (data) {
        changed(JSON.parse(data).table);
      }
    };
    source.onerror = () => {
      connected(false);
      // The browser tries again by itself, unless the server answered something that is no stream.
      if (source.readyState === EventSource.CLOSED) {
        timer = setTimeout(open, wait);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    };
  }

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
