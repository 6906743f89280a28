// Payments over rails that people have to look at: those in question, and what statements and books tell differently.

import { useState } from "preact/hooks";
import type { Payment, ReconItem, Receipt, Reconciliation } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Field, Loading, LongField, Select, Table, TextKey, Title } from "../parts";
import { client, language, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";
import { shortId } from "../short-id";

export default function ReconciliationPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [open, setOpen] = useState<string | null>(null);
  const loaded = useLoaded(() => client.read<Reconciliation>("/office/reconciliation"));
  const title = <Title note={say("银行流水和账簿对不上的，一笔一笔查清；改账要两个人。", "What the statement and the books tell differently is cleared one by one; what is booked takes two people.")}>{say("支付和对账", "Payments and reconciliation")}</Title>;
  if (!loaded.value) return <>{title}<Loading error={loaded.error} again={loaded.again} /></>;
  const { items, payments, suggestions } = loaded.value;
  const partnersOf = (item: ReconItem) =>
    suggestions.flatMap((one) => (one.item === item.id ? [{ id: one.with, by: one.by }] : one.with === item.id ? [{ id: one.item, by: one.by }] : []));
  const chosenItem = items.find((item) => item.id === open);
  const chosenPayment = payments.find((payment) => payment.id === open);
  return (
    <>
      {title}
      <section class="card">
        <h2>{say("等两个人决定的支付", "Payments that two people decide")}</h2>
        <Table
          empty={say("没有有疑问的支付。", "No payment is in question.")}
          columns={[{ words: say("农户", "Household") }, { words: say("方向", "Way") }, { words: say("通道", "Rail") }, { words: say("要付", "Asked for"), isAmount: true }, { words: say("通道说付了", "The rail says"), isAmount: true }, { words: say("哪天", "On") }, { words: "" }]}
          rows={payments.map((payment) => ({
            key: payment.id,
            cells: [
              <a class="inline" href={`#/households/${payment.household}`}>{shortId(payment.household)}</a>,
              term("way", payment.way, chosen),
              payment.rail,
              yuan(payment.amount, true),
              payment.moved ? yuan(payment.moved, true) : "—",
              day(payment.asked_on, chosen),
              may(role, "decide_payment") ? <TextKey onClick={() => setOpen(payment.id)}>{say("决定", "Decide")}</TextKey> : "",
            ],
          }))}
        />
      </section>
      {chosenPayment && <DecidePayment key={chosenPayment.id} payment={chosenPayment} onDone={loaded.again} />}
      <section class="card">
        <h2>{say("对不上的（{n} 笔）", "Differences ({n})", { n: items.length })}</h2>
        <Table
          name={say("对不上的", "Differences")}
          empty={say("流水和账簿都对得上。", "Statements and books agree.")}
          columns={[{ words: say("差在哪", "What differs") }, { words: say("流水日", "Day") }, { words: say("通道", "Rail") }, { words: say("流水上", "On the statement"), isAmount: true }, { words: say("账簿上", "In the books"), isAmount: true }, { words: say("附言", "Words") }, { words: say("可能和哪笔是一回事", "May belong to") }, { words: "" }]}
          rows={items.map((item) => ({
            key: item.id,
            cells: [
              term("recon", item.kind, chosen),
              day(item.day, chosen),
              item.rail,
              yuan(item.bank, true),
              yuan(item.books, true),
              item.words || item.reference || "—",
              partnersOf(item).map((one) => `${shortId(one.id)}（${term("recon_by", one.by, chosen)}）`).join(" ") || "—",
              may(role, "decide_payment") ? <TextKey onClick={() => setOpen(item.id)}>{say("去查清", "Clear")}</TextKey> : "",
            ],
          }))}
        />
      </section>
      {chosenItem && <Settle key={chosenItem.id} item={chosenItem} partners={partnersOf(chosenItem)} items={items} onDone={loaded.again} />}
      {chosenItem && chosenItem.kind === "bank_only" && !chosenItem.bank.startsWith("-") && may(role, "take_credit") && <TakeCredit key={`credit-${chosenItem.id}`} item={chosenItem} />}
    </>
  );
}

const PROPOSED: [string, string] = ["已提交，等另一位同事批准。", "Proposed: a colleague has to approve it."];

