//! Item by item: a note against the fold of its events and its postings, an account against its postings.

use std::collections::BTreeMap;

use basics::{Id, cbor};
use door::{Fault, Overlay, key};
use loan::LoanTerms;

use super::held::{group_role, owed, parts};
use super::kept::Kept;
use super::{NAMED_MAX, TieError, TieItem, TieItemKind, TieLine, fits};
use crate::books::{BOOK_GROUP, BOOK_LOAN, BOOK_WALLET};
use crate::holding::{Holding, group_account, group_of};
use crate::house::Tianxin;
use crate::line::{BOOK_LINE, BOOK_MERCHANT, CreditLine, CreditLineEvent, MerchantAccount, line_events, line_view};
use crate::loan_books::loan_events;
use crate::posting::Role;
use crate::tables::{AccrualGroup, Contract, LoanEvent, LoanNote, Wallet};

/// What is found of one role.
#[derive(Default)]
struct Found {
    named: Vec<TieItem>,
    unnamed: u64,
}

/// What is found of a cell, by role.
#[derive(Default)]
struct AllFound(BTreeMap<Role, Found>);

impl AllFound {
    /// Keeps an item if its row holds something else than it should.
    fn compare(
        &mut self,
        role: Role,
        (kind, household, id): (TieItemKind, Option<Id>, Id),
        (sub, should): (i128, i128),
        by_events: bool,
    ) -> Result<(), TieError> {
        if sub == should {
            return Ok(());
        }
        let found = self.0.entry(role).or_default();
        // One item differs once, whoever says so.
        if found.named.iter().any(|item| item.id == id) {
            return Ok(());
        }
        if found.named.len() >= NAMED_MAX {
            found.unnamed += 1;
            return Ok(());
        }
        let (sub_minor, should_minor) = (fits(sub)?, fits(should)?);
        found.named.push(TieItem { kind, household, id, sub_minor, should_minor, by_events });
        Ok(())
    }
}

impl Tianxin {
    /// Looks through the items of a cell and names those that do not hold what they should.
    pub(super) fn name_items(&self, kept: &mut Kept<'_>, lines: &mut Vec<(Role, TieLine)>) -> Result<(), TieError> {
        let posted = kept.posted()?;
        let (mut accounts, subjects) = (posted.accounts.clone(), posted.subjects.clone());
        let without_account = posted.without_account.clone();
        let mut found = AllFound::default();
        self.notes(kept, &mut accounts, &mut found)?;
        self.lines(kept, &mut accounts, &mut found)?;
        let mut stands = |book: u16, id: Id| accounts.remove(&(i64::from(book), id)).unwrap_or(0);
        kept.each::<Wallet>(&mut |row| {
            let item = (TieItemKind::Wallet, Some(row.household), row.household);
            let held = -i128::from(row.balance_minor);
            found.compare(Role::Wallet, item, (held, stands(BOOK_WALLET, row.household)), false)
        })?;
        kept.each::<MerchantAccount>(&mut |row| {
            let item = (TieItemKind::Merchant, None, row.merchant);
            found.compare(Role::MerchantPayable, item, (owed(&row), stands(BOOK_MERCHANT, row.merchant)), false)
        })?;
        kept.each::<AccrualGroup>(&mut |row| {
            let account = group_account(&group_of(&row)?.0).id;
            let item = (TieItemKind::Group, None, account);
            let held = i128::from(row.ledger_minor);
            found.compare(group_role(&row)?, item, (held, stands(BOOK_GROUP, account)), false)
        })?;
        // What is left over was booked for a row that is not there.
        for ((book, account), amount) in accounts {
            let (role, kind) = match u16::try_from(book) {
                Ok(BOOK_WALLET) => (Role::Wallet, TieItemKind::Wallet),
                Ok(BOOK_LOAN) => (Role::LoanPrincipal, TieItemKind::Note),
                Ok(BOOK_LINE) => (Role::LinePrincipal, TieItemKind::Line),
                Ok(BOOK_MERCHANT) => (Role::MerchantPayable, TieItemKind::Merchant),
                Ok(BOOK_GROUP) => (Role::InterestAccrued, TieItemKind::Group),
                _ => continue,
            };
            found.compare(role, (kind, None, account), (0, amount), false)?;
        }
        for (role, line) in lines {
            let subject = i64::from(line.subject.0);
            line.posted_minor = Some(fits(subjects.get(&subject).copied().unwrap_or(0))?);
            // Where wallets share a subject with other payables, what names no household is none of theirs.
            let beside = without_account.get(&subject).copied().unwrap_or(0);
            if *role == Role::Wallet && beside != 0 {
                line.sub_minor = fits(i128::from(line.sub_minor) + beside)?;
            }
            if let Some(found) = found.0.remove(role) {
                (line.differing, line.unnamed) = (found.named, found.unnamed);
            }
        }
        Ok(())
    }

