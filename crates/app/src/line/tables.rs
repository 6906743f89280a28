//! The rows of a statement credit line.

use basics::{Cell, Currency, Date, Id};

door::text_enum! {
    /// Whether a line may be used.
    pub enum CreditLineStatus {
        /// It may.
        Open = "open",
        /// Not until it is thawed.
        Frozen = "frozen",
        /// Never again.
        Closed = "closed",
    }
}

door::table! {
    /// A statement credit line (循环消费额度) as the books hold it.
    pub struct CreditLine = "credit_line" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its id.
        id: Id,
        /// Whether it may be used.
        status: CreditLineStatus,
        /// The product's code.
        product: String,
        /// The facility it draws on.
        facility: Id,
        /// The limit, in minor units.
        limit_minor: i64,
        /// Principal outstanding: purchases and plans.
        used_minor: i64,
        /// Interest and fees charged and not paid.
        charges_minor: i64,
        /// Money ahead of its time.
        credit_minor: i64,
        /// The currency.
        currency: Currency,
        /// First day.
        opened_on: Date,
        /// Last day on which it may be used.
        valid_to: Date,
        /// The day as of whose end the books hold it.
        booked_to: Date,
        /// Due date of the oldest minimum that is not met.
        overdue_since: Option<Date>,
        /// Its place on the agenda: the next day on which something happens by itself.
        agenda_on: Option<Date>,
        /// The terms, encoded.
        terms: Vec<u8>,
        /// Hash of the text that was read and confirmed.
        text_hash: Vec<u8>,
        /// What the books hold of it, encoded.
        holding: Vec<u8>,
    }
}

door::table! {
    /// What happened to a line from outside, as its fold reads it.
    pub struct CreditLineEvent = "credit_line_event" (Household, State, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The line.
        line: Id,
        /// The event.
        id: Id,
        /// The date it counts from.
        value_date: Date,
        /// The event, encoded.
        bytes: Vec<u8>,
    }
}
