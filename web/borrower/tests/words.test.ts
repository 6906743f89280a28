// Money, dates, details of persons and problems, as people read and type them.

import { expect, test } from "vitest";
import { Refused, Unanswered } from "../../shared/client";
import { day, dayBefore, daysBetween, moment, shortDay } from "../../shared/dates";
import { isMobile, isResidentId, isWeakPin, plainId } from "../../shared/identity";
import { tell } from "../../shared/language";
import { comfortableStep, decimal, grouped, inCapitals, inLarge, parseFen, percent, settle, yuan } from "../../shared/money";
import { documentOf, openInWords, plainWords, reasonsInWords } from "../../shared/plain";
import { explain, refusalInWords } from "../../shared/problems";
import { term } from "../../shared/terms";
import { CONSENTS } from "../src/consents";

test.each([
  ["1250.00", 125000],
  ["1,250", 125000],
  ["１２５０", 125000],
  ["¥1,250.5", 125050],
  ["1250元", 125000],
  ["12。5", 1250],
  ["-3.07", -307],
  ["0", 0],
  ["-0", 0],
  ["9999999999999.99", 999999999999999],
  ["", null],
  ["12.345", null],
  ["1e5", null],
  ["abc", null],
  ["99999999999999", null],
])("%s typed is %s fen", (text, fen) => expect(parseFen(text)).toBe(fen));

test("what is sent is what is read back", () => {
  for (const fen of [0, 1, 9, 10, 99, 100, 12345, -1, -250, 999999999999999]) expect(parseFen(decimal(fen))).toBe(fen);
});

test.each([
  ["1250.00", false, "¥1,250"],
  ["1250.50", false, "¥1,250.50"],
  ["1250.00", true, "¥1,250.00"],
  ["-24000.00", true, "-¥24,000.00"],
  ["1234567.00", false, "¥1,234,567"],
  ["999.00", false, "¥999"],
  [null, false, "—"],
])("%s (%s) is shown as %s", (amount, exact, shown) => expect(yuan(amount, exact)).toBe(shown));

test("another currency is named", () => expect(yuan("96396.00", true, "CZK")).toBe("CZK 96,396.00"));

test.each([
  ["6.00", "6%"],
  ["7.20", "7.2%"],
  ["23.7943", "23.79%"],
  ["10.7999", "10.8%"],
  ["0.00", "0%"],
  ["10", "10%"],
  [null, "—"],
])("a rate of %s is %s", (rate, shown) => expect(percent(rate)).toBe(shown));

test("an amount settles on what may be asked for", () => {
  expect(settle(1_234_567, 100_000, 5_000_000, 10_000)).toBe(1_230_000);
  expect(settle(0, 100_000, 5_000_000, 10_000)).toBe(100_000);
  expect(settle(9e9, 100_000, 5_005_000, 10_000)).toBe(5_000_000);
  expect(settle(5, 3, 2, 1)).toBe(2);
});

test("steps are round and about a twentieth of the range", () => {
  expect(comfortableStep(100_000, 5_000_000, 10_000)).toBe(500_000);
  expect(comfortableStep(100_000, 1_000_000, 10_000)).toBe(50_000);
  expect(comfortableStep(100_000, 110_000, 10_000)).toBe(10_000);
});

test("dates are civil and in both languages", () => {
  expect(day("2026-03-05", "zh")).toBe("2026年3月5日");
  expect(day("2026-03-05", "en")).toBe("5 Mar 2026");
  expect(day(null, "zh")).toBe("—");
  expect(shortDay("2026-12-22", "zh", "2026-11-22")).toBe("12月22日");
  expect(shortDay("2027-01-22", "zh", "2026-11-22")).toBe("2027年1月22日");
  expect(shortDay("2026-12-22", "en", "2026-11-22")).toBe("22 Dec");
  expect(daysBetween("2026-11-22", "2026-12-22")).toBe(30);
  expect(daysBetween("2027-03-01", "2027-02-27")).toBe(-2);
  expect(moment("not an instant", "zh")).toBe("—");
});

/** The check character of seventeen digits, worked out from the rule anew: the sum with powers of two mod 11. */
function withCheck(first: string): string {
  const sum = [...first].reduce((total, digit, place) => total + Number(digit) * (2 ** (17 - place) % 11), 0);
  const check = (12 - (sum % 11)) % 11;
  return first + (check === 10 ? "X" : String(check));
}

