// Staff sign in by name and password.

import { useState } from "preact/hooks";
import type { Session } from "../../../shared/bodies";
import { Field, Form, Key, Title, Trouble } from "../parts";
import { client, staff, useAct, useSay } from "../state";

export function SignInPage() {
  const say = useSay();
  const act = useAct();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const signIn = () =>
    act.run(async () => {
      const session = await client.write<Session>("/sessions", { login: login.trim(), password }, { secret: true });
      client.csrf = session.csrf_token;
      staff.set(session.actor);
    });
  return (
    <section class="card narrow">
      <Title>{say("员工登录", "Staff sign-in")}</Title>
      <Form onSubmit={signIn}>
        <Field label={say("登录名", "Sign-in name")} value={login} onInput={setLogin} autoComplete="username" maxLength={60} />
        <Field label={say("密码", "Password")} value={password} onInput={setPassword} type="password" autoComplete="current-password" maxLength={200} />
        <Trouble error={act.error} />
        <Key submit isBusy={act.isBusy}>{say("登录", "Sign in")}</Key>
      </Form>
      <p class="hint">{say("农户请到首页登录。", "Households sign in on the first page.")} <a class="inline" href="/">{say("去首页", "First page")}</a></p>
    </section>
  );
}
