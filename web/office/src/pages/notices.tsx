// Reminders that a person carries: whom to call, which slips to hand over; and text messages that have not left.

import { useState } from "preact/hooks";
import type { ToCarry } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { yuan } from "../../../shared/money";
import { may } from "../access";
import type { At } from "../menu";
import { Field, Form, Good, Key, Loading, Table, Title, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";

const CHANNELS = ["call", "slip", "sms"] as const;
type Channel = (typeof CHANNELS)[number];

export default function Notices({ id }: At) {
  return <NoticesPage channel={id} />;
}

function NoticesPage({ channel }: { channel: string }) {
  const say = useSay();
  const open: Channel = CHANNELS.find((one) => one === channel) ?? "call";
  const names: Record<Channel, string> = {
    call: say("要打的电话", "Calls to make"),
    slip: say("要送的通知单", "Slips to hand over"),
    sms: say("还没发出的短信", "Text messages not yet sent"),
  };
  return (
    <>
      <Title note={say("逾期几天打电话、送单子，由机构的提醒方案定。", "The institution's reminder plan says when to call and when to hand over a slip.")}>{names[open]}</Title>
      <p class="row">
        {CHANNELS.map((one) => (
          <a key={one} class={one === open ? "key small" : "key small plain"} href={`#/notices/${one}`} aria-current={one === open ? "page" : undefined}>{names[one]}</a>
        ))}
      </p>
      <Waiting key={open} channel={open} />
    </>
  );
}

function Waiting({ channel }: { channel: Channel }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [taken, setTaken] = useState<ToCarry | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const loaded = useLoaded(() => client.read<ToCarry[]>(`/office/notices?channel=${channel}`), [channel]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const byHand = channel !== "sms" && may(role, "carry_notice");
  return (
    <>
      {done && <Good>{done}</Good>}
      {taken && (
        <Outcome
          key={taken.notice.id}
          of={taken}
          channel={channel}
          onDone={(words) => {
            setTaken(null);
            setDone(words);
            loaded.again();
          }}
        />
      )}
      <Table
        empty={say("现在没有。", "There is none now.")}
        columns={[
          { words: say("户主", "Head") },
          { words: say("村", "Village") },
          { words: say("电话", "Phone") },
          { words: say("到期日", "Due") },
          { words: say("应还", "Owed"), isAmount: true },
          { words: say("内容", "Words") },
          { words: "" },
        ]}
        rows={loaded.value.map((one) => ({
          key: one.notice.id,
          cells: [
            <a class="inline" href={`#/households/${one.household}`}><b>{one.name ?? "—"}</b></a>,
            one.village,
            one.phone ? <a class="inline" href={`tel:${one.phone}`}>{one.phone}</a> : "—",
            day(one.notice.due, chosen),
            yuan(one.notice.amount, true),
            (chosen === "zh" ? one.notice.zh : one.notice.en) ?? "—",
            byHand ? <Key kind="plain" onClick={() => { setDone(null); setTaken(one); }}>{say("记结果", "Record")}</Key> : "",
          ],
        }))}
      />
    </>
  );
}

function Outcome({ of, channel, onDone }: { of: ToCarry; channel: Channel; onDone: (words: string) => void }) {
  const say = useSay();
  const act = useAct();
  const [reached, setReached] = useState<boolean | null>(null);
  const [told, setTold] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const name = of.name ?? of.household;
  const isCall = channel === "call";
  const submit = () => {
    if (reached === null) return setWrong(say("请选有没有找到人", "Please say whether you reached them"));
    if (!told.trim()) return setWrong(say("请写对方怎么说，或者为什么没找到", "Please write what was said, or why nobody was reached"));
    setWrong(null);
    return void act.run(async () => {
      await client.write(`/households/${of.household}/notices/${of.notice.id}/outcome`, { reached, told: told.trim() }, {
        told: say("{name} 的提醒结果", "outcome of the reminder of {name}", { name }),
      });
      onDone(say("{name} 的结果已记下。", "Recorded for {name}.", { name }));
    });
  };
  return (
    <section class="card">
      <h2>{isCall ? say("给 {name} 打电话的结果", "Outcome of the call to {name}", { name }) : say("给 {name} 送通知单的结果", "Outcome of the slip for {name}", { name })}</h2>
      <Form onSubmit={submit}>
        <fieldset class="choices">
          <legend class="unseen">{say("结果", "Outcome")}</legend>
          {[true, false].map((one) => (
            <label class={reached === one ? "choice is-on" : "choice"} key={String(one)}>
              <input type="radio" name="reached" checked={reached === one} onChange={() => setReached(one)} />
              {one ? (isCall ? say("通了，说清楚了", "Reached and told") : say("送到了", "Handed over")) : say("没找到人", "Not reached")}
            </label>
          ))}
        </fieldset>
        <Field label={say("对方怎么说，或者为什么没找到", "What was said, or why nobody was reached")} value={told} onInput={setTold} maxLength={300} />
        <Trouble error={wrong ?? act.error} />
        <Key submit isBusy={act.isBusy}>{say("记下", "Record")}</Key>
      </Form>
    </section>
  );
}
