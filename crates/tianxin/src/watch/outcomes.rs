//! `tianxin watch outcomes`: what came of alerts, and what the verdicts ask of the thresholds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use app::outcomes::{self, LABELS_MIN, PRECISION_PERCENT, Times};
use clap::Args;
use serde_json::json;
use watch::Config;

use crate::config::{self, Place, Settings, Use};
use crate::failure::Failure;
use crate::terminal::{Progress, say};
use crate::{clock, own};

/// Say what came of alerts.
///
/// Precision by typology with what it may be, how soon cases are taken and decided by what their strongest alert asks for, and the lowest thresholds
/// from which on enough of the decided alerts were true. Thresholds change where the institution says so: `--retune FILE` writes a
/// configuration with them, to be tried on history (`watch try`) and named in institution.toml.
#[derive(Args)]
pub struct Outcomes {
    /// Write the configuration in force with the thresholds that the verdicts ask for, and the next version, to a file
    #[arg(long, value_name = "FILE")]
    retune: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Outcomes {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let (file, text) = match &Settings::read(place)?.watch {
            None => ("usual.toml".to_owned(), Config::USUAL.to_owned()),
            Some(path) => {
                let source = own::source(&place.data.join(path))?;
                (source.file, source.text)
            }
        };
        let wrong = |error: watch::ConfigError| Failure::Wrong(error.to_string());
        let config = Config::parse(&file, &text).map_err(wrong)?;
        let progress = Progress::begin("reading cases");
        let mut reader = opened.backend.connect()?;
        let found = outcomes::outcomes(reader.as_mut(), &config, clock::now())?;
        drop(progress);
        let changed: BTreeMap<String, i32> = found
            .typologies
            .iter()
            .filter(|one| one.asked_milli != one.threshold_milli)
            .filter_map(|one| Some((one.code.clone(), one.asked_milli?)))
            .collect();
        if let Some(path) = &self.retune {
            if path.exists() {
                let what = format!("{} is there already: name a file that is not, or remove it", path.display());
                return Err(Failure::Usage(what));
            }
            if changed.is_empty() {
                let what = format!(
                    "no threshold changes: a typology needs at least {LABELS_MIN} alerts with a verdict of true or false"
                );
                return Err(Failure::Wrong(what));
            }
            let tuned = Config::retuned(&file, &text, &changed).map_err(wrong)?;
            std::fs::write(path, tuned).map_err(|error| Failure::file(path, "written", error))?;
        }
        let bits = |milli: Option<i32>| milli.map(|milli| f64::from(milli) / 1_000.0);
        if self.json {
            let typologies = found.typologies.iter().map(|one| {
                json!({
                    "code": one.code, "cases": one.cases, "alerts": one.alerts, "true": one.verdicts[0], "false": one.verdicts[1],
                    "unclear": one.verdicts[2], "precision": one.precision, "precision_within": one.precision_within,
                    "labels": one.labels, "threshold": bits(one.threshold_milli), "asked": bits(one.asked_milli),
                })
            });
            let times = |times: &Times| json!({ "count": times.count, "median_hours": times.median_hours, "ninety_hours": times.ninety_hours });
            let service = found.service.iter().map(|one| {
                json!({
                    "class": one.class, "to_take": times(&one.to_take), "to_decide": times(&one.to_decide), "waiting": one.waiting,
                    "waiting_over": one.waiting_over, "in_work": one.in_work, "in_work_over": one.in_work_over,
                })
            });
            let object = json!({
                "config": { "code": config.code, "version": config.version, "hash": config.hash },
                "precision_percent": PRECISION_PERCENT,
                "typologies": typologies.collect::<Vec<_>>(),
                "service": service.collect::<Vec<_>>(),
                "alerts_by_config": found.by_config,
            });
            say(object.to_string());
            return Ok(());
        }
        let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        say(format!("{} version {}, {}", config.code, config.version, config.hash));
        say(format!(
            "{:<18}{:>7}{:>7}{:>7}{:>9}{:>11}{:>14}{:>9}{:>11}{:>8}",
            "typology", "cases", "true", "false", "unclear", "precision", "within", "labels", "threshold", "asked"
        ));
        for one in &found.typologies {
            let within = one.precision_within.map_or("-".to_owned(), |(low, high)| format!("{low:.2} to {high:.2}"));
            say(format!(
                "{:<18}{:>7}{:>7}{:>7}{:>9}{:>11}{within:>14}{:>9}{:>11}{:>8}",
                one.code,
                one.cases,
                one.verdicts[0],
                one.verdicts[1],
                one.verdicts[2],
                shown(one.precision),
                one.labels,
                shown(bits(one.threshold_milli)),
                shown(bits(one.asked_milli))
            ));
        }
        say(format!(
            "{:<18}{:>22}{:>22}{:>16}{:>16}",
            "class", "taken in h (90 %)", "decided in h (90 %)", "waiting (late)", "in work (late)"
        ));
        for one in &found.service {
            let times = |times: &Times| format!("{} ({})", shown(times.median_hours), shown(times.ninety_hours));
            say(format!(
                "{:<18}{:>22}{:>22}{:>16}{:>16}",
                one.class,
                times(&one.to_take),
                times(&one.to_decide),
                format!("{} ({})", one.waiting, one.waiting_over),
                format!("{} ({})", one.in_work, one.in_work_over)
            ));
        }
        Ok(())
    }
}
