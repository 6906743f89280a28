// The indicators of microfinance as they are reported: each with its figure, how it is reckoned, and what it is made of.

import type { Portfolio } from "../../shared/bodies";
import { parseFen, yuan } from "../../shared/money";
import type { Say } from "./state";

export interface Indicator {
  code: string;
  name: string;
  /** As people read it; a dash where it cannot be told. */
  figure: string;
  /** How it is reckoned, and over which time. */
  definition: string;
}

export function fen(amount: string | null | undefined): number {
  return parseFen(amount ?? "") ?? 0;
}

/** A share in percent with one place; none where there is nothing to share. */
export function share(part: number, whole: number): string {
  return whole === 0 ? "—" : `${((part / whole) * 100).toFixed(1)}%`;
}

/** Income and expense of the months, and the mean principal at their ends. */
export function yearOf(portfolio: Portfolio) {
  const { months } = portfolio;
  const sum = (figure: (month: Portfolio["months"][number]) => string) => months.reduce((total, month) => total + fen(figure(month)), 0);
  const principal = months.length === 0 ? 0 : sum((month) => month.principal) / months.length;
  // A period shorter than a year is stretched to one, so that rates compare.
  const days = months.length === 0 ? 0 : Math.round((Date.parse(months[months.length - 1]!.to) - Date.parse(months[0]!.from)) / 86_400_000) + 1;
  return {
    income: sum((month) => month.income),
    impairment: sum((month) => month.impairment),
    expense: sum((month) => month.expense),
    principal,
    yearly: days === 0 ? 0 : 365 / days,
  };
}

export function outreach(portfolio: Portfolio, say: Say): Indicator[] {
  const { all } = portfolio;
  return [
    { code: "households", name: say("开户农户", "Households enrolled"), figure: String(portfolio.households), definition: say("现在开着户的农户数。", "Households with an open account today.") },
    { code: "borrowers", name: say("在贷农户", "Active borrowers"), figure: String(all.borrowers), definition: say("至少有一笔没还清贷款的农户数，核销的不算。", "Households with at least one loan outstanding; written-off loans do not count.") },
    { code: "new", name: say("首次借款农户", "First-time borrowers"), figure: String(portfolio.new_borrowers), definition: say("第一笔借款在最近 12 个月内的农户数。", "Households whose first loan was drawn within the last 12 months.") },
    { code: "average", name: say("户均余额", "Average balance"), figure: all.borrowers === 0 ? "—" : yuan(Math.round(fen(all.principal) / all.borrowers)), definition: say("贷款余额 ÷ 在贷农户数。", "Gross portfolio / active borrowers.") },
    { code: "retention", name: say("续借率", "Retention"), figure: share(portfolio.came_again, portfolio.closed_a_loan), definition: say("还清一笔满 12 个月的农户里，还清后 12 个月内又借的占多少（{n} 户）。", "Of households that closed a loan at least 12 months ago ({n}), those that drew another within 12 months of it.", { n: portfolio.closed_a_loan }) },
  ];
}

export function quality(portfolio: Portfolio, say: Say): Indicator[] {
  const { all } = portfolio;
  const classes = portfolio.by_class;
  const gross = classes.reduce((sum, one) => sum + fen(one.principal), 0);
  const bad = classes.filter((one) => one.class >= 2).reduce((sum, one) => sum + fen(one.principal), 0);
  const allowance = fen(portfolio.allowance);
  return [
    { code: "gross", name: say("贷款余额", "Gross portfolio"), figure: yuan(all.principal), definition: say("没还清贷款的本金合计，核销的不算，消费额度另计。", "Principal of all loans outstanding, without those written off; statement lines apart.") },
    { code: "par30", name: "PAR30", figure: share(fen(all.late_30), fen(all.principal)), definition: say("有任何一期逾期超过 30 天的贷款，其全部剩余本金 ÷ 贷款余额。", "Outstanding principal of loans with any instalment more than 30 days late / gross portfolio.") },
    { code: "par90", name: "PAR90", figure: share(fen(all.late_90), fen(all.principal)), definition: say("逾期超过 90 天的贷款的全部剩余本金 ÷ 贷款余额。", "The same for more than 90 days.") },
    { code: "npl", name: say("不良率", "NPL ratio"), figure: share(bad, gross), definition: say("（次级＋可疑＋损失）÷ 余额，含消费额度，按上次日结的分类。", "(Substandard + doubtful + loss) / gross portfolio, lines included, by the class of the last close.") },
    { code: "coverage", name: say("拨备覆盖率", "Provision coverage"), figure: share(allowance, bad), definition: say("贷款损失准备 ÷ 不良贷款。", "Allowance / NPL.") },
    { code: "risk-coverage", name: say("风险覆盖率", "Risk coverage"), figure: share(allowance, fen(all.late_30)), definition: say("贷款损失准备 ÷ 逾期 30 天以上贷款余额。", "Allowance / PAR30.") },
    { code: "written-off", name: say("核销未收回", "Written off, not recovered"), figure: yuan(portfolio.written_off), definition: say("已核销、还没有收回的本金。", "Principal written off and not yet recovered.") },
  ];
}

