// Which page shows: by address, and by whether somebody is signed in.

import { useEffect } from "preact/hooks";
import type { Session } from "../../shared/bodies";
import { chooseLanguage } from "../../shared/language";
import { ApplicationPage } from "./pages/application";
import { BorrowPage } from "./pages/borrow";
import { ChangePage } from "./pages/change";
import { EnrolPage } from "./pages/enrol";
import { HomePage } from "./pages/home";
import { LinePage } from "./pages/line";
import { LoanPage } from "./pages/loan";
import { MessagesPage } from "./pages/messages";
import { OfferPage } from "./pages/offer";
import { OpenLinePage } from "./pages/open-line";
import { RepayPage } from "./pages/repay";
import { SignInPage } from "./pages/sign-in";
import { MovePage } from "./pages/move";
import { WalletPage } from "./pages/wallet";
import { WelcomePage } from "./pages/welcome";
import { Loading, Screen } from "./parts";
import { client, codeOf, household, language, route, useLoaded, useSay } from "./state";

export function App() {
  const who = household.use();
  const [page = "", id = "", part = "", which = ""] = route.use();
  language.use();
  useEffect(() => chooseLanguage(language.value), []);
  if (who === undefined) return <Asking />;
  if (page === "enrol") return <EnrolPage step={id} />;
  if (page === "sign-in") return <SignInPage step={id} />;
  if (who === null) return <WelcomePage />;
  switch (page) {
    case "borrow":
      return <BorrowPage step={id} />;
    case "applications":
      return part === "offer" ? <OfferPage id={id} /> : <ApplicationPage key={id} id={id} />;
    case "loans":
      if (part === "changes") return <ChangePage key={which} loan={id} id={which} />;
      return part === "repay" ? <RepayPage id={id} /> : <LoanPage key={id} id={id} />;
    case "lines":
      return id === "open" ? <OpenLinePage step={part} /> : <LinePage key={id} id={id} />;
    case "messages":
      return <MessagesPage />;
    case "wallet":
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
  return (
    <Screen title={say("田信", "Tianxin")}>
      <Loading error={asked.error} again={asked.again} />
    </Screen>
  );
}
