//! Merchants 商户: who sells on lines, where their money goes, and paying them on the day of the purchase.
//!
//! A merchant stands in the office's register with a wallet and a discount 商户手续费. What is bought of it in a cell adds up
//! in that cell's account of the merchant; the close of the day pays the sum, less the discount, to the merchant's wallet,
//! in this cell at once, in another by a crossing. Refunds lessen the sum; where they are more than what was bought, the
//! merchant owes the rest, which its next sales pay.

use basics::money::div_round;
use basics::{Cell, Currency, Date, Id, Money, Rate, Rounding};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Message, Record, Stamp, key};
use ledger::{Line, SubAccount};
use minicbor::{Decode, Encode};

use super::BOOK_MERCHANT;
use crate::books::{booked, check_text, needs_booking, wallet, wallet_account};
use crate::command::{Command, Outcome};
use crate::fact::{Crossed, Fact};
use crate::house::Tianxin;
use crate::posting::Role;
use crate::tables::{Agenda, AgendaKind, Crossing, CrossingState, EntryKind};
use crate::transfer::{Arrive, Purpose};

door::text_enum! {
    /// Whether a merchant may sell on lines.
    pub enum MerchantStatus {
        /// It may.
        Active = "active",
        /// It may not any more; what is owed is still paid.
        Stopped = "stopped",
    }
}

door::table! {
    /// A merchant in the office's register.
    pub struct Merchant = "merchant" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// Its id.
        id: Id,
        /// Whether it may sell on lines.
        status: MerchantStatus,
        /// What people call it.
        name: String,
        /// Its category code, which products go by.
        category: String,
        /// The cell of the household whose wallet it is paid to.
        to_cell: i64,
        /// That household.
        household: Id,
        /// What is kept of each sale, parts per million.
        discount_ppm: i64,
        /// Since when it stands so.
        since: Date,
    }
}

door::table! {
    /// What a cell owes a merchant for purchases that are not paid yet.
    pub struct MerchantAccount = "merchant_account" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The merchant.
        merchant: Id,
        /// The currency.
        currency: Currency,
        /// The cell of the household whose wallet it is paid to; 0 while it is in no register.
        to_cell: i64,
        /// That household.
        household: Id,
        /// What is kept of each sale, parts per million.
        discount_ppm: i64,
        /// Bought, less refunded, less paid, in minor units; less than nothing if the merchant owes.
        payable_minor: i64,
        /// Sold, and on its way to a wallet in another cell less the discount, in minor units.
        on_its_way_minor: i64,
        /// Its place on the agenda.
        agenda_on: Option<Date>,
    }
}

/// Put a merchant into the register, or change what stands there.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RegisterMerchant {
    /// The merchant, made by the caller.
    #[n(0)]
    pub merchant: Id,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// Its category code.
    #[n(2)]
    pub category: String,
    /// Whose wallet it is paid to.
    #[n(3)]
    pub settles: Settles,
    /// Whether it may sell on lines.
    #[n(4)]
    pub active: bool,
}

/// Where the money of a merchant goes, and what is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub struct Settles {
    /// The cell of the household.
    #[n(0)]
    pub cell: Cell,
    /// The household whose wallet it is paid to.
    #[n(1)]
    pub household: Id,
    /// What is kept of each sale.
    #[n(2)]
    pub discount: Rate,
}

/// A merchant was put into the register, or changed there.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MerchantRegistered {
    /// The merchant.
    #[n(0)]
    pub merchant: Id,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// Its category code.
    #[n(2)]
    pub category: String,
    /// Where its money goes.
    #[n(3)]
    pub settles: Settles,
    /// Whether it may sell on lines.
    #[n(4)]
    pub active: bool,
}

/// What a cell owes a merchant changed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MerchantOwed {
    /// The merchant.
    #[n(0)]
    pub merchant: Id,
    /// The currency.
    #[n(1)]
    pub currency: Currency,
    /// Where its money goes; as before where nothing is said.
    #[n(2)]
    pub settles: Option<Settles>,
    /// Bought (positive) or given back, in minor units.
    #[n(3)]
    pub amount_minor: i64,
}

