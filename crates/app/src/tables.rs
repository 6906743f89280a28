//! The application's tables.

use basics::{Cell, Currency, Date, Id, Instant};
use door::table::{Record, Table};

door::text_enum! {
    /// Where a household stands.
    pub enum HouseholdStatus {
        /// Enrolled.
        Active = "active",
        /// A tombstone: its enrolment never came, and may not come any more.
        Buried = "buried",
    }
}

door::table! {
    /// A household: the unit of risk.
    pub struct Household = "household" (Household, State, key 2) {
        /// Its cell, for ever.
        cell: Cell,
        /// Its id.
        id: Id,
        /// Where it stands.
        status: HouseholdStatus,
        /// Where it lives now.
        village: String,
        /// The date it was enrolled on.
        enrolled_on: Date,
        /// How many persons it has.
        persons: i64,
    }
    index "household_by_village" ["cell", "village", "id"];
}

door::text_enum! {
    /// What a person is in a household.
    pub enum MemberRole {
        /// Head of household 户主.
        Head = "head",
        /// Spouse 配偶.
        Spouse = "spouse",
        /// Another adult.
        Adult = "adult",
        /// A dependant.
        Dependant = "dependant",
    }
}

door::table! {
    /// A person of a household. What identifies it is sealed elsewhere.
    pub struct Person = "person" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its id.
        id: Id,
        /// What it is in the household.
        role: MemberRole,
        /// When its data was erased, if it was.
        erased_at: Option<Instant>,
    }
}

door::table! {
    /// Personal data, sealed with the person's key; the journal holds only the commitment.
    pub struct Sealed = "sealed" (Household, Primary, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The person.
        person: Id,
        /// Which field, such as `name`.
        field: String,
        /// Salt and value, encrypted.
        ciphertext: Vec<u8>,
    }
}

door::table! {
    /// What a person can be found by: keyed hashes of phone and resident id.
    pub struct Contact = "contact" (Household, Primary, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The person.
        person: Id,
        /// `phone` or `resident_id`.
        kind: String,
        /// Keyed hash of the value.
        hash: Vec<u8>,
        /// When it was last proven to be the person's.
        verified_at: Instant,
    }
    index "contact_by_hash" ["cell", "kind", "hash"];
}

door::table! {
    /// A household's wallet.
    pub struct Wallet = "wallet" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// Whose it is.
        household: Id,
        /// Its currency.
        currency: Currency,
        /// What it holds, in minor units.
        balance_minor: i64,
        /// What of that is reserved.
        held_minor: i64,
    }
}

door::table! {
    /// General-ledger balance of a subject in a cell.
    pub struct GlBalance = "gl_balance" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The subject's code.
        subject: i64,
        /// The currency.
        currency: Currency,
        /// Debit positive, in minor units.
        balance_minor: i64,
        /// What of a bank balance is reserved for other cells.
        held_minor: i64,
        /// Debits booked on the cell's open day.
        day_debit_minor: i64,
        /// Credits booked on the cell's open day.
        day_credit_minor: i64,
    }
}

door::text_enum! {
    /// Why an entry was made.
    pub enum EntryKind {
        /// Money came in for a wallet.
        TopUp = "top_up",
        /// Money went out of a wallet.
        Withdrawal = "withdrawal",
        /// Between two wallets of a cell.
        Transfer = "transfer",
        /// Out of a wallet, to another cell.
        TransferOut = "transfer_out",
        /// Into a wallet, from another cell.
        TransferIn = "transfer_in",
        /// Paid-in capital.
        Capital = "capital",
        /// Bank balance to another cell.
        QuotaOut = "quota_out",
        /// Bank balance from the office.
        QuotaIn = "quota_in",
        /// Undoes another entry.
        Reversal = "reversal",
        /// A loan was paid out to a wallet.
        Disbursement = "disbursement",
        /// What was drawn went on to the payee that the contract names, within the cell.
        EntrustedPayout = "entrusted_payout",
        /// A loan was paid from a wallet.
        Repayment = "repayment",
        /// What was done to a running loan: waived, written off, extended.
        LoanService = "loan_service",
        /// A new loan paid an older one off, or that was taken back.
        LoanRenewal = "loan_renewal",
        /// Bought on a statement line.
        LinePurchase = "line_purchase",
        /// Given back by a merchant on a statement line.
        LineRefund = "line_refund",
        /// A statement line was paid from a wallet.
        LinePayment = "line_payment",
        /// What days brought to a statement line: interest and fees.
        LineStatement = "line_statement",
        /// Another change of a statement line: a waiver, a plan settled, credit returned, an event undone.
        LineChange = "line_change",
        /// A merchant was paid for what it sold on lines.
        MerchantPayment = "merchant_payment",
        /// What loans came to by themselves on a day: dues, penalty, change of class.
        LoanDues = "loan_dues",
        /// What was due was taken from wallets at the close of a day 自动扣款.
        Collection = "collection",
        /// A day's interest, by group.
        Accrual = "accrual",
        /// What an event dated back changed.
        Correction = "correction",
        /// The allowance at the end of a month.
        Provision = "provision",
        /// Income and expense into the profit of the year.
        YearClose = "year_close",
        /// The rows of a loan were changed.
        ContractChange = "contract_change",
        /// What another system's book closed with 存量迁移.
        TakeOver = "take_over",
        /// Cash paid in at a drawer 现金存入.
        CashIn = "cash_in",
        /// Cash paid out at a drawer 现金支取.
        CashOut = "cash_out",
        /// Cash between drawers, the vault and the bank 现金调拨.
        CashMove = "cash_move",
        /// A count found too much or too little, or it was said what that was 长短款.
        CashDifference = "cash_difference",
    }
}

