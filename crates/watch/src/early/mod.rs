//! Early warning: the chance that an instalment will not be met, weeks before it falls due, with its reasons.
//!
//! [`signs`] says what was known of a household on a day before a due date; a [`Model`] is a table of points a sign, read
//! from a file, that makes log odds of them; [`Reliability`] counts what came of earlier forecasts and corrects the next ones.
//! [`judge()`] says what forecasts were worth. Nothing here reads a clock or the future: what counts on a day is what was met by that day.

mod judge;
mod learn;
mod model;
mod reliability;

use basics::Date;
use insight::profile::{MONTHS_KEPT, Profile, first_day, month_of};
use insight::window::Window;
use insight::{Channel, EventKind};

pub use judge::{Figures, Judged, LeadFigures, as_it_came, judge};
pub use learn::{MISSES_MIN, Row, learn};
pub use model::{Forecast, Model, Reason, words};
pub use reliability::{Bin, Reliability};

/// Days before a due date at which the past is looked at: four, two and one week.
pub const LEADS: [i32; 3] = [28, 14, 7];
/// Days for which past dues of a household count.
pub const PAST_DAYS: i32 = 365;
/// Days back for which dues of a village count.
pub const VILLAGE_DAYS: i32 = 30;
/// Dues of a village without which nothing is said of it.
const VILLAGE_DUES_MIN: u32 = 5;
/// Dues without which no share of late ones is said.
const DUES_MIN: i64 = 3;
/// Ratios in percent are held here: nobody pays more surely for having a hundred times the sum.
const PERCENT_MAX: i64 = 10_000;

/// An instalment of a household, of whichever loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When it falls due.
    pub on: Date,
    /// What it asks for, minor units.
    pub amount_minor: i64,
    /// The day from which it was met; none if it is not.
    pub met_on: Option<Date>,
}

impl Due {
    /// Days late as known on a day: since the due date where it is not met by then; 0 if it was met in time.
    pub fn late_days(&self, day: Date) -> i32 {
        let until = self.met_on.filter(|met| *met <= day).unwrap_or(day);
        (until - self.on).max(0)
    }

    /// Whether it was not met within some days, as known on a later day.
    pub fn is_missed(&self, after_days: i32) -> bool {
        self.met_on.is_none_or(|met| met - self.on > after_days)
    }
}

/// How the dues of a village stand: those of the last [`VILLAGE_DAYS`] days of which it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VillageDues {
    /// Dues.
    pub dues: u32,
    /// Of them, missed.
    pub missed: u32,
}

/// Dues of villages by their days: a sum over those that are known on any day.
#[derive(Clone, Debug, Default)]
pub struct Villages(std::collections::BTreeMap<(u64, Date), VillageDues>);

impl Villages {
    /// Counts a due of a village, whose outcome is or will be this.
    pub fn count(&mut self, village: u64, on: Date, is_missed: bool) {
        let dues = self.0.entry((village, on)).or_default();
        dues.dues += 1;
        dues.missed += u32::from(is_missed);
    }

    /// Dues of the last [`VILLAGE_DAYS`] of which it is known on a day whether they were missed: those that fell due more than `missed_after`
    /// days before.
    pub fn known_on(&self, village: u64, day: Date, missed_after: i32) -> VillageDues {
        let last = day.add_days(-missed_after - 1);
        let known = self.0.range((village, last.add_days(1 - VILLAGE_DAYS))..=(village, last));
        known.fold(VillageDues::default(), |sum, (_, one)| VillageDues {
            dues: sum.dues + one.dues,
            missed: sum.missed + one.missed,
        })
    }
}

macro_rules! sign_table {
    ($($name:ident $word:literal $worse:literal $doc:literal $zh:literal $en:literal,)*) => {
        /// What is looked at before an instalment falls due.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Sign {
            $(#[doc = $doc] $name,)*
        }

        impl Sign {
            /// All of them.
            pub const ALL: &'static [Sign] = &[$(Sign::$name),*];

            /// Its name in files and in the API.
            pub const fn word(self) -> &'static str {
                match self { $(Sign::$name => $word,)* }
            }

            /// Whether more of it is worse.
            pub const fn is_worse_above(self) -> bool {
                match self { $(Sign::$name => $worse,)* }
            }

            /// Chinese and English sentences about a value, in which `{}` is the value.
            pub const fn sentences(self) -> (&'static str, &'static str) {
                match self { $(Sign::$name => ($zh, $en),)* }
            }
        }
    };
}

