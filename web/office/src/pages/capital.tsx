// What the institution has to lend and where it stands: capital paid in, shares of the bank balance, entries to be undone.

import { useState } from "preact/hooks";
import type { DayStatus, Health, Receipt } from "../../../shared/bodies";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { may } from "../access";
import { Field, Loading, LongField, Select, Title } from "../parts";
import { client, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";

export default function CapitalPage() {
  const say = useSay();
  const role = useRole();
  const loaded = useLoaded(async () => {
    const health = await client.read<Health>("/health");
    return client.read<DayStatus>(`/office/days/${health.open_date}`);
  });
  return (
    <>
      <Title note={say("资金到账、给分区头寸、冲正分录。每一件都记进日志，能查到是谁办的。", "Capital paid in, shares of the bank balance, entries undone. Each is in the journal with who did it.")}>{say("资金和冲正", "Capital and reversals")}</Title>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <div class="columns">
          <div>
            {may(role, "fund") && <Fund />}
            {may(role, "grant_quota") && <Quota cells={loaded.value.cells} />}
          </div>
          <div>{may(role, "reverse") && <Reverse />}</div>
        </div>
      )}
    </>
  );
}

function useAmount(): [string, (value: string) => void, number] {
  const [amount, setAmount] = useState("");
  return [amount, setAmount, parseFen(amount) ?? 0];
}

function Fund() {
  const say = useSay();
  const [amount, setAmount, fen] = useAmount();
  const [reference, setReference] = useState("");
  return (
    <WriteCard
      title={say("资本金到账", "Capital was paid in")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (fen <= 0 ? say("请填金额", "Please give the amount") : !reference.trim() ? say("请填银行回单号", "Please give the bank's reference") : null)}
      send={async () => {
        await client.write<Receipt>("/office/funds", { amount: decimal(fen), reference: reference.trim() }, { told: say("资本金 {amount}", "capital of {amount}", { amount: yuan(fen) }) });
        setAmount("");
        setReference("");
        return say("已提交 {amount}，等另一位同事批准。", "{amount} proposed: a colleague has to approve it.", { amount: yuan(fen) });
      }}
    >
      <Field label={say("金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={16} />
      <Field label={say("银行回单号", "The bank's reference")} value={reference} onInput={setReference} maxLength={100} />
    </WriteCard>
  );
}

function Quota({ cells }: { cells: number }) {
  const say = useSay();
  const [amount, setAmount, fen] = useAmount();
  const [cell, setCell] = useState("");
  return (
    <WriteCard
      title={say("给一个分区头寸", "Give a cell a share of the bank balance")}
      words={say("拨付", "Give it")}
      check={() => (!cell ? say("请选分区", "Please choose a cell") : fen <= 0 ? say("请填金额", "Please give the amount") : null)}
      send={async () => {
        await client.write<Receipt>("/office/quotas", { cell: Number(cell), amount: decimal(fen) }, { told: say("给 {cell} 分区 {amount}", "{amount} to cell {cell}", { cell, amount: yuan(fen) }) });
        setAmount("");
        return say("已给 {cell} 分区 {amount}。", "Cell {cell} has {amount} more.", { cell, amount: yuan(fen) });
      }}
    >
      <p class="hint">{say("分区出款只能用自己那份头寸；不够时会自己来要，这里用来提前拨。", "A cell pays out only from its own share. It asks by itself when it runs low; this gives it ahead of need.")}</p>
      <Select label={say("分区", "Cell")} value={cell} onChange={setCell} isOpen options={Array.from({ length: cells }, (_, place) => [String(place + 1), say("第 {n} 分区", "Cell {n}", { n: place + 1 })] as const)} />
      <Field label={say("金额（元）", "Amount (yuan)")} value={amount} onInput={setAmount} decimal maxLength={16} />
    </WriteCard>
  );
}

function Reverse() {
  const say = useSay();
  const [entry, setEntry] = useState("");
  const [reason, setReason] = useState("");
  return (
    <WriteCard
      title={say("冲正一笔分录", "Undo an entry")}
      words={say("提交，等第二个人批准", "Propose")}
      kind="grave"
      check={() => (!entry.trim() ? say("请填分录号", "Please name the entry") : !reason.trim() ? say("请写明理由", "Please give the reason") : null)}
      send={async () => {
        await client.write<Receipt>("/office/reversals", { entry: entry.trim(), reason: reason.trim() }, { told: say("冲正 {entry}", "reversal of {entry}", { entry: entry.trim() }) });
        setEntry("");
        setReason("");
        return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
      }}
    >
      <p class="hint">{say("钱包的存取和转账用它冲；借款上的事在借款页面撤销。原分录留着，另记一笔相反的。", "For top-ups, withdrawals and transfers of wallets; what happened to a loan is taken back on its page. The entry stays, and its opposite is booked beside it.")}</p>
      <Field label={say("分录号", "Entry")} value={entry} onInput={setEntry} maxLength={60} hint={say("在农户的收支里能看到：分区-记录-序号", "As the household's entries show it: cell, record and fact")} />
      <LongField label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={500} />
    </WriteCard>
  );
}
