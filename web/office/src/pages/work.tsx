// What waits for whoever is signed in, before any menu: queues with their length and their first cases.

import type { Loan, Proposal, Referral } from "../../../shared/bodies";
import { day, moment } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { pagesOf } from "../access";
import { Loading, Title } from "../parts";
import { client, language, staff, useLoaded, useRole, useSay } from "../state";
import { shortId } from "./loans";

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

export function WorkPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const who = staff.use();
  const loaded = useLoaded(async () => {
    const shown = pagesOf(role);
    const ask = <T,>(page: string, path: string) => (shown.some((one) => one === page) ? client.read<T[]>(path) : Promise.resolve(null));
    const [proposals, referrals, late] = await Promise.all([
      ask<Proposal>("proposals", "/office/proposals"),
      ask<Referral>("referrals", `/office/referrals?limit=${MOST}`),
      ask<Loan>("loans", `/office/loans?limit=${DUE}`),
    ]);
    return { proposals, referrals, late: late?.filter((loan) => (parseFen(loan.due_today) ?? 0) > 0) ?? null };
  }, [role]);
  if (!loaded.value) return <><Title>{say("今天要办的", "Worklist")}</Title><Loading error={loaded.error} again={loaded.again} /></>;
  const { proposals, referrals, late } = loaded.value;
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
      <Title note={say("按键：数字键换页，j／k 上下移动，回车打开，? 看全部快捷键。", "Keys: digits change the page, j and k move, Enter opens, ? lists all.")}>{say("今天要办的", "Worklist")}</Title>
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
