// Tables of figures: no columns of nothing, and no two rows that read alike.

import { expect, test } from "vitest";
import { accruedByProduct, columnsInUse } from "../src/sheets";

test("a column is shown if any line has something in it", () => {
  const lines = [
    { fee: "0.00", penalty: "0.00", ahead: "0.00" },
    { fee: "0.00", penalty: "3.07", ahead: "-1.00" },
  ];
  expect(columnsInUse(lines, ["fee", "penalty", "ahead"])).toEqual(["penalty", "ahead"]);
  expect(columnsInUse([], ["fee"])).toEqual([]);
});

test("interest reckoned in different ways is one row of its product and stage, income kept apart from what is off balance", () => {
  const group = (product: string, stage: number, accruing: boolean, accrued: string) => ({ product, stage, accruing, accrued });
  expect(
    accruedByProduct([group("a", 1, true, "10.01"), group("a", 1, true, "-0.02"), group("a", 3, false, "5.00"), group("a", 3, true, "1.00"), group("b", 1, true, "0.10")]),
  ).toEqual([
    { product: "a", stage: 1, accruing: true, fen: 999 },
    { product: "a", stage: 3, accruing: false, fen: 500 },
    { product: "a", stage: 3, accruing: true, fen: 100 },
    { product: "b", stage: 1, accruing: true, fen: 10 },
  ]);
});
