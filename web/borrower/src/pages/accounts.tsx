// Accounts elsewhere: bound to the wallet, money to and from them over a rail, and how far each payment has come.

import { useState } from "preact/hooks";
import type { Accounts, Household, Level, Payment, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Choices, Facts, Field, Form, Key, LinkKey, Loading, Notice, Screen, Trouble } from "../parts";
import { client, go, household, language, useAct, useLoaded, useSay } from "../state";

function tailOf(accounts: Accounts, id: string): string {
  return accounts.accounts.find((one) => one.id === id)?.tail ?? "····";
}

export function AccountsPage() {
  const say = useSay();
  const chosen = language.use();
  const base = `/households/${household.value}`;
  const loaded = useLoaded(async () => {
    const [accounts, payments, level] = await Promise.all([client.read<Accounts>(`${base}/accounts`), client.read<Payment[]>(`${base}/payments`), client.read<Level>(`${base}/level`)]);
    return { accounts, payments, level };
  });
  const title = say("银行卡", "Bank accounts");
  if (!loaded.value) return <Screen title={title} back="/wallet"><Loading error={loaded.error} again={loaded.again} /></Screen>;
  const { accounts, payments, level } = loaded.value;
  const mayMove = accounts.rails.length > 0 && accounts.accounts.length > 0;
  const limits = [
    level.per_payment && say("单笔 {amount}", "{amount} a payment", { amount: yuan(level.per_payment) }),
    level.per_day && say("一天 {amount}", "{amount} a day", { amount: yuan(level.per_day) }),
    level.per_year && say("一年 {amount}", "{amount} a year", { amount: yuan(level.per_year) }),
  ].filter(Boolean);
  return (
    <Screen title={title} back="/wallet">
      {accounts.rails.length === 0 && <Notice>{say("本机构还没有接通银行，存取钱请到服务窗口。", "The institution has no line to a bank yet: pay in and out at the service window.")}</Notice>}
      {mayMove && (
        <div class="keys-in-row">
          <LinkKey to="/wallet/accounts/out" kind="plain">{say("转到银行卡", "To the bank")}</LinkKey>
          <LinkKey to="/wallet/accounts/in" kind="plain">{say("从银行卡转进来", "From the bank")}</LinkKey>
        </div>
      )}
      <section class="card">
        <h2>{say("绑定的卡", "Bound accounts")}</h2>
        {accounts.accounts.length === 0 && <p class="hint">{say("还没有绑卡。", "None is bound yet.")}</p>}
        {accounts.accounts.length > 0 && <Facts rows={accounts.accounts.map((one) => [say("尾号 {tail}", "Ending in {tail}", { tail: one.tail ?? "····" }), say("{day} 绑定", "since {day}", { day: day(one.bound_on, chosen) })] as const)} />}
        <LinkKey to="/wallet/accounts/bind" kind="plain">{say("绑一张卡", "Bind one")}</LinkKey>
      </section>
      <section class="card">
        <h2>{say("进度", "Payments")}</h2>
        {payments.length === 0 && <p class="hint">{say("还没有。", "None yet.")}</p>}
        <ul class="entries">
          {payments.map((one) => (
            <li key={one.id}>
              <span>
                <b>{one.way === "out" ? say("转到尾号 {tail}", "To {tail}", { tail: tailOf(accounts, one.account) }) : say("从尾号 {tail} 转进", "From {tail}", { tail: tailOf(accounts, one.account) })}</b>
                <small>{`${day(one.asked_on, chosen)}　${term("payment_state", one.state, chosen)}`}</small>
              </span>
              <span class={one.way === "out" ? "amount out" : "amount in"}>{yuan(one.moved ?? one.amount, true)}</span>
            </li>
          ))}
        </ul>
      </section>
      {limits.length > 0 && <p class="hint">{say("您的限额：{what}。当面核过身份后可以提高。", "Your limits: {what}. They rise once you were seen in person.", { what: limits.join(say("，", ", ")) })}</p>}
    </Screen>
  );
}

