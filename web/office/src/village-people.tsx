// Who appraises in a village campaign, the sheets they hand in, and objections to the list.

import { useState } from "preact/hooks";
import { newUuid } from "../../shared/client";
import { day } from "../../shared/dates";
import { decimal, parseFen } from "../../shared/money";
import { term } from "../../shared/terms";
import { may } from "./access";
import { LongField, Select, Table, Tick } from "./parts";
import { language, useRole, useSay } from "./state";
import { type Acts, households, readSheet, step } from "./village-steps";
import { shortId } from "./short-id";
import { WriteCard } from "./write-card";

/** Names a person of the village who appraises. Who it is stands on paper; here it has a number. */
export function NameRater(acts: Acts) {
  const say = useSay();
  const [rater, setRater] = useState("");
  const [household, setHousehold] = useState("");
  const [kin, setKin] = useState<string[]>([]);
  const options = [...households(acts, "listed"), ...households(acts, "negative")];
  const nameOf = new Map(options);
  return (
    <WriteCard
      title={say("评议人", "Who appraises")}
      words={say("登记", "Name the person")}
      check={() => null}
      send={async () => {
        const id = rater || newUuid();
        await step(acts, say, say("登记评议人", "naming who appraises"), { step: "name_rater", rater: id, household: household || null, kin });
        setRater("");
        setHousehold("");
        setKin([]);
        return say("已登记，编号 {id}。把编号写在纸质名单上。", "Named, as {id}. Write the number on the list on paper.", { id: shortId(id) });
      }}
    >
      <p class="hint">{say("姓名只记在纸上，这里用编号。自己家和亲戚家，他的意见不算。", "The name stays on paper; here is a number. Nobody is heard on the own household or that of kin.")}</p>
      <Select label={say("新登记，还是改已登记的", "A new person, or one to correct")} value={rater} onChange={setRater} options={[["", say("新登记一人", "A new person")], ...acts.detail.raters.map((one) => [one.rater, shortId(one.rater)] as const)]} />
      <Select label={say("他自己家（没开户就不选）", "The own household, where it is enrolled")} value={household} onChange={setHousehold} isOpen options={options} />
      <Select label={say("亲戚家，一户一户加", "Households of kin, one by one")} value="" onChange={(one) => one && setKin([...kin.filter((known) => known !== one), one])} isOpen options={options.filter(([id]) => id !== household && !kin.includes(id))} />
      {kin.length > 0 && (
        <div>
          {kin.map((one) => <Tick key={one} isOn onChange={() => setKin(kin.filter((known) => known !== one))}>{nameOf.get(one) ?? shortId(one)}</Tick>)}
        </div>
      )}
    </WriteCard>
  );
}

/** Hands in what one person said, typed or from a file. */
export function Sheet(acts: Acts) {
  const say = useSay();
  const [rater, setRater] = useState("");
  const [marks, setMarks] = useState<Map<string, string>>(new Map());
  const [told, setTold] = useState<string | null>(null);
  const own = acts.detail.raters.find((one) => one.rater === rater)?.household;
  const rows = acts.detail.roll.filter((row) => row.state === "listed" && row.household !== own);
  const set = (household: string, amount: string) => setMarks(new Map(marks).set(household, amount));
  const readFile = async (file: File | undefined) => {
    if (!file) return;
    const read = readSheet(await file.text());
    if (read.wrong !== null) return setTold(say("文件第 {n} 行的金额看不懂，没有读进来。", "The amount in line {n} of the file is none; nothing was read.", { n: read.wrong }));
    const known = new Set(rows.map((row) => row.household));
    const taken = [...read.marks].filter(([household]) => known.has(household));
    setMarks(new Map([...marks, ...taken]));
    setTold(say("读了 {n} 户，{other} 户不在名册上。请核对后交上去。", "{n} households read, {other} are not on the roll. Please check, then hand it in.", { n: taken.length, other: read.marks.size - taken.length }));
  };
  const given = rows.flatMap((row) => (marks.get(row.household)?.trim() ? [[row.household, marks.get(row.household)!.trim()] as const] : []));
  return (
    <WriteCard
      title={say("交评议表", "Hand a sheet in")}
      words={given.length > 0 ? say("交上去（{n} 户）", "Hand it in ({n} households)", { n: given.length }) : say("交上去", "Hand it in")}
      check={() => {
        if (!rater) return say("请选是谁评的", "Please choose whose sheet it is");
        if (given.length === 0) return say("表上还没有一户", "There is no household on the sheet yet");
        const bad = given.find(([, amount]) => (parseFen(amount) ?? -1) < 0);
        return bad ? say("{name} 的金额看不懂", "The amount of {name} is none", { name: acts.nameOf(bad[0]) }) : null;
      }}
      send={async () => {
        const said = given.map(([household, amount]) => ({ household, amount: decimal(parseFen(amount)!) }));
        const done = await step(acts, say, say("交评议表", "a sheet of appraisal"), { step: "mark", rater, marks: said });
        setMarks(new Map());
        setTold(null);
        setRater("");
        return done;
      }}
    >
      <p class="hint">{say("照纸上写的填：这一户能担多少钱；0 是一分不借；不了解就空着。再交一次，以后一次为准。", "As it stands on paper: what the household could carry; 0 is lend it nothing; leave it empty where the person cannot say. What is handed in again takes the place of the first.")}</p>
      <Select label={say("谁评的", "Whose sheet")} value={rater} onChange={(one) => { setRater(one); setMarks(new Map()); }} isOpen options={acts.detail.raters.map((one) => [one.rater, say("{id}，已评 {n} 户", "{id}, {n} so far", { id: shortId(one.rater), n: one.marks })] as const)} />
      {rater && (
        <>
          <div class="field">
            <label for="sheet-file">{say("从表格文件读（CSV：农户编号,金额）", "From a file (CSV: household,amount)")}</label>
            <input id="sheet-file" type="file" accept=".csv,text/csv" onChange={(event) => void readFile(event.currentTarget.files?.[0])} />
            {told && <p class="hint" role="status">{told}</p>}
          </div>
          <div class="sheet-rows">
            {rows.map((row) => (
              <label key={row.household}>
                <span>{acts.nameOf(row.household)}</span>
                <input inputMode="decimal" maxLength={12} value={marks.get(row.household) ?? ""} onInput={(event) => set(row.household, event.currentTarget.value)} aria-label={say("{name}能担多少元", "What {name} could carry, yuan", { name: acts.nameOf(row.household) })} />
              </label>
            ))}
          </div>
        </>
      )}
    </WriteCard>
  );
}

