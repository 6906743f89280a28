//! A decimal of twelve significant digits, for lenders whose books were kept in such arithmetic.

use basics::Rounding;
use basics::money::div_round;

/// `coefficient × 10^-scale`. Results of [`times`](Significant::times), [`over`](Significant::over) and
/// [`plus`](Significant::plus) keep twelve significant digits, half to even; [`plus_exact`](Significant::plus_exact)
/// keeps all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Significant {
    coefficient: i128,
    scale: u32,
}

/// The first number of thirteen digits.
const LIMIT: u128 = 1_000_000_000_000;
/// Digits that a quotient carries before it is rounded: 10¹² × 10²⁴ fits 127 bits.
const GUARD: u32 = 24;
/// Smaller fractions than 10^-36 are nothing.
const SCALE_MAX: u32 = 36;

impl Significant {
    pub(crate) const ZERO: Significant = Significant { coefficient: 0, scale: 0 };
    pub(crate) const ONE: Significant = Significant { coefficient: 1, scale: 0 };

    /// A whole number.
    pub(crate) fn whole(value: i64) -> Significant {
        Significant { coefficient: i128::from(value), scale: 0 }
    }

    /// `value × 10^-scale`, exactly.
    pub(crate) fn scaled(value: i64, scale: u32) -> Significant {
        Significant { coefficient: i128::from(value), scale }
    }

    /// The value as numerator and positive denominator.
    pub(crate) fn ratio(self) -> (i128, i128) {
        (self.coefficient, pow10(self.scale))
    }

    /// The product, rounded. `None` if it does not fit.
    pub(crate) fn times(self, other: Significant) -> Option<Significant> {
        rounded(self.coefficient.checked_mul(other.coefficient)?, self.scale + other.scale, false)
    }

    /// The quotient, rounded. `None` if `other` is nothing or the result does not fit.
    pub(crate) fn over(self, other: Significant) -> Option<Significant> {
        if other.coefficient == 0 {
            return None;
        }
        let (n, d) = (self.coefficient.checked_mul(pow10(GUARD))?, other.coefficient);
        let (n, d) = if d < 0 { (-n, -d) } else { (n, d) };
        let sticky = n % d != 0;
        let scale = (self.scale + GUARD).checked_sub(other.scale);
        match scale {
            Some(scale) => rounded(n / d, scale, sticky),
            None => rounded(n / d, 0, sticky)?.raised(other.scale - self.scale - GUARD),
        }
    }

    /// The sum, rounded. `None` if it does not fit.
    pub(crate) fn plus(self, other: Significant) -> Option<Significant> {
        let sum = self.plus_exact(other)?;
        rounded(sum.coefficient, sum.scale, false)
    }

    /// The sum with all its digits. `None` if it does not fit.
    pub(crate) fn plus_exact(self, other: Significant) -> Option<Significant> {
        let scale = self.scale.max(other.scale);
        let a = self.coefficient.checked_mul(pow10(scale - self.scale))?;
        let b = other.coefficient.checked_mul(pow10(scale - other.scale))?;
        Some(Significant { coefficient: a.checked_add(b)?, scale })
    }

    /// `self × 10^scale` to a whole number: an amount in major units as minor units.
    pub(crate) fn minor(self, scale: u32, rounding: Rounding) -> Option<i64> {
        div_round(self.coefficient.checked_mul(pow10(scale))?, pow10(self.scale), rounding)
    }

    fn raised(self, by: u32) -> Option<Significant> {
        Some(Significant { coefficient: self.coefficient.checked_mul(pow10(by))?, scale: self.scale })
    }
}

/// `coefficient × 10^-scale` to twelve significant digits, half to even; `sticky` says that the true
/// value lies a little further from nothing than the coefficient.
fn rounded(coefficient: i128, scale: u32, sticky: bool) -> Option<Significant> {
    let mut size = coefficient.unsigned_abs();
    let mut drop = 0;
    let mut top = size;
    while top >= LIMIT {
        top /= 10;
        drop += 1;
    }
    drop = drop.max(scale.saturating_sub(SCALE_MAX).min(SCALE_MAX));
    let mut scale = i64::from(scale) - i64::from(drop);
    if drop > 0 {
        let unit = pow10(drop).unsigned_abs();
        let (kept, rest) = (size / unit, size % unit);
        let half = unit / 2;
        let up = rest > half || (rest == half && (sticky || kept % 2 == 1));
        size = kept + u128::from(up);
        if size == LIMIT {
            size /= 10;
            scale -= 1;
        }
    }
    let mut value = i128::try_from(size).ok()?;
    if scale < 0 {
        value = value.checked_mul(pow10(u32::try_from(-scale).ok()?))?;
        scale = 0;
    }
    let scale = u32::try_from(scale).ok()?;
    Some(Significant { coefficient: if coefficient < 0 { -value } else { value }, scale })
}

/// 10ⁿ, n at most 38.
fn pow10(n: u32) -> i128 {
    10i128.pow(n.min(38))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Significant) -> String {
        let (n, d) = value.ratio();
        format!("{n}/{d}")
    }

    #[test]
    fn twelve_digits_half_to_even() {
        let third = Significant::ONE.over(Significant::whole(3)).unwrap();
        assert_eq!(text(third), "333333333333/1000000000000");
        let two_thirds = Significant::whole(2).over(Significant::whole(3)).unwrap();
        assert_eq!(text(two_thirds), "666666666667/1000000000000");
        // 100000000000.5 and 100000000001.5 have a digit too many: the half goes to the even neighbour.
        let a = Significant::scaled(1_000_000_000_005, 1).times(Significant::ONE).unwrap();
        let b = Significant::scaled(1_000_000_000_015, 1).times(Significant::ONE).unwrap();
        assert_eq!((text(a), text(b)), ("100000000000/1".into(), "100000000002/1".into()));
        let nines = Significant::whole(9_999_999_999_999).times(Significant::ONE).unwrap();
        assert_eq!(text(nines), "10000000000000/1");
        assert_eq!(Significant::ONE.over(Significant::ZERO), None);
    }

    #[test]
    fn a_small_rate_keeps_its_digits() {
        // 9.4822 % of a year of 364 days for two weeks.
        let rate = Significant::scaled(94_822, 6);
        let year = Significant::whole(14).over(Significant::whole(364)).unwrap();
        assert_eq!(text(rate.times(year).unwrap()), "364700000000/100000000000000");
        assert_eq!(Significant::scaled(-25, 1).minor(0, Rounding::HalfEven), Some(-2));
    }
}
