// Where what staff has to do is done.

import type { Task } from "../../shared/bodies";

/** Where a task is done: a facility on its household's page, the proof of use and a call ahead on the loan's. */
export function placeOf(task: Task): string {
  return task.kind === "show_use" || task.kind === "call_ahead" ? `#/loans/${task.about}/${task.household}` : `#/households/${task.household}`;
}
