// The dashboards: whom loans reach, how good they are, and whether the lender can go on.

import { useMemo, useState } from "preact/hooks";
import type { Outstanding, Portfolio, Product } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { inLarge, parseFen, yuan } from "../../../shared/money";
import { moment } from "../../../shared/dates";
import { term } from "../../../shared/terms";
import { Chart } from "../chart";
import { type Indicator, fen, growth, outreach, quality, rollRates, shade, share, sustainability, sustainableAtMarket, townships } from "../indicators";
import { Facts, Field, Loading, Table, Title } from "../parts";
import { client, language, useLoaded, useSay } from "../state";

export default function PortfolioPage() {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(async () => {
    const [portfolio, products] = await Promise.all([client.read<Portfolio>("/office/portfolio"), client.read<Product[]>("/products")]);
    return { portfolio, products };
  });
  return (
    <>
      <Title note={loaded.value ? say("截至营业日 {day}，{at} 读数，十分钟内不重读", "As of the business day {day}, read at {at} and kept for ten minutes", { day: day(loaded.value.portfolio.on, chosen), at: moment(loaded.value.portfolio.read_at, chosen) }) : undefined}>{say("经营看板", "Dashboard")}</Title>
      {!loaded.value ? <Loading error={loaded.error} again={loaded.again} /> : <Shown {...loaded.value} />}
    </>
  );
}

function Shown({ portfolio, products }: { portfolio: Portfolio; products: Product[] }) {
  const say = useSay();
  return (
    <>
      <Indicators name={say("服务了多少人", "Outreach")} all={outreach(portfolio, say)} />
      <Indicators name={say("贷款质量", "Portfolio quality")} all={quality(portfolio, say)} />
      <Indicators name={say("能不能长久", "Sustainability")} all={sustainability(portfolio, say)} />
      <AtMarket portfolio={portfolio} />
      <div class="charts">
        <Growth portfolio={portfolio} />
        <Earned portfolio={portfolio} />
        <Lateness portfolio={portfolio} products={products} />
        <Classes portfolio={portfolio} />
        <Vintages portfolio={portfolio} />
        <Rolls portfolio={portfolio} />
      </div>
      <Townships portfolio={portfolio} />
      <Villages portfolio={portfolio} />
    </>
  );
}

