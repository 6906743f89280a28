// Orders that wait for a person before their money moves: what is unusual about each, and whether it is carried out.

import { useState } from "preact/hooks";
import type { Receipt, Suspended, SuspendedQueue } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { yuan } from "../../../shared/money";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Loading, LongField, Select, Table, TextKey, Tick, Title } from "../parts";
import { client, language, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";
import { shortId } from "../short-id";

export default function SuspendedPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [open, setOpen] = useState<string | null>(null);
  const loaded = useLoaded(() => client.read<SuspendedQueue>("/office/suspended"));
  const title = say("待核查的交易", "Suspended orders");
  if (!loaded.value) return <><Title>{title}</Title><Loading error={loaded.error} again={loaded.again} /></>;
  const { waiting, asked, held, unanswered } = loaded.value;
  const one = waiting.find((order) => order.order === open);
  return (
    <>
      <Title note={say("钱已留住，还没有转出。过了期限没有人看，就不办了，钱退回可用。不要告诉客户为什么。", "The money is reserved and has not left. What nobody looks at in time lapses, and the money is free again. Do not tell the customer why.")}>{title}</Title>
      <Table
        empty={say("没有等着核查的交易。", "No order waits.")}
        columns={[{ words: say("农户", "Household") }, { words: say("交易", "Order") }, { words: say("金额", "Amount"), isAmount: true }, { words: say("像什么", "Looks like") }, { words: say("得分", "Score"), isAmount: true }, { words: say("哪天发出", "Sent") }, { words: say("最晚哪天", "Lapses after") }, { words: "" }]}
        rows={waiting.map((order) => ({
          key: order.order,
          cells: [
            <a class="inline" href={`#/households/${order.household}`}>{shortId(order.household)}</a>,
            term("order", order.kind, chosen),
            yuan(order.amount),
            term("typology", order.typology, chosen),
            order.score.toFixed(2),
            day(order.sent_on, chosen),
            day(order.last_day, chosen),
            <TextKey label={say("看 {name}", "Look at {name}", { name: yuan(order.amount) })} onClick={() => setOpen(order.order)}>{say("看", "Look")}</TextKey>,
          ],
        }))}
      />
      <p class="hint">{say("开机以来：问过 {asked} 笔，留住 {held} 笔，没有及时答复 {unanswered} 笔。", "Since the start: {asked} orders judged, {held} held, {unanswered} without an answer in time.", { asked, held, unanswered })}</p>
      {one && <Order key={one.order} of={one} mayDecide={may(role, "end_suspended")} onDone={loaded.again} />}
    </>
  );
}

function Order({ of, mayDecide, onDone }: { of: Suspended; mayDecide: boolean; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [decision, setDecision] = useState("");
  const [reason, setReason] = useState("");
  const [isSure, setSure] = useState(false);
  return (
    <div class="columns">
      <section class="card">
        <h2>{`${term("order", of.kind, chosen)} ${yuan(of.amount)}`}</h2>
        <Facts
          rows={[
            of.payee ? [say("付给", "To"), <a class="inline" href={`#/households/${of.payee}`}>{shortId(of.payee)}</a>] : null,
            [say("像什么", "Looks like"), term("typology", of.typology, chosen)],
            [say("按哪份配置", "By configuration"), <span class="id">{of.config}</span>],
          ]}
        />
        <ul class="reasons">
          {of.signals.map((signal) => (
            <li key={signal.kind}><b>{chosen === "zh" ? signal.zh : signal.en}</b></li>
          ))}
        </ul>
        {of.signals.length === 0 && <p class="hint">{say("监测没有及时答复，按配置先留住。", "The monitor gave no answer in time: the configuration holds then.")}</p>}
      </section>
      {mayDecide && (
        <WriteCard
          title={say("怎么办", "What becomes of it")}
          words={say("决定", "Decide")}
          kind="grave"
          check={() => (!decision ? say("请选放行还是拒绝", "Please choose to release or to refuse") : !reason.trim() ? say("请写明理由", "Please give the reason") : !isSure ? say("请先确认", "Please confirm first") : null)}
          send={async () => {
            const told = await client.write<Receipt>(`/office/suspended/${of.household}/${of.order}/decision`, { decision, amount: of.amount, reason: reason.trim() }, { told: say("核查决定", "a decision on an order") });
            onDone();
            return told.status === "proposed" ? say("金额较大，已交第二个人批准。", "It takes a second person, who is asked now.") : say("已办。", "Done.");
          }}
        >
          <Select label={say("决定", "Decision")} value={decision} onChange={setDecision} isOpen options={codesOf("suspended_end").map((code) => [code, term("suspended_end", code, chosen)] as const)} />
          <LongField label={say("理由（记入档案，客户看不到）", "Reason (kept on record, not shown to the customer)")} value={reason} onInput={setReason} maxLength={300} />
          <Tick isOn={isSure} onChange={setSure}>{say("我核实过了", "I have checked it")}</Tick>
        </WriteCard>
      )}
    </div>
  );
}
