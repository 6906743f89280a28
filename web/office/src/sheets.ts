// What tables of figures leave out or put together before they are shown.

import type { DayReport } from "../../shared/bodies";
import { parseFen } from "../../shared/money";

/** Those of the columns in which any line has something: a desk is not wide enough for columns of nothing. */
export function columnsInUse<Name extends string>(lines: readonly Record<Name, string>[], names: readonly Name[]): Name[] {
  return names.filter((name) => lines.some((line) => parseFen(line[name]) !== 0));
}

/** Interest of a close by product, income or not, and stage. The server keeps apart what is reckoned differently; a reader does not. */
export function accruedByProduct(groups: DayReport["groups"]): { product: string; stage: number; accruing: boolean; fen: number }[] {
  const sums: { product: string; stage: number; accruing: boolean; fen: number }[] = [];
  for (const { product, stage, accruing, accrued } of groups) {
    const fen = parseFen(accrued) ?? 0;
    const same = sums.find((one) => one.product === product && one.stage === stage && one.accruing === accruing);
    if (same) same.fen += fen;
    else sums.push({ product, stage, accruing, fen });
  }
  return sums;
}
