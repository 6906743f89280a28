//! The application as the door sees it: commands to handlers, facts to rows, checks for the audit.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use basics::{Cell, Date, cbor};
use door::Stamp;
use door::app::{App, Context, CrossSums, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::permission::{Act, Rule};
use door::table::{Record, Row, Table};
use ledger::Chart;
use loan::cost::CostTable;
use loan::remind::ReminderPlan;
use loan::rules::RulePack;
use loan::season::CropCalendar;
use loan::{Catalogue, Product};

use crate::application::SeasonAsked;
use crate::command::{Command, Outcome, cell_of};
use crate::fact::Fact;
use crate::identities::group_sum;
use crate::institution::{DatedRules, Institution, SetUpError, Subjects};
use crate::level::LevelLimits;
use crate::line::{BOOK_LINE, BOOK_MERCHANT};
use crate::tables::{Application, Crossing, CrossingState, GlBalance, LoanNote, Posting, Wallet};
use crate::{books, drawer, permission, subject_day, tables};

/// The rule pack an institution works under unless told otherwise.
const SHIPPED_PACK: &str = "cn-rural";

/// The application: an institution and its chart of accounts.
#[derive(Clone, Debug)]
pub struct Tianxin {
    /// The institution.
    pub institution: Institution,
    /// Its chart of accounts.
    pub chart: Chart,
    /// The subjects it books.
    pub subjects: Subjects,
    /// What it lends.
    pub products: Catalogue,
    /// What the regulator sets, by date: classes, provisions, when interest is no longer income.
    pub dated: DatedRules,
    /// Who may do what.
    pub rules: Vec<Rule>,
    /// When crops bring money, by region.
    pub calendar: CropCalendar,
    /// What borrowers are told, and when what is due is collected; none is neither.
    pub reminders: Option<ReminderPlan>,
    /// The rails that payments may go over, by name; who carries them knows where they lead.
    pub rails: Vec<String>,
    /// What a household may move by itself, by how well it is known; empty where nothing but its balance limits it.
    pub limits: Vec<LevelLimits>,
    /// On how many threads a step of the close folds its loans; what it finds is the same with any number.
    pub hands: NonZeroUsize,
}

impl Tianxin {
    /// The application of an institution that lends nothing yet, under the rule pack shipped for rural banks.
    /// Errors if the chart lacks a subject.
    pub fn new(institution: Institution, chart: Chart) -> Result<Tianxin, SetUpError> {
        let subjects = Subjects::of(&chart, institution.licence)?;
        let dated = DatedRules::of(&RulePack::shipped(SHIPPED_PACK)?)?;
        let rules = permission::RULES.to_vec();
        let calendar = CropCalendar::shipped().map_err(loan::LoanError::from)?;
        let (products, rails, limits) = (Catalogue::default(), Vec::new(), Vec::new());
        let (reminders, hands) = (None, NonZeroUsize::MIN);
        Ok(Tianxin { institution, chart, subjects, products, dated, rules, calendar, reminders, rails, limits, hands })
    }

    /// The same institution under another rule pack. Errors if the pack is never complete.
    pub fn under(self, pack: &RulePack) -> Result<Tianxin, SetUpError> {
        Ok(Tianxin { dated: DatedRules::of(pack)?, ..self })
    }

    /// The same institution, lending these products.
    #[must_use]
    pub fn lending(self, products: Vec<Product>) -> Tianxin {
        Tianxin { products: Catalogue::of(products), ..self }
    }

    /// The same institution, its products on offer since a day at the latest: for a past that is made up.
    #[must_use]
    pub fn offering_since(self, day: Date) -> Tianxin {
        Tianxin { products: self.products.since(day), ..self }
    }

    /// The same institution under another permission table.
    #[must_use]
    pub fn permitting(self, rules: Vec<Rule>) -> Tianxin {
        Tianxin { rules, ..self }
    }

    /// The same institution with a crop calendar of its own.
    #[must_use]
    pub fn by_calendar(self, calendar: CropCalendar) -> Tianxin {
        Tianxin { calendar, ..self }
    }

    /// The same institution, reminding and collecting by a plan.
    #[must_use]
    pub fn reminding(self, plan: ReminderPlan) -> Tianxin {
        Tianxin { reminders: Some(plan), ..self }
    }

    /// The same institution, with limits by how well a household is known.
    #[must_use]
    pub fn limiting(self, limits: Vec<LevelLimits>) -> Tianxin {
        Tianxin { limits, ..self }
    }

    /// The same institution, paying over these rails.
    #[must_use]
    pub fn paying_over(self, rails: Vec<String>) -> Tianxin {
        Tianxin { rails, ..self }
    }

    /// The same institution, the loans of a close folded on so many threads.
    #[must_use]
    pub fn with_hands(self, hands: NonZeroUsize) -> Tianxin {
        Tianxin { hands, ..self }
    }

    /// The version of a product in force on a day, as a household with these crops would have it. Refuses crops that the
    /// calendar or the product does not know, and a seasonal product without them.
    pub fn product_for(&self, code: &str, season: Option<&SeasonAsked>, on: Date) -> Result<Cow<'_, Product>, Refusal> {
        self.grown(self.product_on(code, on)?, season)
    }

    /// The product of an application, in the version that was applied for, as its household has it.
    pub fn product_of(&self, row: &Application) -> Result<Cow<'_, Product>, Refusal> {
        let season = row.season.as_deref().map(cbor::from_bytes::<SeasonAsked>).transpose();
        let damaged = |error| format!("what the application says of its crops cannot be read: {error}");
        let season = season.map_err(|error| Refusal::new("season_missing", damaged(error)))?;
        let version = u32::try_from(row.product_version).unwrap_or_default();
        self.grown(self.product_version(&row.product, version)?, season.as_ref())
    }

    fn grown<'p>(&'p self, product: &'p Product, season: Option<&SeasonAsked>) -> Result<Cow<'p, Product>, Refusal> {
        match (season, &product.season) {
            (None, None) => Ok(Cow::Borrowed(product)),
            (None, Some(_)) => {
                let message =
                    format!("{} follows the seasons: name the region and the crops with their areas", product.code);
                Err(Refusal::new("season_missing", message))
            }
            (Some(asked), _) => product
                .for_household(&self.calendar, &asked.region, &asked.crops)
                .map(Cow::Owned)
                .map_err(|error| Refusal::new("outside_product", error.to_string())),
        }
    }

    /// The version of a product that is in force on a day.
    pub fn product_on(&self, code: &str, on: Date) -> Result<&Product, Refusal> {
        self.products.on(code, on).ok_or_else(|| self.unknown_product(code))
    }

    /// The newest version of a product, whether it has begun or not.
    pub fn product(&self, code: &str) -> Result<&Product, Refusal> {
        self.products.newest(code).ok_or_else(|| self.unknown_product(code))
    }

    fn unknown_product(&self, code: &str) -> Refusal {
        let shown: String = code.chars().take(40).collect();
        let offered = self.products.codes().join(", ");
        Refusal::new("unknown_product", format!("there is no product `{shown}`: choose one of {offered}"))
    }

    /// Refuses a product that the rules of a day do not allow: its penalty, or a cap above theirs. Rules for another
    /// currency say nothing of it.
    pub(crate) fn check_rules(&self, product: &Product, on: Date) -> Result<(), Refusal> {
        let refused = |error: loan::LoanError| Refusal::new("outside_rules", error.to_string());
        let rules = self.dated.on(on).map_err(refused)?;
        if rules.currency != product.currency { Ok(()) } else { rules.check_product(product).map_err(refused) }
    }

    /// Refuses a plan whose annualised all-in cost passes the cap of its product, or of the rules of a day.
    pub fn check_cost(&self, product: &Product, cost: &CostTable, on: Date) -> Result<(), Refusal> {
        let refused = |error: loan::LoanError| Refusal::new("over_cost_cap", error.to_string());
        let rules = self.dated.on(on).map_err(refused)?;
        let cap_of_rules = rules.all_in_cap.filter(|_| rules.currency == product.currency);
        cost.check_cap(product.cost_cap).and_then(|()| cost.check_cap(cap_of_rules)).map_err(refused)
    }

    /// A version of a product, in force or not.
    pub fn product_version(&self, code: &str, version: u32) -> Result<&Product, Refusal> {
        self.products.version(code, version).ok_or_else(|| {
            let message = format!("version {version} of {code} is not among the products any more: apply again");
            Refusal::new("unknown_product", message)
        })
    }
}

