// Staff: who works here, in which role; taking somebody on or letting them go takes two people.

import { useState } from "preact/hooks";
import type { Receipt, Staff } from "../../../shared/bodies";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import { Field, Form, Good, Key, Loading, Select, Table, Title, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";
import { shortId } from "./loans";

export function PeoplePage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const loaded = useLoaded(() => client.read<Staff[]>("/office/staff"));
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
                may(role, "see_journal") ? <a class="inline" href={`#/journal/${one.staff}`}>{say("办过什么", "What they did")}</a> : "",
              ],
            }))}
          />
        </section>
      )}
      {may(role, "set_staff") && <TakeOn onDone={loaded.again} />}
    </>
  );
}

function TakeOn({ onDone }: { onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const [login, setLogin] = useState("");
  const [role, setRole] = useState("");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [isDone, setDone] = useState(false);
  const submit = () => {
    if (!login.trim() || !role) return setWrong(say("请填登录名，选岗位", "Please give a sign-in name and a role"));
    if (password.length < 10) return setWrong(say("第一次用的密码至少 10 个字符", "The first password has at least 10 characters"));
    setWrong(null);
    return void act.run(async () => {
      await client.write<Receipt>("/office/staff", { login: login.trim(), role, password, active: true }, { secret: true });
      setPassword("");
      setDone(true);
      onDone();
    });
  };
  return (
    <section class="card narrow-left">
      <h2>{say("新来一位同事", "Take somebody on")}</h2>
      {isDone && <Good>{say("已提交，等第二个人批准。", "Proposed: a second person has to approve it.")}</Good>}
      <Form onSubmit={submit}>
        <Field label={say("登录名", "Sign-in name")} value={login} onInput={setLogin} maxLength={60} />
        <Select label={say("岗位", "Role")} value={role} onChange={setRole} isOpen options={codesOf("role").map((code) => [code, term("role", code, chosen)] as const)} />
        <Field label={say("第一次用的密码", "First password")} value={password} onInput={setPassword} type="password" autoComplete="new-password" maxLength={200} />
        <Trouble error={wrong ?? act.error} />
        <Key submit isBusy={act.isBusy}>{say("提交", "Propose")}</Key>
      </Form>
    </section>
  );
}
