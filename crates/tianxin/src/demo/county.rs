//! The households of the demonstration: a plain generator, until the county simulator takes its place.
//!
//! Each household has a livelihood that brings money in by season or by month, costs of living, a
//! reserve and, now and then, bad luck. Whether it could carry a loan follows from running the same
//! livelihood on for a year with the instalments added; nothing is decided by a coin at the due date.

use basics::{Date, Id};
use insight::{Channel, Event, EventKind, Purchase};

/// A deterministic stream of numbers (splitmix64, S. Vigna).
pub struct Stream(u64);

impl Stream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Stream {
        Stream(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1).max(1) as u64) as i64
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }
}

/// How a household earns its living.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Livelihood {
    /// Wheat sold in June, maize in October.
    Grain,
    /// Vegetables sold through the warm half of the year.
    Vegetables,
    /// A member works in town and sends money home.
    Migrant,
    /// A village shop.
    Shop,
    /// Pigs or sheep sold three times a year.
    Livestock,
}

const LIVELIHOODS: [Livelihood; 5] =
    [Livelihood::Grain, Livelihood::Vegetables, Livelihood::Migrant, Livelihood::Shop, Livelihood::Livestock];

/// A household of the demonstration.
#[derive(Clone, Debug)]
pub struct DemoHousehold {
    /// Its number.
    pub number: u64,
    /// Its id.
    pub id: Id,
    /// The head's name, plainly made up.
    pub name: String,
    /// The head's resident id, with a right check digit and an area code that does not exist.
    pub resident_id: String,
    /// Its phone, made up from its number.
    pub phone: String,
    /// Its village.
    pub village: String,
    livelihood: Livelihood,
    /// Income of an average month, in fen.
    income_fen: i64,
    /// Cost of living of a day, in fen.
    living_fen: i64,
    /// Money at the beginning, in fen.
    reserve_fen: i64,
    /// Percent of months in which something goes wrong.
    luck_percent: i64,
    seed: u64,
}

const VILLAGES: [&str; 6] = ["示范一村", "示范二村", "柳树湾", "石桥村", "上坝村", "青龙沟"];
const SURNAMES: [&str; 12] = ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙"];

impl DemoHousehold {
    /// The household of a number. The same number and seed give the same household.
    pub fn new(number: u64, seed: u64) -> DemoHousehold {
        let mut stream = Stream::new(seed ^ number.wrapping_mul(0x5851_f42d_4c95_7f2d));
        let livelihood = LIVELIHOODS[stream.between(0, 4) as usize];
        let income_fen = stream.between(180_000, 950_000);
        let thrift = stream.between(48, 94);
        DemoHousehold {
            number,
            id: Id::default().derive(&format!("demo household {seed} {number}")),
            name: format!("{}示范{number}", SURNAMES[(number % 12) as usize]),
            resident_id: resident_id(number, &mut stream),
            phone: format!("1700000{number:04}"),
            village: VILLAGES[stream.between(0, 5) as usize].to_owned(),
            livelihood,
            income_fen,
            living_fen: income_fen * thrift / 100 / 30,
            reserve_fen: income_fen * stream.between(1, 40) / 10,
            luck_percent: stream.between(1, 9),
            seed: stream.next(),
        }
    }

