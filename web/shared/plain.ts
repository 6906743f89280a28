// Sentences of the server made easier to read: separators in sums, dates as people say them, short percents;
// and reasons that are only the name of what was looked at, gathered into one sentence.

import type { OpenPaper, Reason } from "./bodies";
import { day } from "./dates";
import type { Language } from "./language";
import { percent, yuan } from "./money";
import { hasTerm, term } from "./terms";

/** The same sentence with "24000.00" as "24,000", "2026-11-23" as a date, "10.7999%" as "10.8%". */
export function plainWords(text: string, language: Language): string {
  return text
    .replace(/\b\d{4}-\d\d-\d\d\b/g, (iso) => day(iso, language))
    .replace(/\d+\.\d+(?=\s?%)/g, (rate) => percent(rate).slice(0, -1))
    .replace(/(^|[^\d.,])(\d{1,13}\.\d\d)(?![\d%]|\s%)/g, (_, before: string, amount: string) => before + yuan(amount).slice(1));
}

/** Reasons as sentences; names of features, which are none, become one sentence together. */
export function reasonsInWords(reasons: readonly Reason[], language: Language): string[] {
  const told = reasons.map((reason) => (language === "zh" ? reason.zh : reason.en) || reason.zh).filter((text) => text !== "");
  const isSentence = (text: string) => /[。！？.!?]$/.test(text);
  const names = told.filter((text) => !isSentence(text));
  const sentences = told.filter(isSentence).map((text) => plainWords(text, language));
  if (names.length === 0) return sentences;
  const gathered = language === "zh" ? `主要看了这几项：${names.join("、")}。` : `What counted most: ${names.join("; ")}.`;
  return [...sentences, gathered];
}

/** The code of the document that a contract waits for, if that is what it waits for. */
export function documentOf(open: OpenPaper): string | null {
  return /^the document `([a-z0-9-]+)`$/.exec(open.en)?.[1] ?? null;
}

/** What a contract waits for, a document by its name rather than by its code. */
export function openInWords(open: OpenPaper, language: Language): string {
  const code = documentOf(open);
  if (code && hasTerm("document", code)) return term("document", code, language);
  return plainWords((language === "zh" ? open.zh : open.en) || open.zh, language);
}
