// Opening an account, one question a screen: consent, phone, code, name, resident id, village, pin.

import { useEffect, useState } from "preact/hooks";
import type { CodeSent, Enrolled } from "../../../shared/bodies";
import { isMobile, isResidentId, isWeakPin, plainId } from "../../../shared/identity";
import { CONSENTS } from "../consents";
import { Field, Form, Icon, Key, LinkKey, Screen, Tick, Trouble } from "../parts";
import { client, codeOf, go, household, language, useAct, useSay, wordsFor } from "../state";
import { CodeFields, sendCode } from "./code-step";
import { tell } from "../../../shared/language";

const STEPS = ["consent", "phone", "code", "name", "id", "village", "pin", "done"] as const;
type Step = (typeof STEPS)[number];

/** What was typed: in memory only, since it tells who one is. */
const typed = {
  agreed: [] as string[],
  phone: "",
  code: "",
  sent: null as CodeSent | null,
  sentTo: "",
  name: "",
  id: "",
  village: "",
  pin: "",
  pinAgain: "",
};

/** The step on which a refusal of the whole enrolment is mended. */
const MENDED_AT: Record<string, Step> = {
  bad_phone: "phone",
  wrong_code: "code",
  code_expired: "code",
  code_locked: "code",
  code_missing: "code",
  name_missing: "name",
  bad_name: "name",
  bad_resident_id: "id",
  village_missing: "village",
  bad_pin: "pin",
  weak_pin: "pin",
};

let refused: { step: Step; words: string } | null = null;

