//! `tianxin model fair`: how models treat groups that a lender may not prefer one to another.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use score::ScoreError;
use score::bin::Trend;
use score::candidate::{Effort, ModelKind};
use score::fair::{Fairness, Group, fairness, telling};
use score::frame::{Schema, SchemaSpec, Table, Target};
use score::judge::{area, judge, paired};
use score::math::logistic;
use score::portfolio::{Study, trained};
use score::sample::{CLASS_ROWS_MIN, Past};
use serde_json::{Value, json};

use super::crew::all_cores;
use super::files::{self, wrong};
use super::train::{EffortName, KindName, refuse_unlawful};
use crate::failure::Failure;
use crate::terminal::{Progress, say};

/// Columns that are tried without, the one that tells most of the group first.
const TELLING: usize = 5;
/// Most that the AUC may lose for a model that discriminates less.
const AUC_LOSS_MAX: f64 = 0.005;
/// Most groups of a column.
const GROUPS_MAX: usize = 12;

/// Say how models of a table treat groups: with the columns that tell them, without, and without what stands in for them
///
/// Models are trained as by `train`, and judged by what those say that had not seen a row.
#[derive(Args)]
pub struct Fair {
    /// The table
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    target: String,
    /// Its value that means bad
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    positive: Option<String>,
    /// The column of groups: categories, or numbers cut at values, `age:30:60`
    #[arg(long, value_name = "COL[:CUT...]")]
    group: String,
    /// Other columns that may not be used, such as sex, age and marital status together
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    protected: Vec<String>,
    /// Columns that are not used by any model
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Part of all applicants that is approved [default: the part of goods]
    #[arg(long, value_name = "SHARE")]
    approve: Option<f64>,
    /// What kind of models
    #[arg(long, value_enum, default_value_t = KindName::Auto)]
    kind: KindName,
    /// How much is tried
    #[arg(long, value_enum, default_value_t = EffortName::Fast)]
    effort: EffortName,
    /// Seed of folds and draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What is known of the rows, whatever columns a model sees.
struct Ground<'a> {
    task: &'a Fair,
    table: Table,
    target: Target,
    bad: Vec<bool>,
    of_row: Vec<usize>,
    names: Vec<String>,
    approve: f64,
}

/// A model without some columns.
struct Tried {
    name: String,
    without: Vec<String>,
    said: Vec<f64>,
    told: Fairness,
}

