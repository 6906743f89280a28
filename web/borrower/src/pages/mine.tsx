// What the lender holds about a household: seen, taken along, and what the phone itself keeps.

import type { Household, Profile, Rating } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { grouped, yuan } from "../../../shared/money";
import { save } from "../../../shared/sheet-file";
import { term } from "../../../shared/terms";
import { offline } from "../offline";
import { Agreed, Looks } from "./consents";
import { Requests } from "./requests";
import { Facts, Key, LinkKey, Loading, Notice, Screen } from "../parts";
import { client, household, language, useAct, useChoice, useLoaded, useSay } from "../state";
import { Trouble } from "../parts";

export function MinePage() {
  const say = useSay();
  const chosen = language.use();
  const base = `/households/${household.value}`;
  const loaded = useLoaded(async () => {
    const [own, profile] = await Promise.all([client.read<Household>(base), client.read<Profile>(`${base}/profile`)]);
    return { own, profile };
  });
  return (
    <Screen title={say("我的信息", "My data")} back="/">
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <>
          <section class="card">
            <h2>{say("登记的信息", "What is registered")}</h2>
            <Facts
              rows={[
                ...loaded.value.own.persons.map((person) => [term("member", person.role, chosen), `${person.name ?? "—"} ${person.phone_masked ?? ""}`] as const),
                [say("村", "Village"), loaded.value.own.village],
                [say("开户日", "Enrolled on"), day(loaded.value.own.enrolled_on, chosen)],
                [say("户号", "Account"), <span class="id">{loaded.value.own.household}</span>],
              ]}
            />
          </section>
          <Known profile={loaded.value.profile} />
          <Agreed />
          <Looks />
          <Requests />
          <OnThisPhone />
          <Copy own={loaded.value.own} profile={loaded.value.profile} />
        </>
      )}
    </Screen>
  );
}

/** What is worked out from income and spending, and serves the limit. */
function Known({ profile }: { profile: Profile }) {
  const say = useSay();
  const chosen = language.use();
  const known = profile.features.filter((feature) => feature.value !== null && feature.value !== undefined);
  return (
    <section class="card">
      <h2>{say("算额度时看的", "What the limit is worked out from")}</h2>
      <p class="hint">{say("一共 {n} 笔收支记录。不看病历，不看聊天。", "{n} movements in all. Never illness, never messages.", { n: profile.known_movements })}</p>
      <details>
        <summary class="text-key">{say("看全部 {n} 项", "All {n} of them", { n: known.length })}</summary>
        <Facts rows={known.map((feature) => [chosen === "zh" ? feature.zh : feature.en, valueOf(feature, say)])} />
      </details>
      <LinkKey to="/mine/rating" kind="plain">{say("我的评级和原因", "My rating, and why")}</LinkKey>
    </section>
  );
}

function valueOf(feature: Profile["features"][number], say: ReturnType<typeof useSay>): string {
  const number = Number(feature.value);
  switch (feature.unit) {
    case "money":
      return yuan(Math.round(number * 100), true);
    case "ratio":
      return `${Math.round(number * 1000) / 10}%`;
    case "months":
      return say("{n} 个月", "{n} months", { n: number });
    case "days":
      return say("{n} 天", "{n} days", { n: number });
    default:
      return grouped(String(feature.value));
  }
}

/** Whether this phone may keep the last known sums. */
function OnThisPhone() {
  const say = useSay();
  const isOn = offline.kept.use() !== null;
  return (
    <section class="card">
      <h2>{say("没有网络的时候", "Without a network")}</h2>
      <p>
        {isOn
          ? say("这部手机记着最近一次的欠款和余额，没有网络也能看，还能先记下还款。退出登录就会清掉。", "This phone keeps the last known sums, so you can see them without a network and write a repayment down. Signing out clears them.")
          : say("可以让这部手机记住最近一次的欠款和余额。手机常借给别人用的话，不要打开。", "This phone can keep the last known sums. Leave it off if others use the phone.")}
      </p>
      <Key kind="plain" onClick={() => (isOn ? offline.forget() : offline.agree())}>{isOn ? say("不再记，清掉", "Clear them") : say("记在这部手机上", "Keep them on this phone")}</Key>
    </section>
  );
}

