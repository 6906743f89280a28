// What the close of a day asked staff to do: facilities to review or renew, loans whose use has to be shown.

import { useState } from "preact/hooks";
import type { Receipt, Task } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { codesOf, term } from "../../../shared/terms";
import { type Filter, SavedFilters } from "../filters";
import { Loading, Select, Table, TextKey, Title, Trouble } from "../parts";
import { placeOf } from "../tasks";
import { may } from "../access";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";
import { shortId } from "../short-id";

const MOST = 200;

export default function TasksPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const act = useAct();
  const [filter, setFilter] = useState<Filter>({});
  const loaded = useLoaded(() => client.read<Task[]>(`/office/tasks?limit=${MOST}`));
  const shown = loaded.value?.filter((task) => (!filter.kind || task.kind === filter.kind) && (!filter.late || task.late_days > 0));
  const change = (part: Filter) => setFilter(Object.fromEntries(Object.entries({ ...filter, ...part }).filter(([, value]) => value !== "")));
  const called = (task: Task, done: boolean) =>
    act.run(async () => {
      await client.write<Receipt>(`/households/${task.household}/calls/${task.task}/end`, { done }, { told: term("task", task.kind, chosen) });
      loaded.again();
    });
  return (
    <>
      <Title note={say("日结时派下来的事，最急的在前；事情办了，这里自己就没了。", "Given out by the close of a day, the most urgent first. What is done leaves this list by itself.")}>{say("到期待办", "Tasks")}</Title>
      <div class="search">
        <Select label={say("哪一类", "Kind")} value={filter.kind ?? ""} onChange={(kind) => change({ kind })} options={[["", say("全部", "All")], ...codesOf("task").map((code) => [code, term("task", code, chosen)] as const)]} />
        <Select label={say("期限", "Due")} value={filter.late ?? ""} onChange={(late) => change({ late })} options={[["", say("不限", "Any")], ["yes", say("已经过期", "Past due")]]} />
        <SavedFilters list="tasks" filter={filter} onChoose={setFilter} />
      </div>
      <Trouble error={act.error} />
      {!shown ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={say("没有要办的事。", "Nothing is to be done.")}
          columns={[{ words: say("什么事", "What") }, { words: say("哪一家", "Household") }, { words: say("要在哪天前", "Due on") }, { words: say("过了几天", "Days late"), isAmount: true }, { words: say("派下来", "Since") }, { words: say("结果", "Result") }]}
          rows={shown.map((task) => ({
            key: task.task,
            kind: task.late_days > 0 ? "overdue" : "",
            cells: [
              <a class="inline" href={placeOf(task)}>{term("task", task.kind, chosen)}</a>,
              task.name ?? shortId(task.household),
              day(task.due_on, chosen),
              task.late_days || "—",
              day(task.opened_on, chosen),
              task.kind === "call_ahead" && may(role, "end_call") ? (
                <>
                  <TextKey onClick={() => called(task, true)} isDisabled={act.isBusy}>{say("联系上了", "Spoken with")}</TextKey>
                  <TextKey onClick={() => called(task, false)} isDisabled={act.isBusy}>{say("不用打了", "Not needed")}</TextKey>
                </>
              ) : "",
            ],
          }))}
        />
      )}
      {loaded.value && loaded.value.length >= MOST && <p class="hint">{say("只列出最急的 {n} 件。", "The most urgent {n} are listed.", { n: MOST })}</p>}
    </>
  );
}
