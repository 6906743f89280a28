// Which loans there are, told by what they are for and by when they are repaid.

import { useState } from "preact/hooks";
import type { Product } from "../../../shared/bodies";
import { percent, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Facts, LinkKey, Loading, Screen } from "../parts";
import { products } from "../products";
import { household, language, useChoice, useLoaded, useSay } from "../state";

export function ProductsPage() {
  const say = useSay();
  const chosen = language.use();
  const [use, setUse] = useState("");
  const loaded = useLoaded(products);
  const isKnown = !!household.use();
  if (!loaded.value) {
    return (
      <Screen title={say("有哪些借款", "Which loans there are")} back="/">
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  const all = loaded.value;
  const uses = [...new Set(all.reduce<string[]>((uses, product) => [...uses, ...product.uses], []))];
  const shown = all.filter((product) => use === "" || product.uses.includes(use));
  return (
    <Screen title={say("有哪些借款", "Which loans there are")} back="/" foot={<LinkKey to={isKnown ? "/borrow" : "/enrol"}>{isKnown ? say("我要借钱", "Borrow") : say("我要开户", "Open an account")}</LinkKey>}>
      <label class="chooser">
        <span>{say("钱用来做什么", "What it is for")}</span>
        <select value={use} onChange={(event) => setUse(event.currentTarget.value)}>
          <option value="">{say("都看看", "All")}</option>
          {uses.map((code) => (
            <option key={code} value={code}>{term("use", code, chosen)}</option>
          ))}
        </select>
      </label>
      {shown.map((product) => (
        <OneProduct key={product.code} product={product} />
      ))}
    </Screen>
  );
}

function OneProduct({ product }: { product: Product }) {
  const say = useSay();
  const choice = useChoice();
  const chosen = language.use();
  const rates = product.rates.map((one) => Number(one.rate)).filter(Number.isFinite);
  const [least, most] = [Math.min(...rates), Math.max(...rates)];
  return (
    <section class="card">
      <h2>{choice({ zh: product.name_zh, en: product.name_en })}</h2>
      <p>{season(product, say)}</p>
      <Facts
        rows={[
          [say("借多少", "Amount"), `${yuan(product.amount_min)} – ${yuan(product.amount_max)}`],
          [say("借多久", "Term"), say("{from} 到 {to} 个月", "{from} to {to} months", { from: product.term_min_months, to: product.term_max_months })],
          [say("怎么还", "Repaid"), term("method", product.method, chosen)],
          rates.length > 0 && [say("年利率", "Interest a year"), least === most ? percent(String(least)) : `${percent(String(least))} – ${percent(String(most))}`],
          product.fees.length > 0 && [say("另外的费用", "Fees beside it"), product.fees.map((fee) => `${choice({ zh: fee.label_zh, en: fee.label_en })}${fee.percent ? ` ${percent(fee.percent)}` : ""}`).join(say("、", "; "))],
          product.grace_days > 0 && [say("晚几天不罚", "Days of grace"), say("{n} 天", "{n} days", { n: product.grace_days })],
          [say("用来", "For"), product.uses.map((use) => term("use", use, chosen)).join(say("、", "; "))],
        ]}
      />
    </section>
  );
}

/** For whom a way of repaying suits, by when money comes in. */
function season(product: Product, say: ReturnType<typeof useSay>): string {
  switch (product.method) {
    case "bullet":
      return say("卖了粮、出了栏再一次还：种的时候借，收的时候还。", "Paid back once, after the harvest or the sale: borrow for sowing, repay at reaping.");
    case "seasonal":
      return say("跟着收成还：哪个月收，哪个月还。", "Follows the harvests: paid in the months in which you reap.");
    case "interest_first":
      return say("平时只还利息，到期再还本金：适合一年收一两次的。", "Interest first, principal at the end: for those who reap once or twice a year.");
    case "revolving":
      return say("随借随还，用几天算几天：适合周转。", "Taken and returned at any time, by the day: for turnover.");
    case "equal_instalments":
    case "equal_principal":
      return say("每个月还一点：适合月月有进账的，像养殖、小买卖。", "A little every month: for those who earn every month, as with animals or a small trade.");
    default:
      return say("按约定的日子还。", "Paid back on the days agreed.");
  }
}
