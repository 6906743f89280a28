// The frame of the office's pages: who is signed in, the pages of their role, and the one that is open.

import type { ComponentType } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Session } from "../../shared/bodies";
import { Refused } from "../../shared/client";
import { chooseLanguage } from "../../shared/language";
import { term } from "../../shared/terms";
import { lazily } from "./lazily";
import { type At, type Entry, GROUPS, type Group, pageAt, pagesOf } from "./menu";
import { SignInPage } from "./pages/sign-in";
import { Loading, TextKey, Title } from "./parts";
import { useShortcuts } from "./shortcuts";
import { client, go, language, route, staff, switchLanguage, useAct, useLoaded, useSay, waiting } from "./state";

/** Each page's code is asked for once. */
const drawn = new Map<string, ComponentType<At>>();

function drawnOf(entry: Entry): ComponentType<At> {
  const known = drawn.get(entry.route);
  if (known) return known;
  const page = lazily<At>(() => entry.load().then((code) => code.default));
  drawn.set(entry.route, page);
  return page;
}

export function App() {
  const say = useSay();
  const who = staff.use();
  const isWaiting = waiting.use();
  const [page = "", id = "", part = ""] = route.use();
  useEffect(() => chooseLanguage(language.value), []);
  const role = who?.role ?? "";
  const pages = pagesOf(role);
  const open = pageAt(role, page);
  const [isHelp, closeHelp] = useShortcuts(pages.map((entry) => entry.route), (one) => go(`/${one}`));
  const [isMenu, setMenu] = useState(false);
  useEffect(() => setMenu(false), [page, id, part]);
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
          <>
            <button type="button" class="menu-key" aria-expanded={isMenu} aria-controls="menu" onClick={() => setMenu(!isMenu)}>
              {isMenu ? say("收起菜单", "Close the menu") : say("菜单", "Menu")}
            </button>
            <nav id="menu" class={isMenu ? "is-open" : ""} aria-label={say("页面", "Pages")}>
              {(Object.keys(GROUPS) as Group[]).map((group) => <MenuGroup key={group} group={group} entries={pages.filter((entry) => entry.group === group)} open={open} />)}
            </nav>
          </>
        )}
        <main id="content">{who === undefined ? <Asking /> : who === null ? <SignInPage /> : <Open entry={open} id={id} part={part} />}</main>
      </div>
      {isHelp && <Shortcuts names={pages.map((entry) => say(...entry.title))} onClose={closeHelp} />}
    </div>
  );
}

function MenuGroup({ group, entries, open }: { group: Group; entries: readonly Entry[]; open: Entry | undefined }) {
  const say = useSay();
  const heading = useId();
  if (entries.length === 0) return null;
  return (
    <section aria-labelledby={heading}>
      <p class="menu-group" id={heading}>{say(...GROUPS[group])}</p>
      {entries.map((entry) => (
        <a key={entry.route} href={`#/${entry.route}`} class={entry === open ? "is-on" : ""} aria-current={entry === open ? "page" : undefined}>{say(...entry.title)}</a>
      ))}
    </section>
  );
}

function Open({ entry, id, part }: { entry: Entry | undefined; id: string; part: string }) {
  const say = useSay();
  if (!entry) return <Title>{say("您的岗位没有可看的页面", "There is no page for your role")}</Title>;
  const Page = drawnOf(entry);
  return <Page key={entry.route} id={id} part={part} />;
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
