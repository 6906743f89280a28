// Finding a household by phone or village, and one with its account and loans.

import { useState } from "preact/hooks";
import type { Application, Entries, Facility, Household, HouseholdFound, Line, Loan, LoanDetail, Product, Rating } from "../../../shared/bodies";
import { Refused } from "../../../shared/client";
import { day } from "../../../shared/dates";
import { isMobile, plainId } from "../../../shared/identity";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import type { At } from "../menu";
import { Facts, Field, Form, Good, Key, Loading, Table, Title, Trouble } from "../parts";
import { LooksCard } from "../looks";
import { PreliminaryCard } from "../preliminary";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";
import { type Lived, type Moment, timeline } from "../timeline";
import { FacilityCard } from "./facility";
import { HouseholdMoney } from "./household-money";
import { shortId } from "../short-id";
import { RequestsCard } from "./requests";
import { LoanTable } from "./loans";
import { ApplicationsCard, PapersPage } from "./papers";

/** Loans whose events are told on a household's page: the latest. */
const LOANS_TOLD = 20;
/** Entries of the wallet in the table; the order of time has all that were read. */
const LATEST = 20;
/** Moments shown at once. */
const MOMENTS = 15;

/** The last search, so that going back to it does not lose it. */
const last = { phone: "", village: "", found: null as HouseholdFound[] | null };

export default function Households({ id, part }: At) {
  if (id && part) return <PapersPage key={part} household={id} contract={part} />;
  return id ? <HouseholdPage key={id} id={id} /> : <HouseholdsPage />;
}

function HouseholdsPage() {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const [phone, setPhone] = useState(last.phone);
  const [village, setVillage] = useState(last.village);
  const [found, setFound] = useState(last.found);
  const [wrong, setWrong] = useState<string | null>(null);
  const search = () => {
    if (phone.trim() && !isMobile(phone)) return setWrong(say("手机号要 11 位", "A mobile number has 11 digits"));
    if (!phone.trim() && !village.trim()) return setWrong(say("请填手机号或村名", "Please give a phone or a village"));
    setWrong(null);
    return void act.run(async () => {
      const asked = new URLSearchParams();
      if (phone.trim()) asked.set("phone", plainId(phone));
      if (village.trim()) asked.set("village", village.trim());
      const list = await client.read<HouseholdFound[]>(`/office/households?${asked}`);
      Object.assign(last, { phone, village, found: list });
      setFound(list);
    });
  };
  return (
    <>
      <Title>{say("查农户", "Households")}</Title>
      <Form onSubmit={search} kind="form search">
        <Field label={say("手机号", "Phone")} value={phone} onInput={setPhone} type="tel" maxLength={13} />
        <Field label={say("村名", "Village")} value={village} onInput={setVillage} maxLength={60} />
        <Key submit isBusy={act.isBusy}>{say("查找", "Search")}</Key>
      </Form>
      <Trouble error={wrong ?? act.error} wasWrite={false} />
      {found && (
        <Table
          empty={say("没有找到。请核对手机号，或写全村名。", "Nobody was found. Check the phone, or give the village in full.")}
          columns={[{ words: say("户主", "Head") }, { words: say("村", "Village") }, { words: say("手机", "Phone") }, { words: say("开户日", "Enrolled") }, { words: say("编号", "Id") }]}
          rows={found.map((one) => ({
            key: one.household,
            cells: [
              <a class="inline" href={`#/households/${one.household}`}>{one.name ?? shortId(one.household)}</a>,
              one.village,
              one.phone_masked ?? "—",
              day(one.enrolled_on, chosen),
              <span class="id">{shortId(one.household)}</span>,
            ],
          }))}
        />
      )}
    </>
  );
}