impl EntryKind {
    /// Whether the entry belongs to a loan or a line, whose life is corrected by its own events: a row keeps what the entry
    /// did, and would know nothing of a reversal.
    pub fn touches_loan(self) -> bool {
        matches!(self, EntryKind::Disbursement | EntryKind::EntrustedPayout | EntryKind::Repayment)
            || self.is_line()
            || self == EntryKind::MerchantPayment
            || self.is_close()
            || matches!(
                self,
                EntryKind::Correction
                    | EntryKind::LoanService
                    | EntryKind::LoanRenewal
                    | EntryKind::ContractChange
                    | EntryKind::TakeOver
            )
    }

    /// Whether the entry belongs to a statement line.
    pub fn is_line(self) -> bool {
        matches!(
            self,
            EntryKind::LinePurchase
                | EntryKind::LineRefund
                | EntryKind::LinePayment
                | EntryKind::LineStatement
                | EntryKind::LineChange
        )
    }

    /// Whether the close of day makes such entries.
    pub fn is_close(self) -> bool {
        matches!(self, EntryKind::LoanDues | EntryKind::Accrual | EntryKind::Provision | EntryKind::YearClose)
    }

    /// Whether the entry is one side of a crossing, which a reversal cannot undo.
    pub fn crosses(self) -> bool {
        matches!(self, EntryKind::TransferOut | EntryKind::TransferIn | EntryKind::QuotaOut | EntryKind::QuotaIn)
            || matches!(self, EntryKind::CashIn | EntryKind::CashOut)
    }

    /// Whether the entry moves cash alone, which lies where it was put: no reversal carries it back.
    pub fn moves_cash(self) -> bool {
        matches!(self, EntryKind::CashMove | EntryKind::CashDifference)
    }
}

door::table! {
    /// An entry of the ledger.
    pub struct Entry = "entry" (Household, Log, key 3) {
        /// The cell.
        cell: Cell,
        /// The record that made it.
        seq: i64,
        /// The fact within the record.
        fact: i64,
        /// Why it was made.
        kind: EntryKind,
        /// When it takes effect for interest.
        value_date: Date,
        /// The day whose books it stands in.
        booking_date: Date,
        /// Its currency.
        currency: Currency,
        /// Words for people: the reason of a correction, a reference.
        memo: Option<String>,
    }
}

door::table! {
    /// A line of an entry.
    pub struct Posting = "posting" (Household, Log, key 4) {
        /// The cell.
        cell: Cell,
        /// The record.
        seq: i64,
        /// The fact within the record.
        fact: i64,
        /// The line within the entry.
        line: i64,
        /// The subject's code.
        subject: i64,
        /// Which kind of sub-account, 0 for none.
        book: i64,
        /// Whose sub-account.
        owner: Option<Id>,
        /// Which sub-account.
        account: Option<Id>,
        /// Debit positive, in minor units.
        amount_minor: i64,
    }
    index "posting_by_account" ["cell", "owner", "account", "seq", "fact", "line"];
}

door::table! {
    /// Entries that have been undone.
    pub struct Reversal = "reversal" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The record of the entry that was undone.
        seq: i64,
        /// The fact within it.
        fact: i64,
        /// The record that undid it.
        by_seq: i64,
    }
}

