// What the close of a day asked staff to do: facilities to review or renew, loans whose use has to be shown.

import { useState } from "preact/hooks";
import type { Task } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { codesOf, term } from "../../../shared/terms";
import { type Filter, SavedFilters } from "../filters";
import { Loading, Select, Table, Title } from "../parts";
import { placeOf } from "../tasks";
import { client, language, useLoaded, useSay } from "../state";
import { shortId } from "../short-id";

const MOST = 200;

export default function TasksPage() {
  const say = useSay();
  const chosen = language.use();
  const [filter, setFilter] = useState<Filter>({});
  const loaded = useLoaded(() => client.read<Task[]>(`/office/tasks?limit=${MOST}`));
  const shown = loaded.value?.filter((task) => (!filter.kind || task.kind === filter.kind) && (!filter.late || task.late_days > 0));
  const change = (part: Filter) => setFilter(Object.fromEntries(Object.entries({ ...filter, ...part }).filter(([, value]) => value !== "")));
  return (
    <>
      <Title note={say("日结时派下来的事，最急的在前；事情办了，这里自己就没了。", "Given out by the close of a day, the most urgent first. What is done leaves this list by itself.")}>{say("到期待办", "Tasks")}</Title>
      <div class="search">
        <Select label={say("哪一类", "Kind")} value={filter.kind ?? ""} onChange={(kind) => change({ kind })} options={[["", say("全部", "All")], ...codesOf("task").map((code) => [code, term("task", code, chosen)] as const)]} />
        <Select label={say("期限", "Due")} value={filter.late ?? ""} onChange={(late) => change({ late })} options={[["", say("不限", "Any")], ["yes", say("已经过期", "Past due")]]} />
        <SavedFilters list="tasks" filter={filter} onChoose={setFilter} />
      </div>
      {!shown ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={say("没有要办的事。", "Nothing is to be done.")}
          columns={[{ words: say("什么事", "What") }, { words: say("哪一家", "Household") }, { words: say("要在哪天前", "Due on") }, { words: say("过了几天", "Days late"), isAmount: true }, { words: say("派下来", "Since") }]}
          rows={shown.map((task) => ({
            key: task.task,
            kind: task.late_days > 0 ? "overdue" : "",
            cells: [
              <a class="inline" href={placeOf(task)}>{term("task", task.kind, chosen)}</a>,
              task.name ?? shortId(task.household),
              day(task.due_on, chosen),
              task.late_days || "—",
              day(task.opened_on, chosen),
            ],
          }))}
        />
      )}
      {loaded.value && loaded.value.length >= MOST && <p class="hint">{say("只列出最急的 {n} 件。", "The most urgent {n} are listed.", { n: MOST })}</p>}
    </>
  );
}
