//! How a profile is stored: buckets as runs of small whole numbers, counted back from the newest; and how a profile of
//! before there were buckets is read.

use basics::{Date, Id};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::bucket::{Balance, Day, Month, Party, Sale, Sum, Told, Week, month_of, scattered, week_of};
use super::{Profile, When};
use crate::event::{Channel, EventKind};

/// The layout. Numbers 5 and 6 are of profiles that kept days.
#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    household: Option<Id>,
    #[n(1)]
    version: u64,
    #[n(2)]
    movements: u64,
    #[n(3)]
    first: Option<Date>,
    #[n(4)]
    last: Option<Date>,
    #[n(5)]
    latest: Option<Balance>,
    #[n(6)]
    old_days: Option<Vec<OldDay>>,
    #[n(7)]
    guarantees: i64,
    #[n(8)]
    sums: Option<Vec<i64>>,
    #[n(9)]
    months: Option<Vec<i64>>,
    #[n(10)]
    weeks: Option<Vec<i64>>,
    #[n(11)]
    days: Option<Vec<i64>>,
    #[n(12)]
    parties: Option<Vec<i64>>,
    #[n(13)]
    sales: Option<Vec<i64>>,
    #[n(14)]
    told: Option<Vec<StoredTold>>,
    #[n(15)]
    loans_repaid: Option<i64>,
}

#[derive(Encode, Decode)]
struct StoredTold {
    #[n(0)]
    class: u8,
    #[n(1)]
    channel: Channel,
    #[n(2)]
    date: Date,
    #[n(3)]
    event: Id,
    #[n(4)]
    measure: i64,
}

/// A day as profiles kept it before there were buckets.
#[derive(Encode, Decode)]
struct OldDay {
    #[n(0)]
    date: Date,
    #[n(1)]
    sums: Vec<OldSum>,
    #[n(2)]
    balance_min: Option<i64>,
    #[n(3)]
    closing: Option<Balance>,
    #[n(4)]
    in_max: i64,
    #[n(5)]
    out_max: i64,
    #[n(6)]
    payers: Vec<u64>,
}

#[derive(Encode, Decode)]
struct OldSum {
    #[n(0)]
    class: u8,
    #[n(1)]
    count: u32,
    #[n(2)]
    amount_minor: i64,
}