impl App for Tianxin {
    type Command = Command;
    type Outcome = Outcome;
    type Fact = Fact;

    fn tables(&self) -> Vec<&'static Table> {
        tables::all()
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn cell(&self, command: &Command) -> Cell {
        cell_of(command)
    }

    fn act(&self, command: &Command) -> Act {
        let act = |name, owner, amount_minor| Act { name, owner, amount_minor };
        match command {
            Command::Enrol(c) => act("enrol", Some(c.household), 0),
            Command::Bury(c) => act("bury", Some(c.household), 0),
            Command::TopUp(c) => act("top_up", Some(c.household), c.amount.minor()),
            Command::Withdraw(c) => act("withdraw", Some(c.household), c.amount.minor()),
            Command::Fund(c) => act("fund", None, c.amount.minor()),
            Command::GrantQuota(c) => act("grant_quota", None, c.amount.minor()),
            Command::Transfer(c) => act("transfer", Some(c.from), c.amount.minor()),
            Command::CloseDay(_) => act("close_day", None, 0),
            Command::NoteClose(_) => act("note_close", None, 0),
            Command::Reverse(_) => act("reverse", None, 0),
            Command::Erase(c) => act("erase", Some(c.household), 0),
            Command::Observe(c) => act("observe", Some(c.household), 0),
            Command::Apply(c) => act("apply", Some(c.household), c.amount.minor()),
            Command::Decide(c) => act("decide", Some(c.household), c.approved_minor),
            Command::DecideByHand(c) => act("decide_by_hand", Some(c.household), c.approved.minor()),
            Command::Sign(c) => act("sign", Some(c.household), 0),
            Command::AddPaper(c) => act(c.act(), Some(c.household), 0),
            Command::Draw(c) => act("draw", Some(c.household), 0),
            Command::Repay(c) => act("repay", Some(c.household), c.amount.minor()),
            Command::CorrectLoan(_) => act("correct_loan", None, 0),
            Command::ServiceLoan(c) => {
                let (name, amount_minor) = c.what.act();
                act(name, Some(c.household), amount_minor)
            }
            Command::Renew(c) => act("renew_loan", Some(c.household), 0),
            Command::UndoRenewal(c) => act("undo_renewal", Some(c.household), 0),
            Command::SetStaff(_) => act("set_staff", None, 0),
            Command::WorkDrawer(c) => {
                let (name, amount_minor) = c.act();
                act(name, None, amount_minor)
            }
            Command::TakeCash(c) => act(c.act(), Some(c.household), c.amount.minor()),
            Command::PayCash(c) => act("pay_cash", Some(c.household), c.amount.minor()),
            Command::RaiseAlert(_) => act("raise_alert", None, 0),
            Command::WorkCase(c) => act(c.act(), None, 0),
            Command::ReportSuspicion(_) => act("report_suspicion", None, 0),
            Command::LoadList(_) => act("load_list", None, 0),
            Command::OpenVillage(_) => act("prepare_village", None, 0),
            Command::WorkVillage(c) => act(c.act(), None, 0),
            Command::FollowRating(c) => act("follow_rating", Some(c.household), 0),
            Command::AnswerRaise(c) => act("answer_raise", Some(c.household), 0),
            Command::NoteMovements(_) => act("note_movements", None, 0),
            Command::MovePreliminary(c) => {
                let (name, amount_minor) = c.act();
                act(name, Some(c.household), amount_minor)
            }
            Command::ProposeReplan(c) => act("propose_replan", Some(c.household), 0),
            Command::AgreeChange(c) => act("agree_change", Some(c.household), 0),
            Command::ApplyChange(c) => act("apply_change", Some(c.household), 0),
            Command::UndoChange(c) => act("undo_change", Some(c.household), 0),
            Command::DeclareDisaster(_) => act("declare_disaster", None, 0),
            Command::DecideDisaster(_) => act("decide_disaster", None, 0),
            Command::OfferDeferral(c) => act("offer_deferral", Some(c.household), 0),
            Command::OpenLine(c) => act("open_line", Some(c.household), c.limit.minor()),
            Command::MoveLine(c) => {
                let (name, amount_minor) = c.act.act();
                act(name, Some(c.household), amount_minor)
            }
            Command::CorrectLine(_) => act("correct_line", None, 0),
            Command::RegisterMerchant(_) => act("register_merchant", None, 0),
            Command::PromoteModel(_) => act("promote_model", None, 0),
            Command::Rate(c) => act("rate", Some(c.household), 0),
            Command::CarryNotices(_) => act("carry_notice", None, 0),
            Command::RemindOfSale(c) => act("remind", Some(c.household), 0),
            Command::AskForPerson(c) => act("ask_for_person", Some(c.household), 0),
            Command::WithdrawApplication(c) => act("withdraw_application", Some(c.household), 0),
            Command::AskOffice(c) => act("ask_office", Some(c.household), 0),
            Command::AskCall(c) => act("ask_call", Some(c.household), 0),
            Command::EndCall(c) => act("end_call", Some(c.household), 0),
            Command::AnswerAsked(c) => act("answer_asked", Some(c.household), 0),
            Command::ReleasePayout(c) => act("release_payout", Some(c.household), 0),
            Command::ReserveFunds(c) => act(c.act(), Some(c.household), c.amount.minor()),
            Command::PostFunds(c) => act("post_funds", None, c.amount.map_or(0, |amount| amount.minor())),
            Command::VoidFunds(_) => act("void_funds", None, 0),
            Command::BindAccount(c) => act("bind_account", Some(c.household), 0),
            Command::SetLevel(_) => act("set_level", None, 0),
            Command::PayCode(c) => act("pay_code", Some(c.household), c.amount.minor()),
            Command::ClaimCode(_) => act("claim_code", None, 0),
            Command::SayConsent(c) => act("say_consent", Some(c.household), 0),
            Command::NoteLook(_) => act("note_look", None, 0),
            Command::SayGuarantee(c) => act("say_guarantee", Some(c.household), 0),
            Command::AskPayment(c) => act(c.act(), Some(c.household), c.amount.minor()),
            // Suspended or not, it is the same act.
            Command::Suspend(c) => self.act(&c.order.command()),
            Command::EndSuspended(c) => act(c.act(), None, c.amount.minor()),
            Command::AnswerPayment(_) => act("answer_payment", None, 0),
            Command::DecidePayment(c) => act("decide_payment", None, c.moved.map_or(0, |moved| moved.minor())),
            Command::TakeCredit(c) => act("take_credit", None, c.amount.minor()),
            Command::TakeStatement(_) => act("take_statement", None, 0),
            Command::SettleItem(_) => act("settle_item", None, 0),
            Command::ClosePeriod(_) => act("close_period", None, 0),
            Command::ReopenPeriod(_) => act("reopen_period", None, 0),
            Command::ChangeFacility(c) => {
                let (name, amount_minor) = c.act();
                act(name, Some(c.household), amount_minor)
            }
            Command::BeginTakeOver(_) | Command::TakeOverLoans(_) | Command::EndTakeOver(_) => {
                act("take_over_book", None, 0)
            }
            Command::Arrive(_)
            | Command::Settle(_)
            | Command::AskQuota(_)
            | Command::AnswerQuota(_)
            | Command::PayWaiting(_)
            | Command::StandFor(_)
            | Command::AnswerGuarantee(_)
            | Command::MoveGuarantee(_)
            | Command::JudgeUnshown(_)
            | Command::CloseCell(_)
            | Command::TakeReceipt(_) => act("follow_up", None, 0),
        }
    }

