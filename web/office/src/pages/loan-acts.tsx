// What the office may do to a running loan beside taking money for it: each act with what it needs, and who may ask for it.

import { useState } from "preact/hooks";
import type { LoanDetail, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { fingerprint } from "../../../shared/hash";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Field, FileField, Form, Good, Key, Select, Trouble, useClasses } from "../parts";
import { client, language, useAct, useRole, useSay } from "../state";

type Kind = "amount" | "date" | "percent" | "count" | "text" | "file" | "event" | "class" | "choice";
/** `only` names a choice without which this is not asked for. */
type Ask = { field: string; kind: Kind; zh: string; en: string; optional?: boolean; choices?: readonly string[]; only?: readonly [field: string, value: string] };
type Act = { act: string; roles: readonly string[]; asks: readonly Ask[] };

const LENDING = ["officer", "approver"];
const BOOKS = ["accountant", "approver"];
const AMOUNT: Ask = { field: "amount", kind: "amount", zh: "金额（元）", en: "Amount (yuan)" };
const UNTIL: Ask = { field: "until", kind: "date", zh: "新的到期日", en: "New last day" };
const EVIDENCE: Ask = { field: "borrower_evidence", kind: "file", zh: "借款人签字的文件", en: "What the borrower signed" };
const CLASS: Ask = { field: "class", kind: "class", zh: "归为哪一类", en: "Class" };
const ATTESTED = { kind: "choice", choices: ["yes", "no"], only: ["manner", "without_repaying"] } as const;
const EVENT: Ask = { field: "event", kind: "event", zh: "哪一笔", en: "Which event" };

const ACTS: readonly Act[] = [
  { act: "waive", roles: LENDING, asks: [{ field: "component", kind: "choice", zh: "减免什么", en: "Of what", choices: ["interest", "fee", "penalty", "compound"] }, AMOUNT] },
  { act: "grant", roles: LENDING, asks: [AMOUNT] },
  {
    act: "charge",
    roles: LENDING,
    asks: [
      { field: "code", kind: "text", zh: "费用名称", en: "Name of the charge" },
      { field: "kind", kind: "choice", zh: "算作", en: "Counted as", choices: ["fee", "penalty"] },
      AMOUNT,
      { field: "due", kind: "date", zh: "哪天到期", en: "Due on" },
    ],
  },
  { act: "waive_charge", roles: LENDING, asks: [EVENT, AMOUNT] },
  { act: "adjust_charge", roles: LENDING, asks: [EVENT, AMOUNT] },
  { act: "extend", roles: LENDING, asks: [UNTIL, EVIDENCE] },
  {
    act: "reschedule",
    roles: LENDING,
    asks: [
      { field: "from_due", kind: "date", zh: "从哪一期起（原到期日）", en: "From which instalment (its due date)" },
      { field: "new_due", kind: "date", zh: "改到哪一天", en: "Moved to", optional: true },
      { field: "extra_instalments", kind: "count", zh: "增加几期", en: "More instalments", optional: true },
      { field: "principal_grace", kind: "count", zh: "几期只还利息", en: "Instalments of interest alone", optional: true },
    ],
  },
  {
    act: "restructure",
    roles: LENDING,
    asks: [
      UNTIL,
      { field: "rate", kind: "percent", zh: "新年利率（%）", en: "New rate a year (%)", optional: true },
      { field: "penalty_rate", kind: "percent", zh: "新罚息年利率（%）", en: "New penalty rate a year (%)", optional: true },
      EVIDENCE,
    ],
  },
  { act: "judge_worse", roles: ["officer", "analyst", "approver"], asks: [CLASS] },
  { act: "judge_better", roles: ["officer", "analyst", "approver"], asks: [CLASS] },
  { act: "mark_misuse", roles: LENDING, asks: [{ field: "penalty_rate", kind: "percent", zh: "挪用罚息年利率（%）", en: "Misuse rate a year (%)" }] },
  { act: "hand_over", roles: LENDING, asks: [{ field: "officer", kind: "text", zh: "接手的客户经理编号", en: "Id of the officer who takes over" }] },
  { act: "record_death", roles: ["clerk", "officer"], asks: [] },
  {
    act: "return_payout",
    roles: ["clerk", "officer"],
    asks: [AMOUNT, { field: "from", kind: "choice", zh: "谁退的", en: "Who gave it back", choices: ["payee", "merchant"] }],
  },
  { act: "refund", roles: ["clerk"], asks: [AMOUNT] },
  { act: "refund_payment", roles: BOOKS, asks: [AMOUNT] },
  { act: "charge_back", roles: BOOKS, asks: [EVENT, AMOUNT] },
  { act: "write_off", roles: BOOKS, asks: [] },
  {
    act: "link",
    roles: LENDING,
    asks: [
      { field: "relation", kind: "choice", zh: "什么关系", en: "Relation", choices: ["new_for_old", "replaced_by", "renewed_by"] },
      { field: "other", kind: "text", zh: "另一笔借据编号", en: "Id of the other loan" },
    ],
  },
  { act: "take_back", roles: ["officer", "accountant", "approver"], asks: [EVENT] },
];

/** Instalments are counted in whole ones. */
const WHOLE = /^\d{1,3}$/;

const RENEWAL: Act = {
  act: "renewal",
  roles: LENDING,
  asks: [
    { field: "contract", kind: "text", zh: "已签的新合同编号", en: "Id of the new contract, signed" },
    { field: "manner", kind: "choice", zh: "哪一种", en: "Which", choices: ["without_repaying", "new_for_old"] },
    { ...ATTESTED, field: "business_holds", zh: "经营正常", en: "The business goes on" },
    { ...ATTESTED, field: "record_holds", zh: "信用良好", en: "The record is good" },
    { ...ATTESTED, field: "standard_holds", zh: "符合新发放贷款条件", en: "The standard for a new loan is met" },
  ],
};

