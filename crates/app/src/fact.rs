//! What is remembered. Numbers of kinds and fields are never reused: stored history is read for ever.

use basics::{Cell, Currency, Date, Id, Money};
use ledger::Entry;
use loan::class::ClassReason;
use loan::facility::FacilityEvent;
use loan::season::Programme;
use loan::{Allocation, GroupKey, LifeEvent, LoanClass, LoanTerms};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::application::SeasonAsked;
use crate::case::{AlertRaised, WorkCase};
use crate::change_books::DisasterStatus;
use crate::consent::ConsentSaid;
use crate::dates::AgendaPlace;
use crate::drawer::{CashCounted, DifferenceCleared, DrawerSet, SlipMoved};
use crate::explore::Entered;
use crate::follow::FacilityFollows;
use crate::guarantee::{GuaranteeMoved, GuaranteeSaid};
use crate::hold::{HoldEnded, HoldPlaced};
use crate::holding::Stands;
use crate::level::WalletLevel;
use crate::line::{LineCorrected, LineMoved, LineOpened, MerchantOwed, MerchantPaid, MerchantRegistered};
use crate::listed::LoadList;
use crate::look::Looked;
use crate::payment::{AccountBound, CreditTaken, PaymentAnswered, PaymentAsked};
use crate::period::{Period, PeriodClosed};
use crate::period_end::{AllowanceSet, YearEnd};
use crate::preliminary::MovePreliminary;
use crate::promote::ModelPromoted;
use crate::rating::RatingMoved;
use crate::reconcile::StatementTaken;
use crate::remind::{CollectedLoan, NoticeMade, NoticeMoved};
use crate::subject_day::SubjectMoved;
use crate::suspend::{OrderSuspended, SuspensionEnded};
use crate::suspicion::ReportSuspicion;
use crate::tables::{ApplicationStatus, CrossingState, EntryKind, MemberRole};
use crate::take_over::LoanTakenOver;
use crate::task::{TaskOpened, TaskStatus};
use crate::village::{VillageLimits, VillageOpened, WorkVillage};

