// What desks rely on without looking: files for a spreadsheet, keys, steps of a score, sums over a loan's life.

import { expect, test } from "vitest";
import { cellOf, columnName, crc32, csvOf, xlsxOf } from "../../shared/sheet-file";
import { asked, moved } from "../src/shortcuts";
import { plannedAndActual } from "../src/repaid";
import { type Lived, timeline } from "../src/timeline";
import { waterfall } from "../src/waterfall";

test.each([
  ["¥1,234.50", 1234.5],
  ["-¥3.00", -3],
  ["12", 12],
  ["0.50", 0.5],
  ["—", ""],
  ["2026年3月5日", "2026年3月5日"],
  ["007", "007"],
  ["18612345678901234567", "18612345678901234567"],
  ["83.5%", "83.5%"],
  ["7.12.0", "7.12.0"],
])("a cell %s becomes %s", (text, cell) => expect(cellOf(text)).toBe(cell));

test("CSV opens in Chinese, and no text becomes a formula", () => {
  const csv = csvOf({ name: "x", columns: ["姓名", "金额"], rows: [['=cmd|"x"', 1.5], ["a,b", -2], ["-x", 0]] });
  expect(csv.charCodeAt(0)).toBe(0xfeff);
  expect(csv.slice(1)).toBe('姓名,金额\r\n"\'=cmd|""x""",1.5\r\n"a,b",-2\r\n\'-x,0\r\n');
});

/** The files of a zip by its own directory, each checked against its sum. */
function unzipped(bytes: Uint8Array): Record<string, string> {
  const view = new DataView(bytes.buffer);
  const end = bytes.length - 22;
  expect(view.getUint32(end, true)).toBe(0x06054b50);
  const files: Record<string, string> = {};
  let at = view.getUint32(end + 16, true);
  for (let n = view.getUint16(end + 10, true); n > 0; n--) {
    expect(view.getUint32(at, true)).toBe(0x02014b50);
    const [method, crc, size, nameSize, local] = [view.getUint16(at + 10, true), view.getUint32(at + 16, true), view.getUint32(at + 20, true), view.getUint16(at + 28, true), view.getUint32(at + 42, true)];
    const name = new TextDecoder().decode(bytes.slice(at + 46, at + 46 + nameSize));
    expect(view.getUint32(local, true)).toBe(0x04034b50);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    expect(method).toBe(0);
    const content = bytes.slice(begin, begin + size);
    expect(crc32(content)).toBe(crc);
    files[name] = new TextDecoder().decode(content);
    at += 46 + nameSize;
  }
  return files;
}

test("a workbook is a zip whose sheet holds numbers as numbers and texts as they are", () => {
  const files = unzipped(xlsxOf({ name: "逾期/借款", columns: ["户主", "本金"], rows: [["王<甲>&\u0001", 12.5]] }));
  expect(Object.keys(files)).toEqual(["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml"]);
  expect(files["xl/workbook.xml"]).toContain('name="逾期 借款"');
  expect(files["xl/worksheets/sheet1.xml"]).toContain('<c r="A2" t="inlineStr"><is><t xml:space="preserve">王&lt;甲&gt;&amp;</t></is></c><c r="B2"><v>12.5</v></c>');
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  expect([0, 25, 26, 701, 702].map(columnName)).toEqual(["A", "Z", "AA", "ZZ", "AAA"]);
});

test("keys ask for nothing while somebody types", () => {
  expect(asked("j", false, false)).toEqual({ kind: "move", by: 1 });
  expect(asked("3", false, false)).toEqual({ kind: "page", place: 2 });
  expect(asked("0", false, false)).toEqual({ kind: "page", place: 9 });
  expect(asked("j", true, false)).toBeNull();
  expect(asked("1", false, true)).toBeNull();
  expect(asked("Escape", true, false)).toEqual({ kind: "close" });
  expect([moved(-1, 1, 4), moved(-1, -1, 4), moved(3, 1, 4), moved(0, -1, 4), moved(1, 1, 4)]).toEqual([0, 3, 3, 0, 2]);
});

test("the bars of a score begin where the last one ended and come to the score", () => {
  const part = (feature: string, added: string) => ({ feature, zh: feature, en: feature, added });
  const told = { base: "-3", parts: [part("a", "0.8"), part("b", "-0.5")], calibration: "0.1", log_odds: "-2.6" };
  const steps = waterfall(told, (one) => one.feature, (kind) => kind);
  expect(steps.map((step) => [step.name, step.kind])).toEqual([["base", "base"], ["a", "part"], ["b", "part"], ["calibration", "calibration"], ["sum", "sum"]]);
  const levels = steps.map((step) => [step.below, step.below + step.length].map((value) => Math.round(value * 100) / 100));
  expect(levels).toEqual([[0, 0.02], [0, 0.8], [0.3, 0.8], [0.3, 0.4], [0, 0.4]]);
  // Of many parts the small ones stand together.
  const many = { ...told, parts: Array.from({ length: 20 }, (_, place) => part(`f${place}`, "0.01")), calibration: "0", log_odds: "-2.8" };
  const short = waterfall(many, (one) => one.feature, (kind) => kind);
  expect(short.length).toBe(15);
  expect(short[13]?.name).toBe("rest");
  expect(short[13]?.added).toBeCloseTo(0.08);
});

test("plan and payments add up by day, and days to come have no payments", () => {
  const row = (number: number, due: string, total: string) => ({ number, due, total }) as never;
  const paid = (date: string, amount: string) => ({ date, amount, kind: "paid", event: date, allocation: {} }) as never;
  const drawn = { date: "2026-01-05", amount: "1000.00", kind: "disbursed", event: "d" } as never;
  const points = plannedAndActual({ drawn_on: "2026-01-05", as_of: "2026-02-20", schedule: [row(1, "2026-02-05", "500.00"), row(2, "2026-03-05", "500.00")], history: [drawn, paid("2026-02-10", "300.00")] });
  expect(points).toEqual([
    { date: "2026-01-05", planned: 0, paid: 0 },
    { date: "2026-02-05", planned: 50000, paid: 0 },
    { date: "2026-02-10", planned: 50000, paid: 30000 },
    { date: "2026-02-20", planned: 50000, paid: 30000 },
    { date: "2026-03-05", planned: 100000, paid: null },
  ]);
});

test("what happened stands in the order of time, the latest first, and a repayment is told once", () => {
  const lived = {
    household: "hh-1",
    applications: [{ application: "ap-1", asked_at: "2026-01-03T08:00:00Z", asked: "1000.00", status: "signed" }],
    loans: [{ loan: "ln-1", principal: "1000.00", schedule: [], history: [{ date: "2026-01-05", amount: "1000.00", kind: "disbursed" }, { date: "2026-02-05", amount: "500.00", kind: "paid" }] }],
    entries: [{ value_date: "2026-02-05", kind: "repayment", kind_zh: "还款", amount: "500.00" }, { value_date: "2026-02-04", kind: "top_up", kind_zh: "存入", amount: "600.00" }],
    rating: { changes: [{ changed_on: "2026-02-06", before: "C", after: "B" }] },
    facility: null,
    lines: [],
  } as unknown as Lived;
  const told = timeline(lived, "zh").map((moment) => `${moment.at.slice(0, 10)} ${moment.words}`);
  expect(told).toEqual([
    "2026-02-06 评级 C → B",
    "2026-02-05 还款 ¥500.00 · 借款 ¥1,000",
    "2026-02-04 存入 ¥600.00",
    "2026-01-05 放款 ¥1,000.00 · 借款 ¥1,000",
    "2026-01-03 申请借 ¥1,000：已签约",
  ]);
});
