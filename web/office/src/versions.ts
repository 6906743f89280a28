// What differs between two versions of a product, field by field, in the words of the pages.

import type { ProductVersion } from "../../shared/bodies";
import { percent, yuan } from "../../shared/money";
import { term } from "../../shared/terms";
import type { Say } from "./state";

type Terms = ProductVersion["product"];

/** The terms of a product as lines a person reads. */
export function termsOf(product: Terms, say: Say, chosen: "zh" | "en"): [name: string, value: string][] {
  const rates = product.rates.map((rate) => (rate.rating ? `${rate.rating} ${percent(rate.rate)}` : percent(rate.rate))).join(" · ");
  const fees = product.fees.map((fee) => (chosen === "zh" ? fee.label_zh : fee.label_en)).join(say("、", ", "));
  return [
    [say("名称", "Name"), chosen === "zh" ? product.name_zh : product.name_en],
    [say("怎么还", "Repaid"), term("method", product.method, chosen)],
    [say("金额", "Amount"), `${yuan(product.amount_min)} – ${yuan(product.amount_max)}`],
    [say("金额的倍数", "In multiples of"), yuan(product.amount_multiple)],
    [say("期限", "Term"), say("{from}–{to} 个月", "{from}–{to} months", { from: product.term_min_months, to: product.term_max_months })],
    [say("年利率", "Rate a year"), rates],
    [say("费用", "Fees"), fees || say("没有", "none")],
    [say("罚息上浮", "Added when overdue"), percent(product.penalty_uplift)],
    [say("容时", "Grace"), say("{n} 天", "{n} days", { n: product.grace_days })],
    [say("用途", "Uses"), product.uses.map((use) => term("use", use, chosen)).join(say("、", ", "))],
  ];
}

/** The lines of `now` that `before` has otherwise, with both. */
export function differences(before: Terms, now: Terms, say: Say, chosen: "zh" | "en"): { name: string; before: string; now: string }[] {
  const old = new Map(termsOf(before, say, chosen));
  return termsOf(now, say, chosen)
    .filter(([name, value]) => old.get(name) !== value)
    .map(([name, value]) => ({ name, before: old.get(name) ?? "—", now: value }));
}
