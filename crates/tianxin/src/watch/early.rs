//! `tianxin watch early`: instalments that may not be met, with chance and reasons; and what such warnings were worth.

use std::path::{Path, PathBuf};

use app::early::{AHEAD_DAYS, DueAhead, EarlyView, Instalments, JUDGED_DAYS, view};
use basics::IdKind;
use basics::PublicId;
use basics::money::format_minor;
use clap::Args;
use serde_json::{Value, json};
use watch::early::{Figures, Model, as_it_came, judge, learn, words};

use crate::config::{self, Opened, Place, Settings, Use};
use crate::failure::Failure;
use crate::terminal::{Progress, say};
use crate::vault::Keys;
use crate::{clock, own};

/// Print the instalments of the next weeks that are likeliest to be missed.
///
/// Each has a chance, the days until it falls due, what it asks for, and reasons. The chance comes of a table of points, corrected by what
/// came of forecasts as they would have been made of the past year. Reads the books alone, beside a server or without one.
#[derive(Args)]
pub struct Early {
    /// Instalments shown
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    most: u16,
    /// Days ahead
    #[arg(long, value_name = "DAYS", default_value_t = AHEAD_DAYS as u16, value_parser = clap::value_parser!(u16).range(1..=400))]
    days: u16,
    /// Print what forecasts of the past year were worth, and no instalments
    #[arg(long, conflicts_with = "learn")]
    judge: bool,
    /// Learn points of the first three quarters of the institution's own past, judge them on the last quarter, and write them to a file
    #[arg(long, value_name = "FILE")]
    learn: Option<PathBuf>,
    /// Looks back at most; of more households, some are drawn by their ids
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    looks: u32,
    /// The points [default: the institution's own, or those that the platform comes with]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Early {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let model = match &self.model {
            Some(path) => model_of(Some(path))?,
            None => Settings::read(place)?.early(place)?.map_or_else(|| model_of(None), Ok)?,
        };
        let looks = self.looks as usize;
        if let Some(path) = &self.learn {
            return self.learn(&opened, &model, path);
        }
        let progress = Progress::begin("reading loans and their past");
        let vault = Keys::new(opened.keys.clone());
        let mut reader = opened.backend.connect()?;
        let places = (opened.backend.cells(), opened.tianxin.institution.zone_minutes);
        let seen = view(reader.as_mut(), &vault, places, &model, (clock::now(), i32::from(self.days), looks))?;
        drop(progress);
        if self.judge {
            return say_figures(&seen.figures, self.json);
        }
        let most = usize::from(self.most);
        if self.json {
            say(object(&seen, most).to_string());
            return Ok(());
        }
        say(format!(
            "{}: {} instalments within {} days; of {} forecasts of the past year {} came to be missed",
            seen.as_of,
            seen.ahead.len(),
            self.days,
            seen.figures.forecasts,
            seen.figures.missed
        ));
        say(format!(
            "{:>7} {:>4}  {:<10} {:>12}  {:<34} {}",
            "chance", "days", "due", "amount", "household", "reasons"
        ));
        for one in seen.ahead.iter().take(most) {
            say(line(one));
        }
        Ok(())
    }

    fn learn(&self, opened: &Opened, bands: &Model, path: &Path) -> Result<(), Failure> {
        let progress = Progress::begin("looking back");
        let vault = Keys::new(opened.keys.clone());
        let mut reader = opened.backend.connect()?;
        let zone = opened.tianxin.institution.zone_minutes;
        let instalments = Instalments::read(reader.as_mut(), opened.backend.cells(), zone, bands)?;
        let mut rows = instalments.looked_back(reader.as_mut(), &vault, 3 * JUDGED_DAYS, self.looks as usize)?;
        drop(progress);
        rows.sort_by_key(|row| row.due_on);
        let cut = rows.len() * 3 / 4;
        let (first, last) = rows.split_at(cut);
        let until = first.last().map_or(instalments.as_of, |row| row.due_on);
        let origin =
            format!("learnt of {} looks ahead at this institution's instalments due until {until}", first.len());
        let model = learn(bands, first, &origin).map_err(Failure::Wrong)?;
        write_model(path, &model)?;
        // What was known of the first part corrects the last, as it would have.
        let (judged, _) = as_it_came(&model, &rows);
        let mut ordered: Vec<_> = rows.iter().collect();
        ordered.sort_by_key(|row| row.due_on.add_days(-row.lead_days));
        let fresh = ordered.iter().zip(judged).filter(|(row, _)| row.due_on > until).map(|(_, judged)| judged);
        let figures = judge(&fresh.collect::<Vec<_>>());
        if !self.json {
            say(format!("wrote {}; on the {} looks that came later:", path.display(), last.len()));
        }
        say_figures(&figures, self.json)
    }
}

