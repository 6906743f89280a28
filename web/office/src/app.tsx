// The frame of the office's pages: who is signed in, the pages of their role, and the one that is open.

import { useEffect } from "preact/hooks";
import type { Session } from "../../shared/bodies";
import { Refused } from "../../shared/client";
import { chooseLanguage } from "../../shared/language";
import { term } from "../../shared/terms";
import { type Page, may, pagesOf } from "./access";
import { lazily } from "./lazily";
import { SignInPage } from "./pages/sign-in";
import { WorkPage } from "./pages/work";
import { Loading, TextKey, Title } from "./parts";
import { useShortcuts } from "./shortcuts";
import { client, go, language, route, staff, switchLanguage, useAct, useLoaded, useSay, waiting } from "./state";

const DisasterPage = lazily(() => import("./pages/disasters").then((page) => page.DisasterPage));
const DisastersPage = lazily(() => import("./pages/disasters").then((page) => page.DisastersPage));
const HouseholdPage = lazily(() => import("./pages/households").then((page) => page.HouseholdPage));
const HouseholdsPage = lazily(() => import("./pages/households").then((page) => page.HouseholdsPage));
const LinePage = lazily(() => import("./pages/lines").then((page) => page.LinePage));
const LinesPage = lazily(() => import("./pages/lines").then((page) => page.LinesPage));
const LoanPage = lazily(() => import("./pages/loans").then((page) => page.LoanPage));
const LoansPage = lazily(() => import("./pages/loans").then((page) => page.LoansPage));
const NoticesPage = lazily(() => import("./pages/notices").then((page) => page.NoticesPage));
const PapersPage = lazily(() => import("./pages/papers").then((page) => page.PapersPage));
const ProposalsPage = lazily(() => import("./pages/proposals").then((page) => page.ProposalsPage));
const ReferralPage = lazily(() => import("./pages/referrals").then((page) => page.ReferralPage));
const ReferralsPage = lazily(() => import("./pages/referrals").then((page) => page.ReferralsPage));
const TasksPage = lazily(() => import("./pages/tasks").then((page) => page.TasksPage));
const DayPage = lazily(() => import("./pages/day").then((page) => page.DayPage));
const PortfolioPage = lazily(() => import("./pages/portfolio").then((page) => page.PortfolioPage));
const BooksPage = lazily(() => import("./pages/books").then((page) => page.BooksPage));
const SubjectPage = lazily(() => import("./pages/books").then((page) => page.SubjectPage));
const VoucherPage = lazily(() => import("./pages/books").then((page) => page.VoucherPage));
const CapitalPage = lazily(() => import("./pages/capital").then((page) => page.CapitalPage));
const CasePage = lazily(() => import("./pages/cases").then((page) => page.CasePage));
const CasesPage = lazily(() => import("./pages/cases").then((page) => page.CasesPage));
const DecisionPage = lazily(() => import("./pages/decision").then((page) => page.DecisionPage));
const JournalPage = lazily(() => import("./pages/journal").then((page) => page.JournalPage));
const MerchantsPage = lazily(() => import("./pages/merchants").then((page) => page.MerchantsPage));
const PolicyPage = lazily(() => import("./pages/policy").then((page) => page.PolicyPage));
const ProductsPage = lazily(() => import("./pages/products").then((page) => page.ProductsPage));
const ModelsPage = lazily(() => import("./pages/models").then((page) => page.ModelsPage));
const PeoplePage = lazily(() => import("./pages/people").then((page) => page.PeoplePage));
const ReconciliationPage = lazily(() => import("./pages/reconciliation").then((page) => page.ReconciliationPage));

