//! What can be asked, and what is answered. Numbers are never reused: proposals keep commands, journals keep outcomes.

use basics::{Cell, Date, Id};
use loan::Allocation;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::application::{Apply, Decide, DecideByHand};
use crate::asked::{AnswerAsked, AskOffice};
use crate::call::{AskCall, EndCall};
use crate::case::{RaiseAlert, WorkCase};
use crate::change::{AgreeChange, ApplyChange, ProposeReplan, UndoChange};
use crate::close::{CloseCell, CloseDay, NoteClose, TakeReceipt};
use crate::code::{ClaimCode, PayCode};
use crate::consent::SayConsent;
use crate::correct::CorrectLoan;
use crate::dates::JudgeUnshown;
use crate::disaster::{DecideDisaster, DeclareDisaster, OfferDeferral};
use crate::drawer::{PayCash, TakeCash, WorkDrawer};
use crate::enrol::{Bury, Enrol};
use crate::erase::Erase;
use crate::facility::ChangeFacility;
use crate::follow::{AnswerRaise, FollowRating};
use crate::guarantee::{AnswerGuarantee, MoveGuarantee, SayGuarantee, StandFor};
use crate::hold::{PostFunds, ReserveFunds, VoidFunds};
use crate::level::SetLevel;
use crate::line::{CorrectLine, MoveLine, OpenLine, RegisterMerchant};
use crate::listed::LoadList;
use crate::look::NoteLook;
use crate::movement::NoteMovements;
use crate::observe::Observe;
use crate::paper::AddPaper;
use crate::payment::{AnswerPayment, AskPayment, BindAccount, DecidePayment, TakeCredit};
use crate::period::{ClosePeriod, ReopenPeriod};
use crate::preliminary::MovePreliminary;
use crate::promote::PromoteModel;
use crate::quota::{AnswerQuota, AskQuota, Fund, GrantQuota, PayWaiting};
use crate::rating::Rate;
use crate::reconcile::{SettleItem, TakeStatement};
use crate::remind::{CarryNotices, RemindOfSale};
use crate::renew::{Renew, UndoRenewal};
use crate::repay::Repay;
use crate::reverse::Reverse;
use crate::review::AskForPerson;
use crate::service::{LoanShown, ServiceLoan};
use crate::sign::{Draw, Sign};
use crate::staff::SetStaff;
use crate::suspend::{EndSuspended, Suspend};
use crate::suspicion::ReportSuspicion;
use crate::tables::ApplicationStatus;
use crate::take_over::{BeginTakeOver, EndTakeOver, TakeOverLoans};
use crate::transfer::{Arrive, ReleasePayout, Settle, Transfer};
use crate::village::{OpenVillage, WorkVillage};
use crate::wallet::{TopUp, Withdraw};
use crate::withdrawn::WithdrawApplication;

