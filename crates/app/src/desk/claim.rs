//! A merchant's code taken for a purchase on a line.

use basics::{Id, Instant};
use door::{Actor, Order, Request};

use super::{Desk, DeskError};
use crate::code::{ClaimCode, PayCode};
use crate::command::Command;
use crate::line::Merchant;

impl Desk {
    /// Takes a code as paid for a purchase on a line, and says what it asks for and of whom. Sent again under the same id it is taken once.
    ///
    /// Errors for a code that is not genuine, has expired, or was paid before.
    pub fn claim_code(
        &self,
        claim: Id,
        household: Id,
        text: &str,
        now: Instant,
    ) -> Result<(PayCode, Merchant), DeskError> {
        let paid = self.payment_of_code(household, text, now)?;
        if paid.to.1 == household {
            return Err(DeskError::refused("same_wallet", "payer and payee are the same household"));
        }
        let merchant = self.merchant(paid.merchant)?;
        let order = Order::Do(Command::ClaimCode(ClaimCode { cell: paid.to.0, code: paid.code }));
        self.engine.call(Request::plain(claim, Actor::SYSTEM, now, order))?;
        Ok((paid, merchant))
    }
}