door::text_enum! {
    /// How far a crossing is, seen from one side.
    pub enum CrossingState {
        /// Here is the source; the amount is held.
        Reserved = "reserved",
        /// Here is the source; the amount has left.
        Posted = "posted",
        /// Here is the source; the amount was set free again.
        Voided = "voided",
        /// Here is the source; the target could not take it, and it stays held until two people have decided.
        TurnedBack = "turned_back",
        /// Here is the target; the amount has come.
        Arrived = "arrived",
        /// Here is the target; it could not be taken.
        Returned = "returned",
    }
}

door::table! {
    /// One side of an amount that crosses cells.
    pub struct Crossing = "crossing" (Household, State, key 2) {
        /// The cell of this side.
        cell: Cell,
        /// The crossing, the same on both sides.
        id: Id,
        /// How far it is, here.
        state: CrossingState,
        /// `transfer`, `entrusted`, `merchant` or `quota`.
        purpose: String,
        /// The other cell.
        other: Cell,
        /// Whose wallet pays or receives here; none for the bank balance.
        household: Option<Id>,
        /// Minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// When it takes effect.
        value_date: Date,
    }
}

door::table! {
    /// A cell's share of a scarce amount, and what waits for it.
    pub struct Quota = "quota" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// Which amount: `bank`.
        kind: String,
        /// The currency.
        currency: Currency,
        /// The level the cell was last filled to, in minor units.
        target_minor: i64,
        /// Whether more has been asked for and not yet answered.
        asked: bool,
        /// How many payouts wait.
        waiting: i64,
    }
}

door::table! {
    /// A payout that waits for the cell's quota, first come first served.
    pub struct WaitingPayout = "waiting_payout" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The record that asked for it.
        seq: i64,
        /// The fact within it.
        fact: i64,
        /// Whose wallet.
        household: Id,
        /// Minor units, held in the wallet.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
    }
}

door::table! {
    /// A day of the institution: how many cells have closed it. Lives in the office's cell.
    pub struct BusinessDay = "business_day" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// The day.
        day: Date,
        /// How many cells must close it.
        expected: i64,
        /// How many have.
        received: i64,
        /// Whether the institution has closed it.
        closed: bool,
        /// How long the close took, in milliseconds, where whoever ran it measured it.
        took_millis: Option<i64>,
        /// Profit of the year as the cells tell it on its last day, in minor units; in the end over all cells and the office.
        profit_minor: i64,
        /// Principal of the loans of those cells on that day, in minor units.
        loans_minor: i64,
        /// The general risk reserve as set on that day, in minor units.
        reserve_minor: i64,
    }
}

door::table! {
    /// What is known of a household's behaviour, folded and sealed with its head's key.
    pub struct BehaviourProfile = "profile" (Household, Primary, key 2) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Raised by every event folded in.
        version: i64,
        /// The person whose key seals it.
        person: Id,
        /// The profile, encrypted.
        ciphertext: Vec<u8>,
    }
}

door::table! {
    /// A behaviour event, sealed with the key of the household's head.
    pub struct Behaviour = "behaviour" (Household, Primary, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The event.
        id: Id,
        /// The event, encrypted.
        ciphertext: Vec<u8>,
    }
}

door::table! {
    /// A facility (授信): how much a household may owe in all, and until when it may draw.
    pub struct Facility = "facility" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its id.
        id: Id,
        /// Minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// First day.
        valid_from: Date,
        /// Last day on which it may be drawn on.
        valid_to: Date,
        /// The decision it rests on.
        decision: Id,
        /// The last day of the grant, once the close of that day has found it over.
        expired_on: Option<Date>,
    }
}

door::text_enum! {
    /// Where an application stands.
    pub enum ApplicationStatus {
        /// Taken in, not decided.
        Received = "received",
        /// A person must decide.
        Referred = "referred",
        /// Approved, in full or less.
        Approved = "approved",
        /// Declined.
        Declined = "declined",
        /// A contract was signed on it.
        Signed = "signed",
        /// The applicant let it go.
        Withdrawn = "withdrawn",
    }
}

