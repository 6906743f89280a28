// Asking for a loan, one question a screen: which, how much, how long, what for; then what it would cost.

import { useState } from "preact/hooks";
import type { Application, Limits, Product } from "../../../shared/bodies";
import { comfortableStep, decimal, parseFen, percent, settle, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { LiveOffer, PaymentsPicture, readIncome, useQuote } from "../live-offer";
import { Choices, Facts, Field, Form, Key, Loading, Screen, Trouble } from "../parts";
import { products } from "../products";
import { client, go, household, keepTyped, language, typedSoFar, useAct, useChoice, useLoaded, useSay } from "../state";
import { keepAnswer } from "./application";

const STEPS = ["product", "amount", "term", "use", "check"] as const;
type Step = (typeof STEPS)[number];

interface Wish {
  product: string;
  fen: number;
  months: number;
  use: string;
}

export function BorrowPage({ step: asked }: { step: string }) {
  const say = useSay();
  const [wish, setWish] = useState<Partial<Wish>>(() => typedSoFar<Wish>("borrow"));
  const loaded = useLoaded(async () => {
    const [known, limits] = await Promise.all([products(), client.read<Limits>(`/households/${household.value}/limits`)]);
    return { known, limits };
  });
  const change = (part: Partial<Wish>) => {
    const next = { ...wish, ...part };
    setWish(next);
    keepTyped("borrow", next);
  };
  if (!loaded.value) {
    return (
      <Screen title={say("我要借钱", "Borrow")} back="/">
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  const { known, limits } = loaded.value;
  const product = known.find((one) => one.code === wish.product);
  const wanted = (STEPS.find((one) => one === asked) ?? "product") as Step;
  const step = !product ? "product" : !wish.fen && wanted !== "product" ? "amount" : wanted;
  const props = { product: product as Product, limits, wish, change };
  switch (step) {
    case "product":
      return <WhichProduct all={known} limits={limits} wish={wish} change={change} />;
    case "amount":
      return <HowMuch {...props} />;
    case "term":
      return <HowLong {...props} />;
    case "use":
      return <WhatFor {...props} />;
    case "check":
      return wish.fen && wish.months && wish.use ? <Check {...props} wish={wish as Wish} /> : <HowMuch {...props} />;
  }
}

interface StepProps {
  product: Product;
  limits: Limits;
  wish: Partial<Wish>;
  change: (part: Partial<Wish>) => void;
}

/** How a step asks for the next one. */
function Next({ isBusy, children }: { isBusy?: boolean; children?: string }) {
  const say = useSay();
  return (
    <Key submit isBusy={isBusy}>
      {children ?? say("下一步", "Next")}
    </Key>
  );
}

function limitOf(limits: Limits, code: string) {
  return limits.products.find((one) => one.product === code);
}

/** What may be asked for: the limit where there is one, else the product's own bounds for a person to decide on. */
function bounds(product: Product, limits: Limits) {
  const limit = limitOf(limits, product.code);
  const available = limit && ["approve", "less"].includes(limit.outcome) ? (parseFen(limit.available) ?? 0) : 0;
  const min = parseFen(product.amount_min) ?? 0;
  const max = parseFen(product.amount_max) ?? 0;
  return { min, max, multiple: parseFen(product.amount_multiple) ?? 100, available: Math.min(available, max) };
}

function WhichProduct({ all, limits, wish, change }: Omit<StepProps, "product"> & { all: Product[] }) {
  const say = useSay();
  const choice = useChoice();
  const chosen = language.use();
  const [wrong, setWrong] = useState<string | null>(null);
  const offered = all.filter((product) => limitOf(limits, product.code));
  const options = (offered.length > 0 ? offered : all).map((product) => {
    const { available } = bounds(product, limits);
    const limit = limitOf(limits, product.code);
    const parts = [
      term("method", product.method, chosen),
      limit?.rate ? say("年利率 {rate}", "{rate} a year", { rate: percent(limit.rate) }) : null,
      available > 0 ? say("最多借 {amount}", "up to {amount}", { amount: yuan(available) }) : say("要请工作人员看", "a person decides"),
    ];
    return { value: product.code, words: choice({ zh: product.name_zh, en: product.name_en }), more: parts.filter(Boolean).join(say("，", ", ")) };
  });
  const submit = () => {
    if (!wish.product) return setWrong(say("请选一种", "Please choose one"));
    return go("/borrow/amount");
  };
  return (
    <Form onSubmit={submit}>
      <Screen title={say("想怎么还？", "How would you like to repay?")} step={[1, 5]} back="/" foot={<Next />}>
        <Choices
          legend={say("借款种类", "Product")}
          options={options}
          chosen={wish.product ?? null}
          onChoose={(code) => change(code === wish.product ? {} : { product: code, fen: undefined, months: undefined, use: undefined })}
        />
        <Trouble error={wrong} />
      </Screen>
    </Form>
  );
}

function HowMuch({ product, limits, wish, change }: StepProps) {
  const say = useSay();
  const { min, max, multiple, available } = bounds(product, limits);
  const top = available >= min ? available : max;
  const [text, setText] = useState(() => plain(wish.fen ?? settle(top / 2, min, top, multiple)));
  const [wrong, setWrong] = useState<string | null>(null);
  const key = comfortableStep(min, top, multiple);
  const fen = parseFen(text);
  const put = (value: number) => {
    setText(plain(settle(value, min, top, multiple)));
    setWrong(null);
  };
  const move = (by: number) => {
    const now = fen ?? min;
    put(by > 0 ? Math.floor(now / key) * key + key : Math.ceil(now / key) * key - key);
  };
  const isSound = fen !== null && fen >= min && fen <= max && fen % multiple === 0;
  const months = wish.months ?? usualTerm(product);
  const offer = useQuote(isSound ? { product: product.code, fen: fen ?? 0, months, rate: limitOf(limits, product.code)?.rate ?? null } : null);
  const quick = [...new Set([min, settle(top / 4, min, top, multiple), settle(top / 2, min, top, multiple), top])];
  const submit = () => {
    if (fen === null || fen <= 0) return setWrong(say("请填一个数，比如 5000", "Please enter a number, such as 5000"));
    if (fen < min) return setWrong(say("最少借 {min}", "The least is {min}", { min: yuan(min) }));
    if (fen > max) return setWrong(say("最多借 {max}", "The most is {max}", { max: yuan(max) }));
    if (fen % multiple !== 0) return setWrong(say("要是 {step} 的整倍数", "Only whole multiples of {step}", { step: yuan(multiple) }));
    change({ fen });
    return go("/borrow/term");
  };
  return (
    <Form onSubmit={submit}>
      <Screen title={say("借多少？", "How much?")} step={[2, 5]} back="/borrow" foot={<Next />}>
        <div class="stepper">
          <button type="button" onClick={() => move(-1)} disabled={fen !== null && fen <= min} aria-label={say("少借 {step}", "{step} less", { step: yuan(key) })}>−</button>
          <Field
            label={say("金额（元）", "Amount (yuan)")}
            value={text}
            onInput={(next) => {
              setText(next);
              setWrong(null);
            }}
            decimal
            isBig
            maxLength={10}
            error={wrong}
          />
          <button type="button" onClick={() => move(1)} disabled={fen !== null && fen >= top} aria-label={say("多借 {step}", "{step} more", { step: yuan(key) })}>+</button>
        </div>
        <label class="slider">
          <span class="unseen">{say("拖动选金额", "Slide to choose the amount")}</span>
          <input type="range" min={min} max={top} step={multiple} value={Math.min(top, Math.max(min, fen ?? min))} aria-valuetext={yuan(fen ?? min)} onInput={(event) => put(Number(event.currentTarget.value))} />
          <span class="slider-ends"><span>{yuan(min)}</span><span>{yuan(top)}</span></span>
        </label>
        <div class="quick" role="group" aria-label={say("常用金额", "Common amounts")}>
          {quick.map((value) => (
            <button type="button" key={value} class={value === fen ? "chip is-on" : "chip"} aria-pressed={value === fen} onClick={() => put(value)}>
              {yuan(value)}
            </button>
          ))}
        </div>
        {available >= min ? (
          <p class="hint">{say("您现在最多能借 {amount}。借够用的就好，借得少还得少。", "You can borrow up to {amount}. Take what you need: less borrowed is less to repay.", { amount: yuan(available) })}</p>
        ) : (
          <p class="hint">{say("这个产品借 {min} 到 {max}，能借多少由工作人员来定。", "This product lends {min} to {max}; a person decides how much.", { min: yuan(min), max: yuan(max) })}</p>
        )}
        {offer.quote && <p class="hint">{say("按借 {n} 个月算：", "For {n} months:", { n: months })}</p>}
        <LiveOffer {...offer} />
      </Screen>
    </Form>
  );
}

/** What is shown before a term is chosen: a year, or the nearest that the product has. */
function usualTerm(product: Product): number {
  return Math.min(product.term_max_months, Math.max(product.term_min_months, 12));
}

function plain(fen: number): string {
  return decimal(fen).replace(/\.00$/, "");
}

function HowLong({ product, limits, wish, change }: StepProps) {
  const say = useSay();
  const [wrong, setWrong] = useState<string | null>(null);
  const offer = useQuote(wish.fen && wish.months ? { product: product.code, fen: wish.fen, months: wish.months, rate: limitOf(limits, product.code)?.rate ?? null } : null);
  const { term_min_months: least, term_max_months: most } = product;
  const usual = [1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60].filter((months) => months >= least && months <= most);
  const all = [...new Set([least, ...usual, most])].sort((a, b) => a - b);
  const submit = () => {
    if (!wish.months) return setWrong(say("请选一个", "Please choose one"));
    return go("/borrow/use");
  };
  return (
    <Form onSubmit={submit}>
      <Screen title={say("借多久？", "For how long?")} step={[3, 5]} back="/borrow/amount" foot={<Next />}>
        <Choices
          legend={say("借多久", "For how long")}
          options={all.map((months) => ({ value: months, words: say("{n} 个月", "{n} months", { n: months }) }))}
          chosen={wish.months ?? null}
          onChoose={(months) => {
            setWrong(null);
            change({ months });
          }}
        />
        <LiveOffer {...offer} />
        <Trouble error={wrong} />
      </Screen>
    </Form>
  );
}

function WhatFor({ product, wish, change }: StepProps) {
  const say = useSay();
  const chosen = language.use();
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = () => {
    if (!wish.use) return setWrong(say("请选一个用途", "Please choose a use"));
    return go("/borrow/check");
  };
  return (
    <Form onSubmit={submit}>
      <Screen title={say("用来做什么？", "What is it for?")} step={[4, 5]} back="/borrow/term" foot={<Next />}>
        <Choices
          legend={say("用途", "Use")}
          options={product.uses.map((use) => ({ value: use, words: term("use", use, chosen) }))}
          chosen={wish.use ?? null}
          onChoose={(use) => {
            setWrong(null);
            change({ use });
          }}
        />
        <p class="hint">{say("请照实选。借来的钱不能买房、炒股，也不能拿去还别处的借款。", "Please be honest. Loans may not buy homes or shares, nor repay other loans.")}</p>
        <Trouble error={wrong} />
      </Screen>
    </Form>
  );
}

function Check({ product, limits, wish }: StepProps & { wish: Wish }) {
  const say = useSay();
  const choice = useChoice();
  const chosen = language.use();
  const act = useAct();
  const limit = limitOf(limits, product.code);
  const offer = useQuote({ product: wish.product, fen: wish.fen, months: wish.months, rate: limit?.rate ?? null });
  const income = useLoaded(readIncome);
  const apply = () =>
    act.run(async () => {
      const amount = decimal(wish.fen);
      const answer = await client.write<Application>(
        `/households/${household.value}/applications`,
        { product: wish.product, amount, term_months: wish.months, purpose: wish.use },
        { told: say("申请借 {amount}", "application for {amount}", { amount: yuan(wish.fen) }) },
      );
      keepAnswer(answer);
      keepTyped("borrow", null);
      go(`/applications/${answer.application}`, "replace");
    });
  return (
    <Form onSubmit={apply}>
      <Screen title={say("看一看对不对", "Is this right?")} step={[5, 5]} back="/borrow/use" foot={<Next isBusy={act.isBusy}>{say("提交申请", "Apply")}</Next>}>
        <section class="card">
          <Facts
            rows={[
              [say("借多少", "Amount"), yuan(wish.fen)],
              [say("借多久", "Term"), say("{n} 个月", "{n} months", { n: wish.months })],
              [say("用来", "Use"), term("use", wish.use, chosen)],
              [say("怎么还", "Repaid"), term("method", product.method, chosen)],
              [say("种类", "Product"), choice({ zh: product.name_zh, en: product.name_en })],
            ]}
          />
        </section>
        <LiveOffer {...offer} isFull />
        {offer.quote && <PaymentsPicture quote={offer.quote} income={income.value ?? null} />}
        <p class="hint">{say("提交以后马上有答复。现在还不算签约，不花一分钱。", "You get an answer at once. Nothing is signed yet and it costs nothing.")}</p>
        {limit?.outcome === "refer" && <p>{say("这笔申请要请工作人员看，会慢一点。", "A person will look at this application, which takes a little longer.")}</p>}
        <Trouble error={act.error} />
      </Screen>
    </Form>
  );
}
