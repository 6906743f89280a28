// A month of the wallet: what came in, what went out, every movement, and a file to keep.

import { useState } from "preact/hooks";
import type { Health, Statement, StatementLine } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { Facts, Loading, Screen } from "../parts";
import { client, household, language, useLoaded, useSay } from "../state";

/** The last day that a month's statement can have: its own last, or the open day. */
export function lastDayOf(month: string, today: string): string {
  if (today.startsWith(month)) return today;
  const [year, number] = month.split("-").map(Number) as [number, number];
  return `${month}-${String(new Date(Date.UTC(year, number, 0)).getUTCDate()).padStart(2, "0")}`;
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
      <Month key={shown} from={`${shown}-01`} to={lastDayOf(shown, health.value.open_date)} />
    </Screen>
  );
}

function Month({ from, to }: { from: string; to: string }) {
  const say = useSay();
  const chosen = language.use();
  const path = `/households/${household.value}/statement?of=wallet&from=${from}&to=${to}`;
  const loaded = useLoaded(() => client.read<Statement>(path), [path]);
  if (!loaded.value) return <Loading error={loaded.error} again={loaded.again} />;
  const account = loaded.value.accounts[0];
  const lines = account?.lines ?? [];
  const fen = (line: StatementLine) => parseFen(line.change) ?? 0;
  const inside = lines.filter((line) => fen(line) > 0).reduce((sum, line) => sum + fen(line), 0);
  const out = lines.filter((line) => fen(line) < 0).reduce((sum, line) => sum - fen(line), 0);
  return (
    <>
      <section class="card">
        <Facts
          rows={[
            [say("期初余额", "Before"), yuan(account?.opening, true)],
            [say("进账", "In"), yuan(inside, true)],
            [say("出账", "Out"), yuan(out, true)],
            [say("期末余额", "After"), yuan(account?.closing, true)],
            [say("笔数", "Movements"), String(lines.length)],
          ]}
        />
      </section>
      {lines.length > 0 && (
        <section class="card">
          <h2>{say("每一笔", "Every movement")}</h2>
          <ul class="entries">
            {[...lines].reverse().map((line, place) => (
              <li key={place}>
                <span><b>{chosen === "zh" ? line.zh : line.en}</b><small>{`${day(line.on, chosen)}${line.memo ? `　${line.memo}` : ""}`}</small></span>
                <span class={fen(line) < 0 ? "amount out" : "amount in"}>{`${fen(line) > 0 ? "+" : ""}${yuan(fen(line), true)}`}</span>
              </li>
            ))}
          </ul>
          <a class="key plain" href={`/api/v1${path}&form=xlsx`} download>{say("存成表格", "Save as a table")}</a>
        </section>
      )}
      {lines.length === 0 && <p class="hint">{say("这个月没有进出账。", "Nothing moved in this month.")}</p>}
    </>
  );
}