    fn notes(
        &self,
        kept: &mut Kept<'_>,
        accounts: &mut BTreeMap<(i64, Id), i128>,
        found: &mut AllFound,
    ) -> Result<(), TieError> {
        let cell = kept.cell;
        let mut notes: Vec<LoanNote> = Vec::new();
        kept.each::<LoanNote>(&mut |note| {
            notes.push(note);
            Ok(())
        })?;
        for note in notes {
            let item = (TieItemKind::Note, Some(note.household), note.id);
            let holding = Holding::of(&note)?;
            let stands = accounts.remove(&(i64::from(BOOK_LOAN), note.id)).unwrap_or(0);
            let outstanding = i128::from(note.outstanding_minor);
            // A drawing that was taken back has no fold.
            if holding.disbursed_fen == 0 {
                found.compare(Role::LoanPrincipal, item, (outstanding, stands), false)?;
                continue;
            }
            let mut own = Overlay::of_nothing();
            for event in kept.under::<LoanEvent>(key![cell, note.household, note.id])? {
                own.put(&event);
            }
            let contract = kept.under::<Contract>(key![cell, note.household, note.contract])?;
            let gone = || Fault::Broken(format!("loan {} has no contract", note.id));
            let contract = contract.first().ok_or_else(gone)?;
            let terms: LoanTerms = cbor::from_bytes(&contract.terms).map_err(Fault::from)?;
            let events = loan_events(&own, cell, note.household, note.id)?;
            let (_, folded) = self.stands(&terms, &events, note.folded_on)?;
            let by_fold = i128::from(folded.outstanding_minor);
            found.compare(Role::LoanPrincipal, item, (outstanding, by_fold), true)?;
            found.compare(Role::LoanPrincipal, item, (outstanding, stands), false)?;
            compare_holdings(found, item, &holding, &folded.holding, note.folded_on)?;
        }
        Ok(())
    }

    fn lines(
        &self,
        kept: &mut Kept<'_>,
        accounts: &mut BTreeMap<(i64, Id), i128>,
        found: &mut AllFound,
    ) -> Result<(), TieError> {
        let cell = kept.cell;
        let mut lines: Vec<CreditLine> = Vec::new();
        kept.each::<CreditLine>(&mut |line| {
            lines.push(line);
            Ok(())
        })?;
        for row in lines {
            let item = (TieItemKind::Line, Some(row.household), row.id);
            let mut own = Overlay::of_nothing();
            for event in kept.under::<CreditLineEvent>(key![cell, row.household, row.id])? {
                own.put(&event);
            }
            let events = line_events(&own, cell, row.household, row.id)?;
            let view = line_view(row.clone(), events, row.booked_to)?;
            let folded = self.line_moved(&view, None)?;
            let held = i128::from(row.on_balance_minor()?);
            let stands = accounts.remove(&(i64::from(BOOK_LINE), row.id)).unwrap_or(0);
            found.compare(Role::LinePrincipal, item, (held, i128::from(folded.on_balance_minor())), true)?;
            found.compare(Role::LinePrincipal, item, (held, stands), false)?;
            if let Some(holding) = &folded.holding {
                compare_holdings(found, item, &Holding::of_line(&row)?, holding, row.booked_to)?;
            }
        }
        Ok(())
    }
}

/// Compares what a row holds beside its principal with what its events give.
fn compare_holdings(
    found: &mut AllFound,
    item: (TieItemKind, Option<Id>, Id),
    held: &Holding,
    folded: &Holding,
    as_of: basics::Date,
) -> Result<(), TieError> {
    let mut all: BTreeMap<Role, (i128, i128)> = BTreeMap::new();
    for (role, amount) in parts(held) {
        all.entry(role).or_default().0 += amount;
    }
    for (role, amount) in parts(folded) {
        all.entry(role).or_default().1 += amount;
    }
    for (role, both) in all {
        found.compare(role, item, both, true)?;
    }
    // Accrued interest is compared to the fraction; what is shown of it is whole minor units.
    if (held.accrual, held.stage) != (folded.accrual, folded.stage) {
        let whole = |holding: &Holding| -> Result<i128, TieError> {
            let Some(accrual) = holding.accrual else { return Ok(0) };
            let denominator = accrual.key("", holding.stage, basics::Currency::CNY).denominator;
            Ok(accrual.at(as_of)?.div_euclid(i128::from(denominator).max(1)))
        };
        let role = if held.stage.is_accruing() { Role::InterestAccrued } else { Role::OffAccrued };
        found.compare(role, item, (whole(held)?, whole(folded)?), true)?;
    }
    Ok(())
}
