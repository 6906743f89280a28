//! The steps of a drawer: made, opened, closed, counted, filled, emptied, and what a difference was.
//!
//! Two people do each of them. Which two is in the permission table: a clerk proposes and somebody else approves, or the office does
//! it by two of its own. A clerk's part is done by the one who answers for the drawer.

use basics::{Cell, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Message, Role, Stop, key};
use ledger::Line;

use super::{
    CashCounted, CashDifference, Cleared, DifferenceCleared, Drawer, DrawerSet, DrawerState, DrawerStep, Occasion,
    Pieces, SIGNAL, VAULT, WorkDrawer, counted, drawer_account,
};
use crate::books::{booked, check_amount, check_text, gl, needs_booking};
use crate::case::{AlertSignal, RaiseAlert};
use crate::command::{Command, Outcome};
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::institution::CashSubjects;
use crate::tables::{EntryKind, Staff, StaffStatus};

/// The typology of a case that a count opens.
const TYPOLOGY: &str = "cash_difference";

impl Tianxin {
    /// The subjects of cash. Refuses an institution whose chart has none.
    pub(crate) fn cash(&self) -> Result<CashSubjects, Refusal> {
        self.subjects.cash.ok_or_else(|| {
            let roles = CashSubjects::ROLES.join("`, `");
            let message = format!("the chart of accounts has no subjects for cash: add the roles `{roles}`");
            Refusal::new("no_cash_subjects", message)
        })
    }

    /// Asks for all drawers: there are as many as windows.
    pub(crate) fn needs_drawers(&self, needs: &mut Needs) {
        needs.rows::<Drawer>(key![Cell::OFFICE]);
    }

    pub(crate) fn needs_work_drawer(&self, command: &WorkDrawer, needs: &mut Needs) {
        self.needs_drawers(needs);
        self.needs_staff(needs);
        if let Some(cash) = self.subjects.cash {
            let subjects = [cash.cash, cash.over, cash.short, cash.gain, cash.loss, self.subjects.bank];
            needs_booking(needs, Cell::OFFICE, self.institution.currency, &subjects, &[]);
        }
        if let DrawerStep::Clear { difference, .. } = command.step {
            needs.rows::<CashDifference>(key![Cell::OFFICE, difference]);
        }
    }

    pub(crate) fn work_drawer(&self, slice: &Overlay, command: &WorkDrawer, context: &Context) -> Decided<Tianxin> {
        let work = Work { house: self, cash: self.cash()?, slice, context, id: command.drawer };
        match &command.step {
            DrawerStep::Set { name, clerk, limit, retired } => work.set(name, *clerk, *limit, *retired),
            DrawerStep::Open { pieces, from_vault } => work.open(pieces, *from_vault),
            DrawerStep::Close { pieces, to_vault } => work.close(pieces, *to_vault),
            DrawerStep::Check { pieces, close } => work.check(pieces, *close),
            DrawerStep::FromVault { amount } => work.between(VAULT, command.drawer, *amount),
            DrawerStep::ToVault { amount } => work.between(command.drawer, VAULT, *amount),
            DrawerStep::Give { to, amount } => work.between(command.drawer, *to, *amount),
            DrawerStep::FromBank { amount, reference } => work.bank(*amount, reference, true),
            DrawerStep::ToBank { amount, reference } => work.bank(*amount, reference, false),
            DrawerStep::LeaveOpen { reason } => work.leave_open(reason),
            DrawerStep::Clear { difference, how, reason } => work.clear(*difference, *how, reason),
        }
    }
}

/// A drawer that must be there.
pub(super) fn own_drawer(slice: &Overlay, id: Id) -> Result<Drawer, Stop> {
    let unknown = || Refusal::new("unknown_drawer", "there is no such drawer here: look at the list of drawers");
    slice.get::<Drawer>(&key![Cell::OFFICE, id])?.ok_or_else(|| unknown().into())
}