test("a resident id is right with its check character only", () => {
  for (let number = 0; number < 300; number++) {
    const right = withCheck(`41092319${String(50 + (number % 50))}0${1 + (number % 9)}1${number % 10}${String(number).padStart(3, "0")}`.slice(0, 17));
    expect(isResidentId(right)).toBe(true);
    for (const other of "0123456789X") if (other !== right[17]) expect(isResidentId(right.slice(0, 17) + other)).toBe(false);
  }
});

test("one wrong digit, or two neighbours swapped, are found", () => {
  const right = withCheck("41092319681130123");
  for (let place = 0; place < 17; place++) {
    const wrong = right.slice(0, place) + String((Number(right[place]) + 1) % 10) + right.slice(place + 1);
    expect(isResidentId(wrong)).toBe(false);
    if (right[place] !== right[place + 1]) {
      expect(isResidentId(right.slice(0, place) + right[place + 1] + right[place] + right.slice(place + 2))).toBe(false);
    }
  }
});

test("a resident id may be typed with blanks, wide digits and a small x; its birthday exists", () => {
  const withX = Array.from({ length: 999 }, (_, number) => withCheck(`41092319681130${String(number).padStart(3, "0")}`)).find((id) => id.endsWith("X"));
  if (!withX) throw new Error("none ends with X");
  expect(isResidentId(withX.toLowerCase())).toBe(true);
  expect(isResidentId(`${withX.slice(0, 6)} ${withX.slice(6, 14)} ${withX.slice(14)}`)).toBe(true);
  expect(plainId("１３９ 1234-5678")).toBe("13912345678");
  expect(isResidentId(withCheck("41092319690229012"))).toBe(false);
  expect(isResidentId(withCheck("41092319680229012"))).toBe(true);
  expect(isResidentId("")).toBe(false);
});

test("phones and pins", () => {
  expect(["13912345678", "139 1234 5678", "19912345678"].every(isMobile)).toBe(true);
  expect(["12912345678", "1391234567", "139123456789", "02912345678"].some(isMobile)).toBe(false);
  expect(["123456", "654321", "000000", "567890", "098765"].every(isWeakPin)).toBe(true);
  expect(["250817", "112233", "135790"].some(isWeakPin)).toBe(false);
});

test("a problem is told in words: the server's, or the page's own where it knows better", () => {
  const of = (problem: object) => explain(new Refused({ status: 422, code: "x", ...problem }), "zh");
  expect(of({ code: "insufficient_funds", title: "余额不够，可用 3.00 元。", detail: "…" })).toBe("余额不够，可用 3.00 元。");
  expect(of({ code: "command_conflict", title: "…" })).toContain("没有办");
  expect(of({ code: "http_404", status: 404 })).toContain("没有找到");
  expect(of({ code: "new_code" })).toContain("new_code");
  expect(explain(new Unanswered(), "zh")).toContain("不会办两次");
  expect(explain(new Unanswered(), "zh", false)).not.toContain("办两次");
  expect(explain(new Unanswered({ status: 503, code: "message_failed", title: "短信没有发出去，请稍后再试。" }), "zh")).toBe("短信没有发出去，请稍后再试。");
  expect(explain(new TypeError("bug"), "en")).toContain("went wrong");
});

test.each([
  ["您借 24000.00 元，2026-11-23 到账，最晚 2027-05-23 还清。", "您借 24,000 元，2026年11月23日 到账，最晚 2027年5月23日 还清。"],
  ["年化综合成本是 10.7999%，年利率 16.20% 计罚息，一天约 10.80 元。", "年化综合成本是 10.8%，年利率 16.2% 计罚息，一天约 10.80 元。"],
  ["每期 4126.94 元，分 6 期还，第 1.5 条不变。", "每期 4,126.94 元，分 6 期还，第 1.5 条不变。"],
])("%s is made plain", (text, plain) => expect(plainWords(text, "zh")).toBe(plain));

