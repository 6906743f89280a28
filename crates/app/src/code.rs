//! Payment by code (扫码支付): a registered merchant shows a signed code, a household pays it from its wallet, once and before it expires.
//!
//! The code itself is not stored when it is made: its signature says that it is ours. That it is paid once is kept in the cell of the
//! merchant's wallet, where every payment of it arrives, whichever cell it comes from. A purchase on a line is settled at the close of
//! the day; it claims the code there before it is booked.

use basics::money::div_round;
use basics::{Cell, Currency, Id, Instant, Money, Rate, Rounding};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stop, key};
use ledger::Line;
use minicbor::{Decode, Encode};

use crate::books::{booked, check_amount, needs_booking, own_wallet, wallet, wallet_account};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::level::Within;
use crate::posting::Role;
use crate::tables::EntryKind;
use crate::transfer::{Purpose, Transfer};

/// How long a code may be paid, seconds.
pub const CODE_SECONDS_MAX: i64 = 600;
/// What codes begin with: their kind and version.
const KIND: &str = "TX1";
/// Digits of the signature that a code carries: 128 bits.
const SIGNATURE_DIGITS: usize = 32;
const PPM: i128 = 1_000_000;

/// What a code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentCode {
    /// The merchant who is paid.
    pub merchant: Id,
    /// How much.
    pub amount: Money,
    /// Until when it may be paid.
    pub expires: Instant,
    /// Its own id: a code is paid once.
    pub id: Id,
}

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// It is none of ours.
    #[error("this is no payment code of this institution, or it was changed: have the merchant show a new one")]
    NotGenuine,
    /// It is too old.
    #[error("this payment code has expired: have the merchant show a new one")]
    Expired,
}

impl PaymentCode {
    /// The text of the code, signed by a keyed hash. 110 to 130 characters: a QR code of version 7 at most.
    pub fn text(&self, sign: impl Fn(&[u8]) -> [u8; 32]) -> String {
        let simple = |id: Id| id.to_string().replace('-', "");
        let (merchant, id) = (simple(self.merchant), simple(self.id));
        let (minor, currency) = (self.amount.minor(), self.amount.currency());
        let seconds = self.expires.0.div_euclid(1_000_000);
        let told = format!("{KIND}.{merchant}.{minor}{currency}.{seconds}.{id}");
        let signature = signature(&told, sign);
        format!("{told}.{signature}")
    }

    /// Reads a code. Errors for one that was not signed by the same hash, or has expired.
    pub fn read(text: &str, sign: impl Fn(&[u8]) -> [u8; 32], now: Instant) -> Result<PaymentCode, CodeError> {
        let text = text.trim();
        let (told, given) = text.rsplit_once('.').ok_or(CodeError::NotGenuine)?;
        let right = signature(told, sign);
        // Every digit is compared: how long it takes tells nothing.
        let differing = right.bytes().zip(given.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
        if given.len() != right.len() || differing != 0 {
            return Err(CodeError::NotGenuine);
        }
        let code = PaymentCode::parse(told).ok_or(CodeError::NotGenuine)?;
        if now > code.expires { Err(CodeError::Expired) } else { Ok(code) }
    }

    fn parse(told: &str) -> Option<PaymentCode> {
        let parts: Vec<&str> = told.split('.').collect();
        let [KIND, merchant, amount, seconds, id] = parts.as_slice() else { return None };
        let of = |text: &str| u128::from_str_radix(text, 16).ok().map(Id::from_u128);
        let (minor, currency) = amount.split_at_checked(amount.len().checked_sub(3)?)?;
        let seconds: i64 = seconds.parse().ok()?;
        Some(PaymentCode {
            merchant: of(merchant)?,
            amount: Money::new(minor.parse().ok()?, Currency::parse(currency).ok()?),
            expires: Instant(seconds.checked_mul(1_000_000)?),
            id: of(id)?,
        })
    }
}

fn signature(told: &str, sign: impl Fn(&[u8]) -> [u8; 32]) -> String {
    let digits: String = sign(told.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    digits.get(..SIGNATURE_DIGITS).unwrap_or_default().to_owned()
}

/// Pay a merchant's code from a wallet. The desk has read the code and the register.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PayCode {
    /// The cell of the payer.
    #[n(0)]
    pub cell: Cell,
    /// Who pays.
    #[n(1)]
    pub household: Id,
    /// The code.
    #[n(2)]
    pub code: Id,
    /// The merchant.
    #[n(3)]
    pub merchant: Id,
    /// Cell and household of the wallet that the merchant is paid to.
    #[n(4)]
    pub to: (Cell, Id),
    /// How much.
    #[n(5)]
    pub amount: Money,
    /// What is kept of it.
    #[n(6)]
    pub discount: Rate,
}

/// What arrives with a payment by code: the code, and what is kept of the amount.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub struct CodeArrives {
    /// The code.
    #[n(0)]
    pub code: Id,
    /// The merchant's discount, in minor units.
    #[n(1)]
    pub fee_minor: i64,
}

