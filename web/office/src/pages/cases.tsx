// Cases of the monitor: the queue by what is at stake, and one with what was unusual, its notes and its verdict.

import { useState } from "preact/hooks";
import type { Receipt, Suspicion, WatchCase, WatchCaseDetail, WatchSignal, WatchState } from "../../../shared/bodies";
import { moment } from "../../../shared/dates";
import { grouped, yuan } from "../../../shared/money";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import type { At } from "../menu";
import { Facts, Key, Loading, LongField, Select, Table, Title, Trouble } from "../parts";
import { client, go, language, staff, useAct, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";
import { shortId } from "../short-id";

const STATES = ["open", "taken", "decided"];

export default function Cases({ id, part }: At) {
  return part ? <CasePage key={part} subject={id} id={part} /> : <CasesPage state={id} />;
}

function CasesPage({ state }: { state: string }) {
  const say = useSay();
  const chosen = language.use();
  const shown = STATES.includes(state) ? state : "open";
  const loaded = useLoaded(() => client.read<WatchCase[]>(`/office/cases?state=${shown}`), [shown]);
  return (
    <>
      <Title note={say("按风险乘金额排，最要紧的在前。新预警会并进同一对象还没结的案件。", "By risk times money, the most at stake first. A new alert joins the open case of its subject.")}>{say("风险案件", "Risk cases")}</Title>
      <div class="chips" role="group" aria-label={say("看哪一类", "Which kind")}>
        {STATES.map((one) => (
          <button type="button" key={one} class={one === shown ? "chip is-on" : "chip"} aria-pressed={one === shown} onClick={() => go(`/cases/${one}`)}>{term("case_state", one, chosen)}</button>
        ))}
      </div>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={shown === "open" ? say("没有等着领取的案件。", "No case waits to be taken.") : say("没有这样的案件。", "There are no such cases.")}
          columns={[
            { words: say("像什么", "Looks like") },
            { words: say("对象", "About") },
            { words: say("风险", "Risk"), isAmount: true },
            { words: say("涉及金额", "Money at stake"), isAmount: true },
            { words: say("预警数", "Alerts"), isAmount: true },
            ...(shown === "open" ? [{ words: say("排队", "Queue") }] : []),
            { words: say("什么时候", "When") },
            ...(shown === "decided" ? [{ words: say("结论", "Verdict") }] : []),
          ]}
          rows={loaded.value.map((one) => ({
            key: one.case,
            cells: [
              <a class="inline" href={`#/cases/${one.subject}/${one.case}`}>{term("typology", one.typology, chosen)}</a>,
              <Subject of={one} />,
              one.risk.toFixed(2),
              yuan(one.money),
              one.alerts,
              ...(shown === "open" ? [term("queue", one.queue, chosen)] : []),
              moment(one.decided_at ?? one.taken_at ?? one.opened_at, chosen),
              ...(shown === "decided" ? [term("verdict", one.verdict, chosen)] : []),
            ],
          }))}
        />
      )}
      <Watched />
    </>
  );
}

