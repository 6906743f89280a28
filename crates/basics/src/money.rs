//! Exact money: whole minor units of one currency, checked, never floating point.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::cbor;

/// An ISO 4217 currency code of three capital letters, such as `CNY`.
///
/// All currencies here have two decimals, as CNY, CZK and EUR do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Chinese yuan; the minor unit is the fen.
    pub const CNY: Currency = Currency(*b"CNY");
    /// Czech koruna, the currency of the historical bank replayed by `backtest`.
    pub const CZK: Currency = Currency(*b"CZK");
    /// Euro, the currency of the oracle tables.
    pub const EUR: Currency = Currency(*b"EUR");

    /// Reads a code. Errors unless it is three ASCII capital letters.
    pub fn parse(code: &str) -> Result<Currency, MoneyError> {
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(bytes) if bytes.iter().all(u8::is_ascii_uppercase) => Ok(Currency(bytes)),
            _ => Err(MoneyError::UnknownCurrency(code.to_owned())),
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

cbor::as_text!(Currency, |c: &Currency| c.as_str().to_owned(), Currency::parse);

/// What can go wrong with amounts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a currency code.
    #[error("`{0}` is not a currency code: give three capital letters such as CNY")]
    UnknownCurrency(String),
    /// The text is not an amount.
    #[error("`{0}` is not an amount: give digits with at most two decimals, such as 1250.00")]
    NotAnAmount(String),
    /// Two amounts of different currencies met.
    #[error("{0} and {1} cannot be added: convert one of them first")]
    CurrencyMismatch(Currency, Currency),
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is larger than 92,233,720,368,547,758.07 and cannot be kept")]
    Overflow,
}

/// An amount of money: minor units (fen for CNY) and the currency they are of.
///
/// ```
/// use basics::{Currency, Money};
/// let a = Money::parse("10.50", Currency::CNY)?;
/// let b = Money::new(250, Currency::CNY);
/// assert_eq!(a.checked_add(b)?.to_string(), "13.00");
/// # Ok::<(), basics::money::MoneyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Money {
    #[n(0)]
    minor: i64,
    #[n(1)]
    currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// Reads `1250`, `1250.5` or `-1250.50`. Errors on anything else, and on overflow.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        parse_minor(text).map(|minor| Money { minor, currency })
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum. Errors across currencies and on overflow.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.same(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// The difference. Errors across currencies and on overflow.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.same(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// The same amount with the other sign.
    pub fn checked_neg(self) -> Result<Money, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// More than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    fn same(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_minor(self.minor))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.currency)
    }
}

/// Minor units as a decimal with two places: `125050` is `1250.50`.
pub fn format_minor(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let abs = minor.unsigned_abs();
    format!("{sign}{}.{:02}", abs / 100, abs % 100)
}

/// Reads a decimal with at most two places into minor units; the inverse of [`format_minor`].
pub fn parse_minor(text: &str) -> Result<i64, MoneyError> {
    let bad = || MoneyError::NotAnAmount(text.chars().take(40).collect());
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let dangling_point = digits.contains('.') && cents.is_empty();
    if whole.is_empty() || cents.len() > 2 || dangling_point || !all_digits(whole) || !all_digits(cents) {
        return Err(bad());
    }
    let whole: i64 = whole.parse().map_err(|_| MoneyError::Overflow)?;
    let cents: i64 = format!("{cents:0<2}").parse().map_err(|_| bad())?;
    let minor = whole.checked_mul(100).and_then(|m| m.checked_add(cents)).ok_or(MoneyError::Overflow)?;
    Ok(if negative { -minor } else { minor })
}

/// How a fraction of a minor unit is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Half away from zero, as Chinese lenders round (四舍五入).
    HalfUp,
    /// Half to the even neighbour, as the oracle's products round.
    HalfEven,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
}

/// `numerator / denominator` rounded to a whole number by `rounding`.
///
/// `denominator` must be positive; `None` if it is not, or if the result does not fit 64 bits.
///
/// ```
/// use basics::money::{div_round, Rounding};
/// assert_eq!(div_round(25, 10, Rounding::HalfUp), Some(3));
/// assert_eq!(div_round(25, 10, Rounding::HalfEven), Some(2));
/// assert_eq!(div_round(-25, 10, Rounding::HalfUp), Some(-3));
/// ```
pub fn div_round(numerator: i128, denominator: i128, rounding: Rounding) -> Option<i64> {
    if denominator <= 0 {
        return None;
    }
    let floor = numerator.div_euclid(denominator);
    let rest = numerator.rem_euclid(denominator);
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::Ceiling => rest > 0,
        Rounding::HalfUp | Rounding::HalfEven => match (rest as u128 * 2).cmp(&(denominator as u128)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal if rounding == Rounding::HalfUp => numerator > 0,
            std::cmp::Ordering::Equal => floor.rem_euclid(2) == 1,
        },
    };
    i64::try_from(floor + i128::from(up)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_read_and_print() {
        for (text, minor) in [("0", 0), ("0.01", 1), ("1250.5", 125_050), ("-3.07", -307)] {
            assert_eq!(parse_minor(text), Ok(minor), "{text}");
        }
        for text in ["", "-", ".5", "1.", "1.005", "1,000", "1e3", "--1", "١", "9223372036854775808"] {
            assert!(parse_minor(text).is_err(), "{text}");
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let sum = Money::new(1, Currency::CNY).checked_add(Money::new(1, Currency::EUR));
        assert_eq!(sum, Err(MoneyError::CurrencyMismatch(Currency::CNY, Currency::EUR)));
        assert_eq!(
            Money::new(i64::MAX, Currency::CNY).checked_add(Money::new(1, Currency::CNY)),
            Err(MoneyError::Overflow)
        );
    }

    proptest! {
        #[test]
        fn print_then_read_is_identity(minor in -1_000_000_000_000_000i64..1_000_000_000_000_000) {
            prop_assert_eq!(parse_minor(&format_minor(minor)), Ok(minor));
        }

        #[test]
        fn rounding_is_within_half(n in -1_000_000i128..1_000_000, d in 1i128..10_000) {
            for mode in [Rounding::HalfUp, Rounding::HalfEven] {
                let q = i128::from(div_round(n, d, mode).unwrap());
                prop_assert!((n - q * d).abs() * 2 <= d);
            }
            let floor = div_round(n, d, Rounding::Floor).unwrap();
            let ceiling = div_round(n, d, Rounding::Ceiling).unwrap();
            prop_assert!(ceiling - floor == i64::from(n % d != 0));
        }
    }
}