function HouseholdPage({ id }: { id: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const loaded = useLoaded(async () => {
    const base = `/households/${id}`;
    const [own, entries, loans, applications, products, lines, rating, facility] = await Promise.all([
      client.read<Household>(base),
      client.read<Entries>(`${base}/entries?limit=100`),
      client.read<Loan[]>(`${base}/loans`),
      client.read<Application[]>(`${base}/applications`),
      client.read<Product[]>("/products"),
      client.read<Line[]>(`${base}/lines`),
      may(role, "see_rating") ? client.read<Rating>(`${base}/rating`) : Promise.resolve(null),
      orNothing(client.read<Facility>(`${base}/facility`)),
    ]);
    const details = await Promise.all(loans.slice(-LOANS_TOLD).map((loan) => client.read<LoanDetail>(`${base}/loans/${loan.loan}`)));
    return { own, entries, loans, applications, products, lines, rating, facility, details };
  }, [id]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const { own, entries, loans, applications, products, lines, rating, facility, details } = loaded.value;
  const head = own.persons.find((person) => person.role === "head") ?? own.persons[0];
  return (
    <>
      <p><a class="inline" href="#/households">{say("← 回到查找", "← Back to the search")}</a></p>
      <Title note={<span class="id">{own.household}</span>}>{say("{name}家", "Household of {name}", { name: head?.name ?? shortId(own.household) })}</Title>
      <div class="columns">
        <section class="card">
          <h2>{own.is_memo_account ? say("记账户", "Memo account") : say("钱包", "Wallet")}</h2>
          <Facts
            rows={[
              [say("余额", "Balance"), <b>{yuan(own.wallet.balance, true, own.wallet.currency)}</b>],
              [say("可用", "Available"), yuan(own.wallet.available, true, own.wallet.currency)],
              [say("转出途中", "Held"), yuan(own.wallet.held, true, own.wallet.currency)],
              [say("村", "Village"), own.village],
              [say("状态", "Status"), term("household", own.status, chosen)],
              ...own.persons.map((person) => [term("member", person.role, chosen), `${person.name ?? "—"} ${person.phone_masked ?? ""}`] as const),
            ]}
          />
        </section>
        {may(role, "top_up") && <TopUp household={own.household} onDone={loaded.again} />}
      </div>
      {rating && <RatingCard rating={rating} />}
      <FacilityCard household={own.household} />
      <PreliminaryCard household={own.household} />
      <Timeline lived={{ household: own.household, applications, loans: details, entries: entries.items, rating, facility, lines }} />
      <RequestsCard own={own} />
      <HouseholdMoney household={own.household} />
      {may(role, "see_looks") && <LooksCard household={own.household} />}
      <ApplicationsCard household={own.household} applications={applications} products={products} />
      <section class="card">
        <h2>{say("借款", "Loans")}</h2>
        <LoanTable loans={loans} products={products} />
      </section>
      <section class="card">
        <h2>{say("最近收支", "Latest entries")}</h2>
        <p class="hint">
          {say("本月对账单（钱包和借款）：", "This month's statement (wallet and loans): ")}
          <a class="inline" href={`/api/v1/households/${own.household}/statement?of=household&form=xlsx`} download>Excel</a>{" "}
          <a class="inline" href={`/api/v1/households/${own.household}/statement?of=household&form=csv`} download>CSV</a>
        </p>
        <Table
          empty={say("还没有。", "Nothing yet.")}
          columns={[
            { words: say("起息日", "Value date") },
            { words: say("记账日", "Booked") },
            { words: say("什么事", "What") },
            { words: say("说明", "Memo") },
            { words: say("金额", "Amount"), isAmount: true },
            { words: say("分录号", "Entry") },
          ]}
          rows={entries.items.slice(0, LATEST).map((entry) => ({
            key: entry.entry,
            cells: [
              day(entry.value_date, chosen),
              day(entry.booking_date, chosen),
              chosen === "zh" ? entry.kind_zh : entry.kind_en,
              entry.memo ?? "",
              yuan(entry.amount, true),
              <span class="id">{entry.entry}</span>,
            ],
          }))}
        />
      </section>
    </>
  );
}

/** The page shows a household without a facility too. */
async function orNothing<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Refused && error.problem.status === 404) return null;
    throw error;
  }
}

