//! The statement credit line 循环消费额度: purchases at merchants, one statement a month, and what follows.
//!
//! A line is signed once ([`LineTerms`]) and lived in dated events ([`LineEvent`]); its state on any date is the
//! [`fold`](fold()) of both, whatever the order in which the events arrived, and what the books show is the difference of two
//! states ([`effects`](effects())). Every rule below is a setting of the product.
//!
//! - **Statement 账单.** Cut at the beginning of its day, for everything dated before that day. What happens on the
//!   day itself is after the statement. A statement is never changed: a refund after it counts as paid.
//! - **Minimum 最低还款额.** A share of the purchases, the whole of instalments, interest and fees, and what an earlier
//!   minimum still lacks; at least a floor, at most the balance. Whatever settles the statement counts towards it:
//!   payments, refunds, conversions, waivers.
//! - **Interest-free 免息期.** By [`InterestFree`]: to the due date in any case, or only where the statement is paid in
//!   full by then (within the grace days 容时), or never. Interest is by days on what is unpaid, exact until the next
//!   statement bills it, rounded once. Fees bear none.
//! - **Missed minimum.** From the day after the grace days the overdue rate takes the place of the ordinary one, kept
//!   apart as penalty 罚息, and a late fee 违约金 is charged once a statement, never more than what is missing. Days past due
//!   count from the due date of the oldest minimum that is not met.
//! - **Allocation.** Oldest statement first; within it by the product's order; then what is not billed yet. Money
//!   ahead of its time is a credit balance that pays what comes next.
//! - **Conversion 账单分期.** What is unpaid of one purchase becomes a plan: equal parts billed with the next statements, each
//!   with a fee. It leaves the statement as if it had been paid, but not the used limit. Settled early, the rest is billed at
//!   once and later fees fall away.
//! - **Limit.** Used is principal only, billed or not, in plans or not: `available = limit − used`. Interest and fees never
//!   use up the limit, and a credit balance does not add to it.
//!
//! Where a regulator speaks: issuers set interest-free period and minimum themselves, a late fee needs the contract,
//! over-limit fees are forbidden and fees bear no interest (银发〔2016〕111号, for credit cards; from memory, to be checked
//! by the institution); the annual cost of instalments is shown as an internal rate and capped (see [`crate::cost`]).

mod accept;
mod account;
mod effects;
mod event;
mod fold;
mod plan;
mod terms;

pub use accept::{LineRefusal, accept};
pub use effects::{LineEffects, effects};
pub use event::{LineEvent, LineHappening, LineWaivable, in_order};
pub use fold::{
    LineClaim, LineCovered, LineStanding, LineState, LineTotals, PlanState, PurchaseState, StatementFlows,
    StatementState, fold,
};
pub use plan::{PlanQuote, PlanRow, quote};
pub use terms::{
    InterestFree, InterestOn, LateFee, LineComponent, LineOrder, LineParts, LineRules, LineTerms, MerchantRule,
    PlanOffer,
};
