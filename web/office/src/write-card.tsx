// A card with a form that does one thing: what is wrong is said before anything is sent, what was done after.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Form, Good, Key, Trouble } from "./parts";
import { useAct } from "./state";

export function WriteCard({ title, words, check, send, children, kind = "main" }: {
  title: string;
  /** On the key. */
  words: string;
  /** What is missing or wrong, in words; null if it may be sent. */
  check: () => string | null;
  /** Sends it; the words that say what was done. */
  send: () => Promise<string>;
  children: ComponentChildren;
  kind?: "main" | "grave";
}) {
  const act = useAct();
  const [wrong, setWrong] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const submit = () => {
    const found = check();
    setWrong(found);
    setDone(null);
    if (found === null) void act.run(async () => setDone(await send()));
  };
  return (
    <section class="card write-card">
      <h2>{title}</h2>
      <Form onSubmit={submit}>
        {children}
        <Trouble error={wrong ?? act.error} />
        {done && <Good>{done}</Good>}
        <Key submit kind={kind} isBusy={act.isBusy}>{words}</Key>
      </Form>
    </section>
  );
}
