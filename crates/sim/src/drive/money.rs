//! Money in wallets: paid in, taken out, sent to others.

use app::command::Command;
use app::transfer::Transfer;
use app::wallet::{TopUp, Withdraw};
use door::{Actor, Order, Request};

use super::answer::After;
use super::errand::{Made, Making, send};
use crate::deed::{Act, Way};

impl Making<'_> {
    pub(super) fn wallet(&self) -> Made {
        let (cell, id) = (self.home.cell, self.home.id);
        match &self.errand.deed.act {
            Act::PayIn { amount_fen } => {
                // What comes by phone comes from another bank: the rail tells the platform.
                let actor = match self.errand.deed.way {
                    Way::Phone => Actor::SYSTEM,
                    Way::Window => self.around.staff.clerk,
                };
                let reference = "paid in".to_owned();
                let amount = self.money(*amount_fen);
                let top_up =
                    Command::TopUp(TopUp { cell, household: id, amount, value_date: self.errand.kept_on(), reference });
                send(Request::plain(self.id("pay in"), actor, self.at(), Order::Do(top_up)), After::Wallet)
            }
            Act::TakeOut { amount_fen } => {
                let amount = self.money(*amount_fen);
                let withdraw = Command::Withdraw(Withdraw { cell, household: id, amount, value_date: None });
                self.by_its_way("take out", withdraw, After::Wallet)
            }
            Act::Give { to, amount_fen } => {
                let Some(payee) = self.around.book.home(*to) else {
                    return Made::Tell(vec![self.errand.no("unknown_payee")]);
                };
                let transfer = Command::Transfer(Transfer {
                    cell,
                    from: id,
                    to_cell: payee.cell,
                    to: payee.id,
                    amount: self.money(*amount_fen),
                    note: "between households".to_owned(),
                });
                self.by_its_way("give", transfer, After::Given)
            }
            _ => Made::Tell(Vec::new()),
        }
    }
}
