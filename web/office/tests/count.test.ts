// Cash is counted in whole pieces, and adds up in fen.

import { expect, test } from "vitest";
import { counted, piecesOf } from "../src/count";

test("pieces add up, and what is left empty is none", () => {
  const typed = { "100.00": "12", "0.50": " 3 ", "0.01": "", "1.00": "0" };
  expect(counted(typed)).toBe(120_150);
  expect(piecesOf(typed)).toEqual([{ denomination: "100.00", pieces: 12 }, { denomination: "0.50", pieces: 3 }]);
  expect(counted({})).toBe(0);
  expect(piecesOf({})).toEqual([]);
});

test("half a note is no count", () => {
  for (const text of ["1.5", "-1", "x", "123456789"]) {
    expect(piecesOf({ "100.00": text })).toBe(null);
    expect(counted({ "100.00": text })).toBe(0);
  }
});