door::table! {
    /// An application (申请).
    pub struct Application = "application" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its id.
        id: Id,
        /// Where it stands.
        status: ApplicationStatus,
        /// The product's code.
        product: String,
        /// The product's version.
        product_version: i64,
        /// What was asked for, in minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// For how many months.
        term_months: i64,
        /// What for.
        purpose: String,
        /// Where it farms and what it grows, encoded; none where the product does not follow the seasons.
        season: Option<Vec<u8>>,
        /// What was approved, in minor units.
        approved_minor: i64,
        /// The yearly rate it was approved at, ppm.
        rate_ppm: i64,
        /// The decision.
        decision: Option<Id>,
        /// Why, where a person decided.
        reason: Option<String>,
        /// When the household asked that a person decides, if it did.
        review_asked_at: Option<Instant>,
        /// When it was asked.
        asked_at: Instant,
    }
    index "application_by_status" ["cell", "status", "asked_at", "id"];
}

door::table! {
    /// A decision's inputs and outcome, sealed; the journal holds the commitment.
    pub struct DecisionRecord = "decision_record" (Household, Primary, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The decision.
        id: Id,
        /// The person whose key seals it.
        person: Id,
        /// The record, encrypted.
        ciphertext: Vec<u8>,
    }
}

door::text_enum! {
    /// Where a contract stands.
    pub enum ContractStatus {
        /// Signed, not drawn.
        Signed = "signed",
        /// Drawn, as far as it was or may be.
        Drawn = "drawn",
        /// Drawn in part; the rest may be drawn yet.
        PartDrawn = "part_drawn",
        /// Never drawn within its days: it binds nobody any more.
        Lapsed = "lapsed",
    }
}

door::table! {
    /// A contract (合同): the terms as signed.
    pub struct Contract = "contract" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its id.
        id: Id,
        /// Where it stands.
        status: ContractStatus,
        /// The application.
        application: Id,
        /// The facility it draws on.
        facility: Id,
        /// The terms, encoded.
        terms: Vec<u8>,
        /// Hash of the text that was read and confirmed.
        text_hash: Vec<u8>,
        /// The day it was signed.
        signed_on: Date,
    }
}

door::text_enum! {
    /// Where a loan stands.
    pub enum LoanState {
        /// Drawn, not paid off.
        Open = "open",
        /// Nothing is owed any more.
        Closed = "closed",
        /// The drawing was taken back: nothing was ever owed.
        Undone = "undone",
    }
}

door::table! {
    /// A loan note (借据): one drawdown.
    pub struct LoanNote = "loan" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its id.
        id: Id,
        /// Where it stands.
        status: LoanState,
        /// The contract.
        contract: Id,
        /// The product's code.
        product: String,
        /// What was paid out, in minor units.
        principal_minor: i64,
        /// Principal not yet paid, in minor units.
        outstanding_minor: i64,
        /// The currency.
        currency: Currency,
        /// The day it was paid out.
        drawn_on: Date,
        /// The last due date.
        maturity: Date,
        /// The next due date that is not met; of a closed loan, the day it was closed.
        next_due: Date,
        /// The day nothing was owed any more.
        closed_on: Option<Date>,
        /// Due date of the oldest instalment that is not met.
        overdue_since: Option<Date>,
        /// The day as of which the books hold it.
        folded_on: Date,
        /// The next day on which something happens to it by itself.
        agenda_on: Option<Date>,
        /// The next day on whose close it is reminded of or collected.
        remind_on: Option<Date>,
        /// What the books hold of it, encoded.
        holding: Vec<u8>,
    }
    index "loan_by_due" ["cell", "status", "next_due", "id"];
}

impl LoanNote {
    /// The day it stands on the agenda for.
    pub fn place_on(&self) -> Option<Date> {
        [self.agenda_on, self.remind_on].into_iter().flatten().min()
    }
}

door::table! {
    /// What happened to a loan from outside, as its fold reads it.
    pub struct LoanEvent = "loan_event" (Household, State, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The loan.
        loan: Id,
        /// The event.
        id: Id,
        /// The date it counts from.
        value_date: Date,
        /// The event, encoded.
        bytes: Vec<u8>,
    }
}

door::text_enum! {
    /// Whether a member of staff may sign in.
    pub enum StaffStatus {
        /// Works here.
        Active = "active",
        /// Has left.
        Left = "left",
    }
}

door::table! {
    /// A member of staff. Lives in the office's cell.
    pub struct Staff = "staff" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// Its id.
        id: Id,
        /// Sign-in name.
        login: String,
        /// Role, as in the permission table.
        role: String,
        /// Whether it may sign in.
        status: StaffStatus,
    }
    unique "staff_login" ["cell", "login"];
}

