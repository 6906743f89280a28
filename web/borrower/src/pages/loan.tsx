// One loan: what is left, what is due next, the schedule, and everything that has happened.

import type { LoanChange, LoanDetail, LoanRow } from "../../../shared/bodies";
import { day, shortDay } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Facts, Icon, LinkKey, Loading, Notice, Screen } from "../parts";
import { productName, products } from "../products";
import { client, household, language, useLoaded, useSay } from "../state";

/** Loans drawn a moment ago: to which payee the money went, or null if to the household's own wallet. */
const arrivals = new Map<string, string | null>();

/** Notes that a loan was drawn a moment ago, so that its page says so once, and where the money went. */
export function moneyArrived(loan: string, payee: string | null): void {
  arrivals.set(loan, payee);
}

export function LoanPage({ id }: { id: string }) {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(async () => {
    const path = `/households/${household.value}/loans/${id}`;
    const [loan, known, changes] = await Promise.all([client.read<LoanDetail>(path), products(), client.read<LoanChange[]>(`${path}/changes`)]);
    return { loan, known, changes: changes.filter((one) => ["proposed", "agreed"].includes(one.status)), arrival: arrivals.get(id) };
  }, [id]);
  if (!loaded.value) {
    return (
      <Screen title={say("我的借款", "My loan")} back="/">
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  const { loan, known, changes, arrival } = loaded.value;
  const hasArrived = arrival !== undefined;
  const isEntrusted = typeof arrival === "string";
  arrivals.delete(id);
  const isClosed = loan.status === "closed";
  const isDue = (parseFen(loan.due_today) ?? 0) > 0;
  const title = isClosed ? say("这笔借款还清了", "This loan is paid off") : loan.payout === "turned_back" ? say("钱退回来了", "The money came back") : loan.payout === "sent" ? say("钱正在付出去", "The money is on its way") : isEntrusted ? say("钱付出去了", "The money is paid out") : hasArrived ? say("钱到了", "The money is here") : say("我的借款", "My loan");
  return (
    <Screen
      title={title}
      back="/"
      foot={
        isClosed ? (
          <LinkKey to="/">{say("回首页", "First page")}</LinkKey>
        ) : isEntrusted ? (
          <LinkKey to="/">{say("回首页", "First page")}</LinkKey>
        ) : hasArrived ? (
          <LinkKey to="/">{say("看我的钱包", "See my wallet")}</LinkKey>
        ) : (
          <>
            <LinkKey to={`/loans/${id}/repay`}>{isDue ? say("还款 {amount}", "Repay {amount}", { amount: yuan(loan.due_today, true) }) : say("还款", "Repay")}</LinkKey>
            <LinkKey to={`/loans/${id}/hardship`} kind="quiet">{say("还不上怎么办", "If you cannot pay")}</LinkKey>
          </>
        )
      }
    >
      {((hasArrived && loan.payout !== "turned_back") || isClosed) && (
        <div class="seal good">
          <Icon name="check" />
        </div>
      )}
      {hasArrived && loan.payout !== "turned_back" && (
        <Notice kind="good">
          {loan.payout === "sent"
            ? say("{amount} 正在直接付给合同指定的收款人，不进您的钱包。", "{amount} is on its way straight to the payee of the contract, not to your wallet.", { amount: yuan(loan.principal) })
            : isEntrusted
            ? say("{amount} 已经直接付给合同指定的收款人，没有进您的钱包。", "{amount} went straight to the payee of the contract, not to your wallet.", { amount: yuan(loan.principal) })
            : say("{amount} 已经打进您的钱包。", "{amount} is in your wallet.", { amount: yuan(loan.principal) })}
        </Notice>
      )}
      {loan.payout === "turned_back" && (
        <Notice>
          {say(
            "钱没能付到合同指定的收款人，退回来了，先冻结着，工作人员会联系您。利息从借款日算起，您也可以到服务窗口问怎么办。",
            "The money could not be paid to the payee of the contract and came back. It is held, and the office will be in touch. Interest counts from the day of the loan; you may ask at the service window what to do.",
          )}
        </Notice>
      )}
      {isClosed && <p class="lead">{say("您都还清了，谢谢您守信用。", "You have paid all of it. Thank you.")}</p>}
      {changes.map((one) => (
        <a class="card row-link" key={one.change} href={`#/loans/${id}/changes/${one.change}`}>
          <span>
            <b>{one.kind === "replan" ? say("按收成重排还款", "A plan that follows the harvest") : say("受灾延期还款", "A deferral after the disaster")}</b>
            <small>{one.status === "agreed" || !one.needs_consent ? say("等工作人员办理", "The office carries it out") : say("请看一看，同意不同意都由您定", "Please read it: it is for you to decide")}</small>
          </span>
          <Icon name="forward" />
        </a>
      ))}
      <section class="card">
        <Facts
          rows={[
            [say("借款", "Loan"), yuan(loan.principal)],
            arrival ? [say("收款人户号", "Payee"), <span class="id">{arrival}</span>] : null,
            !isClosed && [say("没还的本金", "Principal left"), <b class="large">{yuan(loan.outstanding, true)}</b>],
            !isClosed && loan.next_due ? [say("下次还款日", "Next due"), shortDay(loan.next_due, chosen)] : null,
            !isClosed && isDue && [say("现在该还", "Due now"), <b class="large">{yuan(loan.due_today, true)}</b>],
            !isClosed && [say("今天全部还清要", "To pay off today"), yuan(loan.payoff_today, true)],
            [say("借款日", "Paid out on"), day(loan.drawn_on, chosen)],
            [say("到期日", "Last due date"), day(loan.maturity, chosen)],
            [say("种类", "Product"), productName(known, loan.product, chosen)],
          ]}
        />
      </section>
      <LinkKey to={`/loans/${id}/certificate`} kind="plain">{isClosed ? say("结清证明", "Certificate of settlement") : say("这笔借款的对账单", "Statement of this loan")}</LinkKey>
      <section class="card">
        <h2>{say("还款计划", "Schedule")}</h2>
        <table class="plan">
          <thead>
            <tr>
              <th scope="col">{say("哪天", "Date")}</th>
              <th scope="col">{say("该还", "To pay")}</th>
              <th scope="col">{say("还了吗", "Paid?")}</th>
            </tr>
          </thead>
          <tbody>
            {loan.schedule.map((row) => (
              <tr key={row.number} class={row.status}>
                <th scope="row">
                  {shortDay(row.due, chosen)}
                  {(parseFen(row.interest) ?? 0) > 0 && <small>{say("含利息 {interest}", "interest {interest}", { interest: yuan(row.interest, true) })}</small>}
                </th>
                <td>{yuan(row.total, true)}</td>
                <td>{rowState(row, say, chosen)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section class="card">
        <h2>{say("办过的事", "History")}</h2>
        {loan.history.length === 0 && <p class="hint">{say("还没有。", "Nothing yet.")}</p>}
        <ul class="entries">
          {loan.history.map((event, place) => (
            <li key={`${event.date}-${place}`}>
              <span>
                <b>{term("event", event.kind, chosen)}</b>
                <small>
                  {day(event.date, chosen)}
                  {event.allocation ? `　${split(event.allocation, say)}` : ""}
                </small>
              </span>
              <span class="amount">{yuan(event.amount, true)}</span>
            </li>
          ))}
        </ul>
      </section>
    </Screen>
  );
}

function rowState(row: LoanRow, say: ReturnType<typeof useSay>, chosen: "zh" | "en"): string {
  const paid = parseFen(row.paid) ?? 0;
  const words = term("row", row.status, chosen);
  return paid > 0 && row.status !== "paid" ? say("已还 {paid}", "{paid} paid", { paid: yuan(paid, true) }) : words;
}

/** What a payment went to: "本金 … 利息 …". */
export function split(allocation: NonNullable<LoanDetail["history"][number]["allocation"]>, say: ReturnType<typeof useSay>): string {
  const parts: [string, string][] = [
    [say("本金", "principal"), allocation.principal],
    [say("利息", "interest"), allocation.interest],
    [say("费用", "fee"), allocation.fee],
    [say("罚息", "penalty"), allocation.penalty],
  ];
  return parts
    .filter(([, amount]) => (parseFen(amount) ?? 0) !== 0)
    .map(([name, amount]) => `${name} ${yuan(amount, true)}`)
    .join(say("，", ", "));
}