/// The points of a file, or those that the platform comes with.
pub fn model_of(path: Option<&Path>) -> Result<Model, Failure> {
    let read = match path {
        None => Model::usual(),
        Some(path) => {
            let source = own::source(path)?;
            Model::parse(&source.file, &source.text)
        }
    };
    read.map_err(|error| Failure::Wrong(error.to_string()))
}

/// Writes points to a file that is not there yet.
pub fn write_model(path: &Path, model: &Model) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::Usage(format!(
            "{} is there already: name a file that is not, or remove it",
            path.display()
        )));
    }
    std::fs::write(path, model.to_toml()).map_err(|error| Failure::file(path, "written", error))
}

fn say_figures(figures: &Figures, is_json: bool) -> Result<(), Failure> {
    match is_json {
        true => say(serde_json::to_string(figures).map_err(|error| Failure::Wrong(error.to_string()))?),
        false => figures_said(figures).iter().for_each(say),
    }
    Ok(())
}

/// Figures in lines for people.
pub fn figures_said(figures: &Figures) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let percent = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{:.1} %", value * 100.0));
    let mut lines = vec![
        format!("{} forecasts, {} missed: {}", figures.forecasts, figures.missed, percent(figures.base_rate)),
        format!(
            "AUC {} ({} to {}); of the 5 % with the highest chance {} were missed, {} of all that were",
            number(figures.auc),
            number(figures.auc_low),
            number(figures.auc_high),
            percent(figures.precision_top_5pct),
            percent(figures.recall_top_5pct)
        ),
        format!(
            "Brier score {}, of who says the base rate {}; mean distance of what was said and what came {}",
            number(figures.brier),
            number(figures.brier_of_base_rate),
            percent(figures.calibration_error)
        ),
    ];
    for lead in &figures.by_lead {
        lines.push(format!(
            "  {:>2} days ahead: {:>7} forecasts, {:>6} missed, AUC {}, of the highest 5 % {} missed",
            lead.days,
            lead.forecasts,
            lead.missed,
            number(lead.auc),
            percent(lead.precision_top_5pct)
        ));
    }
    lines.push("      said    came   forecasts".to_owned());
    for (count, said, came) in &figures.reliability {
        lines.push(format!("  {:>6.1} % {:>5.1} % {count:>11}", said * 100.0, came * 100.0));
    }
    lines
}

fn household(one: &DueAhead) -> String {
    PublicId { kind: IdKind::Household, cell: one.cell, id: one.household }.to_string()
}

fn line(one: &DueAhead) -> String {
    let reasons: Vec<String> = one.forecast.reasons.iter().map(|reason| reason.words().0).collect();
    format!(
        "{:>6.1}% {:>4}  {:<10} {:>12}  {:<34} {}",
        f64::from(one.forecast.chance_ppm) / 10_000.0,
        one.days,
        one.due_on.to_string(),
        format_minor(one.amount_minor),
        household(one),
        reasons.join("；")
    )
}

fn object(seen: &EarlyView, most: usize) -> Value {
    let ahead = seen.ahead.iter().take(most).map(|one| {
        let reasons = one.forecast.reasons.iter().map(|reason| {
            let (zh, en) = reason.words();
            let times = (reason.odds_times() * 100.0).round() / 100.0;
            json!({ "sign": reason.sign.word(), "value": reason.value, "odds_times": times, "zh": zh, "en": en })
        });
        let (zh, en) = words(one.forecast.chance_ppm);
        json!({
            "household": household(one),
            "loan": PublicId { kind: IdKind::Loan, cell: one.cell, id: one.loan }.to_string(),
            "product": one.product,
            "due_on": one.due_on.to_string(),
            "days": one.days,
            "amount": format_minor(one.amount_minor),
            "chance_ppm": one.forecast.chance_ppm,
            "said_ppm": one.forecast.said_ppm,
            "zh": zh,
            "en": en,
            "reasons": reasons.collect::<Vec<_>>(),
        })
    });
    json!({
        "as_of": seen.as_of.to_string(),
        "model": { "code": seen.model.0, "version": seen.model.1, "origin": seen.origin },
        "missed_after_days": seen.missed_after_days,
        "instalments": seen.ahead.len(),
        "past": seen.figures,
        "ahead": ahead.collect::<Vec<_>>(),
    })
}