/** What the monitor is doing, how soon cases are worked, and what came of them. */
function Watched() {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<WatchState>("/office/watch"));
  if (!loaded.value) return <section class="card"><Loading error={loaded.error} again={loaded.again} /></section>;
  const seen = loaded.value;
  const hours = (median?: number | null, ninety?: number | null) => (typeof median === "number" && typeof ninety === "number" ? say("{m} 小时（九成在 {n} 小时内）", "{m} h (nine of ten within {n} h)", { m: median.toFixed(1), n: ninety.toFixed(1) }) : "—");
  const late = (all: number, over: number) => (over > 0 ? say("{n}（{m} 件超时）", "{n} ({m} late)", { n: all, m: over }) : String(all));
  const bits = (value?: number | null) => (typeof value === "number" ? value.toFixed(1) : "—");
  const share = (value?: number | null) => (typeof value === "number" ? `${(value * 100).toFixed(0)}%` : "—");
  return (
    <section class="card">
      <h2>{say("时限和准确率", "Service times and precision")}</h2>
      {seen.state !== "following" && (
        <p class="notice wait" role="status">{seen.all > 0 ? say("监测刚启动，正在看一遍以前的记录：{n}/{m}。新预警稍后补上。", "The monitor has just started and looks at the past: {n} of {m}. New alerts follow.", { n: seen.shown, m: seen.all }) : say("监测刚启动，正在数以前的记录。新预警稍后补上。", "The monitor has just started and counts the past. New alerts follow.")}</p>
      )}
      <p class="hint">{say("今天还要领 {n} 件。", "{n} cases are still to be taken today.", { n: seen.left_today })}</p>
      <Table
        empty="—"
        columns={[{ words: say("级别", "Class") }, { words: say("多久领取", "Taken within") }, { words: say("多久结案", "Decided within") }, { words: say("等领取", "Waiting"), isAmount: true }, { words: say("在办", "In work"), isAmount: true }]}
        rows={seen.service.map((one) => ({ key: one.class, cells: [term("grade", one.class, chosen), hours(one.take_median, one.take_ninety), hours(one.decide_median, one.decide_ninety), late(one.waiting, one.waiting_over), late(one.in_work, one.in_work_over)] }))}
      />
      <Table
        empty={say("还没有案件。", "There are no cases yet.")}
        columns={[{ words: say("像什么", "Looks like") }, { words: say("案件", "Cases"), isAmount: true }, { words: say("属实", "True"), isAmount: true }, { words: say("误报", "False"), isAmount: true }, { words: say("准确率", "Precision"), isAmount: true }, { words: say("预警线", "Threshold"), isAmount: true }, { words: say("按结论该是", "Asked by verdicts"), isAmount: true }]}
        rows={seen.typologies.map((one) => ({ key: one.code, cells: [term("typology", one.code, chosen), one.cases, one.true_ones, one.false_ones, share(one.precision), bits(one.threshold), bits(one.asked)] }))}
      />
    </section>
  );
}

function Subject({ of }: { of: WatchCase }) {
  const chosen = language.use();
  const kind = term("watched", of.subject_kind, chosen);
  return of.household ? <a class="inline" href={`#/households/${of.household}`}>{`${kind} ${shortId(of.household)}`}</a> : <span>{kind}</span>;
}

