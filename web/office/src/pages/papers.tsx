// The papers of a contract: what it still waits for before it is paid out, what was shown, and a form to add one.

import { useState } from "preact/hooks";
import type { Application, Household, HouseholdFound, OpenPaper, Paper, PaperAsked, Papers, Product, Receipt } from "../../../shared/bodies";
import { day, moment } from "../../../shared/dates";
import { fingerprint } from "../../../shared/hash";
import { isMobile, plainId } from "../../../shared/identity";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { documentOf, openInWords } from "../../../shared/plain";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Field, FileField, Form, Good, Key, Loading, Select, Table, Tick, Title, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";
import { shortId } from "../short-id";

/** Code of the document that is shown once the money was spent, and only then. */
const USE_OF_FUNDS = "use-of-funds";
const POLICY = "insurance-policy";

/** A household's applications, each with the way to the papers of its contract. */
export function ApplicationsCard({ household, applications, products }: { household: string; applications: Application[]; products: Product[] }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const wordsOf = (one: Application) => {
    if (!one.contract) return "—";
    const canAdd = may(role, "add_paper") && one.contract_status === "signed";
    return <a class="inline" href={`#/households/${household}/${one.contract}`}>{canAdd ? say("看材料，补材料", "See and add papers") : say("看材料", "See its papers")}</a>;
  };
  return (
    <section class="card">
      <h2>{say("申请和合同", "Applications and contracts")}</h2>
      <Table
        empty={say("没有申请。", "None.")}
        columns={[
          { words: say("申请时间", "Asked at") },
          { words: say("产品", "Product") },
          { words: say("想借", "Asked"), isAmount: true },
          { words: say("批准", "Approved"), isAmount: true },
          { words: say("状态", "Status") },
          { words: say("合同材料", "Papers of the contract") },
          { words: say("决策", "Decision") },
        ]}
        rows={applications.map((one) => {
          const product = products.find((some) => some.code === one.product);
          return {
            key: one.application,
            cells: [
              moment(one.asked_at, chosen),
              product ? (chosen === "zh" ? product.name_zh : product.name_en) : one.product,
              yuan(one.asked, true, one.currency),
              parseFen(one.approved) ? yuan(one.approved, true, one.currency) : "—",
              one.contract_status === "drawn" ? say("已放款", "Paid out") : one.status === "signed" ? say("已签约，未放款", "Signed, not paid out") : term("status", one.status, chosen),
              wordsOf(one),
              may(role, "see_decision") && one.reasons.length > 0 ? <a class="inline" href={`#/decisions/${one.application}/${household}`}>{say("看为什么", "See why")}</a> : "—",
            ],
          };
        })}
      />
    </section>
  );
}

