// Requests to the server this page came from; /api/docs describes what can be asked.

import { current } from "./session.js";

/** A request that failed. Its message is a sentence for the person; `signedOut` says that the session has ended. */
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
    this.signedOut = status === 410;
  }
}

let reading = new AbortController();

/** Give up what is being read, as nobody will look at it. */
export function stopReading() {
  reading.abort();
  reading = new AbortController();
}

/** The wrapper that the server answers, or null when it answers without a body. */
export async function ask(method, path, { body, headers = {} } = {}) {
  const session = current();
  const { ok, status, answer } = await reach(`/api/v1${path}`, {
    method,
    signal: method === "GET" ? reading.signal : undefined,
    body: body && JSON.stringify(body),
    headers: {
      ...(body && { "content-type": "application/json" }),
      ...(session && { "x-homechart-id": session.id, "x-homechart-key": session.key }),
      ...headers,
    },
  });
  if (!ok) {
    throw new Failure(status, sentence(answer?.message));
  }
  return answer;
}

/** What the server says of itself, to anybody. */
export async function about() {
  return (await reach("/api", {})).answer?.dataValue[0];
}

async function reach(path, request) {
  try {
    const response = await fetch(path, { ...request, cache: "no-store", credentials: "omit" });
    return { ok: response.ok, status: response.status, answer: parsed(await response.text()) };
  } catch {
    throw new Failure(0, "The server cannot be reached. Nothing is lost; try again in a moment.");
  }
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** `emailAddress: must not be empty` → `Email address must not be empty.` */
function sentence(message) {
  if (!message) {
    return "The server could not do that. Try again in a moment.";
  }
  const named = message.replace(/^(\w+): /, (_, name) => `${name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()} `);
  return named[0].toUpperCase() + named.slice(1) + (/[.!?]$/.test(named) ? "" : ".");
}
