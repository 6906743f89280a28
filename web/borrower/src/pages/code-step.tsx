// The step where the code of a text message is typed, with a clock until another one can be asked for.

import { useEffect, useState } from "preact/hooks";
import type { CodeSent } from "../../../shared/bodies";
import { Field, Notice, Trouble } from "../parts";
import { client, useAct, useSay } from "../state";

export type CodePurpose = "enrol" | "sign_in";

/** Asks for a code by text message. */
export function sendCode(phone: string, purpose: CodePurpose): Promise<CodeSent> {
  return client.write<CodeSent>("/codes", { phone, purpose }, { secret: true });
}

export function CodeFields({ phone, purpose, sent, onSent, code, onCode, error }: {
  phone: string;
  purpose: CodePurpose;
  sent: CodeSent | null;
  onSent: (sent: CodeSent) => void;
  code: string;
  onCode: (code: string) => void;
  error?: string | null;
}) {
  const say = useSay();
  const resend = useAct();
  const [left, setLeft] = useState(sent?.resend_after_seconds ?? 0);
  useEffect(() => setLeft(sent?.resend_after_seconds ?? 0), [sent]);
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return (
    <>
      <p>
        {say("验证码发到了 {phone}，请看短信。", "We sent a code to {phone}.", {
          phone: phone.replace(/^(\d{3})(\d{4})(\d{4})$/, "$1 $2 $3"),
        })}
      </p>
      {sent?.demo_code && (
        <Notice>{say("这是演示，不发短信。验证码是 {code}", "This is a demonstration without messages. The code is {code}", { code: sent.demo_code })}</Notice>
      )}
      <Field
        label={say("6 位验证码", "Code of 6 digits")}
        value={code}
        onInput={(text) => onCode(text.replace(/\D/g, ""))}
        digits
        isBig
        maxLength={6}
        autoComplete="one-time-code"
        error={error}
      />
      <Trouble error={resend.error} />
      <button
        type="button"
        class="text-key"
        disabled={left > 0 || resend.isBusy}
        onClick={() => resend.run(async () => onSent(await sendCode(phone, purpose)))}
      >
        {left > 0
          ? say("{n} 秒后可以再发一次", "You can ask again in {n} s", { n: left })
          : say("没收到？再发一次", "Nothing came? Send it again")}
      </button>
    </>
  );
}