impl Fair {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let table = files::table(&self.data)?;
        let about = |error: ScoreError| wrong(&self.data, &error);
        let target = Target::of(&table, &self.target, self.positive.as_deref()).map_err(about)?;
        let bad = target.outcomes(&table).map_err(about)?;
        let goods = bad.iter().filter(|b| !**b).count() as f64 / bad.len() as f64;
        let approve = self.approve.unwrap_or(goods);
        if !(0.0..=1.0).contains(&approve) {
            return Err(Failure::Usage(format!("--approve {approve}: give a part between 0 and 1")));
        }
        let column = self.group.split(':').next().unwrap_or_default().to_owned();
        let (of_row, names) = self.groups(&table, &column)?;
        let ground = Ground { task: &self, table, target, bad, of_row, names, approve };
        let progress = Progress::begin("training");
        let mut hidden: Vec<String> = vec![column];
        hidden.extend(self.protected.iter().filter(|p| !p.is_empty()).cloned());
        let with = ground.tried("with the group", Vec::new())?;
        let without = ground.tried("without the group", hidden.clone())?;
        progress.set("training: what tells the group".to_owned());
        let (proxy, telling) = ground.proxy(&hidden)?;
        progress.set("training: models that discriminate less".to_owned());
        let others = ground.others(&hidden, &telling, &without)?;
        drop(progress);
        let chosen = least(&ground, &without, &others);
        let all: Vec<&Tried> = [&with, &without].into_iter().chain(&others).collect();
        if self.json {
            let models: Vec<Value> = all.iter().map(|tried| ground.json(tried, &without)).collect();
            say(json!({
                "rows": ground.bad.len(), "approve": approve, "proxy_auc": proxy,
                "telling": telling.iter().map(|(name, information)| json!({"column": name, "information": information})).collect::<Vec<_>>(),
                "models": models, "least_discriminatory": chosen.name,
            })
            .to_string());
            return Ok(());
        }
        for tried in [&with, &without] {
            say(ground.words(tried));
        }
        say(format!("the group is told by the other columns with an AUC of {proxy:.3}; 0.5 would be not at all"));
        for (name, information) in &telling {
            say(format!("  {name:<32}information {information:.3}"));
        }
        say(format!("\n{:<40}{:>8}{:>16}{:>10}{:>12}", "", "auc", "goods' gap", "ratio", "calibration"));
        for tried in &all {
            let auc = area(&tried.said, &ground.bad).unwrap_or(0.5);
            let Fairness { opportunity_gap, opportunity_error, approval_ratio, calibration_gap, .. } = &tried.told;
            let gap = format!("{opportunity_gap:.3} +-{:.3}", 1.96 * opportunity_error);
            let mark = if std::ptr::eq(*tried, chosen) { "  least discriminatory" } else { "" };
            say(format!("{:<40}{auc:>8.4}{gap:>16}{approval_ratio:>10.3}{calibration_gap:>12.3}{mark}", tried.name));
        }
        Ok(())
    }

    /// The group of each row by its place among the names.
    fn groups(&self, table: &Table, column: &str) -> Result<(Vec<usize>, Vec<String>), Failure> {
        let usage = |what: String| Failure::Usage(format!("--group `{}`: {what}", self.group));
        let position = table.position(column).map_err(|error| wrong(&self.data, &error))?;
        let cuts: Result<Vec<f64>, _> = self.group.split(':').skip(1).map(str::parse).collect();
        let mut cuts = cuts.map_err(|_| usage("write COLUMN, or COLUMN:CUT with numbers".to_owned()))?;
        cuts.sort_unstable_by(f64::total_cmp);
        let name = |cell: &str| {
            if cell.is_empty() {
                return "not told".to_owned();
            }
            let Some(value) = cell.parse::<f64>().ok().filter(|_| !cuts.is_empty()) else { return cell.to_owned() };
            let at = cuts.partition_point(|cut| *cut <= value);
            match (at.checked_sub(1).map(|left| cuts[left]), cuts.get(at)) {
                (None, Some(to)) => format!("below {to}"),
                (Some(from), Some(to)) => format!("{from} to below {to}"),
                (from, None) => format!("{} and more", from.unwrap_or_default()),
            }
        };
        let all: Vec<String> = table.cells(position).map(name).collect();
        let names: Vec<String> = all.iter().cloned().collect::<BTreeSet<String>>().into_iter().collect();
        if !(2..=GROUPS_MAX).contains(&names.len()) {
            let what = format!(
                "it makes {} groups; 2 to {GROUPS_MAX} can be compared, numbers are cut by COLUMN:CUT",
                names.len()
            );
            return Err(usage(what));
        }
        let of_row = all.iter().map(|name| names.binary_search(name).unwrap_or(0)).collect();
        Ok((of_row, names))
    }
}