export function EnrolPage({ step: asked }: { step: string }) {
  const say = useSay();
  const wanted = (STEPS.find((step) => step === asked) ?? "consent") as Step;
  // After a reload what was typed is gone, so one begins again.
  const step = wanted === "done" || reachable(wanted) ? wanted : "consent";
  const at = STEPS.indexOf(step);
  const act = useAct();
  const [, redraw] = useState(0);
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    setWrong(refused?.step === step ? refused.words : null);
    refused = null;
    act.clear();
  }, [step]);
  const set = <K extends keyof typeof typed>(name: K, value: (typeof typed)[K]) => {
    typed[name] = value;
    setWrong(null);
    redraw((round) => round + 1);
  };
  const next = () => go(`/enrol/${STEPS[at + 1]}`);
  const need = (isRight: boolean, words: string, then: () => void) => (isRight ? then() : setWrong(words));

  if (step === "done") return <Done />;

  const enrol = () =>
    act.run(async () => {
      try {
        const enrolled = await client.write<Enrolled>(
          "/enrolments",
          {
            name: typed.name.trim(),
            resident_id: plainId(typed.id),
            phone: plainId(typed.phone),
            code: typed.code,
            village: typed.village.trim(),
            pin: typed.pin,
            consents: CONSENTS.map(({ purpose, version }) => ({ purpose, version })),
          },
          { secret: true },
        );
        client.csrf = enrolled.session.csrf_token;
        Object.assign(typed, { agreed: [], phone: "", code: "", sent: null, sentTo: "", name: "", id: "", village: "", pin: "", pinAgain: "" });
        household.set(enrolled.household);
        go("/enrol/done", "replace");
      } catch (error) {
        const mendedAt = MENDED_AT[codeOf(error) ?? ""];
        if (!mendedAt) throw error;
        if (mendedAt === "code") typed.code = "";
        if (mendedAt === step) return setWrong(wordsFor(error));
        refused = { step: mendedAt, words: wordsFor(error) };
        go(`/enrol/${mendedAt}`);
      }
    });

  const acts: Record<Exclude<Step, "done">, () => void> = {
    consent: () =>
      need(
        typed.agreed.length === CONSENTS.length,
        say("请把两段都看一看，同意就打勾。不同意的话，可以到服务窗口办理。", "Please read both and tick them if you agree. If not, the service window can help you."),
        next,
      ),
    phone: () =>
      need(isMobile(typed.phone), say("请输入 11 位手机号", "Please enter a mobile number of 11 digits"), () =>
        act.run(async () => {
          // Coming back to this step does not ask for another code.
          if (typed.sentTo !== plainId(typed.phone)) set("sent", await sendCode(plainId(typed.phone), "enrol"));
          typed.sentTo = plainId(typed.phone);
          next();
        }),
      ),
    code: () => need(typed.code.length === 6, say("请输入短信里的 6 个数字", "Please enter the 6 digits of the message"), next),
    name: () => need(typed.name.trim().length > 1, say("请写身份证上的姓名", "Please give the name on your card"), next),
    id: () =>
      need(
        isResidentId(typed.id),
        say("身份证号不对，请对着身份证，一个数一个数再看一遍", "This resident id is not valid. Please compare it with the card, digit by digit"),
        next,
      ),
    village: () => need(typed.village.trim().length > 1, say("请写您住哪个村", "Please give your village"), next),
    pin: () => {
      if (!/^\d{6}$/.test(typed.pin)) return setWrong(say("密码要 6 个数字", "A pin has 6 digits"));
      if (isWeakPin(typed.pin)) return setWrong(say("这个密码太好猜，请换一个", "This pin is too easy to guess. Please choose another"));
      if (typed.pin !== typed.pinAgain) return setWrong(say("两次输入的不一样，请再输一遍", "The two are not the same. Please enter them again"));
      return enrol();
    },
  };

  const titles: Record<Exclude<Step, "done">, string> = {
    consent: say("先看看我们怎么用您的信息", "First: how we use your details"),
    phone: say("您的手机号是多少？", "What is your mobile number?"),
    code: say("输入短信验证码", "Enter the code"),
    name: say("您叫什么名字？", "What is your name?"),
    id: say("您的身份证号是多少？", "What is your resident id?"),
    village: say("您住哪个村？", "Which village do you live in?"),
    pin: say("设一个 6 位密码", "Choose a pin of 6 digits"),
  };

  return (
    <Form onSubmit={acts[step]}>
      <Screen
        key={step}
        title={titles[step]}
        step={[at + 1, 7]}
        back={at === 0 ? "/" : `/enrol/${STEPS[at - 1]}`}
        aloud={step === "consent" ? CONSENTS.map((consent) => consent.text.map((part) => tell(part, language.value)).join("")).join("") : undefined}
        foot={
          <Key submit isBusy={act.isBusy}>
            {step === "phone" ? say("发验证码", "Send me a code") : step === "pin" ? say("开户", "Open my account") : say("下一步", "Next")}
          </Key>
        }
      >
        {step === "consent" && (
          <>
            {CONSENTS.map((consent) => (
              <section class="card" key={consent.purpose}>
                <h2>{tell(consent.title, language.value)}</h2>
                {consent.text.map((part) => (
                  <p key={part[0]}>{tell(part, language.value)}</p>
                ))}
                <p class="hint">{say("版本 {version}", "Version {version}", { version: consent.version })}</p>
                <Tick
                  isOn={typed.agreed.includes(consent.purpose)}
                  onChange={(isOn) =>
                    set("agreed", isOn ? [...typed.agreed, consent.purpose] : typed.agreed.filter((purpose) => purpose !== consent.purpose))
                  }
                >
                  {tell(consent.agree, language.value)}
                </Tick>
              </section>
            ))}
          </>
        )}
        {step === "phone" && (
          <Field label={say("手机号", "Mobile number")} value={typed.phone} onInput={(text) => set("phone", text)} type="tel" digits isBig maxLength={13} autoComplete="tel-national" error={wrong} />
        )}
        {step === "code" && (
          <CodeFields
            phone={plainId(typed.phone)}
            purpose="enrol"
            sent={typed.sent}
            onSent={(sent) => set("sent", sent)}
            code={typed.code}
            onCode={(code) => set("code", code)}
            error={wrong}
          />
        )}
        {step === "name" && (
          <Field label={say("姓名", "Name")} hint={say("和身份证上一样", "As on your resident card")} value={typed.name} onInput={(text) => set("name", text)} isBig maxLength={40} autoComplete="name" error={wrong} />
        )}
        {step === "id" && (
          <Field label={say("身份证号", "Resident id")} hint={say("18 位，最后一位可能是 X", "18 characters; the last may be X")} value={typed.id} onInput={(text) => set("id", text)} isBig maxLength={22} error={wrong} />
        )}
        {step === "village" && (
          <Field label={say("村名", "Village")} hint={say("比如：柳河乡李家村", "Such as 柳河乡李家村")} value={typed.village} onInput={(text) => set("village", text)} isBig maxLength={40} error={wrong} />
        )}
        {step === "pin" && (
          <>
            <p>{say("以后登录要用。不要告诉别人，工作人员也不会问您。", "You need it to sign in. Tell it to nobody: our staff will never ask for it.")}</p>
            <Field label={say("密码，6 个数字", "Pin, 6 digits")} value={typed.pin} onInput={(text) => set("pin", text.replace(/\D/g, ""))} type="password" digits isBig maxLength={6} autoComplete="new-password" />
            <Field label={say("再输一遍", "Once more")} value={typed.pinAgain} onInput={(text) => set("pinAgain", text.replace(/\D/g, ""))} type="password" digits isBig maxLength={6} autoComplete="new-password" error={wrong} />
          </>
        )}
        {step === "consent" && <Trouble error={wrong} />}
        <Trouble error={act.error} />
        {codeOf(act.error) === "enrolled_already" && <LinkKey to="/sign-in" kind="plain">{say("去登录", "Sign in")}</LinkKey>}
      </Screen>
    </Form>
  );
}

/** Whether what stands before a step has been typed. */
function reachable(step: Step): boolean {
  const has: Record<Step, boolean> = {
    consent: true,
    phone: typed.agreed.length === CONSENTS.length,
    code: typed.sent !== null,
    name: typed.sent !== null,
    id: typed.name !== "",
    village: typed.id !== "",
    pin: typed.village !== "",
    done: false,
  };
  return has[step];
}

function Done() {
  const say = useSay();
  return (
    <Screen title={say("户开好了", "Your account is open")} foot={<LinkKey to="/">{say("看看我能借多少", "See what I can borrow")}</LinkKey>}>
      <div class="seal good">
        <Icon name="check" />
      </div>
      <p class="lead">{say("您有了一个钱包。借到的钱会打进钱包，还钱也从钱包里还。", "You now have a wallet. Loans are paid into it, and repaid from it.")}</p>
    </Screen>
  );
}
