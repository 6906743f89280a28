// Repaying: what is due, or all of it, or a sum of one's own, out of the wallet.

import { useState } from "preact/hooks";
import type { Household, LoanDetail, Prepaid, Repaid } from "../../../shared/bodies";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { Choices, Facts, Field, Form, Icon, Key, LinkKey, Loading, Notice, Screen, Trouble } from "../parts";
import { savedByPayingOff } from "../saving";
import { client, household, useAct, useLoaded, useSay } from "../state";
import { split } from "./loan";

type What = "due" | "all" | "own" | "ahead";

export function RepayPage({ id }: { id: string }) {
  const say = useSay();
  const base = `/households/${household.value}`;
  const loaded = useLoaded(async () => {
    const [loan, own] = await Promise.all([client.read<LoanDetail>(`${base}/loans/${id}`), client.read<Household>(base)]);
    return { loan, own };
  }, [id]);
  const [done, setDone] = useState<{ fen: number; answer: Repaid } | null>(null);
  if (done) return <Done id={id} {...done} />;
  if (!loaded.value) {
    return (
      <Screen title={say("还款", "Repay")} back={`/loans/${id}`}>
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  return <Asking {...loaded.value} onDone={(fen, answer) => setDone({ fen, answer })} />;
}

function Asking({ loan, own, onDone }: { loan: LoanDetail; own: Household; onDone: (fen: number, answer: Repaid) => void }) {
  const say = useSay();
  const act = useAct();
  const due = parseFen(loan.due_today) ?? 0;
  const all = parseFen(loan.payoff_today) ?? 0;
  const inWallet = parseFen(own.wallet.available) ?? 0;
  const outstanding = parseFen(loan.outstanding) ?? 0;
  const saved = savedByPayingOff(loan);
  const [what, setWhat] = useState<What>(due > 0 ? "due" : "all");
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const fen = what === "due" ? due : what === "all" ? all : parseFen(text);
  const isShort = fen !== null && fen > inWallet;
  const options = [
    ...(due > 0 && due !== all ? [{ value: "due" as const, words: say("还到期的 {amount}", "What is due: {amount}", { amount: yuan(due, true) }) }] : []),
    {
      value: "all" as const,
      words: say("全部还清 {amount}", "All of it: {amount}", { amount: yuan(all, true) }),
      more:
        saved > 0
          ? say("比按计划还，少付 {saved} 利息和费用", "{saved} less in interest and fees than by the plan", { saved: yuan(saved, true) })
          : say("还清以后不再算利息", "No more interest after that"),
    },
    ...(outstanding > 0 && loan.status !== "overdue" && due === 0
      ? [{ value: "ahead" as const, words: say("提前还一部分本金", "A part of the principal ahead of time"), more: say("后面每期少还一些", "Later payments become smaller") }]
      : []),
    ...(due > 0 ? [{ value: "own" as const, words: say("只还一部分", "A part of what is due") }] : []),
  ];
  const repay = () => {
    if (fen === null || fen <= 0) return setWrong(say("请填还多少", "Please enter how much"));
    if (what === "own" && fen > due) return setWrong(say("现在该还的是 {amount}。想多还，请选全部还清。", "{amount} is due now. To pay more, choose all of it.", { amount: yuan(due, true) }));
    if (what === "ahead" && fen >= all) return setWrong(say("全部还清要 {amount}，请选全部还清。", "{amount} pays all of it: choose that.", { amount: yuan(all, true) }));
    if (isShort) return setWrong(say("钱包里只有 {amount}，不够。先存钱，或者少还一些。", "The wallet holds only {amount}. Pay in first, or repay less.", { amount: yuan(inWallet, true) }));
    return void act.run(async () => {
      const path = `/households/${household.value}/loans/${loan.loan}`;
      const told = say("还款 {amount}", "repayment of {amount}", { amount: yuan(fen, true) });
      const amount = decimal(fen);
      const answer =
        what === "ahead"
          ? aheadAsRepaid(await client.write<Prepaid>(`${path}/prepayments`, { amount, strategy: "reduce_instalment" }, { told }))
          : await client.write<Repaid>(`${path}/repayments`, { amount }, { told });
      onDone(fen, answer);
    });
  };
  return (
    <Form onSubmit={repay}>
      <Screen
        title={say("还多少？", "How much?")}
        back={`/loans/${loan.loan}`}
        foot={<Key submit isBusy={act.isBusy}>{fen ? say("还 {amount}", "Repay {amount}", { amount: yuan(fen, true) }) : say("还款", "Repay")}</Key>}
      >
        <Choices
          legend={say("还多少", "How much")}
          options={options}
          chosen={what}
          onChoose={(next) => {
            setWhat(next);
            setWrong(null);
          }}
        />
        {(what === "own" || what === "ahead") && (
          <Field
            label={say("金额（元）", "Amount (yuan)")}
            value={text}
            onInput={(next) => {
              setText(next);
              setWrong(null);
            }}
            decimal
            isBig
            maxLength={12}
          />
        )}
        <p>{say("从钱包里还。钱包现在有 {amount}。", "Paid from your wallet, which holds {amount}.", { amount: yuan(inWallet, true) })}</p>
        {isShort && !wrong && (
          <Notice kind="bad">{say("钱包里的钱不够。可以到服务窗口存钱，或者少还一些。", "The wallet does not hold enough. Pay in at the service window, or repay less.")}</Notice>
        )}
        <details>
          <summary class="text-key">{say("想让别人替您还？", "Somebody else pays for you?")}</summary>
          <p>{say("让他用田信转账到您的账号，或者到服务窗口报您的账号存现金。钱到了您的钱包，再在这里还。", "They transfer to your account with Tianxin, or pay cash in at the service window under your account. Once it is in your wallet, repay here.")}</p>
          <p class="account">{household.value}</p>
        </details>
        <Trouble error={wrong ?? act.error} />
      </Screen>
    </Form>
  );
}

function Done({ id, fen, answer }: { id: string; fen: number; answer: Repaid }) {
  const say = useSay();
  return (
    <Screen
      title={answer.closed ? say("全部还清了", "All paid off") : say("还款成功", "Repaid")}
      foot={
        <>
          <LinkKey to="/">{say("回首页", "First page")}</LinkKey>
          <LinkKey to={`/loans/${id}`} kind="plain">{say("看这笔借款", "See this loan")}</LinkKey>
        </>
      }
    >
      <div class="seal good">
        <Icon name="check" />
      </div>
      <p class="lead">
        {answer.closed ? say("您还了 {amount}，这笔借款结清了。谢谢您守信用。", "You paid {amount} and the loan is closed. Thank you.", { amount: yuan(fen, true) }) : say("您还了 {amount}。", "You paid {amount}.", { amount: yuan(fen, true) })}
      </p>
      <section class="card">
        <Facts
          rows={[
            [say("还了", "Paid"), yuan(fen, true)],
            [say("用来还", "Went to"), split(answer.allocation, say)],
            [say("没还的本金", "Principal left"), yuan(answer.outstanding, true)],
          ]}
        />
      </section>
    </Screen>
  );
}

/** What a prepayment did, in the words of a repayment. */
function aheadAsRepaid(prepaid: Prepaid): Repaid {
  const allocation = { principal: prepaid.principal, interest: prepaid.beside, fee: "0.00", penalty: "0.00" };
  return { allocation, outstanding: prepaid.outstanding, closed: prepaid.closed };
}