impl Ground<'_> {
    /// The rows without some columns; `outcome` is what is to be predicted.
    fn past(&self, without: &[String], outcome: Vec<bool>) -> Result<Past, Failure> {
        let about = |error: ScoreError| wrong(&self.task.data, &error);
        let mut spec = SchemaSpec::default();
        let excluded = self.task.exclude.iter().filter(|name| !name.is_empty());
        spec.left_out.extend(excluded.chain(without).cloned().chain([self.task.target.clone()]));
        let numbering = Schema::numbering(&self.table, &spec);
        spec.left_out.extend(numbering);
        let schema = Schema::learn(&self.table, &spec).map_err(about)?;
        refuse_unlawful(&schema)?;
        let (frame, _) = schema.read(&self.table).map_err(about)?;
        Past::new(schema, frame, outcome, None).map_err(about)
    }

    fn said(&self, past: &Past, kind: ModelKind, effort: Effort) -> Result<Vec<f64>, Failure> {
        let trends = vec![Trend::Free; past.schema.columns.len()];
        let study = Study { kind, effort, trends, seed: self.task.seed, time: None };
        let done = trained(past, &self.target, &study, &all_cores, &|_| {});
        let done = done.map_err(|error| wrong(&self.task.data, &error))?;
        // A row in no fold (of a very large table) is taken from the model itself.
        let own = done.left_out.iter().any(|z| z.is_nan()).then(|| done.model.predict(&past.frame));
        let of = |(row, z): (usize, &f64)| match &own {
            Some(own) if z.is_nan() => own[row],
            _ => logistic(*z),
        };
        Ok(done.left_out.iter().enumerate().map(of).collect())
    }

    fn tried(&self, name: &str, without: Vec<String>) -> Result<Tried, Failure> {
        let past = self.past(&without, self.bad.clone())?;
        let said = self.said(&past, self.task.kind.kind(), self.task.effort.effort())?;
        let told = fairness(&said, &self.bad, &self.of_row, &self.names, self.approve);
        let told = told.ok_or_else(|| Failure::Wrong(format!("{}: no rows", self.task.data.display())))?;
        Ok(Tried { name: name.to_owned(), without, said, told })
    }

    /// How well the other columns tell the group that they tell best, and which do.
    fn proxy(&self, hidden: &[String]) -> Result<(f64, Vec<(String, f64)>), Failure> {
        let (mut best, mut which) = (0.5, Vec::new());
        // Of two groups one tells the other.
        let count = if self.names.len() == 2 { 1 } else { self.names.len() };
        for group in 0..count {
            let belongs: Vec<bool> = self.of_row.iter().map(|at| *at == group).collect();
            let own = belongs.iter().filter(|b| **b).count();
            if own.min(belongs.len() - own) < CLASS_ROWS_MIN {
                continue;
            }
            let past = self.past(hidden, belongs)?;
            let said = self.said(&past, ModelKind::Auto, Effort::Fast)?;
            let auc = area(&said, &past.bad).unwrap_or(0.5);
            if auc > best || which.is_empty() {
                (best, which) = (auc.max(best), telling(&past, TELLING));
            }
        }
        Ok((best, which))
    }

    /// Models without one of the columns that tell the group, then without the best of those and another.
    fn others(&self, hidden: &[String], telling: &[(String, f64)], base: &Tried) -> Result<Vec<Tried>, Failure> {
        let mut others: Vec<Tried> = Vec::new();
        let mut left_out: Vec<String> = Vec::new();
        for _ in 0..2 {
            let begun = others.len();
            for (column, _) in telling.iter().filter(|(column, _)| !left_out.contains(column)) {
                let more: Vec<String> = left_out.iter().cloned().chain([column.clone()]).collect();
                let without: Vec<String> = hidden.iter().chain(&more).cloned().collect();
                others.push(self.tried(&format!("without {}", more.join(", ")), without)?);
            }
            let best = least(self, base, &others[begun..]);
            match best.without.get(hidden.len()..) {
                Some(more) if !more.is_empty() => left_out = more.to_vec(),
                _ => break,
            }
        }
        Ok(others)
    }

    fn json(&self, tried: &Tried, base: &Tried) -> Value {
        let figures = judge(&tried.said, &self.bad);
        let pair = paired(&tried.said, &base.said, &self.bad);
        json!({
            "model": tried.name, "without": tried.without, "figures": figures, "fairness": tried.told,
            "against_without_the_group": pair,
        })
    }

    fn words(&self, tried: &Tried) -> String {
        let auc = area(&tried.said, &self.bad).unwrap_or(0.5);
        let cut = tried.told.cut;
        let mut lines = vec![format!("{}: auc {auc:.4}, approved up to a probability of {cut:.4}", tried.name)];
        lines.push(format!(
            "  {:<24}{:>7}{:>8}{:>8}{:>10}{:>8}{:>8}{:>8}{:>10}",
            "group", "rows", "bad", "said", "approved", "goods", "bads", "auc", "off by"
        ));
        for Group { name, rows, rate, rate_said, approved, goods_approved, bads_approved, auc, intercept, .. } in
            &tried.told.groups
        {
            let shown = |figure: &Option<f64>| figure.map_or("-".to_owned(), |f| format!("{f:.3}"));
            lines.push(format!(
                "  {name:<24}{rows:>7}{rate:>8.3}{rate_said:>8.3}{approved:>10.3}{goods_approved:>8.3}{bads_approved:>8.3}{:>8}{:>10}",
                shown(auc),
                shown(intercept)
            ));
        }
        lines.join("\n") + "\n"
    }
}

/// Of the model without the group and others, the one with the smallest gap that ranks hardly worse.
fn least<'a>(ground: &Ground, base: &'a Tried, others: &'a [Tried]) -> &'a Tried {
    let ranks = |tried: &Tried| area(&tried.said, &ground.bad).unwrap_or(0.5);
    let floor = ranks(base) - AUC_LOSS_MAX;
    let gap = |tried: &Tried| tried.told.opportunity_gap;
    others
        .iter()
        .filter(|tried| ranks(tried) >= floor)
        .fold(base, |best, tried| if gap(tried) < gap(best) { tried } else { best })
}
