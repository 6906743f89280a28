//! What a study came to, as a lender reads it: the claim, what was estimated, indicators by arm, verdicts in plain words.

use std::fmt::Write as _;

use super::indicators::{INDICATORS, Indicator};
use super::infer::{Effect, Verdict};
use super::policy::Scoring;
use super::study::{Answered, Found, Place};

/// The report of a study in Markdown.
pub fn markdown(found: &Found<'_>, answered: &[Answered], repeat: &str) -> String {
    let experiment = found.study.experiment;
    let mut out = String::new();
    let verdict = Verdict::of_claim(&answered.iter().map(|a| a.verdict).collect::<Vec<_>>());
    let (zh, en) = verdict.words();
    let _ = writeln!(out, "# {} · {}\n", experiment.title.0, experiment.title.1);
    let _ = writeln!(out, "> {}\n>\n> {}\n", experiment.claim.0, experiment.claim.1);
    let _ = writeln!(out, "**{zh} · the claim {en}.**\n");
    let _ = writeln!(out, "What was estimated, written before anything was run: {}\n", experiment.estimand);
    let size = found.study.size;
    let counties: Vec<&str> = experiment.main.counties.iter().map(|(name, _)| name.as_str()).collect();
    let _ = writeln!(
        out,
        "Lived: {} seeds in each of the counties {}, {} households, {} days. Every arm lives the same county with the same \
         luck; a difference is that of pairs. `{repeat}` repeats it.\n",
        found.study.seeds,
        counties.join(", "),
        size.households,
        size.days
    );
    arms(&mut out, found);
    questions(&mut out, found, answered);
    special(&mut out, found, answered);
    varied(&mut out, found, answered);
    limits(&mut out, found);
    out
}

fn arms(out: &mut String, found: &Found<'_>) {
    let experiment = found.study.experiment;
    let _ = writeln!(out, "## Arms\n");
    for (at, arm) in experiment.arms.iter().enumerate() {
        let auc = found.auc(at).filter(|_| arm.policy.scoring != Scoring::None);
        let auc =
            auc.map_or_else(String::new, |auc| format!(" (its score tells bad loans of its past with AUC {auc:.3})"));
        let _ = writeln!(out, "- **{}**: {}{auc}", arm.name, arm.words);
    }
    let _ = writeln!(out, "\n## Indicators\n\nMeans over all seeds and counties.\n");
    let names: Vec<&str> = experiment.arms.iter().map(|arm| arm.name.as_str()).collect();
    let _ = writeln!(out, "| indicator | unit | {} |", names.join(" | "));
    let _ = writeln!(out, "| --- | --- |{}", " ---: |".repeat(names.len()));
    for indicator in INDICATORS {
        let levels: Vec<String> = (0..names.len()).map(|arm| shown(found.level(arm, indicator.name))).collect();
        let _ = writeln!(out, "| {} {} | {} | {} |", indicator.zh, indicator.en, indicator.unit, levels.join(" | "));
    }
    let _ = writeln!(out);
}

fn questions(out: &mut String, found: &Found<'_>, answered: &[Answered]) {
    let experiment = found.study.experiment;
    let counties: Vec<&str> = experiment.main.counties.iter().map(|(name, _)| name.as_str()).collect();
    let _ = writeln!(
        out,
        "## Questions\n\nDifferences of pairs with their interval at 95 %; p is corrected for all questions of the run \
         (Benjamini and Hochberg).\n"
    );
    let _ = writeln!(
        out,
        "| question | claimed | difference | interval | p | pairs with its sign | {} | verdict |",
        counties.join(" | ")
    );
    let _ = writeln!(out, "| --- | --- | ---: | --- | ---: | ---: |{} --- |", " ---: |".repeat(counties.len()));
    for (at, answer) in answered.iter().enumerate() {
        let (label, claimed, _) = label(found, at);
        let verdict = answer.verdict.words();
        let Some(effect) = &answer.effect else {
            let empty = " |".repeat(counties.len());
            let _ = writeln!(out, "| {label} | {claimed} | – | – | – | – |{empty} {} {} |", verdict.0, verdict.1);
            continue;
        };
        let means: Vec<String> = effect.counties.iter().map(|mean| signed(*mean)).collect();
        let _ = writeln!(
            out,
            "| {label} | {claimed} | {} | {} | {} | {:.0} % | {} | {} {} |",
            signed(effect.mean),
            interval(effect),
            probability(answer.corrected_p),
            effect.same_sign * 100.0,
            means.join(" | "),
            verdict.0,
            verdict.1
        );
    }
    let _ = writeln!(out, "\n![differences](effects.svg)\n");
}

