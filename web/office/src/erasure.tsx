// Erasing a person of a household: what goes when, said before it is proposed; a second person approves.

import { useState } from "preact/hooks";
import type { Household, Receipt } from "../../shared/bodies";
import { term } from "../../shared/terms";
import { Select } from "./parts";
import { client, language, useSay } from "./state";
import { WriteCard } from "./write-card";

export function ErasureCard({ own, onDone }: { own: Household; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [person, setPerson] = useState("");
  const left = own.persons.filter((one) => one.name);
  if (left.length === 0) return null;
  return (
    <WriteCard
      title={say("删除一个人的信息", "Erase a person's data")}
      words={say("提交，等第二个人批准", "Propose")}
      kind="grave"
      check={() => (person ? null : say("请选是谁", "Please choose the person"))}
      send={async () => {
        await client.write<Receipt>(`/households/${own.household}/erasures`, { person }, { told: say("删除个人信息", "an erasure") });
        setPerson("");
        onDone();
        return say("已提交，等另一位同事批准。", "Sent; a second person has to approve.");
      }}
    >
      <ul class="reasons">
        <li>{say("还有借款、额度、合同没结清，钱包有钱，或者在替别人担保：不能删。", "Not while a loan, line or contract runs, the wallet holds money, or the person stands for another.")}</li>
        <li>{say("手机号等联系方式：批准当时就删。", "Phone and other contacts go at once.")}</li>
        <li>{say("姓名、身份证号：没有动过钱的当时就删；动过钱的，按反洗钱规定保存到期再删。", "Name and resident id: at once where no money ever moved, else once the years for laundering records are over.")}</li>
        <li>{say("账簿和日志：只有编号和金额，没有姓名，不删。", "Books and journal hold numbers and sums, no names, and stay.")}</li>
      </ul>
      <Select label={say("谁", "Who")} value={person} onChange={setPerson} isOpen options={left.map((one) => [one.person, `${one.name} (${term("member", one.role, chosen)})`] as const)} />
    </WriteCard>
  );
}
