// What became of an application: approved, less, with a person, or declined, always with the reasons.

import type { Application, Drawn, Papers, Receipt } from "../../../shared/bodies";
import { parseFen, percent, yuan } from "../../../shared/money";
import { openInWords, reasonsInWords } from "../../../shared/plain";
import { term } from "../../../shared/terms";
import { Facts, Icon, Key, LinkKey, Loading, Notice, Reasons, Screen, Trouble } from "../parts";
import { client, go, household, language, useAct, useLoaded, useSay } from "../state";
import { moneyArrived } from "./loan";

/** The answer to an application just made, so that it shows without asking again. */
const answers = new Map<string, Application>();

export function keepAnswer(answer: Application): void {
  answers.set(answer.application, answer);
}

export function ApplicationPage({ id }: { id: string }) {
  const say = useSay();
  const loaded = useLoaded<Application>(async () => {
    const kept = answers.get(id);
    answers.delete(id);
    return kept ?? client.read<Application>(`/households/${household.value}/applications/${id}`);
  }, [id]);
  if (!loaded.value) {
    return (
      <Screen title={say("我的申请", "My application")} back="/">
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  return <Outcome application={loaded.value} again={loaded.again} />;
}

function Outcome({ application, again }: { application: Application; again: () => void }) {
  const say = useSay();
  const asked = parseFen(application.asked) ?? 0;
  const approved = parseFen(application.approved) ?? 0;
  const amounts = { asked: yuan(asked), approved: yuan(approved) };
  switch (application.status) {
    case "approved":
      return (
        <Result
          application={application}
          kind="good"
          title={approved < asked ? say("这次最多能借 {approved}", "You can borrow {approved}", amounts) : say("可以借给您 {approved}", "You can borrow {approved}", amounts)}
          words={
            approved < asked
              ? say("您想借 {asked}，我们算下来借 {approved} 比较稳妥。", "You asked for {asked}; we find {approved} sound.", amounts)
              : say("您要的数，全部可以借。", "You can have all you asked for.")
          }
          children={approved < asked ? <AskForPerson application={application} again={again} /> : undefined}
          foot={
            <>
              <LinkKey to={`/applications/${application.application}/offer`}>{say("看要还多少", "See what you would repay")}</LinkKey>
              <LinkKey to="/" kind="plain">{say("先不借", "Not now")}</LinkKey>
            </>
          }
        />
      );
    case "referred":
    case "received":
      return (
        <Result
          application={application}
          kind="plain"
          title={say("工作人员要看一看", "A person will look at it")}
          words={say("您的申请收到了，有人会来看，不用再交一次。", "We have your application and a person will look at it; no need to apply again.")}
          foot={
            <>
              <LinkKey to="/">{say("知道了", "All right")}</LinkKey>
              <Key kind="plain" onClick={again}>{say("看看有没有答复", "Is there an answer yet?")}</Key>
            </>
          }
        />
      );
    case "signed":
      return <Signed application={application} />;
    default:
      return (
        <Result
          application={application}
          kind="bad"
          title={say("这次不能借给您", "We cannot lend this time")}
          words={say("我们知道您等着用钱，对不起。", "We are sorry.")}
          foot={<LinkKey to="/">{say("回首页", "First page")}</LinkKey>}
        >
          <AskForPerson application={application} again={again} />
          <Notice>{say("过一段时间收支有变化，也可以再来申请。", "You may apply again later, when things have changed.")}</Notice>
        </Result>
      );
  }
}

/** Whoever was decided on by machine may have a person look. */
function AskForPerson({ application, again }: { application: Application; again: () => void }) {
  const say = useSay();
  const act = useAct();
  if (!application.may_ask_for_person) return null;
  const ask = () =>
    act.run(async () => {
      await client.write<Receipt>(`/households/${household.value}/applications/${application.application}/review`, {}, { told: say("请人再看一看", "asking for a person") });
      again();
    });
  return (
    <section class="card">
      <h2>{say("觉得不对？", "Does this seem wrong?")}</h2>
      <p>{say("这是电脑按您的收支算的。您可以请工作人员再看一看，不收钱，也不影响以后借款。", "A machine worked this out from your income and spending. You may ask for a person to look: it costs nothing and does not count against you.")}</p>
      <Trouble error={act.error} />
      <Key kind="plain" onClick={ask} isBusy={act.isBusy}>{say("请人再看一看", "Ask a person to look")}</Key>
    </section>
  );
}

function Result({ application, kind, title, words, foot, children }: {
  application: Application;
  kind: "good" | "plain" | "bad";
  title: string;
  words: string;
  foot: preact.ComponentChildren;
  children?: preact.ComponentChildren;
}) {
  const say = useSay();
  const chosen = language.use();
  const told = reasonsInWords(application.reasons, chosen);
  return (
    <Screen title={title} back="/" foot={foot} aloud={[title, words, ...told].join("。")}>
      <div class={`seal ${kind}`}>
        <Icon name={kind === "good" ? "check" : kind === "plain" ? "clock" : "cross"} />
      </div>
      <p class="lead">{application.reasons.length > 0 ? say("{words}原因：", "{words} Why:", { words }) : words}</p>
      <Reasons reasons={application.reasons} />
      <section class="card">
        <Facts
          rows={[
            [say("您想借", "You asked for"), yuan(application.asked)],
            application.status === "approved" && [say("可以借", "You can borrow"), yuan(application.approved)],
            application.status === "approved" && application.rate ? [say("年利率", "Interest a year"), percent(application.rate)] : null,
            application.term_months ? [say("借多久", "Term"), say("{n} 个月", "{n} months", { n: application.term_months })] : null,
            application.purpose ? [say("用来", "Use"), term("use", application.purpose, chosen)] : null,
          ]}
        />
      </section>
      {children}
    </Screen>
  );
}

/** Signed: the money waits to be drawn, or has been. */
function Signed({ application }: { application: Application }) {
  const say = useSay();
  const { contract, loan } = application;
  if (contract && !loan) return <Draw application={application} contract={contract} />;
  return (
    <Screen title={say("合同签好了", "The contract is signed")} back="/" foot={<LinkKey to={loan ? `/loans/${loan}` : "/"}>{say("看我的借款", "See my loan")}</LinkKey>}>
      <p class="lead">{say("这次申请已经办完。", "This application is finished.")}</p>
    </Screen>
  );
}

function Draw({ application, contract }: { application: Application; contract: string }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const amount = yuan(application.approved);
  const papers = useLoaded<Papers>(() => client.read<Papers>(`/households/${household.value}/contracts/${contract}/papers`), [contract]);
  const isEntrusted = papers.value?.payout === "entrusted";
  const payee = isEntrusted ? (papers.value?.papers.find((paper) => paper.kind === "payee")?.household ?? "") : null;
  const draw = () =>
    act.run(async () => {
      const drawn = await client.write<Drawn>(
        `/households/${household.value}/contracts/${contract}/drawdown`,
        {},
        { told: say("放款 {amount}", "pay-out of {amount}", { amount }) },
      );
      moneyArrived(drawn.loan, payee);
      go(`/loans/${drawn.loan}`, "replace");
    });
  if (!papers.value) {
    return (
      <Screen title={say("合同签好了", "The contract is signed")} back="/">
        <Loading error={papers.error} again={papers.again} />
      </Screen>
    );
  }
  if (papers.value.open.length > 0) {
    return (
      <Screen
        title={say("合同签好了", "The contract is signed")}
        back="/"
        foot={<Key onClick={papers.again}>{say("办好了，再看一下", "It is done, look again")}</Key>}
      >
        <p class="lead">{say("放款前还要到服务窗口办这几样：", "Before the money is paid out, the service window still needs:")}</p>
        {papers.value.open.map((open) => (
          <Notice key={open.en}>{openInWords(open, chosen)}</Notice>
        ))}
      </Screen>
    );
  }
  return (
    <Screen
      title={say("合同签好了", "The contract is signed")}
      back="/"
      foot={<Key onClick={draw} isBusy={act.isBusy}>{isEntrusted ? say("把 {amount} 付给收款人", "Pay {amount} to the payee", { amount }) : say("把 {amount} 打进钱包", "Pay {amount} into my wallet", { amount })}</Key>}
    >
      <div class="seal good">
        <Icon name="check" />
      </div>
      <p class="lead">{isEntrusted
          ? say("还差一步：点下面，钱马上直接付给合同指定的收款人。从付款那天开始算利息。", "One step is left: tap below and the money goes straight to the payee of the contract. Interest counts from that day.")
          : say("还差一步：点下面，钱马上到您的钱包。从到账那天开始算利息。", "One step is left: tap below and the money is in your wallet at once. Interest counts from that day.")}</p>
      <Trouble error={act.error} />
    </Screen>
  );
}
