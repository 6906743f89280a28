//! Exponential and logarithm that give the same bits on every machine.
//!
//! The standard library's `exp` and `ln` call the platform's own, whose last bit differs
//! between systems. These use only `+ - * /` in written order, which IEEE 754 fixes, so a
//! model trained or a decision replayed elsewhere is the same to the bit. They are within
//! a few units in the last place of the true value, which is far more than scores need.

const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
const LOG2_E: f64 = std::f64::consts::LOG2_E;

/// e to the power `x`; `x` is held within ±700, so the result is never 0 or infinite; what is no number counts as 0.
///
/// No branch, no call and no division, so that it costs tens of cycles, and many at once where the machine can.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let x = if x.is_nan() { 0.0 } else { x };
    let x = x.clamp(-700.0, 700.0);
    // Adding a number of this size rounds to the nearest whole one.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let k = (x * LOG2_E + WHOLE) - WHOLE;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    // Taylor's series, summed in pairs: short ways instead of one long one.
    const OVER: [f64; 14] = reciprocals_of_factorials();
    let (r2, pair) = (r * r, |n: usize| OVER[n] + r * OVER[n + 1]);
    let r4 = r2 * r2;
    let low = (pair(0) + r2 * pair(2)) + r4 * (pair(4) + r2 * pair(6));
    let high = (pair(8) + r2 * pair(10)) + r4 * pair(12);
    let power = f64::from_bits(((k as i64 + 1023) as u64) << 52);
    (low + (r4 * r4) * high) * power
}

/// Natural logarithm; 0 and below, and what is no number, count as the smallest positive number.
pub fn ln(x: f64) -> f64 {
    let x = if x > f64::MIN_POSITIVE { x } else { f64::MIN_POSITIVE };
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), whose argument is at most 0.172 here.
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for n in (0..=12).rev() {
        sum = sum * square + 1.0 / f64::from(2 * n + 1);
    }
    let e = exponent as f64;
    e * LN2_HIGH + (e * LN2_LOW + 2.0 * s * sum)
}

/// `1 / (1 + e^-x)`: the probability of a log odds.
#[inline(always)]
pub fn logistic(x: f64) -> f64 {
    // Of the two forms the one whose power is at most 1, so that no digit is lost at either end.
    let e = exp(-x.abs());
    let above = if x < 0.0 { e } else { 1.0 };
    above / (1.0 + e)
}

/// 1 / n! for n from 0.
const fn reciprocals_of_factorials() -> [f64; 14] {
    let mut over = [1.0; 14];
    let (mut n, mut factorial) = (1, 1.0);
    while n < 14 {
        factorial *= n as f64;
        over[n] = 1.0 / factorial;
        n += 1;
    }
    over
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_platform() {
        for i in -6_000..6_000 {
            let x = f64::from(i) * 0.1013;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-13, "{x}");
            let y = x.abs() + 1e-9;
            assert!((ln(y) - y.ln()).abs() <= 1e-15 * (1.0 + y.ln().abs() * 4.0), "{y}");
        }
        assert_eq!((exp(0.0), ln(1.0), logistic(0.0)), (1.0, 0.0, 0.5));
        assert!(exp(f64::INFINITY).is_finite() && exp(f64::NAN) == 1.0 && ln(0.0) < -700.0);
    }

    #[test]
    fn probabilities_keep_their_digits_at_both_ends() {
        for i in -80_000..80_000 {
            let x = f64::from(i) * 0.008_13;
            let truth = if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) };
            assert!((logistic(x) / truth - 1.0).abs() < 1e-13, "{x}");
        }
        let ends = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, -0.0].map(logistic);
        assert!(ends[0] == 1.0 && ends[1] > 0.0 && ends[1] < 1e-300 && ends[2..] == [0.5; 3], "{ends:?}");
    }

    #[test]
    fn the_bits_are_these() {
        assert_eq!(exp(1.0).to_bits(), 0x4005_bf0a_8b14_5769);
        assert_eq!(ln(10.0).to_bits(), 0x4002_6bb1_bbb5_5516);
    }
}
