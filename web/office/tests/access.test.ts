// Roles are shown the pages they may read, and no keys that would refuse them.

import { expect, test } from "vitest";
import { may, maySecond } from "../src/access";
import { inWords } from "../src/features";
import { GROUPS, MENU, UNLISTED, pageAt, pagesOf as entriesOf } from "../src/menu";

const ROLES = ["clerk", "officer", "analyst", "accountant", "approver", "auditor", "admin"];

const pagesOf = (role: string) => entriesOf(role).map((entry) => entry.route);

test("every role of staff has a page to begin with, and strangers none", () => {
  for (const role of ROLES) expect(pagesOf(role).length).toBeGreaterThan(0);
  expect(pagesOf("household")).toEqual([]);
  expect(pagesOf("")).toEqual([]);
});

test("the books are for those who answer for them, applications for those who judge them", () => {
  expect(ROLES.filter((role) => pagesOf(role).includes("books"))).toEqual(["accountant", "approver", "auditor"]);
  expect(ROLES.filter((role) => pagesOf(role).includes("referrals"))).toEqual(["officer", "analyst", "approver", "auditor"]);
});

test("auditors and analysts look only", () => {
  for (const act of ["decide", "approve", "top_up", "close_day"]) {
    expect(may("auditor", act)).toBe(false);
    expect(may("analyst", act)).toBe(false);
  }
  expect(ROLES.filter((role) => may(role, "add_paper"))).toEqual(["clerk", "officer"]);
  expect(may("officer", "decide")).toBe(true);
  expect(may("officer", "approve")).toBe(false);
  expect(may("officer", "unheard-of")).toBe(false);
});

test("class and sheets of a loan are not for the counter; the report of a close is for all who have the day's page", () => {
  expect(ROLES.filter((role) => may(role, "see_standing"))).toEqual(["officer", "analyst", "accountant", "approver", "auditor"]);
  expect(ROLES.filter((role) => may(role, "see_day_report"))).toEqual(ROLES.filter((role) => pagesOf(role).includes("day")));
});

test("a drawer is the clerk's, its second person whoever stands beside it", () => {
  expect(ROLES.filter((role) => pagesOf(role).includes("cash"))).toEqual(["clerk", "officer", "accountant", "approver", "auditor"]);
  expect(ROLES.filter((role) => maySecond(role, "open_drawer"))).toEqual(["officer", "accountant", "approver"]);
  expect(ROLES.filter((role) => maySecond(role, "give_cash"))).toEqual(["clerk"]);
  expect(ROLES.filter((role) => maySecond(role, "reverse"))).toEqual(["accountant", "approver", "admin"]);
});

test("features are told with their units", () => {
  const say = (zh: string, _en: string, values?: Record<string, string | number>) => zh.replace("{n}", String(values?.n));
  const of = (unit: string, value: string | null) => inWords({ name: "x", zh: "x", en: "x", unit, value }, say);
  expect(of("money", "812.30")).toBe("¥812.30");
  expect(of("ratio", "0.8345")).toBe("83.5%");
  expect(of("count", "3")).toBe("3");
  expect(of("months", "6")).toBe("6 个月");
  expect(of("money", null)).toBe("没有记录");
});

test("cases are for those who judge risk, money over rails for those who answer for the books, tokens for the administrator", () => {
  expect(ROLES.filter((role) => pagesOf(role).includes("cases"))).toEqual(["officer", "analyst", "approver", "auditor"]);
  expect(ROLES.filter((role) => may(role, "work_case"))).toEqual(["officer", "approver"]);
  expect(ROLES.filter((role) => pagesOf(role).includes("early"))).toEqual(["officer", "analyst", "approver", "auditor"]);
  expect(ROLES.filter((role) => may(role, "ask_call"))).toEqual(["officer", "approver"]);
  expect(ROLES.filter((role) => pagesOf(role).includes("reconciliation"))).toEqual(["accountant", "approver", "auditor"]);
  expect(ROLES.filter((role) => pagesOf(role).includes("capital"))).toEqual(["accountant"]);
  expect(ROLES.filter((role) => pagesOf(role).includes("tasks"))).toEqual(ROLES.filter((role) => role !== "admin"));
  expect(ROLES.filter((role) => may(role, "give_token"))).toEqual(["admin"]);
});

test("a page stands once in the menu, has its name in both languages, and pages of a group stand together", () => {
  const entries = [...MENU, ...UNLISTED];
  expect(new Set(entries.map((entry) => entry.route)).size).toBe(entries.length);
  for (const { title, roles } of entries) {
    expect(title[0]).toMatch(/[\u4e00-\u9fff]/);
    expect(title[1]).toMatch(/^[A-Z]/);
    expect(roles.length).toBeGreaterThan(0);
  }
  const groups = MENU.map((entry) => entry.group).filter((group, place, all) => group !== all[place - 1]);
  expect(groups).toEqual(Object.keys(GROUPS));
});

test("an address opens its page for those who have it, and the first of the menu for others", () => {
  expect(pageAt("accountant", "books")?.route).toBe("books");
  expect(pageAt("clerk", "books")?.route).toBe("work");
  expect(pageAt("officer", "decisions")?.route).toBe("decisions");
  expect(pageAt("clerk", "decisions")?.route).toBe("work");
  expect(pageAt("household", "work")).toBeUndefined();
});
