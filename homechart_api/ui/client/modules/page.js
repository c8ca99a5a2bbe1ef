// The page: what is shown to somebody who is signed in, and what to anybody else.

import { about, ask, stopReading } from "./api.js";
import { byID, initials } from "./dom.js";
import * as entry from "./entry.js";
import * as households from "./households.js";
import { follow } from "./live.js";
import { attempt, say } from "./notice.js";
import { current, forget, watch } from "./session.js";
import * as taskList from "./taskList.js";
import { Tasks } from "./tasks.js";
import { verify } from "./verification.js";

/** Several changes within this time are read together. In milliseconds. */
const TOGETHER = 40;
const HOUSEHOLD_TABLES = ["auth_account", "auth_account_auth_household", "auth_household"];

let end = () => {};

function show() {
  end();
  const session = current();
  byID("welcome").hidden = Boolean(session);
  for (const id of ["home", "person", "live"]) {
    byID(id).hidden = !session;
  }
  end = session ? stay(session) : () => {};
  if (!session) {
    byID("person-name").textContent = "";
  }
}

/** Show the home of a session and keep it in step with the server. Answers what ends that. */
function stay(session) {
  const tasks = new Tasks(taskList.show);
  taskList.start(tasks);
  taskList.offerOwners([]);
  const readTasks = together(() => tasks.follow());
  const readHouseholds = together(() => households.read());
  guarded(() => greet(session));
  const stop = follow(
    session.id,
    (table) => {
      if (!table || table === "plan_task") {
        readTasks();
      }
      if (!table || HOUSEHOLD_TABLES.includes(table)) {
        readHouseholds();
        readTasks();
      }
    },
    (connected) => {
      byID("live").classList.toggle("on", connected);
      byID("live").textContent = connected ? "Live" : "Connecting …";
      if (!connected) {
        // If it is because the session has ended, this finds out.
        readTasks();
      }
    },
  );
  return () => {
    stop();
    readTasks.cancel();
    readHouseholds.cancel();
  };
}

async function greet(session) {
  const [account] = (await ask("GET", `/auth/accounts/${session.authAccountID}`)).dataValue;
  byID("person-name").textContent = account.name;
  byID("person-initials").textContent = initials(account.name);
}

/** `action`, shortly after it was asked for, however often that was. */
function together(action) {
  let timer;
  const later = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      guarded(action);
    }, TOGETHER);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Something that happens by itself. An ended session leads to the door; of a server that is away the stream tells. */
async function guarded(action) {
  try {
    await action();
  } catch (failure) {
    if (failure.signedOut && current()) {
      leave();
      say("Your session has ended. Please sign in again.");
    } else if (failure.status === undefined) {
      throw failure;
    } else if (failure.status === 403) {
      say(failure.message);
    }
  }
}

function leave() {
  forget();
  show();
  entry.show("sign-in");
}

byID("sign-out").addEventListener("click", () =>
  attempt(async () => {
    // What is asked after this would be refused.
    end();
    stopReading();
    await ask("DELETE", `/auth/sessions/${current().id}`).catch((failure) => {
      if (!failure.signedOut) {
        show();
        throw failure;
      }
    });
    leave();
  }),
);
entry.connect(show);
taskList.connect();
households.connect(taskList.offerOwners);
watch(show);
show();
verify();
attempt(async () => {
  byID("version").textContent = (await about()).version;
});
