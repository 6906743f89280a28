// Disasters: declared from a document, previewed loan by loan, decided by two people, carried out, taken back.

import { useState } from "preact/hooks";
import type { Disaster, DisasterDetail, DisasterReport, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { fingerprint } from "../../../shared/hash";
import type { Language } from "../../../shared/language";
import { yuan } from "../../../shared/money";
import { refusalInWords } from "../../../shared/problems";
import { term } from "../../../shared/terms";
import { may } from "../access";
import type { At } from "../menu";
import { Facts, Field, FileField, Form, Good, Key, Loading, LongField, Select, Table, Title, Trouble } from "../parts";
import { client, go, language, useAct, useLoaded, useRole, useSay } from "../state";
import { shortId } from "../short-id";

export default function Disasters({ id }: At) {
  return id ? <DisasterPage key={id} id={id} /> : <DisastersPage />;
}

function DisastersPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const loaded = useLoaded(() => client.read<Disaster[]>("/office/disasters"));
  return (
    <>
      <Title note={say("先登记，再看影响，两人批准以后才办；办了也能撤回。", "Declared first, then looked at; two people decide; what was done can be taken back.")}>{say("灾害", "Disasters")}</Title>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={say("没有登记过灾害。", "None was declared.")}
          columns={[
            { words: say("灾害", "Disaster") },
            { words: say("发生日", "Happened on") },
            { words: say("村", "Villages") },
            { words: say("延到", "Put off to") },
            { words: say("状态", "Status") },
          ]}
          rows={loaded.value.map((one) => ({
            key: one.disaster,
            cells: [
              <a class="inline" href={`#/disasters/${one.disaster}`}>{one.name}</a>,
              day(one.event_on, chosen),
              one.villages.join("、"),
              day(one.to, chosen),
              term("disaster", one.status, chosen),
            ],
          }))}
        />
      )}
      {may(role, "declare_disaster") && <Declare />}
    </>
  );
}

function Declare() {
  const say = useSay();
  const act = useAct();
  const [name, setName] = useState("");
  const [document, setDocument] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [eventOn, setEventOn] = useState("");
  const [to, setTo] = useState("");
  const [villages, setVillages] = useState("");
  const [crops, setCrops] = useState("");
  const [scope, setScope] = useState("principal");
  const [interest, setInterest] = useState("runs_on");
  const [wrong, setWrong] = useState<string | null>(null);
  const lines = (text: string) => text.split(/[\n,，、;；]/).map((one) => one.trim()).filter(Boolean);
  const submit = () => {
    if (!name.trim() || !document.trim()) return setWrong(say("请填灾害名称和文件号", "Please give a name and the document's reference"));
    if (!file) return setWrong(say("请选认定灾害的文件", "Please choose the document"));
    if (!eventOn || !to) return setWrong(say("请填发生日和延到哪天", "Please give both dates"));
    if (lines(villages).length === 0) return setWrong(say("请填受灾的村，一行一个", "Please give the villages, one a line"));
    setWrong(null);
    return void act.run(async () => {
      const body = {
        name: name.trim(),
        document: document.trim(),
        document_hash: await fingerprint(file),
        event_on: eventOn,
        villages: lines(villages),
        crops: lines(crops),
        to,
        scope,
        interest,
      };
      const declared = await client.write<Disaster>("/office/disasters", body, { told: say("登记灾害 {name}", "declaration of {name}", { name: name.trim() }) });
      go(`/disasters/${declared.disaster}`);
    });
  };
  return (
    <section class="card wide">
      <h2>{say("登记一次灾害", "Declare a disaster")}</h2>
      <Form onSubmit={submit}>
        <Field label={say("名称", "Name")} value={name} onInput={setName} maxLength={60} hint={say("例如：六月洪水", "Such as: June flood")} />
        <Field label={say("文件号", "Document")} value={document} onInput={setDocument} maxLength={100} />
        <FileField label={say("认定灾害的文件", "The document itself")} onChoose={setFile} />
        <Field label={say("发生日", "Happened on")} value={eventOn} onInput={setEventOn} type="date" />
        <Field label={say("延到哪天", "Put off to")} value={to} onInput={setTo} type="date" />
        <LongField label={say("受灾的村，一行一个", "Villages, one a line")} value={villages} onInput={setVillages} maxLength={2000} />
        <Field label={say("受灾的作物（不填为全部借款）", "Crops (empty for every loan)")} value={crops} onInput={setCrops} maxLength={200} />
        <Select
          label={say("延期范围", "What is put off")}
          value={scope}
          onChange={setScope}
          options={[["principal", say("只延本金", "Principal")], ["principal_and_interest", say("本金和利息都延", "Principal and interest")]]}
        />
        <Select
          label={say("延期内的利息", "Interest meanwhile")}
          value={interest}
          onChange={setInterest}
          options={[["runs_on", say("照常计息", "Runs on")], ["stops", say("停止计息", "Stops")]]}
        />
        <Trouble error={wrong ?? act.error} />
        <Key submit isBusy={act.isBusy}>{say("登记，看影响", "Declare and preview")}</Key>
      </Form>
    </section>
  );
}

