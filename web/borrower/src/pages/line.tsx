// A statement line: what is asked for and by when, paying it, purchases, and instalments with what they cost.

import { useState } from "preact/hooks";
import type { Conversion, LineDetail, LinePurchase, Receipt } from "../../../shared/bodies";
import { shortDay } from "../../../shared/dates";
import { decimal, parseFen, percent, yuan } from "../../../shared/money";
import { Choices, Facts, Key, Loading, Notice, Screen, Trouble } from "../parts";
import { client, household, language, useAct, useLoaded, useSay } from "../state";

export function LinePage({ id }: { id: string }) {
  const say = useSay();
  const path = `/households/${household.value}/lines/${id}`;
  const loaded = useLoaded(() => client.read<LineDetail>(path), [path]);
  return (
    <Screen title={say("消费额度", "Purchase line")} back="/">
      {!loaded.value ? <Loading error={loaded.error} again={loaded.again} /> : <Shown line={loaded.value} path={path} again={loaded.again} />}
    </Screen>
  );
}

function Shown({ line, path, again }: { line: LineDetail; path: string; again: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const newest = line.statements[line.statements.length - 1];
  return (
    <>
      <section class="card">
        <Facts
          rows={[
            [say("还可以用", "Available"), <b>{yuan(line.available, true)}</b>],
            [say("已用", "Used"), yuan(line.used, true)],
            [say("额度", "Limit"), yuan(line.limit)],
            [say("没还的年利率", "Rate on what is left unpaid"), percent(line.rate)],
            (parseFen(line.credit) ?? 0) > 0 && [say("多还的钱", "Credit balance"), yuan(line.credit, true)],
          ]}
        />
      </section>
      {newest && (parseFen(line.billed) ?? 0) > 0 && <PayIt line={line} path={path} again={again} />}
      {newest && (
        <section class="card">
          <h2>{say("{day}的账单", "Statement of {day}", { day: shortDay(newest.on, chosen, line.as_of) })}</h2>
          <Facts
            rows={[
              [say("账单金额", "Total"), yuan(newest.closing, true)],
              [say("其中消费", "Purchases"), yuan(newest.purchases, true)],
              [say("其中分期", "Instalments"), yuan(newest.instalments, true)],
              [say("其中利息", "Interest"), yuan(newest.interest, true)],
              [say("其中费用", "Fees"), yuan(newest.fees, true)],
              [say("已还和退货", "Paid and refunded since"), yuan(newest.paid, true)],
              [say("还差", "Left"), yuan(newest.remaining, true)],
              [say("到期日", "Due"), shortDay(newest.due, chosen, line.as_of)],
            ]}
          />
        </section>
      )}
      <section class="card">
        <h2>{say("消费", "Purchases")}</h2>
        {line.purchases.length === 0 && <p class="hint">{say("还没有。", "None yet.")}</p>}
        {[...line.purchases].reverse().map((purchase) => (
          <Purchase key={purchase.purchase} line={line} purchase={purchase} path={path} again={again} />
        ))}
      </section>
    </>
  );
}

function PayIt({ line, path, again }: { line: LineDetail; path: string; again: () => void }) {
  const say = useSay();
  const act = useAct();
  const chosen = language.use();
  const billed = parseFen(line.billed) ?? 0;
  const minimum = parseFen(line.minimum) ?? 0;
  const [what, setWhat] = useState<"all" | "minimum">("all");
  const fen = what === "all" ? billed : minimum;
  const pay = () =>
    void act.run(async () => {
      await client.write<Receipt>(`${path}/events`, { act: "pay", amount: decimal(fen) }, { told: say("还账单 {amount}", "{amount} on the statement", { amount: yuan(fen, true) }) });
      again();
    });
  return (
    <section class={line.days_past_due > 0 ? "card due now" : "card due"}>
      <h2>{line.days_past_due > 0 ? say("逾期 {n} 天", "{n} days overdue", { n: line.days_past_due }) : say("该还的账单", "Statement to pay")}</h2>
      <p class="sum">{yuan(billed, true)}</p>
      {line.due && <p class="hint">{say("{day}前还清，消费不收利息", "Paid in full by {day}, purchases cost no interest", { day: shortDay(line.due, chosen, line.as_of) })}</p>}
      {minimum > 0 && minimum < billed && (
        <Choices
          legend={say("还多少", "How much")}
          options={[
            { value: "all" as const, words: say("全部 {amount}", "All: {amount}", { amount: yuan(billed, true) }) },
            { value: "minimum" as const, words: say("最低 {amount}", "Minimum: {amount}", { amount: yuan(minimum, true) }), more: say("没还的从到期日起计利息", "What is left bears interest from the due date") },
          ]}
          chosen={what}
          onChoose={setWhat}
        />
      )}
      <Trouble error={act.error} />
      <Key isBusy={act.isBusy} onClick={pay}>{say("从钱包还 {amount}", "Pay {amount} from the wallet", { amount: yuan(fen, true) })}</Key>
    </section>
  );
}

function Purchase({ line, purchase, path, again }: { line: LineDetail; purchase: LinePurchase; path: string; again: () => void }) {
  const say = useSay();
  const act = useAct();
  const chosen = language.use();
  const [quote, setQuote] = useState<Conversion | null>(null);
  const isOpen = (parseFen(purchase.unpaid) ?? 0) > 0 && (parseFen(purchase.converted) ?? 0) === 0;
  const ask = (instalments: number) =>
    void act.run(async () => setQuote(await client.read<Conversion>(`${path}/conversion?purchase=${purchase.purchase}&instalments=${instalments}`)));
  const convert = (asked: Conversion) =>
    void act.run(async () => {
      const body = { act: "convert", purchase: purchase.purchase, instalments: asked.instalments, annualised_ppm: asked.annualised_ppm };
      await client.write<Receipt>(`${path}/events`, body, { told: say("分 {n} 期", "{n} instalments", { n: asked.instalments }) });
      setQuote(null);
      again();
    });
  return (
    <div>
      <p class="product">
        <b>{yuan(purchase.amount, true)}</b>
        <span>{shortDay(purchase.on, chosen, line.as_of)}</span>
      </p>
      <p class="hint">
        {(parseFen(purchase.refunded) ?? 0) > 0 && say("已退 {amount} ", "{amount} refunded ", { amount: yuan(purchase.refunded, true) })}
        {(parseFen(purchase.converted) ?? 0) > 0 ? say("已分期", "In instalments") : isOpen ? say("没还 {amount}", "{amount} unpaid", { amount: yuan(purchase.unpaid, true) }) : say("已还清", "Paid")}
      </p>
      {isOpen && !quote && (
        <div class="keys-in-row">
          {line.offers.map((offer) => (
            <Key key={offer.instalments} kind="plain" isBusy={act.isBusy} onClick={() => ask(offer.instalments)}>{say("分 {n} 期", "{n} instalments", { n: offer.instalments })}</Key>
          ))}
        </div>
      )}
      {quote && (
        <Notice>
          {say("分 {n} 期，每期约 {each}，手续费一共 {fees}，折算年化成本 {rate}。", "{n} instalments of about {each}; fees {fees} in all, {rate} a year.", {
            n: quote.instalments,
            each: yuan(quote.rows[0]?.total ?? quote.principal, true),
            fees: yuan(quote.fees, true),
            rate: percent(quote.annualised),
          })}
          <Key isBusy={act.isBusy} onClick={() => convert(quote)}>{say("同意，分期", "Agree")}</Key>
          <Key kind="quiet" onClick={() => setQuote(null)}>{say("不分了", "No")}</Key>
        </Notice>
      )}
      <Trouble error={act.error} />
    </div>
  );
}
