// What waits for whoever is signed in, before any menu: queues with their length and their first cases.

import type { Loan, Proposal, Reconciliation, Referral, Task, WatchCase } from "../../../shared/bodies";
import { day, moment } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { pagesOf } from "../menu";
import { Loading, Title } from "../parts";
import { client, language, staff, useLoaded, useRole, useSay } from "../state";
import { shortId } from "../short-id";
import { placeOf } from "../tasks";

/** Cases of a queue that are shown at once. */
const FIRST = 5;
const MOST = 200;
/** Loans looked at for those that are due; they come by due date. */
const DUE = 50;

interface Queue {
  code: string;
  name: string;
  to: string;
  /** How many wait; a list that is full may have more. */
  count: number;
  first: { key: string; to: string; words: string; more: string }[];
}

export default function WorkPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const who = staff.use();
  const loaded = useLoaded(async () => {
    const shown = pagesOf(role);
    const has = (page: string) => shown.some((one) => one.route === page);
    const ask = <T,>(page: string, path: string) => (has(page) ? client.read<T[]>(path) : Promise.resolve(null));
    const [proposals, referrals, late, tasks, cases, differences] = await Promise.all([
      ask<Proposal>("proposals", "/office/proposals"),
      ask<Referral>("referrals", `/office/referrals?limit=${MOST}`),
      ask<Loan>("loans", `/office/loans?limit=${DUE}`),
      ask<Task>("tasks", `/office/tasks?limit=${MOST}`),
      ask<WatchCase>("cases", "/office/cases"),
      has("reconciliation") ? client.read<Reconciliation>("/office/reconciliation") : Promise.resolve(null),
    ]);
    return { proposals, referrals, tasks, cases, differences, late: late?.filter((loan) => (parseFen(loan.due_today) ?? 0) > 0) ?? null };
  }, [role]);
  if (!loaded.value) return <><Title>{say("今天要办的", "Worklist")}</Title><Loading error={loaded.error} again={loaded.again} /></>;
  const { proposals, referrals, late, tasks, cases, differences } = loaded.value;
  const queues: Queue[] = [];
  if (proposals) {
    const own = proposals.filter((one) => one.proposed_by === who?.name).length;
    queues.push({
      code: "proposals",
      name: own > 0 ? say("等第二个人批准（其中 {n} 件是您提交的）", "To approve ({n} of them yours)", { n: own }) : say("等第二个人批准", "To approve"),
      to: "#/proposals",
      count: proposals.length,
      first: proposals.slice(0, FIRST).map((one) => ({ key: one.proposal, to: "#/proposals", words: `${term("act", one.act, chosen)}${(parseFen(one.amount) ?? 0) > 0 ? ` ${yuan(one.amount)}` : ""}`, more: `${one.proposed_by} · ${moment(one.proposed_at, chosen)}` })),
    });
  }
  if (referrals) {
    const asked = referrals.filter((one) => one.review_asked_at).length;
    queues.push({
      code: "referrals",
      name: asked > 0 ? say("转人工的申请（{n} 件是农户要求复核）", "Referred applications ({n} because the household asked)", { n: asked }) : say("转人工的申请", "Referred applications"),
      to: "#/referrals",
      count: referrals.length,
      first: referrals.slice(0, FIRST).map((one) => ({ key: one.application, to: `#/referrals/${one.application}/${one.household}`, words: `${one.name ?? shortId(one.household)} ${yuan(one.asked)}`, more: `${one.village} · ${moment(one.asked_at, chosen)}` })),
    });
  }
  if (cases) {
    queues.push({
      code: "cases",
      name: say("等领取的风险案件", "Risk cases to be taken"),
      to: "#/cases",
      count: cases.length,
      first: cases.slice(0, FIRST).map((one) => ({ key: one.case, to: `#/cases/${one.subject}/${one.case}`, words: `${term("typology", one.typology, chosen)} ${yuan(one.money)}`, more: `${term("watched", one.subject_kind, chosen)} · ${moment(one.opened_at, chosen)}` })),
    });
  }
  if (differences) {
    queues.push({
      code: "reconciliation",
      name: say("有疑问的支付和对不上的流水", "Payments in question and differences"),
      to: "#/reconciliation",
      count: differences.payments.length + differences.items.length,
      first: [
        ...differences.payments.map((one) => ({ key: one.id, to: "#/reconciliation", words: `${term("way", one.way, chosen)} ${yuan(one.amount, true)}`, more: `${one.rail} · ${day(one.asked_on, chosen)}` })),
        ...differences.items.map((one) => ({ key: one.id, to: "#/reconciliation", words: `${term("recon", one.kind, chosen)} ${yuan(one.bank, true)}`, more: `${one.rail} · ${day(one.day, chosen)}` })),
      ].slice(0, FIRST),
    });
  }
  if (tasks) {
    queues.push({
      code: "tasks",
      name: say("到期待办", "Tasks"),
      to: "#/tasks",
      count: tasks.length,
      first: tasks.slice(0, FIRST).map((one) => ({ key: one.task, to: placeOf(one), words: `${one.name ?? shortId(one.household)} ${term("task", one.kind, chosen)}`, more: one.late_days > 0 ? say("过了 {n} 天", "{n} days late", { n: one.late_days }) : say("{day} 前", "by {day}", { day: day(one.due_on, chosen) }) })),
    });
  }
  if (late) {
    queues.push({
      code: "late",
      name: say("到期和逾期的借款", "Loans due and past due"),
      to: "#/loans",
      count: late.length,
      first: late.slice(0, FIRST).map((one) => ({ key: one.loan, to: `#/loans/${one.loan}/${one.household}`, words: `${one.name ?? shortId(one.loan)} ${say("该还 {amount}", "owes {amount}", { amount: yuan(one.due_today, true) })}`, more: one.next_due ? say("{day} 到期", "due {day}", { day: day(one.next_due, chosen) }) : "" })),
    });
  }
  const waiting = queues.filter((queue) => queue.count > 0);
  return (
    <>
      <Title note={<span class="for-keys">{say("按键：数字键换页，j／k 上下移动，回车打开，? 看全部快捷键。", "Keys: digits change the page, j and k move, Enter opens, ? lists all.")}</span>}>{say("今天要办的", "Worklist")}</Title>
      {waiting.length === 0 && <p class="notice good">{say("没有等着您办的事。", "Nothing waits for you.")}</p>}
      <div class="queues">
        {queues.map((queue) => (
          <section class={queue.count > 0 ? "card queue" : "card queue is-empty"} key={queue.code}>
            <h2><a class="inline" href={queue.to}>{queue.name}</a></h2>
            <p class="queue-count">{queue.count >= (queue.code === "late" ? DUE : MOST) ? `${queue.count}+` : queue.count}</p>
            <ul>
              {queue.first.map((one) => (
                <li key={one.key}><a class="queue-row" href={one.to}><span>{one.words}</span><small>{one.more}</small></a></li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </>
  );
}
