// Tasks that stand below other tasks.

/** The tasks in their order, each followed by those below it, with how deep they are. Without its own above, one is at the top. */
export function nested(tasks) {
  const here = new Set(tasks.map(({ id }) => id));
  const below = new Map();
  for (const task of tasks) {
    const above = here.has(task.parentID) ? task.parentID : null;
    below.set(above, below.get(above) ?? []);
    below.get(above).push(task);
  }
  const walk = (above, depth) =>
    (below.get(above) ?? []).flatMap((task) => [{ task, depth }, ...walk(task.id, depth + 1)]);
  return walk(null, 0);
}
