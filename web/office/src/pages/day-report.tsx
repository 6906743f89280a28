// What the close of a day did, in all cells together: how much was touched and booked, and interest by group.

import { useState } from "preact/hooks";
import type { DayReport, Product } from "../../../shared/bodies";
import { Refused } from "../../../shared/client";
import { day, dayBefore } from "../../../shared/dates";
import { yuan } from "../../../shared/money";
import { Facts, Field, Key, Loading, Table } from "../parts";
import { accruedByProduct } from "../sheets";
import { client, language, useLoaded, useSay } from "../state";

/** The report of a day that a person may choose; at first of the day before the open one. */
export function DayReportCard({ open }: { open: string }) {
  const say = useSay();
  const [typed, setTyped] = useState<string | null>(null);
  const date = typed ?? dayBefore(open);
  return (
    <section class="card wide">
      <h2>{say("日结报告", "Report of a close")}</h2>
      <Field label={say("哪一天", "Which day")} value={date} onInput={setTyped} type="date" />
      {/^\d{4}-\d\d-\d\d$/.test(date) ? <Report key={date} date={date} /> : <p class="hint">{say("请选一天。", "Choose a day.")}</p>}
    </section>
  );
}

function Report({ date }: { date: string }) {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(async () => {
    try {
      const [report, products] = await Promise.all([client.read<DayReport>(`/office/days/${date}/report`), client.read<Product[]>("/products")]);
      return { report, products };
    } catch (error) {
      if (error instanceof Refused && error.problem.code === "unknown_day") return { report: null, products: [] };
      throw error;
    }
  }, [date]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const { report, products } = loaded.value;
  if (!report) return <p class="hint empty">{say("{day} 没有做过日结。", "{day} was never closed.", { day: day(date, chosen) })}</p>;
  const nameOf = (code: string) => {
    const product = products.find((one) => one.code === code);
    return product ? (chosen === "zh" ? product.name_zh : product.name_en) : code;
  };
  return (
    <>
      <Facts
        rows={[
          [say("状态", "Status"), report.closed ? say("已日结", "Closed") : say("正在日结", "Being closed")],
          typeof report.took_ms === "number" && [say("用时", "Took"), say("{n} 秒", "{n} s", { n: (report.took_ms / 1000).toFixed(1) })],
          [say("结转的借据", "Loans touched"), say("{n} 笔", "{n}", { n: report.loans })],
          [say("记的分录", "Entries booked"), say("{n} 条", "{n}", { n: report.entries })],
          [say("计提利息", "Interest accrued"), <b>{yuan(report.accrued, true)}</b>],
          [say("到期利息", "Interest fallen due"), yuan(report.due, true)],
          [say("分类变动", "Class moves"), say("{n} 笔", "{n}", { n: report.class_moves })],
          [say("增提拨备（负数为转回）", "Allowance raised (less than nought: released)"), yuan(report.provision, true)],
        ]}
      />
      {!report.closed && <Key kind="plain" onClick={loaded.again}>{say("再看一次", "Look again")}</Key>}
      <h3>{say("计提利息按组", "Interest accrued by group")}</h3>
      <Table
        empty={say("这一天没有计提利息。", "No interest was accrued.")}
        columns={[
          { words: say("产品", "Product") },
          { words: say("阶段", "Stage") },
          { words: say("记在哪里", "Booked") },
          { words: say("计提利息", "Interest accrued"), isAmount: true },
        ]}
        rows={accruedByProduct(report.groups).map((one) => ({
          key: `${one.product}-${one.stage}-${one.accruing}`,
          cells: [
            nameOf(one.product),
            say("第 {n} 阶段", "{n}", { n: one.stage }),
            one.accruing ? say("表内，记收入", "On balance, as income") : say("表外，不记收入", "Off balance, not income"),
            yuan(one.fen, true),
          ],
        }))}
      />
      <p class="hint">{say("各分区合计。", "All cells together.")}</p>
    </>
  );
}
