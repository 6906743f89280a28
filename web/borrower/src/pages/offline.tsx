// Without a network: what was known last, and a repayment written down until there is a signal.

import { useEffect, useState } from "preact/hooks";
import { day, shortDay } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { type LastKnown, offline } from "../offline";
import { Facts, Field, Form, Key, Notice, Screen, Trouble } from "../parts";
import { language, useChoice, useSay } from "../state";

/** How often the server is asked whether it answers again. */
const ASKED_EVERY_MS = 5_000;

export function OfflinePage({ again }: { again: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const kept = offline.kept.use();
  const known = kept?.known;
  // A phone often does not notice that its signal is back: the server is asked whether it answers, and then the page goes on by itself.
  useEffect(() => {
    const ask = () => {
      if (document.hidden) return;
      fetch("/health", { cache: "no-store" }).then((answer) => answer.ok && again(), () => undefined);
    };
    const timer = setInterval(ask, ASKED_EVERY_MS);
    addEventListener("online", ask);
    return () => {
      clearInterval(timer);
      removeEventListener("online", ask);
    };
  }, []);
  return (
    <Screen title={say("现在没有网络", "There is no network now")} foot={<Key onClick={again}>{say("再连一次", "Try again")}</Key>}>
      {!known ? (
        <p class="lead">{say("连上网络就能用。填过、签过的都在，不会丢。", "It works again with a signal. Nothing you did is lost.")}</p>
      ) : (
        <>
          <Notice>
            {say("下面是 {day} {time} 的情况，之后可能有变化。", "This is how it stood on {day} at {time}; it may have changed since.", {
              day: day(civil(known.at), chosen),
              time: clock(known.at),
            })}
          </Notice>
          <section class="card">
            <Facts rows={[[say("钱包可用", "Wallet"), <b class="large">{yuan(known.available, true)}</b>]]} />
          </section>
          {known.loans.length === 0 && <p>{say("没有没还清的借款。", "No loan is open.")}</p>}
          {known.loans.map((loan) => (
            <OneLoan key={loan.loan} loan={loan} />
          ))}
        </>
      )}
    </Screen>
  );
}

function OneLoan({ loan }: { loan: LastKnown["loans"][number] }) {
  const say = useSay();
  const choice = useChoice();
  const chosen = language.use();
  const waiting = offline.kept.use()?.intents.find((one) => one.loan === loan.loan);
  const due = parseFen(loan.due_today) ?? 0;
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState(due > 0 ? decimal(due) : "");
  const [wrong, setWrong] = useState<string | null>(null);
  const put = () => {
    const fen = parseFen(text);
    if (fen === null || fen <= 0) return setWrong(say("请填还多少", "Please enter how much"));
    if (fen > (parseFen(loan.payoff_today) ?? 0)) return setWrong(say("比欠的还多了", "That is more than is owed"));
    if (!offline.queue(loan.loan, decimal(fen), Date.now())) return setWrong(say("等着的已经太多了，先连上网络", "Too many wait already: find a signal first"));
    return setOpen(false);
  };
  return (
    <section class={due > 0 ? "card due now" : "card"}>
      <h2>{choice({ zh: loan.name_zh, en: loan.name_en })}</h2>
      <Facts
        rows={[
          [say("没还的本金", "Principal left"), yuan(loan.outstanding, true)],
          loan.next_due ? [say("下次还款日", "Next due"), shortDay(loan.next_due, chosen)] : null,
          due > 0 && [say("该还", "Due"), <b class="large">{yuan(due, true)}</b>],
        ]}
      />
      {waiting ? (
        <>
          <Notice>{say("还款 {amount}：等网络，还没有办。", "Repayment of {amount}: waits for a signal, not done yet.", { amount: yuan(waiting.amount, true) })}</Notice>
          <Key kind="plain" onClick={() => offline.drop(waiting.id)}>{say("不还了", "Drop it")}</Key>
        </>
      ) : isOpen ? (
        <Form onSubmit={put}>
          <Field label={say("还多少（元）", "How much (yuan)")} value={text} onInput={setText} decimal isBig maxLength={12} />
          <p class="hint">{say("现在只是记下来，连上网络后才真正还。以连上那天为准。", "It is only written down now and paid once there is a signal. That day counts.")}</p>
          <Trouble error={wrong} />
          <Key submit>{say("记下来，等网络", "Write it down")}</Key>
        </Form>
      ) : (
        <Key kind="plain" onClick={() => setOpen(true)}>{say("先记下还款，等有网络再办", "Write a repayment down for later")}</Key>
      )}
    </section>
  );
}

/** The civil date of this phone. */
function civil(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}

function clock(at: number): string {
  const date = new Date(at);
  return `${date.getHours()}:${String(date.getMinutes()).padStart(2, "0")}`;
}
