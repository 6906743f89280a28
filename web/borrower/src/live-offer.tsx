// What a loan would cost, as one types: the money, every payment with its day, the whole cost, the yearly cost, and a
// picture of the payments beside the months in which money usually comes in.

import { useEffect, useState } from "preact/hooks";
import type { Profile, Quote } from "../../shared/bodies";
import { day, shortDay } from "../../shared/dates";
import { decimal, percent, yuan } from "../../shared/money";
import { Facts } from "./parts";
import { paymentsByMonth } from "./payments";
import { client, codeOf, household, language, useSay } from "./state";

/** How long somebody has to stop typing before the server is asked. */
const STILL_MS = 350;

export interface Wanted {
  product: string;
  fen: number;
  months: number;
  rate: string | null;
}

/** The quote for what is wanted now; while it is asked for, the last one stays. */
export function useQuote(wanted: Wanted | null): { quote: Quote | null; isOwnRate: boolean; isOld: boolean } {
  const [state, setState] = useState<{ quote: Quote | null; isOwnRate: boolean; of: string }>({ quote: null, isOwnRate: false, of: "" });
  const key = wanted ? JSON.stringify(wanted) : "";
  useEffect(() => {
    if (!wanted) return undefined;
    let isStale = false;
    const timer = setTimeout(() => {
      void ask(wanted).then(
        (got) => isStale || setState({ ...got, of: key }),
        // A quote that cannot be had does not stand in the way of asking.
        () => isStale || setState({ quote: null, isOwnRate: false, of: key }),
      );
    }, state.quote ? STILL_MS : 0);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [key]);
  return { quote: wanted ? state.quote : null, isOwnRate: state.isOwnRate, isOld: state.of !== key };
}

async function ask({ product, fen, months, rate }: Wanted): Promise<{ quote: Quote; isOwnRate: boolean }> {
  const asked = { product, amount: decimal(fen), term_months: months };
  // Secret only in that a question is not worth keeping: it changes nothing.
  const read = (body: object) => client.write<Quote>("/quotes", body, { secret: true });
  if (!rate) return { quote: await read(asked), isOwnRate: false };
  try {
    return { quote: await read({ ...asked, rate }), isOwnRate: true };
  } catch (error) {
    // A rate that the product does not list is no ground for showing nothing.
    if (codeOf(error) === null) throw error;
    return { quote: await read(asked), isOwnRate: false };
  }
}

/** In short while one chooses; in full where it is looked at before asking. */
export function LiveOffer({ quote, isOwnRate, isOld, isFull = false }: { quote: Quote | null; isOwnRate: boolean; isOld: boolean; isFull?: boolean }) {
  const say = useSay();
  const chosen = language.use();
  if (!quote) return null;
  const rows = quote.schedule;
  const first = rows[0];
  const isEven = rows.length > 1 && rows.slice(0, -1).every((row) => row.total === first?.total);
  return (
    <section class={isOld ? "card offer is-old" : "card offer"} aria-live="polite" aria-busy={isOld}>
      <h2>{isOwnRate ? say("大概要还", "About what you would repay") : say("按一般利率大概要还", "About, at the usual rate")}</h2>
      <Facts
        rows={[
          [say("到手", "You receive"), yuan(quote.cost.principal, true)],
          first && [rows.length === 1 ? say("{day} 一次还", "Once, on {day}", { day: shortDay(first.due, chosen) }) : isEven ? say("每月还", "A month") : say("第一次还", "First payment"), <b class="large">{yuan(first.total, true)}</b>],
          [say("一共还", "In all"), yuan(quote.cost.total_to_pay, true)],
          [say("其中利息和费用", "Interest and fees"), yuan(quote.cost.total_cost, true)],
          [say("年化综合成本", "Yearly cost, all in"), percent(quote.cost.annualised_percent)],
        ]}
      />
      <details open={isFull}>
        <summary class="text-key">{say("每一次还多少", "Every payment")}</summary>
        <table class="plan">
          <thead><tr><th scope="col">{say("哪天", "Date")}</th><th scope="col">{say("该还", "To pay")}</th></tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.due}><th scope="row">{day(row.due, chosen)}</th><td>{yuan(row.total, true)}</td></tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

/** Money that usually comes in in 30 days, as far as it is known. */
export function monthlyIncome(profile: Profile | null): number | null {
  const feature = profile?.features.find((one) => one.name === INCOME_FEATURE);
  const value = feature?.value === null || feature?.value === undefined ? Number.NaN : Number(feature.value);
  return Number.isFinite(value) && value > 0 ? Math.round(value * 100) : null;
}

const INCOME_FEATURE = "inflow_monthly";

export async function readIncome(): Promise<number | null> {
  try {
    return monthlyIncome(await client.read<Profile>(`/households/${household.value}/profile`));
  } catch (error) {
    if (codeOf(error) === null) throw error;
    return null;
  }
}

export function PaymentsPicture({ quote, income }: { quote: Quote; income: number | null }) {
  const say = useSay();
  const months = paymentsByMonth(quote.schedule);
  const most = Math.max(income ?? 0, ...months.map((one) => one.fen));
  if (months.length === 0 || most === 0) return null;
  const width = 320 / months.length;
  const height = (fen: number) => Math.round((fen / most) * 110);
  const heaviest = months.reduce((one, other) => (other.fen > one.fen ? other : one));
  const share = income ? Math.round((heaviest.fen / income) * 100) : null;
  return (
    <section class="card">
      <h2>{say("还款和收入比一比", "Payments beside income")}</h2>
      <svg
        class="payments"
        viewBox="0 0 320 140"
        role="img"
        aria-label={
          income
            ? say("平常一个月进账 {income}，最重的一个月还 {fen}", "{income} usually comes in a month; the heaviest month pays {fen}", { income: yuan(income), fen: yuan(heaviest.fen) })
            : say("最重的一个月还 {fen}", "The heaviest month pays {fen}", { fen: yuan(heaviest.fen) })
        }
      >
        {months.map((one, place) => (
          <rect key={one.month} class={income && one.fen > income ? "bar-over" : "bar-pay"} x={place * width + width * 0.15} y={118 - height(one.fen)} width={width * 0.7} height={Math.max(1, height(one.fen))} />
        ))}
        {income && <line class="income-line" x1="0" x2="320" y1={118 - height(income)} y2={118 - height(income)} />}
        <text x="2" y="135">{label(months[0]?.month ?? "")}</text>
        <text x="318" y="135" text-anchor="end">{label(months[months.length - 1]?.month ?? "")}</text>
      </svg>
      <p class="hint">
        {income
          ? share !== null && share > 100
            ? say("虚线是平常一个月的进账 {income}。最重的一个月要还 {fen}，比平常一个月挣的还多：要等卖粮、卖牲口的钱，想好再借。", "The dashed line is what usually comes in in a month, {income}. The heaviest month pays {fen}, more than that: it rests on the harvest, so think twice.", { income: yuan(income), fen: yuan(heaviest.fen) })
            : say("虚线是平常一个月的进账 {income}。最重的一个月要还 {fen}，占 {share}%。", "The dashed line is what usually comes in in a month, {income}. The heaviest month pays {fen}, {share}% of it.", { income: yuan(income), fen: yuan(heaviest.fen), share: share ?? 0 })
          : say("还不知道您平常一个月进账多少，这里只画了还款。", "What usually comes in is not known yet, so only the payments are drawn.")}
      </p>
    </section>
  );
}

function label(month: string): string {
  return month.replace("-", ".");
}
