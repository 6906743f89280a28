// Payments of a plan by the month they fall into.

import { parseFen } from "../../shared/money";

/** From the month of the first payment to that of the last, those without one among them. */
export function paymentsByMonth(rows: readonly { due: string; total: string }[]): { month: string; fen: number }[] {
  const first = rows[0]?.due.slice(0, 7);
  const last = rows[rows.length - 1]?.due.slice(0, 7);
  if (!first || !last) return [];
  const months: { month: string; fen: number }[] = [];
  let [year, month] = first.split("-").map(Number) as [number, number];
  for (let name = first; name <= last && months.length < 120; ) {
    const fen = rows.filter((row) => row.due.startsWith(name)).reduce((sum, row) => sum + (parseFen(row.total) ?? 0), 0);
    months.push({ month: name, fen });
    [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
    name = `${year}-${String(month).padStart(2, "0")}`;
  }
  return months;
}
