// One decision and everything behind it: what was asked and known, rule by rule, the score step by step, cases like it.

import { useMemo } from "preact/hooks";
import type { Decision, Product } from "../../../shared/bodies";
import { moment } from "../../../shared/dates";
import { percent, yuan } from "../../../shared/money";
import { hasTerm, term } from "../../../shared/terms";
import { Chart } from "../chart";
import { inWords } from "../features";
import type { At } from "../menu";
import { Facts, Loading, Reasons, Table, Title } from "../parts";
import { client, language, useLoaded, useSay } from "../state";
import { type Step, waterfall } from "../waterfall";

export default function Decision({ id, part }: At) {
  return <DecisionPage key={id} id={id} household={part} />;
}

function DecisionPage({ id, household }: { id: string; household: string }) {
  const say = useSay();
  const loaded = useLoaded(async () => {
    const [decision, products] = await Promise.all([client.read<Decision>(`/households/${household}/applications/${id}/decision`), client.read<Product[]>("/products")]);
    return { decision, products };
  }, [id]);
  return (
    <>
      <p><a class="inline" href={`#/households/${household}`}>{say("← 回到这一户", "← Back to the household")}</a></p>
      {!loaded.value ? <><Title>{say("决策", "Decision")}</Title><Loading error={loaded.error} again={loaded.again} /></> : <Shown {...loaded.value} />}
    </>
  );
}

function Shown({ decision, products }: { decision: Decision; products: Product[] }) {
  const say = useSay();
  const chosen = language.use();
  const product = products.find((one) => one.code === decision.product);
  const known = decision.features.filter((feature) => feature.value !== null && feature.value !== undefined);
  return (
    <>
      <Title note={<span class="id">{decision.application}</span>}>{say("决策：{outcome}", "Decision: {outcome}", { outcome: term("decision", decision.outcome, chosen) })}</Title>
      <div class="columns even">
        <section class="card">
          <h2>{say("想借什么，答复什么", "What was asked, what was answered")}</h2>
          <Facts
            rows={[
              [say("产品", "Product"), product ? (chosen === "zh" ? product.name_zh : product.name_en) : decision.product],
              [say("想借", "Asked"), `${yuan(decision.asked)} · ${say("{n} 个月", "{n} months", { n: decision.term_months })} · ${term("use", decision.purpose, chosen)}`],
              [say("规则允许", "The rules would lend"), <b>{yuan(decision.amount)}</b>],
              [say("最高额度", "Limit"), yuan(decision.limit)],
              [say("年利率", "Rate a year"), percent(decision.rate)],
              [say("评级", "Rating"), decision.rating ?? say("没有评分", "no score")],
              [say("变坏的概率", "Probability of turning bad"), decision.pd ? percent(decision.pd) : "—"],
              [say("要不要两个人", "Two people"), decision.two_person ? say("要", "yes") : say("不要", "no")],
              [say("现在的状态", "Where it stands"), term("status", decision.status, chosen)],
            ]}
          />
          <h3>{say("告诉农户的理由", "Reasons told to the household")}</h3>
          <Reasons reasons={decision.reasons} />
        </section>
        <section class="card">
          <h2>{say("规则看了什么", "What the rules looked at")}</h2>
          <Facts
            rows={decision.facts.map((fact) => [
              term("decision_fact", fact.name, chosen),
              fact.value === null || fact.value === undefined ? say("不知道", "not known") : fact.unit === "money" ? yuan(fact.value) : fact.unit === "percent" ? percent(fact.value) : fact.name === "thin" ? (fact.value === "1" ? say("是", "yes") : say("否", "no")) : fact.value,
            ])}
          />
          <h3>{say("谁判断的", "Who judged")}</h3>
          <Facts
            rows={[
              [say("模型", "Model"), decision.model ? <span class="id" title={decision.model}>{decision.model.slice(0, 16)}</span> : say("没有", "none")],
              [say("规则", "Rules"), <span class="id" title={decision.rules}>{decision.rules.slice(0, 16)}</span>],
            ]}
          />
        </section>
      </div>
      <RuleTree decision={decision} />
      {decision.waterfall ? <ScoreWaterfall decision={decision} /> : <p class="notice">{say("没有评分，或者当时的模型已经换下，画不出得分说明。用 tianxin decision replay 可以逐位重算。", "There was no score, or its model has been replaced, so it is not drawn. `tianxin decision replay` computes it again bit for bit.")}</p>}
      <section class="card">
        <h2>{say("相似的申请", "Cases like it")}</h2>
        <Table
          empty={say("还没有可比的申请。", "There is nothing to compare with yet.")}
          columns={[{ words: say("相似", "Alike"), isAmount: true }, { words: say("申请", "Application") }, { words: say("想借", "Asked"), isAmount: true }, { words: say("批了", "Approved"), isAmount: true }, { words: say("评级", "Rating") }, { words: say("结果", "Outcome") }, { words: say("后来还得怎样", "How it was repaid") }, { words: say("什么时候", "When") }]}
          rows={decision.similar.map((one) => ({
            key: one.application,
            cells: [
              `${one.likeness_percent}%`,
              <a class="inline" href={`#/decisions/${one.application}/${one.household}`}>{(products.find((product) => product.code === one.product) ?? { name_zh: one.product, name_en: one.product })[chosen === "zh" ? "name_zh" : "name_en"]}</a>,
              yuan(one.asked),
              yuan(one.approved),
              one.rating ?? "—",
              term("status", one.status, chosen),
              one.loan ? term("status", one.loan, chosen) : say("没有用款", "not drawn"),
              moment(one.asked_at, chosen),
            ],
          }))}
        />
      </section>
      <section class="card">
        <h2>{say("全部输入", "All inputs")}</h2>
        <Table
          empty={say("没有记录。", "None.")}
          columns={[{ words: say("特征", "Feature") }, { words: say("数值", "Value"), isAmount: true }]}
          rows={known.map((feature) => ({ key: feature.name, cells: [chosen === "zh" ? feature.zh : feature.en, inWords(feature, say)] }))}
        />
      </section>
    </>
  );
}