/// A merchant was paid, or its money is on its way.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MerchantPaid {
    /// The merchant.
    #[n(0)]
    pub merchant: Id,
    /// The currency.
    #[n(1)]
    pub currency: Currency,
    /// What is settled by it, in minor units.
    #[n(2)]
    pub payable_minor: i64,
    /// What is on its way more (positive) or has arrived or come back, in minor units.
    #[n(3)]
    pub on_its_way_minor: i64,
}

/// The sub-account of what a merchant is owed.
pub(crate) fn merchant_account(id: Id) -> SubAccount {
    SubAccount { book: BOOK_MERCHANT, owner: id, id }
}

impl MerchantAccount {
    fn settles(&self) -> Result<Settles, Fault> {
        let damaged = |what: &str| Fault::Broken(format!("the account of merchant {} has a bad {what}", self.merchant));
        let cell = u16::try_from(self.to_cell).map_err(|_| damaged("cell"))?;
        let discount = Rate::from_ppm(self.discount_ppm).map_err(|_| damaged("discount"))?;
        Ok(Settles { cell: Cell(cell), household: self.household, discount })
    }
}

/// Asks for what a cell owes a merchant, with its place on the agenda.
pub(crate) fn needs_account(
    cell: Cell,
    merchant: Id,
    currency: Currency,
    slice: &Overlay,
    needs: &mut Needs,
) -> Result<(), Fault> {
    let account = key![cell, merchant, currency];
    needs.rows::<MerchantAccount>(account.clone());
    if slice.has(MerchantAccount::table(), &account)
        && let Some(row) = slice.get::<MerchantAccount>(&account)?
        && let Some(on_day) = row.agenda_on
    {
        needs.rows::<Agenda>(key![cell, on_day, AgendaKind::Merchant.code(), merchant, merchant]);
    }
    Ok(())
}

impl Tianxin {
    pub(crate) fn needs_merchant(&self, command: &RegisterMerchant, needs: &mut Needs) {
        needs.rows::<Merchant>(key![Cell::OFFICE, command.merchant]);
    }

