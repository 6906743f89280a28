// The offer before signing: what is paid in all, what default costs, when to pay, the contract; then the
// signature. Reading takes a while, and the page waits for it.

import { useState } from "preact/hooks";
import type { Application, Offer, Receipt, Signed } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { percent, yuan } from "../../../shared/money";
import { plainWords } from "../../../shared/plain";
import { Facts, Key, LinkKey, Loading, Notice, Screen, Tick, Trouble } from "../parts";
import { useSecondsRead } from "../reading";
import { client, codeOf, go, household, language, useAct, useLoaded, useSay } from "../state";
import { keepAnswer } from "./application";

/** How long the table and the contract stand before they can be agreed to, unless the server asks for another time. */
const READ_SECONDS = 10;

export function OfferPage({ id }: { id: string }) {
  const say = useSay();
  const path = `/households/${household.value}/applications/${id}`;
  const loaded = useLoaded<Application>(() => client.read<Application>(path), [id]);
  const back = `/applications/${id}`;
  const application = loaded.value;
  if (!application) {
    return (
      <Screen title={say("借款条件", "The offer")} back={back}>
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  if (!application.offer) {
    return (
      <Screen title={say("借款条件", "The offer")} back={back} foot={<LinkKey to={back}>{say("看申请", "See the application")}</LinkKey>}>
        <p class="lead">{say("这份借款条件现在看不了，可能已经签约或者过期了。", "This offer is not open: it may be signed or expired.")}</p>
      </Screen>
    );
  }
  return <Reading application={application} offer={application.offer} path={path} />;
}

function Reading({ application, offer, path }: { application: Application; offer: Offer; path: string }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const seconds = useSecondsRead();
  const [least, setLeast] = useState(offer.read_seconds_min ?? READ_SECONDS);
  const [isAgreed, setAgreed] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const [isLeaving, setLeaving] = useState(false);
  const left = Math.max(0, least - seconds);
  const { cost, schedule } = offer;
  const words = (chosen === "zh" ? offer.words_zh : offer.words_en).map((sentence) => plainWords(sentence, chosen));
  const first = schedule[0];
  const isEven = schedule.length > 1 && schedule.slice(0, -1).every((row) => row.total === first?.total);

  const withdraw = () =>
    act.run(async () => {
      await client.write<Receipt>(`${path}/withdrawal`, {}, { told: say("不借了", "offer let go") });
      go("/", "replace");
    });
  const sign = () =>
    act.run(async () => {
      if (!isAgreed) return setWrong(say("同意的话，请先打勾", "If you agree, please tick first"));
      try {
        const signed = await client.write<Signed>(
          `${path}/signature`,
          { text_hash: offer.text_hash, read_seconds: least, confirmed: true },
          { told: say("签约 {amount}", "contract over {amount}", { amount: yuan(cost.principal) }) },
        );
        keepAnswer({ ...application, status: "signed", contract: signed.contract });
        go(`/applications/${application.application}`, "replace");
      } catch (error) {
        if (codeOf(error) === "not_read") setLeast(seconds + 5);
        throw error;
      }
    });

  return (
    <Screen
      title={say("先看清楚，再签约", "Read first, then sign")}
      back={`/applications/${application.application}`}
      aloud={words.join("。")}
      foot={
        left > 0 ? (
          <>
            <p class="countdown" role="timer">
              {say("请先看完，还有 {n} 秒", "Please read, {n} s left", { n: left })}
            </p>
            <progress class="reading" value={seconds} max={least} aria-hidden="true" />
          </>
        ) : (
          <>
            <Key onClick={sign} isBusy={act.isBusy}>{say("我同意，签约", "I agree and sign")}</Key>
            {isLeaving ? (
              <Key kind="plain" onClick={withdraw} isBusy={act.isBusy}>{say("确定不借了，这份报价作废", "Yes, let this offer go")}</Key>
            ) : (
              <Key kind="plain" onClick={() => setLeaving(true)}>{say("不借了", "No, thank you")}</Key>
            )}
          </>
        )
      }
    >
      <section class="card">
        <Facts
          rows={[
            [say("借多少", "You borrow"), <b class="large">{yuan(cost.principal)}</b>],
            first && [
              schedule.length === 1 ? say("到期还", "At the end") : isEven ? say("每月还", "A month") : say("第一次还", "First repayment"),
              <b class="large">{yuan(first.total, true)}</b>,
            ],
            schedule.length > 1 && [say("还几次", "Repayments"), say("{n} 次", "{n}", { n: schedule.length })],
            [say("年利率", "Interest a year"), percent(offer.rate)],
            [say("一共还", "You repay in all"), <b class="large">{yuan(cost.total_to_pay, true)}</b>],
          ]}
        />
      </section>

      {words.length > 0 && (
        <section class="card">
          <h2>{say("用大白话说", "In plain words")}</h2>
          {words.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </section>
      )}

      <section class="card">
        <h2>{say("每一项要花多少", "Every cost")}</h2>
        <table class="costs">
          <thead class="unseen">
            <tr>
              <th scope="col">{say("项目", "Item")}</th>
              <th scope="col">{say("金额", "Amount")}</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{say("本金（借到手的钱）", "Principal (paid to you)")}</th>
              <td>{yuan(cost.principal, true)}</td>
            </tr>
            {cost.items.map((item) => (
              <tr key={item.kind + item.label_zh}>
                <th scope="row">
                  {chosen === "zh" ? item.label_zh : item.label_en}
                  <small>{whoPays(item.payer, item.collector, say)}</small>
                </th>
                <td>{yuan(item.amount, true)}</td>
              </tr>
            ))}
            <tr class="total">
              <th scope="row">{say("利息和费用合计", "Interest and fees together")}</th>
              <td>{yuan(cost.total_cost, true)}</td>
            </tr>
            <tr class="total">
              <th scope="row">{say("一共还", "You repay in all")}</th>
              <td>{yuan(cost.total_to_pay, true)}</td>
            </tr>
          </tbody>
        </table>
        <p>
          {say("所有费用都算进去，合一年 {rate}（年化综合成本）。", "With all costs that is {rate} a year (all-in annualised cost).", { rate: percent(cost.annualised_percent) })}
        </p>
        <p class="strong">{say("除了上面这些，不再收任何钱。", "Nothing else is charged.")}</p>
      </section>

      <section class="card">
        <h2>{say("到期没还会怎样", "If you do not pay in time")}</h2>
        <p>
          {cost.on_default.grace_days > 0
            ? say("晚 {n} 天以内不加钱。再晚，没还的本金按一年 {rate} 算罚息。", "Up to {n} days late costs nothing. After that, {rate} a year on overdue principal.", {
                n: cost.on_default.grace_days,
                rate: percent(cost.on_default.penalty_rate),
              })
            : say("从过期那天起，没还的本金按一年 {rate} 算罚息。", "From the due date on, {rate} a year on overdue principal.", { rate: percent(cost.on_default.penalty_rate) })}
        </p>
        <p>{say("比如本金全都没还，每晚一天多 {amount}。也会影响以后借钱。", "For example, with all principal unpaid, each day adds {amount}. It also affects later loans.", { amount: yuan(cost.on_default.per_day_example, true) })}</p>
        <p>{say("有难处请早说，我们一起想办法。", "If you are in trouble, tell us early and we will find a way.")}</p>
      </section>

      <section class="card">
        <h2>{say("哪天还多少", "When and how much")}</h2>
        <table class="plan">
          <thead>
            <tr>
              <th scope="col">{say("哪天", "Date")}</th>
              <th scope="col">{say("还多少", "Repay")}</th>
              <th scope="col">{say("其中利息", "Interest")}</th>
            </tr>
          </thead>
          <tbody>
            {schedule.map((row) => (
              <tr key={row.number}>
                <th scope="row">{day(row.due, chosen)}</th>
                <td>{yuan(row.total, true)}</td>
                <td>{yuan(row.interest, true)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="hint">{say("可以提前全部还清，还清以后不再算利息。", "You may pay all of it early; no more interest after that.")}</p>
      </section>

      <section class="card">
        <h2>{say("合同全文", "The contract")}</h2>
        <pre class="contract" tabIndex={0}>{chosen === "zh" ? offer.contract_text_zh : offer.contract_text_en}</pre>
      </section>

      {left === 0 ? (
        <Tick
          isOn={isAgreed}
          onChange={(isOn) => {
            setAgreed(isOn);
            setWrong(null);
          }}
        >
          {say("我看明白了：借 {principal}，一共还 {total}。我自愿签约。", "I understand: I borrow {principal} and repay {total} in all. I sign of my own will.", {
            principal: yuan(cost.principal),
            total: yuan(cost.total_to_pay, true),
          })}
        </Tick>
      ) : (
        <Notice>{say("看完以后，这里可以打勾签约。", "When the reading time is over you can agree here.")}</Notice>
      )}
      <Trouble error={wrong ?? act.error} />
    </Screen>
  );
}

function whoPays(payer: string, collector: string, say: ReturnType<typeof useSay>): string {
  const name = (code: string) =>
    code === "borrower" ? say("您", "you") : code === "lender" ? say("本机构", "the lender") : code;
  return say("{payer}付给{collector}", "paid by {payer} to {collector}", { payer: name(payer), collector: name(collector) });
}
