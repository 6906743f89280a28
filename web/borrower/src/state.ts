// What all pages share: the language, who is signed in, the client, and where one is.

import { type Client, Refused, browserClient } from "../../shared/client";
import { type Language, chooseLanguage, chosenLanguage, tell } from "../../shared/language";
import { explain } from "../../shared/problems";
import { Watched, readRoute } from "../../shared/watched";

export { useAct, useLoaded } from "../../shared/watched";

/** The signed-in household: undefined while asking, null when nobody is. */
export const household = new Watched<string | null | undefined>(undefined);
export const language = new Watched<Language>(chosenLanguage());
export const waiting = new Watched(false);
export const route = new Watched(readRoute());

export const client: Client = browserClient(() => language.value);
client.onWaiting = (isWaiting) => waiting.set(isWaiting);
client.onSignedOut = () => {
  if (household.value) household.set(null);
};

addEventListener("hashchange", () => route.set(readRoute()));

export function go(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") location.hash = path;
  else {
    history.replaceState(null, "", `#${path}`);
    route.set(readRoute());
  }
}

export function switchLanguage(): void {
  const next = language.value === "zh" ? "en" : "zh";
  chooseLanguage(next);
  language.set(next);
}

export type Say = (zh: string, en: string, values?: Record<string, string | number>) => string;

/** Words in the chosen language. */
export function useSay(): Say {
  const chosen = language.use();
  return (zh, en, values) => tell([zh, en], chosen, values);
}

/** One of the server's two languages. */
export function useChoice(): (words: { zh: string; en: string }) => string {
  const chosen = language.use();
  return (words) => (chosen === "zh" ? words.zh : words.en) || words.zh;
}

export function wordsFor(error: unknown, wasWrite = true): string {
  return explain(error, language.value, wasWrite);
}

/** The code of a refusal, if it is one. */
export function codeOf(error: unknown): string | null {
  return error instanceof Refused ? error.problem.code : null;
}

/** Fields typed so far in this tab, nothing that tells who one is. */
export function keepTyped<T extends object>(name: string, typed: T | null): void {
  try {
    if (typed) sessionStorage.setItem(`tianxin.typed.${name}`, JSON.stringify(typed));
    else sessionStorage.removeItem(`tianxin.typed.${name}`);
  } catch {
    // Then it lives in memory only.
  }
}

export function typedSoFar<T extends object>(name: string): Partial<T> {
  try {
    return JSON.parse(sessionStorage.getItem(`tianxin.typed.${name}`) ?? "{}") as Partial<T>;
  } catch {
    return {};
  }
}