fn special(out: &mut String, found: &Found<'_>, answered: &[Answered]) {
    let experiment = found.study.experiment;
    let _ =
        writeln!(out, "## Where the mechanism is off\n\n{}. No difference may be seen there.\n", experiment.null.words);
    let _ = writeln!(out, "| question | difference | interval | |\n| --- | ---: | --- | --- |");
    for (at, answer) in answered.iter().enumerate() {
        let said = if answer.is_null_broken() {
            "**not nothing: something else is at work**"
        } else {
            "nothing, as it should be"
        };
        let _ = writeln!(out, "| {} | {} |", label(found, at).0, row(answer.null.as_ref(), said));
    }
    let _ = writeln!(out, "\n## Where it harms\n\n{}.\n", experiment.harm.words);
    let _ = writeln!(out, "| question | difference | interval | |\n| --- | ---: | --- | --- |");
    for (at, answer) in answered.iter().enumerate() {
        let sign = experiment.questions.get(at).map_or(1.0, |question| question.expect.sign());
        let said = match &answer.harm {
            Some(effect) if effect.includes_nothing() => "no difference there",
            Some(effect) if effect.mean * sign < 0.0 => "goes the other way there",
            Some(_) => "goes as claimed even there",
            None => "nothing to compare",
        };
        let _ = writeln!(out, "| {} | {} |", label(found, at).0, row(answer.harm.as_ref(), said));
    }
    let _ = writeln!(out);
}

fn varied(out: &mut String, found: &Found<'_>, answered: &[Answered]) {
    let experiment = found.study.experiment;
    let seeds = found.study.seeds_of(Place::Varied(0, 0));
    let _ = writeln!(
        out,
        "## If an assumption is off\n\nMean difference at the low and at the high value of each assumption, {seeds} seeds a \
         county; **bold** where the sign is not that of the comparison.\n"
    );
    let labels: Vec<String> = (0..answered.len()).map(|at| label(found, at).0).collect();
    let _ = writeln!(out, "| assumption | low, high | {} | why |", labels.join(" | "));
    let _ = writeln!(out, "| --- | --- |{} --- |", " --- |".repeat(labels.len()));
    for (nth, assumption) in experiment.assumptions.iter().enumerate() {
        let cells: Vec<String> = answered
            .iter()
            .map(|answer| {
                let main = answer.effect.as_ref().map_or(0.0, |effect| effect.mean);
                let cell = |value: Option<f64>| match value {
                    Some(value) if value * main < 0.0 => format!("**{}**", signed(value)),
                    Some(value) => signed(value),
                    None => "–".to_owned(),
                };
                answer
                    .varied
                    .get(nth)
                    .map_or_else(String::new, |[low, high]| format!("{}, {}", cell(*low), cell(*high)))
            })
            .collect();
        let (low, high) = assumption.span;
        let _ =
            writeln!(out, "| {} | {low}, {high} | {} | {} |", assumption.name, cells.join(" | "), assumption.source);
    }
    let _ = writeln!(out);
}

fn limits(out: &mut String, found: &Found<'_>) {
    let experiment = found.study.experiment;
    if !experiment.limits.is_empty() {
        let _ = writeln!(out, "## What this cannot say\n");
        for limit in &experiment.limits {
            let _ = writeln!(out, "- {limit}");
        }
        let _ = writeln!(out);
    }
    let _ = writeln!(out, "## Definitions\n");
    for indicator in INDICATORS {
        let _ = writeln!(out, "- **{}** ({}): {}.", indicator.en, indicator.unit, indicator.definition);
    }
}

