// A household's facility: what is used of it, what happened to it, and what the office may do about it.

import { useState } from "preact/hooks";
import type { Facility, Receipt } from "../../../shared/bodies";
import { Refused } from "../../../shared/client";
import { day } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Field, Form, Good, Key, Loading, Select, Table, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";

type Change = "review" | "freeze" | "thaw" | "raise" | "lower" | "close";

const CHANGES: Change[] = ["review", "freeze", "thaw", "raise", "lower", "close"];

export function FacilityCard({ household }: { household: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const loaded = useLoaded(async () => {
    try {
      return { facility: await client.read<Facility>(`/households/${household}/facility`) };
    } catch (error) {
      if (error instanceof Refused && error.problem.code === "unknown_facility") return { facility: null };
      throw error;
    }
  }, [household]);
  const facility = loaded.value?.facility;
  return (
    <section class="card">
      <h2>{say("授信", "Facility")}</h2>
      {!loaded.value && <Loading error={loaded.error} again={loaded.again} />}
      {facility === null && <p class="hint">{say("还没有授信。", "None yet.")}</p>}
      {facility && (
        <>
          <Facts
            rows={[
              [say("状态", "Status"), term("facility", facility.status, chosen)],
              [say("额度", "Amount"), <b>{yuan(facility.amount, true, facility.currency)}</b>],
              [say("已用", "Used"), yuan(facility.used, true)],
              [say("已批未用", "Approved, not drawn"), yuan(facility.reserved, true)],
              [say("冻结", "Frozen"), yuan(facility.frozen, true)],
              [say("可用", "Available"), yuan(facility.available, true)],
              [say("有效期至", "Valid to"), day(facility.valid_to, chosen)],
              facility.review_by ? [say("年审期限", "Review by"), day(facility.review_by, chosen)] : null,
            ]}
          />
          <Table
            empty={say("没有记录。", "Nothing.")}
            columns={[{ words: say("日期", "Date") }, { words: say("什么事", "What") }, { words: say("理由", "Reason") }, { words: say("金额", "Amount"), isAmount: true }]}
            rows={facility.history.map((step) => ({
              key: step.event,
              cells: [day(step.date, chosen), term("facility_step", step.kind, chosen), step.reason ?? "", step.amount ? yuan(step.amount, true) : "—"],
            }))}
          />
          {may(role, "change_facility") && <ChangeIt household={household} facility={facility} onDone={loaded.again} />}
        </>
      )}
    </section>
  );
}

function ChangeIt({ household, facility, onDone }: { household: string; facility: Facility; onDone: () => void }) {
  const say = useSay();
  const act = useAct();
  const chosen = language.use();
  const [change, setChange] = useState<Change>("review");
  const [amount, setAmount] = useState("");
  const [date, setDate] = useState("");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const asksAmount = change === "raise" || change === "lower" || change === "freeze";
  const submit = () => {
    const fen = amount.trim() ? parseFen(amount) : null;
    if (asksAmount && change !== "freeze" && fen === null) return setWrong(say("请填金额", "Please give the amount"));
    if (change === "review" && !date) return setWrong(say("请填下次年审的期限", "Please give the next review date"));
    if (!reason.trim()) return setWrong(say("请写明理由", "Please give the reason"));
    setWrong(null);
    setDone(null);
    return void act.run(async () => {
      const body = {
        change,
        reason: reason.trim(),
        ...(asksAmount && fen !== null ? { amount: decimal(fen) } : {}),
        ...(change === "review" ? { review_by: date } : {}),
      };
      const answer = await client.write<Receipt>(`/households/${household}/facilities/${facility.facility}/changes`, body, { told: term("facility_change", change, chosen) });
      setReason("");
      setAmount("");
      setDone(answer.status === "proposed" ? say("已提交，等另一位同事批准。", "Sent; a second person has to approve.") : say("已办好。", "Done."));
      onDone();
    });
  };
  return (
    <Form onSubmit={submit}>
      <Select
        label={say("要办什么", "What to do")}
        value={change}
        onChange={(one) => setChange(one as Change)}
        options={CHANGES.map((one) => [one, term("facility_change", one, chosen)] as const)}
      />
      {asksAmount && (
        <Field
          label={change === "freeze" ? say("冻结多少（元，不填为全部）", "Freeze how much (yuan; empty for all)") : say("调到多少（元）", "To how much (yuan)")}
          value={amount}
          onInput={setAmount}
          decimal
          maxLength={14}
        />
      )}
      {change === "review" && <Field label={say("下次年审期限", "Next review by")} value={date} onInput={setDate} type="date" />}
      <Field label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={200} />
      <Trouble error={wrong ?? act.error} />
      {done && <Good>{done}</Good>}
      <Key submit isBusy={act.isBusy}>{say("办理", "Do it")}</Key>
    </Form>
  );
}
