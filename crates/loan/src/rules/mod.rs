//! A jurisdiction as data: what a regulator or the institution sets, each figure with its date and source.
//!
//! A rule pack is a TOML file; the ones shipped under `rules/` show every key. [`RulePack::on`] gives the
//! figures that hold on a date as typed [`Rules`], which class, provision, non-accrual and servicing are given
//! as a value. Another jurisdiction is another file: other classes, other thresholds, another currency.

mod file;
mod resolve;

use basics::{Currency, Date, Rate};

pub use crate::arrears::ReAge;
use crate::{ClassMatrix, LoanClass, LoanError, Product};

/// A rule pack: the class ladder, dated figures, words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePack {
    /// Code of the pack: small letters, digits and hyphens.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// The currency that loans under it are in.
    pub currency: Currency,
    /// Code of the holiday calendar.
    pub holidays: String,
    /// The classes, best first.
    pub classes: Vec<ClassRung>,
    /// Every figure ever in effect.
    pub figures: Vec<Figure>,
    /// What things are called.
    pub words: Vec<Word>,
}

/// One class of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRung {
    /// Code, as figures name it.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Whether loans of this class count as performing.
    pub standing: Standing,
}

/// Whether a class counts as performing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It does.
    Performing,
    /// It does not 不良.
    NonPerforming,
}

/// A figure with its dates, as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is: one of [`RulePack::keys`], with the code of a class or product in the place of `*`.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// First day it holds; it ends with the next figure of this key.
    pub from: Date,
    /// Where it stands written.
    pub source: String,
    /// How surely that was checked.
    pub sure: Sureness,
}

/// How surely a figure was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sureness {
    /// Read in the wording of the rule.
    Text,
    /// Read in a copy or the press.
    Copy,
    /// To be checked by the institution.
    Memory,
    /// No rule: the institution's own choice.
    Own,
}

/// What something is called under this pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it is: `method.bullet`.
    pub key: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// What the books set aside for loans: which of the two measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AllowanceBasis {
    /// The larger of floors and expected loss.
    Greater,
    /// Expected loss; the floors are compared beside it.
    ExpectedLoss,
    /// The floors; expected loss is compared beside them.
    Floors,
}

impl AllowanceBasis {
    /// What has to stand in the books, of floors and expected loss; minor units.
    pub fn needed_fen(self, floor_fen: i64, expected_fen: i64) -> i64 {
        match self {
            AllowanceBasis::Greater => floor_fen.max(expected_fen),
            AllowanceBasis::ExpectedLoss => expected_fen,
            AllowanceBasis::Floors => floor_fen,
        }
    }
}

