// Sub-ledgers against the general ledger, and the periods that are closed and opened again by two people.

import { useState } from "preact/hooks";
import type { Period, PeriodChecked, Receipt, Tie, TieLine } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { yuan } from "../../../shared/money";
import { may } from "../access";
import { Facts, Field, Key, Loading, LongField, Select, Table, TextKey, Title } from "../parts";
import { client, language, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";

export default function ClosingPage() {
  const say = useSay();
  return (
    <>
      <Title note={say("总账和分户账先核对相符，再由两个人结账。结账后的数字有存证，反结账永远留痕。", "Sub-ledgers are held against the general ledger first; then two people close the period. What was closed is on record by its hash, and so is every reopening.")}>{say("核对和结账", "Tie and close")}</Title>
      <Periods />
      <TieCard />
    </>
  );
}

type Kind = "month" | "quarter" | "year";

function Periods() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [kind, setKind] = useState<Kind>("month");
  const [open, setOpen] = useState<string | null>(null);
  const loaded = useLoaded(() => client.read<Period[]>(`/office/periods?kind=${kind}`), [kind]);
  const states: Record<string, string> = { open: say("未结账", "Open"), closed: say("已结账", "Closed"), reopened: say("已反结账", "Opened again") };
  const acts: Record<string, string> = { closed: say("结账", "Closed"), reopened: say("反结账", "Opened again") };
  const period = loaded.value?.find((one) => one.period === open);
  return (
    <>
      <section class="card">
        <h2>{say("会计期间", "Periods")}</h2>
        <Select label={say("期间", "Period")} value={kind} onChange={(value) => { setKind(value as Kind); setOpen(null); }} options={[["month", say("月", "Months")], ["quarter", say("季", "Quarters")], ["year", say("年", "Years")]]} />
        {!loaded.value ? <Loading error={loaded.error} again={loaded.again} /> : (
          <Table
            name={say("会计期间", "Periods")}
            empty={say("账簿还没有期间。", "The books have no period yet.")}
            columns={[{ words: say("期间", "Period") }, { words: say("状态", "State") }, { words: say("经过", "What was done") }, { words: say("存证", "Hash") }, { words: "" }]}
            rows={loaded.value.map((one) => ({
              key: one.period,
              cells: [
                `${one.period}`,
                one.is_over || one.state !== "open" ? states[one.state] ?? one.state : say("未到期末", "Not over"),
                one.acts.map((act) => `${day(act.booking_date, chosen)} ${acts[act.act] ?? act.act}${act.words ? `：${act.words}` : ""}`).join("；") || "—",
                <span class="id">{one.acts[one.acts.length - 1]?.hash.slice(0, 16) ?? ""}</span>,
                one.is_over ? <TextKey onClick={() => setOpen(one.period)}>{say("查看", "Look")}</TextKey> : "",
              ],
            }))}
          />
        )}
      </section>
      {period && <Checked key={period.period} name={period.period} />}
      {period && period.state !== "closed" && may(role, "close_period") && <Close name={period.period} onDone={loaded.again} />}
      {period && period.state === "closed" && may(role, "reopen_period") && <Reopen name={period.period} onDone={loaded.again} />}
    </>
  );
}

/** What is checked before a period is closed. */
function Checked({ name }: { name: string }) {
  const say = useSay();
  const loaded = useLoaded(() => client.read<PeriodChecked>(`/office/periods/${name}`), [name]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const checked = loaded.value;
  return (
    <section class="card">
      <h2>{say("{name} 的检查", "Checks of {name}", { name })}</h2>
      <Facts
        rows={[
          [say("总分核对", "Sub-ledgers and general ledger"), checked.ties ? say("{n} 项全部相符", "All {n} lines agree", { n: checked.tied_lines }) : say("{n} 项不符", "{n} lines differ", { n: checked.differing.length })],
          [say("没处理完的对账差异", "Open items of reconciliation"), String(checked.items_open)],
          [say("存疑的支付", "Payments in question"), String(checked.payments_open)],
          [say("试算平衡表存证", "Hash of the trial balance"), <span class="id">{checked.hash}</span>],
          checked.is_as_frozen === null || checked.is_as_frozen === undefined ? null : [say("和结账时", "As when it was closed"), checked.is_as_frozen ? say("一致", "The same") : say("不一致，请马上报告", "Not the same: report this at once")],
        ]}
      />
      {checked.differing.length > 0 && <Lines lines={checked.differing} />}
    </section>
  );
}

function Close({ name, onDone }: { name: string; onDone: () => void }) {
  const say = useSay();
  const [note, setNote] = useState("");
  return (
    <WriteCard
      title={say("结账 {name}", "Close {name}", { name })}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => null}
      send={async () => {
        await client.write<Receipt>(`/office/periods/${name}/closing`, { note: note.trim() || null }, { told: say("结账 {name}", "closing of {name}", { name }) });
        onDone();
        return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
      }}
    >
      <LongField label={say("还有哪些没处理完，为什么（没有就不填）", "What is left open, and why (none if nothing is)")} value={note} onInput={setNote} maxLength={500} />
    </WriteCard>
  );
}

