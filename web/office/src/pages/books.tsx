// The books of a period, and from each figure down to the vouchers behind it.

import { useState } from "preact/hooks";
import type { Books, StatementSection, SubjectStatement, Voucher } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import type { At } from "../menu";
import { Exported, Facts, Field, Loading, Table, TextKey, Title } from "../parts";
import { client, language, useLoaded, useSay } from "../state";

const VIEWS = ["trial", "balance", "income"] as const;
type View = (typeof VIEWS)[number];

/** The period last looked at, so that going back to the books does not lose it. */
const last: { from: string; to: string; view: View } = { from: "", to: "", view: "trial" };

export default function Books({ id, part }: At) {
  if (id === "entry") return <VoucherPage key={part} entry={part} />;
  return id ? <SubjectPage key={`${id} ${part}`} subject={id} period={part} /> : <BooksPage />;
}

function BooksPage() {
  const say = useSay();
  const chosen = language.use();
  const [view, setView] = useState<View>(last.view);
  const [from, setFrom] = useState(last.from);
  const [to, setTo] = useState(last.to);
  Object.assign(last, { from, to, view });
  const isWhole = (text: string) => text === "" || /^\d{4}-\d\d-\d\d$/.test(text);
  const loaded = useLoaded(() => {
    const asked = new URLSearchParams();
    if (from && isWhole(from)) asked.set("from", from);
    if (to && isWhole(to)) asked.set("to", to);
    return client.read<Books>(`/office/books?${asked}`);
  }, [from, to]);
  const names: Record<View, string> = { trial: say("试算平衡", "Trial balance"), balance: say("资产负债表", "Balance sheet"), income: say("利润表", "Income statement") };
  const books = loaded.value;
  return (
    <>
      <Title note={books ? say("{from} 至 {to}，所有分区合计", "{from} to {to}, over all cells", { from: day(books.from, chosen), to: day(books.to, chosen) }) : undefined}>{say("账簿", "Books")}</Title>
      <div class="search">
        <Field label={say("从哪天", "From")} value={from || (books?.from ?? "")} onInput={setFrom} type="date" />
        <Field label={say("到哪天", "To")} value={to || (books?.to ?? "")} onInput={setTo} type="date" />
      </div>
      <div class="tabs" role="tablist" aria-label={say("报表", "Statements")}>
        {VIEWS.map((one) => (
          <button type="button" role="tab" key={one} class={one === view ? "tab is-on" : "tab"} aria-selected={one === view} onClick={() => setView(one)}>{names[one]}</button>
        ))}
      </div>
      {books && <Standing books={books} />}
      {!books || loaded.error ? <Loading error={loaded.error} again={loaded.again} /> : view === "trial" ? <Trial books={books} /> : view === "balance" ? <Balance books={books} /> : <Income books={books} />}
    </>
  );
}

/** Whether the months of the days shown are closed, and which were opened again. */
function Standing({ books }: { books: Books }) {
  const say = useSay();
  const chosen = language.use();
  const { state, reopened, frozen, is_as_frozen } = books.standing;
  const states: Record<string, string> = { open: say("还没有结账", "Not closed yet"), closed: say("已结账", "Closed"), reopened: say("已反结账", "Opened again") };
  return (
    <>
      <p class="hint">
        <a class="inline" href="#/closing">{states[state] ?? state}</a>
        {frozen && is_as_frozen && say("，数字和结账时一致", ", as when it was closed")}
        {reopened.map((one) => say("；{period} 在 {on} 反结账：{reason}", "; {period} was opened again on {on}: {reason}", { period: one.period, on: day(one.on, chosen), reason: one.reason ?? "" })).join("")}
      </p>
      {frozen && is_as_frozen === false && <p class="notice bad" role="alert">{say("数字和结账时不一致，请马上报告。", "The figures are not the ones that were closed: report this at once.")}</p>}
    </>
  );
}

function link(subject: number | null | undefined, words: string, books: Books) {
  return subject ? <a class="inline" href={`#/books/${subject}/${books.from}_${books.to}`}>{words}</a> : words;
}

