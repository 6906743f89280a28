// Whole-village credit: campaigns, the roll with what became of each household, who appraises, and the acts of each stage.

import { useState } from "preact/hooks";
import type { HouseholdFound, Product, Village, VillageDetail } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { may } from "../access";
import type { At } from "../menu";
import { Facts, Field, Loading, Select, Table, Title } from "../parts";
import { client, go, language, useLoaded, useRole, useSay } from "../state";
import { NameRater, Objections, Raters, Sheet } from "../village-people";
import { Decide, Exclude, Publish, Run } from "../village-acts";
import type { Acts } from "../village-steps";
import { WriteCard } from "../write-card";
import { shortId } from "../short-id";

/** Names of households are asked for once, for as many as a village has. */
const NAMES = 500;

export default function Villages({ id }: At) {
  return id ? <VillagePage key={id} id={id} /> : <VillagesPage />;
}

function VillagesPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const loaded = useLoaded(async () => {
    const [campaigns, products] = await Promise.all([client.read<Village[]>("/office/villages"), client.read<Product[]>("/products")]);
    return { campaigns, products };
  });
  const title = <Title note={say("一村一次：登记全村农户，村里人背对背评议，和系统测算取低，公示，两人批准，逐户面签后才能用信。", "One village at a time: all its households, an appraisal by its people apart from each other, the lower of that and the model, a public list, two people, and a signature of each household.")}>{say("整村授信", "Village campaigns")}</Title>;
  if (!loaded.value) return <>{title}<Loading error={loaded.error} again={loaded.again} /></>;
  const { campaigns, products } = loaded.value;
  return (
    <>
      {title}
      <section class="card">
        <Table
          name={say("整村授信", "Village campaigns")}
          empty={say("还没有做过整村授信。", "There was no campaign yet.")}
          columns={[{ words: say("村", "Village") }, { words: say("走到哪一步", "Stage") }, { words: say("户数", "Households"), isAmount: true }, { words: say("有额度", "With a limit"), isAmount: true }, { words: say("没答复的异议", "Open objections"), isAmount: true }, { words: say("公示到", "On show until") }, { words: say("哪天开始", "Began on") }]}
          rows={campaigns.map((one) => ({
            key: one.campaign,
            cells: [
              <a class="inline" href={`#/villages/${one.campaign}`}>{one.village}</a>,
              term("village_state", one.state, chosen),
              one.households,
              one.with_limit,
              one.open_objections,
              one.objections_until ? day(one.objections_until, chosen) : "—",
              day(one.opened_on, chosen),
            ],
          }))}
        />
      </section>
      {may(role, "prepare_village") && <Begin products={products} />}
    </>
  );
}

function Begin({ products }: { products: Product[] }) {
  const say = useSay();
  const chosen = language.use();
  const [village, setVillage] = useState("");
  const [product, setProduct] = useState("");
  const [most, setMost] = useState("");
  const [unknown, setUnknown] = useState("");
  const [raters, setRaters] = useState("5");
  const [shown, setShown] = useState("7");
  const [sign, setSign] = useState("90");
  const whole = (text: string, low: number, high: number) => /^\d{1,3}$/.test(text) && Number(text) >= low && Number(text) <= high;
  return (
    <WriteCard
      title={say("给一个村开始", "Begin in a village")}
      words={say("开始", "Begin")}
      check={() => {
        if (!village.trim() || !product) return say("请填村名，选产品", "Please give the village and the product");
        const [high, low] = [parseFen(most), parseFen(unknown)];
        if (!high || high <= 0) return say("请填一户最多给多少", "Please give the most for a household");
        if (low === null || low < 0 || low > high) return say("“不了解的户”最多多少，要在 0 和一户最多之间", "The most for a household that is little known lies between 0 and the most for any");
        if (!whole(raters, 3, 50)) return say("评议人数填 3 到 50", "3 to 50 people have to be heard");
        if (!whole(shown, 3, 60)) return say("公示天数填 3 到 60", "The list is on show for 3 to 60 days");
        if (!whole(sign, 1, 365)) return say("签约天数填 1 到 365", "A household has 1 to 365 days to sign");
        return null;
      }}
      send={async () => {
        const body = { village: village.trim(), product, most: decimal(parseFen(most)!), unknown_most: decimal(parseFen(unknown)!), raters_min: Number(raters), objection_days: Number(shown), sign_days: Number(sign) };
        const begun = await client.write<Village>("/office/villages", body, { told: say("{village} 整村授信", "campaign in {village}", { village: village.trim() }) });
        go(`/villages/${begun.campaign}`);
        return say("已开始。", "It has begun.");
      }}
    >
      <Field label={say("村，写法和农户登记的一样", "Village, as households have it")} value={village} onInput={setVillage} maxLength={80} />
      <Select label={say("用哪个产品", "Product")} value={product} onChange={setProduct} isOpen options={products.map((one) => [one.code, chosen === "zh" ? one.name_zh : one.name_en] as const)} />
      <Field label={say("一户最多（元）", "Most for a household (yuan)")} value={most} onInput={setMost} decimal maxLength={14} />
      <Field label={say("不了解的户最多（元）", "Most for one that is little known (yuan)")} value={unknown} onInput={setUnknown} decimal maxLength={14} />
      <Field label={say("每户至少几个人评", "People to be heard on each household")} value={raters} onInput={setRaters} maxLength={2} hint={say("至少 3 人，一般 5 人", "3 at least, 5 is customary")} />
      <Field label={say("公示几天", "Days on show")} value={shown} onInput={setShown} maxLength={2} />
      <Field label={say("几天之内来签", "Days to sign")} value={sign} onInput={setSign} maxLength={3} />
    </WriteCard>
  );
}

