//! A household's money in its hands: what comes in, what goes out, and which of it leaves a trace.

use insight::{Channel, EventKind};

use super::household::Household;
use crate::deed::Lived;

/// Where money passes: through the account, which the lender may know of, or from hand to hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    Account,
    Hand,
}

impl Trace {
    pub(super) const fn when(is_traced: bool) -> Trace {
        if is_traced { Trace::Account } else { Trace::Hand }
    }
}

/// A household's money on one day, with the traces that it leaves.
pub(super) struct Purse<'a> {
    pub h: &'a mut Household,
    pub seen: &'a mut Vec<Lived>,
}

impl Purse<'_> {
    /// Money comes in.
    pub(super) fn gain(&mut self, kind: EventKind, fen: i64, from: u64, trace: Trace) {
        if fen <= 0 {
            return;
        }
        match trace {
            Trace::Account => {
                self.h.account += fen;
                self.trace(kind, fen, from);
            }
            Trace::Hand => self.h.cash += fen,
        }
    }

    /// Money goes out, as much of it as there is; from the other pot where one is short. Gives what was paid.
    pub(super) fn pay(&mut self, kind: EventKind, fen: i64, to: u64, trace: Trace) -> i64 {
        let fen = fen.min(self.h.cash + self.h.account + self.h.saved);
        if fen <= 0 {
            return 0;
        }
        match trace {
            Trace::Account => {
                self.fill_account(fen);
                // Payment by phone goes through whole or not at all.
                let by_account = if self.h.account >= fen { fen } else { 0 };
                if by_account > 0 {
                    self.h.account -= by_account;
                    self.trace(kind, -by_account, to);
                }
                if by_account == 0 {
                    self.fetch_cash(fen);
                    let by_hand = fen.min(self.h.cash);
                    self.h.cash -= by_hand;
                    return by_hand;
                }
            }
            Trace::Hand => {
                self.fetch_cash(fen);
                let by_hand = fen.min(self.h.cash);
                self.h.cash -= by_hand;
                return by_hand;
            }
        }
        fen
    }

    /// Fetches what the account lacks from what is put by, and only then from home.
    fn fill_account(&mut self, fen: i64) {
        let lacks = fen - self.h.account;
        let fetched = lacks.min(self.h.saved);
        if fetched > 0 {
            // Whole hundreds are fetched, if there is so much.
            let fetched = ((fetched + 49_999) / 50_000 * 50_000).min(self.h.saved);
            self.h.saved -= fetched;
            self.h.account += fetched;
            self.trace(EventKind::TransferIn, fetched, 0);
        }
    }

    /// Takes what cash lacks from the account, in notes of a hundred while there are so many, and from what is put by.
    fn fetch_cash(&mut self, fen: i64) {
        let lacks = fen - self.h.cash;
        if lacks <= 0 {
            return;
        }
        let round = (lacks + 19_999) / 20_000 * 20_000;
        let notes = self.h.account / 10_000 * 10_000;
        let from_account = round.min(notes);
        if from_account > 0 {
            self.h.account -= from_account;
            self.h.cash += from_account;
            self.trace(EventKind::CashWithdrawal, -from_account, 0);
        }
        let rest = (lacks - from_account.max(0)).clamp(0, self.h.saved);
        self.h.saved -= rest;
        self.h.cash += rest;
    }

    /// Brings cash at home to the account.
    pub(super) fn deposit(&mut self, fen: i64) {
        let fen = fen.min(self.h.cash);
        if fen > 0 {
            self.h.cash -= fen;
            self.h.account += fen;
            self.trace(EventKind::CashDeposit, fen, 0);
        }
    }

    /// Puts money by, elsewhere: it leaves the account as a transfer.
    pub(super) fn put_by(&mut self, fen: i64) {
        let fen = fen.min(self.h.account);
        if fen > 0 {
            self.h.account -= fen;
            self.h.saved += fen;
            self.trace(EventKind::TransferOut, -fen, 0);
        }
    }

    /// Something that moves no money becomes known.
    pub(super) fn note(&mut self, kind: EventKind, party: u64) {
        self.seen.push(Lived {
            kind,
            amount_fen: 0,
            counterparty: Some(party),
            balance_after_fen: None,
            channel: Channel::OwnBusiness,
            measure: None,
        });
    }

    /// A household shows a slip on which something was measured.
    pub(super) fn show(&mut self, kind: EventKind, measure: i64) {
        self.seen.push(Lived {
            kind,
            amount_fen: 0,
            counterparty: None,
            balance_after_fen: None,
            channel: Channel::ToldByHousehold,
            measure: Some(measure),
        });
    }

    pub(super) fn trace(&mut self, kind: EventKind, amount_fen: i64, party: u64) {
        self.seen.push(Lived {
            kind,
            amount_fen,
            counterparty: Some(party).filter(|party| *party != 0),
            balance_after_fen: Some(self.h.account),
            channel: Channel::OwnBusiness,
            measure: None,
        });
    }
}