export function BindPage() {
  const say = useSay();
  const act = useAct();
  const base = `/households/${household.value}`;
  const own = useLoaded(() => client.read<Household>(base));
  const [bank, setBank] = useState("");
  const [number, setNumber] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const title = say("绑一张卡", "Bind an account");
  if (!own.value) return <Screen title={title} back="/wallet/accounts"><Loading error={own.error} again={own.again} /></Screen>;
  const head = own.value.persons.find((person) => person.role === "head") ?? own.value.persons[0];
  const bind = () => {
    const plain = number.replace(/\s/g, "");
    if (!/^\d{6,14}$/.test(bank.trim())) return setWrong(say("开户行行号是 12 位数字，银行卡背面的客服能查到", "The bank's clearing number has 12 digits; the bank tells it"));
    if (!/^[0-9A-Za-z]{5,34}$/.test(plain)) return setWrong(say("卡号不对，请再看一遍", "The number is not right: look again"));
    setWrong(null);
    return void act.run(async () => {
      await client.write<Receipt>(`${base}/accounts`, { bank: bank.trim(), holder: head?.name ?? "", number: plain }, { secret: true });
      go("/wallet/accounts", "replace");
    });
  };
  return (
    <Form onSubmit={bind}>
      <Screen title={title} back="/wallet/accounts" foot={<Key submit isBusy={act.isBusy}>{say("绑定", "Bind")}</Key>}>
        <p>{say("只能绑 {name} 本人的卡。", "It has to be {name}'s own.", { name: head?.name ?? "—" })}</p>
        <Field label={say("卡号", "Number")} value={number} onInput={setNumber} digits maxLength={34} />
        <Field label={say("开户行行号", "Clearing number of the bank")} value={bank} onInput={setBank} digits maxLength={14} />
        <Trouble error={wrong ?? act.error} />
      </Screen>
    </Form>
  );
}

export function RailPage({ way }: { way: "in" | "out" }) {
  const say = useSay();
  const act = useAct();
  const base = `/households/${household.value}`;
  const loaded = useLoaded(async () => {
    const [accounts, own] = await Promise.all([client.read<Accounts>(`${base}/accounts`), client.read<Household>(base)]);
    return { accounts, own };
  });
  const [account, setAccount] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const title = way === "out" ? say("转到银行卡", "To the bank") : say("从银行卡转进来", "From the bank");
  if (!loaded.value) return <Screen title={title} back="/wallet/accounts"><Loading error={loaded.error} again={loaded.again} /></Screen>;
  const { accounts, own } = loaded.value;
  const chosen = account ?? accounts.accounts[0]?.id;
  const rail = accounts.rails[0];
  const available = parseFen(own.wallet.available) ?? 0;
  const send = () => {
    const fen = parseFen(text);
    if (!chosen || !rail) return setWrong(say("请先绑一张卡", "Please bind an account first"));
    if (fen === null || fen <= 0) return setWrong(say("请填一个数，比如 200", "Please enter a number, such as 200"));
    if (way === "out" && fen > available) return setWrong(say("钱包里只有 {amount}", "The wallet holds only {amount}", { amount: yuan(available, true) }));
    setWrong(null);
    return void act.run(async () => {
      const answer = await client.write<Receipt>(`${base}/payments`, { way, account: chosen, rail, amount: decimal(fen), purpose: title }, { told: `${title} ${yuan(fen, true)}` });
      // What is looked at first is no payment yet: the wallet shows it.
      go(answer.status === "in_review" ? "/wallet" : "/wallet/accounts", "replace");
    });
  };
  return (
    <Form onSubmit={send}>
      <Screen title={title} back="/wallet/accounts" foot={<Key submit isBusy={act.isBusy}>{title}</Key>}>
        {way === "out" && <p>{say("钱包里有 {amount}。这笔钱先冻结，银行办成了才扣。", "The wallet holds {amount}. The money is held, and leaves once the bank has done it.", { amount: yuan(available, true) })}</p>}
        {way === "in" && <p>{say("银行会从您的卡上扣款，到账以后才能用。", "The bank takes it from your account; it can be used once it is here.")}</p>}
        {accounts.accounts.length > 1 && <Choices legend={say("哪张卡", "Which account")} options={accounts.accounts.map((one) => ({ value: one.id, words: say("尾号 {tail}", "Ending in {tail}", { tail: one.tail ?? "····" }) }))} chosen={chosen ?? null} onChoose={setAccount} />}
        <Field label={say("金额（元）", "Amount (yuan)")} value={text} onInput={(next) => { setText(next); setWrong(null); }} decimal isBig maxLength={12} error={wrong} />
        <Trouble error={act.error} />
      </Screen>
    </Form>
  );
}