door::table! {
    /// Password hashes of staff: not in the journal.
    pub struct StaffSecret = "staff_secret" (Household, Primary, key 2) {
        /// The office.
        cell: Cell,
        /// The member of staff.
        id: Id,
        /// argon2id, in PHC form.
        password_hash: String,
    }
}

door::table! {
    /// Accrued interest of the loans of a cell that grow alike: `ledger × denominator + remainder = Σ over loans`.
    pub struct AccrualGroup = "accrual_group" (Household, State, key 6) {
        /// The cell.
        cell: Cell,
        /// The product's code.
        product: String,
        /// Accruing or not, and the stage of expected loss: 1 to 3, or 11 to 13.
        stage: i64,
        /// The currency.
        currency: Currency,
        /// How the weight of days is counted, by its code.
        convention: i64,
        /// Of the sum.
        denominator: i64,
        /// What one unit of weight adds over all loans.
        rate: i128,
        /// Whole minor units, rounded down: what the ledger shows.
        ledger_minor: i64,
        /// What is left of the sum, from 0 to the denominator.
        remainder: i64,
    }
}

door::table! {
    /// Principal and what is due beside it, by product, stage and class in a cell: what provisions and reports are made of.
    pub struct Portfolio = "portfolio" (Household, State, key 5) {
        /// The cell.
        cell: Cell,
        /// The product's code.
        product: String,
        /// Accruing or not, and the stage of expected loss.
        stage: i64,
        /// The class, from 0, the best of the rule pack's ladder.
        class: i64,
        /// The currency.
        currency: Currency,
        /// Open loans.
        loans: i64,
        /// Principal outstanding, in minor units.
        principal_minor: i64,
        /// Interest, penalty, compound interest and fees due and unpaid that the balance sheet shows, in minor units.
        receivable_minor: i64,
    }
}

/// What kind of thing is on the agenda: the code in its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgendaKind {
    /// A loan: a due date, a threshold of days past due, the end of grace.
    Loan,
    /// A statement line: a statement, a due date, the end of its grace days.
    Line,
    /// A merchant: what it sold today is paid.
    Merchant,
    /// Money set apart in a wallet: its last day ends.
    Hold,
    /// A facility: its last day, or the day on which its review is called for.
    Facility,
    /// A signed contract: the last day on which it may be drawn.
    Undrawn,
    /// A drawing: the day by which its use has to be shown.
    UseOfFunds,
    /// A contract whose loan was paid off, or is owed again.
    ContractEnd,
    /// A suspended order: its last day ends.
    Suspended,
}

impl AgendaKind {
    /// All kinds.
    pub const ALL: &'static [AgendaKind] = &[
        AgendaKind::Loan,
        AgendaKind::Line,
        AgendaKind::Merchant,
        AgendaKind::Hold,
        AgendaKind::Facility,
        AgendaKind::Undrawn,
        AgendaKind::UseOfFunds,
        AgendaKind::ContractEnd,
        AgendaKind::Suspended,
    ];

    /// The code in keys; never used for another kind.
    pub const fn code(self) -> i64 {
        match self {
            AgendaKind::Loan => 1,
            AgendaKind::Line => 2,
            AgendaKind::Merchant => 3,
            AgendaKind::Hold => 4,
            AgendaKind::Facility => 5,
            AgendaKind::Undrawn => 6,
            AgendaKind::UseOfFunds => 7,
            AgendaKind::ContractEnd => 8,
            AgendaKind::Suspended => 33,
        }
    }

    /// The kind of a code.
    pub fn of_code(code: i64) -> Option<AgendaKind> {
        AgendaKind::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

door::table! {
    /// What the close of a day must touch: everything else stays as it is.
    pub struct Agenda = "agenda" (Household, State, key 5) {
        /// The cell.
        cell: Cell,
        /// The day.
        on_day: Date,
        /// What kind of thing.
        kind: i64,
        /// The household it belongs to.
        owner: Id,
        /// Which one.
        item: Id,
        /// The record that put it here.
        by_seq: i64,
    }
}

door::table! {
    /// A day in a cell: what its close did.
    pub struct CellDay = "cell_day" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// The day.
        day: Date,
        /// Steps the close took.
        steps: i64,
        /// Loans and lines it touched.
        loans: i64,
        /// Entries it booked.
        entries: i64,
        /// Interest accrued, in minor units.
        accrued_minor: i64,
        /// Interest that fell due in its steps, in minor units.
        due_minor: i64,
        /// Loans and lines whose class changed in its steps.
        class_moves: i64,
        /// What the allowance was raised by, in minor units.
        provision_minor: i64,
        /// Contract rates that follow a published one and came to be set anew.
        resets: i64,
        /// Those of them that stayed as they were, since no rate could be found.
        resets_missed: i64,
        /// The record that accrued the day and closed it; 0 until then.
        closed_seq: i64,
    }
}

