// What the household agreed to, what it may take back, and what that means before it does.

import { useState } from "preact/hooks";
import type { ConsentSaid, Look, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { term } from "../../../shared/terms";
import { CONSENTS, type Consent } from "../consents";
import { Key, Loading, Notice, Trouble } from "../parts";
import { client, household, language, useAct, useLoaded, useSay } from "../state";

/** The one consent without which a loan is still possible: a person decides then. */
const CREDIT = "credit";

export function Agreed() {
  const say = useSay();
  const path = `/households/${household.value}/consents`;
  const loaded = useLoaded(() => client.read<ConsentSaid[]>(path));
  return (
    <section class="card">
      <h2>{say("同意过的用途", "What was agreed to")}</h2>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        CONSENTS.map((consent) => <One key={consent.purpose} consent={consent} said={loaded.value?.find((one) => one.purpose === consent.purpose)} path={path} onDone={loaded.again} />)
      )}
    </section>
  );
}

function One({ consent, said, path, onDone }: { consent: Consent; said: ConsentSaid | undefined; path: string; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const [isSure, setSure] = useState(false);
  const words = (told: readonly [string, string]) => told[chosen === "zh" ? 0 : 1];
  const isWithdrawn = said?.word === "withdrawn";
  const tell = (given: boolean) =>
    act.run(async () => {
      await client.write<Receipt>(path, { purpose: consent.purpose, given, version: consent.version }, { told: words(consent.title) });
      setSure(false);
      onDone();
    });
  return (
    <details>
      <summary class="text-key">
        {words(consent.title)}
        {isWithdrawn && say("（已撤回）", " (withdrawn)")}
      </summary>
      {consent.text.map((sentence) => <p key={sentence[0]}>{words(sentence)}</p>)}
      {said && <p class="hint">{isWithdrawn ? say("{day} 撤回。", "Withdrawn on {day}.", { day: day(said.said_on, chosen) }) : say("{day} 同意。", "Agreed on {day}.", { day: day(said.said_on, chosen) })}</p>}
      {consent.purpose === CREDIT && (
        <>
          <Trouble error={act.error} />
          {isWithdrawn ? (
            <Key kind="plain" isBusy={act.isBusy} onClick={() => tell(true)}>{words(consent.agree)}</Key>
          ) : isSure ? (
            <>
              <Notice>{say("撤回以后：电脑不再看您的收支，也不再给您评级、算额度；您再借钱，由工作人员当面了解情况来定，可能慢几天。已经签的合同、正在还的借款不变。账本和防诈骗、反洗钱的检查，法律要求继续做。以后想再同意，随时可以。", "Once withdrawn, no machine looks at your income and spending, rates you or works out a limit. A person decides your next request, which may take some days longer. Contracts and loans under way stay as they are. Books, and the checks against fraud and money laundering, go on as the law demands. You may agree again at any time.")}</Notice>
              <Key isBusy={act.isBusy} onClick={() => tell(false)}>{say("知道了，撤回", "I understand: withdraw")}</Key>
              <Key kind="quiet" onClick={() => setSure(false)}>{say("不撤了", "Keep it")}</Key>
            </>
          ) : (
            <Key kind="plain" onClick={() => setSure(true)}>{say("我要撤回", "Withdraw it")}</Key>
          )}
        </>
      )}
      {consent.purpose !== CREDIT && <p class="hint">{say("账户开着就需要这项同意。要注销，请看下面的“删除我家的信息”。", "The account needs it as long as it is open. To close it, see “Delete our data” below.")}</p>}
    </details>
  );
}

/** Who of the institution looked at the household's data. */
export function Looks() {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<Look[]>(`/households/${household.value}/looks?limit=50`));
  return (
    <section class="card">
      <h2>{say("谁看过我家的信息", "Who looked at our data")}</h2>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : loaded.value.length === 0 ? (
        <p class="hint">{say("还没有工作人员打开过您家的页面。", "No member of staff has opened your page.")}</p>
      ) : (
        <>
          <ul class="entries">
            {loaded.value.map((look) => (
              <li key={`${look.on} ${look.staff}`}>
                <span>
                  <b>{say("{role}，工号尾号 {id}", "{role}, number ending in {id}", { role: term("role", look.role, chosen), id: look.staff.slice(-4) })}</b>
                  <small>{`${day(look.on, chosen)}　${look.kinds.map((kind) => term("look", kind, chosen)).join(say("、", ", "))}`}</small>
                </span>
              </li>
            ))}
          </ul>
          <p class="hint">{say("一人一天记一次。觉得不该看的，可以在下面提出来，问为什么看。", "Counted once a person and day. If you think somebody should not have, ask why below.")}</p>
        </>
      )}
    </section>
  );
}
