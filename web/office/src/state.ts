// What all office pages share: the language, who is signed in, the client, and where one is.

import type { Actor } from "../../shared/bodies";
import { type Client, browserClient } from "../../shared/client";
import { type Language, chooseLanguage, chosenLanguage, tell } from "../../shared/language";
import { explain } from "../../shared/problems";
import { Watched, readRoute } from "../../shared/watched";

export { useAct, useLoaded } from "../../shared/watched";

/** The signed-in member of staff: undefined while asking, null when nobody is. */
export const staff = new Watched<Actor | null | undefined>(undefined);
export const language = new Watched<Language>(chosenLanguage());
export const waiting = new Watched(false);
export const route = new Watched(readRoute());

export const client: Client = browserClient(() => language.value);
client.onWaiting = (isWaiting) => waiting.set(isWaiting);
client.onSignedOut = () => {
  if (staff.value) staff.set(null);
};

addEventListener("hashchange", () => route.set(readRoute()));

export function go(path: string): void {
  location.hash = path;
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

/** The role of whoever is signed in. */
export function useRole(): string {
  return staff.use()?.role ?? "";
}

export function wordsFor(error: unknown, wasWrite = true): string {
  return explain(error, language.value, wasWrite);
}