export function sustainability(portfolio: Portfolio, say: Say): Indicator[] {
  const year = yearOf(portfolio);
  const cost = year.expense + year.impairment;
  return [
    { code: "yield", name: say("贷款收益率", "Portfolio yield"), figure: share(year.income * year.yearly, year.principal), definition: say("账上的利息、罚息和手续费收入（折成一年）÷ 各月末平均余额。", "Income from interest, penalty and fees as booked, at a year's rate / mean principal at month ends.") },
    { code: "oss", name: say("经营可持续率 OSS", "OSS"), figure: share(year.income, cost), definition: say("经营收入 ÷（财务费用＋减值损失＋营业费用）。平台只记贷款业务；工资、房租等要由会计入账，没入账就不在里面。", "Operating revenue / (financial expense + impairment + operating expense). Only what is booked counts: wages and rent are in it once the accountant has booked them.") },
    { code: "impairment", name: say("减值损失率", "Impairment rate"), figure: share(year.impairment * year.yearly, year.principal), definition: say("减值损失（折成一年）÷ 平均余额。", "Impairment at a year's rate / mean principal.") },
  ];
}

/**
 * FSS in percent: income over booked cost, what the capital lent would cost at a market rate for as long, and subsidies received (OSS with
 * both at market price). The rate is percent a year, subsidies are fen of the same months. None where nothing was spent.
 */
export function sustainableAtMarket(portfolio: Portfolio, marketRate: number, subsidies: number): number | null {
  const year = yearOf(portfolio);
  const years = year.yearly === 0 ? 0 : 1 / year.yearly;
  const cost = year.expense + year.impairment + subsidies + (year.principal * marketRate * years) / 100;
  return cost <= 0 ? null : (year.income / cost) * 100;
}

/** Growth in percent from the first figure to the last: 50 to 200 is 300. None from nothing. */
export function growth(figures: readonly number[]): number | null {
  const [first, last] = [figures[0] ?? 0, figures[figures.length - 1] ?? 0];
  return first === 0 ? null : ((last - first) / first) * 100;
}

export interface Township {
  name: string;
  households: number;
  borrowers: number;
  principal: number;
  late30: number;
}

/** Villages put together by township: what stands before 乡 or 镇 in a village's name, or the whole name. */
export function townships(villages: Portfolio["by_village"]): Township[] {
  const sums = new Map<string, Township>();
  for (const one of villages) {
    const name = /^(.+?[乡镇])/.exec(one.name)?.[1] ?? one.name;
    const sum = sums.get(name) ?? { name, households: 0, borrowers: 0, principal: 0, late30: 0 };
    sum.households += one.households ?? 0;
    sum.borrowers += one.borrowers;
    sum.principal += fen(one.principal);
    sum.late30 += fen(one.late_30);
    sums.set(name, sum);
  }
  return [...sums.values()].sort((a, b) => b.principal - a.principal);
}

/** The colour of a share late, from 0 for none to 4: up to 1, 3, 5 percent and beyond. */
export function shade(late: number, whole: number): 0 | 1 | 2 | 3 | 4 {
  const percent = whole === 0 ? 0 : (late / whole) * 100;
  return percent === 0 ? 0 : percent <= 1 ? 1 : percent <= 3 ? 2 : percent <= 5 ? 3 : 4;
}

/** Of the loans in each bucket a month before, the share that became worse by at least one bucket, over all months. */
export function rollRates(rolls: Portfolio["rolls"]): { from: number; moved: number[]; loans: number }[] {
  return [0, 1, 2, 3, 4].map((from) => {
    const moved = [0, 0, 0, 0, 0, 0];
    for (const roll of rolls) roll.loans[from]?.forEach((count, to) => (moved[to] = (moved[to] ?? 0) + count));
    return { from, moved, loans: moved.reduce((sum, count) => sum + count, 0) };
  });
}