    fn needs(&self, command: &Command, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        match command {
            Command::Enrol(c) => self.needs_enrol(c, needs),
            Command::Bury(c) => self.needs_bury(c, needs),
            Command::TopUp(c) => self.needs_wallet(c.cell, c.household, needs),
            Command::Withdraw(c) => self.needs_withdraw(c, needs),
            Command::Fund(_) | Command::GrantQuota(_) | Command::AskQuota(_) => self.needs_bank(Cell::OFFICE, needs),
            Command::AnswerQuota(c) => self.needs_bank(c.cell, needs),
            Command::Transfer(c) => self.needs_transfer(c, needs),
            Command::CloseDay(c) => {
                self.needs_day(c.day, needs);
                self.needs_taken_books(needs);
                self.needs_drawers(needs);
            }
            Command::WorkDrawer(c) => self.needs_work_drawer(c, needs),
            Command::TakeCash(_) => self.needs_take_cash(needs),
            Command::PayCash(c) => self.needs_pay_cash(c, needs),
            Command::BeginTakeOver(_) => self.needs_taken_books(needs),
            Command::TakeOverLoans(c) => self.needs_take_over(c, needs),
            Command::EndTakeOver(c) => self.needs_end_take_over(c, needs),
            Command::Reverse(c) => return self.needs_reverse(c, slice, needs),
            Command::Erase(c) => self.needs_erase(c, needs),
            Command::Arrive(c) => self.needs_arrive(c, needs),
            Command::Settle(c) => return self.needs_settle(c, slice, needs),
            Command::PayWaiting(c) => return self.needs_pay_waiting(c, slice, needs),
            Command::CloseCell(c) => return self.needs_close_cell(c, slice, needs),
            Command::TakeReceipt(c) => self.needs_receipt(c, needs),
            Command::NoteClose(c) => self.needs_day(c.day, needs),
            Command::Observe(c) => self.needs_observe(c, needs),
            Command::Apply(c) => self.needs_apply(c, needs),
            Command::Decide(c) => self.needs_decide(c.cell, c.household, needs),
            Command::DecideByHand(c) => self.needs_decide(c.cell, c.household, needs),
            Command::Sign(c) => self.needs_sign(c.cell, c.household, needs),
            Command::AddPaper(c) => self.needs_add_paper(c, needs),
            Command::Draw(c) => return self.needs_draw(c, slice, needs),
            Command::Repay(c) => return self.needs_repay(c, slice, needs),
            Command::CorrectLoan(c) => return self.needs_correct(c, slice, needs),
            Command::ServiceLoan(c) => return self.needs_service(c, slice, needs),
            Command::Renew(c) => return self.needs_renew(c, slice, needs),
            Command::UndoRenewal(c) => return self.needs_undo_renewal(c, slice, needs),
            Command::SetStaff(c) => self.needs_staff_secret(c, needs),
            Command::RaiseAlert(c) => self.needs_cases(c.subject, needs),
            Command::WorkCase(c) => self.needs_cases(c.subject, needs),
            Command::OpenVillage(c) => self.needs_open_village(c, needs),
            Command::WorkVillage(c) => self.needs_work_village(c, needs),
            Command::MovePreliminary(c) => self.needs_preliminary(c, needs),
            Command::FollowRating(c) => self.needs_follow(c.cell, c.household, needs),
            Command::AnswerRaise(c) => self.needs_follow(c.cell, c.household, needs),
            Command::NoteMovements(c) => self.needs_note_movements(c, needs),
            Command::ChangeFacility(c) => self.needs_change_facility(c, needs),
            Command::ProposeReplan(c) => return self.needs_change(c.place(), slice, needs),
            Command::AgreeChange(c) => return self.needs_agree(c.place(), slice, needs),
            Command::ApplyChange(c) => return self.needs_change(c.place(), slice, needs),
            Command::UndoChange(c) => return self.needs_change(c.place(), slice, needs),
            Command::DeclareDisaster(c) => self.needs_disaster(c.disaster, needs),
            Command::DecideDisaster(c) => self.needs_disaster(c.disaster, needs),
            Command::OfferDeferral(c) => return self.needs_offer(c, slice, needs),
            Command::OpenLine(c) => self.needs_open_line(c, needs),
            Command::MoveLine(c) => return self.needs_line(c.place(), &c.act, slice, needs),
            Command::CorrectLine(c) => return self.needs_line(c.place(), &c.act, slice, needs),
            Command::RegisterMerchant(c) => self.needs_merchant(c, needs),
            Command::PromoteModel(_) => self.needs_models(needs),
            Command::Rate(c) => self.needs_rate(c, needs),
            Command::CarryNotices(c) => return self.needs_carry(c, slice, needs),
            Command::RemindOfSale(c) => return self.needs_remind_of_sale(c, slice, needs),
            Command::AskForPerson(c) => self.needs_ask_for_person(c, needs),
            Command::WithdrawApplication(c) => self.needs_withdraw_application(c, needs),
            Command::AskOffice(c) => self.needs_ask_office(c.cell, c.household, needs),
            Command::AskCall(c) => self.needs_ask_call(c, needs),
            Command::EndCall(c) => self.needs_end_call(c, needs),
            Command::AnswerAsked(c) => self.needs_ask_office(c.cell, c.household, needs),
            Command::ReleasePayout(c) => self.needs_release_payout(c, needs),
            Command::ReserveFunds(c) => self.needs_reserve(c, needs),
            Command::PostFunds(c) => return self.needs_hold((c.cell, c.household, c.hold), slice, needs),
            Command::VoidFunds(c) => return self.needs_hold((c.cell, c.household, c.hold), slice, needs),
            Command::BindAccount(c) => self.needs_bind_account(c, needs),
            Command::SetLevel(c) => self.needs_set_level(c, needs),
            Command::PayCode(c) => self.needs_pay_code(c, needs),
            Command::ClaimCode(c) => self.needs_claim_code(c, needs),
            Command::SayConsent(c) => self.needs_say_consent(c, needs),
            Command::NoteLook(c) => self.needs_note_look(c, needs),
            Command::SayGuarantee(c) => self.needs_say_guarantee(c, needs),
            Command::AskPayment(c) => self.needs_ask_payment(c, needs),
            Command::Suspend(c) => self.needs_suspend(c, needs),
            Command::ReportSuspicion(c) => self.needs_report_suspicion(c, needs),
            Command::LoadList(c) => self.needs_load_list(c, needs),
            Command::EndSuspended(c) => return self.needs_end_suspended(c, slice, needs),
            Command::AnswerPayment(c) => self.needs_payment(c.cell, c.household, c.payment, needs),
            Command::DecidePayment(c) => self.needs_payment(c.cell, c.household, c.payment, needs),
            Command::TakeCredit(c) => self.needs_take_credit(c, needs),
            Command::TakeStatement(c) => self.needs_take_statement(c, needs),
            Command::SettleItem(c) => self.needs_settle_item(c, needs),
            Command::ClosePeriod(c) => self.needs_close_period(c, needs),
            Command::ReopenPeriod(_) => self.needs_periods(needs),
            Command::StandFor(c) => self.needs_stand_for(c, needs),
            Command::AnswerGuarantee(c) => self.needs_guarantees(c.cell, c.household, needs),
            Command::MoveGuarantee(c) => self.needs_guarantees(c.cell, c.household, needs),
            Command::JudgeUnshown(c) => return self.needs_judge_unshown(c, slice, needs),
        }
        Ok(())
    }

