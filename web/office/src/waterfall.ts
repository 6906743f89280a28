// A score as steps from the average to one household: where each bar begins and how long it is.

import type { Decision } from "../../shared/bodies";

type Told = NonNullable<Decision["waterfall"]>;

export interface Step {
  name: string;
  kind: "base" | "part" | "calibration" | "sum";
  /** What the step adds; of the first and last, the level itself. */
  added: number;
  /** Where its bar begins on an axis whose nought is the least level of all. */
  below: number;
  length: number;
}

/** The largest parts one by one, the rest together. */
const PARTS_MAX = 12;

export function waterfall(told: Told, nameOf: (part: Told["parts"][number]) => string, words: (kind: string) => string): Step[] {
  const shown = told.parts.slice(0, PARTS_MAX).map((part) => ({ name: nameOf(part), kind: "part" as const, added: Number(part.added) }));
  const rest = told.parts.slice(PARTS_MAX).reduce((sum, part) => sum + Number(part.added), 0);
  const parts: { name: string; kind: Step["kind"]; added: number }[] = [...shown];
  if (rest !== 0) parts.push({ name: words("rest"), kind: "part", added: rest });
  if (Number(told.calibration) !== 0) parts.push({ name: words("calibration"), kind: "calibration", added: Number(told.calibration) });
  let level = Number(told.base);
  const bars = parts.map((part) => {
    const from = level;
    level += part.added;
    return { ...part, low: Math.min(from, level), high: Math.max(from, level) };
  });
  const [base, sum] = [Number(told.base), Number(told.log_odds)];
  // Bars are stacked on a bar that is not seen, which a stack draws only on one side of nought: all levels are negative or all moved up.
  const floor = Math.min(base, sum, ...bars.map((bar) => bar.low));
  const place = (low: number, high: number) => ({ below: low - floor, length: high - low });
  return [
    { name: words("base"), kind: "base", added: base, ...place(floor, Math.max(base, floor + 0.02)) },
    ...bars.map(({ name, kind, added, low, high }) => ({ name, kind, added, ...place(low, high) })),
    { name: words("sum"), kind: "sum", added: sum, ...place(floor, Math.max(sum, floor + 0.02)) },
  ];
}
