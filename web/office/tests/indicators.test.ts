// Figures of the dashboards that need more than a division.

import { expect, test } from "vitest";
import type { Portfolio } from "../../shared/bodies";
import { differences } from "../src/versions";
import { growth, shade, sustainableAtMarket, townships } from "../src/indicators";

const month = (from: string, to: string) => ({ from, to, principal: "1000000.00", wallets: "0.00", income: "10000.00", impairment: "2000.00", expense: "3000.00" });
const year = { months: Array.from({ length: 12 }, (_, n) => month(`2025-${String(n + 1).padStart(2, "0")}-01`, n === 11 ? "2025-12-31" : `2025-${String(n + 2).padStart(2, "0")}-01`)) } as unknown as Portfolio;

test("FSS is OSS with capital and subsidies at market price", () => {
  // 120,000 earned, 60,000 booked: OSS 200 %. A million at 4 % is 40,000, subsidies 20,000: 120 / 120.
  expect(sustainableAtMarket(year, 0, 0)).toBeCloseTo(200, 6);
  expect(sustainableAtMarket(year, 4, 2_000_000)).toBeCloseTo(100, 1);
  expect(sustainableAtMarket({ months: [] } as unknown as Portfolio, 4, 0)).toBeNull();
});

test("50 million to 200 million is growth by 300 percent, not 400", () => {
  expect(growth([50, 120, 200])).toBe(300);
  expect(growth([0, 5])).toBeNull();
});

test("villages are put together by township, the largest first; late ones are darker", () => {
  const village = (name: string, principal: string, late_30: string) => ({ name, households: 10, loans: 2, borrowers: 2, principal, late: late_30, late_30, late_90: "0.00" });
  const all = townships([village("柳河乡李家村", "100.00", "0.00"), village("柳河乡王家村", "300.00", "8.00"), village("石桥镇新村", "900.00", "0.00"), village("孤村", "1.00", "1.00")] as Portfolio["by_village"]);
  expect(all.map((one) => [one.name, one.households, one.principal, one.late30])).toEqual([["石桥镇", 10, 90_000, 0], ["柳河乡", 20, 40_000, 800], ["孤村", 10, 100, 100]]);
  expect(all.map((one) => shade(one.late30, one.principal))).toEqual([0, 2, 4]);
});

test("a new version of a product is told by what it changed", () => {
  const say = (zh: string, _en: string, values: Record<string, string | number> = {}) => zh.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  const old = { code: "x", version: 1, name_zh: "短期贷", name_en: "Short", method: "bullet", currency: "CNY", amount_min: "1000.00", amount_max: "50000.00", amount_multiple: "100.00", term_min_months: 1, term_max_months: 12, rates: [{ rate: "6.00" }], uses: ["livestock"], fees: [], penalty_uplift: "50.00", grace_days: 3 };
  const now = { ...old, version: 2, amount_max: "80000.00", rates: [{ rating: "A", rate: "5.50" }, { rating: "B", rate: "6.00" }] };
  expect(differences(old, now, say, "zh")).toEqual([
    { name: "金额", before: "¥1,000 – ¥50,000", now: "¥1,000 – ¥80,000" },
    { name: "年利率", before: "6%", now: "A 5.5% · B 6%" },
  ]);
  expect(differences(old, { ...old, version: 3 }, say, "zh")).toEqual([]);
});