    fn decide(&self, slice: &Overlay, command: &Command, context: &Context) -> Decided<Tianxin> {
        self.institution.check_licence(self.act(command).name)?;
        match command {
            Command::Enrol(c) => self.enrol(slice, c, context),
            Command::Bury(c) => self.bury(slice, c),
            Command::TopUp(c) => self.top_up(slice, c, context),
            Command::Withdraw(c) => self.withdraw(slice, c, context),
            Command::Fund(c) => self.fund(c, context),
            Command::GrantQuota(c) => self.grant_quota(slice, c, context),
            Command::AskQuota(c) => self.ask_quota(slice, c, context),
            Command::AnswerQuota(c) => self.answer_quota(c),
            Command::PayWaiting(c) => self.pay_waiting(slice, c, context),
            Command::Transfer(c) => self.transfer(slice, c, context),
            Command::Arrive(c) => self.arrive(slice, c, context),
            Command::Settle(c) => self.settle(slice, c, context),
            Command::CloseDay(c) => self.close_day(slice, c, context),
            Command::CloseCell(c) => self.close_cell(slice, c, context),
            Command::TakeReceipt(c) => self.take_receipt(slice, c, context),
            Command::NoteClose(c) => self.note_close(slice, c),
            Command::Reverse(c) => self.reverse(slice, c, context),
            Command::Erase(c) => self.erase(slice, c, context),
            Command::Observe(c) => self.observe(slice, c, context),
            Command::Apply(c) => self.apply_for(slice, c, context),
            Command::Decide(c) => self.decide_application(slice, c, context),
            Command::DecideByHand(c) => self.decide_by_hand(slice, c, context),
            Command::Sign(c) => self.sign(slice, c, context),
            Command::AddPaper(c) => self.add_paper(slice, c, context),
            Command::Draw(c) => self.draw(slice, c, context),
            Command::Repay(c) => self.repay(slice, c, context),
            Command::CorrectLoan(c) => self.correct(slice, c, context),
            Command::ServiceLoan(c) => self.service(slice, c, context),
            Command::Renew(c) => self.renew(slice, c, context),
            Command::UndoRenewal(c) => self.undo_renewal(slice, c, context),
            Command::SetStaff(c) => self.set_staff(slice, c, context),
            Command::WorkDrawer(c) => self.work_drawer(slice, c, context),
            Command::TakeCash(c) => self.take_cash(slice, c, context),
            Command::PayCash(c) => self.pay_cash(slice, c, context),
            Command::RaiseAlert(c) => self.raise_alert(slice, c, context),
            Command::WorkCase(c) => self.work_case(slice, c, context),
            Command::ReportSuspicion(c) => self.report_suspicion(slice, c, context),
            Command::LoadList(c) => self.load_list(slice, c, context),
            Command::OpenVillage(c) => self.open_village(slice, c, context),
            Command::WorkVillage(c) => self.work_village(slice, c, context),
            Command::MovePreliminary(c) => self.move_preliminary(slice, c, context),
            Command::FollowRating(c) => self.follow_rating(slice, c, context),
            Command::AnswerRaise(c) => self.answer_raise(slice, c, context),
            Command::NoteMovements(c) => self.note_movements(slice, c, context),
            Command::ChangeFacility(c) => self.change_facility(slice, c, context),
            Command::ProposeReplan(c) => self.propose_replan(slice, c, context),
            Command::AgreeChange(c) => self.agree_change(slice, c, context),
            Command::ApplyChange(c) => self.apply_change(slice, c, context),
            Command::UndoChange(c) => self.undo_change(slice, c, context),
            Command::DeclareDisaster(c) => self.declare_disaster(slice, c, context),
            Command::DecideDisaster(c) => self.decide_disaster(slice, c),
            Command::OfferDeferral(c) => self.offer_deferral(slice, c, context),
            Command::OpenLine(c) => self.open_line(slice, c, context),
            Command::MoveLine(c) => self.move_line(slice, c, context),
            Command::CorrectLine(c) => self.correct_line(slice, c, context),
            Command::RegisterMerchant(c) => self.register_merchant(c, context),
            Command::PromoteModel(c) => self.promote_model(slice, c, context),
            Command::Rate(c) => self.rate(slice, c, context),
            Command::CarryNotices(c) => self.carry_notices(slice, c, context),
            Command::RemindOfSale(c) => self.remind_of_sale(slice, c, context),
            Command::AskForPerson(c) => self.ask_for_person(slice, c, context),
            Command::WithdrawApplication(c) => self.withdraw_application(slice, c, context),
            Command::AskOffice(c) => self.ask_office(slice, c, context),
            Command::AskCall(c) => self.ask_call(slice, c, context),
            Command::EndCall(c) => self.end_call(slice, c, context),
            Command::AnswerAsked(c) => self.answer_asked(slice, c, context),
            Command::ReleasePayout(c) => self.release_payout(slice, c),
            Command::ReserveFunds(c) => self.reserve_funds(slice, c, context),
            Command::PostFunds(c) => self.post_funds(slice, c, context),
            Command::VoidFunds(c) => self.void_funds(slice, c),
            Command::BindAccount(c) => self.bind_account(slice, c, context),
            Command::SetLevel(c) => self.set_level(slice, c, context),
            Command::PayCode(c) => self.pay_code(slice, c, context),
            Command::ClaimCode(c) => self.claim_code(slice, c, context),
            Command::SayConsent(c) => self.say_consent(slice, c, context),
            Command::NoteLook(c) => self.note_look(slice, c, context),
            Command::SayGuarantee(c) => self.say_guarantee(slice, c),
            Command::AskPayment(c) => self.ask_payment(slice, c, context),
            Command::Suspend(c) => self.suspend(slice, c, context),
            Command::EndSuspended(c) => self.end_suspended(slice, c, context),
            Command::AnswerPayment(c) => self.answer_payment(slice, c, context),
            Command::DecidePayment(c) => self.decide_payment(slice, c, context),
            Command::TakeCredit(c) => self.take_credit(slice, c, context),
            Command::TakeStatement(c) => self.take_statement(slice, c, context),
            Command::SettleItem(c) => self.settle_item(slice, c),
            Command::ClosePeriod(c) => self.close_period(slice, c, context),
            Command::ReopenPeriod(c) => self.reopen_period(slice, c),
            Command::StandFor(c) => self.stand_for(slice, c),
            Command::AnswerGuarantee(c) => self.answer_guarantee(slice, c),
            Command::MoveGuarantee(c) => self.move_guarantee(slice, c),
            Command::JudgeUnshown(c) => self.judge_unshown(slice, c, context),
            Command::BeginTakeOver(c) => self.begin_take_over(slice, c, context),
            Command::TakeOverLoans(c) => self.take_over_loans(slice, c, context),
            Command::EndTakeOver(c) => self.end_take_over(slice, c, context),
        }
    }

