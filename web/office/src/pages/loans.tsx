// Loans on the books, and one with its schedule, everything that has happened, and what it is under the rules.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Loan, LoanDetail, Product } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { Chart } from "../chart";
import { type Filter, SavedFilters } from "../filters";
import type { At } from "../menu";
import { Facts, Key, Loading, Select, Table, Title, Trouble } from "../parts";
import { plannedAndActual } from "../repaid";
import { shortId } from "../short-id";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";
import { LoanChanges } from "./changes";
import { LoanActs } from "./loan-acts";
import { StandingCards } from "./standing";

const PAGE = 50;

/** What was asked for; going back to the list does not lose it. */
const last: { filter: Filter } = { filter: {} };

export default function Loans({ id, part }: At) {
  return id && id !== "late" ? <LoanPage key={id} id={id} household={part} /> : <LoansPage key={id} isLate={id === "late"} />;
}

function LoansPage({ isLate = false }: { isLate?: boolean }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const [filter, setFilter] = useState<Filter>(isLate ? { late_over: "0" } : last.filter);
  const [loans, setLoans] = useState<Loan[]>([]);
  const [isMore, setMore] = useState(false);
  const products = useLoaded(() => client.read<Product[]>("/products"));
  const read = async (after?: Loan) => {
    const asked = new URLSearchParams({ ...filter, limit: String(PAGE) });
    if (after) {
      asked.set("after", after.loan);
      asked.set("after_household", after.household);
    }
    return client.read<Loan[]>(`/office/loans?${asked}`);
  };
  const first = useLoaded(() => read(), [JSON.stringify(filter)]);
  useEffect(() => {
    if (!first.value) return;
    setLoans(first.value);
    setMore(first.value.length === PAGE);
    Object.assign(last, { filter });
  }, [first.value]);
  const more = () =>
    act.run(async () => {
      const page = await read(loans[loans.length - 1]);
      setLoans([...loans, ...page]);
      setMore(page.length === PAGE);
    });
  const change = (part: Filter) => setFilter(Object.fromEntries(Object.entries({ ...filter, ...part }).filter(([, value]) => value !== "")));
  return (
    <>
      <Title note={say("按下次还款日排，每次读 {n} 笔。", "By next due date, {n} at a time.", { n: PAGE })}>{say("借款", "Loans")}</Title>
      <div class="search">
        <Select label={say("状态", "Status")} value={filter.status ?? ""} onChange={(status) => change({ status })} options={[["", say("没还清的", "Open")], ["closed", say("还清的", "Paid off")]]} />
        <Select
          label={say("产品", "Product")}
          value={filter.product ?? ""}
          onChange={(product) => change({ product })}
          options={[["", say("全部", "All")], ...(products.value ?? []).map((one) => [one.code, chosen === "zh" ? one.name_zh : one.name_en] as const)]}
        />
        <Select
          label={say("逾期", "Past due")}
          value={filter.late_over ?? ""}
          onChange={(late_over) => change({ late_over })}
          options={[["", say("不限", "Any")], ["0", say("已逾期", "Past due")], ["30", say("超过 30 天", "Over 30 days")], ["60", say("超过 60 天", "Over 60 days")], ["90", say("超过 90 天", "Over 90 days")]]}
        />
        <SavedFilters list="loans" filter={filter} onChoose={setFilter} />
      </div>
      {!first.value || !products.value ? (
        <Loading error={first.error ?? products.error} again={() => { first.again(); products.again(); }} />
      ) : (
        <>
          <LoanTable loans={loans} products={products.value} />
          <Trouble error={act.error} wasWrite={false} />
          {isMore && <Key kind="plain" onClick={more} isBusy={act.isBusy}>{say("再看 {n} 笔", "{n} more", { n: PAGE })}</Key>}
        </>
      )}
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

function LoanPage({ id, household }: { id: string; household: string }) {
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
      <Repaid loan={loan} />
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

/** What was to be paid by each day of the plan, and what was. */
function Repaid({ loan }: { loan: LoanDetail }) {
  const say = useSay();
  const chosen = language.use();
  const points = useMemo(() => plannedAndActual(loan), [loan]);
  const option = useMemo(() => ({
    legend: { top: 4 },
    xAxis: { type: "category", data: points.map((point) => point.date), boundaryGap: false },
    yAxis: { type: "value", name: say("元", "yuan") },
    series: [
      { name: say("按计划累计该还", "Due by plan"), type: "line", step: "end", showSymbol: false, lineStyle: { type: "dashed" }, data: points.map((point) => point.planned / 100) },
      { name: say("实际累计已还", "Paid"), type: "line", step: "end", showSymbol: false, areaStyle: { opacity: 0.12 }, data: points.map((point) => (point.paid === null ? null : point.paid / 100)) },
    ],
  }), [points, chosen]);
  if (points.length < 2) return null;
  const now = [...points].reverse().find((point) => point.paid !== null);
  return (
    <Chart
      name={say("计划和实际", "Plan and actual")}
      says={now ? say("到 {day} 该还 {planned}，已还 {paid}", "By {day} {planned} was due and {paid} paid", { day: day(now.date, chosen), planned: yuan(now.planned, true), paid: yuan(now.paid ?? 0, true) }) : "—"}
      option={option}
      height={220}
      figures={{ columns: [say("日期", "Date"), say("累计该还", "Due by plan"), say("累计已还", "Paid")], rows: points.map((point) => [point.date, point.planned / 100, point.paid === null ? "" : point.paid / 100]) }}
    />
  );
}
