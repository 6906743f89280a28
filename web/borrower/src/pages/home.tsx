// The first page of a signed-in household: what is due, what it can borrow, its wallet, its loans.

import type { Pending } from "../../../shared/client";
import type { Application, Guarantee, Health, Household, Limits, Line, LineProduct, Loan, Product, ProductLimit } from "../../../shared/bodies";
import { daysBetween, shortDay } from "../../../shared/dates";
import { decimal, parseFen, percent, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Icon, Key, LinkKey, Loading, Reasons, Screen, Trouble } from "../parts";
import { chooseElder, elder } from "../elder";
import { type Intent, offline } from "../offline";
import { OfflinePage } from "./offline";
import { client, codeOf, go, household, keepTyped, language, useAct, useChoice, useLoaded, useSay } from "../state";
import { productName, products } from "../products";

interface Everything {
  own: Household;
  /** The institution's open day. */
  today: string;
  products: Product[];
  loans: Loan[];
  lines: Line[];
  lineProducts: LineProduct[];
  applications: Application[];
}

export function HomePage() {
  const say = useSay();
  const id = household.use();
  const all = useLoaded<Everything>(async () => {
    const base = `/households/${id}`;
    const [own, { open_date }, known, loans, lines, lineProducts, applications] = await Promise.all([
      client.read<Household>(base),
      client.read<Health>("/health"),
      products(),
      client.read<Loan[]>(`${base}/loans`),
      client.read<Line[]>(`${base}/lines`),
      client.read<LineProduct[]>("/line-products"),
      client.read<Application[]>(`${base}/applications`),
    ]);
    offline.remember(own, loans, known, Date.now());
    return { own, today: open_date, products: known, loans, lines, lineProducts, applications: applications.filter(isInHand) };
  }, [id]);
  // No answer came at all: what was known last is more than an error.
  if (all.error && codeOf(all.error) === null && offline.kept.value?.known) return <OfflinePage again={all.again} />;
  const head = all.value?.own.persons.find((person) => person.role === "head") ?? all.value?.own.persons[0];
  const title = head?.name ? say("{name}，您好", "Hello, {name}", { name: head.name }) : say("您好", "Hello");
  return (
    <Screen title={title}>
      {!all.value ? <Loading error={all.error} again={all.again} /> : <Shown all={all.value} again={all.again} />}
      <Choices />
      <SignOut />
    </Screen>
  );
}

/** Where the rest of the pages are, and how large they are written. */
function Choices() {
  const say = useSay();
  const isElder = elder.use();
  return (
    <nav class="card more" aria-label={say("更多", "More")}>
      <a class="row-link" href="#/products"><b>{say("有哪些借款", "Which loans there are")}</b><Icon name="forward" /></a>
      <a class="row-link" href="#/stand"><b>{say("担保", "Guarantees")}</b><Icon name="forward" /></a>
      <a class="row-link" href="#/mine"><b>{say("我的信息和评级", "My data and rating")}</b><Icon name="forward" /></a>
      <button type="button" class="row-link" aria-pressed={isElder} onClick={() => chooseElder(!isElder)}>
        <b>{isElder ? say("改回普通字", "Usual letters") : say("大字，少一些内容", "Large letters, fewer things")}</b>
      </button>
    </nav>
  );
}

/** Somebody asked the household to stand for a debt: it is told before anything else, and reads on a page of its own. */
function AskedToStand() {
  const say = useSay();
  const loaded = useLoaded(() => client.read<Guarantee[]>(`/households/${household.value}/guarantees`));
  const asked = loaded.value?.find((one) => one.text);
  if (!asked) return null;
  return (
    <section class="card due now">
      <h2>{say("{name}请您担保 {amount}", "{name} asks you to stand for {amount}", { name: asked.other_name ?? "—", amount: yuan(asked.amount) })}</h2>
      <LinkKey to="/stand">{say("看看担保什么", "See what for")}</LinkKey>
    </section>
  );
}

