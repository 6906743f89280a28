// The frame of the office's pages: who is signed in, the pages of their role, and the one that is open.

import { useEffect } from "preact/hooks";
import type { Session } from "../../shared/bodies";
import { Refused } from "../../shared/client";
import { chooseLanguage } from "../../shared/language";
import { term } from "../../shared/terms";
import { type Page, pagesOf } from "./access";
import { DayPage } from "./pages/day";
import { DisasterPage, DisastersPage } from "./pages/disasters";
import { HouseholdPage, HouseholdsPage } from "./pages/households";
import { LinePage, LinesPage } from "./pages/lines";
import { LoanPage, LoansPage } from "./pages/loans";
import { NoticesPage } from "./pages/notices";
import { PapersPage } from "./pages/papers";
import { ProposalsPage } from "./pages/proposals";
import { ReferralPage, ReferralsPage } from "./pages/referrals";
import { SignInPage } from "./pages/sign-in";
import { TrialBalancePage } from "./pages/trial-balance";
import { Loading, Title } from "./parts";
import { client, language, route, staff, switchLanguage, useAct, useLoaded, useSay, waiting } from "./state";

export function App() {
  const say = useSay();
  const who = staff.use();
  const isWaiting = waiting.use();
  const [page = "", id = "", part = ""] = route.use();
  useEffect(() => chooseLanguage(language.value), []);
  const names: Record<Page, string> = {
    referrals: say("转人工的申请", "Referred applications"),
    proposals: say("待批准", "To approve"),
    households: say("查农户", "Households"),
    loans: say("借款", "Loans"),
    lines: say("消费额度", "Purchase lines"),
    disasters: say("灾害", "Disasters"),
    notices: say("催还提醒", "Reminders"),
    "trial-balance": say("试算平衡", "Trial balance"),
    day: say("营业日", "Business day"),
  };
  const pages = who ? pagesOf(who.role) : [];
  const open = (pages.find((one) => one === page) ?? pages[0]) as Page | undefined;
  return (
    <div class="frame">
      <a class="skip" href="#content" onClick={(event) => {
        event.preventDefault();
        document.querySelector<HTMLElement>("h1")?.focus();
      }}>{say("跳到正文", "Skip to content")}</a>
      <header class="bar">
        <span class="brand">
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 5h16v14H4zM12 5v14M4 12h16" /></svg>
          {say("田信 · 办公", "Tianxin · Office")}
        </span>
        <span class="bar-end">
          {who && <span>{who.name ?? ""}（{term("role", who.role, language.value)}）</span>}
          <button type="button" class="bar-key" lang={language.value === "zh" ? "en" : "zh-CN"} onClick={switchLanguage}>
            {language.value === "zh" ? "English" : "中文"}
          </button>
          {who && <SignOut />}
        </span>
      </header>
      {isWaiting && <p class="notice wait" role="status">{say("网络不通，正在重新连接……", "No connection, trying again…")}</p>}
      <div class="body">
        {who && (
          <nav aria-label={say("页面", "Pages")}>
            {pages.map((one) => (
              <a key={one} href={`#/${one}`} class={one === open ? "is-on" : ""} aria-current={one === open ? "page" : undefined}>{names[one]}</a>
            ))}
          </nav>
        )}
        <main id="content">{who === undefined ? <Asking /> : who === null ? <SignInPage /> : <Open page={open} id={id} part={part} />}</main>
      </div>
    </div>
  );
}

function Open({ page, id, part }: { page: Page | undefined; id: string; part: string }) {
  const say = useSay();
  switch (page) {
    case "referrals":
      return id ? <ReferralPage key={id} id={id} household={part} /> : <ReferralsPage />;
    case "proposals":
      return <ProposalsPage />;
    case "households":
      if (id && part) return <PapersPage key={part} household={id} contract={part} />;
      return id ? <HouseholdPage key={id} id={id} /> : <HouseholdsPage />;
    case "loans":
      return id ? <LoanPage key={id} id={id} household={part} /> : <LoansPage />;
    case "lines":
      return id ? <LinePage key={id} id={id} household={part} /> : <LinesPage />;
    case "disasters":
      return id ? <DisasterPage key={id} id={id} /> : <DisastersPage />;
    case "notices":
      return <NoticesPage channel={id} />;
    case "trial-balance":
      return <TrialBalancePage />;
    case "day":
      return <DayPage />;
    default:
      return <Title>{say("您的岗位没有可看的页面", "There is no page for your role")}</Title>;
  }
}

function Asking() {
  const say = useSay();
  const asked = useLoaded(async () => {
    try {
      const session = await client.read<Session>("/me");
      client.csrf = session.csrf_token;
      staff.set(session.actor.kind === "household" ? null : session.actor);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      staff.set(null);
    }
  });
  return (
    <>
      <Title>{say("田信", "Tianxin")}</Title>
      <Loading error={asked.error} again={asked.again} />
    </>
  );
}

function SignOut() {
  const say = useSay();
  const act = useAct();
  const leave = () =>
    act.run(async () => {
      await client.write("/sessions", undefined, { method: "DELETE", secret: true });
      client.forget();
      staff.set(null);
      location.hash = "";
    });
  return (
    <button type="button" class="bar-key" onClick={leave} disabled={act.isBusy}>
      {act.error ? say("没退成，再试", "Try again") : say("退出", "Sign out")}
    </button>
  );
}
