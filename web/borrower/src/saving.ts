// What paying off today leaves out of the plan.

import type { LoanDetail } from "../../shared/bodies";
import { parseFen } from "../../shared/money";

/** Fen that the plan would still cost over what pays the loan off today; never less than nothing. */
export function savedByPayingOff(loan: Pick<LoanDetail, "schedule" | "payoff_today">): number {
  const fen = (amount: string) => parseFen(amount) ?? 0;
  const left = loan.schedule.reduce((sum, row) => sum + Math.max(0, fen(row.total) - fen(row.paid)), 0);
  return Math.max(0, left - fen(loan.payoff_today));
}
