// Statement lines: the list, and one with its statements, purchases, what it is under the rules, and what may be done about it.

import { useState } from "preact/hooks";
import type { LineDetail, LineStanding, OfficeLine, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, percent, yuan } from "../../../shared/money";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import type { At } from "../menu";
import { Facts, Field, Form, Good, Key, Loading, Select, Table, Title, Trouble, useClasses } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";
import { shortId } from "../short-id";

export default function Lines({ id, part }: At) {
  return id ? <LinePage key={id} id={id} household={part} /> : <LinesPage />;
}

function LinesPage() {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<OfficeLine[]>("/office/lines"));
  return (
    <>
      <Title note={say("逾期最久的在前。", "Those longest overdue first.")}>{say("消费额度", "Purchase lines")}</Title>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={say("还没有人开通。", "None is open.")}
          columns={[
            { words: say("户主", "Head") },
            { words: say("额度", "Limit"), isAmount: true },
            { words: say("已用", "Used"), isAmount: true },
            { words: say("账单未还", "Billed, unpaid"), isAmount: true },
            { words: say("到期日", "Due") },
            { words: say("逾期天数", "Days past due"), isAmount: true },
            { words: say("分类", "Class") },
            { words: say("状态", "Status") },
          ]}
          rows={loaded.value.map((line) => ({
            key: line.line,
            cells: [
              <a class="inline" href={`#/lines/${line.line}/${line.household}`}>{line.name ?? shortId(line.line)}</a>,
              yuan(line.limit, true, line.currency),
              yuan(line.used, true, line.currency),
              yuan(line.billed, true, line.currency),
              line.due ? day(line.due, chosen) : "—",
              line.days_past_due || "—",
              chosen === "zh" ? line.class_zh : line.class_en,
              term("line", line.status, chosen),
            ],
          }))}
        />
      )}
    </>
  );
}

