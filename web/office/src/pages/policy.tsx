// The rules in force: limits, scale and prices, and every rule in the order it is asked.

import type { Policy } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { percent, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Facts, Loading, Table, Title } from "../parts";
import { client, language, useLoaded, useSay } from "../state";

export default function PolicyPage() {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(() => client.read<Policy>("/office/policy"));
  const title = <Title note={say("规则是一个检查过的文件，用校验码命名；换规则、和旧规则比、拿历史试算在命令行（tianxin policy diff、try）。", "Rules are one checked file, named by its hash; changing them, comparing with older ones and trying them on history are on the command line (`tianxin policy diff`, `try`).")}>{say("审批规则", "Rules")}</Title>;
  if (!loaded.value) return <>{title}<Loading error={loaded.error} again={loaded.again} /></>;
  const rules = loaded.value;
  return (
    <>
      {title}
      <div class="columns">
        <section class="card">
          <h2>{`${rules.code} ${rules.version}`}</h2>
          <Facts
            rows={[
              [say("从哪天起", "In force since"), day(rules.effective_from, chosen)],
              [say("一户最多欠", "Most a household may owe"), rules.exposure_cap ? yuan(rules.exposure_cap) : say("不限", "no limit")],
              [say("还款最多占收入", "Instalments take at most"), percent(rules.capacity)],
              [say("多少以上要两个人批", "Two people decide from"), rules.two_people_from ? yuan(rules.two_people_from) : "—"],
              [say("年化综合成本上限", "Most a loan may cost a year"), rules.all_in_cap ? percent(rules.all_in_cap) : "—"],
              rules.age ? [say("年龄", "Age"), `${rules.age[0]}–${rules.age[1]}`] : null,
              rules.purposes_forbidden.length > 0 && [say("不借的用途", "Never lent for"), rules.purposes_forbidden.map((use) => term("use", use, chosen)).join(say("、", ", "))],
              [say("校验码", "Hash"), <span class="id">{rules.hash}</span>],
            ]}
          />
        </section>
        <section class="card">
          <h2>{say("评级和价格", "Scale and prices")}</h2>
          <Table
            empty={say("没有评级。", "There is no scale.")}
            columns={[{ words: say("等级", "Rating") }, { words: say("变坏概率低于", "Turning bad below"), isAmount: true }, { words: say("年利率", "Rate a year"), isAmount: true }]}
            rows={rules.scale.map((band) => ({ key: band.rating, cells: [<b>{band.rating}</b>, band.pd_below ? percent(band.pd_below) : say("其余", "the rest"), band.rate ? percent(band.rate) : say("按产品", "by product")] }))}
          />
        </section>
      </div>
      <section class="card">
        <h2>{say("规则，按问的次序（{n} 条）", "The {n} rules in the order they are asked", { n: rules.rules.length })}</h2>
        <Table
          name={say("审批规则", "Rules")}
          empty="—"
          columns={[{ words: say("规则", "Rule") }, { words: say("条件", "Condition") }, { words: say("成立就", "Where it holds") }, { words: say("对农户怎么说", "What the household is told") }]}
          rows={rules.rules.map((rule) => ({
            key: rule.code,
            cells: [
              <span class="id">{rule.code}</span>,
              <code class="prose">{rule.condition}</code>,
              `${term("decision", rule.outcome, chosen)}${rule.explored ? say("（可试探）", " (may be explored)") : ""}`,
              <span class="prose">{chosen === "zh" ? rule.zh : rule.en}</span>,
            ],
          }))}
        />
      </section>
      {rules.findings.length > 0 && (
        <section class="card">
          <h2>{say("检查文件时发现的", "What the check of the file found")}</h2>
          <ul class="reasons">{rules.findings.map((found) => <li key={found}>{found}</li>)}</ul>
        </section>
      )}
    </>
  );
}
