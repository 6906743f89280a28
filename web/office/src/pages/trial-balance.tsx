// The trial balance: both sums side by side, and whether they agree.

import type { TrialBalance } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { Loading, Title } from "../parts";
import { client, language, useLoaded, useSay } from "../state";

export function TrialBalancePage() {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<TrialBalance>("/office/trial-balance"));
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const { lines, debit_total, credit_total, open_date } = loaded.value;
  const difference = (parseFen(debit_total) ?? 0) - (parseFen(credit_total) ?? 0);
  return (
    <>
      <Title note={say("营业日 {day}", "Business day {day}", { day: day(open_date, chosen) })}>{say("试算平衡", "Trial balance")}</Title>
      <p class={difference === 0 ? "notice good" : "notice bad"} role="status">
        {difference === 0
          ? say("借贷相等：两边都是 {sum}。", "Both sides agree: {sum}.", { sum: yuan(debit_total, true) })
          : say("借贷不等，差 {difference}。请马上报告。", "The sides differ by {difference}. Report this at once.", { difference: yuan(difference, true) })}
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{say("科目号", "Code")}</th>
              <th scope="col">{say("科目", "Subject")}</th>
              <th scope="col">{say("币种", "Currency")}</th>
              <th scope="col" class="amount">{say("借方", "Debit")}</th>
              <th scope="col" class="amount">{say("贷方", "Credit")}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={`${line.subject}-${line.currency}`}>
                <td>{line.subject}</td>
                <td>{chosen === "zh" ? line.zh : line.en}</td>
                <td>{line.currency}</td>
                <td class="amount">{parseFen(line.debit) ? yuan(line.debit, true, line.currency) : ""}</td>
                <td class="amount">{parseFen(line.credit) ? yuan(line.credit, true, line.currency) : ""}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={3}>{say("合计", "Total")}</th>
              <td class="amount">{yuan(debit_total, true)}</td>
              <td class="amount">{yuan(credit_total, true)}</td>
            </tr>
          </tfoot>
        </table>
      </div>
    </>
  );
}