function VillagePage({ id }: { id: string }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const path = `/office/villages/${id}`;
  const loaded = useLoaded(async () => {
    const detail = await client.read<VillageDetail>(path);
    const found = await client.read<HouseholdFound[]>(`/office/households?village=${encodeURIComponent(detail.village)}&limit=${NAMES}`);
    return { detail, names: new Map(found.map((one) => [one.household, one.name ?? ""])) };
  }, [id]);
  if (!loaded.value) return <><Title>{say("整村授信", "Village campaign")}</Title><Loading error={loaded.error} again={loaded.again} /></>;
  const { detail, names } = loaded.value;
  const nameOf = (household: string) => names.get(household) || shortId(household);
  const { shares, state } = detail;
  const acts: Acts = { path, detail, nameOf, onDone: loaded.again };
  return (
    <>
      <p><a class="inline" href="#/villages">{say("← 回到列表", "← Back to the list")}</a></p>
      <Title note={say("评议的人看不到评分，也看不到别人怎么评；这里只数份数，不显示谁说了什么。", "Who appraises sees neither scores nor the others' words; here sheets are counted, and nobody's word is shown.")}>{say("整村授信：{village}", "Campaign in {village}", { village: detail.village })}</Title>
      <ol class="stages" aria-label={say("走到哪一步", "Stage")}>
        {STAGES.map((stage) => <li key={stage} class={stage === state ? "is-on" : ""} aria-current={stage === state ? "step" : undefined}>{term("village_state", stage, chosen)}</li>)}
        {state === "dropped" && <li class="is-on" aria-current="step">{term("village_state", "dropped", chosen)}</li>}
      </ol>
      <div class="columns">
        <section class="card">
          <h2>{say("条件", "Terms")}</h2>
          <Facts
            rows={[
              [say("产品", "Product"), detail.product],
              [say("一户最多", "Most for a household"), yuan(detail.most)],
              [say("不了解的户最多", "Most for one little known"), yuan(detail.unknown_most)],
              [say("每户至少几人评", "People to be heard"), detail.raters_min],
              [say("公示", "On show"), detail.objections_until ? say("到 {day}", "until {day}", { day: day(detail.objections_until, chosen) }) : say("{n} 天", "{n} days", { n: detail.objection_days })],
              [say("签约期限", "To be signed within"), say("{n} 天", "{n} days", { n: detail.sign_days })],
              [say("哪天开始", "Began on"), day(detail.opened_on, chosen)],
              detail.decided_on ? [say("哪天决定", "Decided on"), day(detail.decided_on, chosen)] : null,
              detail.reason ? [say("决定的理由", "Reason"), detail.reason] : null,
            ]}
          />
        </section>
        <section class="card">
          <h2>{say("到现在", "So far")}</h2>
          <Facts
            rows={[
              [say("登记户数", "Households on the roll"), <b>{shares.households}</b>],
              [say("负面清单", "On the negative list"), shares.negative],
              [say("有额度的户", "With a limit"), share(shares.with_limit, shares.households)],
              [say("额度合计", "Limits together"), yuan(shares.limits)],
              [say("已告知", "Offered"), shares.offered],
              [say("已面签", "Signed"), share(shares.signed, shares.with_limit)],
              [say("面签额度合计", "Signed limits together"), yuan(shares.signed_limits)],
              [say("已收回", "Withdrawn"), shares.withdrawn],
            ]}
          />
        </section>
      </div>
      <div class="columns">
        <div>
          {state === "open" && may(role, "prepare_village") && <Run {...acts} to="roll" title={say("登记全村农户", "Put the village on the roll")} words={say("登记", "List them")} hint={say("住在这个村、已开户的农户都登记进来；再点一次只加新来的。", "Every enrolled household of the village; asked again, only who is new.")} />}
          {state === "open" && may(role, "prepare_village") && <NameRater {...acts} />}
          {state === "open" && may(role, "hand_in_appraisal") && detail.raters.length > 0 && detail.roll.length > 0 && <Sheet {...acts} />}
          {["open", "worked_out", "published"].includes(state) && may(role, "keep_negative_list") && detail.roll.length > 0 && <Exclude {...acts} />}
        </div>
        <div>
          {(state === "open" || state === "worked_out") && may(role, "prepare_village") && detail.roll.length > 0 && <Run {...acts} to="limits" title={say("测算额度", "Work limits out")} words={say("测算", "Work them out")} hint={say("一旦测算就不能再评议。村里人的意见、系统测算、本次上限，三个里取最低。", "From then on nobody appraises any more. The limit is the least of the village's word, the model's and the most of the campaign.")} />}
          {state === "worked_out" && may(role, "publish_village") && <Publish {...acts} />}
          {state === "published" && <Objections {...acts} />}
          {["open", "worked_out", "published"].includes(state) && may(role, "decide_village") && <Decide {...acts} />}
          {state === "approved" && may(role, "prepare_village") && shares.offered < shares.with_limit && <Run {...acts} to="offers" title={say("把额度告知各户", "Offer the limits")} words={say("逐户告知", "Offer them")} hint={say("中断了再点一次，从停的地方接着办，不会办两次。", "If it stops, go on with another click: nothing is done twice.")} />}
          {state !== "published" && detail.objections.length > 0 && <Objections {...acts} />}
        </div>
      </div>
      <Raters {...acts} />
      <Roll detail={detail} nameOf={nameOf} />
    </>
  );
}

