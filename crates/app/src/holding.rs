//! Where a loan stands in the books, and what a touch changes there.
//!
//! A loan's note keeps what the books hold of it: its share of a group's accrued interest, and the sums that fell due, were
//! paid and were let off. A touch folds the loan as of a day; the difference between the fold and what is held is booked,
//! whatever caused it: an event of today, days that passed, or an event dated back. Many touches make one entry.

use std::collections::BTreeMap;

use basics::{Cell, Currency, Date, Id, cbor};
use door::overlay::{Fault, Overlay};
use door::{Value, key};
use ledger::{Line, SubAccount};
use loan::accrual::earned_anew;
use loan::act::reset::{next_reset, pending_reset};
use loan::life::in_order;
use loan::rules::Rules;
use loan::{
    Accrual, Component, GroupKey, GroupSum, Happening, LifeEvent, LoanClass, LoanError, LoanStanding, LoanState,
    LoanTerms, Parts, Stage, fold,
};
use minicbor::{Decode, Encode};

use crate::books::{BOOK_GROUP, wallet_account};
use crate::house::Tianxin;
use crate::line::{BOOK_LINE, CreditLine};
use crate::posting::{Accounts, Movement, Role, RoleSubjects, Sheet};
use crate::sign::loan_account;
use crate::tables::{AccrualGroup, LoanNote};

/// What the books hold of one loan. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Holding {
    /// Its share of its group's accrued interest; none when no interest runs.
    #[n(0)]
    pub accrual: Option<Accrual>,
    /// Accruing or not, and the stage of expected loss.
    #[n(1)]
    pub stage: Stage,
    /// Its class.
    #[n(2)]
    pub class: LoanClass,
    /// What has fallen due; penalty and compound interest as run up.
    #[n(3)]
    pub billed: Parts,
    /// What money has paid.
    #[n(4)]
    pub paid: Parts,
    /// What was let off.
    #[n(5)]
    pub waived: Parts,
    /// Paid out.
    #[n(6)]
    pub disbursed_fen: i64,
    /// Money that came in.
    #[n(7)]
    pub received_fen: i64,
    /// Credit balance that went back.
    #[n(8)]
    pub refunded_fen: i64,
    /// Money ahead of its time.
    #[n(9)]
    pub credit_fen: i64,
    /// Principal that was written off and lives on beside the balance sheet; nothing if it was not.
    #[n(10)]
    #[cbor(default)]
    pub written_off_fen: i64,
    /// Principal of it that was recovered.
    #[n(11)]
    #[cbor(default)]
    pub recovered_fen: i64,
    /// Of a line: bought at merchants.
    #[n(12)]
    #[cbor(default)]
    pub bought_fen: i64,
    /// Of a line: given back by merchants.
    #[n(13)]
    #[cbor(default)]
    pub returned_fen: i64,
    /// What of the money received was granted by courtesy.
    #[n(14)]
    #[cbor(default)]
    pub goodwill_fen: i64,
    /// What of it was charges given back, by the component they were owed as.
    #[n(15)]
    #[cbor(default)]
    pub adjusted: Parts,
    /// Whether the borrower is recorded as dead: nothing more is drawn by the household.
    #[n(16)]
    #[cbor(default)]
    pub borrower_died: bool,
}

impl Default for Holding {
    fn default() -> Holding {
        Holding {
            accrual: None,
            stage: Stage::FIRST,
            class: LoanClass::BEST,
            billed: Parts::ZERO,
            paid: Parts::ZERO,
            waived: Parts::ZERO,
            disbursed_fen: 0,
            received_fen: 0,
            refunded_fen: 0,
            credit_fen: 0,
            written_off_fen: 0,
            recovered_fen: 0,
            bought_fen: 0,
            returned_fen: 0,
            goodwill_fen: 0,
            adjusted: Parts::ZERO,
            borrower_died: false,
        }
    }
}

impl Holding {
    /// Reads what a note keeps. Errors if the bytes are damaged.
    pub fn of(note: &LoanNote) -> Result<Holding, Fault> {
        cbor::from_bytes(&note.holding).map_err(Fault::from)
    }

    /// Reads what a line's row keeps. Errors if the bytes are damaged.
    pub fn of_line(row: &CreditLine) -> Result<Holding, Fault> {
        cbor::from_bytes(&row.holding).map_err(Fault::from)
    }

    /// Principal of a claim that was written off and is not recovered.
    pub fn claim_fen(&self) -> i64 {
        self.written_off_fen.saturating_sub(self.recovered_fen)
    }

