// How a loan's payments ran beside its plan: both added up over the days on which either moves.

import type { LoanDetail } from "../../shared/bodies";
import { parseFen } from "../../shared/money";

export interface Point {
  date: string;
  /** What the plan as it stands asks for up to this day, fen. */
  planned: number;
  /** What was paid up to this day; none for days to come. */
  paid: number | null;
}

export function plannedAndActual(loan: Pick<LoanDetail, "schedule" | "history" | "as_of" | "drawn_on">): Point[] {
  const paidOn = loan.history.filter((event) => event.allocation && (parseFen(event.amount) ?? 0) > 0);
  const dates = [loan.drawn_on, loan.as_of, ...loan.schedule.map((row) => row.due), ...paidOn.map((event) => event.date)];
  const upTo = <One,>(all: readonly One[], dateOf: (one: One) => string, sumOf: (one: One) => string, date: string) =>
    all.filter((one) => dateOf(one) <= date).reduce((sum, one) => sum + (parseFen(sumOf(one)) ?? 0), 0);
  return [...new Set(dates)].sort().map((date) => ({
    date,
    planned: upTo(loan.schedule, (row) => row.due, (row) => row.total, date),
    paid: date <= loan.as_of ? upTo(paidOn, (event) => event.date, (event) => event.amount, date) : null,
  }));
}
