// Everything that happened to a household in the order of time, gathered from what each page reads by itself.

import type { Application, Entry, Facility, Line, LoanDetail, Rating } from "../../shared/bodies";
import { yuan } from "../../shared/money";
import { type Language, tell } from "../../shared/language";
import { term } from "../../shared/terms";

export interface Moment {
  /** A civil date, with the time where one is known: orders as text. */
  at: string;
  kind: "application" | "loan" | "money" | "rating" | "facility" | "line";
  words: string;
  to?: string;
}

export interface Lived {
  household: string;
  applications: Application[];
  loans: LoanDetail[];
  entries: Entry[];
  rating: Rating | null;
  facility: Facility | null;
  lines: Line[];
}

/** The latest first; of one day, in the order of the kinds above. */
export function timeline(lived: Lived, language: Language): Moment[] {
  const say = (zh: string, en: string, values?: Record<string, string | number>) => tell([zh, en], language, values);
  const moments: Moment[] = [];
  for (const one of lived.applications) {
    moments.push({
      at: one.asked_at,
      kind: "application",
      words: say("申请借 {amount}：{status}", "Application for {amount}: {status}", { amount: yuan(one.asked), status: term("status", one.status, language) }),
      to: `#/decisions/${one.application}/${lived.household}`,
    });
  }
  for (const loan of lived.loans) {
    for (const event of loan.history) {
      moments.push({
        at: event.date,
        kind: "loan",
        words: `${term("event", event.kind, language)}${event.amount ? ` ${yuan(event.amount, true)}` : ""} · ${say("借款 {amount}", "loan of {amount}", { amount: yuan(loan.principal) })}`,
        to: `#/loans/${loan.loan}/${lived.household}`,
      });
    }
    const missed = loan.schedule.filter((row) => row.status === "overdue");
    for (const row of missed) {
      moments.push({ at: row.due, kind: "loan", words: say("第 {n} 期到期没还：{amount}", "Instalment {n} fell due and was not met: {amount}", { n: row.number, amount: yuan(row.total, true) }), to: `#/loans/${loan.loan}/${lived.household}` });
    }
  }
  for (const entry of lived.entries) {
    // What a loan's own history tells is not told twice.
    if (["disbursement", "repayment"].includes(entry.kind)) continue;
    moments.push({ at: entry.value_date, kind: "money", words: `${language === "zh" ? entry.kind_zh : entry.kind_en} ${yuan(entry.amount, true)}${entry.memo ? ` · ${entry.memo}` : ""}` });
  }
  for (const change of lived.rating?.changes ?? []) {
    const none = say("没有评级", "none");
    moments.push({ at: change.changed_on, kind: "rating", words: say("评级 {before} → {after}", "Rating {before} → {after}", { before: change.before ?? none, after: change.after ?? none }) });
  }
  for (const step of lived.facility?.history ?? []) {
    moments.push({ at: step.date, kind: "facility", words: `${say("授信：{what}", "Facility: {what}", { what: term("facility_step", step.kind, language) })}${step.amount ? ` ${yuan(step.amount)}` : ""}` });
  }
  for (const line of lived.lines) {
    moments.push({ at: line.opened_on, kind: "line", words: say("开通消费额度 {amount}", "Purchase line of {amount} opened", { amount: yuan(line.limit) }), to: `#/lines/${line.line}/${lived.household}` });
  }
  const order: Moment["kind"][] = ["application", "loan", "money", "rating", "facility", "line"];
  return moments.sort((a, b) => b.at.slice(0, 10).localeCompare(a.at.slice(0, 10)) || order.indexOf(a.kind) - order.indexOf(b.kind) || b.at.localeCompare(a.at));
}