export function PapersPage({ household, contract }: { household: string; contract: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const path = `/households/${household}/contracts/${contract}/papers`;
  const loaded = useLoaded(async () => {
    const [own, applications, papers] = await Promise.all([
      client.read<Household>(`/households/${household}`),
      client.read<Application[]>(`/households/${household}/applications`),
      client.read<Papers>(path),
    ]);
    return { own, papers, application: applications.find((one) => one.contract === contract) };
  }, [path]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const { own, papers, application } = loaded.value;
  const head = own.persons.find((person) => person.role === "head") ?? own.persons[0];
  const isDrawn = application?.contract_status === "drawn";
  return (
    <>
      <p><a class="inline" href={`#/households/${household}`}>{say("← 回到农户", "← Back to the household")}</a></p>
      <Title note={<span class="id">{contract}</span>}>{say("{name}的合同材料", "Papers of {name}'s contract", { name: head?.name ?? shortId(household) })}</Title>
      <div class="columns">
        <div>
          <section class="card">
            <h2>{say("还缺什么", "Still missing")}</h2>
            {papers.open.length === 0 ? (
              <p class="notice good">{isDrawn ? say("材料齐了，已经放款。", "Nothing: it was paid out.") : say("材料齐了，农户可以在手机上放款。", "Nothing: the household can have it paid out on its phone.")}</p>
            ) : (
              <ul class="reasons">
                {papers.open.map((open) => (
                  <li key={open.en}>{openInWords(open, chosen)}</li>
                ))}
              </ul>
            )}
            <Facts
              rows={[
                application ? [say("批准金额", "Approved"), yuan(application.approved, true, application.currency)] : null,
                [say("支付方式", "Payout"), term("payout", papers.payout, chosen)],
                [say("合同文本校验码", "Hash of the contract's text"), <span class="id">{papers.text_hash}</span>],
              ]}
            />
          </section>
          <section class="card">
            <h2>{say("已有材料", "What is there")}</h2>
            <Table
              empty={say("还没有。", "Nothing yet.")}
              columns={[{ words: say("日期", "Date") }, { words: say("材料", "Paper") }, { words: say("说明", "Details") }, { words: say("怎么核对的", "Evidence") }]}
              rows={papers.papers.map((paper) => ({
                key: paper.paper,
                cells: [day(paper.added_on, chosen), term("paper", paper.kind, chosen), <Details paper={paper} />, paper.evidence],
              }))}
            />
          </section>
        </div>
        <div>
          {may(role, "add_paper") ? (
            <AddPaper own={own} papers={papers} isDrawn={isDrawn} path={path} onDone={loaded.again} />
          ) : (
            <p class="notice">{say("您的岗位只能看，不能补材料。", "Your role may look, not add papers.")}</p>
          )}
        </div>
      </div>
    </>
  );
}

function Details({ paper }: { paper: Paper }) {
  const chosen = language.use();
  const words = paper.what ? term(paper.kind, paper.what, chosen) : "";
  return (
    <>
      {words} {paper.amount ? yuan(paper.amount, true) : ""} {paper.household && <a class="inline" href={`#/households/${paper.household}`}>{shortId(paper.household)}</a>}
    </>
  );
}

/** Kinds to choose from: `policy` is a document that everyone looks for by its name. */
function kindsFor(papers: Papers, isDrawn: boolean): string[] {
  if (isDrawn) return ["document"];
  const hasPayee = papers.papers.some((paper) => paper.kind === "payee");
  return codesOf("paper").filter((kind) => kind !== "payee" || (papers.payout === "entrusted" && !hasPayee));
}

/** Documents that are missing come first. */
function documentsFor(open: readonly OpenPaper[], isDrawn: boolean): string[] {
  if (isDrawn) return [USE_OF_FUNDS];
  const missing = open.map(documentOf).filter((code) => code !== null);
  return [...new Set([...missing, ...codesOf("document")])].filter((code) => code !== USE_OF_FUNDS && code !== POLICY);
}

function AddPaper({ own, papers, isDrawn, path, onDone }: { own: Household; papers: Papers; isDrawn: boolean; path: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [kind, setKind] = useState("");
  const [done, setDone] = useState<string | null>(null);
  return (
    <section class="card">
      <h2>{isDrawn ? say("补用途凭证", "Add proof of use") : say("补材料", "Add a paper")}</h2>
      <Select
        label={say("哪一样", "Which")}
        value={kind}
        onChange={(one) => {
          setKind(one);
          setDone(null);
        }}
        isOpen
        options={kindsFor(papers, isDrawn).map((one) => [one, term("paper", one, chosen)] as const)}
      />
      {kind && (
        <PaperForm
          key={kind}
          kind={kind}
          own={own}
          papers={papers}
          isDrawn={isDrawn}
          path={path}
          onDone={(waits) => {
            const what = term("paper", kind, chosen);
            setDone(waits ? say("已提交：{what}，等另一位同事批准。", "Sent: {what}; a second person has to approve.", { what }) : say("已记下：{what}。", "On record: {what}.", { what }));
            setKind("");
            onDone();
          }}
        />
      )}
      {done && <Good>{done}</Good>}
    </section>
  );
}

function PaperForm({ kind, own, papers, isDrawn, path, onDone }: { kind: string; own: Household; papers: Papers; isDrawn: boolean; path: string; onDone: (waits: boolean) => void }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const [what, setWhat] = useState("");
  const [person, setPerson] = useState("");
  const [other, setOther] = useState<Household | null>(null);
  const [amount, setAmount] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [isSame, setSame] = useState(false);
  // A guarantor who is not at the window reads and answers on its own phone.
  const [isByPhone, setByPhone] = useState(false);
  const [evidence, setEvidence] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  // What a spouse or a guarantor signs is the text of this contract, and no other file.
  const signsText = kind === "spouse" || kind === "guarantee";
  const persons = (kind === "guarantee" ? (other?.persons ?? []) : own.persons.filter((one) => one.role === "spouse")).filter((one) => one.name);
  const choices = {
    spouse: ["spouse", codesOf("spouse"), say("怎么说的", "What was said")],
    no_spouse: ["no_spouse", codesOf("no_spouse"), say("什么原因", "Why not")],
    document: ["document", documentsFor(papers.open, isDrawn), say("什么材料", "Which document")],
  }[kind] as [string, string[], string] | undefined;
  // Whoever was chosen belongs to the household that was looked up before.
  const found = (household: Household | null) => {
    setOther(household);
    setPerson("");
  };
  const submit = () => {
    const fen = parseFen(amount);
    if (choices && !what) return setWrong(say("请选：{what}", "Please choose: {what}", { what: choices[2] }));
    if ((kind === "payee" || kind === "guarantee") && !other) return setWrong(say("请先查到那一户", "Please look the household up first"));
    if (signsText && !person) return setWrong(say("请选签字的人", "Please choose who signed"));
    if (kind === "guarantee" && (fen === null || fen <= 0)) return setWrong(say("请填保证金额", "Please give the amount"));
    if (signsText && !isByPhone && !isSame) return setWrong(say("请核对签的是不是这份合同，再打勾", "Please make sure that this contract was signed, and tick"));
    if (!signsText && !file) return setWrong(say("请选文件", "Please choose the file"));
    if (!evidence.trim()) return setWrong(say("请写明谁在哪里、怎么核对的", "Please say who saw it, where and how"));
    setWrong(null);
    return void act.run(async () => {
      const body: PaperAsked = {
        kind: kind === "policy" ? "document" : kind,
        ...(kind === "policy" ? { what: POLICY } : choices ? { what } : {}),
        ...(signsText ? { person } : {}),
        ...(other ? { household: other.household } : {}),
        ...(kind === "guarantee" ? { amount: decimal(fen ?? 0) } : {}),
        ...(kind === "guarantee" ? { by_phone: isByPhone } : {}),
        hash: file ? await fingerprint(file) : papers.text_hash,
        evidence: evidence.trim(),
      };
      const answer = await client.write<Receipt>(path, body, { told: term("paper", kind, chosen) });
      onDone(answer.status === "proposed");
    });
  };
  return (
    <>
      {(kind === "payee" || kind === "guarantee") && <Find label={kind === "payee" ? say("收款人的手机号或户号", "The payee's phone or household id") : say("保证人的手机号或户号", "The guarantor's phone or household id")} found={other} onFound={found} />}
      <Form onSubmit={submit}>
        {choices && (
          <Select
            label={choices[2]}
            value={what}
            onChange={(one) => {
              setWhat(one);
              setWrong(null);
            }}
            isOpen
            options={choices[1].map((code) => [code, term(choices[0], code, chosen)] as const)}
          />
        )}
        {signsText && (kind === "spouse" || other) && (
          <Select label={say("谁签的", "Who signed")} value={person} onChange={setPerson} isOpen options={persons.map((one) => [one.person, `${one.name}（${term("member", one.role, chosen)}）`] as const)} />
        )}
        {kind === "spouse" && persons.length === 0 && <p class="notice">{say("这一户没有登记配偶。", "No spouse is on record in this household.")}</p>}
        {kind === "guarantee" && <Tick isOn={isByPhone} onChange={setByPhone}>{say("保证人不在场，由本人在自己手机上看过以后确认", "The guarantor is not here, and confirms on its own phone after reading")}</Tick>}
        {kind === "guarantee" && <Field label={say("保证金额（元）", "Guaranteed (yuan)")} value={amount} onInput={setAmount} decimal maxLength={14} />}
        {signsText ? (
          !isByPhone && <Tick isOn={isSame} onChange={setSame}>{say("已核对：签的就是这份合同的文本。", "Checked: it is the text of this contract that was signed.")}</Tick>
        ) : (
          <FileField label={say("扫描件或照片", "Scan or photo")} onChoose={setFile} />
        )}
        <Field label={say("谁在哪里、怎么核对的", "Who saw it, where and how")} value={evidence} onInput={setEvidence} maxLength={300} hint={say("例如：窗口王敏当面核对身份证和签字", "Such as: at the window, card and signature compared by Wang Min")} />
        <Trouble error={wrong ?? act.error} />
        <Key submit isBusy={act.isBusy}>{say("记下这份材料", "Put it on record")}</Key>
      </Form>
    </>
  );
}

/** Another household, by a phone or by its id. */
function Find({ label, found, onFound }: { label: string; found: Household | null; onFound: (household: Household | null) => void }) {
  const say = useSay();
  const act = useAct();
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const find = () => {
    const asked = text.trim();
    const isId = asked.startsWith("hh-");
    if (!isId && !isMobile(asked)) return setWrong(say("请填 11 位手机号，或 hh- 开头的户号", "Please give a mobile number of 11 digits, or an id that begins with hh-"));
    setWrong(null);
    onFound(null);
    return void act.run(async () => {
      let id: string | undefined = asked;
      if (!isId) id = (await client.read<HouseholdFound[]>(`/office/households?phone=${plainId(asked)}`))[0]?.household;
      if (!id) return setWrong(say("没有这个手机号的农户", "No household has this phone"));
      onFound(await client.read<Household>(`/households/${id}`));
    });
  };
  const head = found?.persons.find((one) => one.role === "head") ?? found?.persons[0];
  return (
    <Form onSubmit={find}>
      <Field
        label={label}
        value={text}
        onInput={(typed) => {
          setText(typed);
          onFound(null);
        }}
        maxLength={60}
      />
      <Trouble error={wrong ?? act.error} wasWrite={false} />
      {found && <Good>{say("{name}，{village}", "{name}, {village}", { name: head?.name ?? shortId(found.household), village: found.village })}</Good>}
      <Key submit kind="plain" isBusy={act.isBusy}>{say("查一查", "Look it up")}</Key>
    </Form>
  );
}
