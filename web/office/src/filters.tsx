// Filters of a list that are kept on this device under a name. They hold codes and numbers, nothing about people.

import { useState } from "preact/hooks";
import { Field, Select, TextKey } from "./parts";
import { useSay } from "./state";

const KEY = "tianxin.office.filters";
/** Filters kept for a list at most. */
const MOST = 12;

export type Filter = Record<string, string>;

interface Kept {
  name: string;
  filter: Filter;
}

function all(): Record<string, Kept[]> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, Kept[]>;
  } catch {
    return {};
  }
}

export function keptFilters(list: string): Kept[] {
  return all()[list] ?? [];
}

export function keepFilter(list: string, name: string, filter: Filter | null): Kept[] {
  const others = keptFilters(list).filter((one) => one.name !== name);
  const next = filter ? [...others, { name, filter }].slice(-MOST) : others;
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...all(), [list]: next }));
  } catch {
    // A browser that keeps nothing has no saved filters.
  }
  return next;
}

/** Chooses a kept filter, keeps the one in use, or drops one. */
export function SavedFilters({ list, filter, onChoose }: { list: string; filter: Filter; onChoose: (filter: Filter) => void }) {
  const say = useSay();
  const [kept, setKept] = useState(() => keptFilters(list));
  const [name, setName] = useState<string | null>(null);
  const current = kept.find((one) => JSON.stringify(one.filter) === JSON.stringify(filter))?.name ?? "";
  if (name !== null) {
    return (
      <span class="saved-filters">
        <Field label={say("给这组条件起个名", "A name for this filter")} value={name} onInput={setName} maxLength={20} />
        <TextKey isDisabled={!name.trim()} onClick={() => { setKept(keepFilter(list, name.trim(), filter)); setName(null); }}>{say("存好", "Keep")}</TextKey>
        <TextKey onClick={() => setName(null)}>{say("不存", "Not now")}</TextKey>
      </span>
    );
  }
  return (
    <span class="saved-filters">
      {kept.length > 0 && (
        <Select
          label={say("存好的条件", "Saved filters")}
          value={current}
          isOpen
          onChange={(chosen) => { const one = kept.find((some) => some.name === chosen); if (one) onChoose(one.filter); }}
          options={kept.map((one) => [one.name, one.name] as const)}
        />
      )}
      {current ? (
        <TextKey onClick={() => setKept(keepFilter(list, current, null))}>{say("删掉“{name}”", "Drop “{name}”", { name: current })}</TextKey>
      ) : (
        <TextKey onClick={() => setName("")}>{say("存下这组条件", "Save this filter")}</TextKey>
      )}
    </span>
  );
}
