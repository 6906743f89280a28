//! Chance that does not depend on order: a number is a function of who, when and what for.
//!
//! No stream is kept anywhere. So one more loan shifts no later draw, two policies over the same seed
//! differ only by what they do, and the order in which households are visited does not matter.
//! Everything is integer arithmetic, so the same seed gives the same county on every machine.

/// One part of a whole, in millionths.
pub const ONE: i64 = 1_000_000;

/// Whom or what a number is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// The county itself.
    County,
    /// A township.
    Township(u32),
    /// A village.
    Village(u32),
    /// A household.
    Household(u32),
    /// A crop of the county file.
    Crop(u32),
    /// A scheme of fraudsters.
    Scheme(u32),
}

impl Entity {
    const fn key(self) -> u64 {
        let (kind, number) = match self {
            Entity::County => (1_u64, 0),
            Entity::Township(n) => (2, n),
            Entity::Village(n) => (3, n),
            Entity::Household(n) => (4, n),
            Entity::Crop(n) => (5, n),
            Entity::Scheme(n) => (6, n),
        };
        (kind << 32) | number as u64
    }
}

macro_rules! purposes {
    ($($name:ident $doc:literal,)*) => {
        /// What a number is drawn for. Numbers are by place: append, never insert, or paired runs of older seeds shift.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Purpose { $(#[doc = $doc] $name,)* }
    };
}

purposes! {
    Place "Where something lies, and what its soil is like.",
    Calendar "Market days and days of the month on which something is done.",
    Signal "Signal of a village.",
    Outage "Whether and how long a window is out.",
    Rain "Rain of a month.",
    Disaster "Drought, flood, pest of a year.",
    Price "Prices of a month.",
    Birth "What a household is born with.",
    People "Its members.",
    Work "Its work away from the farm.",
    Farm "Its land, crops, animals.",
    Shop "Its shop.",
    Wealth "What it has put by at the beginning.",
    Character "Patience, pride, trust in phones.",
    Ties "Whom it knows.",
    Spend "What it buys on a day.",
    Yield "Its own harvest beside the village's.",
    Offered "The price it is offered.",
    Health "Illness and death.",
    Wedding "Weddings and other feasts.",
    Wage "Wages and remittances.",
    Takings "Takings of a shop.",
    Herd "Luck with animals.",
    Hear "What it hears, and when.",
    Clock "At which time of the day it does something.",
    Visit "What an officer sees on a visit.",
    Fraud "Strategies of fraudsters.",
    Names "Names and numbers of persons.",
    Parties "Keys of merchants and payers.",
    Chore "Small sums on ordinary days.",
    Lesson "Whether it comes to a lesson.",
    Judged "How a friend judges its word.",
    Shopping "What it buys by its line.",
    Paper "Which papers it keeps and brings.",
}

/// The chance of one county: everything follows from its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    seed: u64,
}

/// What was drawn for one entity, date and purpose: as many numbers as asked for, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(u64);

/// Murmur's finaliser with Stafford's constants (variant 13): every bit of the input moves every bit of the output.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Chance {
    /// The chance that follows from a seed.
    pub const fn new(seed: u64) -> Chance {
        Chance { seed: mix(seed ^ 0x6a09_e667_f3bc_c909) }
    }

    /// What is drawn for someone on a date (days since 1970; 0 for what does not depend on a date).
    pub fn of(self, who: Entity, day: i32, what: Purpose) -> Draw {
        let when = (u64::from(day.cast_unsigned()) << 16) | u64::from(what as u16);
        let key = mix(self.seed ^ who.key().wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Draw(mix(key.wrapping_add(when.wrapping_mul(0xd1b5_4a32_d192_ed03))))
    }

    /// An opaque number that stands for something of the county: no order can be read from it.
    pub fn veil(self, who: Entity, number: u64) -> u64 {
        mix(self.of(who, 0, Purpose::Parties).0 ^ number.wrapping_mul(0xa24b_aed4_963e_e407))
    }
}

