// The acts of a village campaign that are the office's own: runs, negative list, publication, decision.

import { useState } from "preact/hooks";
import type { VillageRun } from "../../shared/bodies";
import { Good, Key, LongField, Field, Select, Trouble } from "./parts";
import { client, useAct, useSay } from "./state";
import { type Acts, households, step } from "./village-steps";
import { WriteCard } from "./write-card";

/** A run over all households, which goes on where it stopped. */
export function Run({ to, title, words, hint, ...acts }: Acts & { to: "roll" | "limits" | "offers"; title: string; words: string; hint: string }) {
  const say = useSay();
  const act = useAct();
  const [ran, setRan] = useState<VillageRun | null>(null);
  const run = () =>
    act.run(async () => {
      setRan(await client.write<VillageRun>(`${acts.path}/${to}`, undefined, { told: title }));
      acts.onDone();
    });
  return (
    <section class="card">
      <h2>{title}</h2>
      <p class="hint">{hint}</p>
      <Trouble error={act.error} />
      {ran && <Good>{say("办了 {n} 户。", "{n} households done.", { n: ran.done })}</Good>}
      {ran && ran.refused.length > 0 && <ul class="reasons">{ran.refused.map((told) => <li key={told}>{told}</li>)}</ul>}
      <Key onClick={run} isBusy={act.isBusy}>{words}</Key>
    </section>
  );
}

/** Puts a household on the negative list; while the campaign is open it may come off again. */
export function Exclude(acts: Acts) {
  const say = useSay();
  const [household, setHousehold] = useState("");
  const [ground, setGround] = useState("");
  const [source, setSource] = useState("");
  const isOn = acts.detail.roll.some((row) => row.household === household && row.state === "negative");
  const off = acts.detail.state === "open" ? households(acts, "negative") : [];
  return (
    <WriteCard
      title={say("负面清单", "Negative list")}
      words={isOn ? say("移出清单", "Take it off") : say("列入清单", "Put it on")}
      kind={isOn ? "main" : "grave"}
      check={() => {
        if (!household) return say("请选农户", "Please choose a household");
        if (!ground.trim()) return say("请写明理由", "Please give the reason");
        return isOn || source.trim() ? null : say("请写明是从哪里知道的", "Please say where it is known from");
      }}
      send={async () => {
        const told = say("负面清单", "negative list");
        const body = isOn ? { step: "readmit", household, reason: ground.trim() } : { step: "exclude", household, ground: ground.trim(), source: source.trim() };
        const said = await step(acts, say, told, body);
        setHousehold("");
        setGround("");
        setSource("");
        return said;
      }}
    >
      <Select label={say("农户", "Household")} value={household} onChange={setHousehold} isOpen options={[...households(acts, "listed"), ...off.map(([id, name]) => [id, say("{name}（在清单上）", "{name} (on the list)", { name })] as const)]} />
      <LongField label={isOn ? say("为什么移出", "Why it comes off") : say("为什么列入，会写进名册", "Why, as the roll will say")} value={ground} onInput={setGround} maxLength={200} />
      {!isOn && <Field label={say("从哪里知道的：名单、文件或经办人", "Where it is known from: a list, a letter, a person in charge")} value={source} onInput={setSource} maxLength={200} />}
    </WriteCard>
  );
}

export function Publish(acts: Acts) {
  const say = useSay();
  return (
    <WriteCard title={say("公示", "Publication")} words={say("开始公示 {n} 天", "Publish it for {n} days", { n: acts.detail.objection_days })} check={() => null} send={() => step(acts, say, say("公示", "publication"), { step: "publish" })}>
      <p class="hint">{say("先看一遍评议人：谁常和别人差得远，问清楚再公示。名册可以导出，贴到村里。", "Look at who appraises first: ask those who are often far from the others. The roll can be exported and hung out in the village.")}</p>
    </WriteCard>
  );
}

/** Approval once the days are over and every objection is answered; dropping at any time before. Both take two people. */
export function Decide(acts: Acts) {
  const say = useSay();
  const [verdict, setVerdict] = useState("");
  const [reason, setReason] = useState("");
  const choices: (readonly [string, string])[] = [["drop", say("这次不办了", "Drop the campaign")]];
  if (acts.detail.state === "published") choices.unshift(["approve", say("批准额度", "Approve the limits")]);
  return (
    <WriteCard
      title={say("决定", "Decision")}
      words={say("提交，等第二个人批准", "Propose")}
      kind={verdict === "drop" ? "grave" : "main"}
      check={() => (!verdict ? say("请选怎么决定", "Please choose the decision") : reason.trim() ? null : say("请写明理由", "Please give the reason"))}
      send={async () => {
        const said = await step(acts, say, say("整村授信的决定", "decision on a campaign"), { step: verdict, reason: reason.trim() });
        setReason("");
        return said;
      }}
    >
      <Select label={say("怎么决定", "Decision")} value={verdict} onChange={setVerdict} isOpen options={choices} />
      <LongField label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={200} />
    </WriteCard>
  );
}
