// When a payment cannot be met: what can be done, what it changes, and what is already under way.

import type { LoanChange, LoanDetail } from "../../../shared/bodies";
import { day, shortDay } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { Icon, LinkKey, Loading, Notice, Screen } from "../parts";
import { client, household, language, useLoaded, useSay } from "../state";

export function HardshipPage({ id }: { id: string }) {
  const say = useSay();
  const chosen = language.use();
  const path = `/households/${household.value}/loans/${id}`;
  const loaded = useLoaded(async () => {
    const [loan, changes] = await Promise.all([client.read<LoanDetail>(path), client.read<LoanChange[]>(`${path}/changes`)]);
    return { loan, changes: changes.filter((one) => ["proposed", "agreed"].includes(one.status)) };
  }, [id]);
  const title = say("还不上怎么办", "If you cannot pay");
  if (!loaded.value) {
    return (
      <Screen title={title} back={`/loans/${id}`}>
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  const { loan, changes } = loaded.value;
  const due = parseFen(loan.due_today) ?? 0;
  const ways: [string, string][] = [
    [say("晚一点还", "Pay later"), say("庄稼还没收，可以按收成把还款往后排。利息按天多算一些，改之前会先给您看清楚。", "If the harvest is still to come, the payments can follow it. Interest runs on by the day, and you see by how much before anything is changed.")],
    [say("先还一部分", "Pay a part"), say("还多少算多少，剩下的再商量，比一点不还好。", "Pay what you can: whatever you pay counts, and is better than nothing.")],
    [say("遭了灾", "After a disaster"), say("乡里登记了灾害的，可以延期还本付息，不罚息，不算逾期。", "Where a disaster is declared, payments can be deferred: no penalty, not counted as late.")],
    [say("生病、家里出了事", "Illness or a death"), say("到服务窗口说一声，工作人员和您一起想办法。病情不会写进信用记录。", "Tell the service window and look for a way together. Illness never goes into a credit record.")],
  ];
  return (
    <Screen
      title={title}
      back={`/loans/${id}`}
      aloud={ways.map(([name, words]) => `${name}。${words}`).join("")}
      foot={due > 0 ? <LinkKey to={`/loans/${id}/repay`}>{say("先还一部分", "Pay a part now")}</LinkKey> : <LinkKey to={`/loans/${id}`}>{say("回到这笔借款", "Back to the loan")}</LinkKey>}
    >
      <p class="lead">
        {due > 0
          ? say("现在该还 {amount}。越早说越好办。", "{amount} is due now. The earlier you say so, the more can be done.", { amount: yuan(due, true) })
          : loan.next_due
            ? say("下次 {day} 还。估计有困难，现在就可以说。", "The next payment is on {day}. If it will be hard, say so now.", { day: shortDay(loan.next_due, chosen) })
            : say("这笔借款现在没有要还的。", "Nothing is due on this loan.")}
      </p>
      {changes.map((one) => (
        <a class="card row-link" key={one.change} href={`#/loans/${id}/changes/${one.change}`}>
          <span>
            <b>{say("已经有一个还款变更等您看", "A change of the plan waits for you")}</b>
            <small>{say("从 {day} 起", "from {day}", { day: day(one.from, chosen) })}</small>
          </span>
          <Icon name="forward" />
        </a>
      ))}
      {ways.map(([name, words]) => (
        <section class="card" key={name}>
          <h2>{name}</h2>
          <p>{words}</p>
        </section>
      ))}
      <Notice>{say("除了先还一部分，其他几样要到服务窗口办，或者给客户经理打电话。办不办、怎么办，都要您看过、同意才算。", "All but paying a part is done at the service window or by calling your officer. Nothing is changed before you have read it and agreed.")}</Notice>
    </Screen>
  );
}
