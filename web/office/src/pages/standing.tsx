// What a loan is under today's rules: class, provision, what is off balance; then its account sheet and interest-day sheet.

import type { LoanStanding } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { grouped, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Facts, Loading, Table } from "../parts";
import { columnsInUse } from "../sheets";
import { client, language, useLoaded, useSay } from "../state";

/** Components in the order of a sheet's columns. */
const PARTS = ["principal", "interest", "accrued", "fee", "penalty", "compound"] as const;

export function StandingCards({ household, loan }: { household: string; loan: string }) {
  const say = useSay();
  const loaded = useLoaded(() => client.read<LoanStanding>(`/households/${household}/loans/${loan}/standing`), [household, loan]);
  if (!loaded.value) {
    return (
      <section class="card">
        <h2>{say("分类和拨备", "Class and provision")}</h2>
        <Loading error={loaded.error} again={loaded.again} />
      </section>
    );
  }
  return (
    <>
      <div class="columns">
        <ClassCard standing={loaded.value} />
        <ProvisionCard standing={loaded.value} />
      </div>
      <AccountSheet lines={loaded.value.account_sheet} />
      <DaySheet lines={loaded.value.interest_days} />
    </>
  );
}

function ClassCard({ standing }: { standing: LoanStanding }) {
  const say = useSay();
  const chosen = language.use();
  const named = (one: LoanStanding["class"]) => (chosen === "zh" ? one.zh : one.en) || one.code;
  const since = standing.not_accruing_since;
  const observed = (from: string, until: string | null | undefined) =>
    until
      ? say("{from} 至 {until}", "{from} to {until}", { from: day(from, chosen), until: day(until, chosen) })
      : say("{from} 起", "{from}", { from: day(from, chosen) });
  return (
    <section class="card">
      <h2>{say("五级分类（{day}）", "Class on {day}", { day: day(standing.as_of, chosen) })}</h2>
      <Facts
        rows={[
          [say("分类", "Class"), <b>{named(standing.class)}</b>],
          [say("逾期天数", "Days past due"), say("{n} 天", "{n}", { n: standing.days_past_due })],
          [say("预期损失阶段", "Stage of expected loss"), say("第 {n} 阶段", "{n}", { n: standing.stage })],
          [say("计息", "Interest"), since ? say("{day} 起转为非应计，利息记表外", "Non-accrual since {day}", { day: day(since, chosen) }) : say("应计", "Accruing")],
          standing.observed_since ? [say("重组观察期", "Observed since"), observed(standing.observed_since, standing.observed_until)] : null,
        ]}
      />
      <h3>{say("为什么是这一类", "Grounds")}</h3>
      <Table
        empty={say("没有不利情形。", "Nothing against it.")}
        columns={[{ words: say("情形", "Ground") }, { words: say("至少归为", "At least") }]}
        rows={standing.grounds.map((one) => ({ key: one.ground, cells: [term("ground", one.ground, chosen), named(one.class)] }))}
      />
    </section>
  );
}

function ProvisionCard({ standing }: { standing: LoanStanding }) {
  const say = useSay();
  const words: Record<(typeof PARTS)[number], string> = {
    principal: say("本金", "Principal"),
    interest: say("应收利息", "Interest due"),
    accrued: say("应计未到期利息", "Interest accrued, not due"),
    fee: say("费用", "Fee"),
    penalty: say("罚息", "Penalty"),
    compound: say("复利", "Compound interest"),
  };
  return (
    <section class="card">
      <h2>{say("拨备", "Provision")}</h2>
      <Facts
        rows={[
          [say("一般准备", "General floor"), yuan(standing.provision_general, true)],
          [say("专项准备（按分类）", "Specific floor, by class"), yuan(standing.provision_specific, true)],
          [say("预期信用损失", "Expected loss"), yuan(standing.provision_expected, true)],
          [say("应提拨备（两者取大）", "Needed: the larger of floors and expected loss"), <b>{yuan(standing.provision_needed, true)}</b>],
        ]}
      />
      <h3>{say("表内和表外", "On and off balance")}</h3>
      <Table
        empty="—"
        columns={[{ words: "" }, { words: say("表内", "On balance"), isAmount: true }, { words: say("表外（停息后）", "Off balance (suspended)"), isAmount: true }]}
        rows={PARTS.map((part) => ({
          key: part,
          cells: [words[part], yuan(standing.on_balance[part], true), yuan(standing.off_balance[part], true)],
        }))}
      />
    </section>
  );
}

