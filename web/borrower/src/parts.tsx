// The few parts every screen is made of.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { elder } from "./elder";
import { go, language, switchLanguage, useSay, waiting, wordsFor } from "./state";
import type { Reason } from "../../shared/bodies";
import { reasonsInWords } from "../../shared/plain";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  check: "M4 13l5 5L20 7",
  clock: "M12 7v5l3 2M12 3a9 9 0 100 18 9 9 0 000-18",
  alert: "M12 8v5M12 16.5v.5M12 3l10 18H2z",
  field: "M4 5h16v14H4zM12 5v14M4 12h16",
  wallet: "M3 7h16v13H3zM3 7l11-4v4M15 13h4",
  speak: "M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 010 6M18.5 6.5a8 8 0 010 11",
  cross: "M6 6l12 12M18 6L6 18",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

interface ScreenProps {
  title: string;
  /** Where the back key leads; none on first pages. */
  back?: string;
  /** How far along: [3, 7]. */
  step?: readonly [number, number];
  /** What stands at the bottom, under the thumb. */
  foot?: ComponentChildren;
  /** What is read aloud on request. */
  aloud?: string;
  children: ComponentChildren;
}

/** One screen with one act. */
export function Screen({ title, back, step, foot, aloud, children }: ScreenProps) {
  const say = useSay();
  const isWaiting = waiting.use();
  const isElder = elder.use();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · 田信`;
    scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div class="screen">
      <header class="bar">
        {back !== undefined ? (
          <a class="bar-key" href={`#${back}`}>
            <Icon name="back" />
            <span>{say("返回", "Back")}</span>
          </a>
        ) : (
          <span class="brand">
            <Icon name="field" />
            田信
          </span>
        )}
        <button type="button" class="bar-key" lang={language.value === "zh" ? "en" : "zh-CN"} onClick={switchLanguage}>
          {language.value === "zh" ? "English" : "中文"}
        </button>
      </header>
      {isWaiting && (
        <p class="notice wait" role="status">
          <Icon name="clock" />
          <span>{say("信号不好，正在重新连接…… 填的内容都在。", "Weak signal, trying again… What you typed is kept.")}</span>
        </p>
      )}
      <main>
        {step && (
          <p class="steps">
            {say("第 {n} 步，共 {of} 步", "Step {n} of {of}", { n: step[0], of: step[1] })}
            <progress value={step[0]} max={step[1]} aria-hidden="true" />
          </p>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {(aloud || isElder) && <Aloud text={aloud} />}
        {children}
      </main>
      {foot && <footer class="foot">{foot}</footer>}
    </div>
  );
}

/** Reads a text aloud, where the phone can; without one, all that stands on the screen. */
function Aloud({ text }: { text?: string }) {
  const say = useSay();
  const [isOn, setOn] = useState(false);
  const speech = typeof speechSynthesis === "undefined" ? null : speechSynthesis;
  useEffect(() => () => speech?.cancel(), []);
  if (!speech) return null;
  const toggle = () => {
    speech.cancel();
    if (isOn) return setOn(false);
    const voice = new SpeechSynthesisUtterance(text ?? document.querySelector("main")?.innerText ?? "");
    voice.lang = language.value === "zh" ? "zh-CN" : "en";
    voice.rate = 0.9;
    voice.onend = () => setOn(false);
    speech.speak(voice);
    setOn(true);
  };
  return (
    <button type="button" class="aloud" onClick={toggle} aria-pressed={isOn}>
      <Icon name="speak" />
      {isOn ? say("停", "Stop") : say("念给我听", "Read it to me")}
    </button>
  );
}

interface KeyProps {
  children: ComponentChildren;
  onClick?: () => void;
  isBusy?: boolean;
  isDisabled?: boolean;
  kind?: "main" | "plain" | "quiet";
  submit?: boolean;
}

/** A big key that cannot be pressed twice. */
export function Key({ children, onClick, isBusy, isDisabled, kind = "main", submit }: KeyProps) {
  const say = useSay();
  return (
    <button type={submit ? "submit" : "button"} class={`key ${kind}`} onClick={onClick} disabled={isDisabled || isBusy} aria-busy={isBusy}>
      {isBusy ? say("请稍等……", "One moment…") : children}
    </button>
  );
}

export function LinkKey({ to, children, kind = "main" }: { to: string; children: ComponentChildren; kind?: "main" | "plain" | "quiet" }) {
  return (
    <a class={`key ${kind}`} href={`#${to}`}>
      {children}
    </a>
  );
}

/** An error in words, announced. */
export function Trouble({ error, wasWrite = true }: { error: unknown; wasWrite?: boolean }) {
  const box = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (error) box.current?.scrollIntoView({ block: "nearest" });
  }, [error]);
  if (!error) return null;
  return (
    <p class="notice bad" role="alert" ref={box}>
      <Icon name="alert" />
      <span>{typeof error === "string" ? error : wordsFor(error, wasWrite)}</span>
    </p>
  );
}

export function Notice({ kind = "plain", children }: { kind?: "plain" | "good" | "bad"; children: ComponentChildren }) {
  return (
    <p class={`notice ${kind}`}>
      <Icon name={kind === "good" ? "check" : kind === "bad" ? "alert" : "clock"} />
      <span>{children}</span>
    </p>
  );
}

interface FieldProps {
  label: string;
  hint?: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "tel" | "password";
  digits?: boolean;
  decimal?: boolean;
  maxLength?: number;
  autoComplete?: string;
  error?: string | null;
  isBig?: boolean;
}

export function Field({ label, hint, value, onInput, type = "text", digits, decimal, maxLength, autoComplete = "off", error, isBig }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <input
        {...({ type, autoComplete } as { type: "text" })}
        id={id}
        class={isBig ? "big" : ""}
        inputMode={decimal ? "decimal" : digits ? "numeric" : undefined}
        maxLength={maxLength}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        aria-describedby={hint ? `${id}-hint` : undefined}
        aria-invalid={error ? true : undefined}
        aria-errormessage={error ? `${id}-error` : undefined}
      />
      {error && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
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

/** Big answers of which one is taken. */
export function Choices<T extends string | number>({ legend, options, chosen, onChoose }: {
  legend: string;
  options: { value: T; words: string; more?: string }[];
  chosen: T | null;
  onChoose: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset class="choices">
      <legend class="unseen">{legend}</legend>
      {options.map((option) => (
        <label class={option.value === chosen ? "choice is-on" : "choice"} key={option.value}>
          <input type="radio" name={name} checked={option.value === chosen} onChange={() => onChoose(option.value)} />
          <span class="choice-words">
            <b>{option.words}</b>
            {option.more && <small>{option.more}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Facts, a name and a value a line. */
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
  if (reasons.length === 0) return null;
  return (
    <ul class="reasons">
      {reasonsInWords(reasons, chosen).map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

/** What is shown while something is read, and when it cannot be. */
export function Loading({ error, again }: { error: unknown; again: () => void }) {
  const say = useSay();
  if (!error) return <p class="loading" role="status">{say("正在打开……", "Opening…")}</p>;
  return (
    <>
      <Trouble error={error} wasWrite={false} />
      <Key kind="plain" onClick={again}>{say("再试一次", "Try again")}</Key>
    </>
  );
}

/** A form: the enter key does what the main key does. */
export function Form({ onSubmit, children }: { onSubmit: () => void; children: ComponentChildren }) {
  return (
    <form
      class="form"
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

export function home(): void {
  go("/");
}