/// A question in words, which way it is claimed to go, and its indicator.
pub fn label(found: &Found<'_>, question: usize) -> (String, &'static str, Option<&'static Indicator>) {
    let experiment = found.study.experiment;
    let Some(question) = experiment.questions.get(question) else { return (String::new(), "", None) };
    let indicator = INDICATORS.iter().find(|indicator| indicator.name == question.indicator);
    let name = |arm: usize| experiment.arms.get(arm).map_or("", |arm| arm.name.as_str());
    let words = indicator.map_or("", |indicator| indicator.en);
    let unit = indicator.map_or("", |indicator| indicator.unit);
    let claimed = if question.expect.sign() > 0.0 { "higher" } else { "lower" };
    (format!("{words} ({unit}): {} against {}", name(question.arm), name(question.against)), claimed, indicator)
}

fn row(effect: Option<&Effect>, said: &str) -> String {
    match effect {
        Some(effect) => format!("{} | {} | {said}", signed(effect.mean), interval(effect)),
        None => "– | – | nothing to compare".to_owned(),
    }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.*}", digits(value)))
}

/// With its sign, and as many digits as tell something.
pub fn signed(value: f64) -> String {
    // What rounds to nothing has no sign.
    let text = format!("{value:+.*}", digits(value));
    if text.trim_start_matches(['+', '-']).chars().all(|c| matches!(c, '0' | '.')) { "0".to_owned() } else { text }
}

fn digits(value: f64) -> usize {
    match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    }
}

fn interval(effect: &Effect) -> String {
    format!("{} to {}", signed(effect.interval.0), signed(effect.interval.1))
}

fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// Every indicator of every run: a row a run.
pub fn runs_csv(found: &Found<'_>) -> String {
    let experiment = found.study.experiment;
    let names: Vec<&str> = INDICATORS.iter().map(|indicator| indicator.name).collect();
    let mut out = format!("place,county,seed,arm,{}\n", names.join(","));
    for (task, indicators) in &found.runs {
        let setting = match task.place {
            Place::Null => &experiment.null,
            Place::Harm => &experiment.harm,
            Place::Main | Place::Varied(..) => &experiment.main,
        };
        let county = setting.counties.get(task.county).map_or("", |(name, _)| name.as_str());
        let arm = experiment.arms.get(task.arm).map_or("", |arm| arm.name.as_str());
        let values: Vec<String> = INDICATORS
            .iter()
            .map(|indicator| indicators.get(indicator.name).map_or_else(String::new, |value| format!("{value:.6}")))
            .collect();
        let _ = writeln!(out, "{},{county},{},{arm},{}", place(found, task.place), task.seed, values.join(","));
    }
    out
}

fn place(found: &Found<'_>, place: Place) -> String {
    match place {
        Place::Main => "main".to_owned(),
        Place::Null => "null".to_owned(),
        Place::Harm => "harm".to_owned(),
        Place::Varied(at, which) => {
            let assumption = found.study.experiment.assumptions.get(at);
            let end = if which == 0 { "low" } else { "high" };
            format!("{} {end}", assumption.map_or("", |assumption| assumption.name.as_str()))
        }
    }
}

/// Every effect: a row a question and place.
pub fn effects_csv(found: &Found<'_>, answered: &[Answered]) -> String {
    let mut out = "arm,against,indicator,expect,place,mean,low,high,p,corrected_p,pairs,verdict\n".to_owned();
    let experiment = found.study.experiment;
    for (question, answer) in experiment.questions.iter().zip(answered) {
        let name = |arm: usize| experiment.arms.get(arm).map_or("", |arm| arm.name.as_str());
        let expect = if question.expect.sign() > 0.0 { "higher" } else { "lower" };
        let head = format!("{},{},{},{expect}", name(question.arm), name(question.against), question.indicator);
        for (place, effect) in [("main", &answer.effect), ("null", &answer.null), ("harm", &answer.harm)] {
            let Some(effect) = effect else { continue };
            let (low, high) = effect.interval;
            let (corrected_p, verdict) = if place == "main" {
                (format!("{:.6}", answer.corrected_p), answer.verdict.words().1)
            } else {
                (String::new(), "")
            };
            let _ = writeln!(
                out,
                "{head},{place},{:.6},{low:.6},{high:.6},{:.6},{corrected_p},{},{verdict}",
                effect.mean, effect.p, effect.pairs
            );
        }
    }
    out
}
