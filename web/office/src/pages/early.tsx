// Early warnings: instalments of the next weeks that may not be met, the likeliest first, with chance, reasons and a call.

import type { EarlyWarning, EarlyWarnings, Receipt } from "../../../shared/bodies";
import { day, moment } from "../../../shared/dates";
import { yuan } from "../../../shared/money";
import { may } from "../access";
import { Loading, Table, TextKey, Title, Trouble } from "../parts";
import { shortId } from "../short-id";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";

const MOST = 100;

export default function EarlyPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const act = useAct();
  const loaded = useLoaded(() => client.read<EarlyWarnings>(`/office/early-warnings?limit=${MOST}`));
  const title = say("还款预警", "Early warnings");
  if (!loaded.value) return <><Title>{title}</Title><Loading error={loaded.error} again={loaded.again} /></>;
  const seen = loaded.value;
  if (seen.state !== "ready") {
    return (
      <>
        <Title>{title}</Title>
        <p class="notice wait" role="status">{say("系统刚启动，正在看一遍所有借款，过一会儿再来。", "The server has just started and is looking at all loans. Come back in a while.")}</p>
        <TextKey onClick={loaded.again}>{say("再看一次", "Look again")}</TextKey>
      </>
    );
  }
  const call = (one: EarlyWarning) =>
    act.run(async () => {
      await client.write<Receipt>(`/households/${one.household}/loans/${one.loan}/calls`, { due_on: one.due_on }, { told: say("派电话任务", "asking for a call") });
    });
  const note = say("今后八周要还的 {n} 笔里，估计有 {m} 笔会晚过 {d} 天。可能性按过去一年估的和后来真发生的校正过。", "Of {n} instalments of the next eight weeks about {m} will be more than {d} days late. Chances are corrected by what came of those said over the past year.", {
    n: seen.instalments,
    m: Math.round(seen.expected_missed),
    d: seen.missed_after_days ?? 0,
  });
  return (
    <>
      <Title note={note}>{title}</Title>
      <Trouble error={act.error} />
      <Table
        empty={say("今后八周没有要还的。", "Nothing falls due in the next eight weeks.")}
        columns={[
          { words: say("晚还的可能", "Chance") },
          { words: say("哪一家", "Household") },
          { words: say("哪天到期", "Due on") },
          { words: say("还有几天", "Days left"), isAmount: true },
          { words: say("应还", "Amount due"), isAmount: true },
          { words: say("为什么", "Why") },
          ...(may(role, "ask_call") ? [{ words: say("办法", "Action") }] : []),
        ]}
        rows={seen.warnings.map((one) => ({
          key: `${one.loan} ${one.due_on}`,
          cells: [
            <b>{chosen === "zh" ? one.chance_zh : one.chance_en}</b>,
            <a class="inline" href={`#/households/${one.household}`}>{one.name ?? shortId(one.household)}</a>,
            <a class="inline" href={`#/loans/${one.loan}/${one.household}`}>{day(one.due_on, chosen)}</a>,
            one.days,
            yuan(one.amount),
            one.reasons.length > 0 ? <ul class="reasons">{one.reasons.map((reason) => <li key={reason.sign}>{chosen === "zh" ? reason.zh : reason.en}</li>)}</ul> : "—",
            ...(may(role, "ask_call") ? [<TextKey onClick={() => call(one)} isDisabled={act.isBusy}>{say("派人打电话", "Ask for a call")}</TextKey>] : []),
          ],
        }))}
      />
      {seen.past && seen.past.forecasts > 0 && (
        <section class="card">
          <h2>{say("说过的准不准", "How true it was")}</h2>
          <p class="hint">{say("过去一年到期、已经知道结果的，照当时知道的再估一遍。", "Instalments of the past year whose outcome is known, looked at again by what was known then.")}</p>
          <Table
            empty="—"
            columns={[
              { words: say("当时估的可能", "Chance said") },
              { words: say("后来真晚的", "Came to be missed") },
              { words: say("估过几次", "Forecasts"), isAmount: true },
            ]}
            rows={seen.past.bins.map((bin, place) => ({ key: String(place), cells: [percent(bin.said), percent(bin.came), bin.forecasts] }))}
          />
          <p class="hint">{say("看过的日子：{a}，算于 {b}。", "As of {a}, made {b}.", { a: day(seen.as_of ?? "", chosen), b: moment(seen.made_at ?? "", chosen) })}</p>
        </section>
      )}
    </>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
