// Which of the two languages the pages speak: Chinese unless the reader chose English.

export type Language = "zh" | "en";

/** Words in both languages. */
export type Told = readonly [zh: string, en: string];

const KEY = "tianxin.language";

/** The language chosen on this device. */
export function chosenLanguage(): Language {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}

/** Keeps the choice; it tells nothing about the person. */
export function chooseLanguage(language: Language): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

/** One of the two, with {names} filled in. */
export function tell(told: Told, language: Language, values: Record<string, string | number> = {}): string {
  const text = told[language === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
