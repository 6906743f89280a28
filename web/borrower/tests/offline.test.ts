// What a phone keeps for times without a network, and what it must not keep.

import { expect, test } from "vitest";
import type { Household, Loan, Product } from "../../shared/bodies";
import { paymentsByMonth } from "../src/payments";
import { Offline } from "../src/offline";
import { savedByPayingOff } from "../src/saving";

function phone() {
  const held = new Map<string, string>();
  return {
    held,
    place: {
      getItem: (key: string) => held.get(key) ?? null,
      setItem: (key: string, value: string) => void held.set(key, value),
      removeItem: (key: string) => void held.delete(key),
    },
  };
}

const OWN = { household: "hh-1", persons: [{ name: "王秀兰" }], wallet: { available: "120.00" } } as unknown as Household;
const LOANS = [
  { loan: "ln-1", product: "p", outstanding: "900.00", due_today: "100.00", payoff_today: "910.00", next_due: "2026-05-01", status: "active" },
  { loan: "ln-2", product: "p", status: "closed" },
] as unknown as Loan[];
const PRODUCTS = [{ code: "p", name_zh: "季节贷", name_en: "Seasonal loan" }] as unknown as Product[];

test("nothing is kept before the household has agreed, and no name ever", () => {
  const { held, place } = phone();
  const offline = new Offline(place);
  offline.remember(OWN, LOANS, PRODUCTS, 1);
  expect(offline.queue("ln-1", "100.00", 1)).toBe(false);
  expect([...held.keys()]).toEqual([]);
  offline.agree();
  offline.remember(OWN, LOANS, PRODUCTS, 5);
  expect([...held.values()].join()).not.toContain("王秀兰");
  // A reload finds it again, open loans only.
  const again = new Offline(place).kept.value;
  expect(again?.known?.loans.map((loan) => [loan.loan, loan.name_zh, loan.due_today])).toEqual([["ln-1", "季节贷", "100.00"]]);
});

test("a repayment waits once a loan under one id, and goes when it is done or forgotten", () => {
  const { held, place } = phone();
  const offline = new Offline(place);
  offline.agree();
  offline.remember(OWN, LOANS, PRODUCTS, 5);
  expect(offline.queue("ln-1", "100.00", 6)).toBe(true);
  expect(offline.queue("ln-1", "50.00", 7)).toBe(false);
  const [intent] = new Offline(place).kept.value?.intents ?? [];
  expect(intent).toMatchObject({ loan: "ln-1", amount: "100.00", at: 6 });
  expect(intent?.id).toMatch(/^[0-9a-f-]{36}$/);
  // Read again for the same household it still waits; another household never sees it.
  offline.remember(OWN, LOANS, PRODUCTS, 8);
  expect(offline.kept.value?.intents.length).toBe(1);
  offline.remember({ ...OWN, household: "hh-2" }, [], PRODUCTS, 9);
  expect(offline.kept.value?.intents).toEqual([]);
  offline.queue("ln-1", "100.00", 10);
  offline.drop(offline.kept.value?.intents[0]?.id ?? "");
  expect(offline.kept.value?.intents).toEqual([]);
  offline.forget();
  expect([...held.keys()]).toEqual([]);
});

test("what paying off today leaves out is the plan's rest less the payoff, and never negative", () => {
  const row = (total: string, paid: string) => ({ total, paid }) as never;
  expect(savedByPayingOff({ payoff_today: "1010.00", schedule: [row("520.00", "520.00"), row("520.00", "0.00"), row("520.00", "10.00")] })).toBe(2000);
  expect(savedByPayingOff({ payoff_today: "600.00", schedule: [row("520.00", "0.00")] })).toBe(0);
});

test("payments stand in their months, months without one among them", () => {
  const rows = [{ due: "2026-11-20", total: "100.00" }, { due: "2027-01-20", total: "50.50" }, { due: "2027-01-31", total: "1.00" }];
  expect(paymentsByMonth(rows)).toEqual([{ month: "2026-11", fen: 10000 }, { month: "2026-12", fen: 0 }, { month: "2027-01", fen: 5150 }]);
  expect(paymentsByMonth([])).toEqual([]);
});