function DisasterPage({ id }: { id: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const path = `/office/disasters/${id}`;
  const loaded = useLoaded(() => client.read<DisasterDetail>(path), [id]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const one = loaded.value;
  const report = one.report;
  // Loans that wait, were agreed to or taken back are touched still; those applied are not.
  const underWay = report.waiting + report.agreed + report.undone;
  return (
    <>
      <p><a class="inline" href="#/disasters">{say("← 回到列表", "← Back to the list")}</a></p>
      <Title note={say("文件 {document}", "Document {document}", { document: one.document })}>{one.name}</Title>
      <div class="columns">
        <section class="card">
          <h2>{say("方案", "Programme")}</h2>
          <Facts
            rows={[
              [say("状态", "Status"), <b>{term("disaster", one.status, chosen)}</b>],
              [say("发生日", "Happened on"), day(one.event_on, chosen)],
              [say("村", "Villages"), one.villages.join("、")],
              [say("作物", "Crops"), one.crops.length > 0 ? one.crops.map((crop) => term("crop", crop, chosen)).join("、") : say("全部借款", "Every loan")],
              [say("延到", "Put off to"), day(one.to, chosen)],
              [say("延期范围", "What is put off"), one.scope === "principal" ? say("本金", "Principal") : say("本金和利息", "Principal and interest")],
              [say("延期内利息", "Interest meanwhile"), one.interest === "stops" ? say("停止", "Stops") : say("照常", "Runs on")],
              one.reason ? [say("决定的理由", "Reason"), one.reason] : null,
            ]}
          />
        </section>
        <section class="card">
          <h2>{say("影响", "What it touches")}</h2>
          <Facts
            rows={[
              [say("受灾村农户", "Households"), one.households],
              [say("他们的借款", "Their loans"), one.loans],
              [say("符合条件的借款", "Loans it touches"), <b>{one.touched}</b>],
              [say("往后推的本金", "Principal put off"), yuan(one.moved, true, one.currency)],
              [say("多出的利息", "Cost added"), yuan(one.added, true, one.currency)],
            ]}
          />
          <h3>{say("办理进度", "So far")}</h3>
          <Facts
            rows={[
              [say("已延期", "Applied"), report.applied],
              [say("等借款人同意", "Waiting for the borrower"), report.waiting],
              [say("已同意，等办理", "Agreed, to be applied"), report.agreed],
              [say("已撤回", "Taken back"), report.undone],
              [say("已推后的本金", "Principal put off"), yuan(report.moved, true, one.currency)],
            ]}
          />
          {one.status === "carried_out" && <progress value={report.applied + underWay} max={Math.max(report.applied + Math.max(one.touched, underWay), 1)} aria-label={say("进度", "Progress")} />}
        </section>
      </div>
      {may(role, "declare_disaster") && <Decide one={one} path={path} onDone={loaded.again} />}
      <section class="card">
        <h2>{say("每笔借款", "Loan by loan")}</h2>
        <Table
          empty={say("没有符合条件的借款。", "It touches no loan.")}
          columns={[
            { words: say("借据", "Loan") },
            { words: say("村", "Village") },
            { words: say("没还的本金", "Outstanding"), isAmount: true },
            { words: say("推后", "Put off"), isAmount: true },
            { words: say("多出", "Added"), isAmount: true },
            { words: say("说明", "Note") },
          ]}
          rows={one.list.map((loan) => ({
            key: loan.loan,
            cells: [
              <a class="inline" href={`#/loans/${loan.loan}/${loan.household}`}>{shortId(loan.loan)}</a>,
              loan.village,
              yuan(loan.outstanding, true, one.currency),
              loan.moved ? yuan(loan.moved, true, one.currency) : "—",
              loan.added ? yuan(loan.added, true, one.currency) : "—",
              loan.refused ? refusalInWords(loan.refused, chosen) : (loan.needs_consent ? say("要借款人同意", "The borrower has to agree") : say("可以直接办", "Needs no consent")),
            ],
          }))}
        />
      </section>
    </>
  );
}

/** "loan: why", with the loan's last letters and words for the reason. */
function refusedLoan(told: string, chosen: Language): string {
  const [loan = "", ...why] = told.split(": ");
  return `${shortId(loan)}${chosen === "zh" ? "：" : ": "}${refusalInWords(why.join(": "), chosen)}`;
}

function Decide({ one, path, onDone }: { one: DisasterDetail; path: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const [refused, setRefused] = useState<string[]>([]);
  const decide = (verdict: "carry_out" | "take_back") => {
    if (!reason.trim()) return setWrong(say("请写明理由", "Please give the reason"));
    setWrong(null);
    return void act.run(async () => {
      await client.write<Receipt>(`${path}/decision`, { verdict, reason: reason.trim() }, { told: verdict === "carry_out" ? say("执行 {name}", "carrying out {name}", { name: one.name }) : say("撤回 {name}", "taking back {name}", { name: one.name }) });
      setReason("");
      setDone(say("已提交，等另一位同事批准。", "Sent; a second person has to approve."));
      onDone();
    });
  };
  const run = () =>
    void act.run(async () => {
      const report = await client.write<DisasterReport>(`${path}/run`, {}, { told: say("逐笔办理", "loan by loan") });
      setRefused(report.refused);
      setDone(say("办了：已延期 {applied} 笔，等同意 {waiting} 笔，撤回 {undone} 笔。", "Done: {applied} applied, {waiting} waiting, {undone} taken back.", { applied: report.applied, waiting: report.waiting, undone: report.undone }));
      onDone();
    });
  return (
    <section class="card wide">
      <h2>{say("决定", "Decision")}</h2>
      {one.status !== "taken_back" && (
        // The enter key may ask for what can be undone, never for taking back.
        <Form onSubmit={() => one.status === "declared" && decide("carry_out")}>
          <Field label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={200} />
          <Trouble error={wrong ?? act.error} />
          {done && <Good>{done}</Good>}
          <div class="row">
            {one.status === "declared" && <Key submit isBusy={act.isBusy}>{say("提请执行", "Have it carried out")}</Key>}
            <Key kind="grave" onClick={() => void decide("take_back")} isBusy={act.isBusy}>{say("提请撤回", "Have it taken back")}</Key>
          </div>
        </Form>
      )}
      {one.status !== "declared" && (
        <>
          {one.status === "taken_back" && <Trouble error={act.error} />}
          {one.status === "taken_back" && done && <Good>{done}</Good>}
          <p class="hint">{say("逐笔办理；中断了再点一次，从停的地方接着办，不会办两次。", "Loan by loan; if it stops, go on with another click: nothing is done twice.")}</p>
          <Key kind="plain" onClick={run} isBusy={act.isBusy}>{one.status === "carried_out" ? say("逐笔办理延期", "Apply it loan by loan") : say("逐笔撤回", "Take it back loan by loan")}</Key>
        </>
      )}
      {refused.length > 0 && (
        <ul class="reasons">
          {refused.map((told) => (
            <li key={told}>{refusedLoan(told, chosen)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
