// Which page shows: by address, and by whether somebody is signed in.

import { useEffect } from "preact/hooks";
import type { Session } from "../../shared/bodies";
import { chooseLanguage } from "../../shared/language";
import { HomePage } from "./pages/home";
import { SignInPage } from "./pages/sign-in";
import { WelcomePage } from "./pages/welcome";
import { lazily } from "./lazily";
import { offline } from "./offline";
import { OfflinePage } from "./pages/offline";
import { Loading, Screen } from "./parts";
import { client, codeOf, household, language, route, useLoaded, useSay } from "./state";

const AccountsPage = lazily(() => import("./pages/accounts").then((page) => page.AccountsPage));
const BindPage = lazily(() => import("./pages/accounts").then((page) => page.BindPage));
const RailPage = lazily(() => import("./pages/accounts").then((page) => page.RailPage));
const CertificatePage = lazily(() => import("./pages/certificate").then((page) => page.CertificatePage));
const PayPage = lazily(() => import("./pages/pay").then((page) => page.PayPage));
const ReceivePage = lazily(() => import("./pages/receive").then((page) => page.ReceivePage));
const ApplicationPage = lazily(() => import("./pages/application").then((page) => page.ApplicationPage));
const BorrowPage = lazily(() => import("./pages/borrow").then((page) => page.BorrowPage));
const ChangePage = lazily(() => import("./pages/change").then((page) => page.ChangePage));
const EnrolPage = lazily(() => import("./pages/enrol").then((page) => page.EnrolPage));
const HardshipPage = lazily(() => import("./pages/hardship").then((page) => page.HardshipPage));
const LinePage = lazily(() => import("./pages/line").then((page) => page.LinePage));
const LoanPage = lazily(() => import("./pages/loan").then((page) => page.LoanPage));
const MessagesPage = lazily(() => import("./pages/messages").then((page) => page.MessagesPage));
const MinePage = lazily(() => import("./pages/mine").then((page) => page.MinePage));
const MovePage = lazily(() => import("./pages/move").then((page) => page.MovePage));
const OfferPage = lazily(() => import("./pages/offer").then((page) => page.OfferPage));
const OpenLinePage = lazily(() => import("./pages/open-line").then((page) => page.OpenLinePage));
const ProductsPage = lazily(() => import("./pages/products").then((page) => page.ProductsPage));
const RatingPage = lazily(() => import("./pages/mine").then((page) => page.RatingPage));
const RepayPage = lazily(() => import("./pages/repay").then((page) => page.RepayPage));
const StandPage = lazily(() => import("./pages/stand").then((page) => page.StandPage));
const StatementPage = lazily(() => import("./pages/statement").then((page) => page.StatementPage));
const WalletPage = lazily(() => import("./pages/wallet").then((page) => page.WalletPage));

export function App() {
  const who = household.use();
  const [page = "", id = "", part = "", which = ""] = route.use();
  language.use();
  useEffect(() => chooseLanguage(language.value), []);
  if (who === undefined) return <Asking />;
  if (page === "enrol") return <EnrolPage step={id} />;
  if (page === "sign-in") return <SignInPage step={id} />;
  if (page === "products") return <ProductsPage />;
  if (who === null) return <WelcomePage />;
  switch (page) {
    case "borrow":
      return <BorrowPage step={id} />;
    case "applications":
      return part === "offer" ? <OfferPage id={id} /> : <ApplicationPage key={id} id={id} />;
    case "loans":
      if (part === "changes") return <ChangePage key={which} loan={id} id={which} />;
      if (part === "certificate") return <CertificatePage key={id} id={id} />;
      if (part === "hardship") return <HardshipPage key={id} id={id} />;
      return part === "repay" ? <RepayPage id={id} /> : <LoanPage key={id} id={id} />;
    case "lines":
      return id === "open" ? <OpenLinePage step={part} /> : <LinePage key={id} id={id} />;
    case "stand":
      return <StandPage />;
    case "messages":
      return <MessagesPage />;
    case "mine":
      return id === "rating" ? <RatingPage /> : <MinePage />;
    case "wallet":
      if (id === "statement") return <StatementPage />;
      if (id === "pay") return <PayPage />;
      if (id === "receive") return <ReceivePage />;
      if (id === "accounts" && part === "bind") return <BindPage />;
      if (id === "accounts" && (part === "in" || part === "out")) return <RailPage key={part} way={part} />;
      if (id === "accounts") return <AccountsPage />;
      return id === "transfer" || id === "withdraw" || id === "top-up" ? <MovePage key={id} kind={id} /> : <WalletPage />;
    default:
      return <HomePage />;
  }
}

/** Before anything shows: is somebody signed in on this phone? */
function Asking() {
  const say = useSay();
  const asked = useLoaded(async () => {
    try {
      const session = await client.read<Session>("/me");
      client.csrf = session.csrf_token;
      household.set(session.actor.household ?? null);
    } catch (error) {
      if (codeOf(error) === null) throw error;
      household.set(null);
    }
  });
  const kept = offline.kept.use();
  // What is kept is shown at once where the phone itself knows of no network, and else when nobody has answered.
  if (asked.error || (kept && !navigator.onLine)) return <OfflinePage again={asked.again} />;
  return (
    <Screen title={say("田信", "Tianxin")}>
      <Loading error={null} again={asked.again} />
    </Screen>
  );
}
