// The few moving parts both front ends need: a value that pages watch, an act under way, something read.

import { useEffect, useRef, useState } from "preact/hooks";

/** A value that pages can watch. */
export class Watched<T> {
  private readonly watchers = new Set<(value: T) => void>();

  constructor(private held: T) {}

  get value(): T {
    return this.held;
  }

  set(value: T): void {
    this.held = value;
    for (const watcher of [...this.watchers]) watcher(value);
  }

  /** The value, in a page that is drawn anew when it changes. */
  use(): T {
    const [value, change] = useState(this.held);
    useEffect(() => {
      const watcher = (next: T) => change(() => next);
      this.watchers.add(watcher);
      watcher(this.held);
      return () => void this.watchers.delete(watcher);
    }, []);
    return value;
  }
}

/** An act a person sets off: one at a time, with its error. */
export function useAct() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isRunning = useRef(false);
  const run = async (act: () => Promise<void>) => {
    if (isRunning.current) return;
    isRunning.current = true;
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (failure) {
      setError(failure);
    } finally {
      isRunning.current = false;
      setBusy(false);
    }
  };
  return { run, isBusy, error, clear: () => setError(null) };
}

/** Something read from the server, and how to read it again. */
export function useLoaded<T>(read: () => Promise<T>, on: unknown[] = []) {
  const [value, setValue] = useState<T | undefined>(undefined);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isStale = false;
    setError(null);
    read().then(
      (got) => isStale || setValue(() => got),
      (failure: unknown) => isStale || setError(failure),
    );
    return () => {
      isStale = true;
    };
  }, [round, ...on]);
  return { value, error, again: () => setRound((count) => count + 1) };
}

/** The parts of the address behind the hash. */
export function readRoute(): string[] {
  return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
}