function Indicators({ name, all }: { name: string; all: Indicator[] }) {
  return (
    <section>
      <h2>{name}</h2>
      <ul class="indicators">
        {all.map((one) => (
          <li key={one.code} class="card indicator" tabIndex={0}>
            <span class="indicator-name">{one.name}</span>
            <b>{one.figure}</b>
            <span class="definition" role="note">{one.definition}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What needs a figure from outside of the books: FSS at market prices, the share of the market, and growth. */
function AtMarket({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  const chosen = language.use();
  const [rate, setRate] = useState("");
  const [subsidies, setSubsidies] = useState("");
  const [market, setMarket] = useState("");
  const fss = rate.trim() !== "" && Number(rate) >= 0 ? sustainableAtMarket(portfolio, Number(rate), parseFen(subsidies) ?? 0) : null;
  const whole = (parseFen(market) ?? 0) * 10_000;
  const principal = fen(portfolio.all.principal);
  const grown = growth(portfolio.months.map((month) => fen(month.principal)));
  return (
    <section class="card">
      <h2>{say("按市场价算，占多少，长多快", "At market prices, share and growth")}</h2>
      <div class="columns">
        <div class="form">
          <Field label={say("资金的市场价（一年 %）", "Market price of capital (% a year)")} value={rate} onInput={setRate} decimal maxLength={6} hint={say("比如同期同业借款利率；账簿里没有，请您填", "Such as the rate between banks; the books do not hold it")} />
          <Field label={say("这几个月收到的补贴（元）", "Subsidies received in these months (yuan)")} value={subsidies} onInput={setSubsidies} decimal maxLength={16} />
          <Field label={say("全县农户贷款余额（万元）", "All loans to rural households of the county (10,000 yuan)")} value={market} onInput={setMarket} decimal maxLength={12} />
        </div>
        <Facts
          rows={[
            [say("财务可持续率 FSS", "FSS"), <b>{fss === null ? "—" : `${fss.toFixed(1)}%`}</b>],
            [say("FSS 怎么算", "How FSS"), say("经营收入 ÷（已记费用＋减值＋补贴＋平均余额×市场价）", "Revenue / (booked expense + impairment + subsidies + mean portfolio x market price)")],
            [say("平台份额", "Share of the platform"), <b>{whole > 0 ? share(principal, whole) : "—"}</b>],
            [say("份额怎么算", "How the share"), say("本机构贷款余额 {amount} ÷ 全县农户贷款余额", "Gross portfolio of {amount} / all loans to rural households", { amount: inLarge(principal, chosen) })],
            [say("余额增长（{n} 个月）", "Growth in {n} months", { n: portfolio.months.length }), <b>{grown === null ? "—" : `${grown > 0 ? "+" : ""}${grown.toFixed(1)}%`}</b>],
            [say("增长怎么算", "How growth"), say("（最后一个月末 − 第一个月末）÷ 第一个月末", "(last month end - first month end) / first month end")],
          ]}
        />
      </div>
    </section>
  );
}

/** The townships as a grid: the darker, the more of their principal is late. */
function Townships({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  const chosen = language.use();
  const all = townships(portfolio.by_village);
  return (
    <section class="card">
      <h2>{say("各乡镇一览", "By township")}</h2>
      <p class="hint">{say("颜色越深，逾期 30 天以上的本金占比越高：没有、1% 以内、3% 以内、5% 以内、更多。", "The darker, the larger the share of principal more than 30 days late: none, up to 1%, 3%, 5%, more.")}</p>
      <ul class="townships">
        {all.map((one) => (
          <li key={one.name} class={`township shade-${shade(one.late30, one.principal)}`}>
            <b>{one.name || "—"}</b>
            <span>{inLarge(one.principal, chosen)}</span>
            <small>{say("{n} 户在贷，覆盖 {reach}", "{n} borrowers, reach {reach}", { n: one.borrowers, reach: share(one.borrowers, one.households) })}</small>
            <small>PAR30 {share(one.late30, one.principal)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** 万元 for axes; a tooltip has the whole sum. */
function inTenThousands(minor: number): number {
  return Math.round(minor / 10_000) / 100;
}

function Growth({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  const chosen = language.use();
  const name = say("余额增长", "Growth");
  const rows = portfolio.months.map((month) => ({ month: month.from.slice(0, 7), loans: inTenThousands(fen(month.principal)), wallets: inTenThousands(fen(month.wallets)) }));
  const option = useMemo(() => ({
    legend: { top: 4 },
    xAxis: { type: "category", data: rows.map((row) => row.month) },
    yAxis: { type: "value", name: say("万元", "10,000 yuan") },
    series: [
      { name: say("贷款和额度本金", "Principal"), type: "bar", data: rows.map((row) => row.loans) },
      { name: say("农户钱包", "Household wallets"), type: "line", data: rows.map((row) => row.wallets) },
    ],
  }), [portfolio, chosen]);
  const last = rows[rows.length - 1];
  return (
    <Chart
      name={name}
      says={last ? say("{month} 末本金 {n} 万元", "{n} ten-thousand yuan of principal at the end of {month}", { month: last.month, n: last.loans }) : "—"}
      option={option}
      figures={{ columns: [say("月份", "Month"), say("本金（万元）", "Principal (10,000 yuan)"), say("钱包（万元）", "Wallets (10,000 yuan)")], rows: rows.map((row) => [row.month, row.loans, row.wallets]) }}
    />
  );
}

function Earned({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  const chosen = language.use();
  const rows = portfolio.months.map((month) => ({ month: month.from.slice(0, 7), income: fen(month.income) / 100, impairment: fen(month.impairment) / 100, expense: fen(month.expense) / 100 }));
  const option = useMemo(() => ({
    legend: { top: 4 },
    xAxis: { type: "category", data: rows.map((row) => row.month) },
    yAxis: { type: "value", name: say("元", "yuan") },
    series: [
      { name: say("收入", "Income"), type: "bar", data: rows.map((row) => row.income) },
      { name: say("减值损失", "Impairment"), type: "bar", stack: "cost", data: rows.map((row) => row.impairment) },
      { name: say("其他费用", "Other expense"), type: "bar", stack: "cost", data: rows.map((row) => row.expense) },
    ],
  }), [portfolio, chosen]);
  return (
    <Chart
      name={say("每月收支", "Income and expense by month")}
      says={say("最近 {n} 个月", "The last {n} months", { n: rows.length })}
      option={option}
      figures={{ columns: [say("月份", "Month"), say("收入", "Income"), say("减值损失", "Impairment"), say("其他费用", "Other expense")], rows: rows.map((row) => [row.month, row.income, row.impairment, row.expense]) }}
    />
  );
}

function Lateness({ portfolio, products }: { portfolio: Portfolio; products: Product[] }) {
  const say = useSay();
  const chosen = language.use();
  const nameOf = (code: string) => {
    const product = products.find((one) => one.code === code);
    return product ? (chosen === "zh" ? product.name_zh : product.name_en) : code;
  };
  const parts = (one: Outstanding) => {
    const [late, late30, late90] = [fen(one.late), fen(one.late_30), fen(one.late_90)];
    const whole = fen(one.principal) || 1;
    return [late - late30, late30 - late90, late90].map((part) => Math.round((part / whole) * 1000) / 10);
  };
  const rows = portfolio.by_product.map((one) => ({ name: nameOf(one.name), parts: parts(one), principal: fen(one.principal) / 100 }));
  const buckets = [say("1–30 天", "1–30 days"), say("31–90 天", "31–90 days"), say("90 天以上", "over 90 days")];
  const option = useMemo(() => ({
    legend: { top: 4 },
    xAxis: { type: "value", axisLabel: { formatter: "{value}%" } },
    yAxis: { type: "category", data: rows.map((row) => row.name), inverse: true },
    series: buckets.map((bucket, place) => ({ name: bucket, type: "bar", stack: "late", data: rows.map((row) => row.parts[place]) })),
  }), [portfolio, chosen]);
  return (
    <Chart
      name={say("各产品的逾期本金占比", "Late principal by product")}
      says={rows.map((row) => `${row.name} ${row.parts.reduce((sum, part) => sum + part, 0).toFixed(1)}%`).join("，")}
      option={option}
      figures={{ columns: [say("产品", "Product"), ...buckets.map((bucket) => `${bucket} %`), say("余额（元）", "Principal (yuan)")], rows: rows.map((row) => [row.name, ...row.parts, row.principal]) }}
    />
  );
}

function Classes({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  const chosen = language.use();
  const rows = portfolio.by_class.map((one) => ({ name: term("class", String(one.class), chosen), loans: one.loans, principal: fen(one.principal) / 100 }));
  const option = useMemo(() => ({
    xAxis: { type: "category", data: rows.map((row) => row.name) },
    // Good loans would hide all others on an even scale.
    yAxis: { type: "log", name: say("元（对数）", "yuan (log)"), min: 100 },
    series: [{ type: "bar", data: rows.map((row) => Math.max(row.principal, 0.01)) }],
  }), [portfolio, chosen]);
  return (
    <Chart
      name={say("五级分类", "Five classes")}
      says={rows.map((row) => `${row.name} ${row.loans}`).join("，")}
      option={option}
      figures={{ columns: [say("分类", "Class"), say("笔数", "Loans"), say("本金", "Principal")], rows: rows.map((row) => [row.name, row.loans, row.principal]) }}
    />
  );
}

function Vintages({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  const chosen = language.use();
  // The newest that have come far enough to say something; more lines than ten nobody reads.
  const cohorts = portfolio.cohorts.filter((one) => one.late_30.length >= 2 && one.loans >= 5).slice(-10);
  const most = Math.max(0, ...cohorts.map((one) => one.late_30.length));
  const monthsOn = Array.from({ length: most }, (_, place) => place + 1);
  const percentOf = (late: number | undefined, loans: number) => (late === undefined ? null : Math.round((late / loans) * 1000) / 10);
  const option = useMemo(() => ({
    legend: { top: 4, type: "plain" },
    grid: { left: 12, right: 24, top: 72, bottom: 24, containLabel: true },
    xAxis: { type: "category", data: monthsOn, name: say("账龄（月）", "months on book"), nameLocation: "middle", nameGap: 26 },
    yAxis: { type: "value", axisLabel: { formatter: "{value}%" } },
    series: cohorts.map((one) => ({ name: one.month.slice(0, 7), type: "line", showSymbol: false, data: monthsOn.map((place) => percentOf(one.late_30[place - 1], one.loans)) })),
  }), [portfolio, chosen]);
  return (
    <Chart
      name={say("按放款月份的逾期曲线", "Vintage curves")}
      says={say("{n} 个放款月份", "{n} months of drawing", { n: cohorts.length })}
      option={option}
      height={380}
      note={say("同一个月放的贷款里，到每个账龄为止曾经逾期 30 天以上的笔数占比。看了最近 {n} 笔，共 {of} 笔。", "Of the loans drawn in a month, the share that had ever been more than 30 days late by each month on book. The latest {n} of {of} notes were looked at.", { n: portfolio.folded, of: portfolio.notes })}
      figures={{ columns: [say("放款月", "Drawn in"), say("笔数", "Loans"), ...monthsOn.map((place) => `M${place} %`)], rows: cohorts.map((one) => [one.month.slice(0, 7), one.loans, ...monthsOn.map((place) => percentOf(one.late_30[place - 1], one.loans) ?? "")]) }}
    />
  );
}

function Rolls({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  const chosen = language.use();
  const buckets = [say("正常", "current"), "1–30", "31–60", "61–90", "90+"];
  const after = [...buckets, say("还清", "paid off")];
  const rates = rollRates(portfolio.rolls);
  const cells = rates.flatMap(({ from, moved, loans }) => moved.map((count, to) => [to, from, loans === 0 ? 0 : Math.round((count / loans) * 1000) / 10]));
  const option = useMemo(() => ({
    tooltip: { trigger: "item", renderMode: "richText", confine: true },
    grid: { left: 12, right: 24, top: 24, bottom: 44, containLabel: true },
    xAxis: { type: "category", data: after, name: say("一个月后", "a month later"), nameLocation: "middle", nameGap: 30 },
    yAxis: { type: "category", data: buckets, inverse: true },
    visualMap: { show: false, min: 0, max: 100, inRange: { color: ["#ffffff", "#e4efe4", "#1d5c38"] } },
    series: [{ type: "heatmap", data: cells, label: { show: true, formatter: (one: { value: number[] }) => `${one.value[2]}%` } }],
  }), [portfolio, chosen]);
  return (
    <Chart
      name={say("逾期迁徙率", "Roll rates")}
      says={rates.map(({ from, moved, loans }) => `${buckets[from]}: ${share(moved.slice(from + 1, 5).reduce((sum, count) => sum + count, 0), loans)}`).join("，")}
      option={option}
      height={380}
      note={say("最近 {n} 个月合计：月末在左边一档的贷款，下个月末到了哪一档（笔数占比）。", "Over the last {n} months: where loans of a bucket at a month end stood at the next, by number.", { n: portfolio.rolls.length })}
      figures={{ columns: [say("月末", "Month end"), say("笔数", "Loans"), ...after.map((name) => `${name} %`)], rows: rates.map(({ from, moved, loans }) => [buckets[from] ?? "", loans, ...moved.map((count) => (loans === 0 ? 0 : Math.round((count / loans) * 1000) / 10))]) }}
    />
  );
}

function Villages({ portfolio }: { portfolio: Portfolio }) {
  const say = useSay();
  return (
    <section class="card">
      <h2>{say("各村", "By village")}</h2>
      <Table
        empty={say("还没有农户。", "No households yet.")}
        columns={[
          { words: say("村", "Village") },
          { words: say("开户", "Enrolled"), isAmount: true },
          { words: say("在贷", "Borrowers"), isAmount: true },
          { words: say("覆盖", "Reach"), isAmount: true },
          { words: say("余额", "Principal"), isAmount: true },
          { words: "PAR30", isAmount: true },
          { words: "PAR90", isAmount: true },
        ]}
        rows={portfolio.by_village.map((one) => ({
          key: one.name,
          cells: [
            one.name || "—",
            one.households ?? 0,
            one.borrowers,
            share(one.borrowers, one.households ?? 0),
            yuan(one.principal),
            share(fen(one.late_30), fen(one.principal)),
            share(fen(one.late_90), fen(one.principal)),
          ],
        }))}
      />
    </section>
  );
}
