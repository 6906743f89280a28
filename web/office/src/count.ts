// A count of cash by denomination, as it is typed.

import { parseFen } from "../../shared/money";

/** Typed pieces by denomination. */
export type Typed = Record<string, string>;

/** Pieces by denomination, none left out but those that are empty; null if something is not a whole number. */
export function piecesOf(typed: Typed): { denomination: string; pieces: number }[] | null {
  const all: { denomination: string; pieces: number }[] = [];
  for (const [denomination, text] of Object.entries(typed)) {
    const words = text.trim();
    if (!words) continue;
    if (!/^\d{1,8}$/.test(words)) return null;
    const pieces = Number(words);
    if (pieces > 0) all.push({ denomination, pieces });
  }
  return all;
}

/** What they come to, in fen; what is no whole number counts as none. */
export function counted(typed: Typed): number {
  return Object.entries(typed).reduce((sum, [denomination, text]) => {
    const pieces = /^\d{1,8}$/.test(text.trim()) ? Number(text.trim()) : 0;
    return sum + (parseFen(denomination) ?? 0) * pieces;
  }, 0);
}
