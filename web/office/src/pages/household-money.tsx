// Of a household's page: how well it is known and what it may therefore move, its accounts elsewhere, payments over rails, and messages.

import { useState } from "preact/hooks";
import type { Accounts, Level, Payment, Receipt, Told } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Field, Loading, LongField, Select, Table } from "../parts";
import { client, language, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";

/** Messages shown: the latest. */
const MESSAGES = 20;

export function HouseholdMoney({ household }: { household: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const base = `/households/${household}`;
  const loaded = useLoaded(async () => {
    const [level, accounts, payments, notices] = await Promise.all([
      client.read<Level>(`${base}/level`),
      client.read<Accounts>(`${base}/accounts`),
      client.read<Payment[]>(`${base}/payments`),
      client.read<Told[]>(`${base}/notices`),
    ]);
    return { level, accounts, payments, notices };
  }, [base]);
  if (!loaded.value) return <section class="card"><Loading error={loaded.error} again={loaded.again} /></section>;
  const { level, accounts, payments, notices } = loaded.value;
  const limit = (amount: string | null | undefined) => (amount ? yuan(amount) : say("不限", "no limit"));
  const accountName = (id: string) => {
    const found = accounts.accounts.find((one) => one.id === id);
    return found?.tail ? say("尾号 {tail}", "ending in {tail}", { tail: found.tail }) : "—";
  };
  return (
    <>
      <div class="columns">
        <section class="card">
          <h2>{say("核验等级和限额", "How well it is known, and limits")}</h2>
          <Facts
            rows={[
              [say("等级", "Level"), <b>{term("level", level.level, chosen)}</b>],
              [say("单笔", "By one payment"), limit(level.per_payment)],
              [say("当天（已用 {used}）", "A day ({used} used)", { used: yuan(level.used_today, true) }), limit(level.per_day)],
              [say("全年（已用 {used}）", "A year ({used} used)", { used: yuan(level.used_this_year, true) }), limit(level.per_year)],
              ...accounts.accounts.map((one) => [say("绑定的账户", "Bound account"), `${one.bank ?? "—"} ${accountName(one.id)}`] as const),
            ]}
          />
        </section>
        {may(role, "set_level") && <SetLevel base={base} now={level.level} onDone={loaded.again} />}
      </div>
      {accounts.rails.length > 0 && may(role, "top_up") && (
        <div class="columns">
          {accounts.accounts.length > 0 && <PayOut base={base} accounts={accounts} accountName={accountName} onDone={loaded.again} />}
          <Bind base={base} onDone={loaded.again} />
        </div>
      )}
      {payments.length > 0 && (
        <section class="card">
          <h2>{say("银行和支付通道上的收付", "Payments over rails")}</h2>
          <Table
            empty="—"
            columns={[{ words: say("哪天", "On") }, { words: say("方向", "Way") }, { words: say("通道", "Rail") }, { words: say("账户", "Account") }, { words: say("金额", "Amount"), isAmount: true }, { words: say("走到哪了", "State") }]}
            rows={payments.map((one) => ({ key: one.id, cells: [day(one.asked_on, chosen), term("way", one.way, chosen), one.rail, accountName(one.account), yuan(one.amount, true), term("payment_state", one.state, chosen)] }))}
          />
        </section>
      )}
      {notices.length > 0 && (
        <section class="card">
          <h2>{say("发过的消息和通知单", "Messages and slips")}</h2>
          <Table
            empty="—"
            columns={[{ words: say("哪天", "On") }, { words: say("怎么送", "Carried by") }, { words: say("走到哪了", "State") }, { words: say("内容", "Text") }]}
            rows={notices.slice(0, MESSAGES).map((one) => ({ key: one.id, cells: [day(one.on_day, chosen), term("channel", one.channel, chosen), term("notice_state", one.state, chosen), <span class="prose">{(chosen === "zh" ? one.zh : one.en) ?? "—"}</span>] }))}
          />
        </section>
      )}
    </>
  );
}

function SetLevel({ base, now, onDone }: { base: string; now: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [level, setLevel] = useState("");
  const [evidence, setEvidence] = useState("");
  return (
    <WriteCard
      title={say("改核验等级", "Change how well it is known")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (!level ? say("请选等级", "Please choose a level") : !evidence.trim() ? say("请写依据：谁在哪里见过本人，核了什么", "Please say who saw whom, where, and what was checked") : null)}
      send={async () => {
        await client.write<Receipt>(`${base}/level`, { level, evidence: evidence.trim() }, { told: say("改核验等级", "a change of level") });
        onDone();
        return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
      }}
    >
      <Select label={say("等级", "Level")} value={level} onChange={setLevel} isOpen options={codesOf("level").filter((code) => code !== now).map((code) => [code, term("level", code, chosen)] as const)} />
      <LongField label={say("依据", "What it rests on")} value={evidence} onInput={setEvidence} maxLength={500} />
    </WriteCard>
  );
}

function Bind({ base, onDone }: { base: string; onDone: () => void }) {
  const say = useSay();
  const [bank, setBank] = useState("");
  const [holder, setHolder] = useState("");
  const [number, setNumber] = useState("");
  return (
    <WriteCard
      title={say("绑定一个银行账户", "Bind an account elsewhere")}
      words={say("绑定", "Bind")}
      check={() => (!bank.trim() ? say("请填开户行行号", "Please give the bank's clearing number") : !holder.trim() ? say("请填户名，要和本人一致", "Please give its holder, the person's own name") : !/^[0-9A-Za-z]{5,34}$/.test(number.trim()) ? say("账号是 5 到 34 位数字或字母", "The number has 5 to 34 letters and digits") : null)}
      send={async () => {
        await client.write<Receipt>(`${base}/accounts`, { bank: bank.trim(), holder: holder.trim(), number: number.trim() }, { secret: true });
        setNumber("");
        onDone();
        return say("已绑定。", "Bound.");
      }}
    >
      <Field label={say("开户行行号", "Clearing number of the bank")} value={bank} onInput={setBank} maxLength={14} />
      <Field label={say("户名", "Holder")} value={holder} onInput={setHolder} maxLength={60} />
      <Field label={say("账号", "Number")} value={number} onInput={setNumber} maxLength={34} />
    </WriteCard>
  );
}

function PayOut({ base, accounts, accountName, onDone }: { base: string; accounts: Accounts; accountName: (id: string) => string; onDone: () => void }) {
  const say = useSay();
  const [account, setAccount] = useState(accounts.accounts[0]?.id ?? "");
  const [rail, setRail] = useState(accounts.rails[0] ?? "");
  const [amount, setAmount] = useState("");
  const [purpose, setPurpose] = useState("");
  const fen = parseFen(amount) ?? 0;
  return (
    <WriteCard
      title={say("从钱包转到银行账户", "Pay out of the wallet")}
      words={say("转出", "Pay out")}
      check={() => (fen <= 0 ? say("请填金额", "Please give the amount") : !purpose.trim() ? say("请填用途", "Please say what it is for") : null)}
      send={async () => {
        await client.write<Receipt>(`${base}/payments`, { way: "out", account, rail, amount: decimal(fen), purpose: purpose.trim() }, { told: say("转出 {amount}", "{amount} paid out", { amount: yuan(fen, true) }) });
        setAmount("");
        onDone();
        return say("已受理，先冻结这笔钱，等银行回音。", "Taken: the money is held until the bank has answered.");
      }}
    >
      <Select label={say("账户", "Account")} value={account} onChange={setAccount} options={accounts.accounts.map((one) => [one.id, accountName(one.id)] as const)} />
      <Select label={say("通道", "Rail")} value={rail} onChange={setRail} options={accounts.rails.map((one) => [one, one] as const)} />
      <Field label={say("金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} />
      <Field label={say("用途", "What for")} value={purpose} onInput={setPurpose} maxLength={140} />
    </WriteCard>
  );
}
