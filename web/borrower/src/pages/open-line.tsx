// Opening a purchase line: how much, for how long, the rules in words and what everything costs a year; then the
// agreement. Reading takes a while, and the page waits for it.

import { useState } from "preact/hooks";
import type { LineOpened, LineOffer, LineProduct } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, percent, yuan } from "../../../shared/money";
import { plainWords } from "../../../shared/plain";
import { Choices, Facts, Field, Key, LinkKey, Loading, Screen, Tick, Trouble } from "../parts";
import { useSecondsRead } from "../reading";
import { client, codeOf, go, household, keepTyped, language, typedSoFar, useAct, useChoice, useLoaded, useSay } from "../state";

/** What is asked for: typed on the first screen, kept while the second is read and when one comes back from it. */
interface Asked {
  product: string;
  limit: string;
  months: number;
}

export function OpenLinePage({ step }: { step: string }) {
  const say = useSay();
  const loaded = useLoaded(() => client.read<LineProduct[]>("/line-products"));
  const asked = typedSoFar<Asked>("line");
  const product = loaded.value?.find((one) => one.product === asked.product);
  if (step === "offer" && product && asked.limit && asked.months) {
    return <Reading product={product} limit={asked.limit} months={asked.months} />;
  }
  const first = loaded.value?.[0];
  return (
    <Screen title={say("开通消费额度", "Open a purchase line")} back="/">
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : first ? (
        <Asking products={loaded.value} first={first} before={asked} />
      ) : (
        <p class="lead">{say("本机构没有消费额度。", "This lender has no purchase lines.")}</p>
      )}
    </Screen>
  );
}

function Asking({ products, first, before }: { products: LineProduct[]; first: LineProduct; before: Partial<Asked> }) {
  const say = useSay();
  const choice = useChoice();
  const [code, setCode] = useState(before.product ?? first.product);
  const product = products.find((one) => one.product === code) ?? first;
  const [limit, setLimit] = useState(before.limit?.replace(/\.00$/, "") ?? "");
  const terms = [6, 12, 24].filter((months) => months >= product.months_min && months <= product.months_max);
  const [chosen, setMonths] = useState(before.months ?? terms[0]);
  const months = chosen && terms.includes(chosen) ? chosen : (terms[0] ?? product.months_max);
  const [wrong, setWrong] = useState<string | null>(null);
  const read = () => {
    const fen = parseFen(limit);
    const [least, most, step] = [product.limit_min, product.limit_max, product.limit_multiple].map((text) => parseFen(text) ?? 0) as [number, number, number];
    if (fen === null || fen < least || fen > most) {
      return setWrong(say("请填 {least} 到 {most}", "Please give {least} to {most}", { least: yuan(least), most: yuan(most) }));
    }
    if (step > 0 && fen % step !== 0) return setWrong(say("要是 {step} 的整数倍", "It has to be a multiple of {step}", { step: yuan(step) }));
    keepTyped<Asked>("line", { product: product.product, limit: decimal(fen), months });
    return go("/lines/open/offer");
  };
  return (
    <>
      <p class="lead">{say("在合作的商店买东西，先用后还。还清账单的消费不收利息。", "Buy at partner shops now and pay with the monthly statement. Purchases paid in full cost no interest.")}</p>
      {products.length > 1 && (
        <Choices
          legend={say("哪一种", "Which")}
          options={products.map((one) => ({ value: one.product, words: choice({ zh: one.name_zh, en: one.name_en }) }))}
          chosen={product.product}
          onChoose={setCode}
        />
      )}
      <Field label={say("额度多少（元）", "Limit (yuan)")} value={limit} onInput={setLimit} decimal />
      <Choices
        legend={say("用多久", "For how long")}
        options={(terms.length > 0 ? terms : [product.months_max]).map((one) => ({ value: one, words: say("{n} 个月", "{n} months", { n: one }) }))}
        chosen={months}
        onChoose={setMonths}
      />
      <Trouble error={wrong} />
      <Key onClick={read}>{say("看条件和花费", "See terms and costs")}</Key>
    </>
  );
}

interface Wanted {
  product: LineProduct;
  limit: string;
  months: number;
}

function Reading({ product, limit, months }: Wanted) {
  const say = useSay();
  const path = `/households/${household.value}/lines`;
  const loaded = useLoaded(() => client.read<LineOffer>(`${path}/offer?product=${product.product}&limit=${limit}&months=${months}`), [product.product, limit, months]);
  if (!loaded.value) {
    return (
      <Screen title={say("额度条件", "The terms")} back="/lines/open">
        <Loading error={loaded.error} again={loaded.again} />
        <LinkKey to="/lines/open" kind="plain">{say("改一改", "Change it")}</LinkKey>
      </Screen>
    );
  }
  return <Offered offer={loaded.value} asked={{ product, limit, months }} path={path} />;
}