function DecidePayment({ payment, onDone }: { payment: Payment; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [moved, setMoved] = useState(payment.moved ?? "");
  const [reason, setReason] = useState("");
  const fen = parseFen(moved);
  return (
    <WriteCard
      title={say("这笔支付到底付了多少", "What was moved in truth")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (moved.trim() && (fen === null || fen <= 0) ? say("金额不对；一分没付就空着", "The amount is not right; leave it empty if nothing was moved") : !reason.trim() ? say("请写明依据：查了谁的流水、回单号", "Please say what it rests on: whose statement, which slip") : null)}
      send={async () => {
        await client.write<Receipt>(`/households/${payment.household}/payments/${payment.id}/decision`, { ...(fen ? { moved: decimal(fen) } : {}), reason: reason.trim() }, { told: say("决定一笔支付", "a decision about a payment") });
        onDone();
        return say(...PROPOSED);
      }}
    >
      <Facts
        rows={[
          [say("要付", "Asked for"), `${yuan(payment.amount, true)} · ${term("way", payment.way, chosen)}`],
          [say("用途", "What for"), payment.purpose],
          payment.reference ? [say("通道的回音", "The rail's word"), payment.reference] : null,
          payment.contradicted && [say("注意", "Note"), say("通道后来的说法和先前不一样", "The rail said something else later")],
        ]}
      />
      <Field label={say("实际付了多少（元），没付就空着", "Moved in truth (yuan), empty for nothing")} value={moved} onInput={setMoved} decimal maxLength={14} />
      <LongField label={say("依据", "What it rests on")} value={reason} onInput={setReason} maxLength={500} />
    </WriteCard>
  );
}

function Settle({ item, partners, items, onDone }: { item: ReconItem; partners: { id: string; by: string }[]; items: ReconItem[]; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [other, setOther] = useState(partners[0]?.id ?? "");
  const [reason, setReason] = useState("");
  const words = (id: string) => {
    const found = items.find((one) => one.id === id);
    return found ? `${term("recon", found.kind, chosen)} ${day(found.day, chosen)} ${yuan(found.bank, true)} / ${yuan(found.books, true)}` : shortId(id);
  };
  const rest = items.filter((one) => one.id !== item.id && one.rail === item.rail && !partners.some((partner) => partner.id === one.id));
  return (
    <WriteCard
      title={say("查清这一笔：{what}", "Clear this one: {what}", { what: words(item.id) })}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (reason.trim() ? null : say("请写明是怎么回事，用哪笔业务更正的", "Please say what it was, and which act put it right"))}
      send={async () => {
        await client.write<Receipt>(`/office/reconciliation/${item.id}/settlement`, { ...(other ? { with: other } : {}), reason: reason.trim() }, { told: say("查清一笔差异", "a difference cleared") });
        onDone();
        return say(...PROPOSED);
      }}
    >
      <Select
        label={say("和哪笔是一回事（两笔一起销）", "Belongs together with (both are closed)")}
        value={other}
        onChange={setOther}
        options={[
          ["", say("就这一笔", "This one alone")],
          ...partners.map((one) => [one.id, say("建议：{what}", "Suggested: {what}", { what: words(one.id) })] as const),
          ...rest.map((one) => [one.id, words(one.id)] as const),
        ]}
      />
      <LongField label={say("怎么回事", "What it was")} value={reason} onInput={setReason} maxLength={500} />
    </WriteCard>
  );
}

/** Money on the statement that named nobody goes to the household whose it is. */
function TakeCredit({ item }: { item: ReconItem }) {
  const say = useSay();
  const [household, setHousehold] = useState("");
  return (
    <WriteCard
      title={say("这笔进账是谁家的", "Whose money this is")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (!household.trim().startsWith("hh-") ? say("请填户号，hh- 开头，在农户页面上能看到", "Please give the household's id, hh-…, as its page shows it") : !item.reference ? say("流水上没有参考号，记不了", "The statement gives no reference") : null)}
      send={async () => {
        await client.write<Receipt>(`/households/${encodeURIComponent(household.trim())}/credits`, { rail: item.rail, reference: item.reference, amount: item.bank, on: item.day }, { told: say("记进 {amount}", "{amount} booked", { amount: yuan(item.bank, true) }) });
        return say(...PROPOSED);
      }}
    >
      <p class="hint">{say("记进这家的钱包；同一个参考号只记一次。", "It goes into this household's wallet; a reference is booked once.")}</p>
      <Field label={say("户号", "Household's id")} value={household} onInput={setHousehold} maxLength={60} />
    </WriteCard>
  );
}
