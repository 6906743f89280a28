// Signing in: phone, code, pin.

import { useEffect, useState } from "preact/hooks";
import type { CodeSent, Session } from "../../../shared/bodies";
import { isMobile, plainId } from "../../../shared/identity";
import { Field, Form, Key, Screen, Trouble } from "../parts";
import { client, codeOf, go, household, useAct, useSay, wordsFor } from "../state";
import { CodeFields, sendCode } from "./code-step";

const STEPS = ["phone", "code", "pin"] as const;
type Step = (typeof STEPS)[number];

const typed = { phone: "", code: "", pin: "", sent: null as CodeSent | null, sentTo: "" };
let refused: string | null = null;

export function SignInPage({ step: asked }: { step: string }) {
  const say = useSay();
  const wanted = (STEPS.find((step) => step === asked) ?? "phone") as Step;
  const step = typed.sent ? wanted : "phone";
  const at = STEPS.indexOf(step);
  const act = useAct();
  const [, redraw] = useState(0);
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    setWrong(refused);
    refused = null;
    act.clear();
  }, [step]);
  const set = <K extends keyof typeof typed>(name: K, value: (typeof typed)[K]) => {
    typed[name] = value;
    setWrong(null);
    redraw((round) => round + 1);
  };

  const signIn = () =>
    act.run(async () => {
      try {
        const body = { phone: plainId(typed.phone), code: typed.code, pin: typed.pin };
        const session = await client.write<Session>("/sessions", body, { secret: true });
        client.csrf = session.csrf_token;
        Object.assign(typed, { phone: "", code: "", pin: "", sent: null, sentTo: "" });
        household.set(session.actor.household ?? null);
        go("/", "replace");
      } catch (error) {
        if (!["wrong_code", "code_expired", "code_locked"].includes(codeOf(error) ?? "")) throw error;
        typed.code = "";
        refused = wordsFor(error);
        go("/sign-in/code");
      }
    });

  const acts: Record<Step, () => void> = {
    phone: () => {
      if (!isMobile(typed.phone)) return setWrong(say("请输入 11 位手机号", "Please enter a mobile number of 11 digits"));
      return void act.run(async () => {
        // Coming back to this step does not ask for another code.
        if (typed.sentTo !== plainId(typed.phone)) set("sent", await sendCode(plainId(typed.phone), "sign_in"));
        typed.sentTo = plainId(typed.phone);
        go("/sign-in/code");
      });
    },
    code: () => {
      if (typed.code.length !== 6) return setWrong(say("请输入短信里的 6 个数字", "Please enter the 6 digits of the message"));
      return go("/sign-in/pin");
    },
    pin: () => {
      if (typed.pin.length !== 6) return setWrong(say("密码是 6 个数字", "A pin has 6 digits"));
      return void signIn();
    },
  };
  const titles: Record<Step, string> = {
    phone: say("登录：您的手机号", "Sign in: your mobile number"),
    code: say("输入短信验证码", "Enter the code"),
    pin: say("输入您的密码", "Enter your pin"),
  };

  return (
    <Form onSubmit={acts[step]}>
      <Screen
        key={step}
        title={titles[step]}
        step={[at + 1, 3]}
        back={at === 0 ? "/" : `/sign-in/${STEPS[at - 1]}`}
        foot={
          <Key submit isBusy={act.isBusy}>
            {step === "phone" ? say("发验证码", "Send me a code") : step === "pin" ? say("登录", "Sign in") : say("下一步", "Next")}
          </Key>
        }
      >
        {step === "phone" && (
          <Field label={say("手机号", "Mobile number")} value={typed.phone} onInput={(text) => set("phone", text)} type="tel" digits isBig maxLength={13} autoComplete="tel-national" error={wrong} />
        )}
        {step === "code" && (
          <CodeFields phone={plainId(typed.phone)} purpose="sign_in" sent={typed.sent} onSent={(sent) => set("sent", sent)} code={typed.code} onCode={(code) => set("code", code)} error={wrong} />
        )}
        {step === "pin" && (
          <Field label={say("密码，6 个数字", "Pin, 6 digits")} value={typed.pin} onInput={(text) => set("pin", text.replace(/\D/g, ""))} type="password" digits isBig maxLength={6} autoComplete="current-password" error={wrong} />
        )}
        <Trouble error={act.error} />
      </Screen>
    </Form>
  );
}