/** Repayments that were written down without a network: done now if the person says so, on what is owed now. */
function Waiting({ again }: { again: () => void }) {
  const say = useSay();
  const act = useAct();
  const intents = offline.kept.use()?.intents ?? [];
  if (intents.length === 0) return null;
  const send = (intent: Intent) =>
    act.run(async () => {
      const told = say("还款 {amount}", "repayment of {amount}", { amount: yuan(intent.amount, true) });
      await client.write(`/households/${household.value}/loans/${intent.loan}/repayments`, { amount: intent.amount }, { told, id: intent.id });
      offline.drop(intent.id);
      again();
    });
  return (
    <section class="card due now">
      <h2>{say("等网络的还款", "Repayments that waited")}</h2>
      {intents.map((intent) => (
        <div key={intent.id}>
          <p>{say("没有网络时记下的还款 {amount}，还没有办。", "A repayment of {amount}, written down without a network and not done yet.", { amount: yuan(intent.amount, true) })}</p>
          <Key isBusy={act.isBusy} onClick={() => send(intent)}>{say("现在还 {amount}", "Repay {amount} now", { amount: yuan(intent.amount, true) })}</Key>
          <Key kind="quiet" onClick={() => offline.drop(intent.id)}>{say("不还了", "Drop it")}</Key>
        </div>
      ))}
      <Trouble error={act.error} />
    </section>
  );
}

