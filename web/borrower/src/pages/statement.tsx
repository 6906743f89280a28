// A month of the wallet: what came in, what went out, every movement, and a file to keep.

import { useState } from "preact/hooks";
import type { Entries, Entry, Health } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { csvOf, save } from "../../../shared/sheet-file";
import { Facts, Key, Loading, Screen } from "../parts";
import { client, household, language, useLoaded, useSay } from "../state";

const PAGE = 200;
/** Pages read for one month at most. */
const PAGES_MAX = 10;

/** The movements of a month, newest first: pages are read until one is older. */
async function movements(month: string): Promise<Entry[]> {
  const found: Entry[] = [];
  let after = "";
  for (let page = 0; page < PAGES_MAX; page++) {
    const read = await client.read<Entries>(`/households/${household.value}/entries?limit=${PAGE}${after}`);
    found.push(...read.items.filter((entry) => entry.booking_date.startsWith(month)));
    const oldest = read.items[read.items.length - 1]?.booking_date ?? "";
    if (!read.next || oldest.slice(0, 7) < month) return found;
    after = `&after=${encodeURIComponent(read.next)}`;
  }
  return found;
}

/** The months that can be chosen, this one first. */
export function monthsBefore(today: string, count: number): string[] {
  let [year, month] = today.split("-").map(Number) as [number, number];
  const months: string[] = [];
  for (let n = 0; n < count; n++) {
    months.push(`${year}-${String(month).padStart(2, "0")}`);
    [year, month] = month === 1 ? [year - 1, 12] : [year, month - 1];
  }
  return months;
}

export function StatementPage() {
  const say = useSay();
  const health = useLoaded(() => client.read<Health>("/health"));
  const [month, setMonth] = useState("");
  if (!health.value) {
    return (
      <Screen title={say("对账单", "Statement")} back="/wallet">
        <Loading error={health.error} again={health.again} />
      </Screen>
    );
  }
  const months = monthsBefore(health.value.open_date, 12);
  const shown = month || (months[0] ?? "");
  return (
    <Screen title={say("对账单", "Statement")} back="/wallet">
      <label class="chooser">
        <span>{say("哪个月", "Which month")}</span>
        <select value={shown} onChange={(event) => setMonth(event.currentTarget.value)}>
          {months.map((one) => <option key={one} value={one}>{say("{year}年{month}月", "{year}-{month}", { year: one.slice(0, 4), month: Number(one.slice(5)) })}</option>)}
        </select>
      </label>
      <Month key={shown} month={shown} />
    </Screen>
  );
}

function Month({ month }: { month: string }) {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => movements(month), [month]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const entries = loaded.value;
  const fen = (entry: Entry) => parseFen(entry.amount) ?? 0;
  const inside = entries.filter((entry) => fen(entry) > 0).reduce((sum, entry) => sum + fen(entry), 0);
  const out = entries.filter((entry) => fen(entry) < 0).reduce((sum, entry) => sum - fen(entry), 0);
  const take = () =>
    save(
      `tianxin-${month}.csv`,
      "text/csv;charset=utf-8",
      csvOf({
        name: month,
        columns: [say("起息日", "Value date"), say("记账日", "Booked"), say("什么事", "What"), say("说明", "Memo"), say("金额", "Amount")],
        rows: [...entries].reverse().map((entry) => [entry.value_date, entry.booking_date, chosen === "zh" ? entry.kind_zh : entry.kind_en, entry.memo ?? "", fen(entry) / 100]),
      }),
    );
  return (
    <>
      <section class="card">
        <Facts rows={[[say("进账", "In"), yuan(inside, true)], [say("出账", "Out"), yuan(out, true)], [say("笔数", "Movements"), String(entries.length)]]} />
      </section>
      {entries.length > 0 && (
        <section class="card">
          <h2>{say("每一笔", "Every movement")}</h2>
          <ul class="entries">
            {entries.map((entry) => (
              <li key={entry.entry}>
                <span><b>{chosen === "zh" ? entry.kind_zh : entry.kind_en}</b><small>{`${day(entry.value_date, chosen)}${entry.memo ? `　${entry.memo}` : ""}`}</small></span>
                <span class={fen(entry) < 0 ? "amount out" : "amount in"}>{`${fen(entry) > 0 ? "+" : ""}${yuan(fen(entry), true)}`}</span>
              </li>
            ))}
          </ul>
          <Key kind="plain" onClick={take}>{say("存成表格", "Save as a table")}</Key>
        </section>
      )}
      {entries.length === 0 && <p class="hint">{say("这个月没有进出账。", "Nothing moved in this month.")}</p>}
    </>
  );
}