/** Only where the money of an entrusted payout came back. */
const RELEASE: Act = { act: "release_payout", roles: LENDING, asks: [] };

const UNDO_RENEWAL: Act = { act: "undo_renewal", roles: LENDING, asks: [] };

export function LoanActs({ household, loan, onDone }: { household: string; loan: LoanDetail; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const held = loan.payout === "turned_back" ? [RELEASE] : [];
  const mine = [...held, ...ACTS, RENEWAL, UNDO_RENEWAL].filter((one) => one.roles.includes(role));
  const [picked, setPicked] = useState(mine[0]?.act ?? "");
  const act = mine.find((one) => one.act === picked);
  if (!act) return null;
  return (
    <section class="card wide">
      <h2>{say("办理", "Act on this loan")}</h2>
      <Select label={say("要办什么", "What to do")} value={picked} onChange={setPicked} options={mine.map((one) => [one.act, term("loan_act", one.act, chosen)] as const)} />
      <ActForm key={act.act} act={act} household={household} loan={loan} onDone={onDone} />
    </section>
  );
}

function ActForm({ act, household, loan, onDone }: { act: Act; household: string; loan: LoanDetail; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const classes = useClasses();
  const sending = useAct();
  const [values, setValues] = useState<Record<string, string>>({});
  const [files, setFiles] = useState<Record<string, File | null>>({});
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const words = (ask: Ask) => (chosen === "zh" ? ask.zh : ask.en);
  const set = (field: string) => (value: string) => setValues((before) => ({ ...before, [field]: value }));
  const asks = act.asks.filter((ask) => !ask.only || values[ask.only[0]] === ask.only[1]);
  const submit = () => {
    const body: Record<string, string | number | boolean> = { reason: reason.trim() };
    for (const ask of asks) {
      const value = (values[ask.field] ?? "").trim();
      const isChosen = ["event", "class", "choice"].includes(ask.kind);
      if (ask.kind === "file") {
        if (!files[ask.field]) return setWrong(say("请选文件：{what}", "Please choose the file: {what}", { what: words(ask) }));
        continue;
      }
      if (!value && ask.optional) continue;
      if (!value) return setWrong(isChosen ? say("请选：{what}", "Please choose: {what}", { what: words(ask) }) : say("请填：{what}", "Please give: {what}", { what: words(ask) }));
      if (ask.kind === "amount") {
        const fen = parseFen(value);
        if (fen === null) return setWrong(say("请填金额", "Please give the amount"));
        body[ask.field] = decimal(fen);
      } else if (ask.kind === "count") {
        if (!WHOLE.test(value)) return setWrong(say("{what}要填整数", "A whole number, please: {what}", { what: words(ask) }));
        body[ask.field] = Number(value);
      } else if (ask.kind === "class") body[ask.field] = Number(value);
      else if (value === "yes" || value === "no") body[ask.field] = value === "yes";
      else body[ask.field] = value;
    }
    if (!reason.trim()) return setWrong(say("请写明理由", "Please give the reason"));
    setWrong(null);
    setDone(null);
    const base = `/households/${household}/loans/${loan.loan}`;
    const paths: Record<string, string> = { renewal: "renewal", undo_renewal: "renewal/undo", release_payout: "payout/release" };
    const path = `${base}/${paths[act.act] ?? "acts"}`;
    if (path.endsWith("/acts")) body.act = act.act;
    return void sending.run(async () => {
      for (const ask of asks) {
        const file = files[ask.field];
        if (ask.kind === "file" && file) body[ask.field] = await fingerprint(file);
      }
      const answer = await client.write<Receipt>(path, body, { told: term("loan_act", act.act, chosen) });
      setReason("");
      setDone(answer.status === "proposed" ? say("已提交，等另一位同事批准。", "Sent; a second person has to approve.") : say("已办好。", "Done."));
      onDone();
    });
  };
  const options = (ask: Ask): readonly (readonly [string, string])[] => {
    if (ask.kind === "class") return classes;
    if (ask.kind === "choice") return (ask.choices ?? []).map((one) => [one, term("loan_act_choice", one, chosen)] as const);
    return loan.history.map((event) => [event.event, `${day(event.date, chosen)} ${term("event", event.kind, chosen)} ${event.amount ? yuan(event.amount, true) : ""}`] as const);
  };
  return (
    <Form onSubmit={submit}>
      {asks.map((ask) => {
        switch (ask.kind) {
          case "choice":
          case "class":
          case "event":
            return <Select key={ask.field} label={words(ask)} value={values[ask.field] ?? ""} onChange={set(ask.field)} isOpen options={options(ask)} />;
          case "file":
            return <FileField key={ask.field} label={words(ask)} onChoose={(file) => setFiles((before) => ({ ...before, [ask.field]: file }))} />;
          default:
            return (
              <Field
                key={ask.field}
                label={words(ask)}
                value={values[ask.field] ?? ""}
                onInput={set(ask.field)}
                type={ask.kind === "date" ? "date" : "text"}
                decimal={ask.kind === "amount" || ask.kind === "percent" || ask.kind === "count"}
                maxLength={60}
              />
            );
        }
      })}
      <Field label={say("理由和依据", "Reason, and what it rests on")} value={reason} onInput={setReason} maxLength={200} />
      <Trouble error={wrong ?? sending.error} />
      {done && <Good>{done}</Good>}
      <Key submit isBusy={sending.isBusy}>{say("办理", "Do it")}</Key>
    </Form>
  );
}
