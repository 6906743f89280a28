//! The level instalment of an annuity, in 63-bit fixed point.

use basics::money::div_round;
use basics::{Rate, Rounding};

/// Twelfths of parts per million: a monthly rate of `ppm / (12 × 10⁶)` is exact over this.
const MONTHLY: i128 = 12_000_000;
const ONE: u64 = 1 << 63;

/// The instalment that pays `principal_fen` in `count` equal parts at `rate / 12` a period.
///
/// The instalment is P / Σ vᵏ, k = 1..n, v = 1 / (1 + rate / 12), rounded once by `rounding`.
/// v and its powers are kept in 63 binary places, each rounded down, so the quotient before
/// rounding is too large by less than one part in 2⁵⁰: below a thousandth of a minor unit for principals
/// up to 10¹² of them. With no rate it is P / n, with one period P × (1 + rate / 12), both exact.
/// `None` if `count` is 0 or the result does not fit.
pub(crate) fn instalment_fen(principal_fen: i64, rate: Rate, count: u16, rounding: Rounding) -> Option<i64> {
    let ppm = i128::from(rate.ppm());
    if ppm == 0 {
        return div_round(i128::from(principal_fen), i128::from(count), rounding);
    }
    if count == 1 {
        return div_round(i128::from(principal_fen) * (MONTHLY + ppm), MONTHLY, rounding);
    }
    let v = u64::try_from(i128::from(ONE) * MONTHLY / (MONTHLY + ppm)).ok()?;
    let mut power = ONE;
    let mut sum = 0i128;
    for _ in 0..count {
        power = ((u128::from(power) * u128::from(v)) >> 63) as u64;
        sum += i128::from(power);
    }
    div_round(i128::from(principal_fen) << 63, sum, rounding)
}

/// One month's interest on a balance: `balance × rate / 12`, rounded.
pub(crate) fn month_interest_fen(balance_fen: i64, rate: Rate, rounding: Rounding) -> Option<i64> {
    div_round(i128::from(balance_fen) * i128::from(rate.ppm()), MONTHLY, rounding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_instalments() {
        let cases = [
            (1_000_000, 180_000, 12, 91_680), // 10,000 at 18 %
            (1_000_000, 0, 12, 83_333),
            (1_000_000, 120_000, 1, 1_010_000),
            (30_000_000, 49_000, 360, 159_218), // 300,000 at 4.9 % over 30 years
        ];
        for (principal, ppm, count, instalment) in cases {
            let rate = Rate::from_ppm(ppm).unwrap();
            assert_eq!(instalment_fen(principal, rate, count, Rounding::HalfUp), Some(instalment));
        }
        assert_eq!(instalment_fen(1, Rate::ZERO, 0, Rounding::HalfUp), None);
    }

    proptest! {
        /// Against the textbook formula in floating point.
        #[test]
        fn agrees_with_the_formula(principal in 10_000i64..1_000_000_000, ppm in 1_000i64..500_000, count in 1u16..=360) {
            let r = ppm as f64 / 12e6;
            let exact = principal as f64 * r / (1.0 - (1.0 + r).powi(-i32::from(count)));
            let ours = instalment_fen(principal, Rate::from_ppm(ppm).unwrap(), count, Rounding::HalfUp).unwrap();
            prop_assert!((ours as f64 - exact).abs() <= 0.5 + 1e-4, "{ours} {exact}");
        }
    }
}