function Offered({ offer, asked, path }: { offer: LineOffer; asked: Wanted; path: string }) {
  const say = useSay();
  const choice = useChoice();
  const chosen = language.use();
  const act = useAct();
  const seconds = useSecondsRead();
  const [least, setLeast] = useState(offer.read_seconds_min);
  const [isAgreed, setAgreed] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const left = Math.max(0, least - seconds);
  const words = (chosen === "zh" ? offer.words_zh : offer.words_en).map((sentence) => plainWords(sentence, chosen));
  const open = () =>
    act.run(async () => {
      if (!isAgreed) return setWrong(say("同意的话，请先打勾", "If you agree, please tick first"));
      try {
        const body = { product: asked.product.product, limit: asked.limit, months: asked.months, rate: offer.rate, text_hash: offer.text_hash, read_seconds: seconds };
        const line = await client.write<LineOpened>(path, body, { told: say("开通额度 {amount}", "open a line of {amount}", { amount: yuan(asked.limit) }) });
        keepTyped("line", null);
        go(`/lines/${line.line}`, "replace");
      } catch (error) {
        if (codeOf(error) === "not_read") setLeast(seconds + 5);
        throw error;
      }
    });
  return (
    <Screen
      title={say("先看清楚，再开通", "Read first, then open")}
      back="/lines/open"
      aloud={words.join("。")}
      foot={
        left > 0 ? (
          <>
            <p class="countdown" role="timer">{say("请先看完，还有 {n} 秒", "Please read, {n} s left", { n: left })}</p>
            <progress class="reading" value={seconds} max={least} aria-hidden="true" />
          </>
        ) : (
          <>
            <Key onClick={open} isBusy={act.isBusy}>{say("我同意，开通", "I agree and open it")}</Key>
            <LinkKey to="/" kind="plain">{say("不开了", "No, thank you")}</LinkKey>
          </>
        )
      }
    >
      <section class="card">
        <Facts
          rows={[
            [say("额度", "Limit"), <b class="large">{yuan(offer.limit)}</b>],
            [say("种类", "Product"), choice({ zh: asked.product.name_zh, en: asked.product.name_en })],
            [say("可以用到", "May be used until"), day(offer.valid_to, chosen)],
            [say("每月出账单", "Statement"), say("{n} 日", "day {n}", { n: offer.statement_day })],
            [say("还款日", "Due"), say("{n} 日前", "by day {n}", { n: offer.due_day })],
          ]}
        />
      </section>
      <section class="card">
        <h2>{say("用大白话说", "In plain words")}</h2>
        {words.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </section>
      <section class="card">
        <h2>{say("每一项要花多少", "Every cost")}</h2>
        <table class="costs">
          <thead class="unseen">
            <tr>
              <th scope="col">{say("怎么用", "Use")}</th>
              <th scope="col">{say("一年的花费", "Cost a year")}</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{say("账单到期还清", "Statement paid in full")}</th>
              <td>{offer.is_free_when_paid ? say("不花钱", "nothing") : percent(offer.rate)}</td>
            </tr>
            <tr>
              <th scope="row">{say("没还的部分", "What is left unpaid")}</th>
              <td>{percent(offer.rate)}</td>
            </tr>
            {offer.plans.map((plan) => (
              <tr key={plan.instalments}>
                <th scope="row">
                  {say("分 {n} 期", "{n} instalments", { n: plan.instalments })}
                  <small>{say("每期手续费 {fee}", "fee of {fee} with each", { fee: percent(plan.fee) })}</small>
                </th>
                <td>{say("约 {rate}", "about {rate}", { rate: percent(plan.annualised) })}</td>
              </tr>
            ))}
            {offer.cash && (
              <tr>
                <th scope="row">
                  {say("取现", "Cash")}
                  <small>{say("从取的那天起计利息，最多 {amount}", "interest from its day; up to {amount}", { amount: yuan(offer.cash) })}</small>
                </th>
                <td>{percent(offer.rate)}</td>
              </tr>
            )}
          </tbody>
        </table>
        <p>
          {say("按时还款的，年化成本最高约 {highest}，不另收其他费用；逾期的费用见下一栏。", "Paid on time, no use costs more than about {highest} a year, and nothing else is charged; what being late costs is told below.", { highest: percent(offer.highest) })}
          {offer.cost_cap && say("按规定，年化成本不超过 {cap}。", " The rules allow no more than {cap} a year.", { cap: percent(offer.cost_cap) })}
        </p>
      </section>
      <section class="card">
        <h2>{say("逾期会怎样", "If a payment is late")}</h2>
        <p>{say("没还够最低还款的，按差额的 {fee} 收违约金；没还的部分按年利率 {rate} 计息。也会影响以后借钱。", "A late fee of {fee} of what the minimum lacks, and interest of {rate} a year on what is unpaid. It also affects later loans.", { fee: percent(offer.late_fee), rate: percent(offer.overdue_rate) })}</p>
        <p>{say("有难处请早说，我们一起想办法。", "If you are in trouble, tell us early and we will find a way.")}</p>
      </section>
      {left === 0 && (
        <Tick
          isOn={isAgreed}
          onChange={(isOn) => {
            setAgreed(isOn);
            setWrong(null);
          }}
        >
          {say("我看明白了，自愿开通 {limit} 的消费额度。", "I understand, and open a line of {limit} of my own will.", { limit: yuan(offer.limit) })}
        </Tick>
      )}
      <Trouble error={wrong ?? act.error} />
      <LinkKey to="/lines/open" kind="quiet">{say("改额度", "Change the limit")}</LinkKey>
    </Screen>
  );
}