door::table! {
    /// What an event dated back changed in days that were closed.
    pub struct LoanCorrection = "loan_correction" (Household, State, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The loan, or the line.
        loan: Id,
        /// The event.
        event: Id,
        /// The date it counts from.
        value_date: Date,
        /// The day it was booked.
        booking_date: Date,
        /// What it rests on: a slip, a letter.
        reference: String,
        /// Why.
        reason: String,
        /// Days past due on the last closed day, as they stood.
        days_before: i64,
        /// Days past due on that day, as they are now.
        days_after: i64,
        /// The class on that day, as it stood: 0 is the best.
        class_before: i64,
        /// The class on that day, as it is now.
        class_after: i64,
        /// What made it worse than the best, the worst first: `days_past_due judged`.
        grounds_before: String,
        /// What makes it so now.
        grounds_after: String,
        /// The record that made it.
        seq: i64,
    }
}

/// All tables, in the order they are made.
pub fn all() -> Vec<&'static Table> {
    vec![
        Household::table(),
        Person::table(),
        Sealed::table(),
        Contact::table(),
        Wallet::table(),
        GlBalance::table(),
        Entry::table(),
        Posting::table(),
        Reversal::table(),
        Crossing::table(),
        Quota::table(),
        WaitingPayout::table(),
        crate::hold::WalletHold::table(),
        crate::suspend::SuspendedOrder::table(),
        crate::level::WalletUse::table(),
        crate::code::SpentCode::table(),
        crate::payment::BankAccount::table(),
        crate::payment::Payment::table(),
        crate::payment::RailCredit::table(),
        crate::reconcile::RailStatement::table(),
        crate::reconcile::RailAccount::table(),
        crate::reconcile::ReconItem::table(),
        BusinessDay::table(),
        crate::subject_day::SubjectDay::table(),
        crate::period::PeriodEvent::table(),
        BehaviourProfile::table(),
        Behaviour::table(),
        Facility::table(),
        crate::facility::FacilityLife::table(),
        crate::line::CreditLine::table(),
        crate::line::CreditLineEvent::table(),
        crate::line::Merchant::table(),
        crate::line::MerchantAccount::table(),
        Application::table(),
        DecisionRecord::table(),
        Contract::table(),
        crate::paper::ContractPaper::table(),
        crate::guarantee::Guarantee::table(),
        crate::task::Task::table(),
        crate::take_over::TakenBook::table(),
        crate::take_over::TakenLoan::table(),
        LoanNote::table(),
        LoanEvent::table(),
        AccrualGroup::table(),
        Portfolio::table(),
        Agenda::table(),
        CellDay::table(),
        LoanCorrection::table(),
        crate::period_end::AllowanceDay::table(),
        crate::change_books::LoanChange::table(),
        crate::change_books::Disaster::table(),
        crate::promote::JudgingModel::table(),
        crate::explore::ExplorationYear::table(),
        crate::rating::HouseholdRating::table(),
        crate::rating::RatingChange::table(),
        crate::remind::Notice::table(),
        crate::remind::NoticeQueue::table(),
        crate::case::WatchCase::table(),
        crate::case::WatchAlert::table(),
        crate::case::CaseNote::table(),
        crate::suspicion::SuspicionReport::table(),
        crate::listed::ListedPerson::table(),
        crate::village::VillageCampaign::table(),
        crate::village::VillageRoll::table(),
        crate::village::VillageRater::table(),
        crate::village::VillageMark::table(),
        crate::village::VillageObjection::table(),
        crate::preliminary::Preliminary::table(),
        crate::follow::FacilityMove::table(),
        crate::consent::HouseholdConsent::table(),
        crate::look::HouseholdLook::table(),
        crate::movement::MovementCursor::table(),
        crate::drawer::Drawer::table(),
        crate::drawer::CashCount::table(),
        crate::drawer::CashDifference::table(),
        crate::drawer::CashSlip::table(),
        Staff::table(),
        StaffSecret::table(),
    ]
}