    fn apply(&self, books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
        books::apply(books, stamp, fact)?;
        match (fact, self.subjects.cash) {
            (Fact::Booked(booked), Some(cash)) => drawer::apply_booked(cash.cash, books, stamp, booked),
            _ => Ok(()),
        }
    }

    fn observe_log(&self, table: &'static Table, rows: &[Row], sums: &mut CrossSums) -> Result<(), Fault> {
        if std::ptr::eq(table, Posting::table()) {
            for row in rows {
                let posting = Posting::from_row(row)?;
                let amount = i128::from(posting.amount_minor);
                if let Some(cash) = self.subjects.cash {
                    drawer::observe(cash.cash, &posting, sums);
                }
                sums.add(format!("posted {} {}", posting.cell.0, posting.subject), amount);
                if posting.book == i64::from(books::BOOK_WALLET) {
                    sums.add(format!("wallets {}", posting.cell.0), -amount);
                }
                if posting.book == i64::from(books::BOOK_LOAN) {
                    sums.add(format!("loans {}", posting.cell.0), amount);
                }
                if posting.book == i64::from(BOOK_LINE) {
                    sums.add(format!("lines {}", posting.cell.0), amount);
                }
                if posting.book == i64::from(BOOK_MERCHANT)
                    && let Some(account) = posting.account
                {
                    sums.add(format!("merchant {} {account}", posting.cell.0), amount);
                }
                if posting.book == i64::from(books::BOOK_GROUP)
                    && let Some(account) = posting.account
                {
                    sums.add(group_sum(posting.cell, account), amount);
                }
            }
        }
        Ok(())
    }

