// What one person has proposed and another has to approve.

import { useState } from "preact/hooks";
import type { Proposal } from "../../../shared/bodies";
import { moment } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { maySecond } from "../access";
import { Facts, Form, Good, Key, Loading, LongField, Title, Trouble } from "../parts";
import { client, language, staff, useAct, useLoaded, useRole, useSay } from "../state";

export default function ProposalsPage() {
  const say = useSay();
  const loaded = useLoaded(() => client.read<Proposal[]>("/office/proposals"));
  const [done, setDone] = useState<string | null>(null);
  return (
    <>
      <Title note={say("一人提交，另一人批准。批准时按现在的情况重算，结果变了就不办。", "One proposes, another approves. On approval it is decided anew; if the outcome would differ, nothing is done.")}>
        {say("待批准的事项", "Waiting for approval")}
      </Title>
      {done && <Good>{done}</Good>}
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : loaded.value.length === 0 ? (
        <p class="hint empty">{say("现在没有等着批准的事。", "Nothing waits for approval.")}</p>
      ) : (
        loaded.value.map((proposal) => (
          <One
            key={proposal.proposal}
            proposal={proposal}
            onDone={(words) => {
              setDone(words);
              loaded.again();
            }}
          />
        ))
      )}
    </>
  );
}

function One({ proposal, onDone }: { proposal: Proposal; onDone: (words: string) => void }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  // Nobody is the second person for what they proposed themselves.
  const isOwn = proposal.proposed_by === staff.use()?.name;
  const act = useAct();
  const [step, setStep] = useState<"look" | "approve" | "reject">("look");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const path = `/office/proposals/${proposal.proposal}`;
  const name = term("act", proposal.act, chosen);
  const approve = () =>
    act.run(async () => {
      await client.write(`${path}/approval`, {}, { told: say("批准：{name}", "approval: {name}", { name }) });
      onDone(say("已批准：{name}。", "Approved: {name}.", { name }));
    });
  const reject = () => {
    if (!reason.trim()) return setWrong(say("请写明理由", "Please give the reason"));
    setWrong(null);
    return void act.run(async () => {
      await client.write(`${path}/rejection`, { reason: reason.trim() }, { told: say("退回：{name}", "rejection: {name}", { name }) });
      onDone(say("已退回：{name}。", "Rejected: {name}.", { name }));
    });
  };
  return (
    <section class="card wide">
      <h2>
        {name}
        {(parseFen(proposal.amount) ?? 0) > 0 ? ` ${yuan(proposal.amount)}` : ""}
      </h2>
      <Facts
        rows={[
          [say("谁提交的", "Proposed by"), proposal.proposed_by],
          [say("什么时候", "When"), moment(proposal.proposed_at, chosen)],
          [say("批准后的结果", "Once approved"), term("outcome", proposal.shown, chosen)],
          proposal.reason ? [say("理由或凭据", "Reason or reference"), proposal.reason] : null,
          proposal.household ? [say("农户", "Household"), <a class="inline" href={`#/households/${proposal.household}`}>{say("看账户和借款", "Account and loans")}</a>] : null,
          [say("编号", "Id"), <span class="id">{proposal.proposal}</span>],
        ]}
      />
      <Trouble error={wrong ?? act.error} />
      {step === "look" && (isOwn || maySecond(role, proposal.act)) && (
        <div class="row">
          {!isOwn && <Key onClick={() => setStep("approve")}>{say("批准", "Approve")}</Key>}
          <Key kind="plain" onClick={() => setStep("reject")}>{isOwn ? say("撤回", "Take back") : say("退回", "Reject")}</Key>
        </div>
      )}
      {isOwn && step === "look" && <p class="hint">{say("您自己提交的，要另一位同事批准。", "You proposed this; a colleague has to approve it.")}</p>}
      {step === "approve" && (
        <div class="row">
          <Key onClick={approve} isBusy={act.isBusy}>{say("确定批准", "Yes, approve")}</Key>
          <Key kind="plain" onClick={() => setStep("look")}>{say("再想想", "Not yet")}</Key>
        </div>
      )}
      {step === "reject" && (
        <Form onSubmit={reject}>
          <LongField label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={500} />
          <div class="row">
            <Key submit kind="grave" isBusy={act.isBusy}>{isOwn ? say("确定撤回", "Yes, take it back") : say("确定退回", "Yes, reject")}</Key>
            <Key kind="plain" onClick={() => setStep("look")}>{say("再想想", "Not yet")}</Key>
          </div>
        </Form>
      )}
    </section>
  );
}