    /// Money that came from the wallet: received and not granted.
    fn paid_from_wallet_fen(&self) -> Option<i64> {
        let adjusted = self.adjusted.fee_fen.checked_add(self.adjusted.penalty_fen)?;
        self.received_fen.checked_sub(self.goodwill_fen)?.checked_sub(adjusted)
    }

    /// What is due and unpaid of a component.
    pub fn unpaid_fen(&self, component: Component) -> i128 {
        i128::from(self.billed.get(component))
            - i128::from(self.paid.get(component))
            - i128::from(self.waived.get(component))
    }

    /// What the balance sheet shows as due and unpaid beside principal; of a loan in non-accrual its fees alone.
    pub fn receivable_fen(&self) -> i128 {
        let interest = [Component::Interest, Component::Penalty, Component::Compound];
        let interest = interest.into_iter().filter(|_| self.stage.is_accruing()).map(|part| self.unpaid_fen(part));
        interest.sum::<i128>() + self.unpaid_fen(Component::Fee)
    }

    /// The group its accrued interest is in.
    pub fn group(&self, product: &str, currency: Currency) -> Option<GroupKey> {
        self.accrual.map(|accrual| accrual.key(product, self.stage, currency))
    }
}

/// Where a loan stands after a touch: what its note shows from now on.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Stands {
    /// Principal not yet paid, in minor units.
    #[n(0)]
    pub outstanding_minor: i64,
    /// The next due date that is not met.
    #[n(1)]
    pub next_due: Option<Date>,
    /// The day nothing was owed any more.
    #[n(2)]
    pub closed_on: Option<Date>,
    /// Due date of the oldest instalment that is not met.
    #[n(3)]
    pub overdue_since: Option<Date>,
    /// The next day on which something happens by itself.
    #[n(4)]
    pub agenda_on: Option<Date>,
    /// What the books hold.
    #[n(5)]
    pub holding: Holding,
    /// The next day on whose close it is reminded of or collected, as the reminder plan of the day of the touch has it.
    #[n(20)]
    #[cbor(default)]
    pub remind_on: Option<Date>,
}

impl Stands {
    /// The day it stands on the agenda for.
    pub fn place_on(&self) -> Option<Date> {
        [self.agenda_on, self.remind_on].into_iter().flatten().min()
    }
}

/// The sub-account of a group's accrued interest.
pub(crate) fn group_account(key: &GroupKey) -> SubAccount {
    let (convention, denominator) = (key.convention.code(), key.denominator);
    let name = format!("group {} {} {} {convention} {denominator}", key.product, key.stage.code(), key.currency);
    let id = Id::default().derive(&name);
    SubAccount { book: BOOK_GROUP, owner: id, id }
}

/// The key of a group's row.
pub(crate) fn group_row_key(cell: Cell, key: &GroupKey) -> Vec<Value> {
    key![cell, key.product.clone(), key.stage.code(), key.currency, key.convention.code(), key.denominator]
}

/// The key and sum that a group's row keeps. Errors if the row was altered by hand.
pub(crate) fn group_of(row: &AccrualGroup) -> Result<(GroupKey, GroupSum), Fault> {
    let unknown = |what: &str| Fault::Broken(format!("a group of accrued interest has an unknown {what}"));
    let key = GroupKey {
        product: row.product.clone(),
        stage: Stage::of_code(row.stage).ok_or_else(|| unknown("stage"))?,
        currency: row.currency,
        convention: loan::Convention::of_code(row.convention).ok_or_else(|| unknown("convention"))?,
        denominator: row.denominator,
    };
    Ok((key, GroupSum { rate: row.rate, ledger_fen: row.ledger_minor, remainder: row.remainder }))
}

/// The row of a group.
pub(crate) fn group_row(cell: Cell, key: &GroupKey, sum: &GroupSum) -> AccrualGroup {
    AccrualGroup {
        cell,
        product: key.product.clone(),
        stage: key.stage.code(),
        currency: key.currency,
        convention: key.convention.code(),
        denominator: key.denominator,
        rate: sum.rate,
        ledger_minor: sum.ledger_fen,
        remainder: sum.remainder,
    }
}

pub(crate) fn broken(error: LoanError) -> Fault {
    Fault::Broken(error.to_string())
}

/// What is touched: it decides where principal is booked.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// A loan.
    Loan,
    /// A statement line, and the account of the merchant who sold or took back, where one did.
    Line { merchant: Option<SubAccount> },
}

