//! `tianxin quote`: what a loan would look like and cost, without any database.

use std::path::PathBuf;

use basics::money::format_minor;
use basics::{Date, Money, Rate};
use clap::Args;
use loan::cost::{annualised_ppm, cost_table, effective_ppm, percent};
use loan::product::{Pricing, TermUnit};
use loan::schedule::schedule;
use loan::season::parse_crops;
use loan::{Instalment, LoanError, Method, Product, Schedule, Term};
use serde_json::json;

use crate::config::Place;
use crate::failure::Failure;
use crate::own::{self, Own};
use crate::terminal::{log, say};

/// Print the schedule of a loan and what it costs.
///
/// Where the product is priced by rating and no rating is named, the dearest price is taken, and said
/// so beside the answer: a quote never promises less than the loan may cost. Products, published rates and
/// calendars of the data folder count beside the shipped ones; where a published rate or a holiday calendar was
/// used, standard error says which, and how far it goes.
#[derive(Args)]
pub struct Quote {
    /// Code of a product, in the version of the day of disbursement: see `tianxin product list`
    #[arg(long, required_unless_present = "terms", conflicts_with = "terms")]
    product: Option<String>,
    /// A product file of one's own
    #[arg(long, value_name = "FILE")]
    terms: Option<PathBuf>,
    /// How much, in major units: 10000 or 10000.00
    #[arg(long)]
    amount: String,
    /// For how many months; of a statement line, into how many instalments a purchase is converted
    #[arg(long)]
    term: u16,
    /// Day of disbursement, year-month-day
    #[arg(long)]
    date: String,
    /// Region of the crop calendar, for a seasonal loan
    #[arg(long, requires = "crops")]
    region: Option<String>,
    /// Crops with their areas in mu, for a seasonal loan: wheat:4,maize:6
    #[arg(long, requires = "region")]
    crops: Option<String>,
    /// Rating of the household, for a product priced by rating
    #[arg(long)]
    rating: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was asked for and what came of it.
struct Answer {
    title: String,
    rate: Rate,
    schedule: Schedule,
    total_cost_fen: i64,
    annualised_ppm: i64,
    effective_ppm: i64,
}

impl Quote {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let answer = self.answer(&Own::of_folder(place)?)?;
        say(if self.json { answer.json() } else { answer.table() });
        Ok(())
    }

    fn answer(&self, own: &Own) -> Result<Answer, Failure> {
        let date = Date::parse(&self.date).map_err(usage)?;
        let product = self.read_product(own, date)?;
        let amount = Money::parse(&self.amount, product.currency).map_err(usage)?;
        if product.method == Method::StatementLine {
            return self.conversion(&product, amount, date);
        }
        let term = self.term_of(&product, date)?;
        let product = self.for_household(product, own)?;
        let rate = self.rate(&product, term, date)?;
        let terms = product.terms(amount, term, date, rate).map_err(refused)?;
        let cost = cost_table(&terms).map_err(refused)?;
        cost.check_cap(product.cost_cap).map_err(refused)?;
        cost.check_cap(own.all_in_cap(product.currency, date)?).map_err(refused)?;
        let schedule = schedule(&terms).map_err(refused)?;
        for note in notes(&product, own, term, date, &schedule) {
            log(&note);
        }
        Ok(Answer {
            title: title(&product),
            rate,
            schedule,
            total_cost_fen: cost.total_cost_fen,
            annualised_ppm: cost.annualised_ppm,
            effective_ppm: cost.effective_ppm,
        })
    }

    /// A purchase under a statement line, converted into as many instalments as the term has months.
    fn conversion(&self, product: &Product, amount: Money, date: Date) -> Result<Answer, Failure> {
        let validity = Term::Months(product.term_max);
        let rate = self.rate(product, validity, date)?;
        let line = product.line_terms(amount, validity, date, rate).map_err(refused)?;
        let quote = loan::line::quote(&line, amount.minor(), self.term, date).map_err(refused)?;
        Ok(Answer {
            title: title(product),
            rate,
            total_cost_fen: quote.fees_fen,
            annualised_ppm: annualised_ppm(&quote.schedule).map_err(refused)?,
            effective_ppm: effective_ppm(&quote.schedule).map_err(refused)?,
            schedule: quote.schedule,
        })
    }

    fn read_product(&self, own: &Own, date: Date) -> Result<Product, Failure> {
        match (&self.product, &self.terms) {
            (Some(code), _) => {
                let unknown = || refused(LoanError::UnknownProduct(code.chars().take(40).collect()));
                own.products.on(code, date).cloned().ok_or_else(unknown)
            }
            (None, Some(path)) => {
                let source = own::source(path)?;
                Product::parse_against(&source.file, &source.text, &own.published).map_err(refused)
            }
            (None, None) => Err(Failure::Usage("name a product, or give a file of terms".to_owned())),
        }
    }

