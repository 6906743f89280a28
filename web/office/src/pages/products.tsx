// Products with all their versions, and what changed from one to the next.

import { useState } from "preact/hooks";
import type { ProductVersion } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { term } from "../../../shared/terms";
import { Facts, Loading, Table, TextKey, Title } from "../parts";
import { client, language, useLoaded, useSay } from "../state";
import { differences, termsOf } from "../versions";

export default function ProductsPage() {
  const say = useSay();
  const chosen = language.use();
  const [open, setOpen] = useState<ProductVersion | null>(null);
  const loaded = useLoaded(() => client.read<ProductVersion[]>("/office/products"));
  const nameOf = (one: ProductVersion) => (chosen === "zh" ? one.product.name_zh : one.product.name_en);
  const against = (versions: ProductVersion[], place: number) => {
    const [now, before] = [versions[place]!, versions[place + 1]];
    if (!before || before.product.code !== now.product.code) return say("第一版", "the first");
    const found = differences(before.product, now.product, say, chosen);
    return found.length === 0 ? say("没有变", "the same") : found.map((line) => `${line.name}: ${line.before} → ${line.now}`).join(say("；", "; "));
  };
  return (
    <>
      <Title note={say("产品写在文件里，先检查再启用（tianxin product check）；新版本到了第一天自动接替，已签的合同照旧。", "Products are files, checked before they are used (`tianxin product check`). A new version takes over on its first day; contracts that are signed run on.")}>{say("产品", "Products")}</Title>
      {open && (
        <section class="card wide">
          <h2>{say("{name}，第 {n} 版", "{name}, version {n}", { name: nameOf(open), n: open.product.version })}</h2>
          <Facts rows={termsOf(open.product, say, chosen)} />
          <TextKey onClick={() => setOpen(null)}>{say("收起条款", "Hide the terms")}</TextKey>
        </section>
      )}
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={say("还没有产品。", "No products yet.")}
          columns={[{ words: say("产品", "Product") }, { words: say("代码", "Code") }, { words: say("版本", "Version"), isAmount: true }, { words: say("状态", "State") }, { words: say("从哪天", "From") }, { words: say("到哪天", "To") }, { words: say("和前一版比", "Against the one before") }, { words: "" }]}
          rows={loaded.value.map((one, place) => ({
            key: `${one.product.code} ${one.product.version}`,
            kind: one.state === "in_force" ? "" : "paid",
            cells: [
              <b>{nameOf(one)}</b>,
              <span class="id">{one.product.code}</span>,
              one.product.version,
              term("version", one.state, chosen),
              day(one.effective_from, chosen),
              one.effective_to ? day(one.effective_to, chosen) : say("没有定", "open"),
              <span class="prose">{against(loaded.value!, place)}</span>,
              <TextKey label={say("看条款：{name}", "Terms of {name}", { name: nameOf(one) })} onClick={() => { setOpen(one); scrollTo(0, 0); }}>{say("看条款", "Terms")}</TextKey>,
            ],
          }))}
        />
      )}
    </>
  );
}
