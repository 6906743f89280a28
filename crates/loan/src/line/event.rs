//! What happens to a line from outside, and in which order it counts.

use std::collections::BTreeSet;

use basics::{Date, Id};
use minicbor::{Decode, Encode};

use super::LineComponent;
use crate::LoanClass;

/// A dated event of a line's life.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct LineEvent {
    /// Made by whoever recorded it; unique within the line.
    #[n(0)]
    pub id: Id,
    /// The date it counts from.
    #[n(1)]
    pub value_date: Date,
    /// What happened.
    #[n(2)]
    pub what: LineHappening,
}

/// What can happen to a line. Statements, interest, late fees and allocation are not events: they follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum LineHappening {
    /// Something was bought 消费.
    #[n(1)]
    Purchased {
        /// Who sold it.
        #[n(0)]
        merchant: Id,
        /// The merchant's category code.
        #[n(1)]
        category: String,
        /// Minor units.
        #[n(2)]
        amount_fen: i64,
    },
    /// An earlier event is taken back: the line is as if it had never been. Not itself reversed.
    #[n(2)]
    Reversed {
        /// The event taken back.
        #[n(0)]
        target: Id,
    },
    /// The merchant gave money back 退货. It first pays what is unpaid of the purchase, wherever that stands.
    #[n(3)]
    Refunded {
        /// The purchase.
        #[n(0)]
        purchase: Id,
        /// Minor units.
        #[n(1)]
        amount_fen: i64,
    },
    /// What is unpaid of a purchase becomes instalments 分期. The event's id is the plan's.
    #[n(4)]
    Converted {
        /// The purchase.
        #[n(0)]
        purchase: Id,
        /// Into how many.
        #[n(1)]
        instalments: u16,
    },
    /// The rest of a plan is to be billed at once 提前结清.
    #[n(5)]
    PlanSettled {
        /// The plan: the id of its conversion.
        #[n(0)]
        plan: Id,
    },
    /// Part of what is charged is let off 减免.
    #[n(6)]
    Waived {
        /// Which component.
        #[n(0)]
        what: LineWaivable,
        /// Minor units.
        #[n(1)]
        amount_fen: i64,
    },
    /// Money came in 还款.
    #[n(7)]
    Paid {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
    /// Credit balance 溢缴款 went back to the borrower.
    #[n(8)]
    CreditReturned {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
    /// The limit was raised 提额.
    #[n(9)]
    Raised {
        /// To this, minor units.
        #[n(0)]
        limit_fen: i64,
    },
    /// The limit was lowered 降额, perhaps below what is used.
    #[n(10)]
    Lowered {
        /// To this, minor units; 0 is allowed.
        #[n(0)]
        limit_fen: i64,
    },
    /// No purchases until thawed 冻结.
    #[n(11)]
    Frozen {
        /// Why.
        #[n(0)]
        reason: String,
    },
    /// Purchases again 解冻.
    #[n(12)]
    Thawed,
    /// No purchases any more 销户. What is owed runs on.
    #[n(13)]
    Closed,
    /// A person judged its class 人工分类.
    #[n(14)]
    Judged {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
    },
    /// The line was used for something else than agreed 挪用.
    #[n(15)]
    Misused,
    /// The claim left the balance sheet and lives on beside it 核销、账销案存. No purchases any more.
    #[n(16)]
    WrittenOff,
    /// Cash was drawn to the wallet 取现. It bears interest from this day on.
    #[n(17)]
    Drawn {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
}

/// What can be waived. Principal cannot: that is a write-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum LineWaivable {
    /// Billed interest.
    #[n(2)]
    Interest,
    /// Billed interest at the overdue rate.
    #[n(3)]
    Penalty,
    /// Fees of plans.
    #[n(4)]
    PlanFee,
    /// Late fees.
    #[n(5)]
    LateFee,
}

impl LineWaivable {
    /// The component it is.
    pub const fn component(self) -> LineComponent {
        match self {
            LineWaivable::Interest => LineComponent::Interest,
            LineWaivable::Penalty => LineComponent::Penalty,
            LineWaivable::PlanFee => LineComponent::PlanFee,
            LineWaivable::LateFee => LineComponent::LateFee,
        }
    }
}

impl LineEvent {
    /// An event with a small number for its id, as tests and examples write it.
    pub fn new(id: u128, value_date: Date, what: LineHappening) -> LineEvent {
        LineEvent { id: Id::from_u128(id), value_date, what }
    }

    /// Place among the events of one day, after the day's own statement: change of limit or standing or class, purchase or cash,
    /// reversal, refund, conversion, settlement of a plan, waiver, payment, return of credit, write-off. Changes of limit,
    /// standing and class of one day count in the order of their ids, so whoever records them gives ids that rise.
    pub const fn rank(&self) -> u8 {
        match self.what {
            LineHappening::Raised { .. }
            | LineHappening::Lowered { .. }
            | LineHappening::Frozen { .. }
            | LineHappening::Thawed
            | LineHappening::Judged { .. }
            | LineHappening::Misused
            | LineHappening::Closed => 0,
            LineHappening::Purchased { .. } | LineHappening::Drawn { .. } => 1,
            LineHappening::Reversed { .. } => 2,
            LineHappening::Refunded { .. } => 3,
            LineHappening::Converted { .. } => 4,
            LineHappening::PlanSettled { .. } => 5,
            LineHappening::Waived { .. } => 6,
            LineHappening::Paid { .. } => 7,
            LineHappening::CreditReturned { .. } => 8,
            LineHappening::WrittenOff => 9,
        }
    }

    /// The amount it moves, minor units; `None` for events that move none.
    pub const fn amount_fen(&self) -> Option<i64> {
        match self.what {
            LineHappening::Purchased { amount_fen, .. }
            | LineHappening::Refunded { amount_fen, .. }
            | LineHappening::Waived { amount_fen, .. }
            | LineHappening::Drawn { amount_fen }
            | LineHappening::Paid { amount_fen }
            | LineHappening::CreditReturned { amount_fen } => Some(amount_fen),
            _ => None,
        }
    }
}

/// The events that count, by (value date, rank, id): neither reversed nor reversals, each id once.
pub fn in_order(events: &[LineEvent]) -> Vec<&LineEvent> {
    let reversed: BTreeSet<Id> = events
        .iter()
        .filter_map(|event| match event.what {
            LineHappening::Reversed { target } => Some(target),
            _ => None,
        })
        .collect();
    let mut life: Vec<&LineEvent> = events
        .iter()
        .filter(|event| !matches!(event.what, LineHappening::Reversed { .. }) && !reversed.contains(&event.id))
        .collect();
    life.sort_by_key(|event| (event.value_date, event.rank(), event.id));
    let mut seen = BTreeSet::new();
    life.retain(|event| seen.insert(event.id));
    life
}
