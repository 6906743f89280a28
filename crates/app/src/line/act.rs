//! What is asked of a statement line: to be opened, to be used, to be changed, to be put right.

use basics::{Cell, Date, Id, Money, Rate};
use loan::LoanClass;
use loan::line::LineWaivable;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::Settles;
use crate::tables::EntryKind;

/// Open a line under the household's facility, on the text that was read.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct OpenLine {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The line, made by the caller.
    #[n(2)]
    pub line: Id,
    /// The product's code.
    #[n(3)]
    pub product: String,
    /// The limit.
    #[n(4)]
    pub limit: Money,
    /// The yearly rate, one of the product's.
    #[n(5)]
    pub rate: Rate,
    /// Hash of the text that was read.
    #[n(6)]
    pub text_hash: ByteVec,
    /// How it was confirmed.
    #[n(7)]
    pub evidence: String,
    /// For how many months it may be used.
    #[n(8)]
    pub months: u16,
}

/// Let something happen to a line, today.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MoveLine {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The line.
    #[n(2)]
    pub line: Id,
    /// What happens.
    #[n(3)]
    pub act: LineAct,
}

/// What may happen to a line.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum LineAct {
    /// A purchase. Its id is the command's.
    #[n(0)]
    Buy {
        /// Who sells.
        #[n(0)]
        merchant: Id,
        /// The merchant's category code.
        #[n(1)]
        category: String,
        /// How much.
        #[n(2)]
        amount: Money,
        /// Where the merchant's money goes, as the office's register has it.
        #[n(3)]
        #[cbor(default)]
        settles: Option<Settles>,
    },
    /// The merchant gives money back.
    #[n(1)]
    Refund {
        /// The purchase.
        #[n(0)]
        purchase: Id,
        /// How much.
        #[n(1)]
        amount: Money,
    },
    /// Paid from the wallet.
    #[n(2)]
    Pay {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// A purchase becomes instalments. The plan's id is the command's.
    #[n(3)]
    Convert {
        /// The purchase.
        #[n(0)]
        purchase: Id,
        /// Into how many.
        #[n(1)]
        instalments: u16,
        /// The annualised cost that was shown, ppm: it must still be that.
        #[n(2)]
        shown_annualised_ppm: i64,
    },
    /// The rest of a plan is billed with the next statement.
    #[n(4)]
    SettlePlan {
        /// The plan.
        #[n(0)]
        plan: Id,
    },
    /// Part of what is charged is let off.
    #[n(5)]
    Waive {
        /// Which component.
        #[n(0)]
        what: LineWaivable,
        /// How much.
        #[n(1)]
        amount: Money,
        /// Why.
        #[n(2)]
        reason: String,
    },
    /// Credit balance goes back to the wallet.
    #[n(6)]
    ReturnCredit {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// The limit is raised.
    #[n(7)]
    Raise {
        /// To this.
        #[n(0)]
        to: Money,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// The limit is lowered.
    #[n(8)]
    Lower {
        /// To this; 0.00 is allowed.
        #[n(0)]
        to: Money,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// No purchases until thawed.
    #[n(9)]
    Freeze {
        /// Why.
        #[n(0)]
        reason: String,
    },
    /// Purchases again.
    #[n(10)]
    Thaw,
    /// No purchases any more.
    #[n(11)]
    Close,
    /// An earlier event is taken back.
    #[n(12)]
    Undo {
        /// The event.
        #[n(0)]
        event: Id,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// The claim is written off and kept beside the balance sheet 核销、账销案存.
    #[n(13)]
    WriteOff {
        /// Why, and what it rests on.
        #[n(0)]
        reason: String,
    },
    /// Its class is judged worse than it was judged 下调分类.
    #[n(14)]
    JudgeWorse {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// Its class is judged better than it was judged 上调分类.
    #[n(15)]
    JudgeBetter {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// It was used for something else than agreed 挪用.
    #[n(16)]
    MarkMisuse {
        /// What shows it.
        #[n(0)]
        reason: String,
    },
    /// Cash is drawn to the wallet, where the product gives any 取现.
    #[n(17)]
    DrawCash {
        /// How much.
        #[n(0)]
        amount: Money,
    },
}

impl LineAct {
    /// The act's name in the permission table, and the amount at stake there.
    pub fn act(&self) -> (&'static str, i64) {
        match self {
            LineAct::Buy { amount, .. } => ("buy_on_line", amount.minor()),
            LineAct::Refund { amount, .. } => ("refund_on_line", amount.minor()),
            LineAct::Pay { amount } => ("pay_line", amount.minor()),
            LineAct::Convert { .. } => ("convert_on_line", 0),
            LineAct::SettlePlan { .. } => ("settle_plan", 0),
            LineAct::Waive { amount, .. } => ("waive_on_line", amount.minor()),
            LineAct::ReturnCredit { amount } => ("return_line_credit", amount.minor()),
            LineAct::Raise { to, .. } => ("raise_line", to.minor()),
            LineAct::Lower { .. } => ("lower_line", 0),
            LineAct::Freeze { .. } => ("freeze_line", 0),
            LineAct::Thaw => ("thaw_line", 0),
            LineAct::Close => ("close_line", 0),
            LineAct::Undo { .. } => ("undo_on_line", 0),
            LineAct::WriteOff { .. } => ("write_off_line", 0),
            LineAct::JudgeWorse { .. } => ("judge_line_worse", 0),
            LineAct::JudgeBetter { .. } => ("judge_line_better", 0),
            LineAct::MarkMisuse { .. } => ("mark_line_misuse", 0),
            LineAct::DrawCash { amount } => ("draw_on_line", amount.minor()),
        }
    }

    pub(super) const fn entry(&self) -> EntryKind {
        match self {
            LineAct::Buy { .. } => EntryKind::LinePurchase,
            LineAct::Refund { .. } => EntryKind::LineRefund,
            LineAct::Pay { .. } => EntryKind::LinePayment,
            LineAct::DrawCash { .. } => EntryKind::Disbursement,
            _ => EntryKind::LineChange,
        }
    }

    /// Why, where the act takes a reason.
    pub fn reason(&self) -> Option<&str> {
        match self {
            LineAct::Waive { reason, .. }
            | LineAct::Raise { reason, .. }
            | LineAct::Lower { reason, .. }
            | LineAct::Freeze { reason }
            | LineAct::WriteOff { reason }
            | LineAct::JudgeWorse { reason, .. }
            | LineAct::JudgeBetter { reason, .. }
            | LineAct::MarkMisuse { reason }
            | LineAct::Undo { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// Date something that happened to a line back into closed days, or take it back there: booked today, by two people.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CorrectLine {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The line.
    #[n(2)]
    pub line: Id,
    /// The date it counts from.
    #[n(3)]
    pub value_date: Date,
    /// What happened.
    #[n(4)]
    pub act: LineAct,
    /// What it rests on: a slip, a letter.
    #[n(5)]
    pub reference: String,
    /// Why it is booked late.
    #[n(6)]
    pub reason: String,
}