function LinePage({ id, household }: { id: string; household: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const path = `/households/${household}/lines/${id}`;
  const loaded = useLoaded(async () => {
    const line = await client.read<LineDetail>(path);
    const standing = may(role, "see_standing") ? await client.read<LineStanding>(`${path}/standing`) : null;
    return { line, standing };
  }, [path, role]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const { line, standing } = loaded.value;
  return (
    <>
      <p><a class="inline" href="#/lines">{say("← 回到列表", "← Back to the list")}</a></p>
      <Title note={<span class="id">{line.line}</span>}>{say("消费额度 {amount}", "Line of {amount}", { amount: yuan(line.limit) })}</Title>
      <div class="columns">
        <section class="card">
          <h2>{say("额度", "Line")}</h2>
          <Facts
            rows={[
              [say("状态", "Status"), term("line", line.status, chosen)],
              [say("已用", "Used"), yuan(line.used, true)],
              [say("可用", "Available"), <b>{yuan(line.available, true)}</b>],
              [say("账单未还", "Billed, unpaid"), yuan(line.billed, true)],
              [say("最低还款还差", "Minimum lacks"), yuan(line.minimum, true)],
              [say("逾期天数", "Days past due"), line.days_past_due],
              [say("年利率", "Rate a year"), percent(line.rate)],
              [say("有效期至", "Valid to"), day(line.valid_to, chosen)],
              [say("农户", "Household"), <a class="inline" href={`#/households/${household}`}>{say("看账户", "Account")}</a>],
            ]}
          />
        </section>
        {standing && (
          <section class="card">
            <h2>{say("分类和拨备（{day}）", "Class and provision on {day}", { day: day(standing.as_of, chosen) })}</h2>
            <Facts
              rows={[
                [say("分类", "Class"), <b>{chosen === "zh" ? standing.class_zh : standing.class_en}</b>],
                [say("预期损失阶段", "Stage of expected loss"), say("第 {n} 阶段", "{n}", { n: standing.stage })],
                [say("计息", "Interest"), standing.not_accruing_since ? say("{day} 起转为非应计", "Non-accrual since {day}", { day: day(standing.not_accruing_since, chosen) }) : say("应计", "Accruing")],
                [say("表内本金", "Principal on balance"), yuan(standing.principal, true)],
                [say("表内息费", "Interest and fees on balance"), yuan(standing.charges, true)],
                [say("未出账的利息", "Accrued, not billed"), yuan(standing.accrued, true)],
                [say("表外", "Off balance"), yuan(standing.off_balance, true)],
                [say("应提准备", "To be set aside"), yuan(standing.provision, true)],
                standing.written_off_on ? [say("核销", "Written off"), day(standing.written_off_on, chosen)] : null,
                standing.written_off_on ? [say("核销后收回本金", "Principal recovered since"), yuan(standing.recovered, true)] : null,
              ]}
            />
          </section>
        )}
      </div>
      <section class="card">
        <h2>{say("账单", "Statements")}</h2>
        <Table
          empty={say("还没有出过账单。", "None was cut yet.")}
          columns={[
            { words: say("期", "No.") },
            { words: say("账单日", "Cut on") },
            { words: say("到期日", "Due") },
            { words: say("消费", "Purchases"), isAmount: true },
            { words: say("分期", "Instalments"), isAmount: true },
            { words: say("利息", "Interest"), isAmount: true },
            { words: say("费用", "Fees"), isAmount: true },
            { words: say("账单金额", "Total"), isAmount: true },
            { words: say("最低", "Minimum"), isAmount: true },
            { words: say("已还", "Paid"), isAmount: true },
            { words: say("还差", "Left"), isAmount: true },
          ]}
          rows={[...line.statements].reverse().map((one) => ({
            key: String(one.number),
            cells: [
              one.number,
              day(one.on, chosen),
              day(one.due, chosen),
              ...[one.purchases, one.instalments, one.interest, one.fees, one.closing, one.minimum, one.paid, one.remaining].map((amount) => yuan(amount, true)),
            ],
          }))}
        />
      </section>
      <section class="card">
        <h2>{say("消费和取现", "Purchases and cash")}</h2>
        <Table
          empty={say("还没有。", "None yet.")}
          columns={[
            { words: say("日期", "Date") },
            { words: say("类别", "Category") },
            { words: say("金额", "Amount"), isAmount: true },
            { words: say("退货", "Refunded"), isAmount: true },
            { words: say("转分期", "Converted"), isAmount: true },
            { words: say("没还", "Unpaid"), isAmount: true },
          ]}
          rows={[...line.purchases].reverse().map((one) => ({
            key: one.purchase,
            cells: [
              day(one.on, chosen),
              one.merchant ? term("merchant", one.category, chosen) : say("取现", "Cash"),
              ...[one.amount, one.refunded, one.converted, one.unpaid].map((amount) => yuan(amount, true)),
            ],
          }))}
        />
      </section>
      {may(role, "act_on_line") && <ActOnIt line={line} path={path} onDone={loaded.again} />}
      <section class="card">
        <h2>{say("发生过的事", "History")}</h2>
        <Table
          empty={say("还没有。", "Nothing yet.")}
          columns={[{ words: say("日期", "Date") }, { words: say("什么事", "What") }, { words: say("金额", "Amount"), isAmount: true }, { words: say("编号", "Id") }]}
          rows={[...line.history].reverse().map((step) => ({
            key: step.event,
            cells: [day(step.date, chosen), term("line_step", step.kind, chosen), step.amount ? yuan(step.amount, true) : "—", <span class="id">{step.event}</span>],
          }))}
        />
      </section>
    </>
  );
}

/** What a role may do, in the order of a working day. The server's table decides. */
const ACTS: Record<string, readonly string[]> = {
  clerk: ["freeze", "refund"],
  officer: ["freeze", "thaw", "lower", "raise", "waive", "judge_worse", "judge_better", "mark_misuse", "undo"],
  accountant: ["write_off", "correct_payment"],
  approver: ["freeze", "raise", "waive", "judge_worse"],
};

const ASKS_AMOUNT = ["lower", "raise", "waive", "refund", "correct_payment"];
const ASKS_EVENT = ["refund", "undo"];
const ASKS_CLASS = ["judge_worse", "judge_better"];
const NEEDS_NO_REASON = ["thaw", "refund"];

function ActOnIt({ line, path, onDone }: { line: LineDetail; path: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const acts = ACTS[useRole()] ?? [];
  const [act, setAct] = useState(acts[0] ?? "");
  if (acts.length === 0) return null;
  return (
    <section class="card wide">
      <h2>{say("办理", "Do something")}</h2>
      <Select label={say("要办什么", "What to do")} value={act} onChange={setAct} options={acts.map((one) => [one, term("line_act", one, chosen)] as const)} />
      <ActForm key={act} act={act} line={line} path={path} onDone={onDone} />
    </section>
  );
}

/** What one act asks for; another act begins with nothing filled in. */
function ActForm({ act, line, path, onDone }: { act: string; line: LineDetail; path: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const classes = useClasses();
  const work = useAct();
  const [amount, setAmount] = useState("");
  const [which, setWhich] = useState("");
  const [date, setDate] = useState("");
  const [reference, setReference] = useState("");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const submit = () => {
    const fen = parseFen(amount);
    if (act === "waive" && !which) return setWrong(say("请选减免什么", "Please choose what to waive"));
    if (ASKS_EVENT.includes(act) && !which) return setWrong(say("请选是哪一笔", "Please choose which one"));
    if (ASKS_CLASS.includes(act) && !which) return setWrong(say("请选分类", "Please choose the class"));
    if (ASKS_AMOUNT.includes(act) && fen === null) return setWrong(say("请填金额", "Please give the amount"));
    if (act === "correct_payment" && (!date || !reference.trim())) return setWrong(say("请填起息日和凭据号", "Please give value date and reference"));
    if (!NEEDS_NO_REASON.includes(act) && !reason.trim()) return setWrong(say("请写明理由", "Please give the reason"));
    setWrong(null);
    setDone(null);
    return void work.run(async () => {
      const told = term("line_act", act, chosen);
      const answer =
        act === "correct_payment"
          ? await client.write<Receipt>(`${path}/corrections`, { value_date: date, what: { act: "pay", amount: decimal(fen ?? 0) }, reference: reference.trim(), reason: reason.trim() }, { told })
          : await client.write<Receipt>(`${path}/events`, bodyOf(act, fen ?? 0, which, reason.trim()), { told });
      setReason("");
      setAmount("");
      setWhich("");
      setDone(answer.status === "proposed" ? say("已提交，等另一位同事批准。", "Sent; a second person has to approve.") : say("已办好。", "Done."));
      onDone();
    });
  };
  const events =
    act === "refund"
      ? line.purchases.filter((one) => one.merchant).map((one) => [one.purchase, `${day(one.on, chosen)} ${yuan(one.amount, true)}`] as const)
      : line.history.map((step) => [step.event, `${day(step.date, chosen)} ${term("line_step", step.kind, chosen)} ${step.amount ? yuan(step.amount, true) : ""}`] as const);
  return (
    <Form onSubmit={submit}>
      {act === "waive" && <Select label={say("减免什么", "Of what")} value={which} onChange={setWhich} isOpen options={codesOf("line_part").map((one) => [one, term("line_part", one, chosen)] as const)} />}
      {ASKS_EVENT.includes(act) && <Select label={say("哪一笔", "Which one")} value={which} onChange={setWhich} isOpen options={events} />}
      {ASKS_CLASS.includes(act) && <Select label={say("分类", "Class")} value={which} onChange={setWhich} isOpen options={classes} />}
      {ASKS_AMOUNT.includes(act) && <Field label={act === "raise" || act === "lower" ? say("调到多少（元）", "To how much (yuan)") : say("金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} />}
      {act === "correct_payment" && <Field label={say("起息日", "Value date")} value={date} onInput={setDate} type="date" />}
      {act === "correct_payment" && <Field label={say("凭据号", "Reference")} value={reference} onInput={setReference} maxLength={100} />}
      {!NEEDS_NO_REASON.includes(act) && <Field label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={200} />}
      <Trouble error={wrong ?? work.error} />
      {done && <Good>{done}</Good>}
      <Key submit isBusy={work.isBusy}>{say("办理", "Do it")}</Key>
    </Form>
  );
}

function bodyOf(act: string, fen: number, which: string, reason: string): Record<string, unknown> {
  const amount = decimal(fen);
  switch (act) {
    case "thaw":
      return { act };
    case "refund":
      return { act, purchase: which, amount };
    case "waive":
      return { act, what: which, amount, reason };
    case "raise":
    case "lower":
      return { act, limit: amount, reason };
    case "judge_worse":
    case "judge_better":
      return { act, class: Number(which), reason };
    case "undo":
      return { act, event: which, reason };
    default:
      return { act, reason };
  }
}