    pub(crate) fn register_merchant(&self, command: &RegisterMerchant, context: &Context) -> Decided<Tianxin> {
        check_text("the merchant's name", &command.name, 80)?;
        check_text("the merchant's category", &command.category, 40)?;
        let refuse = |code, message: &str| Err(Refusal::new(code, message).into());
        if command.settles.cell == Cell::OFFICE || command.settles.cell.0 > context.cells {
            return refuse("unknown_cell", "the household's id belongs to no household here: check it");
        }
        if command.settles.discount.ppm() >= 1_000_000 {
            return refuse("bad_rate", "a discount keeps less than the whole of a sale");
        }
        let RegisterMerchant { merchant, name, category, settles, active } = command.clone();
        let fact = Fact::MerchantRegistered(MerchantRegistered { merchant, name, category, settles, active });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    /// Asks for what paying a merchant reads, beside what the close of a day reads of every cell.
    pub(crate) fn needs_merchant_due(
        &self,
        cell: Cell,
        merchant: Id,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        let currency = self.institution.currency;
        let account = key![cell, merchant, currency];
        needs.rows::<MerchantAccount>(account.clone());
        if slice.has(MerchantAccount::table(), &account)
            && let Some(row) = slice.get::<MerchantAccount>(&account)?
            && row.to_cell == i64::from(cell.0)
        {
            needs_booking(needs, cell, currency, &[], &[row.household]);
        }
        Ok(())
    }

    /// Pays a merchant what a day's sales came to: facts, and the message of a crossing. Across cells the discount is kept once
    /// the money is there, so one payment is on its way at a time: what is held then is what was sold, less what arrives.
    pub(crate) fn merchant_due(
        &self,
        slice: &Overlay,
        cell: Cell,
        merchant: Id,
        day: Date,
        transfer: Id,
    ) -> Result<(Vec<Fact>, Option<Message<Command>>), Fault> {
        let currency = self.institution.currency;
        let gone = || Fault::Broken(format!("merchant {merchant} is on the agenda and has no account"));
        let row = slice.get::<MerchantAccount>(&key![cell, merchant, currency])?.ok_or_else(gone)?;
        let settles = row.settles()?;
        let paid = |payable_minor, on_its_way_minor| {
            Fact::MerchantPaid(MerchantPaid { merchant, currency, payable_minor, on_its_way_minor })
        };
        let gross = row.payable_minor;
        if gross <= 0 || row.on_its_way_minor != 0 {
            // More was given back than sold: the next sales pay it. Or the answer to the payment before is still to come: it puts
            // the rest on the agenda.
            return Ok((vec![paid(0, 0)], None));
        }
        let kept = div_round(i128::from(gross) * i128::from(settles.discount.ppm()), 1_000_000, Rounding::HalfUp)
            .ok_or_else(|| Fault::Broken("the discount of a merchant does not fit 64 bits".to_owned()))?;
        let net = gross - kept;
        let roles = &self.subjects.roles;
        let payable = roles.code(Role::MerchantPayable);
        let mut lines = Vec::new();
        if kept > 0 {
            lines.push(Line::credit(roles.code(Role::FeeIncome), None, kept));
        }
        if net > 0 && settles.cell == cell && wallet(slice, cell, settles.household, currency)?.is_none() {
            // There is no wallet to pay into: it is owed until a sale tells where to pay it.
            return Ok((vec![paid(0, 0)], None));
        }
        if settles.cell == cell || net == 0 {
            lines.push(Line::debit(payable, Some(merchant_account(merchant)), gross));
            if net > 0 {
                lines.push(Line::credit(self.subjects.wallet, wallet_account(settles.household), net));
            }
            return Ok((vec![paid(gross, 0), booked(EntryKind::MerchantPayment, day, currency, lines, None)?], None));
        }
        let crossed = Fact::Crossed(Crossed {
            id: transfer,
            state: CrossingState::Reserved,
            purpose: Purpose::Merchant.as_str().to_owned(),
            other: settles.cell,
            household: Some(merchant),
            amount_minor: net,
            currency,
            value_date: day,
        });
        let arrive = Command::Arrive(Arrive {
            cell: settles.cell,
            from: cell,
            transfer,
            purpose: Purpose::Merchant,
            household: Some(settles.household),
            amount: Money::new(net, currency),
            value_date: day,
            code: None,
            drawer: None,
        });
        Ok((vec![paid(gross, gross), crossed], Some(Message { id: transfer, command: arrive })))
    }

    /// The answer of the merchant's cell: the money is there and the discount is kept, or it comes back whole and is owed again.
    pub(crate) fn merchant_settled(
        &self,
        slice: &Overlay,
        row: &Crossing,
        merchant: Id,
        taken: bool,
    ) -> Result<Vec<Fact>, Fault> {
        let (net, currency) = (row.amount_minor, row.currency);
        let gone = || Fault::Broken(format!("merchant {merchant} has a payment on its way and no account"));
        let gross = slice
            .get::<MerchantAccount>(&key![row.cell, merchant, currency])?
            .filter(|account| account.on_its_way_minor >= net)
            .ok_or_else(gone)?
            .on_its_way_minor;
        let payable_minor = if taken { 0 } else { -gross };
        let fact = MerchantPaid { merchant, currency, payable_minor, on_its_way_minor: -gross };
        let mut facts = vec![Fact::MerchantPaid(fact)];
        if taken {
            let [payable, fee] = [Role::MerchantPayable, Role::FeeIncome].map(|role| self.subjects.roles.code(role));
            let mut lines = vec![
                Line::debit(payable, Some(merchant_account(merchant)), gross),
                Line::credit(self.subjects.clearing, None, net),
            ];
            if gross > net {
                lines.push(Line::credit(fee, None, gross - net));
            }
            facts.push(booked(EntryKind::MerchantPayment, row.value_date, currency, lines, None)?);
        }
        Ok(facts)
    }
}

/// Turns a fact of a merchant into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    let sum = |a: i64, b: i64| {
        a.checked_add(b).ok_or_else(|| Fault::Broken("what a merchant is owed does not fit 64 bits".to_owned()))
    };
    match fact {
        Fact::MerchantRegistered(told) => books.put(&Merchant {
            cell,
            id: told.merchant,
            status: if told.active { MerchantStatus::Active } else { MerchantStatus::Stopped },
            name: told.name.clone(),
            category: told.category.clone(),
            to_cell: i64::from(told.settles.cell.0),
            household: told.settles.household,
            discount_ppm: told.settles.discount.ppm(),
            since: stamp.booking_date,
        }),
        Fact::MerchantOwed(owed) => {
            let known = books.get::<MerchantAccount>(&key![cell, owed.merchant, owed.currency])?;
            let row = known.unwrap_or(MerchantAccount {
                cell,
                merchant: owed.merchant,
                currency: owed.currency,
                to_cell: 0,
                household: Id::default(),
                discount_ppm: 0,
                payable_minor: 0,
                on_its_way_minor: 0,
                agenda_on: None,
            });
            let row = match owed.settles {
                None => row,
                Some(Settles { cell: to_cell, household, discount }) => {
                    MerchantAccount { to_cell: i64::from(to_cell.0), household, discount_ppm: discount.ppm(), ..row }
                }
            };
            // Who is in no register has no wallet: what is owed stands until it is told where to pay it.
            let agenda_on = (row.to_cell != 0).then_some(stamp.booking_date);
            let payable_minor = sum(row.payable_minor, owed.amount_minor)?;
            put_account(books, stamp, MerchantAccount { payable_minor, ..row }, agenda_on);
        }
        Fact::MerchantPaid(paid) => {
            let row = books
                .get::<MerchantAccount>(&key![cell, paid.merchant, paid.currency])?
                .ok_or_else(|| Fault::Broken(format!("merchant {} has no account to pay from", paid.merchant)))?;
            let rest_minor = sum(row.payable_minor, paid.payable_minor.saturating_neg())?;
            let agenda_on = match (paid.payable_minor, paid.on_its_way_minor) {
                // What came back is tried again tomorrow.
                (..0, _) => Some(stamp.booking_date.add_days(1)),
                // What was sold while a payment was on its way is paid next.
                (0, ..0) => row.agenda_on.or_else(|| (rest_minor > 0).then_some(stamp.booking_date)),
                _ => None,
            };
            put_account(
                books,
                stamp,
                MerchantAccount {
                    payable_minor: rest_minor,
                    on_its_way_minor: sum(row.on_its_way_minor, paid.on_its_way_minor)?,
                    ..row
                },
                agenda_on,
            );
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a merchant"))),
    }
    Ok(())
}

