// Limits of village campaigns that a household was offered: signed before two members of staff, or taken back.

import { useState } from "preact/hooks";
import type { Preliminary, Receipt } from "../../shared/bodies";
import { day } from "../../shared/dates";
import { fingerprint } from "../../shared/hash";
import { yuan } from "../../shared/money";
import { term } from "../../shared/terms";
import { may } from "./access";
import { Field, FileField, Table } from "./parts";
import { client, language, useLoaded, useRole, useSay } from "./state";
import { WriteCard } from "./write-card";

export function PreliminaryCard({ household }: { household: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const path = `/households/${household}/preliminary-limits`;
  const loaded = useLoaded(() => client.read<Preliminary[]>(path), [path]);
  if (!loaded.value || loaded.value.length === 0) return null;
  const open = loaded.value.find((one) => one.state === "offered");
  return (
    <>
      <section class="card">
        <h2>{say("整村授信给的额度", "Limits of village campaigns")}</h2>
        <Table
          empty="—"
          columns={[{ words: say("额度", "Limit"), isAmount: true }, { words: say("进展", "How far") }, { words: say("告知", "Offered") }, { words: say("最晚签", "Sign by") }, { words: say("签约", "Signed") }, { words: "" }]}
          rows={loaded.value.map((one) => ({
            key: one.campaign,
            cells: [
              yuan(one.amount, false, one.currency),
              term("preliminary", one.state, chosen),
              day(one.offered_on, chosen),
              day(one.sign_by, chosen),
              one.signed_on ? day(one.signed_on, chosen) : "—",
              <a class="inline" href={`#/villages/${one.campaign}`}>{say("看这次整村授信", "The campaign")}</a>,
            ],
          }))}
        />
      </section>
      {open && (
        <div class="columns">
          {may(role, "sign_preliminary") && <Sign path={`${path}/${open.campaign}`} amount={yuan(open.amount, false, open.currency)} onDone={loaded.again} />}
          {may(role, "withdraw_preliminary") && <TakeBack path={`${path}/${open.campaign}`} onDone={loaded.again} />}
        </div>
      )}
    </>
  );
}

function Sign({ path, amount, onDone }: { path: string; amount: string; onDone: () => void }) {
  const say = useSay();
  const [file, setFile] = useState<File | null>(null);
  const [evidence, setEvidence] = useState("");
  return (
    <WriteCard
      title={say("面签 {amount}", "Signature for {amount}", { amount })}
      words={say("提交，等在场的另一位同事确认", "Propose; the colleague who was there confirms")}
      check={() => (!file ? say("请选读给农户听的那份合同", "Please choose the contract that was read") : evidence.trim() ? null : say("请写在哪里、当谁的面签的", "Please say where and before whom"))}
      send={async () => {
        await client.write<Receipt>(`${path}/signature`, { text_hash: await fingerprint(file!), evidence: evidence.trim() }, { told: say("面签", "a signature") });
        onDone();
        return say("已提交，等在场的另一位同事确认。", "Sent; the colleague who was there has to confirm.");
      }}
    >
      <FileField label={say("签的那份合同", "The contract that was signed")} onChoose={setFile} />
      <Field label={say("在哪里、当谁的面签的，留了什么凭据", "Where, before whom, and what is kept of it")} value={evidence} onInput={setEvidence} maxLength={200} />
    </WriteCard>
  );
}

function TakeBack({ path, onDone }: { path: string; onDone: () => void }) {
  const say = useSay();
  const [reason, setReason] = useState("");
  return (
    <WriteCard
      title={say("收回额度", "Take the limit back")}
      words={say("收回", "Take it back")}
      kind="grave"
      check={() => (reason.trim() ? null : say("请写明理由", "Please give the reason"))}
      send={async () => {
        await client.write<Receipt>(`${path}/withdrawal`, { reason: reason.trim() }, { told: say("收回额度", "taking a limit back") });
        onDone();
        return say("已收回。", "Taken back.");
      }}
    >
      <Field label={say("理由", "Reason")} value={reason} onInput={setReason} maxLength={200} />
    </WriteCard>
  );
}
