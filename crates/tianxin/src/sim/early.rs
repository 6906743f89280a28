//! `tianxin sim early`: what an early warning is worth on counties, and points learnt of them.

use std::path::PathBuf;

use basics::Date;
use clap::Args;
use sim::World;
use sim::moments::Lender;
use watch::early::{Row, as_it_came, judge, learn};

use super::run::county;
use crate::failure::Failure;
use crate::terminal::{Progress, say};
use crate::watch::early::{figures_said, model_of, write_model};

/// Look ahead at the instalments of counties.
///
/// Counties live with a plain lender and without the platform. Each instalment is looked at four, two and one week before it falls due, by
/// what the lender knew on that day; its chance is corrected by what had come until then, and nothing later.
#[derive(Args)]
pub struct Early {
    /// The county; the shipped one where none is named
    #[arg(long, value_name = "FILE")]
    county: Option<PathBuf>,
    /// How many households live there
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(50..))]
    households: u32,
    /// For how many days
    #[arg(long, default_value_t = 1_095, value_parser = clap::value_parser!(u16).range(120..=7_300))]
    days: u16,
    /// The seeds, one county a seed
    #[arg(long = "seed", value_name = "S", default_values_t = [1])]
    seeds: Vec<u64>,
    /// The points [default: those that the platform comes with]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Learn points of these counties, and write them to a file
    #[arg(long, value_name = "FILE")]
    learn: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Early {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let (county, hash) = county(self.county.as_deref())?;
        let mut model = model_of(self.model.as_deref())?;
        let days = i32::from(self.days);
        let first = Date::ymd(2024, 1, 1).map_err(|error| Failure::Wrong(error.to_string()))?;
        let mut counties: Vec<Vec<Row>> = Vec::new();
        {
            let progress = Progress::begin("living");
            for seed in &self.seeds {
                let mut world = World::new(&county, *seed, self.households, first);
                let mut lender = Lender::new(self.households as usize).looking_ahead(&world, model.missed_after_days);
                for day in 0..days {
                    progress.set(format!("seed {seed}, day {day} of {days}"));
                    lender.day(&mut world, first.add_days(day));
                }
                counties.push(lender.instalments(first.add_days(days)));
            }
        }
        if let Some(path) = &self.learn {
            let rows: Vec<Row> = counties.concat();
            let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
            let origin = format!(
                "learnt of {} looks ahead at instalments of simulated counties with a plain lender: county {}, {} households, {days} days, seeds {}",
                rows.len(),
                hash.get(..12).unwrap_or_default(),
                self.households,
                seeds.join(", ")
            );
            model = learn(&model, &rows, &origin).map_err(Failure::Wrong)?;
            write_model(path, &model)?;
        }
        // Each county is a past of its own.
        let judged: Vec<_> = counties.iter().flat_map(|rows| as_it_came(&model, rows).0).collect();
        let figures = judge(&judged);
        match self.json {
            true => say(serde_json::to_string(&figures).map_err(|error| Failure::Wrong(error.to_string()))?),
            false => figures_said(&figures).iter().for_each(say),
        }
        Ok(())
    }
}