/// Writes an account with its place on the agenda.
fn put_account(books: &mut Overlay, stamp: &Stamp, row: MerchantAccount, agenda_on: Option<Date>) {
    let (cell, kind, id) = (row.cell, AgendaKind::Merchant.code(), row.merchant);
    if row.agenda_on != agenda_on {
        if let Some(on_day) = row.agenda_on {
            books.remove::<Agenda>(&key![cell, on_day, kind, id, id]);
        }
        if let Some(on_day) = agenda_on {
            books.put(&Agenda { cell, on_day, kind, owner: id, item: id, by_seq: stamp.seq });
        }
    }
    books.put(&MerchantAccount { agenda_on, ..row });
}

/// What is wrong with the merchants of a cell: what each is owed must be what stands on its sub-account.
pub(crate) fn check_accounts(cell: Cell, books: &Overlay, posted: impl Fn(Id) -> i128) -> Result<Vec<String>, Fault> {
    let mut findings = Vec::new();
    for (_, row) in books.all_rows(MerchantAccount::table()) {
        let row = MerchantAccount::from_row(row)?;
        let owed = i128::from(row.payable_minor) + i128::from(row.on_its_way_minor);
        let stands = -posted(row.merchant);
        if owed != stands {
            let id = row.merchant;
            findings.push(format!("{cell:?}: merchant {id} is owed {owed}, the ledger has {stands}"));
        }
    }
    Ok(findings)
}