sign_table! {
    LateLately "late_lately" true
        "Days by which the latest-paid due of the past year was late; unknown before one was met."
        "过去一年有一期晚还了 {} 天" "an instalment of the past year was paid {} days late",
    OverdueNow "overdue_now" true
        "Days since an instalment fell due that is still not met; 0 if none is."
        "现在有一期已经逾期 {} 天" "an instalment is {} days overdue now",
    LateShare "late_share" true
        "Percent of the past year's dues that were missed; unknown before three fell due."
        "过去一年的还款里有 {}% 没按时" "{} % of the past year's instalments were not met in time",
    SeasonCover "season_cover" false
        "Percent of what is due until then that the balance and last year's income of the same weeks come to; unknown without a year's record."
        "余额加上去年同期的进账，够还应还金额的 {}%" "the balance and last year's income of the same weeks cover {} % of what is due",
    IncomeCover "income_cover" false
        "Percent of what is due until then that the balance and the usual income come to."
        "余额加上平常的进账，够还应还金额的 {}%" "the balance and the usual income cover {} % of what is due",
    BufferDays "buffer_days" false
        "Days that the balance lasts at what usually goes out."
        "余额只够平常花 {} 天" "the balance lasts {} days at what usually goes out",
    IncomeLately "income_lately" false
        "Percent of the year's mean income that came in over the last eight weeks; unknown without half a year's record."
        "近八周的进账是全年平均的 {}%" "income of the last eight weeks is {} % of the year's mean",
    SilentDays "silent_days" true
        "Days since money last moved."
        "账上已经 {} 天没有动静" "no money has moved for {} days",
    DebtElsewhere "debt_elsewhere" true
        "Percent of a year's income that is owed to other lenders, as last told; unknown if nobody told."
        "别处的欠款相当于一年进账的 {}%" "debts elsewhere come to {} % of a year's income",
    DueSize "due_size" true
        "Percent of the largest due met so far that this one comes to; unknown before one was met."
        "这一期是以前还过的最大一期的 {}%" "this instalment is {} % of the largest met so far",
    VillageLate "village_late" true
        "Percent of the village's dues of the last month that were missed; unknown where there were fewer than five."
        "同村近一个月的还款有 {}% 没按时" "{} % of the village's instalments of the last month were not met in time",
}

/// Number of signs.
pub const SIGNS: usize = Sign::ALL.len();

/// What was known on a day; none where nothing can be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs(pub [Option<i64>; SIGNS]);

impl Signs {
    /// The value of a sign.
    pub fn get(&self, sign: Sign) -> Option<i64> {
        self.0[sign as usize]
    }

    fn put(&mut self, sign: Sign, value: Option<i64>) {
        self.0[sign as usize] = value;
    }
}

fn percent(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| (i128::from(part.max(0)) * 100 / i128::from(whole)).min(i128::from(PERCENT_MAX)) as i64)
}

