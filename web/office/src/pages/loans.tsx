// Loans on the books, and one with its schedule, everything that has happened, and what it is under the rules.

import type { Loan, LoanDetail, Product } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Loading, Table, Title } from "../parts";
import { client, language, useLoaded, useRole, useSay } from "../state";
import { LoanChanges } from "./changes";
import { LoanActs } from "./loan-acts";
import { StandingCards } from "./standing";

const MOST = 200;

export function LoansPage() {
  const say = useSay();
  const loaded = useLoaded(async () => {
    const [loans, products] = await Promise.all([client.read<Loan[]>(`/office/loans?limit=${MOST}`), client.read<Product[]>("/products")]);
    return { loans, products };
  });
  return (
    <>
      <Title note={say("按下次还款日排，最多 {n} 笔。", "By next due date, {n} at most.", { n: MOST })}>{say("借款", "Loans")}</Title>
      {!loaded.value ? <Loading error={loaded.error} again={loaded.again} /> : <LoanTable loans={loaded.value.loans} products={loaded.value.products} />}
    </>
  );
}

export function LoanTable({ loans, products }: { loans: Loan[]; products: Product[] }) {
  const say = useSay();
  const chosen = language.use();
  return (
    <Table
      empty={say("没有借款。", "No loans.")}
      columns={[
        { words: say("借据", "Loan") },
        { words: say("产品", "Product") },
        { words: say("本金", "Principal"), isAmount: true },
        { words: say("没还的本金", "Outstanding"), isAmount: true },
        { words: say("下次还款日", "Next due") },
        { words: say("现在该还", "Due now"), isAmount: true },
        { words: say("状态", "Status") },
      ]}
      rows={loans.map((loan) => {
        const product = products.find((one) => one.code === loan.product);
        return {
          key: loan.loan,
          cells: [
            <a class="inline" href={`#/loans/${loan.loan}/${loan.household}`}>{loan.name ?? shortId(loan.loan)}</a>,
            product ? (chosen === "zh" ? product.name_zh : product.name_en) : loan.product,
            yuan(loan.principal, true, loan.currency),
            yuan(loan.outstanding, true, loan.currency),
            loan.next_due ? day(loan.next_due, chosen) : "—",
            yuan(loan.due_today, true, loan.currency),
            term("status", loan.status, chosen),
          ],
        };
      })}
    />
  );
}

/** The last letters of an id, enough to tell one from another. */
export function shortId(id: string): string {
  return id.length > 14 ? `…${id.slice(-10)}` : id;
}

export function LoanPage({ id, household }: { id: string; household: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const loaded = useLoaded(() => client.read<LoanDetail>(`/households/${household}/loans/${id}`), [id]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const loan = loaded.value;
  return (
    <>
      <p><a class="inline" href="#/loans">{say("← 回到列表", "← Back to the list")}</a></p>
      <Title note={<span class="id">{loan.loan}</span>}>{say("借款 {amount}", "Loan of {amount}", { amount: yuan(loan.principal) })}</Title>
      <section class="card">
        <Facts
          rows={[
            [say("状态", "Status"), term("status", loan.status, chosen)],
            [say("没还的本金", "Outstanding"), yuan(loan.outstanding, true)],
            [say("现在该还", "Due now"), yuan(loan.due_today, true)],
            [say("今天全部还清要", "To pay off today"), yuan(loan.payoff_today, true)],
            [say("借款日", "Paid out on"), day(loan.drawn_on, chosen)],
            [say("到期日", "Maturity"), day(loan.maturity, chosen)],
            loan.payout ? [say("受托支付", "Payout to the payee"), term("payout_state", loan.payout, chosen)] : null,
            [say("农户", "Household"), <a class="inline" href={`#/households/${household}`}>{say("看账户", "Account")}</a>],
            [say("合同材料", "Papers of the contract"), <a class="inline" href={`#/households/${household}/${loan.contract}`}>{say("看材料", "See its papers")}</a>],
          ]}
        />
      </section>
      <section class="card">
        <h2>{say("还款计划", "Schedule")}</h2>
        <Table
          empty="—"
          columns={[
            { words: say("期", "No.") },
            { words: say("到期日", "Due") },
            { words: say("本金", "Principal"), isAmount: true },
            { words: say("利息", "Interest"), isAmount: true },
            { words: say("费用", "Fee"), isAmount: true },
            { words: say("罚息", "Penalty"), isAmount: true },
            { words: say("合计", "Total"), isAmount: true },
            { words: say("已还", "Paid"), isAmount: true },
            { words: say("状态", "State") },
          ]}
          rows={loan.schedule.map((row) => ({
            key: String(row.number),
            kind: row.status,
            cells: [
              row.number,
              day(row.due, chosen),
              ...[row.principal, row.interest, row.fee, row.penalty, row.total, row.paid].map((amount) => yuan(amount, true)),
              term("row", row.status, chosen),
            ],
          }))}
        />
      </section>
      <section class="card">
        <h2>{say("发生过的事", "History")}</h2>
        <Table
          empty={say("还没有。", "Nothing yet.")}
          columns={[
            { words: say("日期", "Date") },
            { words: say("什么事", "What") },
            { words: say("金额", "Amount"), isAmount: true },
            { words: say("本金", "Principal"), isAmount: true },
            { words: say("利息", "Interest"), isAmount: true },
            { words: say("费用", "Fee"), isAmount: true },
            { words: say("罚息", "Penalty"), isAmount: true },
          ]}
          rows={loan.history.map((event, place) => ({
            key: `${event.date}-${place}`,
            cells: [
              day(event.date, chosen),
              term("event", event.kind, chosen),
              yuan(event.amount, true),
              ...[event.allocation?.principal, event.allocation?.interest, event.allocation?.fee, event.allocation?.penalty].map((amount) =>
                amount && parseFen(amount) ? yuan(amount, true) : "",
              ),
            ],
          }))}
        />
      </section>
      <LoanChanges household={household} loan={loan} onDone={loaded.again} />
      <LoanActs household={household} loan={loan} onDone={loaded.again} />
      {may(role, "see_standing") && <StandingCards household={household} loan={id} />}
    </>
  );
}
