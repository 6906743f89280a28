// The register of merchants: who may sell on lines and be paid by code, and what is kept of a sale.

import { useState } from "preact/hooks";
import type { Merchant, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { codesOf, term } from "../../../shared/terms";
import { may } from "../access";
import { Field, Loading, Select, Table, TextKey, Tick, Title } from "../parts";
import { client, language, useLoaded, useRole, useSay } from "../state";
import { WriteCard } from "../write-card";
import { shortId } from "../short-id";

export default function MerchantsPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const [open, setOpen] = useState<Merchant | null>(null);
  const loaded = useLoaded(() => client.read<Merchant[]>("/office/merchants"));
  const mayRegister = may(role, "register_merchant");
  return (
    <>
      <Title note={say("登记过的商户才能收额度消费和付款码；登记和改动要两个人。", "Only who is registered may sell on lines and be paid by code; an entry takes two people.")}>{say("商户", "Merchants")}</Title>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={say("还没有商户。", "No merchant yet.")}
          columns={[{ words: say("名称", "Name") }, { words: say("类别", "Category") }, { words: say("扣率", "Discount"), isAmount: true }, { words: say("收款农户", "Paid to") }, { words: say("登记日", "Since") }, { words: say("状态", "Status") }, { words: "" }]}
          rows={loaded.value.map((one) => ({
            key: one.merchant,
            kind: one.status === "active" ? "" : "paid",
            cells: [
              <b>{one.name}</b>,
              term("merchant", one.category, chosen),
              `${one.discount}%`,
              <a class="inline" href={`#/households/${one.household}`}>{shortId(one.household)}</a>,
              day(one.since, chosen),
              one.status === "active" ? say("营业", "Active") : say("停用", "Stopped"),
              mayRegister ? <TextKey label={say("改 {name}", "Change {name}", { name: one.name })} onClick={() => setOpen(one)}>{say("改", "Change")}</TextKey> : "",
            ],
          }))}
        />
      )}
      {mayRegister && <Register key={open?.merchant ?? "new"} known={open} onNew={() => setOpen(null)} onDone={loaded.again} />}
    </>
  );
}

function Register({ known, onNew, onDone }: { known: Merchant | null; onNew: () => void; onDone: () => void }) {
  const say = useSay();
  const chosen = language.use();
  const [name, setName] = useState(known?.name ?? "");
  const [household, setHousehold] = useState(known?.household ?? "");
  const [category, setCategory] = useState(known?.category ?? "");
  const [discount, setDiscount] = useState(known?.discount ?? "");
  const [active, setActive] = useState(known ? known.status === "active" : true);
  const codes = codesOf("merchant");
  const check = () => {
    if (!name.trim()) return say("请填名称", "Please give a name");
    if (!household.trim().startsWith("hh-")) return say("请填收款农户的户号，hh- 开头", "Please give the id of the household that is paid, hh-…");
    if (!category.trim()) return say("请选类别", "Please choose a category");
    return /^\d{1,2}(\.\d{1,2})?$/.test(discount.trim()) ? null : say("扣率是百分数，比如 0.60", "The discount is a percentage, such as 0.60");
  };
  return (
    <WriteCard
      title={known ? say("改 {name}", "Change {name}", { name: known.name }) : say("登记一个商户", "Register a merchant")}
      words={say("提交，等第二个人批准", "Propose")}
      check={check}
      send={async () => {
        const body = { name: name.trim(), household: household.trim(), category, discount: discount.trim(), active, ...(known ? { merchant: known.merchant } : {}) };
        await client.write<Receipt>("/office/merchants", body, { told: say("登记商户 {name}", "merchant {name}", { name: name.trim() }) });
        onDone();
        return say("已提交，等另一位同事批准。", "Proposed: a colleague has to approve it.");
      }}
    >
      <Field label={say("名称", "Name")} value={name} onInput={setName} maxLength={60} />
      <Field label={say("收款农户的户号", "Household that is paid")} value={household} onInput={setHousehold} maxLength={60} hint={say("hh- 开头，在农户页面上能看到", "hh-…, as the household's page shows it")} />
      <Select label={say("类别", "Category")} value={category} onChange={setCategory} isOpen options={(codes.includes(category) || !category ? codes : [...codes, category]).map((code) => [code, term("merchant", code, chosen)] as const)} />
      <Field label={say("每笔扣率（%）", "Kept of each sale (%)")} value={discount} onInput={setDiscount} decimal maxLength={5} />
      <Tick isOn={active} onChange={setActive}>{say("可以收款", "May be paid")}</Tick>
      {known && <TextKey onClick={onNew}>{say("不改了，登记新的", "Register a new one instead")}</TextKey>}
    </WriteCard>
  );
}