/// One fact.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Fact {
    /// A household was enrolled.
    #[n(0)]
    HouseholdEnrolled(#[n(0)] HouseholdEnrolled),
    /// A household's enrolment may not come any more.
    #[n(1)]
    HouseholdBuried {
        /// The household.
        #[n(0)]
        household: Id,
    },
    /// The answer was a business no; nothing changed.
    #[n(2)]
    Declined {
        /// A stable code.
        #[n(0)]
        code: String,
    },
    /// An entry was booked.
    #[n(3)]
    Booked(#[n(0)] Booked),
    /// Part of a wallet was reserved (positive) or set free (negative).
    #[n(4)]
    WalletHeld {
        /// Whose wallet.
        #[n(0)]
        household: Id,
        /// The currency.
        #[n(1)]
        currency: Currency,
        /// Minor units.
        #[n(2)]
        amount_minor: i64,
    },
    /// Part of the bank balance was reserved (positive) or set free (negative).
    #[n(5)]
    BankHeld {
        /// The bank's subject.
        #[n(0)]
        subject: ledger::SubjectCode,
        /// The currency.
        #[n(1)]
        currency: Currency,
        /// Minor units.
        #[n(2)]
        amount_minor: i64,
    },
    /// One side of a crossing came to a state.
    #[n(6)]
    Crossed(#[n(0)] Crossed),
    /// A payout waits for the cell's quota.
    #[n(7)]
    PayoutWaits {
        /// Whose wallet.
        #[n(0)]
        household: Id,
        /// Minor units.
        #[n(1)]
        amount_minor: i64,
        /// The currency.
        #[n(2)]
        currency: Currency,
    },
    /// A waiting payout was paid.
    #[n(8)]
    PayoutPaid {
        /// The record that asked for it.
        #[n(0)]
        seq: i64,
        /// The fact within it.
        #[n(1)]
        fact: i64,
        /// The currency.
        #[n(2)]
        currency: Currency,
    },
    /// More quota was asked for.
    #[n(9)]
    QuotaAsked {
        /// The currency.
        #[n(0)]
        currency: Currency,
        /// Minor units.
        #[n(1)]
        amount_minor: i64,
    },
    /// The office answered: the cell's level after it.
    #[n(10)]
    QuotaAnswered {
        /// The currency.
        #[n(0)]
        currency: Currency,
        /// The level to fill up to from now on; none if the office had nothing to give.
        #[n(1)]
        target_minor: Option<i64>,
    },
    /// The institution began to close a day.
    #[n(11)]
    CloseStarted {
        /// The day.
        #[n(0)]
        day: Date,
        /// How many cells must close it.
        #[n(1)]
        expected: i64,
    },
    /// A cell closed a day.
    #[n(12)]
    DayClosed {
        /// The day.
        #[n(0)]
        day: Date,
    },
    /// Money of a wallet was set apart for a payee.
    #[n(140)]
    HoldPlaced(#[n(0)] HoldPlaced),
    /// What was set apart was moved or set free.
    #[n(141)]
    HoldEnded(#[n(0)] HoldEnded),
    /// An order was suspended until a person has looked.
    #[n(330)]
    OrderSuspended(#[n(0)] OrderSuspended),
    /// A suspended order was carried out, refused, or lapsed.
    #[n(331)]
    SuspensionEnded(#[n(0)] SuspensionEnded),
    /// A case was reported to the authority.
    #[n(332)]
    SuspicionReported(#[n(0)] ReportSuspicion),
    /// A part of a list was loaded.
    #[n(333)]
    ListLoaded(#[n(0)] LoadList),
    /// An account elsewhere was bound to a household.
    #[n(160)]
    AccountBound(#[n(0)] AccountBound),
    /// A payment over a rail was asked for.
    #[n(161)]
    PaymentAsked(#[n(0)] PaymentAsked),
    /// A payment over a rail was answered.
    #[n(162)]
    PaymentAnswered(#[n(0)] PaymentAnswered),
    /// Two people decided what is booked of a payment in question, and why.
    #[n(163)]
    PaymentDecided {
        /// The payment.
        #[n(0)]
        payment: Id,
        /// Why, and what it rests on.
        #[n(1)]
        reason: String,
    },
    /// Money that came in over a rail was booked.
    #[n(164)]
    CreditTaken(#[n(0)] CreditTaken),
    /// A statement of a rail was taken.
    #[n(165)]
    StatementTaken(#[n(0)] StatementTaken),
    /// An item of reconciliation was closed.
    #[n(166)]
    ItemSettled {
        /// The item.
        #[n(0)]
        item: Id,
        /// The item it belongs together with.
        #[n(1)]
        with: Option<Id>,
        /// What it was, and by which act it was corrected.
        #[n(2)]
        reason: String,
    },
    /// It was said how well a household is known.
    #[n(167)]
    LevelSet {
        /// The household.
        #[n(0)]
        household: Id,
        /// The level.
        #[n(1)]
        level: WalletLevel,
        /// What it rests on.
        #[n(2)]
        evidence: String,
    },
    /// A household moved money by itself: it counts towards the limits of its level.
    #[n(168)]
    WalletUsed {
        /// The household.
        #[n(0)]
        household: Id,
        /// Minor units.
        #[n(1)]
        amount_minor: i64,
    },
    /// A merchant's code was paid, and is paid no second time.
    #[n(169)]
    CodeSpent {
        /// The code.
        #[n(0)]
        code: Id,
    },
    /// The office took a cell's receipt.
    #[n(13)]
    ReceiptTaken {
        /// The day.
        #[n(0)]
        day: Date,
        /// From which cell.
        #[n(1)]
        from: Cell,
        /// What the cell's year came to, on the last day of one.
        #[n(2)]
        year: Option<YearEnd>,
        /// What was booked in the cell on the day, subject by subject.
        #[n(3)]
        #[cbor(default)]
        moved: Vec<SubjectMoved>,
    },
    /// The institution closed a day.
    #[n(14)]
    InstitutionDayClosed {
        /// The day.
        #[n(0)]
        day: Date,
        /// What was booked in the office on the day, subject by subject.
        #[n(1)]
        #[cbor(default)]
        moved: Vec<SubjectMoved>,
    },
    /// A person's data was erased, as far as nothing must be retained.
    #[n(15)]
    PersonErased {
        /// The household.
        #[n(0)]
        household: Id,
        /// The person.
        #[n(1)]
        person: Id,
        /// Fields that must be kept for now, with the date until when.
        #[n(2)]
        retained_until: Option<Date>,
    },
    /// Behaviour events were folded into a household's profile.
    #[n(16)]
    EventsObserved {
        /// The household.
        #[n(0)]
        household: Id,
        /// How many.
        #[n(1)]
        count: u32,
        /// The profile's version afterwards.
        #[n(2)]
        version: i64,
        /// Hash over the commitments to the events.
        #[n(3)]
        digest: ByteVec,
    },
    /// An application was taken in.
    #[n(17)]
    Applied(#[n(0)] Applied),
    /// An application was decided.
    #[n(18)]
    Decided(#[n(0)] DecidedFact),
    /// A facility was granted, or changed.
    #[n(19)]
    FacilityGranted {
        /// The household.
        #[n(0)]
        household: Id,
        /// The facility.
        #[n(1)]
        facility: Id,
        /// Minor units.
        #[n(2)]
        amount_minor: i64,
        /// The currency.
        #[n(3)]
        currency: Currency,
        /// Last day on which it may be drawn on.
        #[n(4)]
        valid_to: Date,
        /// The decision it rests on.
        #[n(5)]
        decision: Id,
    },
    /// A contract was signed.
    #[n(20)]
    ContractSigned(#[n(0)] ContractSigned),
    /// A paper joined a contract.
    #[n(120)]
    PaperAdded {
        /// The household.
        #[n(0)]
        household: Id,
        /// The contract.
        #[n(1)]
        contract: Id,
        /// The paper.
        #[n(2)]
        id: Id,
        /// What it is.
        #[n(3)]
        paper: loan::Paper,
        /// Hash of the text that was signed, or of the document that was kept.
        #[n(4)]
        hash: ByteVec,
        /// Who saw it, where and how.
        #[n(5)]
        evidence: String,
    },
    /// Money that was meant for a payee and came back was set free for the borrower, by two people.
    #[n(121)]
    PayoutReleased {
        /// The household.
        #[n(0)]
        household: Id,
        /// The crossing.
        #[n(1)]
        transfer: Id,
        /// Why, and what is to become of the money.
        #[n(2)]
        reason: String,
    },
    /// A model came to a place, by two people.
    #[n(130)]
    ModelPromoted(#[n(0)] ModelPromoted),
    /// A decision could have been made, or was made, by the exploration lane.
    #[n(132)]
    Explored {
        /// The household.
        #[n(0)]
        household: Id,
        /// The application.
        #[n(1)]
        application: Id,
        /// Chance, draw and expected loss.
        #[n(2)]
        lane: Entered,
    },
    /// A household is rated otherwise.
    #[n(133)]
    RatingMoved(#[n(0)] RatingMoved),
    /// A close took what was due from wallets.
    #[n(200)]
    LoansCollected {
        /// The payments.
        #[n(0)]
        loans: Vec<CollectedLoan>,
    },
    /// Notices were made ready.
    #[n(201)]
    NoticesMade {
        /// The notices.
        #[n(0)]
        notices: Vec<NoticeMade>,
    },
    /// Notices were handed over, carried or let go.
    #[n(202)]
    NoticesMoved {
        /// The notices.
        #[n(0)]
        notices: Vec<NoticeMoved>,
    },
    /// A household asked that a person decides what model and rules decided.
    #[n(131)]
    PersonAsked {
        /// The household.
        #[n(0)]
        household: Id,
        /// The application.
        #[n(1)]
        application: Id,
    },
    /// An applicant let an application go.
    #[n(242)]
    ApplicationWithdrawn {
        /// The household.
        #[n(0)]
        household: Id,
        /// The application.
        #[n(1)]
        application: Id,
    },
    /// A loan was drawn.
    #[n(21)]
    LoanDrawn(#[n(0)] LoanDrawn),
    /// A loan's life went on: what happened, and where it stands since.
    #[n(22)]
    LoanMoved(#[n(0)] LoanMoved),
    /// What was done to a running loan beside paying it, and why; its event is told apart.
    #[n(65)]
    LoanServiced {
        /// The household.
        #[n(0)]
        household: Id,
        /// The loan.
        #[n(1)]
        loan: Id,
        /// Name of the act, as in the permission table.
        #[n(2)]
        act: String,
        /// Why, and what it rests on.
        #[n(3)]
        reason: String,
    },
    /// Something unusual was told of, and joined a case.
    #[n(173)]
    AlertRaised(#[n(0)] AlertRaised),
    /// A case was taken, noted beside, or decided.
    #[n(174)]
    CaseWorked(#[n(0)] WorkCase),
    /// A member of staff was taken on, or changed.
    #[n(23)]
    StaffSet {
        /// The member of staff.
        #[n(0)]
        staff: Id,
        /// Sign-in name.
        #[n(1)]
        login: String,
        /// Role, as in the permission table.
        #[n(2)]
        role: String,
        /// Whether it may sign in.
        #[n(3)]
        active: bool,
    },
    /// A change of a loan's rows was computed and shown.
    #[n(55)]
    ChangeProposed(#[n(0)] ChangeProposed),
    /// The borrower agreed to a change.
    #[n(56)]
    ChangeAgreed {
        /// The household.
        #[n(0)]
        household: Id,
        /// The loan.
        #[n(1)]
        loan: Id,
        /// The change.
        #[n(2)]
        change: Id,
        /// Its event, with who agreed, when, to what.
        #[n(3)]
        event: LifeEvent,
        /// What shows it, where it was given at the window.
        #[n(4)]
        #[cbor(default)]
        evidence: Option<String>,
    },
    /// A change became part of the loan's life.
    #[n(57)]
    ChangeApplied {
        /// The household.
        #[n(0)]
        household: Id,
        /// The loan.
        #[n(1)]
        loan: Id,
        /// The change.
        #[n(2)]
        change: Id,
        /// The last due date since.
        #[n(3)]
        maturity: Option<Date>,
    },
    /// A change was dropped, or undone.
    #[n(58)]
    ChangeUndone {
        /// The household.
        #[n(0)]
        household: Id,
        /// The loan.
        #[n(1)]
        loan: Id,
        /// The change.
        #[n(2)]
        change: Id,
        /// Why.
        #[n(3)]
        reason: String,
        /// The last due date since, where it had been applied.
        #[n(4)]
        maturity: Option<Date>,
    },
    /// A disaster was declared.
    #[n(59)]
    DisasterDeclared(#[n(0)] DisasterDeclared),
    /// A disaster was carried out or taken back.
    #[n(60)]
    DisasterDecided {
        /// The disaster.
        #[n(0)]
        disaster: Id,
        /// Where it stands since.
        #[n(1)]
        status: DisasterStatus,
        /// Why.
        #[n(2)]
        reason: String,
    },
    /// A facility was reviewed, frozen, thawed, raised, lowered or closed.
    #[n(40)]
    FacilityMoved {
        /// The household.
        #[n(0)]
        household: Id,
        /// The facility.
        #[n(1)]
        facility: Id,
        /// What happened.
        #[n(2)]
        event: FacilityEvent,
        /// Why.
        #[n(3)]
        reason: String,
    },
    /// A statement line was opened.
    #[n(41)]
    LineOpened(#[n(0)] LineOpened),
    /// A statement line's life went on.
    #[n(42)]
    LineMoved(#[n(0)] LineMoved),
    /// A step of a close touched lines: what happened to them by itself.
    #[n(110)]
    LinesTouched {
        /// The lines.
        #[n(0)]
        lines: Vec<LineMoved>,
    },
    /// Something that happened to a line was dated back into closed days.
    #[n(111)]
    LineCorrected(#[n(0)] LineCorrected),
    /// A merchant was put into the register, or changed there.
    #[n(112)]
    MerchantRegistered(#[n(0)] MerchantRegistered),
    /// What a cell owes a merchant changed.
    #[n(113)]
    MerchantOwed(#[n(0)] MerchantOwed),
    /// A merchant was paid, or its money is on its way.
    #[n(114)]
    MerchantPaid(#[n(0)] MerchantPaid),
    /// A step of a close touched loans: what happened to them by itself.
    #[n(24)]
    LoansTouched {
        /// The loans.
        #[n(0)]
        loans: Vec<TouchedLoan>,
        /// Entries that the step books.
        #[n(1)]
        entries: i64,
    },
    /// A day's interest was accrued: of every group, what the ledger's accrued interest grew by.
    #[n(25)]
    DayAccrued {
        /// The day.
        #[n(0)]
        day: Date,
        /// The groups and their growth, in minor units.
        #[n(1)]
        groups: Vec<AccruedGroup>,
        /// Entries that the last step books.
        #[n(2)]
        entries: i64,
    },
    /// The allowance was raised or lowered at the end of a month, as it was set before `AllowanceSet`.
    #[n(26)]
    Provided {
        /// The day.
        #[n(0)]
        day: Date,
        /// What it was raised by, in minor units; less than nothing if it was lowered.
        #[n(1)]
        change_minor: i64,
    },
    /// An event was dated back into closed days.
    #[n(27)]
    LoanCorrected(#[n(0)] LoanCorrected),
    /// How long the close of a day took, as measured by who ran it.
    #[n(28)]
    CloseTook {
        /// The day.
        #[n(0)]
        day: Date,
        /// Milliseconds.
        #[n(1)]
        millis: i64,
    },
    /// The allowance was set at the end of a month, measured by floors and by expected loss.
    #[n(90)]
    AllowanceSet(#[n(0)] AllowanceSet),
    /// Contract rates that follow a published one came to be set anew, by the close of a day.
    #[n(92)]
    RatesReset {
        /// The loans.
        #[n(0)]
        loans: Vec<ResetLoan>,
    },
    /// A drawing was taken back on its own day: its contract can be drawn anew.
    #[n(93)]
    DrawUndone {
        /// The household.
        #[n(0)]
        household: Id,
        /// The contract.
        #[n(1)]
        contract: Id,
    },
    /// One side of a guarantee came to a state.
    #[n(134)]
    GuaranteeMoved(#[n(0)] GuaranteeMoved),
    /// Staff has to do something by a day.
    #[n(135)]
    TaskOpened(#[n(0)] TaskOpened),
    /// A task ended.
    #[n(136)]
    TaskEnded {
        /// The household.
        #[n(0)]
        household: Id,
        /// The task.
        #[n(1)]
        task: Id,
        /// How.
        #[n(2)]
        status: TaskStatus,
    },
    /// The close has dealt with places on the agenda.
    #[n(137)]
    PlacesTaken {
        /// The places.
        #[n(0)]
        places: Vec<AgendaPlace>,
    },
    /// The last day of a facility is over.
    #[n(138)]
    FacilityExpired {
        /// The household.
        #[n(0)]
        household: Id,
        /// The facility.
        #[n(1)]
        facility: Id,
        /// The last day on which it could be drawn on.
        #[n(2)]
        last_day: Date,
    },
    /// A contract was not drawn within its days: it binds nobody any more.
    #[n(139)]
    ContractLapsed {
        /// The household.
        #[n(0)]
        household: Id,
        /// The contract.
        #[n(1)]
        contract: Id,
    },
    /// What may yet be drawn under a contract that is drawn in parts.
    #[n(145)]
    DrawingStands {
        /// The household.
        #[n(0)]
        household: Id,
        /// The contract.
        #[n(1)]
        contract: Id,
        /// What is left to be drawn, in minor units; nothing once all is drawn, or the days for it are over.
        #[n(2)]
        left_minor: i64,
    },
    /// A village campaign began.
    #[n(262)]
    VillageOpened(#[n(0)] VillageOpened),
    /// A village campaign went on.
    #[n(263)]
    VillageWorked(#[n(0)] WorkVillage),
    /// Preliminary limits of a village were worked out.
    #[n(264)]
    VillageLimits(#[n(0)] VillageLimits),
    /// A preliminary limit was offered, signed or taken back.
    #[n(265)]
    PreliminaryMoved(#[n(0)] MovePreliminary),
    /// A facility followed a change of rating, or a raise was answered.
    #[n(266)]
    FacilityFollows(#[n(0)] FacilityFollows),
    /// The journal was read for behaviour as far as a record.
    #[n(267)]
    MovementsRead {
        /// The record.
        #[n(0)]
        read_seq: i64,
    },
    /// A consent was given or withdrawn.
    #[n(301)]
    ConsentSaid(#[n(0)] ConsentSaid),
    /// Somebody looked at a household.
    #[n(302)]
    Looked(#[n(0)] Looked),
    /// A guarantor has said whether it stands.
    #[n(303)]
    GuaranteeSaid(#[n(0)] GuaranteeSaid),
    /// The general risk reserve was set at the end of a year, from the institution's profit. Amounts are minor units.
    #[n(91)]
    ReserveSet {
        /// The day.
        #[n(0)]
        day: Date,
        /// Profit of the year over all cells; less than nothing is a loss.
        #[n(1)]
        profit_minor: i64,
        /// Principal of all open loans.
        #[n(2)]
        loans_minor: i64,
        /// What the reserve was raised by.
        #[n(3)]
        change_minor: i64,
        /// What it is since.
        #[n(4)]
        reserve_minor: i64,
    },
    /// Another system's book is being taken over.
    #[n(222)]
    TakeOverBegun {
        /// The book: it follows from the bytes of its files.
        #[n(0)]
        book: Id,
        /// The old book's last day.
        #[n(1)]
        on: Date,
        /// How many loans it has.
        #[n(2)]
        loans: u32,
    },
    /// A loan was taken over in mid-life.
    #[n(223)]
    LoanTakenOver(#[n(0)] Box<LoanTakenOver>),
    /// A book is taken over, whole.
    #[n(224)]
    TakeOverEnded {
        /// The book.
        #[n(0)]
        book: Id,
    },
    /// A period was closed, and its trial balance frozen.
    #[n(245)]
    PeriodClosed(#[n(0)] PeriodClosed),
    /// A closed period was opened again.
    #[n(246)]
    PeriodReopened {
        /// The period.
        #[n(0)]
        period: Period,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// A teller drawer was made or changed.
    #[n(310)]
    DrawerSet(#[n(0)] DrawerSet),
    /// Cash was counted.
    #[n(311)]
    CashCounted(#[n(0)] CashCounted),
    /// Cash paid in or out at a drawer came to a state.
    #[n(312)]
    SlipMoved(#[n(0)] SlipMoved),
    /// It was said what a difference of cash was.
    #[n(313)]
    DifferenceCleared(#[n(0)] DifferenceCleared),
    /// A drawer stays open over the close of the day, and why.
    #[n(314)]
    DrawerLeftOpen {
        /// The drawer.
        #[n(0)]
        drawer: Id,
        /// Why.
        #[n(1)]
        reason: String,
    },
}

/// A change of a loan as it was computed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ChangeProposed {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// The event it would be; its id is the change's.
    #[n(2)]
    pub event: LifeEvent,
    /// The disaster it is offered under.
    #[n(3)]
    pub disaster: Option<Id>,
    /// What the loan costs without it, in minor units.
    #[n(4)]
    pub cost_before_minor: i64,
    /// What it costs with it.
    #[n(5)]
    pub cost_after_minor: i64,
    /// Principal that falls due later, in minor units.
    #[n(6)]
    pub moved_minor: i64,
    /// Whether the borrower has to agree.
    #[n(7)]
    pub needs_consent: bool,
    /// Hash of the text that shows what it does.
    #[n(8)]
    pub text_hash: ByteVec,
}

/// A disaster as declared.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DisasterDeclared {
    /// The disaster.
    #[n(0)]
    pub disaster: Id,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// The villages it struck.
    #[n(2)]
    pub villages: Vec<String>,
    /// What is offered.
    #[n(3)]
    pub programme: Programme,
    /// SHA-256 of the document.
    #[n(4)]
    pub document_hash: ByteVec,
    /// The currency of what it puts off.
    #[n(5)]
    pub currency: Currency,
}

/// A loan as a step of a close left it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TouchedLoan {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// Where it stands since.
    #[n(2)]
    pub stands: Stands,
}

/// A group of accrued interest, and a day's growth.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AccruedGroup {
    /// The group.
    #[n(0)]
    pub key: GroupKey,
    /// What its accrued interest grew by, in minor units.
    #[n(1)]
    pub change_minor: i64,
}

/// A loan whose rate was set anew.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ResetLoan {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// The reset, dated on the day of the contract.
    #[n(2)]
    pub event: LifeEvent,
    /// Why the rate stays as it was, where no rate could be found.
    #[n(3)]
    pub problem: Option<String>,
}

/// What an event dated back changed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LoanCorrected {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// The event.
    #[n(2)]
    pub event: Id,
    /// The date it counts from.
    #[n(3)]
    pub value_date: Date,
    /// What it rests on.
    #[n(4)]
    pub reference: String,
    /// Why.
    #[n(5)]
    pub reason: String,
    /// Days past due on the last closed day, before and after.
    #[n(6)]
    pub days_past_due: (u32, u32),
    /// Class on that day, before and after.
    #[n(7)]
    pub class: (LoanClass, LoanClass),
    /// The grounds of the class that make it worse than the best, the worst first, before and after; not told by the
    /// first corrections, whose class is that of days past due alone.
    #[n(8)]
    pub grounds: Option<(Vec<ClassReason>, Vec<ClassReason>)>,
}

/// An application as taken in.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Applied {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The application.
    #[n(1)]
    pub application: Id,
    /// The product's code.
    #[n(2)]
    pub product: String,
    /// The product's version.
    #[n(3)]
    pub product_version: u32,
    /// What is asked for.
    #[n(4)]
    pub amount: Money,
    /// For how many months.
    #[n(5)]
    pub term_months: u16,
    /// What for.
    #[n(6)]
    pub purpose: String,
    /// Where it farms and what it grows; absent where the product does not follow the seasons.
    #[n(7)]
    pub season: Option<SeasonAsked>,
}

/// An application as decided.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DecidedFact {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The application.
    #[n(1)]
    pub application: Id,
    /// The decision.
    #[n(2)]
    pub decision: Id,
    /// `approved`, `referred` or `declined`.
    #[n(3)]
    pub status: ApplicationStatus,
    /// What is approved, in minor units.
    #[n(4)]
    pub approved_minor: i64,
    /// The yearly rate, ppm.
    #[n(5)]
    pub rate_ppm: i64,
    /// Codes of the reasons.
    #[n(6)]
    pub reasons: Vec<String>,
    /// How it was decided.
    #[n(7)]
    pub by: DecidedBy,
}

/// How an application was decided.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum DecidedBy {
    /// By model and rules.
    #[n(0)]
    Machine {
        /// Hash of the model file; empty where none spoke.
        #[n(0)]
        model: String,
        /// Hash of the rule set.
        #[n(1)]
        rules: String,
        /// The profile's version that was read.
        #[n(2)]
        profile_version: i64,
        /// Commitment to the sealed record of inputs.
        #[n(3)]
        commitment: ByteVec,
    },
    /// By a person.
    #[n(1)]
    Hand {
        /// The reason given.
        #[n(0)]
        reason: String,
    },
}

/// A contract as signed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ContractSigned {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The contract.
    #[n(1)]
    pub contract: Id,
    /// The application.
    #[n(2)]
    pub application: Id,
    /// The facility it draws on.
    #[n(3)]
    pub facility: Id,
    /// The terms.
    #[n(4)]
    pub terms: Box<LoanTerms>,
    /// Hash of the text that was read and confirmed.
    #[n(5)]
    pub text_hash: ByteVec,
    /// How it was confirmed.
    #[n(6)]
    pub evidence: String,
}

/// A loan as drawn.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LoanDrawn {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// The contract.
    #[n(2)]
    pub contract: Id,
    /// The product's code.
    #[n(3)]
    pub product: String,
    /// What was paid out.
    #[n(4)]
    pub principal: Money,
    /// The last due date.
    #[n(5)]
    pub maturity: Date,
    /// The first due date.
    #[n(6)]
    pub next_due: Option<Date>,
    /// The event of its life.
    #[n(7)]
    pub event: LifeEvent,
    /// Where it stands since; absent in records from before the books held accrued interest.
    #[n(8)]
    pub stands: Option<Stands>,
}

/// A loan's life gone on.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LoanMoved {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// What happened.
    #[n(2)]
    pub event: LifeEvent,
    /// What the money paid.
    #[n(3)]
    pub allocation: Allocation,
    /// Principal not yet paid since.
    #[n(4)]
    pub outstanding_minor: i64,
    /// The next due date that is not met.
    #[n(5)]
    pub next_due: Option<Date>,
    /// The day nothing was owed any more.
    #[n(6)]
    pub closed_on: Option<Date>,
    /// Where it stands since; absent in records from before the books held accrued interest.
    #[n(7)]
    pub stands: Option<Stands>,
    /// The last due date, where the event moved it.
    #[n(8)]
    pub maturity: Option<Date>,
}

/// A household as enrolled.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct HouseholdEnrolled {
    /// Its id.
    #[n(0)]
    pub household: Id,
    /// Where it lives.
    #[n(1)]
    pub village: String,
    /// The currency of its wallet.
    #[n(2)]
    pub currency: Currency,
    /// Its persons.
    #[n(3)]
    pub persons: Vec<PersonFact>,
    /// What it consented to: purpose and version of the text.
    #[n(4)]
    pub consents: Vec<(String, String)>,
}

/// A person as enrolled: no personal data, only commitments to it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PersonFact {
    /// Its id.
    #[n(0)]
    pub person: Id,
    /// What it is in the household.
    #[n(1)]
    pub role: MemberRole,
    /// Field and salted commitment.
    #[n(2)]
    pub commitments: Vec<(String, ByteVec)>,
}

/// An entry with what the ledger does not know of it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Booked {
    /// Why it was made.
    #[n(0)]
    pub kind: EntryKind,
    /// The entry.
    #[n(1)]
    pub entry: Entry,
    /// Words for people.
    #[n(2)]
    pub memo: Option<String>,
    /// The entry it undoes: record and fact.
    #[n(3)]
    pub reverses: Option<(i64, i64)>,
}

/// One side of a crossing.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Crossed {
    /// The crossing.
    #[n(0)]
    pub id: Id,
    /// The state this side comes to.
    #[n(1)]
    pub state: CrossingState,
    /// `transfer`, `entrusted`, `merchant` or `quota`.
    #[n(2)]
    pub purpose: String,
    /// The other cell.
    #[n(3)]
    pub other: Cell,
    /// Whose wallet pays or receives here.
    #[n(4)]
    pub household: Option<Id>,
    /// Minor units.
    #[n(5)]
    pub amount_minor: i64,
    /// The currency.
    #[n(6)]
    pub currency: Currency,
    /// When it takes effect.
    #[n(7)]
    pub value_date: Date,
}