    fn check_cell(&self, cell: Cell, books: &Overlay, sums: &mut CrossSums) -> Result<Vec<String>, Fault> {
        let mut findings = Vec::new();
        let rows = |table| books.all_rows(table).map(|(_, row)| row);
        let mut total = 0;
        for row in rows(GlBalance::table()) {
            let balance = GlBalance::from_row(row)?;
            let posted = sums.get(&format!("posted {} {}", cell.0, balance.subject));
            if posted != i128::from(balance.balance_minor) {
                let (subject, kept) = (balance.subject, balance.balance_minor);
                findings.push(format!("{cell:?}: subject {subject} keeps {kept}, its postings add up to {posted}"));
            }
            total += posted;
            sums.add(format!("gl {}", balance.subject), posted);
        }
        if total != 0 {
            findings.push(format!("{cell:?}: debits and credits differ by {total}"));
        }
        let mut wallets = 0;
        for row in rows(Wallet::table()) {
            wallets += i128::from(Wallet::from_row(row)?.balance_minor);
        }
        let posted = sums.get(&format!("wallets {}", cell.0));
        if wallets != posted {
            findings.push(format!("{cell:?}: wallets hold {wallets}, their postings add up to {posted}"));
        }
        findings.extend(crate::books::check_holds(cell, books)?);
        findings.extend(crate::remind::check_notices(cell, books)?);
        if let Some(cash) = self.subjects.cash {
            findings.extend(drawer::check(cash.cash, cell, books, sums)?);
        }
        let mut loans = 0;
        for row in rows(LoanNote::table()) {
            loans += i128::from(LoanNote::from_row(row)?.outstanding_minor);
        }
        let posted = sums.get(&format!("loans {}", cell.0));
        if loans != posted {
            findings.push(format!("{cell:?}: loans owe {loans} of principal, the ledger has {posted}"));
        }
        subject_day::observe(cell, books, sums)?;
        findings.extend(self.check_loans(cell, books, sums)?);
        let owed = |id| sums.get(&format!("merchant {} {id}", cell.0));
        findings.extend(crate::line::check_accounts(cell, books, owed)?);
        findings.extend(self.check_lines(cell, books, sums.get(&format!("lines {}", cell.0)))?);
        for row in rows(Crossing::table()) {
            let crossing = Crossing::from_row(row)?;
            let amount = i128::from(crossing.amount_minor);
            // A quota moves the bank balance the other way than a transfer moves wallets.
            let sign = if crossing.purpose == crate::transfer::Purpose::Quota.as_str() { -1 } else { 1 };
            let name = format!("crossing {} {}", crossing.id, crossing.purpose);
            match crossing.state {
                CrossingState::Arrived => sums.add(name, sign * amount),
                CrossingState::Posted => sums.add(name, -sign * amount),
                CrossingState::Reserved => sums.add(format!("reserved {}", crossing.id), sign * amount),
                CrossingState::Voided | CrossingState::TurnedBack | CrossingState::Returned => {}
            }
        }
        Ok(findings)
    }

    fn check_all(&self, sums: &CrossSums) -> Vec<String> {
        let mut findings = Vec::new();
        let mut under_way = 0;
        for (name, amount) in sums.sums.iter().filter(|(name, amount)| name.starts_with("crossing ") && **amount != 0) {
            let id = name.split(' ').nth(1).unwrap_or_default();
            if sums.get(&format!("reserved {id}")) != *amount {
                findings.push(format!("transfer {id} has arrived, but nothing is reserved for it at its source"));
            }
            under_way += amount;
        }
        findings.extend(subject_day::check(sums));
        let clearing = sums.get(&format!("gl {}", self.subjects.clearing));
        if clearing != under_way {
            findings.push(format!("clearing over all cells is {clearing}, transfers under way are {under_way}"));
        }
        findings
    }
}
