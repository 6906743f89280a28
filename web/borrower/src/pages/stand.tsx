// Debts of others that the household is asked to stand for: read first, then answered; and those it stands for already.

import { useState } from "preact/hooks";
import type { Guarantee, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Key, Loading, Notice, Screen, Trouble } from "../parts";
import { useSecondsRead } from "../reading";
import { client, household, language, useAct, useLoaded, useSay } from "../state";

export function StandPage() {
  const say = useSay();
  const chosen = language.use();
  const path = `/households/${household.value}/guarantees`;
  const loaded = useLoaded(() => client.read<Guarantee[]>(path));
  const all = loaded.value ?? [];
  const asked = all.find((one) => one.text);
  return (
    <Screen title={say("担保", "Guarantees")} back="/">
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <>
          {asked && <Asked key={asked.guarantee} one={asked} path={path} onDone={loaded.again} />}
          {all.length === 0 && <Notice>{say("没有人请您担保，也没有人为您担保。", "Nobody has asked you to stand for a debt, and nobody stands for yours.")}</Notice>}
          {all.length > 0 && (
            <ul class="entries">
              {all.map((one) => (
                <li key={`${one.guarantee} ${one.side}`}>
                  <span>
                    <b>{one.side === "given" ? say("为{name}担保", "For {name}", { name: one.other_name ?? "—" }) : say("{name}为您担保", "{name} for you", { name: one.other_name ?? "—" })}</b>
                    <small>{`${term("guarantee_state", one.state, chosen)}　${day(one.since, chosen)}`}</small>
                  </span>
                  <b class="amount">{yuan(one.amount, false, one.currency)}</b>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Screen>
  );
}

function Asked({ one, path, onDone }: { one: Guarantee; path: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const seconds = useSecondsRead();
  const [isRefusing, setRefusing] = useState(false);
  if (!one.text) return null;
  const { text } = one;
  const left = text.read_seconds_min - seconds;
  const answer = (stands: boolean) =>
    act.run(async () => {
      const told = stands ? say("同意担保 {amount}", "standing for {amount}", { amount: yuan(one.amount) }) : say("不担保", "not standing for a debt");
      await client.write<Receipt>(`${path}/${one.guarantee}/answer`, { stands, text_hash: text.hash, read_seconds: seconds }, { told });
      onDone();
    });
  return (
    <section class="card due now">
      <h2>{say("{name}请您担保", "{name} asks you to stand for a debt", { name: one.other_name ?? "—" })}</h2>
      <Notice>{say("他还不上，您要替他还。想清楚再答应；不答应，没有人会怪您。", "If he cannot pay, you pay. Think it over; nobody holds a no against you.")}</Notice>
      <pre class="contract" tabIndex={0}>{chosen === "zh" ? text.zh : text.en}</pre>
      <Trouble error={act.error} />
      {isRefusing ? (
        <>
          <Key isBusy={act.isBusy} onClick={() => answer(false)}>{say("确定不担保", "Yes, I do not")}</Key>
          <Key kind="quiet" onClick={() => setRefusing(false)}>{say("再想想", "Not yet")}</Key>
        </>
      ) : (
        <>
          <Key isBusy={act.isBusy} isDisabled={left > 0} onClick={() => answer(true)}>{left > 0 ? say("请先看完（还有 {n} 秒）", "Please read it ({n} s)", { n: left }) : say("看明白了，我担保 {amount}", "I have read it and stand for {amount}", { amount: yuan(one.amount) })}</Key>
          <Key kind="plain" onClick={() => setRefusing(true)}>{say("我不担保", "I do not stand for it")}</Key>
        </>
      )}
    </section>
  );
}