const STAGES = ["open", "worked_out", "published", "approved"];

function share(part: number, whole: number): string {
  return whole > 0 ? `${part}（${Math.round((100 * part) / whole)}%）` : String(part);
}

function Roll({ detail, nameOf }: { detail: VillageDetail; nameOf: (household: string) => string }) {
  const say = useSay();
  const chosen = language.use();
  return (
    <section class="card">
      <h2>{say("全村名册（{n} 户）", "The roll ({n} households)", { n: detail.roll.length })}</h2>
      <Table
        name={say("全村名册", "The roll")}
        empty={say("还没有登记农户。", "No household is on the roll yet.")}
        columns={[{ words: say("农户", "Household") }, { words: say("几人评过", "Sheets"), isAmount: true }, { words: say("村里人的意见", "The village says"), isAmount: true }, { words: say("系统测算", "Model and rules"), isAmount: true }, { words: say("额度", "Limit"), isAmount: true }, { words: say("由什么定的", "Set by") }, { words: say("进展", "How far") }]}
        rows={detail.roll.map((row) => ({
          key: row.household,
          kind: row.state === "negative" ? "paid" : "",
          cells: [
            <a class="inline" href={`#/households/${row.household}`}>{nameOf(row.household)}</a>,
            row.marks,
            row.appraised ? yuan(row.appraised) : "—",
            row.profile ? yuan(row.profile) : "—",
            row.limit ? <b>{yuan(row.limit)}</b> : "—",
            row.state === "negative" ? say("负面清单：{ground}（{source}）", "Negative list: {ground} ({source})", { ground: row.ground ?? "", source: row.source ?? "" }) : term("village_bound", row.bound_by, chosen),
            row.offered ? term("preliminary", row.offered, chosen) : "—",
          ],
        }))}
      />
    </section>
  );
}
