// Search in the journal: who did what, when, and where its proof stands.

import { useState } from "preact/hooks";
import type { Journal, Staff } from "../../../shared/bodies";
import { day, moment } from "../../../shared/dates";
import { term } from "../../../shared/terms";
import { may } from "../access";
import type { At } from "../menu";
import { Field, Form, Key, Loading, Table, Title } from "../parts";
import { client, go, language, useLoaded, useRole, useSay } from "../state";
import { shortId } from "../short-id";

export default function Journal({ id, part }: At) {
  return <JournalPage key={`${id} ${part}`} naming={id} on={part} />;
}

function JournalPage({ naming, on }: { naming: string; on: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [id, setId] = useState(naming === "-" ? "" : naming);
  const [date, setDate] = useState(on);
  const loaded = useLoaded(async () => {
    const asked = new URLSearchParams({ limit: "100" });
    if (naming && naming !== "-") asked.set("naming", naming);
    if (on) asked.set("on", on);
    const [journal, staff] = await Promise.all([client.read<Journal>(`/office/journal?${asked}`), may(role, "see_staff") ? client.read<Staff[]>("/office/staff") : Promise.resolve([] as Staff[])]);
    return { journal, staff };
  }, [naming, on]);
  const search = () => go(`/journal/${encodeURIComponent(id.trim() || "-")}${date ? `/${date}` : ""}`);
  return (
    <>
      <Title note={say("每办一件事，账本上就多一条不能改的记录，新的在前。编号可以是农户、借据、申请、员工或命令的。", "Everything that is done leaves one record that cannot be altered, the latest first. An id is that of a household, a loan, an application, a member of staff or a command.")}>{say("审计查询", "Audit search")}</Title>
      <Form onSubmit={search} kind="form search">
        <Field label={say("编号", "Id")} value={id} onInput={setId} maxLength={80} />
        <Field label={say("记账日", "Booked on")} value={date} onInput={setDate} type="date" />
        <Key submit>{say("查找", "Search")}</Key>
      </Form>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <>
          <Table
            empty={say("没有这样的记录。", "No record is like that.")}
            columns={[
              { words: say("时间", "At") },
              { words: say("谁", "Who") },
              { words: say("怎么办的", "How") },
              { words: say("发生了什么", "What") },
              { words: say("记账日", "Booked on") },
              { words: say("位置", "Place") },
              { words: say("校验码", "Leaf") },
            ]}
            rows={loaded.value.journal.lines.map((line) => {
              const person = loaded.value?.staff.find((one) => one.staff === line.actor)?.login;
              const who = line.actor_kind === "household" && line.actor
                ? <a class="inline" href={`#/households/${line.actor}`}>{say("农户本人", "The household")}</a>
                : `${term(line.actor_kind === "staff" ? "role" : "actor", line.actor_kind === "staff" ? line.actor_role : line.actor_kind, chosen)}${person ? ` ${person}` : line.actor ? ` ${shortId(line.actor)}` : ""}`;
              return {
                key: `${line.cell}.${line.seq}`,
                cells: [
                  moment(line.at, chosen),
                  who,
                  term("step", line.step, chosen),
                  line.facts.map((fact) => term("fact", fact, chosen)).join(say("、", ", ")),
                  day(line.booking_date, chosen),
                  <span class="id">{`${line.cell}.${line.seq}`}</span>,
                  <span class="id" title={line.leaf}>{line.leaf.slice(0, 12)}</span>,
                ],
              };
            })}
          />
          <p class="hint">
            {say("看了 {n} 条记录。", "{n} records were looked through.", { n: loaded.value.journal.looked_through })}
            {loaded.value.journal.more && say("更早的没有全看：请用编号或日期缩小范围。", " Older ones were left out: narrow it down by an id or a day.")}
          </p>
        </>
      )}
    </>
  );
}