/// Take a code as paid for a purchase on a line, before the purchase is booked. The purchase may still be refused; then the merchant
/// shows a new code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ClaimCode {
    /// The cell of the merchant's wallet.
    #[n(0)]
    pub cell: Cell,
    /// The code.
    #[n(1)]
    pub code: Id,
}

door::table! {
    /// A code that was paid.
    pub struct SpentCode = "spent_code" (Household, State, key 2) {
        /// The cell of the merchant's wallet.
        cell: Cell,
        /// The code.
        code: Id,
        /// The record that it was paid by.
        by_seq: i64,
    }
}

impl Tianxin {
    pub(crate) fn needs_pay_code(&self, command: &PayCode, needs: &mut Needs) {
        let PayCode { cell, household, code, to, .. } = *command;
        self.needs_wallet(cell, household, needs);
        self.needs_limits(cell, household, needs);
        if to.0 == cell {
            let fees = self.subjects.roles.code(Role::FeeIncome);
            needs_booking(needs, cell, self.institution.currency, &[fees], &[to.1]);
            needs.rows::<SpentCode>(key![cell, code]);
        }
    }

    pub(crate) fn pay_code(&self, slice: &Overlay, command: &PayCode, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let PayCode { cell, household, code, to, discount, .. } = *command;
        let amount = check_amount(command.amount, currency)?;
        if to.1 == household {
            return Err(Refusal::new("same_wallet", "payer and payee are the same household").into());
        }
        if to.0 == Cell::OFFICE || to.0.0 > context.cells {
            return Err(Refusal::new("unknown_cell", "the merchant's wallet belongs to no household here").into());
        }
        let own = own_wallet(slice, cell, household, currency)?;
        let available_minor = own.balance_minor - own.held_minor;
        if amount > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let counted = match self.within_limits(slice, household, amount, context)? {
            Within::Counted(counted) => counted,
            Within::Passed(change) => return Ok(change),
        };
        let fee_minor = fee(amount, discount)?;
        let arrives = CodeArrives { code, fee_minor };
        let mut change = if to.0 == cell {
            if wallet(slice, cell, to.1, currency)?.is_none() {
                let fact = Fact::Declined { code: "unknown_payee".to_owned() };
                return Ok(Change::new(Outcome::UnknownPayee, vec![fact]));
            }
            not_spent(slice, cell, code)?;
            let mut lines = vec![
                Line::debit(self.subjects.wallet, wallet_account(household), amount),
                Line::credit(self.subjects.wallet, wallet_account(to.1), amount - fee_minor),
            ];
            lines.extend(self.fee_line(fee_minor));
            let memo = Some(format!("merchant {}", command.merchant));
            let entry = booked(EntryKind::Transfer, context.open_date, currency, lines, memo)?;
            Change::new(Outcome::Done, vec![entry, Fact::CodeSpent { code }])
        } else {
            let note = String::new();
            let transfer = Transfer { cell, from: household, to_cell: to.0, to: to.1, amount: command.amount, note };
            self.send_transfer(&transfer, Purpose::Code, amount, Some(arrives), context)
        };
        change.facts.extend(counted);
        Ok(change)
    }