/** Rules in the order they are asked, those that held first to the eye. */
function RuleTree({ decision }: { decision: Decision }) {
  const say = useSay();
  const chosen = language.use();
  if (decision.rule_tree.length === 0) {
    return <p class="notice">{say("规则已经换了版本，这里不逐条重放。", "The rules have another version now and are not gone through here.")}</p>;
  }
  const answer = (held: boolean | null | undefined) => (held === true ? say("成立", "holds") : held === false ? say("不成立", "does not hold") : say("没有答案", "no answer"));
  return (
    <section class="card">
      <h2>{say("规则，一条一条", "Rule by rule")}</h2>
      <ol class="rules">
        {decision.rule_tree.map((rule) => (
          <li key={rule.code} class={rule.held === true ? "rule holds" : rule.held === false ? "rule" : "rule unknown"}>
            <span class="rule-answer">{answer(rule.held)}</span>
            <span class="rule-words">
              <code>{rule.condition}</code>
              <small>{chosen === "zh" ? rule.zh : rule.en}</small>
            </span>
            <span class="rule-outcome">{rule.held === true ? `→ ${term("decision", rule.outcome, chosen)}` : ""}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function ScoreWaterfall({ decision }: { decision: Decision }) {
  const say = useSay();
  const chosen = language.use();
  const steps = useMemo(() => {
    const told = decision.waterfall;
    if (!told) return [] as Step[];
    const words = (kind: string) => (kind === "base" ? say("平均水平", "average") : kind === "rest" ? say("其他各项", "all others") : kind === "calibration" ? say("校准", "calibration") : say("这一户", "this household"));
    return waterfall(told, (part) => (chosen === "zh" ? part.zh : part.en), words);
  }, [decision, chosen]);
  const option = useMemo(() => ({
    grid: { left: 12, right: 40, top: 16, bottom: 8, containLabel: true },
    tooltip: { trigger: "item", renderMode: "richText", confine: true, formatter: (one: { dataIndex: number }) => `${steps[one.dataIndex]?.name}: ${steps[one.dataIndex]?.added.toFixed(3)}` },
    xAxis: { type: "value", axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: { type: "category", data: steps.map((step) => step.name), inverse: true },
    series: [
      { type: "bar", stack: "w", silent: true, itemStyle: { color: "transparent" }, data: steps.map((step) => step.below) },
      {
        type: "bar",
        stack: "w",
        data: steps.map((step) => ({ value: step.length, itemStyle: { color: step.kind !== "part" ? "#525e57" : step.added > 0 ? "#a32318" : "#1d5c38" } })),
        label: { show: true, position: "right", formatter: (one: { dataIndex: number }) => { const step = steps[one.dataIndex]; return step ? `${step.kind === "part" && step.added > 0 ? "+" : ""}${step.added.toFixed(2)}` : ""; } },
      },
    ],
  }), [steps]);
  return (
    <Chart
      name={say("得分是怎么来的", "How the score came about")}
      says={steps.map((step) => `${step.name} ${step.added.toFixed(2)}`).join("，")}
      option={option}
      height={380}
      note={say("对数几率：越往右风险越高。红色增加风险，绿色降低风险，加起来就是这一户的得分。", "Log odds: further right is riskier. Red adds risk, green takes it away; together they make the score of this household.")}
      figures={{ columns: [say("项目", "Item"), say("对数几率", "Log odds")], rows: steps.map((step) => [step.name, Number(step.added.toFixed(6))]) }}
    />
  );
}

/** Whether a decision page can be shown for a status; what was never assessed has none. */
export function hasDecision(status: string): boolean {
  return status !== "received" && hasTerm("status", status);
}
