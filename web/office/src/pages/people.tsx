// Staff: who works here, in which role; taking somebody on or letting them go takes two people.

import { useState } from "preact/hooks";
import type { Receipt, Staff, TokenGiven } from "../../../shared/bodies";
import { moment } from "../../../shared/dates";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import { LooksCard } from "../looks";
import type { At } from "../menu";
import { Field, Good, Loading, Select, Table, TextKey, Title } from "../parts";
import { client, language, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";
import { shortId } from "../short-id";

/** Sign-in names of programs begin with this; only they get tokens. */
const MACHINE = "machine-";
/** Days a token holds at most. */
const DAYS_MOST = 90;

export default function People({ id }: At) {
  const say = useSay();
  if (!id) return <PeoplePage />;
  return (
    <>
      <p><a class="inline" href="#/people">{say("← 回到员工", "← Back to staff")}</a></p>
      <Title note={<span class="id">{id}</span>}>{say("看过哪些农户", "Whom they looked at")}</Title>
      <LooksCard staff={id} />
    </>
  );
}

function PeoplePage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [open, setOpen] = useState<Staff | null>(null);
  const loaded = useLoaded(() => client.read<Staff[]>("/office/staff"));
  const machines = (loaded.value ?? []).filter((one) => one.status === "active" && one.login.startsWith(MACHINE));
  const maySet = may(role, "set_staff");
  return (
    <>
      <Title note={say("岗位决定能看什么、能办什么；管钱的事都要两个人。", "A role decides what one sees and does; what matters takes two.")}>{say("员工和岗位", "Staff and roles")}</Title>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <section class="card">
          <Table
            name={say("员工和岗位", "Staff and roles")}
            empty={say("还没有员工。", "No staff yet.")}
            columns={[{ words: say("登录名", "Sign-in name") }, { words: say("岗位", "Role") }, { words: say("状态", "Status") }, { words: say("编号", "Id") }, { words: "" }]}
            rows={loaded.value.map((one) => ({
              key: one.staff,
              kind: one.status === "active" ? "" : "paid",
              cells: [
                <b>{one.login}</b>,
                term("role", one.role, chosen),
                one.status === "active" ? say("在职", "Works here") : say("已离职", "Has left"),
                <span class="id">{shortId(one.staff)}</span>,
                <>
                  {may(role, "see_looks_of_staff") && <a class="inline" href={`#/people/${one.staff}`}>{say("看过谁", "Whom they looked at")}</a>}
                  {may(role, "see_journal") && <a class="inline" href={`#/journal/${one.staff}`}>{say("办过什么", "What they did")}</a>}
                  {maySet && <TextKey label={say("改 {name}", "Change {name}", { name: one.login })} onClick={() => setOpen(one)}>{say("改", "Change")}</TextKey>}
                </>,
              ],
            }))}
          />
        </section>
      )}
      {maySet && (
        <div class="columns">
          <Set key={open?.staff ?? "new"} known={open} onNew={() => setOpen(null)} onDone={loaded.again} />
          {may(role, "give_token") && <Token machines={machines} />}
        </div>
      )}
    </>
  );
}

/** Takes somebody on, or changes the role, the password or the leaving of who is here. */
function Set({ known, onNew, onDone }: { known: Staff | null; onNew: () => void; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [login, setLogin] = useState(known?.login ?? "");
  const [role, setRole] = useState(known?.role ?? "");
  const [password, setPassword] = useState("");
  const [active, setActive] = useState(known?.status === "left" ? "no" : "yes");
  const check = () => {
    if (!login.trim() || !role) return say("请填登录名，选岗位", "Please give a sign-in name and a role");
    if ((!known || password) && password.length < 10) return say("密码至少 10 个字符", "A password has at least 10 characters");
    return null;
  };
  return (
    <WriteCard
      title={known ? say("改 {name}", "Change {name}", { name: known.login }) : say("新来一位同事", "Take somebody on")}
      words={say("提交，等第二个人批准", "Propose")}
      check={check}
      send={async () => {
        await client.write<Receipt>("/office/staff", { login: login.trim(), role, active: active === "yes", ...(password ? { password } : {}), ...(known ? { staff: known.staff } : {}) }, { secret: true });
        setPassword("");
        onDone();
        return say("已提交，等第二个人批准。", "Proposed: a second person has to approve it.");
      }}
    >
      <Field label={say("登录名", "Sign-in name")} value={login} onInput={setLogin} maxLength={60} hint={say("程序用的账号以 machine- 开头", "Accounts of programs begin with machine-")} />
      <Select label={say("岗位", "Role")} value={role} onChange={setRole} isOpen options={codesOf("role").map((code) => [code, term("role", code, chosen)] as const)} />
      {known && <Select label={say("状态", "Status")} value={active} onChange={setActive} options={[["yes", say("在职", "Works here")], ["no", say("已离职，不能再登录", "Has left, may not sign in")]]} />}
      <Field label={known ? say("新密码，不改就空着", "New password, empty to keep it") : say("第一次用的密码", "First password")} value={password} onInput={setPassword} type="password" autoComplete="new-password" maxLength={200} />
      {known && <TextKey onClick={onNew}>{say("不改了，新来一位", "Take somebody on instead")}</TextKey>}
    </WriteCard>
  );
}

/** A token for a program, shown once and kept nowhere. */
function Token({ machines }: { machines: Staff[] }) {
  const say = useSay();
  const chosen = language.use();
  const [staff, setStaff] = useState("");
  const [days, setDays] = useState("30");
  const [given, setGiven] = useState<TokenGiven | null>(null);
  if (machines.length === 0) {
    return (
      <section class="card">
        <h2>{say("程序的令牌", "Tokens for programs")}</h2>
        <p class="hint">{say("还没有程序用的账号。先添一个登录名以 machine- 开头的同事，再来发令牌。", "No account of a program is there. Take one on whose name begins with machine-, then give it a token.")}</p>
      </section>
    );
  }
  return (
    <div>
      <WriteCard
        title={say("给程序发一个令牌", "Give a program a token")}
        words={say("发令牌", "Give it")}
        check={() => (!staff ? say("请选账号", "Please choose an account") : Number(days) >= 1 && Number(days) <= DAYS_MOST ? null : say("1 到 {n} 天", "1 to {n} days", { n: DAYS_MOST }))}
        send={async () => {
          const answer = await client.write<TokenGiven>("/office/tokens", { staff, days: Number(days) }, { secret: true });
          setGiven(answer);
          return say("有效到 {at}。", "It holds until {at}.", { at: moment(answer.expires_at, chosen) });
        }}
      >
        <Select label={say("账号", "Account")} value={staff} onChange={setStaff} isOpen options={machines.map((one) => [one.staff, one.login] as const)} />
        <Field label={say("管几天", "For how many days")} value={days} onInput={setDays} decimal maxLength={2} />
      </WriteCard>
      {given && (
        <Good>
          {say("只显示这一次，请马上抄到程序里：", "Shown this once; put it into the program now:")} <span class="id">{given.token}</span>
        </Good>
      )}
    </div>
  );
}