/** Everything these pages can show, in one file. */
function Copy({ own, profile }: { own: Household; profile: Profile }) {
  const say = useSay();
  const act = useAct();
  const take = () =>
    act.run(async () => {
      const base = `/households/${own.household}`;
      const parts = ["rating", "applications", "loans", "lines", "payments", "accounts", "level", "notices", "requests", "consents", "looks?limit=500", "entries?limit=200"];
      const read = await Promise.all(parts.map((part) => client.read<unknown>(`${base}/${part}`)));
      const named: Record<string, unknown> = {};
      parts.forEach((part, place) => (named[part.split("?")[0] ?? part] = read[place]));
      save("tianxin-my-data.json", "application/json", JSON.stringify({ household: own, profile, ...named }, null, 1));
    });
  return (
    <section class="card">
      <h2>{say("带走一份", "Take a copy")}</h2>
      <p class="hint">{say("一个文件，电脑能读：登记信息、额度依据、评级、申请、借款、绑定的账户、提醒、同意过什么、谁看过，和最近 200 笔收支。", "One file that programs can read: what is registered, what the limit rests on, rating, applications, loans, bound accounts, messages, consents, who looked, and the last 200 entries.")}</p>
      <Trouble error={act.error} wasWrite={false} />
      <Key kind="plain" onClick={take} isBusy={act.isBusy}>{say("下载我的信息", "Download my data")}</Key>
    </section>
  );
}

/** How the household is rated, why, and how that moved. */
export function RatingPage() {
  const say = useSay();
  const chosen = language.use();
  const choice = useChoice();
  const loaded = useLoaded(() => client.read<Rating>(`/households/${household.value}/rating`));
  if (!loaded.value) {
    return (
      <Screen title={say("我的评级", "My rating")} back="/mine">
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  }
  const { rating, since, reasons, changes } = loaded.value;
  return (
    <Screen title={say("我的评级", "My rating")} back="/mine">
      {rating ? (
        <section class="card">
          <p class="sum">{rating}</p>
          {since && <p class="hint">{say("从 {day} 起。A 最好，借款利率最低。", "Since {day}. A is the best and pays the least.", { day: day(since, chosen) })}</p>}
        </section>
      ) : (
        <Notice>{say("我们对您了解得还不够，没有评级。多用钱包收支，或者请工作人员来看，都行。", "We do not know enough for a rating yet. Use the wallet more, or ask for a person to look.")}</Notice>
      )}
      {reasons.length > 0 && (
        <section class="card">
          <h2>{say("主要扣在这几项", "What speaks against it most")}</h2>
          <ul class="reasons">{reasons.map((cause) => <li key={cause.code}>{choice(cause)}</li>)}</ul>
        </section>
      )}
      <section class="card">
        <h2>{say("变化", "How it moved")}</h2>
        {changes.length === 0 && <p class="hint">{say("还没有变过。", "It has not moved yet.")}</p>}
        <ul class="entries">
          {changes.map((change, place) => (
            <li key={place}>
              <span>
                <b>{`${change.before ?? "—"} → ${change.after ?? "—"}`}</b>
                <small>{day(change.changed_on, chosen)}</small>
                {change.worse.length > 0 && <small>{say("变差：{what}", "Worse: {what}", { what: change.worse.map(choice).join(say("、", "; ")) })}</small>}
                {change.better.length > 0 && <small>{say("变好：{what}", "Better: {what}", { what: change.better.map(choice).join(say("、", "; ")) })}</small>}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <p class="hint">{say("评级由电脑按收支算。您可以要求人工来看：打开一笔申请，点“请人再看一看”。", "The rating is worked out by machine. You may ask for a person: open an application and tap “Ask a person to look”.")}</p>
    </Screen>
  );
}