    /// The product with the household's region and crops, where they are named.
    fn for_household(&self, product: Product, own: &Own) -> Result<Product, Failure> {
        let (Some(region), Some(crops)) = (&self.region, &self.crops) else { return Ok(product) };
        let crops = parse_crops(crops).map_err(usage)?;
        product.for_household(&own.crops, region, &crops).map_err(refused)
    }

    /// The term in the product's own unit: a product in days runs to the same day so many months later.
    fn term_of(&self, product: &Product, date: Date) -> Result<Term, Failure> {
        if product.term_unit == TermUnit::Months {
            return Ok(Term::Months(self.term));
        }
        let days = date.add_months(i32::from(self.term)).map_err(usage)? - date;
        u16::try_from(days).map(Term::Days).map_err(usage)
    }

    fn rate(&self, product: &Product, term: Term, date: Date) -> Result<Rate, Failure> {
        if !product.is_offered(date) {
            // The reason is that it is not offered, not that no rate was published then.
            let rate = Rate::ZERO;
            let amount = Money::new(product.amount_min_fen, product.currency);
            product.terms(amount, term, date, rate).map_err(refused)?;
        }
        let priced = product.priced_for(term, date).map_err(refused)?;
        if let Some(rating) = self.rating.as_deref() {
            return priced.price(Some(rating)).map_err(refused);
        }
        match &priced.pricing {
            Pricing::One(rate) => Ok(*rate),
            Pricing::ByRating(grid) => {
                let dearest = grid.iter().max_by_key(|(_, rate)| *rate);
                let (rating, rate) = dearest.ok_or_else(|| Failure::Usage(format!("{} has no price", product.code)))?;
                log(&format!("no rating named: the dearest price is taken, rating {rating} at {rate} % a year"));
                Ok(*rate)
            }
        }
    }
}

impl Answer {
    fn json(&self) -> String {
        let rows: Vec<serde_json::Value> = self.schedule.rows.iter().map(row).collect();
        // Rates are written by hand: six places, the last ones even where they are nothing.
        format!(
            "{{\"schedule\":{},\"total_cost\":\"{}\",\"irr_annualised\":{},\"effective_annual\":{}}}",
            serde_json::Value::Array(rows),
            format_minor(self.total_cost_fen),
            six_places(self.annualised_ppm),
            six_places(self.effective_ppm)
        )
    }

    fn table(&self) -> String {
        format!(
            "{}, {} % a year\n\n{}\ntotal cost {}\nannualised all-in cost {} %\neffective annual rate {} %",
            self.title,
            self.rate,
            self.schedule,
            format_minor(self.total_cost_fen),
            percent(self.annualised_ppm),
            percent(self.effective_ppm)
        )
    }
}

/// What a reader of the quote has to know of the tables behind it.
fn notes(product: &Product, own: &Own, term: Term, date: Date, schedule: &Schedule) -> Vec<String> {
    let reference = product.linked.as_ref().and_then(|linked| linked.reference(term));
    let mut notes: Vec<String> = reference.and_then(|code| own.rate_note(code, date)).into_iter().collect();
    if let Some(roll) = &product.roll
        && let Some(year) = schedule.rows.iter().map(|row| row.due.year()).find(|year| !roll.holidays.knows(*year))
    {
        notes.push(format!(
            "the calendar {} does not know {year}: due dates from then on move off weekends only; add the year to a file \
             in calendars/ of the data folder once it is announced",
            roll.holidays.code
        ));
    }
    notes
}

fn row(row: &Instalment) -> serde_json::Value {
    json!({
        "n": row.number,
        "due": row.due.to_string(),
        "days": row.due - row.from,
        "principal": format_minor(row.principal_fen),
        "interest": format_minor(row.interest_fen),
        "fees": format_minor(row.fee_fen),
        "total": format_minor(row.total_fen),
        "balance": format_minor(row.balance_after_fen),
    })
}

fn six_places(ppm: i64) -> String {
    let sign = if ppm < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", ppm.unsigned_abs() / 1_000_000, ppm.unsigned_abs() % 1_000_000)
}

/// A product by both names, its code and version.
pub fn title(product: &Product) -> String {
    format!("{} {} ({} version {})", product.name_zh, product.name_en, product.code, product.version)
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// What lies outside the product is a matter of what was asked.
fn refused(error: LoanError) -> Failure {
    Failure::Usage(error.to_string())
}
