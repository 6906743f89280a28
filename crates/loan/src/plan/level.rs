//! The level instalment over periods of any length, each with its own interest.

use basics::Rounding;
use basics::money::div_round;

use super::Arithmetic;
use super::convention::round_to_multiple;
use super::decimal::Significant;
use super::weight::Factor;

/// The instalment that pays a balance in equal parts: P × Π(1 + f) / F, with F₁ = 1 and
/// Fₖ = 1 + Fₖ₋₁ × (1 + fₖ), f the sum of a period's segment factors, rounded once to a multiple of `multiple_fen`.
///
/// Under [`Arithmetic::Exact`] this is P / Σ vₖ with vₖ = Π 1 / (1 + f) in 62 binary places. `None` if there are
/// no periods or the result does not fit.
pub(super) fn level_fen<P: Iterator<Item = Factor>>(
    balance_fen: i64,
    periods: impl Iterator<Item = P>,
    arithmetic: Arithmetic,
    rounding: Rounding,
    multiple_fen: i64,
) -> Option<i64> {
    match arithmetic {
        Arithmetic::Exact => {
            let (mut v, mut sum) = (1i128 << 62, 0i128);
            for segments in periods {
                let (n, d) =
                    segments.filter(|f| f.numerator != 0).fold((0, 1), |(n, _), f| (n + f.numerator, f.denominator));
                v = v.checked_mul(d)? / (d + n);
                sum += v;
            }
            div_round(i128::from(balance_fen) << 62, sum.checked_mul(i128::from(multiple_fen))?, rounding)?
                .checked_mul(multiple_fen)
        }
        Arithmetic::Digits12 => {
            let (mut product, mut fraction) = (Significant::ONE, None);
            for mut segments in periods {
                let grown = segments.try_fold(Significant::ONE, |sum, factor| sum.plus_exact(factor.significant()?))?;
                product = product.times(grown)?;
                fraction = Some(match fraction {
                    None => Significant::ONE,
                    Some(before) => Significant::ONE.plus(grown.times(before)?)?,
                });
            }
            let level = product.times(Significant::scaled(balance_fen, 2))?.over(fraction?)?;
            round_to_multiple(level.minor(2, rounding)?, multiple_fen, rounding)
        }
    }
}