/// What was known on `day` of a household whose instalment falls due on `due`, a later day.
///
/// `dues` are all its instalments, past ones and those to come; what was met after the day does not count. `missed_after` is the number of
/// days after which a due counts as missed.
pub fn signs(
    profile: &Profile,
    dues: &[Due],
    (due, day): (Date, Date),
    village: VillageDues,
    missed_after: i32,
) -> Signs {
    let mut signs = Signs::default();
    let past: Vec<&Due> = dues.iter().filter(|one| one.on <= day && day - one.on <= PAST_DAYS).collect();
    let met: Vec<&Due> = past.iter().copied().filter(|one| one.met_on.is_some_and(|met| met <= day)).collect();
    signs.put(Sign::LateLately, met.iter().map(|one| i64::from(one.late_days(day))).max());
    let open = past.iter().filter(|one| one.met_on.is_none_or(|met| met > day));
    signs.put(Sign::OverdueNow, Some(open.map(|one| i64::from(day - one.on)).max().unwrap_or(0)));
    // A due of yesterday is neither met in time nor missed.
    let known: Vec<&&Due> = past.iter().filter(|one| day - one.on > missed_after).collect();
    let late = known.iter().filter(|one| one.late_days(day) > missed_after).count() as i64;
    signs.put(Sign::LateShare, percent(late, known.len() as i64).filter(|_| known.len() as i64 >= DUES_MIN));

    let own = dues.iter().filter(|one| one.on == due).map(|one| one.amount_minor).fold(0_i64, i64::saturating_add);
    let until = dues.iter().filter(|one| one.on <= due && one.met_on.is_none_or(|met| met > day));
    let asked = until.map(|one| one.amount_minor).fold(0_i64, i64::saturating_add);
    let largest = met.iter().map(|one| one.amount_minor).max().unwrap_or(0);
    signs.put(Sign::DueSize, percent(own, largest));

    let balance = profile.latest_balance().map_or(0, |balance| balance.minor.max(0));
    let expected = season_inflow(profile, day, due);
    signs.put(Sign::SeasonCover, expected.and_then(|inflow| percent(balance.saturating_add(inflow), asked)));
    if let Some(window) = Window::of(profile) {
        let usual = window.inflow_monthly().saturating_mul(i64::from(due - day)) / 30;
        signs.put(Sign::IncomeCover, percent(balance.saturating_add(usual), asked));
        let daily = window.outflow_monthly() / 30;
        signs.put(Sign::BufferDays, (daily > 0).then(|| (balance / daily.max(1)).min(PERCENT_MAX)));
        signs.put(Sign::SilentDays, Some(i64::from(day - window.end()).max(0)));
        signs.put(Sign::IncomeLately, income_lately(profile, day));
        let year = year_inflow(profile).max(1);
        let told = profile.told(EventKind::DebtElsewhere, &[Channel::LicensedBureau, Channel::ToldByHousehold]);
        signs.put(Sign::DebtElsewhere, told.and_then(|told| percent(told.measure, year)));
    }
    let share = percent(i64::from(village.missed), i64::from(village.dues));
    signs.put(Sign::VillageLate, share.filter(|_| village.dues >= VILLAGE_DUES_MIN));
    signs
}

fn inflow_of(profile: &Profile, month: u16) -> i64 {
    let of_month = profile.sums().iter().filter(|sum| sum.month == month);
    let earned = |class: u8| EventKind::is_in(class) && class != EventKind::LoanReceived.class();
    of_month.filter(|sum| earned(sum.class)).map(|sum| sum.amount.saturating_abs()).fold(0, i64::saturating_add)
}

fn year_inflow(profile: &Profile) -> i64 {
    let months = profile.sums().last().map_or(0..0, |last| last.month.saturating_sub(12)..last.month + 1);
    months.map(|month| inflow_of(profile, month)).fold(0, i64::saturating_add)
}

/// What came in a year before, from the day to the due date; months that are not whole count by their days. None if the record does not
/// reach back so far.
fn season_inflow(profile: &Profile, day: Date, due: Date) -> Option<i64> {
    let (from, to) = (month_of(day), month_of(due));
    let year = MONTHS_KEPT - 1;
    let first = first_day(from.checked_sub(year)?);
    if profile.first_movement()? > first {
        return None;
    }
    let mut sum = 0_i64;
    for month in from..=to {
        let inflow = inflow_of(profile, month.checked_sub(year)?);
        let length = i64::from(first_day(month + 1) - first_day(month)).max(1);
        let begins = i64::from((day - first_day(month)).max(0)).min(length);
        let ends = i64::from((due - first_day(month)).max(0) + 1).min(length);
        sum = sum.saturating_add((i128::from(inflow) * i128::from((ends - begins).max(0)) / i128::from(length)) as i64);
    }
    Some(sum)
}

/// What came in over the last eight weeks against eight weeks of the year's mean.
fn income_lately(profile: &Profile, day: Date) -> Option<i64> {
    let first = profile.first_movement()?;
    let known = i64::from(day - first).min(365);
    if known < 182 {
        return None;
    }
    let since = insight::profile::week_of(day.add_days(-56));
    let weeks = profile.weeks().iter().filter(|week| week.week > since);
    let lately = weeks.map(|week| week.inflow).fold(0, i64::saturating_add);
    let year = year_inflow(profile);
    percent(lately, (i128::from(year) * 56 / i128::from(known)) as i64)
}

#[cfg(test)]
mod tests {
    use basics::Id;
    use insight::Event;

    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn due(on: &str, yuan: i64, met: Option<&str>) -> Due {
        Due { on: day(on), amount_minor: yuan * 100, met_on: met.map(day) }
    }