function Shown({ all, again }: { all: Everything; again: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const { today } = all;
  const open = all.loans.filter((loan) => loan.status !== "closed");
  const closed = all.loans.length - open.length;
  const isElder = elder.use();
  return (
    <>
      <Unanswered again={again} />
      <AskedToStand />
      <Waiting again={again} />
      {open.filter((loan) => loan.next_due).sort((a, b) => (a.next_due ?? "").localeCompare(b.next_due ?? "")).slice(0, 1).map((loan) => (
        <NextDue key={loan.loan} loan={loan} today={today} name={productName(all.products, loan.product, chosen)} />
      ))}
      {all.loans.length > 0 && (
        <a class="card row-link" href="#/messages">
          <span>
            <b>{say("消息", "Messages")}</b>
            <small>{say("还款提醒和扣款通知", "Reminders, and what was taken from your wallet")}</small>
          </span>
          <Icon name="forward" />
        </a>
      )}
      {all.applications.map((application) => (
        <a class="card row-link" key={application.application} href={`#/applications/${application.application}`}>
          <span>
            <b>{say("申请 {amount}", "Application for {amount}", { amount: yuan(application.asked) })}</b>
            <small>{term("status", application.status, chosen)}</small>
          </span>
          <Icon name="forward" />
        </a>
      ))}
      {all.lines.map((line) => (
        <a class="card row-link" key={line.line} href={`#/lines/${line.line}`}>
          <span>
            <b>
              {line.status === "closed"
                ? say("消费额度（已关闭）", "Purchase line (closed)")
                : say("消费额度还可用 {amount}", "Purchase line: {amount} available", { amount: yuan(line.available, true) })}
            </b>
            <small>
              {(parseFen(line.billed) ?? 0) > 0 && line.due
                ? say("账单 {amount}，{day}到期", "{amount} on the statement, due {day}", { amount: yuan(line.billed, true), day: shortDay(line.due, chosen, today) })
                : say("没有要还的账单", "Nothing to pay now")}
            </small>
          </span>
          <Icon name="forward" />
        </a>
      ))}
      {!isElder && all.lineProducts.length > 0 && all.lines.every((line) => line.status === "closed") && (
        <a class="card row-link" href="#/lines/open">
          <span>
            <b>{say("开通消费额度", "Open a purchase line")}</b>
            <small>{say("在合作商店先用后还", "Buy at partner shops, pay with the statement")}</small>
          </span>
          <Icon name="forward" />
        </a>
      )}
      <Available household={all.own.household} products={all.products} />
      <section class="card">
        <h2>{all.own.is_memo_account ? say("记账户", "Memo account") : say("我的钱包", "My wallet")}</h2>
        <p class="sum">{yuan(all.own.wallet.balance, true)}</p>
        {parseFen(all.own.wallet.held) !== 0 && <p class="hint">{say("其中 {held} 正在转出", "{held} of it is on its way out", { held: yuan(all.own.wallet.held, true) })}</p>}
        <div class="keys-in-row">
          <LinkKey to="/wallet" kind="plain">{say("明细", "Entries")}</LinkKey>
          <LinkKey to="/wallet/transfer" kind="plain">{say("转账", "Transfer")}</LinkKey>
          <LinkKey to="/wallet/withdraw" kind="plain">{say("取钱", "Withdraw")}</LinkKey>
        </div>
      </section>
      {all.loans.length > 0 && (
        <section class="card">
          <h2>{say("我的借款", "My loans")}</h2>
          {[...open, ...all.loans.filter((loan) => loan.status === "closed")].map((loan) => (
            <a class="row-link" key={loan.loan} href={`#/loans/${loan.loan}`}>
              <span>
                <b>{yuan(loan.status === "closed" ? loan.principal : loan.outstanding, true)}</b>
                <small>
                  {productName(all.products, loan.product, chosen)}
                  {" · "}
                  {loan.status === "closed" ? say("已还清", "Paid off") : say("没还的本金", "Principal left")}
                </small>
              </span>
              <Icon name="forward" />
            </a>
          ))}
          {closed > 0 && open.length === 0 && <p class="hint">{say("都还清了，谢谢您守信用。", "All paid off. Thank you.")}</p>}
        </section>
      )}
    </>
  );
}

/** Whether somebody has still to do something about an application. */
function isInHand(application: Application): boolean {
  return ["approved", "referred"].includes(application.status) || (application.status === "signed" && !application.loan);
}

function NextDue({ loan, today, name }: { loan: Loan; today: string; name: string }) {
  const say = useSay();
  const chosen = language.use();
  const days = daysBetween(today, loan.next_due ?? today);
  const isNow = (parseFen(loan.due_today) ?? 0) > 0;
  return (
    <section class={isNow ? "card due now" : "card due"}>
      <h2>{isNow ? say("该还钱了", "Due now") : say("下一次还款", "Next repayment")}</h2>
      {isNow && <p class="sum">{yuan(loan.due_today, true)}</p>}
      <p class="lead">
        {shortDay(loan.next_due, chosen, today)}
        {days > 0 ? say("，还有 {n} 天", ", in {n} days", { n: days }) : days === 0 ? say("，就是今天", ", today") : say("，过了 {n} 天", ", {n} days ago", { n: -days })}
        <small>{name}</small>
      </p>
      <LinkKey to={isNow ? `/loans/${loan.loan}/repay` : `/loans/${loan.loan}`} kind={isNow ? "main" : "plain"}>
        {isNow ? say("去还款", "Repay") : say("看还款计划", "See the schedule")}
      </LinkKey>
    </section>
  );
}

/** What can be borrowed at once. It takes the server longest to work out, so that nothing else on the page waits for it. */
function Available({ household: id, products: known }: { household: string; products: Product[] }) {
  const say = useSay();
  const limits = useLoaded(() => client.read<Limits>(`/households/${id}/limits`), [id]);
  return (
    <section class="card">
      <h2>{say("现在能借", "You can borrow now")}</h2>
      {limits.value ? <Limit limits={limits.value} products={known} /> : limits.error ? <Loading error={limits.error} again={limits.again} /> : <p class="hint" role="status">{say("正在算……", "Working it out…")}</p>}
    </section>
  );
}

/** The largest sum first, then each product with its reasons. */
function Limit({ limits, products: known }: { limits: Limits; products: Product[] }) {
  const say = useSay();
  // What holds for all products is said once.
  const codes = limits.products.map((one) => new Set(one.reasons.map((reason) => reason.code)));
  const isForAll = (code: string) => limits.products.length > 1 && codes.every((some) => some.has(code)) && sameWords(limits, code);
  const forAll = (limits.products[0]?.reasons ?? []).filter((reason) => isForAll(reason.code));
  const isElder = elder.use();
  // Reasons are told of the largest limit; those of each product stand with it.
  const most = limits.products.reduce<ProductLimit | undefined>((one, other) => (one && fenOf(one) >= fenOf(other) ? one : other), undefined);
  const best = limits.products.reduce((most, one) => Math.max(most, fenOf(one)), 0);
  return (
    <>
      {best > 0 ? (
        <>
          <p class="sum">
            <small>{say("最多", "up to")} </small>
            {yuan(best)}
          </p>
          <LinkKey to="/borrow">{say("我要借钱", "Borrow")}</LinkKey>
        </>
      ) : (
        <>
          <p class="lead">{say("电脑现在还定不了额度，可以先申请，请工作人员来看。", "A limit cannot be set by machine yet. You can apply, and a person will look at it.")}</p>
          <LinkKey to="/borrow">{say("我要申请", "Apply")}</LinkKey>
        </>
      )}
      <Reasons reasons={[...forAll, ...(most?.reasons ?? []).filter((reason) => !isForAll(reason.code))]} />
      {!isElder && (
        <details>
          <summary class="text-key">{say("每种借款能借多少", "How much of each loan")}</summary>
          <ul class="products">
            {limits.products.map((limit) => (
              <OneLimit key={limit.product} limit={{ ...limit, reasons: limit.reasons.filter((reason) => !isForAll(reason.code)) }} product={known.find((product) => product.code === limit.product)} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function sameWords(limits: Limits, code: string): boolean {
  return new Set(limits.products.map((one) => one.reasons.find((reason) => reason.code === code)?.zh)).size === 1;
}

function OneLimit({ limit, product }: { limit: ProductLimit; product?: Product }) {
  const say = useSay();
  const choice = useChoice();
  const chosen = language.use();
  const fen = fenOf(limit);
  return (
    <li>
      <p class="product">
        <b>{product ? choice({ zh: product.name_zh, en: product.name_en }) : limit.product}</b>
        <span>{fen > 0 ? say("可借 {amount}", "up to {amount}", { amount: yuan(decimal(fen)) }) : limit.outcome === "decline" ? say("暂时不能借", "not now") : say("请人工看", "a person decides")}</span>
      </p>
      <p class="hint">
        {product && term("method", product.method, chosen)}
        {limit.rate && say("，年利率 {rate}", ", {rate} a year", { rate: percent(limit.rate) })}
      </p>
      <Reasons reasons={limit.reasons} />
    </li>
  );
}

function fenOf(limit: ProductLimit): number {
  return ["approve", "less"].includes(limit.outcome) ? (parseFen(limit.available) ?? 0) : 0;
}

/** Writes whose answer got lost: they are asked for again under their own id. */
function Unanswered({ again }: { again: () => void }) {
  const say = useSay();
  const act = useAct();
  const lost = client.unanswered();
  if (lost.length === 0) return null;
  const ask = (pending: Pending) =>
    act.run(async () => {
      try {
        await client.again(pending);
      } finally {
        again();
      }
    });
  return (
    <section class="card due now">
      <h2>{say("有事情没收到回音", "No answer came to this")}</h2>
      <p>{say("上次网络断了，不知道办成没有。点一下就查清楚，不会办两次。", "The connection failed. Tap to find out; nothing is done twice.")}</p>
      {lost.map((pending) => (
        <Key key={pending.id} kind="plain" isBusy={act.isBusy} onClick={() => ask(pending)}>
          {say("查清楚：{what}", "Find out: {what}", { what: pending.told ?? pending.path })}
        </Key>
      ))}
      <Trouble error={act.error} />
    </section>
  );
}

function SignOut() {
  const say = useSay();
  const act = useAct();
  const leave = () =>
    act.run(async () => {
      await client.write("/sessions", undefined, { method: "DELETE", secret: true });
      client.forget();
      keepTyped("borrow", null);
      keepTyped("line", null);
      offline.forget();
      household.set(null);
      go("/", "replace");
    });
  return (
    <>
      <Trouble error={act.error} />
      <Key kind="quiet" isBusy={act.isBusy} onClick={leave}>{say("退出登录", "Sign out")}</Key>
    </>
  );
}