/// One loan or line as a touch finds it.
pub(crate) struct Touched<'a> {
    pub(crate) household: Id,
    /// The loan or the line.
    pub(crate) id: Id,
    pub(crate) of: Of,
    pub(crate) product: &'a str,
    pub(crate) currency: Currency,
    pub(crate) old: &'a Holding,
    pub(crate) new: &'a Holding,
}

/// The touches of one command, on their way to one entry.
pub(crate) struct Turn<'a> {
    books: &'a Overlay,
    cell: Cell,
    on: Date,
    sheet: Sheet,
    groups: BTreeMap<Vec<Value>, (GroupKey, GroupSum, i64)>,
    /// Interest that fell due, accruing and not, and what was earned beyond what had accrued.
    due_fen: i128,
    due_off_fen: i128,
    earned_fen: i128,
}

impl<'a> Turn<'a> {
    /// Nothing touched yet. Reads groups from `books`.
    pub(crate) fn new(books: &'a Overlay, cell: Cell, on: Date) -> Turn<'a> {
        let groups = BTreeMap::new();
        Turn { books, cell, on, sheet: Sheet::default(), groups, due_fen: 0, due_off_fen: 0, earned_fen: 0 }
    }

    /// Adds one loan's difference between what is held and what it holds from now on.
    pub(crate) fn touch(&mut self, touched: &Touched<'_>) -> Result<(), Fault> {
        let (old, new) = (touched.old, touched.new);
        let wallet = wallet_account(touched.household);
        let accounts = match touched.of {
            Of::Loan => Accounts { loan: loan_account(touched.household, touched.id), wallet, merchant: None },
            Of::Line { merchant } => {
                let line = SubAccount { book: BOOK_LINE, owner: touched.household, id: touched.id };
                Accounts { loan: Some(line), wallet, merchant }
            }
        };
        let [drawn, paid_principal, written_off] = match touched.of {
            Of::Loan => [Movement::Disbursed, Movement::PaidPrincipal, Movement::WrittenOff],
            Of::Line { .. } => [Movement::DrawnOnLine, Movement::PaidLinePrincipal, Movement::WrittenOffLine],
        };
        let accruing = old.stage.is_accruing();
        let difference = |a: i64, b: i64| {
            a.checked_sub(b).ok_or_else(|| Fault::Broken("the difference of two states does not fit".to_owned()))
        };
        self.sheet.post(drawn, difference(new.disbursed_fen, old.disbursed_fen)?, accounts);
        self.sheet.post(Movement::Bought, difference(new.bought_fen, old.bought_fen)?, accounts);
        self.sheet.post(Movement::ReturnedGoods, difference(new.returned_fen, old.returned_fen)?, accounts);
        let too_large = || Fault::Broken("what a loan received does not fit".to_owned());
        let from_wallet = |holding: &Holding| holding.paid_from_wallet_fen().ok_or_else(too_large);
        self.sheet.post(Movement::Received, difference(from_wallet(new)?, from_wallet(old)?)?, accounts);
        self.sheet.post(Movement::Goodwill, difference(new.goodwill_fen, old.goodwill_fen)?, accounts);
        let (fee, penalty) = (Component::Fee, Component::Penalty);
        for (movement, of) in [(Movement::AdjustedFee, fee), (Movement::AdjustedPenalty, penalty)] {
            self.sheet.post(movement, difference(new.adjusted.get(of), old.adjusted.get(of))?, accounts);
        }
        self.sheet.post(Movement::Refunded, difference(new.refunded_fen, old.refunded_fen)?, accounts);
        let billed = new.billed.minus(&old.billed).map_err(broken)?;
        let all_paid = new.paid.minus(&old.paid).map_err(broken)?;
        let waived = new.waived.minus(&old.waived).map_err(broken)?;
        for component in Component::ALL {
            if let Some(movement) = Movement::due(component, accruing) {
                self.sheet.post(movement, billed.get(component), accounts);
            }
            let recovered = match component {
                Component::Principal => difference(new.recovered_fen, old.recovered_fen)?,
                _ => 0,
            };
            self.sheet.post(Movement::Recovered, recovered, accounts);
            let paid_fen = difference(all_paid.get(component), recovered)?;
            let paid = match component {
                Component::Principal => paid_principal,
                _ => Movement::paid(component, accruing),
            };
            self.sheet.post(paid, paid_fen, accounts);
            if let Some(movement) = Movement::waived(component, accruing) {
                self.sheet.post(movement, waived.get(component), accounts);
            }
        }
        self.sheet.post(written_off, difference(new.written_off_fen, old.written_off_fen)?, accounts);
        self.interest(touched, billed.interest_fen)?;
        self.stage(old.stage, new);
        Ok(())
    }

    /// Accrued interest leaves the old group and enters the new one.
    fn interest(&mut self, touched: &Touched<'_>, billed_fen: i64) -> Result<(), Fault> {
        let (old, new) = (touched.old, touched.new);
        let on_balance = |holding: &Holding| holding.accrual.filter(|_| holding.stage.is_accruing());
        let billed_on = if old.stage.is_accruing() { billed_fen } else { 0 };
        let earned =
            earned_anew(on_balance(old).as_ref(), on_balance(new).as_ref(), billed_on, self.on).map_err(broken)?;
        self.earned_fen += i128::from(earned);
        self.due_fen += i128::from(billed_on);
        self.due_off_fen += i128::from(billed_fen - billed_on);
        let with_key = |holding: &Holding| {
            holding.accrual.map(|accrual| (accrual.key(touched.product, holding.stage, touched.currency), accrual))
        };
        let (books, cell) = (self.books, self.cell);
        for (held, sign) in [(with_key(old), -1), (with_key(new), 1)] {
            let Some((key, accrual)) = held else { continue };
            let exact = accrual.at(self.on).map_err(broken)?;
            let (denominator, rate) = (key.denominator, accrual.rate);
            let row_key = group_row_key(cell, &key);
            if !self.groups.contains_key(&row_key) {
                let row = books.get::<AccrualGroup>(&row_key)?;
                let sum = row.map(|row| group_of(&row)).transpose()?.map_or_else(GroupSum::default, |(_, sum)| sum);
                self.groups.insert(row_key.clone(), (key, sum, 0));
            }
            if let Some((_, sum, change)) = self.groups.get_mut(&row_key) {
                *change += sum.change(denominator, sign * exact, sign * rate).map_err(broken)?;
            }
        }
        Ok(())
    }

    /// Where a loan begins or ends non-accrual, what is unpaid changes sides.
    fn stage(&mut self, old: Stage, new: &Holding) {
        let sign = match (old.is_accruing(), new.stage.is_accruing()) {
            (true, false) => 1,
            (false, true) => -1,
            _ => return,
        };
        let unpaid = |component| i64::try_from(new.unpaid_fen(component)).unwrap_or(i64::MAX);
        let none = Accounts::default();
        self.sheet.post(Movement::ToOffInterest, sign * unpaid(Component::Interest), none);
        let penalty = unpaid(Component::Penalty).saturating_add(unpaid(Component::Compound));
        self.sheet.post(Movement::ToOffPenalty, sign * penalty, none);
    }

    /// The lines of an entry for all touches so far; none if nothing moved. What is touched next
    /// makes an entry of its own.
    pub(crate) fn lines(&mut self, subjects: &RoleSubjects) -> Result<Vec<Line>, Fault> {
        let mut lines_of_groups = Vec::new();
        let (mut moved, mut moved_off) = (0, 0);
        for (key, _, change) in self.groups.values_mut() {
            let change = std::mem::take(change);
            let role = if key.stage.is_accruing() {
                moved += i128::from(change);
                Role::InterestAccrued
            } else {
                moved_off += i128::from(change);
                Role::OffAccrued
            };
            if change != 0 {
                lines_of_groups.push(Line::debit(subjects.code(role), Some(group_account(key)), change));
            }
        }
        let fits = |amount: i128| {
            i64::try_from(amount).map_err(|_| Fault::Broken("accrued interest does not fit 64 bits".to_owned()))
        };
        let none = Accounts::default();
        self.sheet.post(Movement::Earned, fits(self.earned_fen)?, none);
        self.sheet.post(Movement::Rounded, fits(moved + self.due_fen - self.earned_fen)?, none);
        self.sheet.post(Movement::EarnedOff, fits(moved_off + self.due_off_fen)?, none);
        let mut lines = std::mem::take(&mut self.sheet).lines(subjects)?;
        (self.due_fen, self.due_off_fen, self.earned_fen) = (0, 0, 0);
        // The net of accrued interest is the groups' changes: told group by group.
        let accrued = [subjects.code(Role::InterestAccrued), subjects.code(Role::OffAccrued)];
        lines.retain(|line| !accrued.contains(&line.subject));
        lines.extend(lines_of_groups);
        Ok(lines)
    }
}

impl Tianxin {
    /// What the note of a loan shows after its events up to a day. For books that are made in bulk.
    ///
    /// Errors if the terms make no schedule, or a figure does not fit.
    pub fn standing_of(&self, terms: &LoanTerms, events: &[LifeEvent], on: Date) -> Result<Stands, LoanError> {
        self.stands(terms, events, on).map(|(_, stands)| stands)
    }

