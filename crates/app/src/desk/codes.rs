//! Codes that merchants show and households pay, and how well a household is known.

use basics::{Date, Id, Instant, Money, Rate};
use door::key;
use insight::event::{Channel, Event, EventKind};

use super::{Desk, DeskError, prepare};
use crate::code::{CODE_SECONDS_MAX, PayCode, PaymentCode};
use crate::level::{LevelLimits, WalletLevel, WalletUse};
use crate::line::Settles;

/// What a household may move, and has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelShown {
    /// How well it is known.
    pub level: WalletLevel,
    /// The limits of that level; none where the institution has set none.
    pub limits: Option<LevelLimits>,
    /// What it moved today and this year, in minor units.
    pub used_minor: (i64, i64),
}

impl PayCode {
    /// The purchase as a behaviour event of a day, made from its command's id.
    pub fn event(&self, command: Id, date: Date) -> Event {
        Event {
            household: self.household,
            id: command.derive("paid by code"),
            date,
            kind: EventKind::PaymentOut,
            amount_minor: -self.amount.minor(),
            balance_after_minor: None,
            counterparty: None,
            channel: Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        }
    }
}

impl Desk {
    fn sign_code(&self) -> impl Fn(&[u8]) -> [u8; 32] + '_ {
        |told| prepare::code_signature(self.vault.as_ref(), told)
    }

    /// The text of a code by which a merchant is paid an amount: once, within ten minutes. `household` is whose wallet the merchant is
    /// paid to.
    pub fn make_code(
        &self,
        household: Id,
        merchant: Id,
        (id, amount): (Id, Money),
        now: Instant,
    ) -> Result<String, DeskError> {
        let row = self.merchant(merchant)?;
        if row.household != household {
            let message = "this merchant is paid to another household's wallet";
            return Err(DeskError::refused("not_your_merchant", message));
        }
        let expires = now.add_seconds(CODE_SECONDS_MAX);
        Ok(PaymentCode { merchant, amount, expires, id }.text(self.sign_code()))
    }

    /// Reads a code and the register: the command that pays it.
    pub fn payment_of_code(&self, household: Id, text: &str, now: Instant) -> Result<PayCode, DeskError> {
        let code = prepare::read_code(text, self.sign_code(), now)?;
        let row = self.merchant(code.merchant)?;
        let damaged = |_| DeskError::Damaged(format!("the discount of merchant {} is no rate", row.id));
        let discount = Rate::from_ppm(row.discount_ppm).map_err(damaged)?;
        let settles = Settles { cell: self.cell_of(row.household), household: row.household, discount };
        prepare::code_payment(self.sign_code(), text, (self.cell_of(household), household), settles, now)
    }

    /// A purchase by code as a behaviour event, made from its command's id.
    pub fn purchase_event(&self, paid: &PayCode, command: Id) -> Result<Event, DeskError> {
        Ok(paid.event(command, self.open_date(paid.cell)?))
    }

    /// How well a household is known, and what is left under its limits.
    pub fn level(&self, household: Id) -> Result<LevelShown, DeskError> {
        let cell = self.cell_of(household);
        let today = self.open_date(cell)?;
        let rows: Vec<WalletUse> = self.rows(key![cell, household])?;
        let row = rows.into_iter().next();
        let level = row.as_ref().map_or(WalletLevel::Basic, |row| row.level);
        let used_minor = row.map_or((0, 0), |row| row.used_on(today));
        let limits = self.house().limits.iter().find(|limits| limits.level == level).copied();
        Ok(LevelShown { level, limits, used_minor })
    }
}