function Trial({ books }: { books: Books }) {
  const say = useSay();
  const chosen = language.use();
  const sum = (side: "debit" | "credit") => books.trial_balance.reduce((total, line) => total + (parseFen(line[side]) ?? 0), 0);
  const [debit, credit] = [sum("debit"), sum("credit")];
  const shown = (amount: string) => (parseFen(amount) ? yuan(amount, true) : "");
  return (
    <>
      <p class={debit === credit ? "notice good" : "notice bad"} role="status">
        {debit === credit
          ? say("借贷相等：两边都是 {sum}。", "Both sides agree: {sum}.", { sum: yuan(debit, true) })
          : say("借贷不等，差 {difference}。请马上报告。", "The sides differ by {difference}. Report this at once.", { difference: yuan(debit - credit, true) })}
      </p>
      <section class="card">
        <Exported name={say("试算平衡 {to}", "Trial balance {to}", { to: books.to })}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say("科目号", "Code")}</th>
                <th scope="col">{say("科目", "Subject")}</th>
                <th scope="col" class="amount">{say("期初（贷为负）", "Opening (credit negative)")}</th>
                <th scope="col" class="amount">{say("借方", "Debit")}</th>
                <th scope="col" class="amount">{say("贷方", "Credit")}</th>
                <th scope="col" class="amount">{say("期末（贷为负）", "Closing (credit negative)")}</th>
              </tr>
            </thead>
            <tbody>
              {books.trial_balance.map((line) => (
                <tr key={line.subject}>
                  <td>{line.subject}</td>
                  <td>{link(line.subject, chosen === "zh" ? line.zh : line.en, books)}</td>
                  <td class="amount">{shown(line.opening)}</td>
                  <td class="amount">{shown(line.debit)}</td>
                  <td class="amount">{shown(line.credit)}</td>
                  <td class="amount">{shown(line.closing)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row" colSpan={3}>{say("本期发生额合计", "Turnover")}</th>
                <td class="amount">{yuan(debit, true)}</td>
                <td class="amount">{yuan(credit, true)}</td>
                <td />
              </tr>
            </tfoot>
          </table>
        </Exported>
      </section>
    </>
  );
}

function Section({ name, section, books }: { name: string; section: StatementSection; books: Books }) {
  const say = useSay();
  const chosen = language.use();
  return (
    <section class="card">
      <h2>{name}</h2>
      <Exported name={`${name} ${books.to}`}>
        <table>
          <thead><tr><th scope="col">{say("项目", "Item")}</th><th scope="col" class="amount">{say("金额", "Amount")}</th></tr></thead>
          <tbody>
            {section.lines.map((line) => (
              <tr key={line.zh}>
                <td>{link(line.subject, chosen === "zh" ? line.zh : line.en, books)}</td>
                <td class="amount">{yuan(line.amount, true)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot><tr><th scope="row">{say("合计", "Total")}</th><td class="amount">{yuan(section.total, true)}</td></tr></tfoot>
        </table>
      </Exported>
    </section>
  );
}

function Balance({ books }: { books: Books }) {
  const say = useSay();
  const { assets, liabilities, equity, memo } = books.balance_sheet;
  return (
    <>
      <div class="columns even">
        <Section name={say("资产", "Assets")} section={assets} books={books} />
        <div>
          <Section name={say("负债", "Liabilities")} section={liabilities} books={books} />
          <Section name={say("所有者权益", "Equity")} section={equity} books={books} />
        </div>
      </div>
      {memo.lines.length > 0 && <Section name={say("表外", "Off balance")} section={memo} books={books} />}
    </>
  );
}

function Income({ books }: { books: Books }) {
  const say = useSay();
  return (
    <>
      <p class="notice good">{say("本期利润 {profit}", "Profit of the period: {profit}", { profit: yuan(books.income.profit, true) })}</p>
      <div class="columns even">
        <Section name={say("收入", "Income")} section={books.income.income} books={books} />
        <Section name={say("费用", "Expense")} section={books.income.expense} books={books} />
      </div>
    </>
  );
}

/** Every posting of a subject in a period. */
function SubjectPage({ subject, period }: { subject: string; period: string }) {
  const say = useSay();
  const chosen = language.use();
  const [from = "", to = ""] = period.split("_");
  const loaded = useLoaded(() => client.read<SubjectStatement>(`/office/books/postings?${new URLSearchParams({ subject, from, to, limit: "500" })}`), [subject, period]);
  const back = <p><a class="inline" href="#/books">{say("← 回到账簿", "← Back to the books")}</a></p>;
  if (!loaded.value) return <>{back}<Loading error={loaded.error} again={loaded.again} /></>;
  const statement = loaded.value;
  return (
    <>
      {back}
      <Title note={`${day(from, chosen)} – ${day(to, chosen)}`}>{`${statement.subject} ${chosen === "zh" ? statement.zh : statement.en}`}</Title>
      <section class="card narrow-left">
        <Facts
          rows={[
            [say("期初余额（贷为负）", "Opening (credit negative)"), yuan(statement.opening, true)],
            [say("期末余额（贷为负）", "Closing (credit negative)"), <b>{yuan(statement.closing, true)}</b>],
          ]}
        />
      </section>
      {statement.more && <p class="notice">{say("只列了前 500 条，请把日期范围缩小。全部可用 tianxin books statement 导出。", "Only the first 500 are shown: choose a shorter period. All of them come from `tianxin books statement`.")}</p>}
      <section class="card">
        <h2>{say("明细账", "Postings")}</h2>
        <Table
          empty={say("这段时间没有发生额。", "Nothing was booked in this period.")}
          columns={[
            { words: say("分录", "Entry") },
            { words: say("记账日", "Booked") },
            { words: say("起息日", "Value date") },
            { words: say("什么事", "What") },
            { words: say("说明", "Memo") },
            { words: say("借方", "Debit"), isAmount: true },
            { words: say("贷方", "Credit"), isAmount: true },
          ]}
          rows={statement.postings.map((one, place) => {
            const fen = parseFen(one.amount) ?? 0;
            return {
              key: `${one.entry}-${place}`,
              cells: [
                <a class="inline id" href={`#/books/entry/${one.entry}`}>{one.entry}</a>,
                day(one.booking_date, chosen),
                day(one.value_date, chosen),
                chosen === "zh" ? one.kind_zh : one.kind_en,
                one.memo ?? "",
                fen > 0 ? yuan(fen, true) : "",
                fen < 0 ? yuan(-fen, true) : "",
              ],
            };
          })}
        />
      </section>
    </>
  );
}

/** A voucher: one entry with its lines. */
function VoucherPage({ entry }: { entry: string }) {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<Voucher>(`/office/books/entry?entry=${encodeURIComponent(entry)}`), [entry]);
  const back = <p><a class="inline" href="#/books">{say("← 回到账簿", "← Back to the books")}</a></p>;
  if (!loaded.value) return <>{back}<Loading error={loaded.error} again={loaded.again} /></>;
  const voucher = loaded.value;
  return (
    <>
      {back}
      <Title note={<span class="id">{voucher.number}</span>}>{say("会计凭证：{what}", "Voucher: {what}", { what: chosen === "zh" ? voucher.kind_zh : voucher.kind_en })}</Title>
      <section class="card narrow-left">
        <Facts rows={[
          [say("记账日", "Booked"), day(voucher.booking_date, chosen)],
          [say("起息日", "Value date"), day(voucher.value_date, chosen)],
          [say("凭证号", "Number"), <span class="id">{voucher.number}</span>],
          [say("金额", "Amount"), `${yuan(voucher.amount, true)} ${voucher.currency}`],
          voucher.memo ? [say("说明", "Memo"), voucher.memo] : null,
        ]} />
      </section>
      <section class="card">
        <h2>{say("分录", "Lines")}</h2>
        <Table
          empty="—"
          columns={[{ words: say("科目号", "Code") }, { words: say("科目", "Subject") }, { words: say("农户", "Household") }, { words: say("借据", "Loan") }, { words: say("借方", "Debit"), isAmount: true }, { words: say("贷方", "Credit"), isAmount: true }]}
          rows={voucher.lines.map((line, place) => {
            const fen = parseFen(line.amount) ?? 0;
            return {
              key: String(place),
              cells: [
                line.subject,
                chosen === "zh" ? line.zh : line.en,
                line.household ? <a class="inline" href={`#/households/${line.household}`}>{say("看账户", "Account")}</a> : "",
                line.loan && line.household ? <a class="inline" href={`#/loans/${line.loan}/${line.household}`}>{say("看借据", "Loan")}</a> : "",
                fen > 0 ? yuan(fen, true) : "",
                fen < 0 ? yuan(-fen, true) : "",
              ],
            };
          })}
        />
      </section>
      <section class="card narrow-left">
        <h2>{say("日志里的记录", "The record behind it")}</h2>
        <Facts rows={[
          [say("分区和记录号", "Cell and record"), `${voucher.record.cell} · ${voucher.record.seq}`],
          [say("谁办的", "Asked by"), `${voucher.record.actor_role}${voucher.record.actor ? ` ${voucher.record.actor}` : ""}`],
          [say("什么时候", "When"), voucher.record.at],
          [say("事实", "Facts"), voucher.record.facts.join(", ")],
          [say("命令", "Command"), <span class="id">{voucher.record.command}</span>],
          [say("叶子哈希", "Leaf"), <span class="id">{voucher.record.leaf}</span>],
        ]} />
      </section>
      <p class="unprinted"><TextKey onClick={() => print()}>{say("打印", "Print")}</TextKey></p>
    </>
  );
}