function CasePage({ subject, id }: { subject: string; id: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const who = staff.use();
  const path = `/office/cases/${subject}/${id}`;
  const loaded = useLoaded(() => client.read<WatchCaseDetail>(path), [path]);
  const back = <p><a class="inline" href="#/cases">{say("← 回到列表", "← Back to the list")}</a></p>;
  if (!loaded.value) return <><Title>{say("风险案件", "Risk case")}</Title>{back}<Loading error={loaded.error} again={loaded.again} /></>;
  const { case: one, alerts, notes } = loaded.value;
  const isOwn = one.officer === who?.staff;
  const mayWork = may(role, "work_case") && one.state !== "decided";
  return (
    <>
      {back}
      <Title note={say("{n} 次预警，风险 {risk}（1 是预警线）", "{n} alerts, risk {risk} (alerts begin at 1)", { n: one.alerts, risk: one.risk.toFixed(2) })}>{term("typology", one.typology, chosen)}</Title>
      <div class="columns">
        <div>
          <section class="card">
            <h2>{say("案件", "Case")}</h2>
            <Facts
              rows={[
                [say("对象", "About"), <Subject of={one} />],
                [say("涉及金额", "Money at stake"), <b>{yuan(one.money)}</b>],
                [say("状态", "Status"), term("case_state", one.state, chosen)],
                [say("立案", "Opened"), moment(one.opened_at, chosen)],
                one.officer ? [say("经办人", "Worked by"), isOwn ? say("您", "You") : <span class="id">{shortId(one.officer)}</span>] : null,
                one.decided_at ? [say("结案", "Decided"), moment(one.decided_at, chosen)] : null,
                one.verdict ? [say("结论", "Verdict"), <b>{term("verdict", one.verdict, chosen)}</b>] : null,
                one.reason ? [say("理由", "Reason"), one.reason] : null,
              ]}
            />
          </section>
          <section class="card">
            <h2>{say("预警，先来的在前", "Alerts, oldest first")}</h2>
            {alerts.map((alert, place) => (
              <article class="alert" key={place}>
                <h3>{`${term("typology", alert.typology, chosen)} · ${term("grade", alert.grade, chosen)}`}</h3>
                <p class="hint">{`${moment(alert.raised_at, chosen)} · ${yuan(alert.money)} · ${say("得分 {n}", "score {n}", { n: alert.score.toFixed(2) })}`}</p>
                <ul class="reasons">{alert.signals.map((signal) => <li key={signal.kind}><Signal of={signal} /></li>)}</ul>
              </article>
            ))}
          </section>
        </div>
        <div>
          <section class="card">
            <h2>{say("调查记录", "Notes")}</h2>
            {notes.length === 0 && <p class="hint">{say("还没有记录。", "Nothing was written down yet.")}</p>}
            <ol class="timeline">
              {notes.map((note, place) => (
                <li key={place} class="moment"><time dateTime={note.written_at}>{moment(note.written_at, chosen)}</time><span>{note.text}</span></li>
              ))}
            </ol>
          </section>
          {mayWork && !isOwn && <Take path={path} isTaken={one.state === "taken"} onDone={loaded.again} />}
          {mayWork && isOwn && <Note path={path} onDone={loaded.again} />}
          {mayWork && isOwn && <Decide path={path} onDone={loaded.again} />}
          {one.household && one.state !== "decided" && (
            <section class="card">
              <h2>{say("可以做的", "What can be done")}</h2>
              <p class="hint">{say("冻结和解冻授信在农户页上办；留住的交易在待核查里放行或拒绝。", "Facilities are frozen and thawed on the household's page; orders that are held are released or refused in their queue.")}</p>
              <p><a class="inline" href={`#/households/${one.household}`}>{say("去农户页", "To the household")}</a>{"　"}<a class="inline" href="#/suspended">{say("去待核查的交易", "To suspended orders")}</a></p>
            </section>
          )}
          {may(role, "see_suspicion") && <Report path={path} mayReport={may(role, "report_suspicion") && one.state !== "open"} />}
        </div>
      </div>
    </>
  );
}

/** The report to the authority: a draft with the evidence there is, and as it stood once two people have made it one. */
function Report({ path, mayReport }: { path: string; mayReport: boolean }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  if (isOpen) return <ReportOpen path={path} mayReport={mayReport} />;
  return (
    <section class="card">
      <h2>{say("可疑交易报告", "Suspicious transaction report")}</h2>
      <p class="hint">{say("不得向客户或任何第三人透露。", "Not to be disclosed to the customer or anybody else.")}</p>
      <Key kind="plain" onClick={() => setOpen(true)}>{say("看报告", "Look at it")}</Key>
    </section>
  );
}

function ReportOpen({ path, mayReport }: { path: string; mayReport: boolean }) {
  const say = useSay();
  const [grounds, setGrounds] = useState("");
  const loaded = useLoaded(() => client.read<Suspicion>(`${path}/report`), [path]);
  const title = say("可疑交易报告", "Suspicious transaction report");
  if (!loaded.value) return <section class="card"><h2>{title}</h2><Loading error={loaded.error} again={loaded.again} /></section>;
  return (
    <>
      <section class="card">
        <h2>{title}</h2>
        <pre class="paper">{loaded.value.text}</pre>
        <Key kind="plain" onClick={() => print()}>{say("打印", "Print")}</Key>
      </section>
      {mayReport && loaded.value.status === "draft" && (
        <WriteCard
          title={say("报告这个案件", "Report this case")}
          words={say("提交第二个人批准", "Ask a second person")}
          kind="grave"
          check={() => (grounds.trim() ? null : say("请写可疑在哪里、依据是什么", "Please write what is suspected and what it rests on"))}
          send={async () => {
            await client.write<Receipt>(`${path}/report`, { grounds: grounds.trim() }, { told: title });
            return say("已交第二个人批准。", "A second person is asked.");
          }}
        >
          <LongField label={say("可疑在哪里，依据是什么", "What is suspected, and what it rests on")} value={grounds} onInput={setGrounds} maxLength={2000} />
        </WriteCard>
      )}
    </>
  );
}

/** What one detector saw, beside what it expected. Its figures have the detector's own unit, which its words say. */
function Signal({ of }: { of: WatchSignal }) {
  const say = useSay();
  const chosen = language.use();
  const rare = of.p_ppm > 0 ? say("比 {n}% 的情况都少见", "rarer than {n} % of what was met", { n: Math.min(99.99, 100 - of.p_ppm / 10_000).toFixed(2) }) : "";
  return (
    <>
      <b>{chosen === "zh" ? of.zh : of.en}</b>
      <small class="hint">
        {say("看到 {seen}，平常 {low} 到 {high}", "seen {seen}, usual {low} to {high}", { seen: grouped(String(of.observed)), low: grouped(String(of.expected_low)), high: grouped(String(of.expected_high)) })}
        {typeof of.peers === "number" && say("，同村 {n}", ", the village {n}", { n: grouped(String(of.peers)) })}
        {rare && say("，{rare}", ", {rare}", { rare })}
      </small>
    </>
  );
}

function Take({ path, isTaken, onDone }: { path: string; isTaken: boolean; onDone: () => void }) {
  const say = useSay();
  const act = useAct();
  const take = () =>
    act.run(async () => {
      await client.write<Receipt>(`${path}/steps`, { step: "take" }, { told: say("领取案件", "taking a case") });
      onDone();
    });
  return (
    <section class="card">
      <h2>{say("谁来办", "Who works it")}</h2>
      <p class="hint">{isTaken ? say("同事在办。您接过来以后，由您下结论。", "A colleague works it. If you take it over, the verdict is yours.") : say("领取以后才能下结论。", "Who decides has taken it first.")}</p>
      <Trouble error={act.error} />
      <Key onClick={take} isBusy={act.isBusy} kind={isTaken ? "plain" : "main"}>{isTaken ? say("接过来办", "Take it over") : say("领取", "Take it")}</Key>
    </section>
  );
}

function Note({ path, onDone }: { path: string; onDone: () => void }) {
  const say = useSay();
  const [text, setText] = useState("");
  return (
    <WriteCard
      title={say("记一笔", "Write something down")}
      words={say("记下", "Keep it")}
      check={() => (text.trim() ? null : say("请写查到了什么", "Please write what you found"))}
      send={async () => {
        await client.write<Receipt>(`${path}/steps`, { step: "note", text: text.trim() }, { told: say("案件记录", "a note on a case") });
        setText("");
        onDone();
        return say("已记下。", "Kept.");
      }}
    >
      <LongField label={say("查到什么：问了谁，看了什么", "What was found: who was asked, what was seen")} value={text} onInput={setText} maxLength={2000} />
    </WriteCard>
  );
}

function Decide({ path, onDone }: { path: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [verdict, setVerdict] = useState("");
  const [text, setText] = useState("");
  return (
    <WriteCard
      title={say("下结论", "Verdict")}
      words={say("结案", "Close the case")}
      check={() => (!verdict ? say("请选结论", "Please choose a verdict") : !text.trim() ? say("请写明理由", "Please give the reason") : null)}
      send={async () => {
        await client.write<Receipt>(`${path}/steps`, { step: "decide", verdict, text: text.trim() }, { told: say("案件结论", "a verdict") });
        onDone();
        return say("已结案。", "The case is closed.");
      }}
    >
      <Select label={say("结论", "Verdict")} value={verdict} onChange={setVerdict} isOpen options={codesOf("verdict").map((code) => [code, term("verdict", code, chosen)] as const)} />
      <LongField label={say("理由（记入档案）", "Reason (kept on record)")} value={text} onInput={setText} maxLength={2000} />
    </WriteCard>
  );
}