impl Draw {
    /// The number at a place: 64 even bits.
    pub const fn bits(self, place: u32) -> u64 {
        mix(self.0.wrapping_add((place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number from 0 to `below` − 1; 0 if `below` is not above 0.
    pub fn below(self, place: u32, below: i64) -> i64 {
        ((u128::from(self.bits(place)) * below.max(0).cast_unsigned() as u128) >> 64) as i64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(self, place: u32, low: i64, high: i64) -> i64 {
        low + self.below(place, high - low + 1)
    }

    /// True in so many of a million cases.
    pub fn happens(self, place: u32, ppm: i64) -> bool {
        self.below(place, ONE) < ppm
    }

    /// A standard normal number in millionths: twelve even numbers less six. It ends at ±6.
    pub fn normal(self, place: u32) -> i64 {
        let mut sum = 0_i64;
        for third in 0..3 {
            let bits = self.bits(place.wrapping_mul(3).wrapping_add(third).wrapping_add(0x4000));
            sum += ((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48)) as i64;
        }
        // Twelve halves of 65,535 are the mean; the variance of the sum is that of one even number times twelve.
        (sum - 6 * 65_535) * ONE / 65_536
    }

    /// A number whose logarithm is normal, by its median and the deviation of the logarithm in percent.
    pub fn about(self, place: u32, median: i64, sigma_percent: i64) -> i64 {
        part(median, exp(self.normal(place) * sigma_percent / 100))
    }
}

/// So many millionths of a number, rounded towards zero; held within ±4 × 10¹⁸.
pub fn part(of: i64, ppm: i64) -> i64 {
    let whole = i128::from(of) * i128::from(ppm) / i128::from(ONE);
    whole.clamp(-4_000_000_000_000_000_000, 4_000_000_000_000_000_000) as i64
}

/// One number over another in millionths; 0 where the other is not above 0.
pub fn share(of: i64, whole: i64) -> i64 {
    if whole <= 0 {
        0
    } else {
        (i128::from(of) * i128::from(ONE) / i128::from(whole)).clamp(-1_000_000_000_000, 1_000_000_000_000) as i64
    }
}

/// e to the power of `x`, both in millionths; `x` is held within ±13.8, so that it fits.
pub fn exp(x: i64) -> i64 {
    const LN_2: i64 = 693_147_181;
    let x = x.clamp(-13_800_000, 13_800_000) * 1_000;
    let k = (x + LN_2 / 2).div_euclid(LN_2);
    let r = x - k * LN_2;
    // |r| is at most 0.35: nine terms are exact to 10⁻⁹.
    let (mut term, mut sum) = (1_000_000_000_i64, 1_000_000_000_i64);
    for n in 1..=9 {
        term = term * r / 1_000_000_000 / n;
        sum += term;
    }
    let sum = i128::from(sum);
    let scaled = if k >= 0 { sum << k } else { sum >> -k };
    (scaled / 1_000) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_are_fixed() {
        let draw = Chance::new(7).of(Entity::Household(12), 20_454, Purpose::Spend);
        insta::assert_debug_snapshot!(
            (draw.bits(0), draw.below(1, 1_000), draw.normal(0), draw.about(0, 5_000, 40)),
            @r"
        (
            16033068881581627264,
            831,
            1187347,
            8039,
        )
        "
        );
    }

    /// Chi-square over 256 classes: mean 255, deviation 22.6; 350 is passed once in 12,000 times.
    fn is_even(numbers: impl Iterator<Item = u64>) -> bool {
        let (mut classes, mut count) = ([0_i64; 256], 0_i64);
        for number in numbers {
            classes[(number >> 56) as usize] += 1;
            count += 1;
        }
        let mean = count as f64 / 256.0;
        let chi: f64 = classes.iter().map(|c| (*c as f64 - mean).powi(2) / mean).sum();
        (170.0..350.0).contains(&chi)
    }

    #[test]
    fn numbers_are_even_along_every_part_of_the_key() {
        let chance = Chance::new(3);
        let of = |h: u32, d: i32, p: Purpose, n: u32| chance.of(Entity::Household(h), d, p).bits(n);
        assert!(is_even((0..100_000).map(|h| of(h, 20_000, Purpose::Spend, 0))));
        assert!(is_even((0..100_000).map(|d| of(5, d, Purpose::Spend, 0))));
        assert!(is_even((0..100_000).map(|n| of(5, 20_000, Purpose::Spend, n))));
        assert!(is_even((0..100_000).map(|s| Chance::new(s).of(Entity::County, 0, Purpose::Price).bits(0))));
        assert!(!is_even((0..100_000).map(|n| n << 40)));
    }

    #[test]
    fn neighbours_know_nothing_of_each_other() {
        let chance = Chance::new(11);
        let at = |h: u32, d: i32, p: Purpose| chance.of(Entity::Household(h), d, p);
        let correlation = |pairs: Vec<(Draw, Draw)>| {
            let n = pairs.len() as f64;
            pairs.iter().map(|(a, b)| a.normal(0) as f64 * b.normal(0) as f64 / 1e12).sum::<f64>() / n
        };
        // The deviation of a correlation of 40,000 pairs is 0.005.
        let rows = 0..40_000_u32;
        assert!(
            correlation(rows.clone().map(|h| (at(h, 9, Purpose::Spend), at(h + 1, 9, Purpose::Spend))).collect()).abs()
                < 0.02
        );
        assert!(
            correlation(rows.clone().map(|h| (at(h, 9, Purpose::Spend), at(h, 10, Purpose::Spend))).collect()).abs()
                < 0.02
        );
        assert!(
            correlation(rows.clone().map(|h| (at(h, 9, Purpose::Spend), at(h, 9, Purpose::Yield))).collect()).abs()
                < 0.02
        );
        assert!(correlation(rows.map(|h| (at(h, 9, Purpose::Spend), at(h, 9, Purpose::Spend))).collect()) > 0.95);
    }

    #[test]
    fn one_bit_of_the_key_moves_half_of_the_number() {
        let chance = Chance::new(1);
        let flips: Vec<u32> = (0..31)
            .map(|bit| {
                let one = chance.of(Entity::Household(0), 100, Purpose::Spend).bits(0);
                (one ^ chance.of(Entity::Household(1 << bit), 100, Purpose::Spend).bits(0)).count_ones()
            })
            .collect();
        let mean = f64::from(flips.iter().sum::<u32>()) / 31.0;
        assert!((28.0..36.0).contains(&mean) && flips.iter().all(|f| (14..50).contains(f)), "{flips:?}");
    }

    #[test]
    fn normals_have_the_mean_and_the_tails_of_normals() {
        let chance = Chance::new(2);
        let drawn: Vec<f64> =
            (0..100_000).map(|h| chance.of(Entity::Household(h), 0, Purpose::Birth).normal(1) as f64 / 1e6).collect();
        let mean = drawn.iter().sum::<f64>() / 1e5;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        let beyond_two = drawn.iter().filter(|x| x.abs() > 2.0).count();
        assert!(mean.abs() < 0.012 && (0.985..1.015).contains(&variance), "{mean} {variance}");
        assert!((4_200..4_900).contains(&beyond_two), "{beyond_two}");
    }

    #[test]
    fn the_exponential_is_right_to_a_millionth() {
        for x in (-9_000_000..9_000_000).step_by(77_777) {
            let (own, true_value) = (exp(x) as f64, (x as f64 / 1e6).exp() * 1e6);
            assert!((own - true_value).abs() <= 1.0 + true_value * 3e-6, "{x}: {own} {true_value}");
        }
        assert_eq!((exp(0), exp(-100_000_000), part(250, 500_000), share(1, 0)), (ONE, 1, 125, 0));
    }
}
