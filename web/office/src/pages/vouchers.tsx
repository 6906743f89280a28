// Vouchers of some days, looked for by number or by what is on them.

import { useState } from "preact/hooks";
import type { Vouchers } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { Field, Form, Key, Loading, Table, Title, Trouble } from "../parts";
import { client, go, language, useLoaded, useSay } from "../state";

/** What was looked for last, so that going back from a voucher does not lose it. */
const last = { from: "", to: "", subject: "", amount: "", naming: "" };

export default function VouchersPage() {
  const say = useSay();
  const [number, setNumber] = useState("");
  const [asked, setAsked] = useState(last);
  const [query, setQuery] = useState<string | null>(last.from ? queryOf(last) : null);
  const [wrong, setWrong] = useState<string | null>(null);
  const set = (name: keyof typeof last) => (value: string) => setAsked({ ...asked, [name]: value });
  const find = () => {
    if (!/^\d{4}-\d\d-\d\d$/.test(asked.from)) return setWrong(say("请选从哪天开始", "Please say from which day"));
    if (asked.amount && parseFen(asked.amount) === null) return setWrong(say("金额写错了", "The amount cannot be read"));
    if (asked.subject && !/^\d{1,9}$/.test(asked.subject)) return setWrong(say("科目号是数字", "A subject's code is a number"));
    setWrong(null);
    Object.assign(last, asked);
    setQuery(queryOf(asked));
  };
  return (
    <>
      <Title note={say("凭证号是记账日、分区和当天序号，不断号。", "A number is booking date, cell and place on that day; numbers have no gaps.")}>{say("会计凭证", "Vouchers")}</Title>
      <section class="card">
        <Form kind="search" onSubmit={() => number.trim() && go(`/books/entry/${number.trim()}`)}>
          <Field label={say("凭证号", "Number")} value={number} onInput={setNumber} maxLength={24} hint="20260305-07-0012" />
          <Key submit kind="plain">{say("打开", "Open")}</Key>
        </Form>
        <Form kind="search" onSubmit={find}>
          <Field label={say("从哪天", "From")} value={asked.from} onInput={set("from")} type="date" />
          <Field label={say("到哪天", "To")} value={asked.to} onInput={set("to")} type="date" />
          <Field label={say("科目号", "Subject")} value={asked.subject} onInput={set("subject")} maxLength={9} />
          <Field label={say("金额（元）", "Amount (yuan)")} value={asked.amount} onInput={set("amount")} decimal maxLength={16} />
          <Field label={say("农户或借据编号", "Household or loan")} value={asked.naming} onInput={set("naming")} maxLength={60} />
          <Key submit>{say("查找", "Find")}</Key>
        </Form>
        <Trouble error={wrong} />
      </section>
      {query !== null && <Found key={query} query={query} />}
    </>
  );
}

function queryOf(asked: typeof last): string {
  const query = new URLSearchParams({ from: asked.from });
  if (asked.to) query.set("to", asked.to);
  if (asked.subject) query.set("subject", asked.subject);
  if (asked.amount) query.set("amount", decimal(parseFen(asked.amount) ?? 0));
  if (asked.naming.trim()) query.set("naming", asked.naming.trim());
  return query.toString();
}

function Found({ query }: { query: string }) {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<Vouchers>(`/office/vouchers?${query}`), [query]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const { vouchers, more } = loaded.value;
  return (
    <section class="card">
      {more && <p class="notice">{say("只列了前 {n} 张，请把条件写细。", "Only the first {n} are shown: ask for less.", { n: vouchers.length })}</p>}
      <Table
        name={say("会计凭证", "Vouchers")}
        empty={say("没有这样的凭证。", "There is no such voucher.")}
        columns={[{ words: say("凭证号", "Number") }, { words: say("记账日", "Booked") }, { words: say("起息日", "Value date") }, { words: say("摘要", "Summary") }, { words: say("附言", "Memo") }, { words: say("金额", "Amount"), isAmount: true }]}
        rows={vouchers.map((one) => ({
          key: one.number,
          cells: [
            <a class="inline id" href={`#/books/entry/${one.number}`}>{one.number}</a>,
            day(one.booking_date, chosen),
            day(one.value_date, chosen),
            chosen === "zh" ? one.kind_zh : one.kind_en,
            one.memo ?? "",
            yuan(one.amount, true),
          ],
        }))}
      />
    </section>
  );
}