/// The figures of a pack that hold on one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The date.
    pub date: Date,
    /// Currency of the pack.
    pub currency: Currency,
    /// The classes, best first.
    pub classes: Vec<ClassRung>,
    /// Classes by days past due.
    pub matrix: ClassMatrix,
    /// Least class of a loan whose money was misused.
    pub misused_at_least: LoanClass,
    /// Least class of a loan that repaid an older one.
    pub new_for_old_at_least: LoanClass,
    /// Least class of a loan whose use was not shown in time; `None`: nothing follows from that by itself.
    pub use_not_shown_at_least: Option<LoanClass>,
    /// Least class of a renewal that misses the conditions.
    pub renewed_at_least: LoanClass,
    /// Least class of a restructured loan while it is observed.
    pub restructured_at_least: LoanClass,
    /// Months of observation, from the first due date after the change.
    pub restructured_months: u16,
    /// Payment periods of observation, from the same.
    pub restructured_periods: u16,
    /// Provision on every loan, of principal.
    pub general_provision: Rate,
    /// Provision by class, of principal, in the order of `classes`.
    pub specific: Vec<SpecificProvision>,
    /// What the allowance should be of non-performing loans.
    pub allowance_to_non_performing: Rate,
    /// What the allowance should be of all loans.
    pub allowance_to_loans: Rate,
    /// When a loan is in which stage of expected loss.
    pub stages: StageRules,
    /// What is lost where no model says.
    pub loss: LossRates,
    /// The same of products that have rates of their own, by product code.
    pub loss_of_products: Vec<(String, LossRates)>,
    /// What the books set aside of floors and expected loss.
    pub allowance_basis: AllowanceBasis,
    /// What the general risk reserve (一般风险准备) should be of all loans at the end of a year, taken from profit; `None`: there is none.
    pub general_reserve: Option<Rate>,
    /// Penalty over the contract rate for what is overdue.
    pub overdue_uplift: Bounds,
    /// Penalty over the contract rate for money misused.
    pub misuse_uplift: Bounds,
    /// Interest is no longer income at more than this many days past due.
    pub accrual_stops_over_days: u32,
    /// Days without arrears before it is income again.
    pub accrual_clean_days: u32,
    /// Loans of up to so many months are short.
    pub extension_short_months: u16,
    /// All extensions of a short loan together, of its original term.
    pub extension_short_of_term: Rate,
    /// All extensions of a longer loan together, of its original term; `None`: as the product has it.
    pub extension_long_of_term: Option<Rate>,
    /// What re-aging does to days past due.
    pub re_age: ReAge,
    /// What a guarantee counts for in the exposure of who gave it, of its amount.
    pub guarantee_weight: Rate,
    /// Cap of the annualised all-in cost.
    pub all_in_cap: Option<Rate>,
    /// Cap of private lending as a multiple of the reference rate (4 times is 400 %).
    pub private_lending_of_reference: Option<Rate>,
    /// Years that vouchers are kept.
    pub vouchers_years: u16,
    /// Years that laundering records are kept.
    pub laundering_years: u16,
    /// Years after which a negative record goes.
    pub negative_record_years: u16,
}

/// The provision that a class takes, and how far the institution may depart from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpecificProvision {
    /// Of principal.
    pub rate: Rate,
    /// Part of the rate by which it may be higher or lower.
    pub range: Rate,
}

impl SpecificProvision {
    /// The lowest and the highest rate allowed, cut to whole parts per million inwards.
    pub fn bounds(&self) -> (i64, i64) {
        let span = self.rate.ppm().saturating_mul(self.range.ppm()) / 1_000_000;
        (self.rate.ppm() - span, self.rate.ppm() + span)
    }
}

/// A least and a largest rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The least.
    pub min: Rate,
    /// The largest.
    pub max: Rate,
}

impl Bounds {
    /// Whether parts per million lie within.
    pub fn holds(&self, ppm: i64) -> bool {
        (self.min.ppm()..=self.max.ppm()).contains(&ppm)
    }
}

/// When a loan's risk has increased significantly, and when it is impaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StageRules {
    /// Loss over its life at more than this many days past due.
    pub lifetime_over_days: u32,
    /// Loss over its life from this class on.
    pub lifetime_from_class: LoanClass,
    /// Impaired at more than this many days past due.
    pub impaired_over_days: u32,
    /// Impaired from this class on.
    pub impaired_from_class: LoanClass,
}

/// Rates of expected loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LossRates {
    /// Probability of default within twelve months.
    pub default_in_a_year: Rate,
    /// Probability of default over the life of a loan.
    pub default_in_its_life: Rate,
    /// What is lost of the exposure in a default.
    pub given_default: Rate,
}

impl RulePack {
    /// The packs that are shipped: file name and text.
    pub const SHIPPED: [(&'static str, &'static str); 2] = [
        ("rules/cn-rural.toml", include_str!("../../rules/cn-rural.toml")),
        ("rules/xx-pattern.toml", include_str!("../../rules/xx-pattern.toml")),
    ];

    /// Reads a rule pack. `file` names it in errors, which name line and field too.
    ///
    /// Every figure is read as its key asks, whatever its date, so that a pack that loads has no figure that fails later.
    ///
    /// ```
    /// let error = loan::rules::RulePack::parse("mine.toml", "code = 7").unwrap_err();
    /// assert_eq!(error.to_string(), "mine.toml, line 1, `code`: invalid type: integer `7`, expected a string");
    /// ```
    pub fn parse(file: &str, text: &str) -> Result<RulePack, LoanError> {
        file::read(file, text)
    }