/// Refuses to close a day over a drawer that is open, unless somebody has said why it stays so.
pub(crate) fn check_all_closed(slice: &Overlay, day: Date) -> Result<(), Stop> {
    let all = slice.range::<Drawer>(&key![Cell::OFFICE])?;
    let is_open = |row: &&Drawer| row.state == DrawerState::Open && row.left_open_on != Some(day);
    let open: Vec<&str> = all.iter().filter(is_open).map(|row| row.name.as_str()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let names = open.join(", ");
    let message = format!("these drawers are open: {names}; have them counted and closed, or say why they stay open");
    Err(Refusal::new("drawers_open", message).into())
}

/// What a command that moves cash looks at.
struct Work<'a> {
    house: &'a Tianxin,
    cash: CashSubjects,
    slice: &'a Overlay,
    context: &'a Context,
    /// The drawer.
    id: Id,
}

impl Work<'_> {
    /// The drawer, not the vault.
    fn drawer(&self) -> Result<Drawer, Stop> {
        if self.id == VAULT {
            return Err(Refusal::new("is_vault", "this is done with a drawer, not with the vault").into());
        }
        own_drawer(self.slice, self.id)
    }

    fn vault_minor(&self) -> Result<i64, Fault> {
        Ok(self.slice.get::<Drawer>(&key![Cell::OFFICE, VAULT])?.map_or(0, |row| row.balance_minor))
    }

    /// A clerk acts on the drawer that is theirs; others are there as the second person.
    fn check_clerk(&self, answering: &[Option<Id>]) -> Result<(), Refusal> {
        let actor = self.context.actor;
        if actor.role != Role::Clerk || answering.contains(&Some(actor.id)) {
            return Ok(());
        }
        Err(Refusal::new("not_your_drawer", "another clerk answers for this drawer: work with your own"))
    }

    fn count(&self, pieces: &[Pieces]) -> Result<i64, Refusal> {
        counted(pieces, &self.house.chart.denominations)
    }

    /// An amount that may be left out.
    fn amount(&self, amount: Option<Money>) -> Result<i64, Refusal> {
        amount
            .filter(|money| money.minor() != 0)
            .map_or(Ok(0), |money| check_amount(money, self.house.institution.currency))
    }

    fn set(&self, name: &str, clerk: Id, limit: Option<Money>, retired: bool) -> Decided<Tianxin> {
        check_text("the name of the drawer", name, 40)?;
        let limit_minor = self.amount(limit)?;
        if self.id == VAULT {
            return Err(Refusal::new("is_vault", "the vault is there already, and belongs to no clerk").into());
        }
        let staff = self.slice.get::<Staff>(&key![Cell::OFFICE, clerk])?;
        if !retired && !staff.is_some_and(|row| row.status == StaffStatus::Active && row.role == Role::Clerk.as_str()) {
            return Err(Refusal::new("not_a_clerk", "only a clerk who works here answers for a drawer").into());
        }
        let all = self.slice.range::<Drawer>(&key![Cell::OFFICE])?;
        let others = || all.iter().filter(|row| row.id != self.id && row.state != DrawerState::Retired);
        if others().any(|row| row.name == name) {
            return Err(Refusal::new("drawer_name_taken", "another drawer has this name: choose another").into());
        }
        if !retired && others().any(|row| row.clerk == Some(clerk)) {
            let message = "this clerk answers for another drawer: a clerk has one at a time";
            return Err(Refusal::new("clerk_has_drawer", message).into());
        }
        if let Some(row) = all.iter().find(|row| row.id == self.id) {
            if row.state == DrawerState::Open {
                return Err(Refusal::new("drawer_open", "the drawer is open: close it first").into());
            }
            if retired && row.balance_minor != 0 {
                let message = "there is cash in the drawer: hand it to the vault before the drawer is given up";
                return Err(Refusal::new("drawer_not_empty", message).into());
            }
            // What is locked in it was counted with the clerk who answers for it.
            if row.balance_minor != 0 && row.clerk != Some(clerk) {
                let message = "there is cash in the drawer: hand it to the vault before another clerk has it";
                return Err(Refusal::new("drawer_not_empty", message).into());
            }
        }
        let currency = self.house.institution.currency;
        let set = DrawerSet { drawer: self.id, name: name.to_owned(), clerk, currency, limit_minor, retired };
        Ok(Change::new(Outcome::Done, vec![Fact::DrawerSet(set)]))
    }

    fn open(&self, pieces: &[Pieces], from_vault: Option<Money>) -> Decided<Tianxin> {
        let drawer = self.drawer()?;
        self.check_clerk(&[drawer.clerk])?;
        match drawer.state {
            DrawerState::Closed => {}
            DrawerState::Open => return Err(Refusal::new("drawer_open", "the drawer is open already").into()),
            DrawerState::Retired => return Err(closed()),
        }
        let (counted_minor, from_vault) = (self.count(pieces)?, self.amount(from_vault)?);
        let vault_minor = self.vault_minor()?;
        if from_vault > vault_minor {
            return Ok(short(vault_minor));
        }
        let expected = drawer.balance_minor.saturating_add(from_vault);
        if counted_minor != expected {
            let [counted, expected, locked, handed] =
                [counted_minor, expected, drawer.balance_minor, from_vault].map(basics::money::format_minor);
            let message = format!(
                "{counted} is counted, {expected} should be there: {locked} locked in the drawer and {handed} from the vault; \
                 count again, and where it stays so have the drawer checked by the office first"
            );
            return Err(Refusal::new("count_differs", message).into());
        }
        let mut facts = Vec::new();
        if from_vault > 0 {
            facts.push(self.moved(VAULT, self.id, from_vault)?);
        }
        facts.push(self.told(&drawer, Occasion::Open, pieces, (counted_minor, 0), true));
        Ok(Change::new(self.stands(&drawer, counted_minor, 0), facts))
    }

    fn close(&self, pieces: &[Pieces], to_vault: Option<Money>) -> Decided<Tianxin> {
        let drawer = self.drawer()?;
        self.check_clerk(&[drawer.clerk])?;
        let counted_minor = self.count(pieces)?;
        let to_vault = self.amount(to_vault)?;
        if drawer.state != DrawerState::Open {
            return Err(closed());
        }
        if to_vault > counted_minor {
            return Ok(short(counted_minor));
        }
        let mut change = self.counted(&drawer, Occasion::Close, pieces, counted_minor, false)?;
        if to_vault > 0 {
            change.facts.push(self.moved(self.id, VAULT, to_vault)?);
        }
        let difference_minor = counted_minor - drawer.balance_minor;
        change.outcome = self.stands(&drawer, counted_minor - to_vault, difference_minor);
        Ok(change)
    }

    fn check(&self, pieces: &[Pieces], close: bool) -> Decided<Tianxin> {
        let counted_minor = self.count(pieces)?;
        let row = match self.slice.get::<Drawer>(&key![Cell::OFFICE, self.id])? {
            Some(row) => row,
            None if self.id == VAULT => super::books::vault(self.house.institution.currency),
            None => own_drawer(self.slice, self.id)?,
        };
        if row.state == DrawerState::Retired {
            return Err(closed());
        }
        if close && row.state != DrawerState::Open {
            return Err(
                Refusal::new("drawer_closed", "the drawer is closed already: count it without closing it").into()
            );
        }
        let open = row.state == DrawerState::Open && !close;
        self.counted(&row, Occasion::Check, pieces, counted_minor, open)
    }

    /// A count, what it differs by, and the case of it.
    fn counted(
        &self,
        row: &Drawer,
        occasion: Occasion,
        pieces: &[Pieces],
        counted_minor: i64,
        open: bool,
    ) -> Decided<Tianxin> {
        if row.under_way > 0 {
            let message = "cash of this drawer is on its way into a wallet: wait a moment and try again";
            return Err(Refusal::new("cash_under_way", message).into());
        }
        let difference_minor = counted_minor - row.balance_minor;
        let mut facts = vec![self.told(row, occasion, pieces, (counted_minor, difference_minor), open)];
        if difference_minor == 0 {
            return Ok(Change::new(self.stands(row, counted_minor, 0), facts));
        }
        let account = drawer_account(row.id);
        let lines = if difference_minor > 0 {
            vec![
                Line::debit(self.cash.cash, account, difference_minor),
                Line::credit(self.cash.over, None, difference_minor),
            ]
        } else {
            vec![
                Line::debit(self.cash.short, None, -difference_minor),
                Line::credit(self.cash.cash, account, -difference_minor),
            ]
        };
        facts.push(self.entry(EntryKind::CashDifference, lines, Some(row.name.clone()))?);
        let alert = RaiseAlert {
            alert: self.context.command_id.derive("alert"),
            subject: row.clerk.unwrap_or(row.id),
            subject_kind: "clerk".to_owned(),
            grade: "alert".to_owned(),
            typology: TYPOLOGY.to_owned(),
            score_milli: 1_000,
            money_minor: difference_minor.saturating_abs(),
            signals: vec![AlertSignal {
                kind: SIGNAL.to_owned(),
                p_ppm: 0,
                observed: difference_minor,
                low: 0,
                high: 0,
                peers: None,
                evidence: vec![row.id, self.context.command_id],
            }],
            config: None,
        };
        let message = Message { id: alert.alert, command: Command::RaiseAlert(alert) };
        Ok(Change::new(self.stands(row, counted_minor, difference_minor), facts).with_message(message))
    }

    /// Between drawers, or a drawer and the vault: both open, each clerk who acts theirs.
    fn between(&self, from: Id, to: Id, amount: Money) -> Decided<Tianxin> {
        let amount = check_amount(amount, self.house.institution.currency)?;
        if from == to {
            return Err(Refusal::new("same_drawer", "cash is moved between two drawers: name the other").into());
        }
        let mut answering = Vec::new();
        let mut stand = 0;
        let mut own = None;
        for id in [from, to] {
            let balance_minor = if id == VAULT {
                self.vault_minor()?
            } else {
                let row = own_drawer(self.slice, id)?;
                if row.state != DrawerState::Open {
                    return Err(closed());
                }
                answering.push(row.clerk);
                let balance_minor = row.balance_minor;
                if id == self.id {
                    own = Some(row);
                }
                balance_minor
            };
            if id == from && amount > balance_minor {
                return Ok(short(balance_minor));
            }
            if id == self.id {
                stand = if id == from { balance_minor - amount } else { balance_minor.saturating_add(amount) };
            }
        }
        self.check_clerk(&answering)?;
        let fact = self.moved(from, to, amount)?;
        // `self.id` is a drawer here: the vault has no such step of its own.
        let own = own.ok_or_else(|| Refusal::new("is_vault", "this is done with a drawer, not with the vault"))?;
        Ok(Change::new(self.stands(&own, stand, 0), vec![fact]))
    }

    fn bank(&self, amount: Money, reference: &str, fetched: bool) -> Decided<Tianxin> {
        let currency = self.house.institution.currency;
        let amount = check_amount(amount, currency)?;
        check_text("the bank's reference", reference, 100)?;
        if self.id != VAULT {
            return Err(Refusal::new("not_the_vault", "cash goes from and to the bank by the vault").into());
        }
        let bank = gl(self.slice, Cell::OFFICE, self.house.subjects.bank, currency)?;
        let available = if fetched { bank.balance_minor - bank.held_minor } else { self.vault_minor()? };
        if amount > available {
            return Ok(short(available));
        }
        let (vault, bank) = (drawer_account(VAULT), self.house.subjects.bank);
        let lines = if fetched {
            vec![Line::debit(self.cash.cash, vault, amount), Line::credit(bank, None, amount)]
        } else {
            vec![Line::debit(bank, None, amount), Line::credit(self.cash.cash, vault, amount)]
        };
        let fact = self.entry(EntryKind::CashMove, lines, Some(reference.to_owned()))?;
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    fn clear(&self, difference: Id, how: Cleared, reason: &str) -> Decided<Tianxin> {
        check_text("the reason", reason, 300)?;
        let row = self.slice.get::<CashDifference>(&key![Cell::OFFICE, difference])?;
        let row = row.ok_or_else(|| Refusal::new("unknown_difference", "no count found such a difference"))?;
        if row.cleared.is_some() {
            return Err(Refusal::new("difference_cleared", "it was said before what this difference was").into());
        }
        let amount = row.amount_minor.saturating_abs();
        let over = row.amount_minor > 0;
        if how == Cleared::Cash {
            let drawer = own_drawer(self.slice, self.id)?;
            if self.id != VAULT && drawer.state != DrawerState::Open {
                return Err(closed());
            }
            if over && amount > drawer.balance_minor {
                return Ok(short(drawer.balance_minor));
            }
        }
        let account = drawer_account(self.id);
        let lines = match (over, how) {
            (true, Cleared::Cash) => {
                [Line::debit(self.cash.over, None, amount), Line::credit(self.cash.cash, account, amount)]
            }
            (true, Cleared::Profit) => {
                [Line::debit(self.cash.over, None, amount), Line::credit(self.cash.gain, None, amount)]
            }
            (false, Cleared::Cash) => {
                [Line::debit(self.cash.cash, account, amount), Line::credit(self.cash.short, None, amount)]
            }
            (false, Cleared::Profit) => {
                [Line::debit(self.cash.loss, None, amount), Line::credit(self.cash.short, None, amount)]
            }
        };
        let entry = self.entry(EntryKind::CashDifference, lines.to_vec(), Some(reason.to_owned()))?;
        let cleared = DifferenceCleared { difference, how, reason: reason.to_owned() };
        Ok(Change::new(Outcome::Done, vec![entry, Fact::DifferenceCleared(cleared)]))
    }

    fn leave_open(&self, reason: &str) -> Decided<Tianxin> {
        check_text("the reason", reason, 300)?;
        let drawer = self.drawer()?;
        if drawer.state != DrawerState::Open {
            return Err(closed());
        }
        let fact = Fact::DrawerLeftOpen { drawer: drawer.id, reason: reason.to_owned() };
        Ok(Change::new(self.stands(&drawer, drawer.balance_minor, 0), vec![fact]))
    }

    fn moved(&self, from: Id, to: Id, amount: i64) -> Result<Fact, Fault> {
        let lines = vec![
            Line::debit(self.cash.cash, drawer_account(to), amount),
            Line::credit(self.cash.cash, drawer_account(from), amount),
        ];
        self.entry(EntryKind::CashMove, lines, None)
    }

    fn entry(&self, kind: EntryKind, lines: Vec<Line>, memo: Option<String>) -> Result<Fact, Fault> {
        booked(kind, self.context.open_date, self.house.institution.currency, lines, memo)
    }

    fn told(
        &self,
        row: &Drawer,
        occasion: Occasion,
        pieces: &[Pieces],
        (counted_minor, difference_minor): (i64, i64),
        open: bool,
    ) -> Fact {
        Fact::CashCounted(CashCounted {
            drawer: row.id,
            occasion,
            clerk: row.clerk,
            pieces: pieces.to_vec(),
            counted_minor,
            difference_minor,
            open,
            currency: row.currency,
        })
    }

    fn stands(&self, row: &Drawer, balance_minor: i64, difference_minor: i64) -> Outcome {
        let over_limit = row.limit_minor > 0 && balance_minor > row.limit_minor;
        Outcome::DrawerStands { balance_minor, difference_minor, over_limit }
    }
}

fn closed() -> Stop {
    Refusal::new("drawer_closed", "the drawer is not open: open it with a count first").into()
}

fn short(available_minor: i64) -> Change<Tianxin> {
    let fact = Fact::Declined { code: "insufficient_cash".to_owned() };
    Change::new(Outcome::InsufficientCash { available_minor }, vec![fact])
}
