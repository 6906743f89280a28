// Keys for people who work through queues all day: change the page, move in a list, reach the search.

import { useEffect, useState } from "preact/hooks";

/** What a key asks for. Keys typed into a field, or with a modifier, ask for nothing. */
export type Asked = { kind: "page"; place: number } | { kind: "move"; by: 1 | -1 } | { kind: "search" } | { kind: "help" } | { kind: "close" } | null;

export function asked(key: string, isTyping: boolean, hasModifier: boolean): Asked {
  if (key === "Escape") return { kind: "close" };
  if (isTyping || hasModifier) return null;
  if (/^[1-9]$/.test(key)) return { kind: "page", place: Number(key) - 1 };
  if (key === "0") return { kind: "page", place: 9 };
  if (key === "j") return { kind: "move", by: 1 };
  if (key === "k") return { kind: "move", by: -1 };
  if (key === "/") return { kind: "search" };
  if (key === "?") return { kind: "help" };
  return null;
}

/** The place to go from one of `count`, staying within them; the first or last from none. */
export function moved(from: number, by: 1 | -1, count: number): number {
  if (from < 0) return by > 0 ? 0 : count - 1;
  return Math.min(count - 1, Math.max(0, from + by));
}

function move(by: 1 | -1): void {
  const links = Array.from(document.querySelectorAll<HTMLElement>("main tbody tr a:first-of-type, main a.queue-row"));
  if (links.length === 0) return;
  links[moved(links.indexOf(document.activeElement as HTMLElement), by, links.length)]?.focus();
}

/** Listens for the keys; whether the list of them is to be shown, and a way to put it away. */
export function useShortcuts(pages: readonly string[], goTo: (page: string) => void): [isHelp: boolean, close: () => void] {
  const [isHelp, setHelp] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null;
      const isTyping = !!target?.closest("input, select, textarea, [contenteditable]");
      const wanted = asked(event.key, isTyping, event.ctrlKey || event.metaKey || event.altKey);
      if (!wanted) return;
      if (wanted.kind === "close") return setHelp(false);
      event.preventDefault();
      if (wanted.kind === "help") return setHelp((isOn) => !isOn);
      if (wanted.kind === "move") return move(wanted.by);
      if (wanted.kind === "search") return document.querySelector<HTMLElement>("main .search input, main .search select")?.focus();
      const page = pages[wanted.place];
      if (page) goTo(page);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [pages.join()]);
  return [isHelp, () => setHelp(false)];
}
