// The parts of the office's pages.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Reason } from "../../shared/bodies";
import { reasonsInWords } from "../../shared/plain";
import { codesOf, term } from "../../shared/terms";
import { language, useSay, wordsFor } from "./state";

export function Title({ children, note }: { children: string; note?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · 田信`;
    scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [children]);
  return (
    <header class="title">
      <h1 ref={heading} tabIndex={-1}>{children}</h1>
      {note && <p class="hint">{note}</p>}
    </header>
  );
}

export function Trouble({ error, wasWrite = true }: { error: unknown; wasWrite?: boolean }) {
  if (!error) return null;
  return <p class="notice bad" role="alert">{typeof error === "string" ? error : wordsFor(error, wasWrite)}</p>;
}

export function Good({ children }: { children: ComponentChildren }) {
  return <p class="notice good" role="status">{children}</p>;
}

export function Loading({ error, again }: { error: unknown; again: () => void }) {
  const say = useSay();
  if (!error) return <p class="hint" role="status">{say("正在打开……", "Opening…")}</p>;
  return (
    <>
      <Trouble error={error} wasWrite={false} />
      <Key kind="plain" onClick={again}>{say("再试一次", "Try again")}</Key>
    </>
  );
}

export function Key({ children, onClick, isBusy, kind = "main", submit }: {
  children: ComponentChildren;
  onClick?: () => void;
  isBusy?: boolean;
  kind?: "main" | "plain" | "grave";
  submit?: boolean;
}) {
  const say = useSay();
  return (
    <button type={submit ? "submit" : "button"} class={`key ${kind}`} onClick={onClick} disabled={isBusy} aria-busy={isBusy}>
      {isBusy ? say("请稍等……", "One moment…") : children}
    </button>
  );
}

export function Field({ label, value, onInput, type = "text", hint, decimal, autoComplete = "off", maxLength }: {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "tel" | "date";
  hint?: string;
  decimal?: boolean;
  autoComplete?: string;
  maxLength?: number;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...({ type, autoComplete } as { type: "text" })}
        id={id}
        inputMode={decimal ? "decimal" : undefined}
        maxLength={maxLength}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

export function LongField({ label, value, onInput, maxLength }: { label: string; value: string; onInput: (value: string) => void; maxLength: number }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea id={id} rows={3} maxLength={maxLength} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </div>
  );
}

/** One of a few; nothing is chosen before a person chose it, unless `value` says so. */
export function Select({ label, value, onChange, options, isOpen = false }: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [code: string, words: string])[];
  /** Begins with "please choose". */
  isOpen?: boolean;
}) {
  const say = useSay();
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {isOpen && <option value="">{say("请选", "Please choose")}</option>}
        {options.map(([code, words]) => (
          <option key={code} value={code}>{words}</option>
        ))}
      </select>
    </div>
  );
}

/** A paper: it stays on this device, its fingerprint goes on record. */
export function FileField({ label, onChoose }: { label: string; onChoose: (file: File | null) => void }) {
  const say = useSay();
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="file" onChange={(event) => onChoose(event.currentTarget.files?.[0] ?? null)} aria-describedby={`${id}-hint`} />
      <p class="hint" id={`${id}-hint`}>{say("文件不上传，只记它的校验码。", "The file stays here; its hash goes on record.")}</p>
    </div>
  );
}

export function Tick({ isOn, onChange, children }: { isOn: boolean; onChange: (isOn: boolean) => void; children: ComponentChildren }) {
  return (
    <label class="tick">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  );
}

/** Classes by their place on the ladder. */
export function useClasses(): (readonly [string, string])[] {
  const chosen = language.use();
  return codesOf("class").map((place) => [place, term("class", place, chosen)] as const);
}

export function Facts({ rows }: { rows: (readonly [string, ComponentChildren] | null | false | undefined)[] }) {
  return (
    <dl class="facts">
      {rows.map((row) => row && (
        <div key={row[0]}>
          <dt>{row[0]}</dt>
          <dd>{row[1]}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Reasons({ reasons }: { reasons: Reason[] }) {
  const chosen = language.use();
  return (
    <ul class="reasons">
      {reasonsInWords(reasons, chosen).map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

/** A key that is only words. */
export function TextKey({ children, onClick, label, isDisabled }: { children: ComponentChildren; onClick: () => void; label?: string; isDisabled?: boolean }) {
  return (
    <button type="button" class="text-key" onClick={onClick} aria-label={label} disabled={isDisabled}>
      {children}
    </button>
  );
}

/** Any table of a page, with the keys that take it away as a file. */
export function Exported({ children, name, kind = "" }: { children: ComponentChildren; name?: string; kind?: string }) {
  const say = useSay();
  const box = useRef<HTMLDivElement>(null);
  const [isAsked, setAsked] = useState(false);
  const take = (form: "csv" | "xlsx") => {
    const table = box.current?.querySelector("table");
    const called = name ?? box.current?.closest(".card")?.querySelector("h2, h3")?.textContent ?? document.querySelector("h1")?.textContent ?? "";
    // Writing files is on a page of its own weight: most visits never take one.
    if (table) void import("./exported").then(({ readTable, saveSheet }) => saveSheet(readTable(table, called.trim()), form));
    setAsked(false);
  };
  return (
    <div class="exported" ref={box}>
      <div class={`scroll ${kind}`} tabIndex={0} role="region" aria-label={name ?? say("表格", "Table")}>{children}</div>
      <div class="exported-keys">
        {isAsked ? (
          <>
            <TextKey onClick={() => take("xlsx")}>Excel</TextKey>
            <TextKey onClick={() => take("csv")}>CSV</TextKey>
            <TextKey onClick={() => setAsked(false)}>{say("不导出", "Not now")}</TextKey>
          </>
        ) : (
          <TextKey onClick={() => setAsked(true)}>{say("导出", "Export")}</TextKey>
        )}
      </div>
    </div>
  );
}

/** A table with named columns; `amount` columns stand to the right. */
export function Table({ columns, rows, empty, name }: {
  columns: { words: string; isAmount?: boolean }[];
  rows: { key: string; cells: ComponentChildren[]; kind?: string }[];
  empty: string;
  name?: string;
}) {
  if (rows.length === 0) return <p class="hint empty">{empty}</p>;
  return (
    <Exported name={name}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" key={column.words} class={column.isAmount ? "amount" : ""}>{column.words || <span class="unseen">…</span>}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} class={row.kind}>
              {row.cells.map((cell, place) => (
                <td key={place} class={columns[place]?.isAmount ? "amount" : ""}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Exported>
  );
}

export function Form({ onSubmit, children, kind = "form" }: { onSubmit: () => void; children: ComponentChildren; kind?: string }) {
  return (
    <form
      class={kind}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}
