//! `tianxin remind`: read a reminder plan as `serve` would, and show what it does to one loan.

use std::path::{Path, PathBuf};

use basics::Date;
use clap::Subcommand;
use loan::LoanClass;
use loan::remind::{About, ReminderPlan};

use crate::config::{Place, Settings};
use crate::failure::Failure;
use crate::init::read_date;
use crate::own::source;
use crate::terminal::say;

/// Days before and after a due date that `show` looks at.
const SHOWN_DAYS: i32 = 366;

/// Read reminder plans.
#[derive(Subcommand)]
pub enum Remind {
    /// Read a plan, and say what is wrong with it, with line and field
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the plan in force as days around a due date that is not paid
    Show {
        /// The due date
        #[arg(long, value_name = "DATE", value_parser = read_date)]
        due: Date,
        /// The product
        #[arg(long, value_name = "CODE", default_value = "short-working-capital")]
        product: String,
        /// Another plan than the one in force
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
    },
    /// Print the shipped plan, to be copied and changed
    Shipped,
}

impl Remind {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Remind::Check { file } => {
                let plan = read(&file)?;
                let (steps, texts) = (plan.steps.len(), plan.texts.len());
                say(format!("{}: version {}, {steps} steps, {texts} texts", file.display(), plan.version));
                Ok(())
            }
            Remind::Show { due, product, plan } => {
                let plan = match plan {
                    Some(file) => read(&file)?,
                    None => in_force(place)?,
                };
                show(&plan, due, &product);
                Ok(())
            }
            Remind::Shipped => {
                say(ReminderPlan::SHIPPED.trim_end());
                Ok(())
            }
        }
    }
}

fn read(file: &Path) -> Result<ReminderPlan, Failure> {
    let source = source(file)?;
    ReminderPlan::parse(&source.file, &source.text).map_err(|error| Failure::Wrong(error.to_string()))
}

/// The plan of the data folder; the shipped one where no institution is there yet.
fn in_force(place: &Place) -> Result<ReminderPlan, Failure> {
    if !place.settings_path().exists() {
        return ReminderPlan::shipped().map_err(|error| Failure::Unreachable(error.to_string()));
    }
    match Settings::read(place)?.reminders {
        Some(file) => read(&place.data.join(file)),
        None => Err(Failure::Wrong(format!(
            "{} names no reminder plan: write `reminders = \"reminders.toml\"` there, and the plan beside it \
             (`tianxin remind shipped` prints one)",
            place.settings_path().display()
        ))),
    }
}

fn show(plan: &ReminderPlan, due: Date, product: &str) {
    for offset in -SHOWN_DAYS..=SHOWN_DAYS {
        let day = due.add_days(offset);
        let (unpaid_since, next_due) = if offset > 0 { (Some(due), None) } else { (None, Some(due)) };
        let about = About { product, class: LoanClass::BEST, unpaid_since, next_due, collected: true };
        for falling in plan.on_day(&about, day) {
            say(format!("{day}  {offset:+5}  {:5}  {}", falling.step.channel, falling.step.code));
        }
        if plan.collects_on(&About { unpaid_since: Some(due), ..about }, day) {
            say(format!("{day}  {offset:+5}  taken from the wallet at the close"));
        }
    }
}
