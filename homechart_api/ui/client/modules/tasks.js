// The tasks that this session can see, kept in step with the server.

import { ask } from "./api.js";

const PATH = "/plan/tasks";
/** With more rows missing than this, the whole list is cheaper. */
const MOST_SINGLE_READS = 10;

/** The list. `changed` is called with it whenever it is another. */
export class Tasks {
  #rows = new Map();
  #hash = "";
  #following = null;
  #again = false;

  constructor(changed) {
    this.changed = changed;
  }

  /** Whether it was read; until then it is empty without meaning it. */
  get known() {
    return this.#hash !== "";
  }

  /** The tasks, newest first, without templates. */
  all() {
    return [...this.#rows.values()].filter((task) => !task.template).sort(byAge);
  }

  /** Read what changed. Calls that come while one is under way are answered by one more. */
  follow() {
    if (this.#following) {
      this.#again = true;
      return this.#following;
    }
    this.#following = this.#catchUp().finally(() => {
      this.#following = null;
    });
    return this.#following;
  }

  /** Make a task: the household's, or without one the person's own. */
  async add(name, authHouseholdID) {
    // Where the page is not served securely there is no randomUUID, and the server chooses the id.
    await this.#write("POST", PATH, { id: crypto.randomUUID?.(), name, ...(authHouseholdID && { authHouseholdID }) });
  }

  /** Change a task, here at once; if the server refuses, it is as before. */
  async change(task, fields) {
    this.#show({ ...task, ...fields });
    try {
      await this.#write("PUT", `${PATH}/${task.id}`, fields);
    } catch (failure) {
      this.#show(task);
      throw failure;
    }
  }

  /** Delete a task, here at once; if the server refuses, it is back. */
  async remove(task) {
    this.#rows.delete(task.id);
    this.changed(this);
    try {
      await ask("DELETE", `${PATH}/${task.id}`);
    } catch (failure) {
      this.#show(task);
      throw failure;
    }
  }

  /** Bring a deleted task back, as it was. */
  async restore(task) {
    await this.#write("POST", PATH, task);
  }

  async #write(method, path, body) {
    const answer = await ask(method, path, { body });
    if (answer) {
      this.#show(answer.dataValue[0]);
    }
  }

  #show(task) {
    this.#rows.set(task.id, task);
    this.changed(this);
  }

  async #catchUp() {
    do {
      this.#again = false;
      const newest = [...this.#rows.values()].reduce((latest, { updated }) => (updated > latest ? updated : latest), "");
      const answer = await ask("GET", PATH, {
        headers: { ...(this.#hash && { "x-homechart-hash": this.#hash }), ...(newest && { "x-homechart-updated": newest }) },
      });
      if (answer) {
        await this.#merge(answer);
        this.#hash = answer.dataHash;
        this.changed(this);
      }
    } while (this.#again);
  }

  /** Without an index the answer is the whole list; with one, what it does not name is gone. */
  async #merge({ dataIDs, dataValue }) {
    const news = new Map(dataValue.map((task) => [task.id, task]));
    if (dataIDs.length === 0) {
      this.#rows = news;
      return;
    }
    const kept = dataIDs.map(({ id, updated }) =>
      [news.get(id), this.#rows.get(id)].find((task) => task?.updated === updated) ?? id,
    );
    const missing = kept.filter((task) => typeof task === "string");
    if (missing.length > MOST_SINGLE_READS) {
      const whole = await ask("GET", PATH);
      this.#rows = new Map(whole.dataValue.map((task) => [task.id, task]));
      return;
    }
    const read = await Promise.all(missing.map((id) => ask("GET", `${PATH}/${id}`).catch(() => null)));
    const found = read.filter(Boolean).map((answer) => answer.dataValue[0]);
    const present = kept.filter((task) => typeof task !== "string");
    this.#rows = new Map([...present, ...found].map((task) => [task.id, task]));
  }
}

/** Those made together, such as a new account's, are in the order that they were given. */
function byAge(one, other) {
  if (one.created !== other.created) {
    return one.created < other.created ? 1 : -1;
  }
  return one.position.localeCompare(other.position, "en", { numeric: true }) || one.id.localeCompare(other.id);
}