    /// What happens on one day, as (kind, amount in fen with its sign).
    fn day(&self, date: Date) -> Vec<(EventKind, i64)> {
        let mut stream = Stream::new(self.seed ^ (date.days() as u64).wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut happened = Vec::new();
        let income = self.income_fen;
        let earned = match (self.livelihood, date.month(), date.day()) {
            (Livelihood::Grain, 6, 20) => Some((EventKind::HarvestSale, income * stream.between(35, 55) / 10)),
            (Livelihood::Grain, 10, 15) => Some((EventKind::HarvestSale, income * stream.between(45, 65) / 10)),
            (Livelihood::Grain, _, 8) => Some((EventKind::PaymentIn, income * stream.between(8, 16) / 100)),
            (Livelihood::Vegetables, 4..=11, 5 | 12 | 19 | 26) => {
                Some((EventKind::HarvestSale, income * stream.between(28, 46) / 100))
            }
            (Livelihood::Migrant, _, 10) => Some((EventKind::TransferIn, income * stream.between(88, 112) / 100)),
            (Livelihood::Shop, _, _) => Some((EventKind::PaymentIn, income * stream.between(20, 46) / 1_000)),
            (Livelihood::Livestock, 2 | 6 | 10, 18) => {
                Some((EventKind::HarvestSale, income * stream.between(34, 46) / 10))
            }
            _ => None,
        };
        happened.extend(earned.filter(|(_, amount)| *amount > 0));
        if date.month() == 3 && date.day() == 12 {
            happened.push((EventKind::Subsidy, stream.between(20_000, 60_000)));
        }
        if stream.chance(55) {
            let what = match stream.between(0, 5) {
                0 | 1 => Purchase::Food,
                2 => Purchase::Household,
                3 => Purchase::Transport,
                4 => Purchase::Communication,
                _ => Purchase::Other,
            };
            happened.push((EventKind::Purchase(what), -(self.living_fen * stream.between(60, 300) / 100).max(100)));
        }
        match (self.livelihood, date.month(), date.day()) {
            (Livelihood::Grain, 3 | 7, 6) => {
                happened.push((EventKind::Purchase(Purchase::FarmInput), -(income * stream.between(6, 13) / 10)));
            }
            (Livelihood::Livestock, 3 | 8, 6) => {
                happened.push((EventKind::Purchase(Purchase::Livestock), -(income * stream.between(6, 13) / 10)));
            }
            (_, 9, 1) if self.number.is_multiple_of(3) => {
                happened.push((EventKind::Purchase(Purchase::Education), -(income * stream.between(3, 9) / 10)));
            }
            (_, _, 25) => happened.push((EventKind::Utility, -stream.between(3_000, 12_000))),
            _ => {}
        }
        if date.day() == 15 && stream.chance(self.luck_percent) {
            // Illness, a broken machine, dead animals: money that has to be found.
            happened.push((EventKind::CashWithdrawal, -(income * stream.between(8, 25) / 10)));
        }
        happened
    }

    /// Lives from `start` for `days`, with a sum to find on some days; events, the reserve at the end, and
    /// how many of those sums could not be found.
    fn live(&self, start: Date, days: i32, sums: &[(Date, i64)]) -> (Vec<Event>, i64, u32) {
        let mut balance = self.reserve_fen;
        let (mut events, mut missed) = (Vec::new(), 0);
        for date in (0..days).map(|n| start.add_days(n)) {
            for (place, (kind, amount)) in self.day(date).into_iter().enumerate() {
                // Living is cut when money runs short; what must be paid is paid as far as there is any.
                let amount = if amount < 0 { amount.max(-balance.max(0)) } else { amount };
                if amount == 0 {
                    continue;
                }
                balance += amount;
                events.push(Event {
                    household: self.id,
                    id: Id::from_u128(u128::from(self.number) << 64 | (date.days() as u128) << 8 | place as u128),
                    date,
                    kind,
                    amount_minor: amount,
                    balance_after_minor: Some(balance),
                    counterparty: (amount > 0).then_some(self.seed % 7),
                    channel: Channel::OwnBusiness,
                    consent: None,
                });
            }
            for (_, sum) in sums.iter().filter(|(due, _)| *due == date) {
                if balance >= *sum {
                    balance -= sum;
                } else {
                    missed += 1;
                }
            }
        }
        (events, balance, missed)
    }

    /// What was known of the household over the year before `date`.
    pub fn year_before(&self, date: Date) -> Vec<Event> {
        self.live(date.add_days(-365), 365, &[]).0
    }

    /// Whether, after that year, it could find each of these sums.
    pub fn can_pay(&self, date: Date, sums: &[(Date, i64)]) -> bool {
        let lent = sums.iter().map(|(_, sum)| *sum).sum::<i64>();
        let mut later = self.clone();
        later.reserve_fen = self.live(date.add_days(-365), 365, &[]).1;
        let days = sums.iter().map(|(due, _)| *due - date + 1).max().unwrap_or(0);
        // Two months in arrears count as bad; a farm that borrowed earns a little more by it.
        later.reserve_fen += lent / 20;
        later.live(date, days, sums).2 < 2
    }

    /// A loan it might ask for: amount in fen, months.
    pub fn wish(&self) -> (i64, u16) {
        let mut stream = Stream::new(self.seed ^ 0x77);
        let hundreds = (self.income_fen * stream.between(8, 50) / 10 / 10_000).clamp(20, 400);
        (hundreds * 10_000, [6, 9, 12][stream.between(0, 2) as usize])
    }
}

/// An 18-digit resident id with a right check digit (GB 11643), in an area code that is not given out.
fn resident_id(number: u64, stream: &mut Stream) -> String {
    let body = format!(
        "990000{:04}{:02}{:02}{:03}",
        stream.between(1966, 2000),
        stream.between(1, 12),
        stream.between(1, 28),
        number % 1_000
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    format!("{body}{}", char::from(check))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_the_same_every_time() {
        let on = Date::ymd(2026, 3, 2).unwrap();
        let (a, b) = (DemoHousehold::new(7, 1), DemoHousehold::new(7, 1));
        assert_eq!(a.year_before(on), b.year_before(on));
        assert!(a.year_before(on).len() >= 120, "a household has at least 120 movements a year");
        assert_eq!(a.resident_id.len(), 18);
    }

    #[test]
    fn who_has_a_cushion_pays_and_who_has_none_does_not() {
        let on = Date::ymd(2026, 3, 2).unwrap();
        let sums = |fen| (1..=6).map(|n| (on.add_months(n).unwrap(), fen)).collect::<Vec<_>>();
        let paying = (0..200).filter(|n| DemoHousehold::new(*n, 1).can_pay(on, &sums(20_000))).count();
        let burdened = (0..200).filter(|n| DemoHousehold::new(*n, 1).can_pay(on, &sums(600_000))).count();
        assert!(paying > 150 && burdened < paying / 2, "{paying} {burdened}");
    }
}
