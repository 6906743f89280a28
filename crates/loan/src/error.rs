//! What can be wrong with a product, with terms, or with an event.

use basics::money::format_minor;
use basics::{Date, Id};

/// Every way the loan engine refuses something. The state of a loan never changes on a refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoanError {
    /// A product or rule file cannot be used as it stands.
    #[error("{file}, line {line}, `{field}`: {problem}")]
    ProductFile {
        /// File name as it was given.
        file: String,
        /// Line, from 1; of the table's head where the field itself is missing.
        line: usize,
        /// Field, with its table: `amount.min`.
        field: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// No product of this code is shipped.
    #[error("there is no product `{0}`: choose one of the listed products")]
    UnknownProduct(String),
    /// The amount asked for is outside the product.
    #[error(
        "{product} lends {} to {} in steps of {}, not {}: ask for an amount in that range",
        format_minor(*min_fen), format_minor(*max_fen), format_minor(*multiple_fen), format_minor(*asked_fen)
    )]
    AmountOutside {
        /// Product code.
        product: String,
        /// Least amount, minor units.
        min_fen: i64,
        /// Largest amount, minor units.
        max_fen: i64,
        /// Amounts are multiples of this, minor units.
        multiple_fen: i64,
        /// What was asked for, minor units.
        asked_fen: i64,
    },
    /// The amount is in another currency than the product's.
    #[error("{product} lends {lends}, not {asked}: ask for an amount in {lends}")]
    CurrencyOutside {
        /// Product code.
        product: String,
        /// Currency of the product.
        lends: String,
        /// Currency asked for.
        asked: String,
    },
    /// The term asked for is outside the product.
    #[error("{product} runs {min} to {max} {unit}, not {asked}: ask for a term in that range")]
    TermOutside {
        /// Product code.
        product: String,
        /// Shortest term.
        min: u16,
        /// Longest term.
        max: u16,
        /// `months` or `days`.
        unit: &'static str,
        /// What was asked for, with its unit.
        asked: String,
    },
    /// The product is not offered on this date.
    #[error("{product} version {version} is offered from {from} {}, not on {date}: choose a product or version in effect then",
        to.map_or("on".to_owned(), |to| format!("to {to}")))]
    NotInEffect {
        /// Product code.
        product: String,
        /// Product version.
        version: u32,
        /// First day on which it is offered.
        from: Date,
        /// Last day on which it is offered, if there is one.
        to: Option<Date>,
        /// The date asked for.
        date: Date,
    },
    /// The product has no price for this rating, or the rate is not one of its prices.
    #[error("{product} has no price for {asked}: its prices are {prices}")]
    NoPrice {
        /// Product code.
        product: String,
        /// Rating or rate asked for.
        asked: String,
        /// The prices there are.
        prices: String,
    },
    /// No rate of this code was published by a date.
    #[error("no `{code}` was published by {date}: add it to the table of reference rates")]
    NoReference {
        /// Code of the published rate.
        code: String,
        /// The date asked for.
        date: Date,
    },
    /// There is no holiday calendar of this code, shipped or the institution's own.
    #[error("there is no holiday calendar `{code}`: choose one of {known}, or leave the roll out")]
    NoCalendar {
        /// The code asked for.
        code: String,
        /// The codes there are.
        known: String,
    },
    /// Terms that no schedule can be made of.
    #[error("these terms cannot be scheduled: {0}")]
    Terms(String),
    /// An instalment that does not pay more than its interest never ends the loan.
    #[error(
        "instalments of {} never pay the loan back, the interest of the first period alone is {}: ask for fewer instalments or a smaller multiple",
        format_minor(*instalment_fen), format_minor(*interest_fen)
    )]
    NeverAmortises {
        /// The instalment, minor units.
        instalment_fen: i64,
        /// Interest of the first period that has to repay principal, minor units.
        interest_fen: i64,
    },
    /// The all-in cost passes the cap.
    #[error("the all-in cost of {} % a year passes the cap of {} %: lower the fees or the rate",
        crate::cost::percent(*annualised_ppm), crate::cost::percent(*cap_ppm))]
    OverCap {
        /// Annualised internal rate, parts per million.
        annualised_ppm: i64,
        /// The cap, parts per million.
        cap_ppm: i64,
    },
    /// The flows have no internal rate.
    #[error("the flows have no internal rate: {0}")]
    NoRate(&'static str),
    /// An amount of an event is not more than nothing.
    #[error("event {0} is of no amount: give more than 0.00")]
    NotPositive(Id),
    /// Another event has this id.
    #[error("event {0} is there already: give the new event an id of its own")]
    DuplicateEvent(Id),
    /// A loan is disbursed once.
    #[error("event {0} would disburse the loan a second time: draw a new loan instead")]
    SecondDisbursement(Id),
    /// More would be disbursed than was signed.
    #[error("event {id} disburses {}, more than the {} that was signed", format_minor(*amount_fen), format_minor(*signed_fen))]
    MoreThanSigned {
        /// The event.
        id: Id,
        /// Its amount, minor units.
        amount_fen: i64,
        /// Principal of the signed terms, minor units.
        signed_fen: i64,
    },
    /// The event is dated before the loan began.
    #[error("event {0} is dated before the loan was disbursed: check its value date")]
    BeforeDisbursement(Id),
    /// The event is dated after the loan was closed.
    #[error("event {id} is dated after the loan was closed on {closed_on}: nothing is owed")]
    AfterClosure {
        /// The event.
        id: Id,
        /// When the loan was closed.
        closed_on: Date,
    },
    /// A reversal names an event that is not there, is a reversal, is reversed already, is later, or has others resting on it.
    #[error("event {id} cannot reverse {target}: {problem}")]
    Reversal {
        /// The reversal.
        id: Id,
        /// What it would reverse.
        target: Id,
        /// Why not.
        problem: &'static str,
    },
    /// An event is about another that is not there, does not count, or is of another kind.
    #[error("event {id} is about {target}, which is no such event of this loan: check the id")]
    Target {
        /// The event.
        id: Id,
        /// What it is about.
        target: Id,
    },
    /// More would be waived or refunded than there is.
    #[error("event {id} is of {}, and only {} is there to {act}", format_minor(*amount_fen), format_minor(*there_fen))]
    MoreThanThere {
        /// The event.
        id: Id,
        /// `waive` or `refund`.
        act: &'static str,
        /// Its amount, minor units.
        amount_fen: i64,
        /// What there is, minor units.
        there_fen: i64,
    },
    /// A statement line does not take an event.
    #[error("event {id} is not taken: {refusal}")]
    Line {
        /// The event.
        id: Id,
        /// Why not.
        refusal: crate::line::LineRefusal,
    },
    /// A facility does not take an event.
    #[error("event {id} is not taken: {refusal}")]
    Facility {
        /// The event.
        id: Id,
        /// Why not.
        refusal: crate::facility::FacilityRefusal,
    },
    /// A re-plan or a deferral that the contract or the rules do not allow.
    #[error("event {id} cannot change the contract: {problem}")]
    Change {
        /// The event.
        id: Id,
        /// Why not.
        problem: String,
    },
    /// What a household grows makes no plan.
    #[error(transparent)]
    Season(#[from] crate::season::SeasonError),
    /// A figure does not fit.
    #[error("{0} is too large to be kept: split the amount")]
    Overflow(&'static str),
    /// A date outside the years that are kept.
    #[error(transparent)]
    Date(#[from] basics::date::DateError),
    /// What a rule pack says stands in the way, or the pack has no word on it.
    #[error("the rules: {0}")]
    Rules(String),
    /// A class matrix whose thresholds do not rise.
    #[error("class thresholds must rise from at least 1 day with ever worse classes: {0}")]
    Classes(String),
}
