// Dates on the pages. Business dates are civil dates without a clock and are never shifted by a time zone.

import type { Language } from "./language";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "2026-03-05" as 2026年3月5日 or 5 Mar 2026; anything else as it stands. */
export function day(iso: string | null | undefined, language: Language): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)/.exec(iso ?? "");
  if (!match) return iso ?? "—";
  const [year, month, date] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return language === "zh" ? `${year}年${month}月${date}日` : `${date} ${MONTHS[month - 1] ?? ""} ${year}`;
}

/** The same without the year where it is the year of `today`. */
export function shortDay(iso: string | null | undefined, language: Language, today?: string): string {
  if (!iso || !today || iso.slice(0, 4) !== today.slice(0, 4)) return day(iso, language);
  const full = day(iso, language);
  return language === "zh" ? full.replace(/^\d+年/, "") : full.replace(/ \d{4}$/, "");
}

/** Whole days from one civil date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to.slice(0, 10)}T00:00:00Z`) - Date.parse(`${from.slice(0, 10)}T00:00:00Z`)) / 86_400_000);
}

/** The civil date before a civil date. */
export function dayBefore(iso: string): string {
  return new Date(Date.parse(`${iso.slice(0, 10)}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/** An instant by the reader's own clock, to the minute. */
export function moment(instant: string | null | undefined, language: Language): string {
  const at = new Date(instant ?? "");
  if (Number.isNaN(at.getTime())) return "—";
  const two = (part: number) => String(part).padStart(2, "0");
  const civil = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day(civil, language)} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