    pub(crate) fn needs_claim_code(&self, command: &ClaimCode, needs: &mut Needs) {
        needs.rows::<SpentCode>(key![command.cell, command.code]);
    }

    pub(crate) fn claim_code(&self, slice: &Overlay, command: &ClaimCode, _: &Context) -> Decided<Tianxin> {
        let ClaimCode { cell, code } = *command;
        not_spent(slice, cell, code)?;
        Ok(Change::new(Outcome::Done, vec![Fact::CodeSpent { code }]))
    }

    /// The line that a merchant's discount is booked by; none where nothing is kept.
    pub(crate) fn fee_line(&self, fee_minor: i64) -> Option<Line> {
        (fee_minor > 0).then(|| Line::credit(self.subjects.roles.code(Role::FeeIncome), None, fee_minor))
    }
}

/// Refuses a code that was paid before, from a wallet or on a line.
fn not_spent(slice: &Overlay, cell: Cell, code: Id) -> Result<(), Stop> {
    if slice.get::<SpentCode>(&key![cell, code])?.is_none() {
        return Ok(());
    }
    Err(Refusal::new("code_spent", "this code was paid before: have the merchant show a new one").into())
}

/// What is kept of a sale: to the fen, half up, and never all of it.
fn fee(amount: i64, discount: Rate) -> Result<i64, Fault> {
    let kept = div_round(i128::from(amount) * i128::from(discount.ppm()), PPM, Rounding::HalfUp);
    let kept = kept.ok_or_else(|| Fault::Broken("a merchant's discount does not fit 64 bits".to_owned()))?;
    Ok(kept.clamp(0, amount - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::merkle::leaf_hash;

    fn code() -> PaymentCode {
        PaymentCode {
            merchant: Id::from_u128(7),
            amount: Money::new(1_250, Currency::CNY),
            expires: Instant(1_772_420_400_000_000),
            id: Id::from_u128(99),
        }
    }

    #[test]
    fn a_code_is_read_until_it_expires_and_not_once_it_is_changed() {
        let text = code().text(leaf_hash);
        assert!((100..=140).contains(&text.len()), "{}", text.len());
        assert_eq!(PaymentCode::read(&text, leaf_hash, code().expires), Ok(code()));
        assert_eq!(PaymentCode::read(&text, leaf_hash, code().expires.add_seconds(1)), Err(CodeError::Expired));
        let other = |bytes: &[u8]| leaf_hash(&[bytes, b"x"].concat());
        assert_eq!(PaymentCode::read(&text, other, code().expires), Err(CodeError::NotGenuine));
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(PaymentCode::read(&changed, leaf_hash, code().expires), Err(CodeError::NotGenuine), "{changed}");
        }
        for text in ["", ".", "TX1", "TX1.1.2CNY.3.4", &text[..text.len() - 1]] {
            assert_eq!(PaymentCode::read(text, leaf_hash, code().expires), Err(CodeError::NotGenuine), "{text}");
        }
    }

    #[test]
    fn what_is_kept_is_rounded_to_the_fen() {
        let rate = |percent: &str| Rate::parse_percent(percent).unwrap();
        let told = [(10_000, "0.60"), (125, "0.60"), (83, "0.60"), (84, "0.60"), (1, "0.60"), (100, "0"), (1, "99")];
        let kept: Vec<i64> = told.iter().map(|(amount, percent)| fee(*amount, rate(percent)).unwrap()).collect();
        assert_eq!(kept, [60, 1, 0, 1, 0, 0, 0]);
    }
}