/** A figure, or nothing where it is nought: a sheet is read by what stands in it. */
function some(amount: string): string {
  return parseFen(amount) === 0 ? "" : grouped(amount);
}

function AccountSheet({ lines }: { lines: LoanStanding["account_sheet"] }) {
  const say = useSay();
  const chosen = language.use();
  const words = {
    interest: say("欠息", "Interest"),
    fee: say("欠费", "Fee"),
    penalty: say("罚息", "Penalty"),
    compound: say("复利", "Compound"),
    ahead: say("预收", "Paid ahead"),
  };
  const used = columnsInUse(lines, ["interest", "fee", "penalty", "compound", "ahead"]);
  return (
    <section class="card sheet">
      <h2>{say("分户账", "Account sheet")}</h2>
      <p class="hint">{say("单位：元。借方是欠款增加，贷方是欠款减少；余额右边是记完这一笔后各欠多少。", "In yuan. Debit adds to the debt, credit takes from it; right of the balance is what is then owed of each.")}</p>
      <Table
        empty={say("还没有账。", "No lines yet.")}
        columns={[
          { words: say("日期", "Date") },
          { words: say("摘要", "What") },
          ...[say("借方", "Debit"), say("贷方", "Credit"), say("余额", "Balance"), say("欠本金", "Principal"), ...used.map((name) => words[name])].map((name) => ({ words: name, isAmount: true })),
        ]}
        rows={lines.map((line, place) => ({
          key: `${line.date}-${place}`,
          cells: [
            day(line.date, chosen),
            chosen === "zh" ? line.zh : line.en,
            some(line.debit),
            some(line.credit),
            <b>{grouped(line.balance)}</b>,
            some(line.principal),
            ...used.map((name) => some(line[name])),
          ],
        }))}
      />
    </section>
  );
}

function DaySheet({ lines }: { lines: LoanStanding["interest_days"] }) {
  const say = useSay();
  const chosen = language.use();
  return (
    <section class="card sheet">
      <h2>{say("积数表", "Interest-day sheet")}</h2>
      <p class="hint">{say("单位：元。算头不算尾。积数 = 余额 × 天数；利息没有四舍五入，只截到万分之一元。", "In yuan. The first day counts, the last does not. Product = balance × days; interest is not rounded, only cut at a ten-thousandth of a yuan.")}</p>
      <Table
        empty={say("还没有生息。", "No interest yet.")}
        columns={[
          { words: say("息种", "Kind") },
          { words: say("期", "No."), isAmount: true },
          { words: say("起", "From") },
          { words: say("止", "To") },
          { words: say("天数", "Days"), isAmount: true },
          { words: say("计息余额", "Balance"), isAmount: true },
          { words: say("积数", "Product"), isAmount: true },
          { words: say("年利率", "Rate a year"), isAmount: true },
          { words: say("利息", "Interest"), isAmount: true },
        ]}
        rows={lines.map((line, place) => ({
          key: `${line.from}-${place}`,
          cells: [
            term("interest", line.what, chosen),
            line.instalment,
            day(line.from, chosen),
            day(line.to, chosen),
            line.days,
            grouped(line.balance),
            grouped(line.product),
            `${line.rate}%`,
            grouped(line.interest),
          ],
        }))}
      />
    </section>
  );
}
