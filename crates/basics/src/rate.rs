//! Rates as whole parts per million.

use std::fmt;

use crate::cbor;

/// A rate in whole parts per million: 6 % a year is 60,000 ppm.
///
/// Rates are whole ppm so that group accruals add up exactly; a product whose rate
/// is a fraction of one ppm is refused. Accepted: 0 to 10 (1,000 %).
///
/// ```
/// use basics::Rate;
/// assert_eq!(Rate::parse_percent("6.15")?.ppm(), 61_500);
/// assert!(Rate::parse_percent("6.00001").is_err());
/// # Ok::<(), basics::rate::RateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(i64);

/// A rate that cannot be kept exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: give percent with at most four decimals, from 0 to 1000")]
pub struct RateError(pub String);

impl Rate {
    /// No interest.
    pub const ZERO: Rate = Rate(0);
    /// 100 %: the whole of something.
    pub const ONE: Rate = Rate(1_000_000);
    const PPM_MAX: i64 = 10_000_000;

    /// A rate of `ppm` parts per million.
    pub fn from_ppm(ppm: i64) -> Result<Rate, RateError> {
        if (0..=Self::PPM_MAX).contains(&ppm) { Ok(Rate(ppm)) } else { Err(RateError(format!("{ppm} ppm"))) }
    }

    /// Reads percent, such as `6` or `6.15`.
    pub fn parse_percent(text: &str) -> Result<Rate, RateError> {
        let bad = || RateError(text.chars().take(40).collect());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 4 || fraction.len() > 4 || !digits(whole) || !digits(fraction) {
            return Err(bad());
        }
        let ppm = format!("{whole}{fraction:0<4}").parse().map_err(|_| bad())?;
        Rate::from_ppm(ppm).map_err(|_| bad())
    }

    /// Parts per million.
    pub const fn ppm(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Rate {
    /// Percent with as many decimals as needed, at least two: `6.15`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        let short = text.trim_end_matches('0');
        let decimals = short.len() - short.find('.').map_or(short.len(), |p| p + 1);
        f.write_str(short)?;
        f.write_str(&"0".repeat(2_usize.saturating_sub(decimals)))
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} %")
    }
}

cbor::as_int!(Rate, i64, |r| r.0, |ppm| Rate::from_ppm(ppm).map_err(|e| e.to_string()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_reads_and_prints() {
        for (text, ppm, printed) in [("6", 60_000, "6.00"), ("6.15", 61_500, "6.15"), ("0.0001", 1, "0.0001")] {
            let rate = Rate::parse_percent(text).unwrap();
            assert_eq!((rate.ppm(), rate.to_string().as_str()), (ppm, printed));
        }
        for text in ["", "-1", "1000.0001", "6.00001", "six", "99999"] {
            assert!(Rate::parse_percent(text).is_err(), "{text}");
        }
    }
}
