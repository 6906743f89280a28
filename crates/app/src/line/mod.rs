//! The statement credit line in the books: opened under a facility, used at merchants, paid, converted, brought forward.
//!
//! A line's row holds what the books hold of it as of the end of `booked_to`, as a loan's note does: interest in the
//! group of its product and stage, what was charged, paid and let off, class, and stage of expected loss. Every command
//! first brings the line to the open day and books that, then lets its own event happen and books the difference. So the
//! books are the fold of the line's events at `booked_to`, which the audit works out again.

mod act;
mod books;
mod fact;
mod merchant;
mod open;
mod tables;
mod turn;
mod view;

pub use act::{CorrectLine, LineAct, MoveLine, OpenLine};
pub use fact::{LineCorrected, LineMoved, LineOpened};
pub use merchant::{
    Merchant, MerchantAccount, MerchantOwed, MerchantPaid, MerchantRegistered, MerchantStatus, RegisterMerchant,
    Settles,
};
pub use tables::{CreditLine, CreditLineEvent, CreditLineStatus};
pub use view::{LineView, line_events, line_view};

pub(crate) use books::apply;
pub(crate) use merchant::{apply as apply_merchant, check_accounts, merchant_account, needs_account};
pub(crate) use turn::LinePlace;

/// Sub-account book of the principal of lines.
pub const BOOK_LINE: u16 = 20;
/// Sub-account book of what merchants are owed for purchases.
pub const BOOK_MERCHANT: u16 = 23;
