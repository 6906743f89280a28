//! `tianxin quote` and `tianxin product`: what a loan would look like and cost, without any database.

use std::path::PathBuf;

use basics::money::format_minor;
use basics::{Date, Money, Rate};
use clap::{Args, Subcommand};
use loan::cost::{annualised_ppm, cost_table, effective_ppm, percent};
use loan::product::{Pricing, TermUnit};
use loan::schedule::schedule;
use loan::season::{CropCalendar, parse_crops};
use loan::{Instalment, LoanError, Method, Product, Schedule, Term};
use serde_json::json;

use crate::failure::Failure;
use crate::terminal::{log, say};

/// Print the schedule of a loan and what it costs.
///
/// Where the product is priced by rating and no rating is named, the dearest price is taken, and said
/// so beside the answer: a quote never promises less than the loan may cost.
#[derive(Args)]
pub struct Quote {
    /// Code of a shipped product: see `tianxin product list`
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

/// Look at the products that are shipped.
#[derive(Subcommand)]
pub enum ProductTask {
    /// List them: code, names, method
    List {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
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
    pub fn run(self) -> Result<(), Failure> {
        let answer = self.answer()?;
        say(if self.json { answer.json() } else { answer.table() });
        Ok(())
    }

    fn answer(&self) -> Result<Answer, Failure> {
        let product = self.read_product()?;
        let date = Date::parse(&self.date).map_err(usage)?;
        let amount = Money::parse(&self.amount, product.currency).map_err(usage)?;
        if product.method == Method::StatementLine {
            return self.conversion(&product, amount, date);
        }
        let term = self.term_of(&product, date)?;
        let product = self.for_household(product)?;
        let rate = self.rate(&product, term, date)?;
        let terms = product.terms(amount, term, date, rate).map_err(refused)?;
        let cost = cost_table(&terms).map_err(refused)?;
        cost.check_cap(product.cost_cap).map_err(refused)?;
        Ok(Answer {
            title: title(&product),
            rate,
            schedule: schedule(&terms).map_err(refused)?,
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

    fn read_product(&self) -> Result<Product, Failure> {
        match (&self.product, &self.terms) {
            (Some(code), _) => loan::product::shipped(code).map_err(refused),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
                Product::parse(&path.display().to_string(), &text).map_err(refused)
            }
            (None, None) => Err(Failure::Usage("name a product, or give a file of terms".to_owned())),
        }
    }

    /// The product with the household's region and crops, where they are named.
    fn for_household(&self, product: Product) -> Result<Product, Failure> {
        let (Some(region), Some(crops)) = (&self.region, &self.crops) else { return Ok(product) };
        let calendar = CropCalendar::shipped().map_err(usage)?;
        let crops = parse_crops(crops).map_err(usage)?;
        product.for_household(&calendar, region, &crops).map_err(refused)
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

fn title(product: &Product) -> String {
    format!("{} {} ({} version {})", product.name_zh, product.name_en, product.code, product.version)
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// What lies outside the product is a matter of what was asked.
fn refused(error: LoanError) -> Failure {
    Failure::Usage(error.to_string())
}

impl ProductTask {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let ProductTask::List { json } = self;
        let mut products = Vec::new();
        for (file, text) in loan::product::SHIPPED {
            products.push(Product::parse(file, text).map_err(refused)?);
        }
        if json {
            let listed: Vec<serde_json::Value> = products.iter().map(listed).collect();
            say(serde_json::Value::Array(listed).to_string());
            return Ok(());
        }
        for product in &products {
            let Product { code, name_zh, name_en, method, .. } = product;
            say(format!("{code:<26} {name_zh} {name_en}: {} {}", method.name_zh(), method.as_str()));
            say(format!(
                "{:<26} {}, {} to {} {}",
                "",
                product.amounts_text(),
                product.term_min,
                product.term_max,
                product.term_unit.as_str()
            ));
        }
        Ok(())
    }
}

fn listed(product: &Product) -> serde_json::Value {
    json!({
        "id": product.code,
        "name": product.name_zh,
        "name_en": product.name_en,
        "method": product.method.as_str(),
    })
}
