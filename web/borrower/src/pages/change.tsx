// A change of a loan's rows that somebody proposed: what it moves, what it costs before and after, and the
// borrower's word on the very text that is shown.

import { useState } from "preact/hooks";
import type { LoanChange, LoanDetail, Papers, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { Facts, Key, LinkKey, Loading, Notice, Screen, Tick, Trouble } from "../parts";
import { useSecondsRead } from "../reading";
import { client, codeOf, go, household, language, useAct, useLoaded, useSay } from "../state";

/** How long the plans stand before they can be agreed to. */
const READ_SECONDS = 10;

export function ChangePage({ loan, id }: { loan: string; id: string }) {
  const say = useSay();
  const path = `/households/${household.value}/loans/${loan}/changes`;
  const loaded = useLoaded(async () => {
    const base = `/households/${household.value}`;
    const [changes, { contract }] = await Promise.all([client.read<LoanChange[]>(path), client.read<LoanDetail>(`${base}/loans/${loan}`)]);
    const { papers } = await client.read<Papers>(`${base}/contracts/${contract}/papers`);
    // A guarantor is asked at the window too, where both sign.
    return { change: changes.find((one) => one.change === id) ?? null, isGuaranteed: papers.some((paper) => paper.kind === "guarantee") };
  }, [path, id]);
  const back = `/loans/${loan}`;
  if (loaded.value === undefined) {
    return (
      <Screen title={say("还款计划的变更", "A change of the plan")} back={back}>
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  const { change, isGuaranteed } = loaded.value;
  if (!change || !change.before || !change.after) {
    return (
      <Screen title={say("还款计划的变更", "A change of the plan")} back={back} foot={<LinkKey to={back}>{say("看借款", "See the loan")}</LinkKey>}>
        <p class="lead">{say("这份变更已经不能看了：借款有了新的变化，请工作人员重新提出。", "This change is no longer open: the loan has moved on. Ask for a new one.")}</p>
      </Screen>
    );
  }
  return <Reading change={change} isGuaranteed={isGuaranteed} path={`${path}/${id}`} back={back} />;
}

function Reading({ change, isGuaranteed, path, back }: { change: LoanChange; isGuaranteed: boolean; path: string; back: string }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const seconds = useSecondsRead();
  const [isAgreed, setAgreed] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const left = Math.max(0, READ_SECONDS - seconds);
  const isOpen = change.status === "proposed" && change.needs_consent;
  const [isSentAway, setSentAway] = useState(isGuaranteed);
  const waits = isOpen && !isSentAway;
  const added = (parseFen(change.cost_after) ?? 0) - (parseFen(change.cost_before) ?? 0);
  const agree = () =>
    act.run(async () => {
      if (!isAgreed) return setWrong(say("同意的话，请先打勾", "If you agree, please tick first"));
      try {
        await client.write<Receipt>(`${path}/consent`, { text_hash: change.text_hash }, { told: say("同意变更还款计划", "agreement to the change") });
      } catch (error) {
        if (codeOf(error) !== "guarantor_not_asked") throw error;
        return setSentAway(true);
      }
      go(back, "replace");
    });
  const rows = (of: typeof change.before) => (
    <table class="plan">
      <thead>
        <tr>
          <th scope="col">{say("哪天", "Date")}</th>
          <th scope="col">{say("本金", "Principal")}</th>
          <th scope="col">{say("一共还", "Repay")}</th>
        </tr>
      </thead>
      <tbody>
        {(of ?? []).map((row) => (
          <tr key={row.due}>
            <th scope="row">{day(row.due, chosen)}</th>
            <td>{yuan(row.principal, true)}</td>
            <td>{yuan(row.total, true)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
  const title = change.kind === "replan" ? say("按收成重排还款", "A plan that follows the harvest") : say("受灾延期还款", "A deferral after the disaster");
  return (
    <Screen
      title={title}
      back={back}
      foot={
        !waits ? (
          <LinkKey to={back}>{say("看借款", "See the loan")}</LinkKey>
        ) : left > 0 ? (
          <>
            <p class="countdown" role="timer">{say("请先看完，还有 {n} 秒", "Please read, {n} s left", { n: left })}</p>
            <progress class="reading" value={seconds} max={READ_SECONDS} aria-hidden="true" />
          </>
        ) : (
          <>
            <Key onClick={agree} isBusy={act.isBusy}>{say("我同意这样改", "I agree to the change")}</Key>
            <LinkKey to={back} kind="plain">{say("先不改", "Not now")}</LinkKey>
          </>
        )
      }
    >
      {isOpen && isSentAway && (
        <Notice>
          {say(
            "这笔借款有保证人，这里不能单独同意。看完以后，请和保证人带身份证到服务窗口，当面说同意还是不同意。",
            "This loan has a guarantor, so you cannot agree to it here alone. Read it, then come to the service window together, with your resident cards, and say yes or no there.",
          )}
        </Notice>
      )}
      {change.status === "agreed" && <Notice kind="good">{say("您已经同意，等工作人员办理。", "You have agreed; the office carries it out.")}</Notice>}
      <section class="card">
        <Facts
          rows={[
            [say("往后推的本金", "Principal put off"), <b class="large">{yuan(change.moved, true)}</b>],
            [say("原来利息和费用", "Interest and fees before"), yuan(change.cost_before, true)],
            [say("改了以后", "After"), <b>{yuan(change.cost_after, true)}</b>],
            [added >= 0 ? say("多出", "More by") : say("少了", "Less by"), <b class="large">{yuan(Math.abs(added), true)}</b>],
            [say("从哪天起", "From"), day(change.from, chosen)],
          ]}
        />
      </section>
      <section class="card">
        <h2>{say("改了以后怎么还", "The plan after")}</h2>
        {rows(change.after)}
      </section>
      <section class="card">
        <h2>{say("原来怎么还", "The plan before")}</h2>
        {rows(change.before)}
      </section>
      <p class="hint">{say("不同意也可以：还款计划就不变。", "You may say no: then the plan stays as it is.")}</p>
      {waits && left === 0 && (
        <Tick
          isOn={isAgreed}
          onChange={(isOn) => {
            setAgreed(isOn);
            setWrong(null);
          }}
        >
          {added > 0
            ? say("我看明白了：推后还，利息一共多 {added}。", "I understand: paying later costs {added} more.", { added: yuan(added, true) })
            : say("我看明白了，同意这样改。", "I understand and agree.")}
        </Tick>
      )}
      <Trouble error={wrong ?? act.error} />
    </Screen>
  );
}
