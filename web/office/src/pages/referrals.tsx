// Applications that a person must decide: the queue, and one of them with all that speaks for and against.

import { useState } from "preact/hooks";
import type { DecisionMade, Feature, Product, Profile, Referral } from "../../../shared/bodies";
import { moment } from "../../../shared/dates";
import { decimal, parseFen, percent, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { inWords } from "../features";
import type { At } from "../menu";
import { Facts, Field, Form, Good, Key, Loading, LongField, Reasons, Table, Title, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";

interface Queue {
  referrals: Referral[];
  products: Product[];
}

async function readQueue(): Promise<Queue> {
  const [referrals, products] = await Promise.all([client.read<Referral[]>("/office/referrals"), client.read<Product[]>("/products")]);
  return { referrals, products };
}

function productName(products: Product[], code: string, chosen: string): string {
  const product = products.find((one) => one.code === code);
  return product ? (chosen === "zh" ? product.name_zh : product.name_en) : code;
}

export default function Referrals({ id, part }: At) {
  return id ? <ReferralPage key={id} id={id} household={part} /> : <ReferralsPage />;
}

function ReferralsPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const queue = useLoaded(readQueue);
  return (
    <>
      <Title note={say("电脑定不了的申请，先来的排在前面。", "Applications the machine could not decide, oldest first.")}>{say("转人工的申请", "Referred applications")}</Title>
      {!queue.value ? (
        <Loading error={queue.error} again={queue.again} />
      ) : (
        <Table
          empty={say("现在没有等着办的申请。", "No application is waiting.")}
          columns={[
            { words: say("申请人", "Applicant") },
            { words: say("村", "Village") },
            { words: say("想借", "Asked"), isAmount: true },
            { words: say("期限", "Term"), isAmount: true },
            { words: say("用途", "Use") },
            { words: say("为什么转人工", "Why referred") },
            { words: say("什么时候", "When") },
            { words: "" },
          ]}
          rows={queue.value.referrals.map((one) => ({
            key: one.application,
            cells: [
              <b>{one.name ?? "—"}</b>,
              one.village,
              yuan(one.asked),
              say("{n} 个月", "{n} months", { n: one.term_months }),
              term("use", one.purpose, chosen),
              <Reasons reasons={one.reasons} />,
              moment(one.asked_at, chosen),
              <a class="key small" href={`#/referrals/${one.application}/${one.household}`}>{may(role, "decide") ? say("去办", "Decide") : say("查看", "Look")}</a>,
            ],
          }))}
        />
      )}
    </>
  );
}

function ReferralPage({ id, household }: { id: string; household: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [done, setDone] = useState<string | null>(null);
  const loaded = useLoaded(async () => {
    const { referrals, products } = await readQueue();
    const referral = referrals.find((one) => one.application === id);
    // Without a record of the machine's decision, what is known today is shown.
    const features = !referral || referral.features.length > 0 ? (referral?.features ?? []) : (await client.read<Profile>(`/households/${household}/profile`)).features;
    return { referral, products, features: features.filter((feature) => feature.value !== null && feature.value !== undefined) };
  }, [id]);
  const back = <p><a class="inline" href="#/referrals">{say("← 回到列表", "← Back to the list")}</a></p>;
  if (done) {
    return (
      <>
        <Title>{say("办好了", "Done")}</Title>
        <Good>{done}</Good>
        {back}
      </>
    );
  }
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const { referral, products, features } = loaded.value;
  if (!referral) {
    return (
      <>
        <Title>{say("这笔申请不在列表里了", "This application is no longer waiting")}</Title>
        {back}
      </>
    );
  }
  return (
    <>
      {back}
      <Title note={`${referral.application} · ${moment(referral.asked_at, chosen)}`}>
        {say("{name} 想借 {amount}", "{name} asks for {amount}", { name: referral.name ?? referral.household, amount: yuan(referral.asked) })}
      </Title>
      {may(role, "see_decision") && referral.features.length > 0 && (
        <p><a class="inline" href={`#/decisions/${referral.application}/${household}`}>{say("看决策：规则、得分、相似的申请", "The decision: rules, score, cases like it")}</a></p>
      )}
      <div class="columns">
        <div>
          <section class="card">
            <h2>{say("申请", "Application")}</h2>
            <Facts
              rows={[
                [say("产品", "Product"), productName(products, referral.product, chosen)],
                [say("期限", "Term"), say("{n} 个月", "{n} months", { n: referral.term_months })],
                [say("用途", "Use"), term("use", referral.purpose, chosen)],
                referral.suggested ? [say("按规则最多可借", "Most under the rules"), yuan(referral.suggested)] : null,
                referral.rating ? [say("信用等级", "Rating"), referral.rating] : null,
                referral.rate ? [say("年利率", "Rate a year"), percent(referral.rate)] : null,
                [say("村", "Village"), referral.village],
                [say("农户", "Household"), <a class="inline" href={`#/households/${referral.household}`}>{say("看账户和借款", "Account and loans")}</a>],
              ]}
            />
          </section>
          <section class="card">
            <h2>{say("为什么转人工", "Why referred")}</h2>
            <Reasons reasons={referral.reasons} />
          </section>
          <Features features={features} />
        </div>
        <div>
          {may(role, "decide") ? (
            <Decide referral={referral} onDone={setDone} />
          ) : (
            <p class="notice">{say("您的岗位只能看，不能决定。", "Your role may look, not decide.")}</p>
          )}
        </div>
      </div>
    </>
  );
}

function Features({ features }: { features: Feature[] }) {
  const say = useSay();
  const chosen = language.use();
  return (
    <section class="card">
      <h2>{say("这家的收支情况", "How the household lives")}</h2>
      {features.length === 0 ? (
        <p class="hint">{say("还没有可看的往来记录。", "There are no dealings to look at yet.")}</p>
      ) : (
        <Facts rows={features.map((feature) => [chosen === "zh" ? feature.zh : feature.en, inWords(feature, say)] as const)} />
      )}
    </section>
  );
}

function Decide({ referral, onDone }: { referral: Referral; onDone: (words: string) => void }) {
  const say = useSay();
  const act = useAct();
  const [choice, setChoice] = useState<"approve" | "decline" | null>(null);
  const [amount, setAmount] = useState(decimal(parseFen(referral.asked) ?? 0).replace(/\.00$/, ""));
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const name = referral.name ?? referral.household;
  const submit = () => {
    const fen = parseFen(amount);
    const asked = parseFen(referral.asked) ?? 0;
    if (!choice) return setWrong(say("请选同意还是拒绝", "Please choose approve or decline"));
    if (choice === "approve" && (fen === null || fen <= 0)) return setWrong(say("请填批多少", "Please give the amount"));
    if (choice === "approve" && fen !== null && fen > asked) return setWrong(say("不能批得比申请的多（{asked}）", "No more than was asked for ({asked})", { asked: yuan(asked) }));
    if (!reason.trim()) return setWrong(say("请写明理由", "Please give the reason"));
    setWrong(null);
    return void act.run(async () => {
      const isApproved = choice === "approve";
      const body = { approve: isApproved, ...(isApproved && fen !== null ? { amount: decimal(fen) } : {}), reason: reason.trim() };
      const answer = await client.write<DecisionMade>(`/office/applications/${referral.application}/decision?household=${encodeURIComponent(referral.household)}`, body, {
        told: say("决定 {name} 的申请", "decision on {name}", { name }),
      });
      onDone(
        answer.proposal
          ? say("这个金额要两个人批：您的意见已提交，还要另一位同事批准。", "This amount needs two people: your decision is proposed and waits for a colleague.")
          : isApproved
            ? say("已同意借给 {name} {amount}，等农户看条件、签约。", "Approved {amount} for {name}, who can now read the offer.", { name, amount: yuan(fen) })
            : say("已拒绝 {name} 的申请，理由农户能看到。", "Declined. {name} sees the reason.", { name }),
      );
    });
  };
  return (
    <section class="card">
      <h2>{say("您的决定", "Your decision")}</h2>
      <Form onSubmit={submit}>
        <fieldset class="choices">
          <legend class="unseen">{say("决定", "Decision")}</legend>
          {(["approve", "decline"] as const).map((one) => (
            <label class={choice === one ? "choice is-on" : "choice"} key={one}>
              <input
                type="radio"
                name="decision"
                checked={choice === one}
                onChange={() => {
                  setChoice(one);
                  setWrong(null);
                }}
              />
              {one === "approve" ? say("同意借", "Approve") : say("拒绝", "Decline")}
            </label>
          ))}
        </fieldset>
        {choice === "approve" && (
          <Field label={say("批多少（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} hint={say("申请 {asked}；可以少批", "{asked} was asked for; it may be less", { asked: yuan(referral.asked) })} />
        )}
        <LongField label={say("理由（记入档案，农户也会看到）", "Reason (kept on record; the household sees it)")} value={reason} onInput={setReason} maxLength={500} />
        <Trouble error={wrong ?? act.error} />
        <Key submit isBusy={act.isBusy}>{say("提交决定", "Submit")}</Key>
      </Form>
    </section>
  );
}
