// Which models judge, which are tried beside them, and giving one a place by two people.

import { useState } from "preact/hooks";
import type { Models, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { Facts, Field, Form, Good, Key, Loading, LongField, Select, Table, Title, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";

export default function ModelsPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const loaded = useLoaded(() => client.read<Models>("/office/models"));
  if (!loaded.value) return <><Title>{say("模型", "Models")}</Title><Loading error={loaded.error} again={loaded.again} /></>;
  const { judging, rules, models } = loaded.value;
  return (
    <>
      <Title note={say("模型文件用校验码命名，改一个字节就是另一个模型。", "A model is named by the hash of its file: one byte more is another model.")}>{say("模型", "Models")}</Title>
      <section class="card wide">
        <Facts
          rows={[
            [say("正在用的模型", "The model that judges"), judging ? <span class="id">{judging}</span> : say("没有，都由人来定", "None: people decide")],
            [say("正在用的规则", "The rules in force"), <a class="inline" href="#/policy"><span class="id">{rules.slice(0, 16)}</span></a>],
          ]}
        />
      </section>
      <section class="card">
        <h2>{say("用过和在用的模型", "Models that have or had a place")}</h2>
        <Table
          empty={say("还没有任命过模型。", "No model was ever given a place.")}
          columns={[{ words: say("模型", "Model") }, { words: say("种类", "Kind") }, { words: say("位置", "Place") }, { words: say("从哪天", "Since") }, { words: say("在用", "In use") }, { words: say("理由", "Reason") }]}
          rows={models.map((one) => ({
            key: one.model,
            cells: [<span class="id" title={one.model}>{one.model.slice(0, 16)}</span>, term("model_kind", one.kind, chosen), term("model_place", one.place, chosen), day(one.since, chosen), one.in_use ? say("是", "Yes") : say("否", "No"), one.reason],
          }))}
        />
      </section>
      <p class="hint">{say("客群和违约率有没有变，在命令行看：tianxin model drift。", "Whether households or defaults have drifted is told on the command line: `tianxin model drift`.")}</p>
      {may(role, "promote_model") && <Promote onDone={loaded.again} />}
    </>
  );
}

function Promote({ onDone }: { onDone: () => void }) {
  const say = useSay();
  const act = useAct();
  const [model, setModel] = useState("");
  const [place, setPlace] = useState("");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [isDone, setDone] = useState(false);
  const submit = () => {
    if (!/^[0-9a-f]{64}$/.test(model.trim())) return setWrong(say("校验码是 64 位十六进制数", "The hash has 64 hexadecimal digits"));
    if (!place) return setWrong(say("请选一个位置", "Please choose a place"));
    if (!reason.trim()) return setWrong(say("请写明理由：和什么比过，谁看过", "Please say why: what it was compared with, and who looked at it"));
    setWrong(null);
    return void act.run(async () => {
      await client.write<Receipt>("/office/models", { model: model.trim(), place, reason: reason.trim() }, { told: say("任命模型", "a place for a model") });
      setDone(true);
      onDone();
    });
  };
  return (
    <section class="card wide">
      <h2>{say("任命一个模型", "Give a model a place")}</h2>
      {isDone ? (
        <Good>{say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.")}</Good>
      ) : (
        <Form onSubmit={submit}>
          <Field label={say("模型文件的校验码", "Hash of the model's file")} value={model} onInput={setModel} maxLength={64} hint={say("文件要先用 tianxin model promote 放进数据目录。", "The file has to be in the data folder: `tianxin model promote`.")} />
          <Select label={say("位置", "Place")} value={place} onChange={setPlace} isOpen options={[["champion", say("正式判断", "Champion")], ["challenger", say("旁边试算，不影响决定", "Challenger, in shadow")], ["retired", say("停用", "Retired")]]} />
          <LongField label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={500} />
          <Trouble error={wrong ?? act.error} />
          <Key submit isBusy={act.isBusy}>{say("提交，等第二个人批准", "Propose")}</Key>
        </Form>
      )}
    </section>
  );
}
