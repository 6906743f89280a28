//! The level instalment of an annuity, in 63-bit fixed point.

use basics::Date;
use basics::money::div_round;

use super::dues::Due;
use super::interest::Interest;

const ONE: u64 = 1 << 63;

/// The instalment that pays `balance_fen` in equal parts on `dues`, the first period beginning on `from`.
///
/// The instalment is P / Σ Vₖ with Vₖ = Π 1 / (1 + rⱼ), j = 1..k, where rⱼ is the rate of the period j, be it a whole
/// one or counted by days; it is rounded once. With the same rate in all periods that is the annuity of the
/// textbooks. V is kept in 63 binary places, each rounded down, so the quotient before rounding is too large by less than
/// one part in 2⁵⁰: below a thousandth of a minor unit for principals up to 10¹² of them. With no rate it is P / n.
/// `None` if there are no dues or the result does not fit.
pub(super) fn level_fen(balance_fen: i64, from: Date, dues: &[Due], interest: &Interest) -> Option<i64> {
    if interest.is_free() {
        return div_round(i128::from(balance_fen), i128::try_from(dues.len()).ok()?, interest.rounding());
    }
    let mut power = ONE;
    let mut sum = 0u128;
    let mut from = from;
    let mut last = ((0, 0), ONE);
    for due in dues {
        let part = interest.part(from, due);
        if part != last.0 {
            last = (part, interest.discount(part)?);
        }
        power = ((u128::from(power) * u128::from(last.1)) >> 63) as u64;
        sum += u128::from(power);
        from = due.date;
    }
    div_round(i128::from(balance_fen) << 63, i128::try_from(sum).ok()?, interest.rounding())
}

#[cfg(test)]
mod tests {
    use basics::{Currency, Date, Money, Rate};
    use proptest::prelude::*;

    use super::*;
    use crate::schedule::dues::dues;
    use crate::{LoanTerms, Method, Term};

    fn level(principal: i64, ppm: i64, count: u16) -> Option<i64> {
        let (amount, rate) = (Money::new(principal, Currency::CNY), Rate::from_ppm(ppm).unwrap());
        let start = Date::ymd(2026, 1, 31).unwrap();
        let terms = LoanTerms::plain(amount, rate, Method::EqualInstalments, Term::Months(count), start);
        level_fen(principal, start, &dues(&terms, start).unwrap(), &Interest::of(&terms))
    }

    #[test]
    fn known_instalments() {
        let cases = [
            (1_000_000, 180_000, 12, 91_680), // 10,000 at 18 %
            (1_000_000, 0, 12, 83_333),
            (1_000_000, 120_000, 1, 1_010_000),
            (30_000_000, 49_000, 360, 159_218), // 300,000 at 4.9 % over 30 years
        ];
        for (principal, ppm, count, instalment) in cases {
            assert_eq!(level(principal, ppm, count), Some(instalment));
        }
    }

    proptest! {
        /// Against the textbook formula in floating point.
        #[test]
        fn agrees_with_the_formula(principal in 10_000i64..1_000_000_000, ppm in 1_000i64..500_000, count in 1u16..=360) {
            let r = ppm as f64 / 12e6;
            let exact = principal as f64 * r / (1.0 - (1.0 + r).powi(-i32::from(count)));
            let ours = level(principal, ppm, count).unwrap();
            prop_assert!((ours as f64 - exact).abs() <= 0.5 + 1e-4, "{ours} {exact}");
        }
    }
}
