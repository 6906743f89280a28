// Money out of the wallet: to another household, or withdrawn to the bank account. In a demonstration, in.

import { useState } from "preact/hooks";
import type { Household, Receipt } from "../../../shared/bodies";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { Facts, Field, Form, Icon, Key, LinkKey, Loading, Screen, Trouble } from "../parts";
import { client, household, useAct, useLoaded, useSay } from "../state";

export function MovePage({ kind }: { kind: "transfer" | "withdraw" | "top-up" }) {
  const say = useSay();
  const act = useAct();
  const base = `/households/${household.value}`;
  const own = useLoaded(() => client.read<Household>(base));
  const [to, setTo] = useState("");
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState<{ field: "to" | "amount"; words: string } | null>(null);
  const [isSure, setSure] = useState(false);
  const [done, setDone] = useState<{ fen: number; status: string } | null>(null);
  const isTransfer = kind === "transfer";
  const isIn = kind === "top-up";
  const title = isTransfer ? say("转给别人", "Transfer") : isIn ? say("演示存钱", "Demo top-up") : say("取钱", "Withdraw");
  const verb = isTransfer ? say("转", "transfer") : isIn ? say("存", "pay in") : say("取", "withdraw");
  if (done) {
    const isOnItsWay = done.status !== "done";
    const isInReview = done.status === "in_review";
    return (
      <Screen title={isInReview ? say("正在核对", "Being looked at") : isOnItsWay ? say("正在办", "On its way") : say("办好了", "Done")} foot={<LinkKey to="/wallet">{say("看钱包", "See my wallet")}</LinkKey>}>
        <div class="seal good">
          <Icon name={isOnItsWay ? "clock" : "check"} />
        </div>
        <p class="lead">
          {isInReview
            ? say("{amount} 先给您留着，工作人员看过就办。不用再点，钱包里能看到结果。", "{amount} is kept for it; it goes once a member of staff has looked. No need to tap again: your wallet shows what became of it.", { amount: yuan(done.fen, true) })
            : isOnItsWay
            ? say("{amount} 正在转出，稍后到账，不用再点。", "{amount} is on its way; no need to tap again.", { amount: yuan(done.fen, true) })
            : isTransfer
              ? say("已转出 {amount}。", "{amount} transferred.", { amount: yuan(done.fen, true) })
              : isIn
                ? say("已存入 {amount}。", "{amount} paid in.", { amount: yuan(done.fen, true) })
              : say("已取出 {amount}。", "{amount} withdrawn.", { amount: yuan(done.fen, true) })}
        </p>
      </Screen>
    );
  }
  if (!own.value) {
    return (
      <Screen title={title} back="/wallet">
        <Loading error={own.error} again={own.again} />
      </Screen>
    );
  }
  const available = parseFen(own.value.wallet.available) ?? 0;
  const fen = parseFen(text);
  const submit = () => {
    if (isTransfer && !/^hh-/.test(to.trim())) return setWrong({ field: "to", words: say("请填收款人的账号，以 hh- 开头", "Please give the payee's account; it begins with hh-") });
    if (fen === null || fen <= 0) return setWrong({ field: "amount", words: say("请填一个数，比如 200", "Please enter a number, such as 200") });
    if (!isIn && fen > available) return setWrong({ field: "amount", words: say("钱包里只有 {amount}", "The wallet holds only {amount}", { amount: yuan(available, true) }) });
    setWrong(null);
    if (!isSure) return setSure(true);
    return void act.run(async () => {
      const amount = decimal(fen);
      const told = `${title} ${yuan(fen, true)}`;
      const answer = isTransfer
        ? await client.write<Receipt>(`${base}/transfers`, { to: to.trim(), amount, note: note.trim() || say("转账", "Transfer") }, { told })
        : isIn
          ? await client.write<Receipt>(`${base}/topups`, { amount, reference: "demo" }, { told })
          : await client.write<Receipt>(`${base}/withdrawals`, { amount }, { told });
      setDone({ fen, status: answer.status });
    });
  };
  const set = (change: (value: string) => void) => (value: string) => {
    change(value);
    setWrong(null);
    setSure(false);
  };
  return (
    <Form onSubmit={submit}>
      <Screen
        title={isSure ? say("再看一遍，对不对？", "Is this right?") : title}
        back="/wallet"
        foot={
          <>
            <Key submit isBusy={act.isBusy}>{isSure ? say("对，{what} {amount}", "Yes, {what} {amount}", { what: verb, amount: yuan(fen, true) }) : say("下一步", "Next")}</Key>
            {isSure && <Key kind="plain" onClick={() => setSure(false)}>{say("改一改", "Change it")}</Key>}
          </>
        }
      >
        {isSure ? (
          <section class="card">
            <Facts
              rows={[
                isTransfer && [say("转给", "To"), <span class="account">{to.trim()}</span>],
                [say("金额", "Amount"), <b class="large">{yuan(fen, true)}</b>],
                isTransfer && note.trim() ? [say("附言", "Note"), note.trim()] : null,
              ]}
            />
          </section>
        ) : (
          <>
            <p>{say("钱包里有 {amount}。", "The wallet holds {amount}.", { amount: yuan(available, true) })}</p>
            {isTransfer && (
              <Field label={say("收款人的账号", "Payee's account")} hint={say("在对方的“我的钱包”里能看到", "It stands on the payee's wallet page")} value={to} onInput={set(setTo)} maxLength={80} error={wrong?.field === "to" ? wrong.words : null} />
            )}
            <Field label={say("金额（元）", "Amount (yuan)")} value={text} onInput={set(setText)} decimal isBig maxLength={12} error={wrong?.field === "amount" ? wrong.words : null} />
            {isTransfer && <Field label={say("附言（可以不填）", "Note (optional)")} value={note} onInput={set(setNote)} maxLength={60} />}
          </>
        )}
        <Trouble error={act.error} />
      </Screen>
    </Form>
  );
}
