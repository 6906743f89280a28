//! What came of earlier forecasts, counted by chance, and what that does to the next ones.

use score::math::{exp, ln, logistic};

use super::model::PPM;

/// Upper edges of the bins, millionths; the last bin has none.
const EDGES: [u32; 9] = [10_000, 20_000, 40_000, 70_000, 120_000, 200_000, 300_000, 450_000, 650_000];
/// Bins.
const BINS: usize = EDGES.len() + 1;
/// Forecasts that the model's own word counts for in each bin: until as many have come true or not, the model weighs more.
const PRIOR: f64 = 50.0;

/// Forecasts of about one chance, and what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bin {
    /// Forecasts.
    pub count: u64,
    /// Instalments that were missed.
    pub missed: u64,
    /// Sum of the chances that were said, millionths.
    pub said_ppm: u64,
}

impl Bin {
    /// Mean chance that was said, millionths; none without forecasts.
    pub fn mean_ppm(&self) -> Option<u32> {
        self.said_ppm.checked_div(self.count).map(|mean| mean as u32)
    }

    /// Share that was missed, millionths; none without forecasts.
    pub fn missed_ppm(&self) -> Option<u32> {
        (self.missed * u64::from(PPM)).checked_div(self.count).map(|share| share as u32)
    }
}

/// Counts by chance. Added to as instalments are met or missed; the same outcomes in any order give the same counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reliability {
    bins: [Bin; BINS],
}

impl Reliability {
    /// Takes in what came of a forecast; `said_ppm` is what the model said before any correction.
    pub fn count(&mut self, said_ppm: u32, is_missed: bool) {
        let bin = &mut self.bins[bin_of(said_ppm)];
        bin.count += 1;
        bin.missed += u64::from(is_missed);
        bin.said_ppm += u64::from(said_ppm.min(PPM));
    }

    /// The bins, from the lowest chance to the highest.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// Forecasts counted, and how many were missed.
    pub fn totals(&self) -> (u64, u64) {
        self.bins.iter().fold((0, 0), |(count, missed), bin| (count + bin.count, missed + bin.missed))
    }

    /// A chance after what came of chances like it.
    ///
    /// In each bin the share that was missed is drawn towards what was said, as if [`PRIOR`] more forecasts had come out so (the mean of a
    /// Beta distribution). How far its log odds lie from those of what was said is a bin's shift; between the middles of two
    /// bins shifts are joined by a line, so that nobody jumps at an edge.
    pub fn corrected(&self, said_ppm: u32) -> u32 {
        let at = log_odds(f64::from(said_ppm) / f64::from(PPM));
        let points: Vec<(f64, f64)> = self.bins.iter().enumerate().map(|(place, bin)| shift(place, bin)).collect();
        let above = points.partition_point(|(middle, _)| *middle < at);
        let shift = match (above.checked_sub(1).and_then(|below| points.get(below)), points.get(above)) {
            (Some((low, a)), Some((high, b))) => a + (b - a) * (at - low) / (high - low).max(1e-9),
            (Some((_, only)), None) | (None, Some((_, only))) => *only,
            (None, None) => 0.0,
        };
        (logistic(at + shift) * f64::from(PPM)).clamp(1.0, f64::from(PPM - 1)) as u32
    }
}

/// The middle of a bin and its shift, both in log odds.
fn shift(place: usize, bin: &Bin) -> (f64, f64) {
    let share = |ppm: u32| f64::from(ppm) / f64::from(PPM);
    let low = place.checked_sub(1).and_then(|below| EDGES.get(below)).map_or(0.003, |edge| share(*edge));
    let high = EDGES.get(place).map_or(0.9, |edge| share(*edge));
    let middle = (log_odds(low) + log_odds(high)) / 2.0;
    let Some(mean) = bin.mean_ppm().map(share) else { return (middle, 0.0) };
    let smoothed = (bin.missed as f64 + PRIOR * mean) / (bin.count as f64 + PRIOR);
    (middle, log_odds(smoothed) - log_odds(mean))
}

fn log_odds(share: f64) -> f64 {
    let held = share.clamp(1e-4, 1.0 - 1e-4);
    ln(held / (1.0 - held))
}

fn bin_of(ppm: u32) -> usize {
    EDGES.partition_point(|edge| *edge <= ppm)
}

/// Odds of log odds, for those who read points.
pub(super) fn odds_times(milli: i32) -> f64 {
    exp(f64::from(milli) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_outcomes_the_model_stands() {
        let none = Reliability::default();
        for said in [100, 5_000, 50_000, 333_333, 990_000] {
            assert!(none.corrected(said).abs_diff(said) <= 1 + said / 10_000, "{said} {}", none.corrected(said));
        }
    }

    #[test]
    fn what_was_overstated_is_taken_back_as_outcomes_come() {
        // It said one in four; one in ten came.
        let mut counted = Reliability::default();
        let mut before = 250_000;
        for round in 1..=40 {
            for n in 0..10 {
                counted.count(250_000, n == 0);
            }
            let now = counted.corrected(250_000);
            assert!(now <= before, "round {round}: {now} after {before}");
            before = now;
        }
        assert!((105_000..140_000).contains(&before), "{before}");
        assert_eq!(counted.totals(), (400, 40));
        // Its neighbours move with it, those far away do not.
        assert!(counted.corrected(600_000) > 550_000 && counted.corrected(5_000).abs_diff(5_000) < 10);
    }

    #[test]
    fn a_higher_chance_stays_higher_where_outcomes_agree() {
        let mut counted = Reliability::default();
        for n in 0..1_000_u32 {
            counted.count(30_000, n.is_multiple_of(25));
            counted.count(150_000, n.is_multiple_of(5));
            counted.count(500_000, n.is_multiple_of(3));
        }
        let said: Vec<u32> = (1..100).map(|part| counted.corrected(part * 10_000)).collect();
        assert!(said.windows(2).all(|two| two[0] <= two[1]), "{said:?}");
    }
}