    /// A shipped pack by its code. Errors if there is none.
    pub fn shipped(code: &str) -> Result<RulePack, LoanError> {
        for (file, text) in RulePack::SHIPPED {
            let pack = RulePack::parse(file, text)?;
            if pack.code == code {
                return Ok(pack);
            }
        }
        Err(LoanError::Rules(format!("there is no rule pack `{code}`: choose one of the shipped packs")))
    }

    /// The figures that hold on a date. Errors, naming it, if a figure that is needed is not in effect then.
    ///
    /// ```
    /// use basics::Date;
    /// use loan::rules::RulePack;
    /// let pack = RulePack::shipped("cn-rural")?;
    /// let rules = pack.on(Date::ymd(2026, 9, 29)?)?;
    /// assert_eq!(rules.accrual_stops_over_days, 90);
    /// assert_eq!(pack.class_code(rules.matrix.class(91)), "substandard");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(&self, date: Date) -> Result<Rules, LoanError> {
        resolve::rules(self, date)
    }

    /// The figure of a key that holds on a date.
    pub fn figure(&self, key: &str, date: Date) -> Option<&Figure> {
        let of_key = self.figures.iter().filter(|figure| figure.key == key && figure.from <= date);
        of_key.max_by_key(|figure| figure.from)
    }

    /// What something is called.
    pub fn word(&self, key: &str) -> Option<&Word> {
        self.words.iter().find(|word| word.key == key)
    }

    /// The code of a class; `unknown` for a class that is not on this ladder.
    pub fn class_code(&self, class: LoanClass) -> &str {
        self.classes.get(usize::from(class.0)).map_or("unknown", |rung| rung.code.as_str())
    }

    /// The class of a code. Errors with the codes there are.
    pub fn class(&self, code: &str) -> Result<LoanClass, LoanError> {
        let at = self.classes.iter().position(|rung| rung.code == code);
        at.and_then(|at| u8::try_from(at).ok()).map(LoanClass).ok_or_else(|| {
            let codes: Vec<&str> = self.classes.iter().map(|rung| rung.code.as_str()).collect();
            LoanError::Rules(format!("`{code}` is no class: choose {}", codes.join(", ")))
        })
    }
}

impl Rules {
    /// Whether a class counts as performing. A class that is not on the ladder does not.
    pub fn standing(&self, class: LoanClass) -> Standing {
        self.classes.get(usize::from(class.0)).map_or(Standing::NonPerforming, |rung| rung.standing)
    }

    /// The rates of loss of a product: its own, or those of all.
    pub fn loss_of(&self, product: &str) -> &LossRates {
        let own = self.loss_of_products.iter().find(|(code, _)| code == product);
        own.map_or(&self.loss, |(_, rates)| rates)
    }

    /// Whether a product may be offered under these rules: currency, penalty and cost cap.
    ///
    /// Errors say which bound is passed and what it is.
    pub fn check_product(&self, product: &Product) -> Result<(), LoanError> {
        let wrong = |what: String| Err(LoanError::Rules(format!("product {}: {what}", product.code)));
        if product.currency != self.currency {
            return wrong(format!("lends {}, and the rules are for {}", product.currency, self.currency));
        }
        if !self.overdue_uplift.holds(product.penalty_uplift_ppm) {
            return wrong(format!(
                "the penalty is {} % over the contract rate; the rules allow {} to {} %",
                crate::cost::percent(product.penalty_uplift_ppm),
                self.overdue_uplift.min,
                self.overdue_uplift.max
            ));
        }
        if (self.re_age, product.re_age) == (ReAge::Kept, Some(ReAge::Reset)) {
            return wrong("resets days past due where a plan is made anew; the rules keep them".to_owned());
        }
        match (self.all_in_cap, product.cost_cap) {
            (Some(cap), None) => wrong(format!("names no cap of its all-in cost; the rules cap it at {cap} %")),
            (Some(cap), Some(own)) if own > cap => {
                wrong(format!("caps its all-in cost at {own} %; the rules cap it at {cap} %"))
            }
            _ => Ok(()),
        }
    }
}