export function App() {
  const say = useSay();
  const who = staff.use();
  const isWaiting = waiting.use();
  const [page = "", id = "", part = ""] = route.use();
  useEffect(() => chooseLanguage(language.value), []);
  const names: Record<Page, string> = {
    work: say("今天要办的", "Worklist"),
    tasks: say("到期待办", "Tasks"),
    cases: say("风险案件", "Risk cases"),
    referrals: say("转人工的申请", "Referred applications"),
    proposals: say("待批准", "To approve"),
    households: say("查农户", "Households"),
    loans: say("借款", "Loans"),
    lines: say("消费额度", "Purchase lines"),
    disasters: say("灾害", "Disasters"),
    notices: say("催还提醒", "Reminders"),
    merchants: say("商户", "Merchants"),
    reconciliation: say("支付和对账", "Reconciliation"),
    capital: say("资金和冲正", "Capital and reversals"),
    portfolio: say("经营看板", "Dashboard"),
    books: say("账簿", "Books"),
    day: say("营业日", "Business day"),
    products: say("产品", "Products"),
    policy: say("审批规则", "Rules"),
    models: say("模型", "Models"),
    people: say("员工和岗位", "Staff and roles"),
    journal: say("审计查询", "Audit search"),
  };
  const pages = who ? pagesOf(who.role) : [];
  // Decisions are opened from households and referrals, and stand in no menu.
  const isDecision = page === "decisions" && !!who && may(who.role, "see_decision");
  const open = (pages.find((one) => one === page) ?? pages[0]) as Page | undefined;
  const [isHelp, closeHelp] = useShortcuts(pages, (one) => go(`/${one}`));
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
              <a key={one} href={`#/${one}`} class={one === open && !isDecision ? "is-on" : ""} aria-current={one === open && !isDecision ? "page" : undefined}>{names[one]}</a>
            ))}
          </nav>
        )}
        <main id="content">{who === undefined ? <Asking /> : who === null ? <SignInPage /> : isDecision ? <DecisionPage key={id} id={id} household={part} /> : <Open page={open} id={id} part={part} />}</main>
      </div>
      {isHelp && <Shortcuts names={pages.map((one) => names[one])} onClose={closeHelp} />}
    </div>
  );
}

function Open({ page, id, part }: { page: Page | undefined; id: string; part: string }) {
  const say = useSay();
  switch (page) {
    case "work":
      return <WorkPage />;
    case "referrals":
      return id ? <ReferralPage key={id} id={id} household={part} /> : <ReferralsPage />;
    case "tasks":
      return <TasksPage />;
    case "cases":
      return part ? <CasePage key={part} subject={id} id={part} /> : <CasesPage state={id} />;
    case "merchants":
      return <MerchantsPage />;
    case "reconciliation":
      return <ReconciliationPage />;
    case "capital":
      return <CapitalPage />;
    case "proposals":
      return <ProposalsPage />;
    case "households":
      if (id && part) return <PapersPage key={part} household={id} contract={part} />;
      return id ? <HouseholdPage key={id} id={id} /> : <HouseholdsPage />;
    case "loans":
      return id && id !== "late" ? <LoanPage key={id} id={id} household={part} /> : <LoansPage key={id} isLate={id === "late"} />;
    case "lines":
      return id ? <LinePage key={id} id={id} household={part} /> : <LinesPage />;
    case "disasters":
      return id ? <DisasterPage key={id} id={id} /> : <DisastersPage />;
    case "notices":
      return <NoticesPage channel={id} />;
    case "portfolio":
      return <PortfolioPage />;
    case "books":
      if (id === "entry") return <VoucherPage key={part} entry={part} />;
      return id ? <SubjectPage key={`${id} ${part}`} subject={id} period={part} /> : <BooksPage />;
    case "products":
      return <ProductsPage />;
    case "policy":
      return <PolicyPage />;
    case "models":
      return <ModelsPage />;
    case "people":
      return <PeoplePage />;
    case "journal":
      return <JournalPage key={`${id} ${part}`} naming={id} on={part} />;
    case "day":
      return <DayPage />;
    default:
      return <Title>{say("您的岗位没有可看的页面", "There is no page for your role")}</Title>;
  }
}

/** The keys, for those who asked. */
function Shortcuts({ names, onClose }: { names: string[]; onClose: () => void }) {
  const say = useSay();
  const rows: [string, string][] = [
    ...names.slice(0, 10).map((name, place) => [String((place + 1) % 10), name] as [string, string]),
    ["j / k", say("列表里下一行、上一行", "Next and previous row of a list")],
    ["/", say("到查找框", "To the search")],
    ["?", say("这张表", "This list")],
    ["Esc", say("关掉", "Close")],
  ];
  return (
    <section class="shortcuts card" role="dialog" aria-label={say("快捷键", "Keyboard shortcuts")}>
      <h2>{say("快捷键", "Keyboard shortcuts")}</h2>
      <dl class="facts">
        {rows.map(([key, words]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{words}</dd></div>)}
      </dl>
      <TextKey onClick={onClose}>{say("关掉", "Close")}</TextKey>
    </section>
  );
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