    /// Folds a loan as of a day: its state, and what its note shows from then on.
    pub(crate) fn stands(
        &self,
        terms: &LoanTerms,
        events: &[LifeEvent],
        on: Date,
    ) -> Result<(LoanState, Stands), LoanError> {
        let state = fold(terms, events, on)?;
        let rules = self.dated.on(on)?;
        let under = state.standing(rules)?;
        let class = under.class.class;
        let claim = state.bearings.written_off;
        let recovered_fen =
            claim.map(|claim| claim.recovered(&state)).transpose()?.map_or(0, |parts| parts.principal_fen);
        let closed_on = state.closed_on.or_else(|| undrawn_on(events));
        let closed = closed_on.is_some();
        let mut stands = Stands {
            outstanding_minor: if claim.is_some() { 0 } else { state.principal_fen },
            next_due: if closed { None } else { state.oldest_unpaid_due.or(state.next_due) },
            closed_on,
            overdue_since: state.oldest_unpaid_due,
            agenda_on: if closed { None } else { agenda_on(terms, events, &state, rules, &under) },
            holding: Holding {
                accrual: if closed { None } else { state.accrual(terms)? },
                stage: under.group_stage()?,
                class,
                billed: state.totals.billed,
                paid: state.totals.paid,
                waived: state.totals.waived,
                disbursed_fen: state.totals.disbursed_fen,
                received_fen: state.totals.received_fen,
                refunded_fen: state.totals.refunded_fen,
                credit_fen: state.credit_fen,
                written_off_fen: claim.map_or(0, |claim| claim.principal_fen),
                recovered_fen,
                bought_fen: 0,
                returned_fen: 0,
                goodwill_fen: state.totals.granted.goodwill_fen,
                adjusted: state.totals.granted.adjusted,
                borrower_died: state.bearings.died_on.is_some(),
            },
            remind_on: None,
        };
        stands.remind_on = self.remind_on(terms, &state, &stands, on);
        Ok((state, stands))
    }
}

/// The day on which the drawing of a loan was taken back; `None` if it stands.
fn undrawn_on(events: &[LifeEvent]) -> Option<Date> {
    let disbursed = |event: &&LifeEvent| matches!(event.what, Happening::Disbursed { .. });
    if in_order(events).iter().any(disbursed) {
        return None;
    }
    let drawings = || events.iter().filter(disbursed);
    let taken_back = events.iter().filter(|event| match event.what {
        Happening::Reversed { target } => drawings().any(|drawn| drawn.id == target),
        _ => false,
    });
    taken_back.map(|event| event.value_date).max()
}

/// The next day on which something happens to the loan by itself; today where its rate is still to be set anew. Penalty
/// and compound interest of loans in arrears are run up in the books at every end of month, if nothing comes before.
fn agenda_on(
    terms: &LoanTerms,
    events: &[LifeEvent],
    state: &LoanState,
    rules: &Rules,
    under: &LoanStanding,
) -> Option<Date> {
    let resets = match pending_reset(terms, events, state) {
        Some(_) => Some(state.as_of),
        None => next_reset(terms, state),
    };
    let month_end = state.oldest_unpaid_due.map(|_| state.as_of.add_days(1).last_of_month());
    let stops = state.accrual_stops_over_days(rules);
    let stage_changes =
        state.oldest_unpaid_due.and_then(|due| next_change_of_stage(rules, stops, due, state.days_past_due));
    // Where interest grows otherwise from a day on, such as the end of a relief.
    let grows_otherwise = state.segment.map(|segment| segment.until).filter(|until| *until > state.as_of);
    [state.next_date(&rules.matrix), stage_changes, grows_otherwise, month_end, under.turns_on, resets]
        .into_iter()
        .flatten()
        .min()
}

/// The next day on which stage of expected loss or accrual change by days past due, counted from the oldest unmet due date.
pub(crate) fn next_change_of_stage(rules: &Rules, stops_over_days: u32, due: Date, days_past_due: u32) -> Option<Date> {
    let stages = &rules.stages;
    let thresholds = [stages.lifetime_over_days, stages.impaired_over_days, stops_over_days];
    let days = thresholds.into_iter().filter(|over| *over >= days_past_due).min()?;
    Some(due.add_days(i32::try_from(days).ok()?.checked_add(1)?))
}