test("reasons that are only names are gathered into a sentence", () => {
  const reasons = [
    { code: "balance_last", zh: "最近余额", en: "Latest balance" },
    { code: "risk-middle", zh: "您的情况需要工作人员再看一看。", en: "A member of staff has to look." },
    { code: "asked_amount", zh: "借款金额", en: "Amount asked for" },
  ];
  expect(reasonsInWords(reasons, "zh")).toEqual(["您的情况需要工作人员再看一看。", "主要看了这几项：最近余额、借款金额。"]);
  expect(reasonsInWords(reasons, "en")).toEqual(["A member of staff has to look.", "What counted most: Latest balance; Amount asked for."]);
  expect(reasonsInWords([], "zh")).toEqual([]);
});

test("terms and texts are there in both languages", () => {
  expect(term("use", "farming-inputs", "zh")).toBe("买种子、化肥、农药");
  expect(term("use", "unheard-of", "zh")).toBe("unheard-of");
  expect(tell(["借 {n} 元", "borrow {n}"], "en", { n: 5 })).toBe("borrow 5");
  for (const consent of CONSENTS) {
    expect(consent.version).toMatch(/^\d{4}-\d\d$/);
    for (const [zh, en] of [consent.title, ...consent.text, consent.agree]) {
      expect(zh).toMatch(/[\u4e00-\u9fff]/);
      expect(en).toMatch(/[a-z]/i);
    }
  }
});

test("thousands are set apart in figures that are no amounts", () => {
  expect(grouped("123456789012345.00")).toBe("123,456,789,012,345.00");
  expect(grouped("1234.0833")).toBe("1,234.0833");
  expect(grouped("-1000.5000")).toBe("-1,000.5000");
  expect(grouped("999")).toBe("999");
});

test("the day before is a civil date, over months and leap years too", () => {
  expect(dayBefore("2026-03-01")).toBe("2026-02-28");
  expect(dayBefore("2028-03-01")).toBe("2028-02-29");
  expect(dayBefore("2027-01-01")).toBe("2026-12-31");
});

test("a document that a contract waits for is named, and not by its code", () => {
  const policy = { zh: "材料 insurance-policy", en: "the document `insurance-policy`" };
  expect(documentOf(policy)).toBe("insurance-policy");
  expect(openInWords(policy, "zh")).toBe("保险单");
  const own = { zh: "材料 own-paper", en: "the document `own-paper`" };
  expect(openInWords(own, "zh")).toBe("材料 own-paper");
  const guarantee = { zh: "保证人签字，还差 20000.00 元", en: "a guarantor's signature for 20000.00 more" };
  expect(documentOf(guarantee)).toBeNull();
  expect(openInWords(guarantee, "zh")).toBe("保证人签字，还差 20,000 元");
});

test("why a loan got nothing is told in words, and an unknown reason is quoted", () => {
  expect(refusalInWords("the loan was drawn today: what is put off counts from tomorrow", "zh")).toContain("明天起");
  expect(refusalInWords("event 1 cannot change the contract: the loan is 95 days past due, and is not changed beyond 90: restructure it instead", "zh")).toContain("重组");
  expect(refusalInWords("outside_product", "zh")).toContain("产品的范围");
  expect(refusalInWords("a new reason", "zh")).toContain("a new reason");
  expect(refusalInWords("a new reason", "en")).toBe("a new reason");
});

test("amounts on contracts in capitals, as a bank writes them", () => {
  expect([0, 5, 10, 105, 100, 1000_00, 10_010_00, 100_000_00, 107_000_53, 1_234_567_89, 100_000_000_00, 20_300_00, -5_00].map(inCapitals)).toEqual([
    "零元整", "伍分", "壹角", "壹元零伍分", "壹元整", "壹仟元整", "壹万零壹拾元整", "壹拾万元整", "壹拾万零柒仟元伍角叁分",
    "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分", "壹亿元整", "贰万零叁佰元整", "负伍元整",
  ]);
});

test("large sums in 万元 and 亿元", () => {
  expect([999_00, 12_345_00, 250_000_000_00].map((fen) => inLarge(fen, "zh"))).toEqual(["999元", "1.2万元", "2.5亿元"]);
  expect([999_00, 12_345_00, 2_500_000_00].map((fen) => inLarge(fen, "en"))).toEqual(["¥999", "¥12.3k", "¥2.5m"]);
});