    fn profile(events: &[(&str, EventKind, i64, i64)]) -> Profile {
        let mut profile = Profile::default();
        for (number, (on, kind, yuan, balance)) in events.iter().enumerate() {
            let event = Event {
                household: Id::from_u128(1),
                id: Id::from_u128(number as u128 + 1),
                date: day(on),
                kind: *kind,
                amount_minor: yuan * 100,
                balance_after_minor: Some(balance * 100),
                counterparty: None,
                channel: Channel::OwnBusiness,
                consent: None,
                measure: None,
                source: None,
                known: None,
            };
            profile.fold(&event).unwrap();
        }
        profile
    }

    #[test]
    fn what_was_met_after_the_day_was_not_known_on_it() {
        let dues = [
            due("2026-01-10", 500, Some("2026-01-10")),
            due("2026-02-10", 500, Some("2026-02-16")),
            due("2026-03-10", 500, Some("2026-03-28")),
            due("2026-04-10", 800, None),
        ];
        let on =
            |text: &str| signs(&Profile::default(), &dues, (day("2026-04-10"), day(text)), VillageDues::default(), 3);
        let march = on("2026-03-13");
        assert_eq!(march.get(Sign::LateLately), Some(6));
        assert_eq!(march.get(Sign::OverdueNow), Some(3), "paid on the 28th, which nobody knew then");
        assert_eq!(march.get(Sign::LateShare), None, "of the third it is not known yet");
        let later = on("2026-03-29");
        assert_eq!((later.get(Sign::LateLately), later.get(Sign::OverdueNow)), (Some(18), Some(0)));
        assert_eq!(later.get(Sign::LateShare), Some(66));
        assert_eq!(later.get(Sign::DueSize), Some(160));
        assert_eq!(later.get(Sign::IncomeCover), None);
        assert!(dues[1].is_missed(3) && !dues[1].is_missed(6) && dues[3].is_missed(3));
    }

    #[test]
    fn a_village_is_known_by_the_dues_whose_outcome_is() {
        let mut villages = Villages::default();
        for (on, is_missed) in [("2026-02-01", true), ("2026-03-05", true), ("2026-03-10", false), ("2026-03-28", true)]
        {
            villages.count(7, day(on), is_missed);
        }
        let known = |village: u64, on: &str| villages.known_on(village, day(on), 3);
        assert_eq!(known(7, "2026-03-31"), VillageDues { dues: 2, missed: 1 }, "of the 28th it is known a day later");
        assert_eq!(known(7, "2026-04-01"), VillageDues { dues: 3, missed: 2 });
        assert_eq!(known(8, "2026-04-01"), VillageDues::default());
    }

    #[test]
    fn income_is_that_of_the_same_weeks_a_year_before() {
        let known = profile(&[
            ("2025-02-01", EventKind::PaymentIn, 10, 10),
            ("2025-04-12", EventKind::HarvestSale, 3_000, 3_010),
            ("2025-09-01", EventKind::HarvestSale, 9_000, 9_000),
            ("2026-03-01", EventKind::PaymentOut, -900, 400),
        ]);
        let dues = [due("2026-04-30", 1_000, None)];
        let seen = signs(&known, &dues, (day("2026-04-30"), day("2026-04-01")), VillageDues { dues: 10, missed: 4 }, 3);
        // 400 are there, and April of last year brought 3,000.
        assert_eq!(seen.get(Sign::SeasonCover), Some(340));
        assert_eq!(seen.get(Sign::SilentDays), Some(31));
        assert_eq!(seen.get(Sign::VillageLate), Some(40));
        assert_eq!(seen.get(Sign::IncomeLately), Some(0));
        let half = signs(&known, &dues, (day("2026-04-30"), day("2026-04-16")), VillageDues { dues: 4, missed: 4 }, 3);
        assert_eq!(half.get(Sign::SeasonCover), Some(190), "half of April is over");
        assert_eq!(half.get(Sign::VillageLate), None);
        // A record that does not reach back says nothing of the season.
        let young = profile(&[("2025-09-01", EventKind::HarvestSale, 9_000, 9_000)]);
        let seen = signs(&young, &dues, (day("2026-04-30"), day("2026-04-01")), VillageDues::default(), 3);
        assert_eq!(seen.get(Sign::SeasonCover), None);
    }
}