function Reopen({ name, onDone }: { name: string; onDone: () => void }) {
  const say = useSay();
  const [reason, setReason] = useState("");
  return (
    <WriteCard
      kind="grave"
      title={say("反结账 {name}", "Open {name} again", { name })}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (reason.trim() ? null : say("请写明原因", "Please say why"))}
      send={async () => {
        await client.write<Receipt>(`/office/periods/${name}/reopening`, { reason: reason.trim() }, { told: say("反结账 {name}", "reopening of {name}", { name }) });
        setReason("");
        onDone();
        return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
      }}
    >
      <LongField label={say("为什么反结账", "Why it is opened again")} value={reason} onInput={setReason} maxLength={500} />
    </WriteCard>
  );
}

/** The comparison of a day, read when it is asked for: of a closed day it is derived from the journals. */
function TieCard() {
  const say = useSay();
  const [at, setAt] = useState("");
  const [each, setEach] = useState("totals");
  const [asked, setAsked] = useState<string | null>(null);
  return (
    <>
      <section class="card">
        <h2>{say("总分核对", "Sub-ledgers and general ledger")}</h2>
        <div class="search">
          <Field label={say("哪天（不填是最近日结的一天）", "Day (the last closed one if empty)")} value={at} onInput={setAt} type="date" />
          <Select label={say("查到哪里", "How far")} value={each} onChange={setEach} options={[["totals", say("合计，不符的再查明细", "Totals, items where they differ")], ["each", say("每一笔", "Every item")]]} />
        </div>
        <Key kind="plain" onClick={() => {
          const query = new URLSearchParams();
          if (/^\d{4}-\d\d-\d\d$/.test(at)) query.set("at", at);
          if (each === "each") query.set("each", "true");
          setAsked(query.toString());
        }}>{say("核对", "Compare")}</Key>
      </section>
      {asked !== null && <Compared key={asked} query={asked} />}
    </>
  );
}

function Compared({ query }: { query: string }) {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<Tie>(`/office/books/tie?${query}`), [query]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const tie = loaded.value;
  return (
    <>
      <p class={tie.agrees ? "notice good" : "notice bad"} role="status">
        {tie.agrees
          ? say("{on}：总分全部相符。", "{on}: all agree.", { on: day(tie.on, chosen) })
          : say("{on}：{n} 项不符，见下。", "{on}: {n} lines differ, see below.", { on: day(tie.on, chosen), n: tie.differing.length })}
        {tie.open && say("这一天还没有日结，数字是此刻的。", " The day is open: the figures are those of this moment.")}
      </p>
      {tie.differing.length > 0 && <section class="card"><h2>{say("不符的", "What differs")}</h2><Lines lines={tie.differing} /></section>}
      <section class="card"><h2>{say("按科目", "By subject")}</h2><Lines lines={tie.subjects} /></section>
    </>
  );
}

/** Lines of a comparison, each with the items that differ under it. */
function Lines({ lines }: { lines: TieLine[] }) {
  const say = useSay();
  const chosen = language.use();
  const words = (zh: string, en: string) => (chosen === "zh" ? zh : en);
  return (
    <Table
      name={say("总分核对", "Sub-ledgers and general ledger")}
      empty="—"
      columns={[{ words: say("分区", "Cell") }, { words: say("核对", "Part") }, { words: say("科目", "Subject") }, { words: say("笔数", "Items") }, { words: say("分户（贷为负）", "Sub-ledger (credit negative)"), isAmount: true }, { words: say("总账（贷为负）", "Ledger (credit negative)"), isAmount: true }, { words: say("差额", "Difference"), isAmount: true }]}
      rows={lines.flatMap((line, place) => [
        {
          key: `${place}`,
          cells: [
            line.cell === null || line.cell === undefined ? say("全部", "All") : String(line.cell),
            words(line.part_zh, line.part_en),
            `${line.subject} ${words(line.zh, line.en)}`,
            String(line.items),
            yuan(line.sub_ledger, true),
            yuan(line.ledger, true),
            yuan(line.difference, true),
          ],
        },
        ...line.differing.map((item) => ({
          key: `${place}-${item.id}`,
          cells: [
            "",
            words(item.kind_zh, item.kind_en),
            item.kind === "note" && item.household ? <a class="inline id" href={`#/loans/${item.id}/${item.household}`}>{item.id}</a> : item.household ? <a class="inline id" href={`#/households/${item.household}`}>{item.id}</a> : <span class="id">{item.id}</span>,
            item.by === "events" ? say("按借据事件", "by its events") : say("按分录", "by its postings"),
            yuan(item.holds, true),
            yuan(item.should, true),
            "",
          ],
        })),
      ])}
    />
  );
}
