// The tasks on the page: adding, ticking, renaming, deleting.

import { byID, copyOf, onSubmit } from "./dom.js";
import { attempt, say } from "./notice.js";
import { nested } from "./tree.js";

const rows = new Map();
let tasks;
let nameOfOwner = () => "";

/** Connect the page with the list it shows. */
export function start(list) {
  tasks = list;
  for (const row of rows.values()) {
    row.remove();
  }
  rows.clear();
}

/** What happens in the form that adds a task; once for the page. */
export function connect() {
  onSubmit(byID("add"), async ({ name, owner }) => {
    await tasks.add(name.trim(), owner);
    byID("add-name").value = "";
  });
}

/** Offer the households as owners of new tasks, and name them at those they own. */
export function offerOwners(households) {
  const select = byID("add-owner");
  // With only one to choose, nobody has chosen yet.
  const chosen = select.options.length > 1 ? select.value : null;
  const options = [...households.map(({ id, name }) => new Option(name, id)), new Option("Only me", "")];
  select.replaceChildren(...options);
  select.hidden = households.length === 0;
  if (options.some(({ value }) => value === chosen)) {
    select.value = chosen;
  }
  const names = new Map(households.map(({ id, name }) => [id, name]));
  nameOfOwner = (task) => (households.length ? (names.get(task.authHouseholdID) ?? "Only me") : "");
  byID("empty-words").textContent = households.length
    ? `Write down the first thing above. Everybody in ${households[0].name} sees it at once.`
    : "Write down the first thing above. Tick it when it is done; click on it to change its words.";
  if (tasks) {
    show(tasks);
  }
}

/** Show the list as it is. Rows that stay keep their elements, so nobody loses their place or what they are typing. */
export function show(list) {
  const all = list.all();
  const known = new Set(all.map(({ id }) => id));
  for (const [id, row] of rows) {
    if (!known.has(id)) {
      row.remove();
      rows.delete(id);
    }
  }
  const open = all.filter(({ done }) => !done);
  const done = all.filter((task) => task.done);
  place(byID("open"), open);
  place(byID("done-list"), done);
  byID("empty").hidden = open.length > 0 || !list.known;
  byID("done").hidden = done.length === 0;
  byID("done-count").textContent = `· ${done.length}`;
  byID("count").textContent = open.length ? `${open.length} to do` : "";
}

function place(list, shown) {
  nested(shown).forEach(({ task, depth }, index) => {
    const row = rows.get(task.id) ?? newRow(task);
    row.style.setProperty("--depth", depth);
    fill(row, task);
    if (list.children[index] !== row) {
      list.insertBefore(row, list.children[index] ?? null);
    }
  });
}

function newRow(task) {
  const row = copyOf("task-row");
  rows.set(task.id, row);
  row.querySelector(".tick").addEventListener("change", ({ target }) => {
    attempt(() => tasks.change(row.task, { done: target.checked }));
  });
  row.querySelector(".name").addEventListener("click", () => rename(row));
  row.querySelector(".remove").addEventListener("click", () => remove(row));
  return row;
}

function fill(row, task) {
  row.task = task;
  row.classList.toggle("done", task.done);
  const tick = row.querySelector(".tick");
  tick.checked = task.done;
  tick.setAttribute("aria-label", `Done: ${task.name}`);
  const name = row.querySelector("button.name");
  name.textContent = task.name;
  name.setAttribute("aria-label", `${task.name}, rename`);
  row.querySelector(".whose").textContent = nameOfOwner(task);
  row.querySelector(".remove").setAttribute("aria-label", `Delete ${task.name}`);
}

/** An input in place of the name: Enter or leaving it keeps what was typed, Escape does not. */
function rename(row) {
  const button = row.querySelector("button.name");
  const input = document.createElement("input");
  input.className = "name";
  input.value = row.task.name;
  input.maxLength = 998;
  input.setAttribute("aria-label", `New name of ${row.task.name}`);
  let settled = false;
  const settle = (keep) => {
    if (settled) {
      return;
    }
    settled = true;
    const name = input.value.trim();
    const hadFocus = document.activeElement === input;
    input.remove();
    button.hidden = false;
    if (hadFocus) {
      button.focus();
    }
    if (keep && name && name !== row.task.name) {
      attempt(() => tasks.change(row.task, { name }));
    }
  };
  input.addEventListener("blur", () => settle(true));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || (event.key === "Enter" && !event.isComposing)) {
      // else the key would go on to the button, which then has the focus
      event.preventDefault();
      settle(event.key === "Enter");
    }
  });
  button.hidden = true;
  button.before(input);
  input.focus();
  input.select();
}

function remove(row) {
  const { task } = row;
  const next = row.nextElementSibling ?? row.previousElementSibling;
  (next?.querySelector(".remove") ?? byID("add-name")).focus();
  attempt(async () => {
    await tasks.remove(task);
    say(`Deleted “${task.name}”.`, () => tasks.restore(task));
  });
}