impl<C> Encode<C> for Profile {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let newest = self.last.unwrap_or_default();
        let (month, week) = (month_of(newest), week_of(newest));
        let months_back = |of: u16| i64::from(month) - i64::from(of);
        let run = |numbers: Vec<i64>| Some(numbers).filter(|numbers| !numbers.is_empty());
        let told = |t: &Told| StoredTold {
            class: t.class,
            channel: t.channel,
            date: t.date,
            event: t.event,
            measure: t.measure,
        };
        Stored {
            household: self.household,
            version: self.version,
            movements: self.movements,
            first: self.first,
            last: self.last,
            latest: self.latest,
            old_days: None,
            guarantees: self.guarantees,
            sums: run(self
                .sums
                .iter()
                .flat_map(|s| [months_back(s.month), s.class.into(), s.count.into(), s.amount])
                .collect()),
            months: run(self
                .months
                .iter()
                .flat_map(|m| {
                    let counts = [months_back(m.month), m.balances.into(), m.days_negative.into()];
                    let figures = [m.in_max, m.out_max, m.low, m.high, m.balance_sum];
                    counts.into_iter().chain(figures)
                })
                .collect()),
            weeks: run(self
                .weeks
                .iter()
                .flat_map(|w| {
                    let back = i64::from(week) - i64::from(w.week);
                    [back, w.inflow, w.outflow, w.low.is_some().into(), w.low.unwrap_or(0)]
                })
                .collect()),
            days: run(self.days().iter().flat_map(|d| [i64::from(newest - d.date), d.inflow, d.outflow]).collect()),
            parties: run(self
                .parties
                .iter()
                .flat_map(|p| [months_back(p.month) * 2 + i64::from(p.is_out), p.key.into(), p.amount])
                .collect()),
            sales: run(self.sales.iter().flat_map(|s| [i64::from(newest - s.date), s.amount]).collect()),
            told: Some(self.told.iter().map(told).collect()).filter(|told: &Vec<StoredTold>| !told.is_empty()),
            loans_repaid: Some(self.loans_repaid).filter(|repaid| *repaid != 0),
        }
        .encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Profile {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Profile, minicbor::decode::Error> {
        let stored = Stored::decode(d, ctx)?;
        let newest = stored.last.unwrap_or_default();
        let damaged = || minicbor::decode::Error::message("a profile's buckets are damaged");
        let (month, week) = (i64::from(month_of(newest)), i64::from(week_of(newest)));
        let before = |now: i64, back: i64| u16::try_from(now - back).map_err(|_| damaged());
        let day = |back: i64| {
            i32::try_from(back)
                .ok()
                .and_then(|back| Date::from_days(newest.days().checked_sub(back)?).ok())
                .ok_or_else(damaged)
        };
        let count = |number: i64| u32::try_from(number).map_err(|_| damaged());
        let mut profile = Profile {
            household: stored.household,
            version: stored.version,
            movements: stored.movements,
            first: stored.first,
            last: stored.last,
            latest: stored.latest,
            newest: stored.last.map(When::of).unwrap_or_default(),
            guarantees: stored.guarantees,
            loans_repaid: stored.loans_repaid.unwrap_or(0),
            ..Profile::default()
        };
        for [back, class, number, amount] in runs(stored.sums.as_deref()).ok_or_else(damaged)? {
            let class = u8::try_from(*class).map_err(|_| damaged())?;
            profile.sums.push(Sum { month: before(month, *back)?, class, count: count(*number)?, amount: *amount });
        }
        for [back, balances, negative, in_max, out_max, low, high, balance_sum] in
            runs(stored.months.as_deref()).ok_or_else(damaged)?
        {
            profile.months.push(Month {
                month: before(month, *back)?,
                balances: count(*balances)?,
                days_negative: count(*negative)?,
                in_max: *in_max,
                out_max: *out_max,
                low: *low,
                high: *high,
                balance_sum: *balance_sum,
            });
        }
        for [back, inflow, outflow, has_low, low] in runs(stored.weeks.as_deref()).ok_or_else(damaged)? {
            let low = (*has_low == 1).then_some(*low);
            profile.weeks.push(Week { week: before(week, *back)?, inflow: *inflow, outflow: *outflow, low });
        }
        for [back, inflow, outflow] in runs(stored.days.as_deref()).ok_or_else(damaged)? {
            *profile.days.at(day(*back)?).ok_or_else(damaged)? =
                Day { date: day(*back)?, inflow: *inflow, outflow: *outflow };
        }
        for [back, key, amount] in runs(stored.parties.as_deref()).ok_or_else(damaged)? {
            profile.parties.push(Party {
                month: before(month, back.div_euclid(2))?,
                is_out: back.rem_euclid(2) == 1,
                key: count(*key)?,
                amount: *amount,
            });
        }
        for [back, amount] in runs(stored.sales.as_deref()).ok_or_else(damaged)? {
            profile.sales.push(Sale { date: day(*back)?, amount: *amount });
        }
        for told in stored.told.unwrap_or_default() {
            let StoredTold { class, channel, date, event, measure } = told;
            profile.told.push(Told { class, channel, date, event, measure });
        }
        for old in stored.old_days.unwrap_or_default() {
            profile.take_over(&old);
        }
        Ok(profile)
    }
}

/// The numbers in runs of so many; none if they do not come out even.
fn runs<const N: usize>(numbers: Option<&[i64]>) -> Option<&[[i64; N]]> {
    let (runs, rest) = numbers.unwrap_or_default().as_chunks::<N>();
    rest.is_empty().then_some(runs)
}

impl Profile {
    /// Adds a day of an old profile up in the buckets. Of balances it kept the lowest and the last, of payers no amounts.
    fn take_over(&mut self, old: &OldDay) {
        let when = When::of(old.date);
        for sum in &old.sums {
            self.add_sum(when, sum.class, sum.count, sum.amount_minor);
            let (inflow, outflow) = (sum.amount_minor.max(0), sum.amount_minor.min(0).wrapping_neg());
            self.add_to_week(when, inflow, outflow, None);
            self.add_to_day(old.date, inflow, outflow);
            if sum.class == EventKind::HarvestSale.class() {
                self.add_sale(when, sum.amount_minor);
            }
        }
        self.add_to_month(when, old.in_max, old.out_max, None);
        for minor in [old.balance_min, old.closing.map(|balance| balance.minor)].into_iter().flatten() {
            self.add_to_month(when, 0, 0, Some(minor));
            self.add_to_week(when, 0, 0, Some(minor));
        }
        self.latest = self.latest.max(old.closing);
        for key in &old.payers {
            self.add_party(when, false, scattered(*key), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::is_thin;
    use basics::cbor;

    #[test]
    fn a_profile_of_days_is_read_into_buckets() {
        let date = |text: &str| Date::parse(text).unwrap();
        let balance = |text: &str, minor| Balance { date: date(text), event: Id::from_u128(3), minor };
        let day = |on: &str, class: EventKind, amount_minor, low| OldDay {
            date: date(on),
            sums: vec![OldSum { class: class.class(), count: 2, amount_minor }],
            balance_min: Some(low),
            closing: Some(balance(on, 900)),
            in_max: amount_minor.max(0),
            out_max: amount_minor.min(0).wrapping_neg(),
            payers: vec![5],
        };
        let stored = Stored {
            household: Some(Id::from_u128(1)),
            version: 44,
            movements: 40,
            first: Some(date("2025-10-02")),
            last: Some(date("2026-11-05")),
            latest: Some(balance("2025-10-02", 70)),
            old_days: Some(vec![
                day("2025-10-28", EventKind::Salary, 5_000, 100), // in a month that is no longer kept
                day("2026-10-10", EventKind::HarvestSale, 8_000, -50),
                day("2026-11-05", EventKind::Utility, -600, 400),
            ]),
            guarantees: 1,
            sums: None,
            months: None,
            weeks: None,
            days: None,
            parties: None,
            sales: None,
            told: None,
            loans_repaid: None,
        };
        let profile: Profile = cbor::from_bytes(&cbor::to_bytes(&stored)).unwrap();
        assert_eq!((profile.version(), profile.movements(), profile.guarantees_open()), (44, 40, 1));
        assert!(!is_thin(&profile));
        assert_eq!(profile.sums().iter().map(|s| (s.count, s.amount)).collect::<Vec<_>>(), [(2, 8_000), (2, -600)]);
        assert_eq!(profile.sold_minor(date("2026-10-01"), date("2026-10-31")), 8_000);
        assert_eq!(profile.latest_balance().map(|b| b.minor), Some(900));
        assert_eq!(profile.months().iter().map(|m| (m.low, m.high)).collect::<Vec<_>>(), [(-50, 900), (400, 900)]);
        assert_eq!(cbor::from_bytes::<Profile>(&cbor::to_bytes(&profile)).unwrap(), profile);
    }

    #[test]
    fn a_damaged_profile_is_no_profile() {
        let mut bytes = cbor::to_bytes(&Stored {
            household: None,
            version: 1,
            movements: 1,
            first: None,
            last: None,
            latest: None,
            old_days: None,
            guarantees: 0,
            sums: Some(vec![1, 2, 3]),
            months: None,
            weeks: None,
            days: None,
            parties: None,
            sales: None,
            told: None,
            loans_repaid: None,
        });
        assert!(cbor::from_bytes::<Profile>(&bytes).is_err(), "three numbers are no sum");
        bytes.truncate(bytes.len() - 2);
        assert!(cbor::from_bytes::<Profile>(&bytes).is_err());
    }
}