export function Raters({ detail, nameOf }: Acts) {
  const say = useSay();
  if (detail.raters.length === 0) return null;
  return (
    <section class="card">
      <h2>{say("评议人（{n} 人）", "Who appraises ({n})", { n: detail.raters.length })}</h2>
      <Table
        name={say("评议人", "Who appraises")}
        empty="—"
        columns={[{ words: say("编号", "Number") }, { words: say("自己家", "Own household") }, { words: say("亲戚户数", "Households of kin"), isAmount: true }, { words: say("评了几户", "Households said"), isAmount: true }, { words: say("和别人差得远", "Far from the others"), isAmount: true }]}
        rows={detail.raters.map((one) => ({
          key: one.rater,
          cells: [<span class="id">{shortId(one.rater)}</span>, one.household ? nameOf(one.household) : "—", one.kin, one.marks, one.outliers],
        }))}
      />
    </section>
  );
}

/** Objections to the list: taken by the counter, answered by two people. */
export function Objections(acts: Acts) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const { detail, nameOf } = acts;
  const open = detail.objections.filter((one) => one.state === "open");
  return (
    <>
      <section class="card">
        <h2>{say("异议", "Objections")}</h2>
        <Table
          name={say("异议", "Objections")}
          empty={say("还没有人提异议。", "Nobody has objected.")}
          columns={[{ words: say("农户", "Household") }, { words: say("说什么", "What is said") }, { words: say("哪天", "On") }, { words: say("结果", "Outcome") }, { words: say("答复", "Answer") }]}
          rows={detail.objections.map((one) => ({ key: one.objection, cells: [nameOf(one.household), <span class="prose">{one.text}</span>, day(one.taken_on, chosen), term("objection", one.state, chosen), one.answer ?? "—"] }))}
        />
      </section>
      {detail.state === "published" && may(role, "object_in_village") && <Object {...acts} />}
      {detail.state === "published" && open.length > 0 && may(role, "answer_objection") && <Answer {...acts} />}
    </>
  );
}

function Object(acts: Acts) {
  const say = useSay();
  const [household, setHousehold] = useState("");
  const [text, setText] = useState("");
  return (
    <WriteCard
      title={say("收到一条异议", "Take an objection")}
      words={say("记下", "Keep it")}
      check={() => (!household ? say("请选农户", "Please choose a household") : text.trim() ? null : say("请写说了什么", "Please write what was said"))}
      send={async () => {
        const said = await step(acts, say, say("收异议", "taking an objection"), { step: "object", household, text: text.trim() });
        setText("");
        return said;
      }}
    >
      <p class="hint">{say("谁提的只记在纸上，这里不写名字。", "Who says it is kept on paper; write no name here.")}</p>
      <Select label={say("对哪一户", "About which household")} value={household} onChange={setHousehold} isOpen options={households(acts, "listed")} />
      <LongField label={say("说了什么", "What is said")} value={text} onInput={setText} maxLength={500} />
    </WriteCard>
  );
}

function Answer(acts: Acts) {
  const say = useSay();
  const [objection, setObjection] = useState("");
  const [verdict, setVerdict] = useState("");
  const [reason, setReason] = useState("");
  const open = acts.detail.objections.filter((one) => one.state === "open");
  return (
    <WriteCard
      title={say("答复异议", "Answer an objection")}
      words={say("提交，等第二个人批准", "Propose")}
      check={() => (!objection ? say("请选哪一条", "Please choose which") : !verdict ? say("请选成立不成立", "Please choose whether it is right") : reason.trim() ? null : say("请写明理由", "Please give the reason"))}
      send={async () => {
        const household = open.find((one) => one.objection === objection)?.household ?? "";
        const said = await step(acts, say, say("答复异议", "answer to an objection"), { step: "answer", household, objection, upheld: verdict === "upheld", reason: reason.trim() });
        setObjection("");
        setReason("");
        return said;
      }}
    >
      <Select label={say("哪一条", "Which")} value={objection} onChange={setObjection} isOpen options={open.map((one) => [one.objection, `${acts.nameOf(one.household)}：${one.text.slice(0, 24)}`] as const)} />
      <Select label={say("成立不成立", "Is it right")} value={verdict} onChange={setVerdict} isOpen options={[["upheld", say("成立：这一户这次没有额度", "Upheld: the household gets nothing this time")], ["dismissed", say("不成立：额度照旧", "Dismissed: the limit stands")]]} />
      <LongField label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={500} />
    </WriteCard>
  );
}
