//! `tianxin sim`: a simulated county that lives through the platform's own door.

use clap::Subcommand;

use crate::config::Place;
use crate::failure::Failure;

mod chaos;
mod early;
mod export;
mod learn;
pub(crate) mod lessons;
pub(crate) mod life;
mod moments;
mod resume;
pub(crate) mod run;
mod watch;

pub(crate) use run::write_file;

/// Let a simulated county live through the platform.
#[derive(Subcommand)]
pub enum Sim {
    /// Live through some years of a county, and leave its books and what is true of it in a folder
    ///
    /// The folder becomes a data folder of Tianxin as any other: `tianxin --data DIR audit verify` proves it. Beside the books
    /// stand events.csv (what was observed), loans.csv (what was decided on, by which features it was judged, how it went)
    /// and truth.csv (why, which no program that lends may read). The same seed, county and model give the same
    /// three files, on SQLite and on PostgreSQL, with any number of threads. A run on SQLite that was cut off goes on with
    /// --resume from the last of the points it has kept, and ends in the same files.
    Run(Box<run::Run>),
    /// Make a training set of the loans of a run, with or without what is hidden
    Export(export::Export),
    /// Compare a county with published figures: what is wanted, what it gives over the seeds, and whether that lies inside
    ///
    /// The county lives three years with a plain lender and without the platform: this is about the county, not the books.
    Moments(moments::Moments),
    /// Compare what can be learnt from a county with what is asked of it: by models, and by each column alone
    Learn(learn::Learn),
    /// Look ahead at every instalment of counties, four, two and one week before: how often it was missed, and what was said
    Early(early::Early),
    /// Show a county to the monitor: how many schemes of each kind of fraud it calls, and how often it calls
    Watch(watch::Watch),
    /// Live through the same county while its platform is killed and confused; 0 only if every run heals
    Chaos(chaos::Chaos),
    /// A part of `sim chaos`
    #[command(hide = true)]
    ChaosChild(chaos::ChaosChild),
}

pub(crate) use run::county;

impl Sim {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Sim::Run(run) => run.run(place),
            Sim::Export(export) => export.run(),
            Sim::Moments(moments) => moments.run(),
            Sim::Learn(learn) => learn.run(),
            Sim::Early(early) => early.run(),
            Sim::Watch(watch) => watch.run(),
            Sim::Chaos(chaos) => chaos.run(),
            Sim::ChaosChild(child) => child.run(place),
        }
    }
}
