// Changes of a loan's plan: what was proposed, the word of borrower and guarantor as it is given at the window, and
// having it carried out or dropped by two.

import { useState } from "preact/hooks";
import type { Household, LoanChange, LoanDetail, Papers, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Field, Form, Good, Key, Loading, Select, Table, Tick, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";

/** Somebody who guarantees this contract. */
type Guarantor = { person: string; words: string };

/** The persons of the guarantees among a contract's papers, with their names where the role may read them. */
async function guarantorsOf(papers: Papers): Promise<Guarantor[]> {
  const signed = papers.papers.filter((paper) => paper.kind === "guarantee" && paper.person);
  return Promise.all(
    signed.map(async (paper) => {
      const person = paper.person ?? "";
      const home = paper.household ? await client.read<Household>(`/households/${paper.household}`).catch(() => null) : null;
      const name = home?.persons.find((one) => one.person === person)?.name;
      return { person, words: name ? `${name}（${yuan(paper.amount ?? "0", true)}）` : person };
    }),
  );
}

export function LoanChanges({ household, loan, onDone }: { household: string; loan: LoanDetail; onDone: () => void }) {
  const say = useSay();
  const path = `/households/${household}/loans/${loan.loan}/changes`;
  const loaded = useLoaded(async () => {
    const changes = await client.read<LoanChange[]>(path);
    if (!changes.some((one) => one.status === "proposed")) return { changes, guarantors: [] };
    const papers = await client.read<Papers>(`/households/${household}/contracts/${loan.contract}/papers`);
    return { changes, guarantors: await guarantorsOf(papers) };
  }, [path]);
  const [done, setDone] = useState<string | null>(null);
  if (!loaded.value) {
    return (
      <section class="card">
        <h2>{say("还款计划的变更", "Changes of the plan")}</h2>
        <Loading error={loaded.error} again={loaded.again} />
      </section>
    );
  }
  const { changes, guarantors } = loaded.value;
  if (changes.length === 0) return null;
  return (
    <>
      {done && <Good>{done}</Good>}
      {changes.map((change) => (
        <One
          key={`${change.change}-${change.status}`}
          change={change}
          guarantors={guarantors}
          path={`${path}/${change.change}`}
          onDone={(words) => {
            setDone(words);
            loaded.again();
            onDone();
          }}
        />
      ))}
    </>
  );
}

function One({ change, guarantors, path, onDone }: { change: LoanChange; guarantors: Guarantor[]; path: string; onDone: (words: string) => void }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const added = (parseFen(change.cost_after) ?? 0) - (parseFen(change.cost_before) ?? 0);
  const isReadable = change.before && change.after;
  const waits = change.status === "proposed" || change.status === "agreed";
  const rows = (of: LoanChange["before"]) => (
    <Table
      empty="—"
      columns={[{ words: say("到期日", "Due") }, { words: say("本金", "Principal"), isAmount: true }, { words: say("合计", "Total"), isAmount: true }]}
      rows={(of ?? []).map((row) => ({ key: row.due, cells: [day(row.due, chosen), yuan(row.principal, true), yuan(row.total, true)] }))}
    />
  );
  return (
    <section class="card wide">
      <h2>{term("change", change.kind, chosen)}</h2>
      <Facts
        rows={[
          [say("状态", "Status"), term("change_status", change.status, chosen)],
          [say("提出日", "Proposed on"), day(change.proposed_on, chosen)],
          [say("从哪天起", "From"), day(change.from, chosen)],
          [say("往后推的本金", "Principal put off"), yuan(change.moved, true)],
          [say("原来利息和费用", "Interest and fees before"), yuan(change.cost_before, true)],
          [say("改了以后", "After"), yuan(change.cost_after, true)],
          [added >= 0 ? say("多出", "More by") : say("少了", "Less by"), yuan(Math.abs(added), true)],
          change.reason ? [say("撤销理由", "Taken back because"), change.reason] : null,
        ]}
      />
      {isReadable && (
        <details>
          <summary>{say("改前改后的还款计划", "The plan before and after")}</summary>
          <h3>{say("改了以后", "After")}</h3>
          {rows(change.after)}
          <h3>{say("原来", "Before")}</h3>
          {rows(change.before)}
        </details>
      )}
      {waits && !isReadable && <p class="notice">{say("借款有了新的变化，这份变更办不了：请撤销后重新提出。", "The loan has moved on and this change no longer fits: take it back and propose it again.")}</p>}
      {change.status === "proposed" && isReadable && may(role, "agree_change") && <ConsentForm change={change} guarantors={guarantors} path={path} onDone={onDone} />}
      {waits && may(role, "apply_change") && <Decide change={change} path={path} isReadable={Boolean(isReadable)} onDone={onDone} />}
    </section>
  );
}

/** The borrower agrees at the window; where there is a guarantor, what that one said is told with it. */
function ConsentForm({ change, guarantors, path, onDone }: { change: LoanChange; guarantors: Guarantor[]; path: string; onDone: (words: string) => void }) {
  const say = useSay();
  const act = useAct();
  const [isRead, setRead] = useState(false);
  const [evidence, setEvidence] = useState("");
  const [word, setWord] = useState("");
  const [person, setPerson] = useState("");
  const [isSigned, setSigned] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const isGuaranteed = guarantors.length > 0;
  const submit = () => {
    if (!isRead) return setWrong(say("请先让借款人看完并签字，再打勾", "Please have the borrower read and sign, then tick"));
    if (!evidence.trim()) return setWrong(say("请填签字单据的编号", "Please give the number of the signed paper"));
    if (isGuaranteed && !word) return setWrong(say("请选保证人怎么说", "Please choose what the guarantor said"));
    if (word === "given" && !person) return setWrong(say("请选是哪位保证人", "Please choose which guarantor"));
    if (word === "given" && !isSigned) return setWrong(say("请先让保证人在同一份文本上签字，再打勾", "Please have the guarantor sign the same text, then tick"));
    setWrong(null);
    return void act.run(async () => {
      const body = {
        text_hash: change.text_hash,
        evidence: evidence.trim(),
        ...(word ? { guarantor: word } : {}),
        ...(word === "given" ? { guarantor_person: person } : {}),
      };
      await client.write<Receipt>(`${path}/consent`, body, { told: say("记录同意", "consent on record") });
      onDone(say("已记下同意，可以提交办理。", "The consent is on record; the change can be carried out."));
    });
  };
  return (
    <Form onSubmit={submit}>
      <h3>{say("记录同意", "Put the consent on record")}</h3>
      <Tick isOn={isRead} onChange={setRead}>{say("借款人当面看了改前改后的计划和成本，已在这份文本上签字。", "The borrower has read both plans and their cost here, and has signed this text.")}</Tick>
      <Field label={say("签字单据编号", "Number of the signed paper")} value={evidence} onInput={setEvidence} maxLength={100} />
      {isGuaranteed && (
        <Select
          label={say("保证人怎么说", "What the guarantor said")}
          value={word}
          onChange={(one) => {
            setWord(one);
            setWrong(null);
          }}
          isOpen
          options={[
            ["given", say("同意", "Agrees")],
            ["not_given", say("不同意，多出的部分不由其保证", "Does not agree, and does not carry what is added")],
          ]}
        />
      )}
      {word === "given" && <Select label={say("哪位保证人", "Which guarantor")} value={person} onChange={setPerson} isOpen options={guarantors.map((one) => [one.person, one.words] as const)} />}
      {word === "given" && <Tick isOn={isSigned} onChange={setSigned}>{say("保证人当面看了，并在同一份文本上签字。", "The guarantor has read it here, and has signed the same text.")}</Tick>}
      <Trouble error={wrong ?? act.error} />
      <Key submit isBusy={act.isBusy}>{say("记下同意", "Put it on record")}</Key>
    </Form>
  );
}

/** Carried out or dropped: each is proposed here and approved by another. */
function Decide({ change, path, isReadable, onDone }: { change: LoanChange; path: string; isReadable: boolean; onDone: (words: string) => void }) {
  const say = useSay();
  const act = useAct();
  const [isDropping, setDropping] = useState(false);
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const sent = say("已提交，等另一位同事批准。", "Sent; a second person has to approve.");
  const isReady = isReadable && (change.status === "agreed" || !change.needs_consent);
  const apply = () =>
    act.run(async () => {
      await client.write<Receipt>(`${path}/application`, {}, { told: say("办理变更", "carrying a change out") });
      onDone(sent);
    });
  const drop = () => {
    if (!reason.trim()) return setWrong(say("请写明理由", "Please give the reason"));
    setWrong(null);
    return void act.run(async () => {
      await client.write<Receipt>(`${path}/undo`, { reason: reason.trim() }, { told: say("撤销变更", "taking a change back") });
      onDone(sent);
    });
  };
  return (
    <>
      {isDropping && <Field label={say("撤销理由", "Why it is taken back")} value={reason} onInput={setReason} maxLength={200} />}
      <Trouble error={wrong ?? act.error} />
      <div class="row">
        {isReady && !isDropping && <Key onClick={apply} isBusy={act.isBusy}>{say("提交办理", "Have it carried out")}</Key>}
        {isDropping ? <Key kind="grave" onClick={drop} isBusy={act.isBusy}>{say("提交撤销", "Have it taken back")}</Key> : <Key kind="plain" onClick={() => setDropping(true)}>{say("撤销这份变更", "Take this change back")}</Key>}
      </div>
    </>
  );
}