/// A command of the application.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Command {
    /// Enrol a household.
    #[n(0)]
    Enrol(#[n(0)] Enrol),
    /// Leave a tombstone where an enrolment never came.
    #[n(1)]
    Bury(#[n(0)] Bury),
    /// Money came in for a wallet.
    #[n(2)]
    TopUp(#[n(0)] TopUp),
    /// Pay out of a wallet.
    #[n(3)]
    Withdraw(#[n(0)] Withdraw),
    /// Capital was paid in at the bank.
    #[n(4)]
    Fund(#[n(0)] Fund),
    /// Give a cell part of the bank balance.
    #[n(5)]
    GrantQuota(#[n(0)] GrantQuota),
    /// Move money between wallets.
    #[n(6)]
    Transfer(#[n(0)] Transfer),
    /// Close the institution's day.
    #[n(7)]
    CloseDay(#[n(0)] CloseDay),
    /// Undo an entry.
    #[n(8)]
    Reverse(#[n(0)] Reverse),
    /// Erase a person's data.
    #[n(9)]
    Erase(#[n(0)] Erase),
    /// An amount arrives from another cell.
    #[n(10)]
    Arrive(#[n(0)] Arrive),
    /// The target of a crossing has answered.
    #[n(11)]
    Settle(#[n(0)] Settle),
    /// A cell asks the office for more of the bank balance.
    #[n(12)]
    AskQuota(#[n(0)] AskQuota),
    /// The office has nothing to give.
    #[n(13)]
    AnswerQuota(#[n(0)] AnswerQuota),
    /// Pay what waits, as far as the quota goes.
    #[n(14)]
    PayWaiting(#[n(0)] PayWaiting),
    /// Close a cell's day.
    #[n(15)]
    CloseCell(#[n(0)] CloseCell),
    /// A cell has closed its day.
    #[n(16)]
    TakeReceipt(#[n(0)] TakeReceipt),
    /// Fold behaviour events into a household's profile.
    #[n(17)]
    Observe(#[n(0)] Observe),
    /// Ask for a loan.
    #[n(18)]
    Apply(#[n(0)] Apply),
    /// Book what model and rules decided.
    #[n(19)]
    Decide(#[n(0)] Decide),
    /// Decide a referred application in person.
    #[n(20)]
    DecideByHand(#[n(0)] DecideByHand),
    /// Sign a contract.
    #[n(21)]
    Sign(#[n(0)] Sign),
    /// Draw a loan.
    #[n(22)]
    Draw(#[n(0)] Draw),
    /// Pay a loan from the wallet.
    #[n(23)]
    Repay(#[n(0)] Repay),
    /// Take on a member of staff, or change one.
    #[n(24)]
    SetStaff(#[n(0)] SetStaff),
    /// Tell of something unusual.
    #[n(173)]
    RaiseAlert(#[n(0)] RaiseAlert),
    /// Take a case, note beside it, decide it.
    #[n(174)]
    WorkCase(#[n(0)] WorkCase),
    /// Review, freeze, thaw, raise, lower or close a facility.
    #[n(35)]
    ChangeFacility(#[n(0)] ChangeFacility),
    /// Propose a re-plan.
    #[n(45)]
    ProposeReplan(#[n(0)] ProposeReplan),
    /// Agree to a proposed change of a loan.
    #[n(46)]
    AgreeChange(#[n(0)] AgreeChange),
    /// Apply a change of a loan.
    #[n(47)]
    ApplyChange(#[n(0)] ApplyChange),
    /// Take a change of a loan back.
    #[n(48)]
    UndoChange(#[n(0)] UndoChange),
    /// Declare a disaster.
    #[n(49)]
    DeclareDisaster(#[n(0)] DeclareDisaster),
    /// Have a disaster carried out or taken back.
    #[n(50)]
    DecideDisaster(#[n(0)] DecideDisaster),
    /// Offer a disaster's programme to a loan.
    #[n(51)]
    OfferDeferral(#[n(0)] OfferDeferral),
    /// Open a statement line.
    #[n(36)]
    OpenLine(#[n(0)] OpenLine),
    /// Let something happen to a statement line.
    #[n(37)]
    MoveLine(#[n(0)] MoveLine),
    /// Date something that happened to a line back.
    #[n(90)]
    CorrectLine(#[n(0)] CorrectLine),
    /// Put a merchant into the register.
    #[n(91)]
    RegisterMerchant(#[n(0)] RegisterMerchant),
    /// Tell how long the close of a day took.
    #[n(25)]
    NoteClose(#[n(0)] NoteClose),
    /// Do something to a running loan beside paying it.
    #[n(55)]
    ServiceLoan(#[n(0)] ServiceLoan),
    /// Add a paper to a contract.
    #[n(100)]
    AddPaper(#[n(0)] AddPaper),
    /// Set money free that was meant for a payee and came back.
    #[n(101)]
    ReleasePayout(#[n(0)] ReleasePayout),
    /// Draw a contract to pay an older loan off.
    #[n(80)]
    Renew(#[n(0)] Renew),
    /// Take a renewal back on its day.
    #[n(81)]
    UndoRenewal(#[n(0)] UndoRenewal),
    /// Set an amount of a wallet apart for a payee.
    #[n(140)]
    ReserveFunds(#[n(0)] ReserveFunds),
    /// Move what was set apart.
    #[n(141)]
    PostFunds(#[n(0)] PostFunds),
    /// Set free what was set apart.
    #[n(142)]
    VoidFunds(#[n(0)] VoidFunds),
    /// Reserve the money of an order and have a person look at it.
    #[n(330)]
    Suspend(#[n(0)] Suspend),
    /// Carry out or refuse a suspended order.
    #[n(331)]
    EndSuspended(#[n(0)] EndSuspended),
    /// Report a case to the authority.
    #[n(332)]
    ReportSuspicion(#[n(0)] ReportSuspicion),
    /// Load a part of a list of persons to be looked at.
    #[n(333)]
    LoadList(#[n(0)] LoadList),
    /// Bind an account elsewhere to a household.
    #[n(160)]
    BindAccount(#[n(0)] BindAccount),
    /// Ask for a payment over a rail.
    #[n(161)]
    AskPayment(#[n(0)] AskPayment),
    /// A rail says what became of a payment.
    #[n(162)]
    AnswerPayment(#[n(0)] AnswerPayment),
    /// Decide what is booked of a payment in question.
    #[n(163)]
    DecidePayment(#[n(0)] DecidePayment),
    /// Money came in over a rail.
    #[n(164)]
    TakeCredit(#[n(0)] TakeCredit),
    /// Take a statement of a rail.
    #[n(165)]
    TakeStatement(#[n(0)] TakeStatement),
    /// Close an item of reconciliation.
    #[n(166)]
    SettleItem(#[n(0)] SettleItem),
    /// Close a month, a quarter or a year.
    #[n(245)]
    ClosePeriod(#[n(0)] ClosePeriod),
    /// Open a closed period again.
    #[n(246)]
    ReopenPeriod(#[n(0)] ReopenPeriod),
    /// Say how well a household is known.
    #[n(167)]
    SetLevel(#[n(0)] SetLevel),
    /// Pay a merchant's code.
    #[n(168)]
    PayCode(#[n(0)] PayCode),
    /// Date an event of a loan back, or take one back.
    #[n(26)]
    CorrectLoan(#[n(0)] CorrectLoan),
    /// Give a model a place: champion, challenger, or none.
    #[n(130)]
    PromoteModel(#[n(0)] PromoteModel),
    /// Ask that a person decides what model and rules decided.
    #[n(131)]
    AskForPerson(#[n(0)] AskForPerson),
    /// Withdraw an application on which no contract is signed.
    #[n(241)]
    WithdrawApplication(#[n(0)] WithdrawApplication),
    /// Book that a household is rated otherwise.
    #[n(133)]
    Rate(#[n(0)] Rate),
    /// Tell what became of notices.
    #[n(200)]
    CarryNotices(#[n(0)] CarryNotices),
    /// Tell a household that has sold its harvest what falls due soon.
    #[n(201)]
    RemindOfSale(#[n(0)] RemindOfSale),
    /// Ask a household to stand for a debt.
    #[n(134)]
    StandFor(#[n(0)] StandFor),
    /// Tell whether a guarantor stands.
    #[n(135)]
    AnswerGuarantee(#[n(0)] AnswerGuarantee),
    /// Release a guarantor, or bind it again.
    #[n(136)]
    MoveGuarantee(#[n(0)] MoveGuarantee),
    /// Judge a loan whose use was not shown in time.
    #[n(137)]
    JudgeUnshown(#[n(0)] JudgeUnshown),
    /// Begin a village campaign.
    #[n(261)]
    OpenVillage(#[n(0)] OpenVillage),
    /// Go on with a village campaign.
    #[n(262)]
    WorkVillage(#[n(0)] WorkVillage),
    /// Offer, sign or take back a preliminary limit.
    #[n(263)]
    MovePreliminary(#[n(0)] MovePreliminary),
    /// Let a facility follow a change of rating.
    #[n(264)]
    FollowRating(#[n(0)] FollowRating),
    /// Say whether a raise is wanted.
    #[n(265)]
    AnswerRaise(#[n(0)] AnswerRaise),
    /// Note how far a journal was read for behaviour.
    #[n(266)]
    NoteMovements(#[n(0)] NoteMovements),
    /// Ask the office for something about one's own data.
    #[n(281)]
    AskOffice(#[n(0)] AskOffice),
    /// Answer what a household asked for.
    #[n(282)]
    AnswerAsked(#[n(0)] AnswerAsked),
    /// Ask that a household is called before an instalment falls due.
    #[n(290)]
    AskCall(#[n(0)] AskCall),
    /// Tell that it was called, or that nobody will.
    #[n(291)]
    EndCall(#[n(0)] EndCall),
    /// Take a code as paid for a purchase on a line.
    #[n(301)]
    ClaimCode(#[n(0)] ClaimCode),
    /// Give a consent or withdraw it.
    #[n(302)]
    SayConsent(#[n(0)] SayConsent),
    /// Note that somebody looked at a household.
    #[n(303)]
    NoteLook(#[n(0)] NoteLook),
    /// Say whether one stands for a debt.
    #[n(304)]
    SayGuarantee(#[n(0)] SayGuarantee),
    /// Begin to take another system's book over.
    #[n(221)]
    BeginTakeOver(#[n(0)] BeginTakeOver),
    /// Take loans over in mid-life.
    #[n(222)]
    TakeOverLoans(#[n(0)] TakeOverLoans),
    /// Book what a book had beside its loans, and end taking it over.
    #[n(223)]
    EndTakeOver(#[n(0)] EndTakeOver),
    /// Make, open, close, count or fill a teller drawer.
    #[n(310)]
    WorkDrawer(#[n(0)] WorkDrawer),
    /// Take cash in at a drawer.
    #[n(311)]
    TakeCash(#[n(0)] TakeCash),
    /// Pay cash out of a drawer.
    #[n(312)]
    PayCash(#[n(0)] PayCash),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// Done and booked.
    #[n(0)]
    Done,
    /// A business no: the wallet has less than that available.
    #[n(1)]
    InsufficientFunds {
        /// What is available, in minor units.
        #[n(0)]
        available_minor: i64,
    },
    /// The payout is held and waits for the cell's quota of the bank balance.
    #[n(2)]
    PendingFunds,
    /// The order is being looked at: its money is reserved until a person has decided.
    #[n(330)]
    Suspended,
    /// The amount is held and on its way to another cell.
    #[n(3)]
    OnItsWay {
        /// The crossing.
        #[n(0)]
        transfer: Id,
    },
    /// A business no: there is no such payee.
    #[n(4)]
    UnknownPayee,
    /// A business no: the balance would fall below its floor.
    #[n(5)]
    BelowFloor,
    /// A household stands there already.
    #[n(6)]
    AlreadyThere,
    /// The institution's day is being closed.
    #[n(7)]
    Closing {
        /// The day.
        #[n(0)]
        day: Date,
        /// How many cells must close it.
        #[n(1)]
        cells: u16,
    },
    /// The institution's day is closed.
    #[n(8)]
    Closed {
        /// The day.
        #[n(0)]
        day: Date,
    },
    /// What can be erased is erased; the rest must be kept until the date.
    #[n(9)]
    Erased {
        /// Until when identity must be kept; none if nothing must be, and the key may be destroyed.
        #[n(0)]
        retained_until: Option<Date>,
    },
    /// A crossing was settled: posted or voided.
    #[n(10)]
    Settled {
        /// Whether the amount left.
        #[n(0)]
        posted: bool,
    },
    /// The profile's version since.
    #[n(12)]
    Observed {
        /// The version.
        #[n(0)]
        version: i64,
    },
    /// An application was decided.
    #[n(13)]
    Decided {
        /// `approved`, `referred` or `declined`.
        #[n(0)]
        status: ApplicationStatus,
        /// What is approved, in minor units.
        #[n(1)]
        approved_minor: i64,
        /// The yearly rate, ppm.
        #[n(2)]
        rate_ppm: i64,
    },
    /// A loan was paid: what the money paid, and what is left.
    #[n(14)]
    Repaid {
        /// What the money paid.
        #[n(0)]
        allocation: Allocation,
        /// Principal not yet paid, in minor units.
        #[n(1)]
        outstanding_minor: i64,
        /// Whether nothing is owed any more.
        #[n(2)]
        closed: bool,
    },
    /// A business no: more than is due, and not what would close the loan.
    #[n(15)]
    MoreThanDue {
        /// What is due today, in minor units.
        #[n(0)]
        due_minor: i64,
        /// What would close the loan today, in minor units.
        #[n(1)]
        payoff_minor: i64,
    },
    /// A business no: the facility has less than that available, or is over.
    #[n(16)]
    OverFacility {
        /// What is available, in minor units.
        #[n(0)]
        available_minor: i64,
    },
    /// A business no: nothing may be drawn under the facility now.
    #[n(25)]
    FacilityShut {
        /// Why: not granted, frozen, over, closed, or its review is late.
        #[n(0)]
        why: String,
    },
    /// Something was done to a running loan: where it stood and stands.
    #[n(35)]
    Serviced {
        /// Before.
        #[n(0)]
        before: LoanShown,
        /// After.
        #[n(1)]
        after: LoanShown,
    },
    /// An event was dated back: what it changed.
    #[n(17)]
    Corrected {
        /// What the money paid, from today's view.
        #[n(0)]
        allocation: Allocation,
        /// Principal not yet paid, in minor units.
        #[n(1)]
        outstanding_minor: i64,
        /// Days past due on the last closed day, before and after.
        #[n(2)]
        days_past_due: (u32, u32),
        /// Class on that day, before and after; 0 is the best.
        #[n(3)]
        class: (u8, u8),
    },
    /// A change of a loan was computed, and shown.
    #[n(30)]
    ChangeProposed {
        /// What it adds to the cost, in minor units.
        #[n(0)]
        added_minor: i64,
        /// Whether it waits for the borrower's word.
        #[n(1)]
        needs_consent: bool,
    },
    /// A business no: nothing of the loan is changed.
    #[n(31)]
    NotChanged {
        /// Why not.
        #[n(0)]
        reason: String,
    },
    /// A statement line went on: where it stands since.
    #[n(26)]
    LineMoved {
        /// Principal outstanding, in minor units.
        #[n(0)]
        used_minor: i64,
        /// What may still be bought for.
        #[n(1)]
        available_minor: i64,
        /// All that is owed, in plans too.
        #[n(2)]
        owed_minor: i64,
        /// What the minimum payments lack.
        #[n(3)]
        minimum_minor: i64,
    },
    /// A business no: the line has less than that available.
    #[n(27)]
    OverLine {
        /// What is available, in minor units.
        #[n(0)]
        available_minor: i64,
    },
    /// An older loan was paid off with a new one.
    #[n(55)]
    Renewed {
        /// Principal of the new loan, in minor units.
        #[n(0)]
        principal_minor: i64,
        /// What paid the old one off.
        #[n(1)]
        paid_off_minor: i64,
        /// What of that came from the wallet; less than nothing if money went there.
        #[n(2)]
        from_wallet_minor: i64,
        /// Class of the new loan; 0 is the best.
        #[n(3)]
        class: u8,
    },
    /// A payment was asked for; what leaves is held until its rail has answered.
    #[n(75)]
    PaymentAsked,
    /// Where a payment stands: `asked`, `settled`, `refused` or `questioned`.
    #[n(76)]
    PaymentStands {
        /// The state.
        #[n(0)]
        state: String,
    },
    /// A statement was taken.
    #[n(77)]
    Reconciled {
        /// Lines that agree with the books.
        #[n(0)]
        matched: u32,
        /// Differences, now in the queue.
        #[n(1)]
        differing: u32,
    },
    /// A business no: a limit of the household's level would be passed.
    #[n(78)]
    OverLimit {
        /// Which: of a `payment`, a `day` or a `year`.
        #[n(0)]
        which: String,
        /// What is left under it, in minor units.
        #[n(1)]
        left_minor: i64,
    },
    /// A period was closed: the hash of its frozen trial balance.
    #[n(80)]
    PeriodFrozen {
        /// The hash.
        #[n(0)]
        hash: ByteVec,
    },
    /// Where a drawer stands.
    #[n(310)]
    DrawerStands {
        /// What is in it, in minor units.
        #[n(0)]
        balance_minor: i64,
        /// What a count found too much, in minor units; less than nothing is too little.
        #[n(1)]
        difference_minor: i64,
        /// Whether it holds more than it should.
        #[n(2)]
        over_limit: bool,
    },
    /// A business no: there is less cash than that.
    #[n(311)]
    InsufficientCash {
        /// What is there, in minor units.
        #[n(0)]
        available_minor: i64,
    },
    /// How many waiting payouts were paid.
    #[n(11)]
    Paid {
        /// The number.
        #[n(0)]
        count: u32,
    },
}

/// Where a command is carried out.
pub fn cell_of(command: &Command) -> Cell {
    match command {
        Command::Enrol(c) => c.cell,
        Command::Bury(c) => c.cell,
        Command::TopUp(c) => c.cell,
        Command::Withdraw(c) => c.cell,
        Command::Transfer(c) => c.cell,
        Command::Reverse(c) => c.cell,
        Command::Erase(c) => c.cell,
        Command::Arrive(c) => c.cell,
        Command::Settle(c) => c.cell,
        Command::AnswerQuota(c) => c.cell,
        Command::PayWaiting(c) => c.cell,
        Command::CloseCell(c) => c.cell,
        Command::Observe(c) => c.cell,
        Command::Apply(c) => c.cell,
        Command::Decide(c) => c.cell,
        Command::DecideByHand(c) => c.cell,
        Command::AskForPerson(c) => c.cell,
        Command::WithdrawApplication(c) => c.cell,
        Command::AskOffice(c) => c.cell,
        Command::AskCall(c) => c.cell,
        Command::EndCall(c) => c.cell,
        Command::AnswerAsked(c) => c.cell,
        Command::Rate(c) => c.cell,
        Command::CarryNotices(c) => c.cell,
        Command::RemindOfSale(c) => c.cell,
        Command::Sign(c) => c.cell,
        Command::AddPaper(c) => c.cell,
        Command::Draw(c) => c.cell,
        Command::Repay(c) => c.cell,
        Command::CorrectLoan(c) => c.cell,
        Command::ServiceLoan(c) => c.cell,
        Command::Renew(c) => c.cell,
        Command::UndoRenewal(c) => c.cell,
        Command::ChangeFacility(c) => c.cell,
        Command::ProposeReplan(c) => c.cell,
        Command::AgreeChange(c) => c.cell,
        Command::ApplyChange(c) => c.cell,
        Command::UndoChange(c) => c.cell,
        Command::OfferDeferral(c) => c.cell,
        Command::OpenLine(c) => c.cell,
        Command::MoveLine(c) => c.cell,
        Command::CorrectLine(c) => c.cell,
        Command::ReleasePayout(c) => c.cell,
        Command::ReserveFunds(c) => c.cell,
        Command::PostFunds(c) => c.cell,
        Command::VoidFunds(c) => c.cell,
        Command::BindAccount(c) => c.cell,
        Command::SetLevel(c) => c.cell,
        Command::PayCode(c) => c.cell,
        Command::PayCash(c) => c.cell,
        Command::ClaimCode(c) => c.cell,
        Command::SayConsent(c) => c.cell,
        Command::NoteLook(c) => c.cell,
        Command::SayGuarantee(c) => c.cell,
        Command::AskPayment(c) => c.cell,
        Command::Suspend(c) => c.order.cell(),
        Command::EndSuspended(c) => c.cell,
        Command::AnswerPayment(c) => c.cell,
        Command::DecidePayment(c) => c.cell,
        Command::TakeCredit(c) => c.cell,
        Command::TakeStatement(_) | Command::SettleItem(_) => Cell::OFFICE,
        Command::StandFor(c) => c.cell,
        Command::AnswerGuarantee(c) => c.cell,
        Command::MoveGuarantee(c) => c.cell,
        Command::JudgeUnshown(c) => c.cell,
        Command::MovePreliminary(c) => c.cell,
        Command::FollowRating(c) => c.cell,
        Command::AnswerRaise(c) => c.cell,
        Command::NoteMovements(c) => c.cell,
        Command::RegisterMerchant(_) => Cell::OFFICE,
        Command::TakeOverLoans(c) => c.cell,
        Command::BeginTakeOver(_) | Command::EndTakeOver(_) => Cell::OFFICE,
        Command::ClosePeriod(_) | Command::ReopenPeriod(_) => Cell::OFFICE,
        Command::Fund(_)
        | Command::GrantQuota(_)
        | Command::CloseDay(_)
        | Command::NoteClose(_)
        | Command::DeclareDisaster(_)
        | Command::DecideDisaster(_)
        | Command::AskQuota(_)
        | Command::TakeReceipt(_)
        | Command::PromoteModel(_)
        | Command::RaiseAlert(_)
        | Command::WorkCase(_)
        | Command::ReportSuspicion(_)
        | Command::LoadList(_)
        | Command::OpenVillage(_)
        | Command::WorkVillage(_)
        | Command::WorkDrawer(_)
        | Command::TakeCash(_)
        | Command::SetStaff(_) => Cell::OFFICE,
    }
}