function RatingCard({ rating }: { rating: Rating }) {
  const say = useSay();
  const chosen = language.use();
  const words = (causes: Rating["reasons"]) => causes.map((cause) => (chosen === "zh" ? cause.zh : cause.en)).join(say("、", "; ")) || "—";
  return (
    <section class="card">
      <h2>{say("评级", "Rating")}</h2>
      <Facts
        rows={[
          [say("现在", "Now"), <b>{rating.rating ?? say("知道的还不够，没有评级", "none: too little is known")}</b>],
          rating.since ? [say("从哪天起", "Since"), day(rating.since, chosen)] : null,
          rating.reasons.length > 0 && [say("主要扣在哪里", "What speaks against it most"), words(rating.reasons)],
        ]}
      />
      {rating.changes.length > 0 && (
        <Table
          empty="—"
          columns={[{ words: say("哪天", "On") }, { words: say("变化", "Change") }, { words: say("变差的", "Worse") }, { words: say("变好的", "Better") }]}
          rows={rating.changes.map((change, place) => ({ key: String(place), cells: [day(change.changed_on, chosen), `${change.before ?? "—"} → ${change.after ?? "—"}`, words(change.worse), words(change.better)] }))}
        />
      )}
    </section>
  );
}

/** What happened to the household, the latest first; a kind can be left out. */
function Timeline({ lived }: { lived: Lived }) {
  const say = useSay();
  const chosen = language.use();
  const [only, setOnly] = useState("");
  const [most, setMost] = useState(MOMENTS);
  const all = timeline(lived, chosen);
  const shown = all.filter((moment) => only === "" || moment.kind === only);
  const names: Record<Moment["kind"], string> = {
    application: say("申请", "Applications"),
    loan: say("借款", "Loans"),
    money: say("收支", "Money"),
    rating: say("评级", "Ratings"),
    facility: say("授信", "Facility"),
    line: say("消费额度", "Lines"),
  };
  const kinds = (Object.keys(names) as Moment["kind"][]).filter((kind) => all.some((moment) => moment.kind === kind));
  return (
    <section class="card">
      <h2>{say("发生过的事，按时间", "Everything in the order of time")}</h2>
      <div class="chips" role="group" aria-label={say("看哪一类", "Which kind")}>
        {["", ...kinds].map((kind) => (
          <button type="button" key={kind} class={kind === only ? "chip is-on" : "chip"} aria-pressed={kind === only} onClick={() => setOnly(kind)}>{kind === "" ? say("全部", "All") : names[kind as Moment["kind"]]}</button>
        ))}
      </div>
      {shown.length === 0 && <p class="hint">{say("还没有。", "Nothing yet.")}</p>}
      <ol class="timeline">
        {shown.slice(0, most).map((moment, place) => (
          <li key={`${moment.at}-${place}`} class={`moment ${moment.kind}`}>
            <time dateTime={moment.at.slice(0, 10)}>{day(moment.at, chosen)}</time>
            {moment.to ? <a class="inline" href={moment.to}>{moment.words}</a> : <span>{moment.words}</span>}
          </li>
        ))}
      </ol>
      {shown.length > most && <Key kind="plain" onClick={() => setMost(most + MOMENTS)}>{say("看更早的", "Earlier ones")}</Key>}
    </section>
  );
}

function TopUp({ household, onDone }: { household: string; onDone: () => void }) {
  const say = useSay();
  const act = useAct();
  const [amount, setAmount] = useState("");
  const [reference, setReference] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const submit = () => {
    const fen = parseFen(amount);
    if (fen === null || fen <= 0) return setWrong(say("请填金额", "Please give the amount"));
    if (!reference.trim()) return setWrong(say("请填凭据号或说明", "Please give the receipt"));
    setWrong(null);
    setDone(null);
    return void act.run(async () => {
      await client.write(`/households/${household}/topups`, { amount: decimal(fen), reference: reference.trim() }, { told: say("存入 {amount}", "{amount} paid in", { amount: yuan(fen, true) }) });
      setAmount("");
      setReference("");
      setDone(say("已存入 {amount}。", "{amount} paid in.", { amount: yuan(fen, true) }));
      onDone();
    });
  };
  return (
    <section class="card">
      <h2>{say("存入钱包", "Pay into the wallet")}</h2>
      <Form onSubmit={submit}>
        <Field label={say("存入金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} />
        <Field label={say("凭据号或说明", "Receipt or note")} value={reference} onInput={setReference} maxLength={100} />
        <Trouble error={wrong ?? act.error} />
        {done && <Good>{done}</Good>}
        <Key submit isBusy={act.isBusy}>{say("存入", "Pay in")}</Key>
      </Form>
    </section>
  );
}
