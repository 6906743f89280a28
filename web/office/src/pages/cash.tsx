// Cash at the window: a clerk's drawer from the morning's count to the evening's, and what the office does with drawers and the vault.

import { useEffect, useState } from "preact/hooks";
import type { Cash, CashDifference, CashSlip, Drawer, DrawerDay, HouseholdFound, Loan, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { counted, piecesOf } from "../count";
import { Facts, Field, Form, Good, Key, Loading, LongField, Select, Table, TextKey, Tick, Title, Trouble } from "../parts";
import { client, language, staff, useAct, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";

/** How often the drawer is asked whether a slip is booked, and how long to wait between. */
const TRIES = 20;
const PAUSE_MS = 500;

export default function CashPage() {
  const say = useSay();
  const role = useRole();
  const who = staff.use();
  const loaded = useLoaded(() => client.read<Cash>("/office/drawers"));
  const own = loaded.value?.drawers.find((one) => one.clerk && one.clerk === who?.staff && one.state !== "retired");
  const isClerk = may(role, "work_drawer");
  return (
    <>
      <Title note={isClerk ? say("早上清点开箱，晚上清点锁箱，都要另一位同事在场批准。", "Counted when it is opened and when it is closed, each time before a colleague who approves.") : say("现金都在尾箱和库房里，合计等于库存现金科目。", "All cash lies in drawers and the vault: together they are the subject of cash.")}>
        {say("现金和尾箱", "Cash and drawers")}
      </Title>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : isClerk ? (
        own ? <OwnDrawer key={own.drawer} id={own.drawer} cash={loaded.value} onDone={loaded.again} /> : <p class="hint empty">{say("您名下没有尾箱，请会计登记一个。", "No drawer is yours: ask the accountant for one.")}</p>
      ) : (
        <Office cash={loaded.value} onDone={loaded.again} />
      )}
    </>
  );
}

function OwnDrawer({ id, cash, onDone }: { id: string; cash: Cash; onDone: () => void }) {
  const say = useSay();
  const loaded = useLoaded(() => client.read<DrawerDay>(`/office/drawers/${id}`), [id]);
  const again = () => {
    loaded.again();
    onDone();
  };
  if (!loaded.value) return <section class="card"><Loading error={loaded.error} again={loaded.again} /></section>;
  const { drawer, denominations } = loaded.value;
  const base = `/office/drawers/${id}`;
  if (drawer.state !== "open") {
    return (
      <>
        <Standing of={loaded.value} />
        <Open base={base} drawer={drawer} denominations={denominations} onDone={again} />
      </>
    );
  }
  const others = cash.drawers.filter((one) => one.state === "open" && !one.vault && one.drawer !== id);
  return (
    <>
      {drawer.over_limit && <p class="notice bad" role="status">{say("尾箱现金超过限额 {limit}，请把多的交回库房。", "The drawer holds more than its limit of {limit}: hand the rest to the vault.", { limit: yuan(drawer.limit, true) })}</p>}
      <Standing of={loaded.value} />
      <Customer base={base} drawer={drawer} onDone={again} />
      <Slips slips={loaded.value.slips} />
      <div class="columns">
        <Move base={base} drawer={drawer} others={others} onDone={again} />
        <Close base={base} drawer={drawer} denominations={denominations} onDone={again} />
      </div>
    </>
  );
}

function Standing({ of }: { of: DrawerDay }) {
  const say = useSay();
  const chosen = language.use();
  const { drawer } = of;
  return (
    <section class="card">
      <h2>{drawer.name}</h2>
      <Facts
        rows={[
          [say("状态", "State"), <b>{term("drawer", drawer.state, chosen)}</b>],
          [say("应有现金", "Should hold"), <b>{yuan(drawer.balance, true)}</b>],
          drawer.limit ? [say("限额", "Limit"), yuan(drawer.limit, true)] : null,
          [say("今天存入", "Paid in today"), yuan(of.paid_in, true)],
          [say("今天支取", "Paid out today"), yuan(of.paid_out, true)],
        ]}
      />
    </section>
  );
}

/** A count by denomination; empty fields are none. */
function Count({ denominations, pieces, onChange }: { denominations: string[]; pieces: Record<string, string>; onChange: (pieces: Record<string, string>) => void }) {
  const say = useSay();
  return (
    <fieldset class="count">
      <legend>{say("按券别清点（张数或枚数）", "Count by denomination (pieces)")}</legend>
      <div class="columns even">
        {denominations.map((one) => (
          <Field key={one} label={yuan(one, true)} value={pieces[one] ?? ""} onInput={(value) => onChange({ ...pieces, [one]: value })} decimal maxLength={8} />
        ))}
      </div>
      <p class="notice" role="status">{say("清点合计 {sum}", "Counted {sum}", { sum: yuan(counted(pieces), true) })}</p>
    </fieldset>
  );
}

function Open({ base, drawer, denominations, onDone }: { base: string; drawer: Drawer; denominations: string[]; onDone: () => void }) {
  const say = useSay();
  const [pieces, setPieces] = useState<Record<string, string>>({});
  const [handed, setHanded] = useState("");
  const fromVault = parseFen(handed || "0") ?? -1;
  const expected = (parseFen(drawer.balance) ?? 0) + fromVault;
  const check = () => {
    if (fromVault < 0) return say("请填库房交来的金额，没有就空着", "Please give what the vault hands over, or leave it empty");
    if (piecesOf(pieces) === null) return say("张数只能是整数", "Pieces are whole numbers");
    if (counted(pieces) !== expected) return say("清点 {sum}，应有 {expected}：请重点。还对不上，请办公室查库。", "Counted {sum}, {expected} should be there: count again. Where it stays so, have the office check it.", { sum: yuan(counted(pieces), true), expected: yuan(expected, true) });
    return null;
  };
  return (
    <WriteCard
      title={say("开箱", "Open the drawer")}
      words={say("提交，请在场的同事批准", "Propose: a colleague who is here approves")}
      check={check}
      send={async () => {
        const body = { step: "open", pieces: piecesOf(pieces) ?? [], ...(fromVault > 0 ? { amount: decimal(fromVault) } : {}) };
        await client.write<Receipt>(`${base}/steps`, body, { told: say("开箱 {sum}", "opening with {sum}", { sum: yuan(counted(pieces), true) }) });
        onDone();
        return say("已提交。同事在“待批准”里批准后，尾箱就打开了。", "Proposed. The drawer is open as soon as a colleague has approved it.");
      }}
    >
      <p class="hint">{say("箱里昨晚锁着 {locked}，加上库房今天交来的，就是应有现金。", "{locked} was locked in it; with what the vault hands over today it is what should be there.", { locked: yuan(drawer.balance, true) })}</p>
      <Field label={say("库房交来（元）", "From the vault (yuan)")} value={handed} onInput={setHanded} decimal maxLength={14} />
      <Count denominations={denominations} pieces={pieces} onChange={setPieces} />
    </WriteCard>
  );
}

function Close({ base, drawer, denominations, onDone }: { base: string; drawer: Drawer; denominations: string[]; onDone: () => void }) {
  const say = useSay();
  const [pieces, setPieces] = useState<Record<string, string>>({});
  const [handed, setHanded] = useState("");
  const [isSure, setSure] = useState(false);
  const toVault = parseFen(handed || "0") ?? -1;
  const sum = counted(pieces);
  const differs = sum - (parseFen(drawer.balance) ?? 0);
  const check = () => {
    if (toVault < 0) return say("请填交回库房的金额，不交就空着", "Please give what goes to the vault, or leave it empty");
    if (piecesOf(pieces) === null) return say("张数只能是整数", "Pieces are whole numbers");
    if (toVault > sum) return say("交回库房的比清点的还多", "More goes to the vault than is counted");
    if (differs !== 0 && !isSure) return say("清点和账面差 {fen}。请重点一遍；确实如此，勾上“已重点”。", "The count differs by {fen}. Count again; if it stays so, tick the box.", { fen: yuan(differs, true) });
    return null;
  };
  return (
    <WriteCard
      title={say("轧账锁箱", "Count and close")}
      words={say("提交，请在场的同事批准", "Propose: a colleague who is here approves")}
      kind="grave"
      check={check}
      send={async () => {
        const body = { step: "close", pieces: piecesOf(pieces) ?? [], ...(toVault > 0 ? { amount: decimal(toVault) } : {}) };
        await client.write<Receipt>(`${base}/steps`, body, { told: say("锁箱 {sum}", "closing with {sum}", { sum: yuan(sum, true) }) });
        onDone();
        return differs === 0
          ? say("已提交，批准后锁箱。", "Proposed: it is closed once approved.")
          : say("已提交。批准后锁箱，差额先挂账，会有人来查。", "Proposed. It is closed once approved; the difference is booked apart, and somebody looks into it.");
      }}
    >
      <Count denominations={denominations} pieces={pieces} onChange={setPieces} />
      <Field label={say("交回库房（元），其余锁在箱里", "To the vault (yuan); the rest stays locked in the drawer")} value={handed} onInput={setHanded} decimal maxLength={14} />
      <Tick isOn={isSure} onChange={setSure}>{say("已经重点过一遍", "I have counted twice")}</Tick>
    </WriteCard>
  );
}

function Move({ base, drawer, others, onDone }: { base: string; drawer: Drawer; others: Drawer[]; onDone: () => void }) {
  const say = useSay();
  const [where, setWhere] = useState("");
  const [amount, setAmount] = useState("");
  const fen = parseFen(amount) ?? 0;
  const options = [
    ["from_vault", say("从库房领", "From the vault")] as const,
    ["to_vault", say("交回库房", "To the vault")] as const,
    ...others.map((one) => [one.drawer, say("给 {name}", "To {name}", { name: one.name })] as const),
  ];
  return (
    <WriteCard
      title={say("领款和交款", "Cash from and to others")}
      words={say("提交，请对方批准", "Propose: whoever is on the other side approves")}
      check={() => {
        if (!where) return say("请选从哪里领、交给谁", "Please choose from or to where");
        if (fen <= 0) return say("请填金额", "Please give the amount");
        if (where !== "from_vault" && fen > (parseFen(drawer.balance) ?? 0)) return say("尾箱里没有这么多", "There is less than that in the drawer");
        return null;
      }}
      send={async () => {
        const isVault = where === "from_vault" || where === "to_vault";
        const body = isVault ? { step: where, amount: decimal(fen) } : { step: "give", to: where, amount: decimal(fen) };
        await client.write<Receipt>(`${base}/steps`, body, { told: say("调拨现金 {amount}", "{amount} moved", { amount: yuan(fen, true) }) });
        setAmount("");
        onDone();
        return say("已提交，对方批准后记账。", "Proposed: it is booked once approved.");
      }}
    >
      <Select label={say("从哪里、到哪里", "From or to")} value={where} onChange={setWhere} options={options} isOpen />
      <Field label={say("金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} />
    </WriteCard>
  );
}

/** A household comes to the window: found by phone or village, then cash in, out, or on to a loan. */
function Customer({ base, drawer, onDone }: { base: string; drawer: Drawer; onDone: () => void }) {
  const say = useSay();
  const [asked, setAsked] = useState("");
  const [found, setFound] = useState<HouseholdFound[] | null>(null);
  const [chosen, setChosen] = useState<HouseholdFound | null>(null);
  const act = useAct();
  const search = () =>
    void act.run(async () => {
      const words = asked.trim();
      if (!words) return;
      const key = /^\+?\d[\d ]{5,}$/.test(words) ? "phone" : "village";
      const all = await client.read<HouseholdFound[]>(`/office/households?${key}=${encodeURIComponent(words)}`);
      setFound(all);
      setChosen(all.length === 1 ? (all[0] ?? null) : null);
    });
  if (chosen) return <Pay key={chosen.household} base={base} drawer={drawer} household={chosen} onDone={onDone} onOther={() => setChosen(null)} />;
  return (
    <section class="card">
      <h2>{say("客户存取款、还款", "Cash in, cash out, repayment")}</h2>
      <Form onSubmit={search}>
        <Field label={say("手机号或村名", "Phone or village")} value={asked} onInput={setAsked} maxLength={40} />
        <Trouble error={act.error} wasWrite={false} />
        <Key submit isBusy={act.isBusy}>{say("找客户", "Find")}</Key>
      </Form>
      {found && (
        <Table
          empty={say("没有找到。请核对手机号，或写全村名。", "Nobody was found. Check the phone, or give the village in full.")}
          columns={[{ words: say("户主", "Head") }, { words: say("村", "Village") }, { words: say("手机", "Phone") }, { words: "" }]}
          rows={found.map((one) => ({
            key: one.household,
            cells: [one.name ?? "—", one.village, one.phone_masked ?? "—", <TextKey label={say("选 {name}", "Choose {name}", { name: one.name ?? one.household })} onClick={() => setChosen(one)}>{say("选", "Choose")}</TextKey>],
          }))}
        />
      )}
    </section>
  );
}

function Pay({ base, drawer, household, onDone, onOther }: { base: string; drawer: Drawer; household: HouseholdFound; onDone: () => void; onOther: () => void }) {
  const say = useSay();
  const [what, setWhat] = useState("");
  const [amount, setAmount] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [ended, setEnded] = useState<CashSlip | "waits" | null>(null);
  const act = useAct();
  const loans = useLoaded(() => client.read<Loan[]>(`/households/${household.household}/loans`), [household.household]);
  const open = (loans.value ?? []).filter((loan) => loan.status !== "closed");
  const fen = parseFen(amount) ?? 0;
  const submit = () => {
    setEnded(null);
    const found = !what ? say("请选办什么", "Please choose what to do") : fen <= 0 ? say("请填金额", "Please give the amount") : what === "out" && fen > (parseFen(drawer.balance) ?? 0) ? say("尾箱里没有这么多，先从库房领。", "There is less than that in the drawer: fetch some from the vault first.") : null;
    setWrong(found);
    if (found !== null) return;
    void act.run(async () => {
      const isLoan = what !== "in" && what !== "out";
      const body = { way: what === "out" ? "out" : "in", amount: decimal(fen), ...(isLoan ? { loan: what } : {}) };
      const receipt = await client.write<Receipt>(`/households/${household.household}/cash`, body, { told: say("现金 {amount}", "cash of {amount}", { amount: yuan(fen, true) }) });
      if (receipt.status === "proposed") return setEnded("waits");
      for (let tried = 0; tried < TRIES; tried += 1) {
        const now = await client.read<DrawerDay>(base);
        const slip = now.slips.find((one) => one.slip === receipt.transfer);
        if (slip && slip.state !== "asked") {
          setEnded(slip);
          setAmount("");
          return onDone();
        }
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
      setEnded("waits");
    });
  };
  return (
    <section class="card">
      <h2>{household.name ?? household.household}</h2>
      <p class="hint">{household.village} <TextKey onClick={onOther}>{say("换一位客户", "Another customer")}</TextKey></p>
      <Form onSubmit={submit}>
        <Select
          label={say("办什么", "What")}
          value={what}
          onChange={setWhat}
          isOpen
          options={[
            ["in", say("存现金", "Cash in")] as const,
            ["out", say("取现金", "Cash out")] as const,
            ...open.map((loan) => [loan.loan, say("还借款，现在应还 {due}，还清 {payoff}", "Pay a loan: {due} is due, {payoff} closes it", { due: yuan(loan.due_today, true), payoff: yuan(loan.payoff_today, true) })] as const),
          ]}
        />
        <Field label={say("金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} />
        <Trouble error={wrong ?? act.error} />
        <Key submit isBusy={act.isBusy}>{say("记账", "Book it")}</Key>
      </Form>
      {ended && <Ended slip={ended} />}
    </section>
  );
}

function Ended({ slip }: { slip: CashSlip | "waits" }) {
  const say = useSay();
  const chosen = language.use();
  if (slip === "waits") return <p class="notice" role="status">{say("还没有记账：先不要收付现金，看下面的流水。", "Not booked yet: no cash changes hands until the list below says so.")}</p>;
  if (slip.state === "turned_down") return <Trouble error={say("没有办成（{why}），钱退回原处，不要收付现金。", "It was turned down ({why}): nothing was booked, no cash changes hands.", { why: term("slip_why", slip.why, chosen) })} />;
  return <Good>{slip.way === "in" ? say("已记账：收下 {amount}。", "Booked: take {amount}.", { amount: yuan(slip.amount, true) }) : say("已记账：付给客户 {amount}。", "Booked: hand over {amount}.", { amount: yuan(slip.amount, true) })}</Good>;
}

function Slips({ slips }: { slips: CashSlip[] }) {
  const say = useSay();
  const chosen = language.use();
  return (
    <section class="card">
      <h2>{say("今天的现金流水", "Cash of today")}</h2>
      <Table
        empty={say("今天还没有现金收付。", "No cash today yet.")}
        columns={[{ words: say("客户", "Customer") }, { words: say("收付", "Way") }, { words: say("金额", "Amount"), isAmount: true }, { words: say("状态", "State") }]}
        rows={[...slips].reverse().map((one) => ({
          key: one.slip,
          cells: [
            <a class="inline" href={`#/households/${one.household}`}>{one.name ?? say("看客户", "Customer")}</a>,
            one.way === "out" ? say("取现", "Out") : one.loan ? say("还借款", "Repayment") : say("存现", "In"),
            yuan(one.amount, true),
            one.why ? `${term("slip", one.state, chosen)}（${term("slip_why", one.why, chosen)}）` : term("slip", one.state, chosen),
          ],
        }))}
      />
    </section>
  );
}

function Office({ cash, onDone }: { cash: Cash; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const mayWork = may(role, "check_drawer");
  return (
    <>
      <section class="card">
        <h2>{say("尾箱和库房，合计 {total}", "Drawers and vault, {total} in all", { total: yuan(cash.total, true) })}</h2>
        <Table
          empty={say("还没有尾箱，库房里也没有现金。", "No drawer yet, and nothing in the vault.")}
          columns={[{ words: say("尾箱", "Drawer") }, { words: say("柜员", "Clerk") }, { words: say("状态", "State") }, { words: say("现金", "Cash"), isAmount: true }, { words: say("限额", "Limit"), isAmount: true }, { words: say("提示", "Note") }]}
          rows={cash.drawers.map((one) => ({
            key: one.drawer,
            kind: one.state === "retired" ? "paid" : "",
            cells: [
              one.vault ? say("库房", "Vault") : one.name,
              one.clerk_login ?? "—",
              one.vault ? "—" : term("drawer", one.state, chosen),
              yuan(one.balance, true),
              one.limit ? yuan(one.limit, true) : "—",
              one.over_limit ? say("超限额", "Over its limit") : one.state === "open" && one.left_open_on === cash.open_date ? say("今天不锁", "Stays open today") : "",
            ],
          }))}
        />
      </section>
      <Differences differences={cash.differences} cash={cash} mayClear={mayWork} onDone={onDone} />
      {mayWork && (
        <div class="columns">
          <div>
            <Check cash={cash} onDone={onDone} />
          </div>
          <div>
            {may(role, "set_drawer") && <SetDrawer cash={cash} onDone={onDone} />}
            {may(role, "set_drawer") && <Bank onDone={onDone} />}
            {may(role, "set_drawer") && <LeaveOpen cash={cash} onDone={onDone} />}
          </div>
        </div>
      )}
    </>
  );
}

function Differences({ differences, cash, mayClear, onDone }: { differences: CashDifference[]; cash: Cash; mayClear: boolean; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [which, setWhich] = useState("");
  const [how, setHow] = useState("");
  const [where, setWhere] = useState("vault");
  const [reason, setReason] = useState("");
  const open = cash.drawers.filter((one) => one.state === "open" && !one.vault);
  useEffect(() => setWhich(""), [differences.length]);
  if (differences.length === 0) return null;
  const named = (one: CashDifference) => `${one.drawer_name} ${day(one.on_day, chosen)} ${yuan(one.amount, true)}`;
  return (
    <>
      <section class="card">
        <h2>{say("待处理长短款", "Differences to be cleared")}</h2>
        <Table
          empty="—"
          columns={[{ words: say("尾箱", "Drawer") }, { words: say("柜员", "Clerk") }, { words: say("哪天", "On") }, { words: say("长款（负数是短款）", "Too much (less than nothing: too little)"), isAmount: true }]}
          rows={differences.map((one) => ({ key: one.difference, cells: [one.drawer_name, one.clerk_login ?? "—", day(one.on_day, chosen), yuan(one.amount, true)] }))}
        />
      </section>
      {mayClear && (
        <WriteCard
          title={say("处理一笔长短款", "Clear a difference")}
          words={say("提交，等第二个人批准", "Propose")}
          check={() => (!which ? say("请选哪一笔", "Please choose which") : !how ? say("请选怎么处理", "Please choose how") : !reason.trim() ? say("请写明查清了什么", "Please say what was found") : null)}
          send={async () => {
            await client.write<Receipt>(`/office/drawers/${how === "cash" ? where : "vault"}/steps`, { step: "clear", difference: which, how, reason: reason.trim() }, { told: say("处理长短款", "clearing a difference") });
            setReason("");
            onDone();
            return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
          }}
        >
          <Select label={say("哪一笔", "Which")} value={which} onChange={setWhich} isOpen options={differences.map((one) => [one.difference, named(one)] as const)} />
          <Select label={say("怎么处理", "How")} value={how} onChange={setHow} isOpen options={[["cash", say("现金：短款补上，长款退给失主", "Cash: made good, or given back")], ["profit", say("转营业外收入或支出", "Income or loss of the institution")]]} />
          {how === "cash" && <Select label={say("现金进出哪里", "Which drawer")} value={where} onChange={setWhere} options={[["vault", say("库房", "The vault")], ...open.map((one) => [one.drawer, one.name] as const)]} />}
          <LongField label={say("查清了什么，凭什么", "What was found, and on what grounds")} value={reason} onInput={setReason} maxLength={300} />
        </WriteCard>
      )}
    </>
  );
}

function Check({ cash, onDone }: { cash: Cash; onDone: () => void }) {
  const say = useSay();
  const [which, setWhich] = useState("");
  const [pieces, setPieces] = useState<Record<string, string>>({});
  const [isClosed, setClosed] = useState(false);
  const known = cash.drawers.filter((one) => one.state !== "retired" && !one.vault);
  const isOpen = known.some((one) => one.drawer === which && one.state === "open");
  return (
    <WriteCard
      title={say("查库", "Count a drawer or the vault")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (!which ? say("请选查哪里", "Please choose where") : piecesOf(pieces) === null ? say("张数只能是整数", "Pieces are whole numbers") : null)}
      send={async () => {
        const body = { step: "check", pieces: piecesOf(pieces) ?? [], close: isOpen && isClosed };
        await client.write<Receipt>(`/office/drawers/${which}/steps`, body, { told: say("查库 {sum}", "a count of {sum}", { sum: yuan(counted(pieces), true) }) });
        setPieces({});
        onDone();
        return say("已提交；和账面不一样的，批准后挂账并立案。", "Proposed. What differs is booked apart once approved, and opens a case.");
      }}
    >
      <Select label={say("查哪里", "Where")} value={which} onChange={setWhich} isOpen options={[["vault", say("库房", "The vault")], ...known.map((one) => [one.drawer, one.name] as const)]} />
      <Count denominations={cash.denominations} pieces={pieces} onChange={setPieces} />
      {isOpen && <Tick isOn={isClosed} onChange={setClosed}>{say("柜员不在，查后锁箱", "Close it with the count: its clerk is not here")}</Tick>}
    </WriteCard>
  );
}

function SetDrawer({ cash, onDone }: { cash: Cash; onDone: () => void }) {
  const say = useSay();
  const [which, setWhich] = useState("");
  const [name, setName] = useState("");
  const [clerk, setClerk] = useState("");
  const [limit, setLimit] = useState("");
  const [isRetired, setRetired] = useState(false);
  const known = cash.drawers.filter((one) => !one.vault && one.state !== "retired");
  const fen = limit.trim() ? parseFen(limit) : 0;
  const choose = (id: string) => {
    const one = known.find((found) => found.drawer === id);
    setWhich(id);
    setName(one?.name ?? "");
    setClerk(one?.clerk ?? "");
    setLimit(one?.limit ?? "");
    setRetired(false);
  };
  return (
    <WriteCard
      title={say("登记或更改尾箱", "Make or change a drawer")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (!name.trim() ? say("请填名称，比如“1 号窗口”", "Please give its name, such as the window's") : !clerk.trim() ? say("请填柜员编号（st- 开头）", "Please give the clerk's id (st-…)") : fen === null ? say("限额要填金额，不限就空着", "Please give the limit as an amount, or leave it empty") : null)}
      send={async () => {
        const body = { ...(which ? { drawer: which } : {}), name: name.trim(), clerk: clerk.trim(), ...(fen ? { limit: decimal(fen) } : {}), retired: isRetired };
        await client.write<Receipt>("/office/drawers", body, { told: say("尾箱 {name}", "drawer {name}", { name: name.trim() }) });
        onDone();
        return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
      }}
    >
      <Select label={say("哪个尾箱", "Which")} value={which} onChange={choose} options={[["", say("新尾箱", "A new one")], ...known.map((one) => [one.drawer, one.name] as const)]} />
      <Field label={say("名称", "Name")} value={name} onInput={setName} maxLength={40} />
      <Field label={say("保管柜员的编号", "Id of the clerk who answers for it")} value={clerk} onInput={setClerk} maxLength={60} hint={say("“员工和岗位”里能看到", "As “Staff and roles” shows it")} />
      <Field label={say("限额（元），超过只提示", "Limit (yuan): more is a warning")} value={limit} onInput={setLimit} decimal maxLength={14} />
      {which && <Tick isOn={isRetired} onChange={setRetired}>{say("停用（箱里要先清空）", "Give it up (it must be empty)")}</Tick>}
    </WriteCard>
  );
}

function Bank({ onDone }: { onDone: () => void }) {
  const say = useSay();
  const [way, setWay] = useState("");
  const [amount, setAmount] = useState("");
  const [reference, setReference] = useState("");
  const fen = parseFen(amount) ?? 0;
  return (
    <WriteCard
      title={say("库房和银行", "Vault and bank")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (!way ? say("请选提现还是缴存", "Please choose which way") : fen <= 0 ? say("请填金额", "Please give the amount") : !reference.trim() ? say("请填银行凭证号", "Please give the bank's reference") : null)}
      send={async () => {
        await client.write<Receipt>("/office/drawers/vault/steps", { step: way, amount: decimal(fen), reason: reference.trim() }, { told: say("库房 {amount}", "{amount} of the vault", { amount: yuan(fen, true) }) });
        setAmount("");
        setReference("");
        onDone();
        return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
      }}
    >
      <Select label={say("办什么", "Which way")} value={way} onChange={setWay} isOpen options={[["from_bank", say("从银行提现到库房", "From the bank into the vault")], ["to_bank", say("从库房缴存银行", "From the vault to the bank")]]} />
      <Field label={say("金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} />
      <Field label={say("银行凭证号", "The bank's reference")} value={reference} onInput={setReference} maxLength={100} />
    </WriteCard>
  );
}

function LeaveOpen({ cash, onDone }: { cash: Cash; onDone: () => void }) {
  const say = useSay();
  const [which, setWhich] = useState("");
  const [reason, setReason] = useState("");
  const open = cash.drawers.filter((one) => one.state === "open" && !one.vault && one.left_open_on !== cash.open_date);
  if (open.length === 0) return null;
  return (
    <WriteCard
      title={say("今天不锁的尾箱", "A drawer that stays open today")}
      words={say("记下来", "Put it on record")}
      check={() => (!which ? say("请选哪个尾箱", "Please choose which") : !reason.trim() ? say("请写明为什么不锁", "Please say why") : null)}
      send={async () => {
        await client.write<Receipt>(`/office/drawers/${which}/steps`, { step: "leave_open", reason: reason.trim() }, { told: say("尾箱不锁", "a drawer left open") });
        setReason("");
        setWhich("");
        onDone();
        return say("已记下，今天可以日结。", "On record: the day may be closed.");
      }}
    >
      <p class="hint">{say("有尾箱没锁，日结办不了；写明原因的除外，只管当天。", "No day is closed over an open drawer, but for those whose reason stands here, for one day.")}</p>
      <Select label={say("哪个尾箱", "Which")} value={which} onChange={setWhich} isOpen options={open.map((one) => [one.drawer, one.name] as const)} />
      <LongField label={say("为什么不锁", "Why")} value={reason} onInput={setReason} maxLength={300} />
    </WriteCard>
  );
}
