//! One lender with a policy, in process: it lends to a county by the platform's own pure rooms, without books or a door.
//!
//! Terms, schedules, costs, the life of loans and what is due are those of `loan`; profiles those of `insight`; rules
//! and limits those of `policy`. What a door would answer is answered here in the same order, so that the county lives
//! as it would through the door.

mod counter;
mod credit;
mod nature;
mod office;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use app::assess::{Judge, feature_names};
use basics::{Date, Id};
use insight::Profile;
use loan::season::CropCalendar;
use loan::{LifeEvent, LoanError, LoanState, LoanTerms, Product, RulePack, Rules, fold};
use policy::RuleSet;

use super::assumed::Assumed;
use super::policy::{Channel, Policy};
use super::scorer::Scorer;
use crate::County;
use crate::deed::{Deed, HouseholdNo, Mine, Reply, Told, Way};
use crate::drive::ROUNDS_MAX;
use crate::world::{Trips, World};

pub use credit::Applicant;

/// Days past due beyond which a loan has gone bad.
const BAD_DAYS: u32 = 90;
/// Days since they were drawn from which on loans are held against what was expected of them, and up to which.
const SEASONED_DAYS: (i32, i32) = (180, 900);
/// How strict a lender becomes at most by what it has seen, percent of its policy.
const STRICTEST_PERCENT: i64 = 400;

/// What every lender of a run works with: the shipped products, rules and calendar, read once.
#[derive(Clone, Debug)]
pub struct Rooms {
    pub(super) products: BTreeMap<String, Product>,
    pub(super) judge: Judge,
    pub(super) pack: RulePack,
    pub(super) calendar: CropCalendar,
}

impl Rooms {
    /// The rooms as the program comes with them. Tests read them, so in a built program this does not err.
    pub fn shipped() -> Result<Rooms, String> {
        let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).map_err(|e| e.to_string())?;
        let mut products = BTreeMap::new();
        for source in loan::product::ProductSource::shipped() {
            let product = Product::parse(&source.file, &source.text).map_err(|e| e.to_string())?;
            products.insert(product.code.clone(), product);
        }
        let pack = RulePack::shipped("cn-rural").map_err(|e| e.to_string())?;
        let calendar = CropCalendar::shipped().map_err(|e| e.to_string())?;
        Ok(Rooms { products, judge: Judge::new(None, rules), pack, calendar })
    }

    /// Codes of the products.
    pub fn products(&self) -> Vec<&str> {
        self.products.keys().map(String::as_str).collect()
    }

    /// The rule pack's figures on a date.
    pub(super) fn rules_on(&self, date: Date) -> Result<Rules, LoanError> {
        self.pack.on(date)
    }
}

/// What the lender knows of a household.
#[derive(Clone, Debug, Default)]
struct File {
    id: Option<Id>,
    resident_id: String,
    wallet_fen: i64,
    profile: Profile,
    told_income_fen: i64,
    cover: Option<Cover>,
}

/// Cover for a household's crops.
#[derive(Clone, Copy, Debug)]
struct Cover {
    from: Date,
    until: Date,
    /// Part of the premium that was paid, millionths: what part of a claim is.
    paid_ppm: i64,
}

/// A loan that runs or ran.
#[derive(Clone, Debug)]
pub struct Loan {
    /// Whose.
    pub who: HouseholdNo,
    /// Its number with the household.
    pub mine: Mine,
    /// The product's code.
    pub product: String,
    /// Asked for, drawn, closed.
    pub asked_on: Date,
    /// When it was drawn.
    pub drawn_on: Date,
    /// When nothing was owed any more.
    pub closed_on: Option<Date>,
    /// What was drawn, in fen.
    pub amount_fen: i64,
    /// The signed terms.
    pub terms: LoanTerms,
    /// What happened.
    pub events: Vec<LifeEvent>,
    /// Most days past due so far, as seen at ends of months and when it was paid.
    pub worst_days: u32,
    /// The day on which it was first seen to be more than ninety days past due.
    pub bad_on: Option<Date>,
    /// What was seen of the applicant, where that is kept for training.
    pub seen: Option<Vec<Option<i64>>>,
    /// The chance of going bad that its score gave it, millionths, where there was one.
    pub pd_ppm: Option<i64>,
    /// Principal outstanding after the last event, in fen.
    outstanding_fen: i64,
    /// Due date of the oldest unpaid instalment or, where all that was due is paid, of the next.
    unpaid_from: Option<Date>,
    monthly_fen: i64,
    friend: Option<HouseholdNo>,
}

impl Loan {
    fn state(&self, date: Date) -> Result<LoanState, LoanError> {
        fold(&self.terms, &self.events, date)
    }

    /// Takes in what the fold says after an event.
    fn settle(&mut self, state: &LoanState) {
        self.outstanding_fen = state.principal_fen;
        self.unpaid_from = state.oldest_unpaid_due.or(state.next_due);
        self.closed_on = state.closed_on;
    }

    /// Takes in how late it is seen to be on a date.
    fn late(&mut self, days: u32, date: Date) {
        self.worst_days = self.worst_days.max(days);
        if days > BAD_DAYS && self.bad_on.is_none() {
            self.bad_on = Some(date);
        }
    }

    /// Whether it has gone bad, as it is seen so many days after it was drawn; at the end where these are 0.
    pub fn is_bad_after(&self, days: i32) -> bool {
        match self.bad_on {
            Some(on) => days == 0 || on <= self.drawn_on.add_days(days),
            None => false,
        }
    }

    /// Days past due at the end of a date, whatever happened since the last event being nothing.
    fn days_past_due(&self, date: Date) -> u32 {
        self.unpaid_from.map_or(0, |due| (date - due).max(0).cast_unsigned())
    }

    /// Whether it is running.
    pub fn is_open(&self) -> bool {
        self.closed_on.is_none()
    }

    /// Principal not paid yet, in fen.
    pub fn outstanding_fen(&self) -> i64 {
        self.outstanding_fen
    }
}

/// An application on its way.
#[derive(Clone, Debug)]
struct Asked {
    product: String,
    amount_fen: i64,
    months: u16,
    purpose: String,
    crops: Vec<(String, u32)>,
    on: Date,
    rate_ppm: i64,
    approved_fen: i64,
    friend: Option<HouseholdNo>,
    seen: Option<Vec<Option<i64>>>,
    pd_ppm: Option<i64>,
}

/// What was done and moved: everything that costs or brings money is counted from it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Households enrolled, and household-days enrolled.
    pub enrolled: i64,
    /// Sum over days of the households enrolled.
    pub enrolled_days: i64,
    /// Applications that reached the lender.
    pub asked: i64,
    /// Applications refused, and of these for want of data or of a person.
    pub refused: i64,
    /// Refused for want of data, of a person or of a way to the lender.
    pub refused_unseen: i64,
    /// Applications over whose papers a branch sat.
    pub papers: i64,
    /// Applications before a committee.
    pub committee: i64,
    /// Visits, and their way in km (one way).
    pub visits: i64,
    /// Way to the visits, km, one way.
    pub visit_km: i64,
    /// Acts at a counter to apply or sign.
    pub counter_acts: i64,
    /// Payments at a counter.
    pub counter_payments: i64,
    /// Identity checks and bureau queries by the platform.
    pub checks: i64,
    /// Messages, calls, letters.
    pub messages: i64,
    /// Calls.
    pub calls: i64,
    /// Letters.
    pub letters: i64,
    /// Lessons held, and the way to them in km (one way).
    pub lessons: i64,
    /// Way to the lessons, km, one way.
    pub lesson_km: i64,
    /// What merchants paid in fees, in fen.
    pub merchant_fees_fen: i64,
    /// Premiums paid and claims received by households, in fen.
    pub premiums_fen: i64,
    /// Claims paid to households, in fen.
    pub claims_fen: i64,
    /// Loans whose rows were put off after a disaster.
    pub deferred: i64,
    /// Acts that the failing system could not take.
    pub failed_acts: i64,
    /// At each end of a month: principal outstanding, of it more than 30 and more than 90 days late, in fen.
    pub month_ends: Vec<(i64, i64, i64)>,
    /// Payments of loans booked, and their sum in fen.
    pub repayments: i64,
    /// Sum of payments of loans, in fen.
    pub repaid_fen: i64,
}

/// A lender with a policy.
#[derive(Debug)]
pub struct Lender<'a> {
    rooms: &'a Rooms,
    county: &'a County,
    policy: &'a Policy,
    assumed: &'a Assumed,
    scorer: Option<&'a Scorer>,
    /// Lends to everybody whom the rules do not decline, to learn how that goes.
    is_open: bool,
    first: Date,
    rules: RuleSet,
    files: Vec<File>,
    asked: BTreeMap<(HouseholdNo, Mine), Asked>,
    /// What score or rules have declined, and a person may be asked to look at.
    declined: BTreeMap<(HouseholdNo, Mine), Asked>,
    running: BTreeMap<(HouseholdNo, Mine), usize>,
    /// Every loan, in the order in which they were drawn.
    pub loans: Vec<Loan>,
    watched: BTreeMap<Date, BTreeSet<(HouseholdNo, Mine)>>,
    referred: VecDeque<(HouseholdNo, Mine)>,
    /// Visits that could be made by today and were not, hundred-thousandths.
    visits_due: i64,
    before_committee: Vec<(HouseholdNo, Mine, i64)>,
    kept: Vec<(Date, Deed)>,
    overnight: Vec<Reply>,
    claims: BTreeMap<Date, Vec<(HouseholdNo, i64)>>,
    /// By friend, for whom each stands.
    stands_for: BTreeMap<HouseholdNo, Vec<(HouseholdNo, Mine)>>,
    /// Who has drawn a loan for farming and is to be insured as soon as the money is there.
    to_insure: Vec<HouseholdNo>,
    /// How much stricter it is than its policy says, since more went bad than it expected; 100 is as strict.
    strictness_percent: i64,
    /// What was done.
    pub tally: Tally,
}

impl<'a> Lender<'a> {
    /// A lender to a county of so many households from a first day on; with a scorer where its policy scores.
    pub fn new(
        rooms: &'a Rooms,
        county: &'a County,
        (policy, assumed, scorer): (&'a Policy, &'a Assumed, Option<&'a Scorer>),
        households: usize,
        first: Date,
    ) -> Lender<'a> {
        Lender {
            rooms,
            county,
            policy,
            assumed,
            scorer,
            is_open: false,
            first,
            rules: RuleSet::clone(&rooms.judge.rules),
            files: vec![File::default(); households],
            asked: BTreeMap::new(),
            declined: BTreeMap::new(),
            running: BTreeMap::new(),
            loans: Vec::new(),
            watched: BTreeMap::new(),
            referred: VecDeque::new(),
            visits_due: 0,
            before_committee: Vec::new(),
            kept: Vec::new(),
            overnight: Vec::new(),
            claims: BTreeMap::new(),
            stands_for: BTreeMap::new(),
            to_insure: Vec::new(),
            strictness_percent: 100,
            tally: Tally::default(),
        }
    }

    /// The same lender while it learns: it lends to everybody whom the rules do not decline, and keeps what it saw.
    pub fn learning(self) -> Lender<'a> {
        Lender { is_open: true, ..self }
    }

    /// Lives a county for so many days.
    pub fn live(&mut self, world: &mut World, days: i32) -> Result<(), LoanError> {
        if self.policy.channel == Channel::Traditional {
            world.set_trips(Some(Trips {
                count: self.assumed.trips,
                fare_fen_km: self.assumed.fare_fen_km,
                hours_hundredths_km: self.assumed.trip_hours_hundredths_km,
                counter_hours_hundredths: self.assumed.trip_counter_hours_hundredths,
                bearable_percent: self.assumed.trips_bearable_percent,
            }));
        }
        for day in 0..days {
            self.day(world, self.first.add_days(day))?;
        }
        Ok(())
    }

    /// One day: the office decides, people are told what the night brought, act and react, and the day ends.
    pub fn day(&mut self, world: &mut World, date: Date) -> Result<(), LoanError> {
        let mut told = std::mem::take(&mut self.overnight);
        told.extend(self.sync_windows(world, date)?);
        told.extend(self.office(world, date)?);
        told.extend(self.remind(date)?);
        told.extend(self.nature(world, date)?);
        let mut deeds = world.morning(date, &told);
        for _ in 0..ROUNDS_MAX {
            if deeds.is_empty() {
                break;
            }
            let told = self.take(world, date, deeds)?;
            deeds = world.react(date, &told);
        }
        let too_late = |deed: Deed| Reply { household: deed.household, told: Told::no("too_late", &deed.act) };
        self.overnight.extend(deeds.into_iter().map(too_late));
        world.evening(date);
        // Why people did what they did is nothing that a lender may see.
        drop(world.truth());
        // Who has not asked for a person today does not ask any more.
        self.declined.clear();
        self.tally.enrolled_days += self.tally.enrolled;
        if date == date.last_of_month() {
            self.end_month(date);
        }
        Ok(())
    }

    fn end_month(&mut self, date: Date) {
        let mut sums = (0, 0, 0);
        for loan in self.loans.iter_mut().filter(|loan| loan.is_open()) {
            let days = loan.days_past_due(date);
            loan.late(days, date);
            sums.0 += loan.outstanding_fen;
            sums.1 += if days > 30 { loan.outstanding_fen } else { 0 };
            sums.2 += if days > 90 { loan.outstanding_fen } else { 0 };
        }
        self.tally.month_ends.push(sums);
        if self.policy.recalibrates {
            self.recalibrate(date);
        }
    }

    /// Holds what went bad of its seasoned loans against what their scores expected, with one loan more on both sides so that few
    /// tell little; whoever sees twice as many declines twice as many.
    fn recalibrate(&mut self, date: Date) {
        let (from, until) = (date.add_days(-SEASONED_DAYS.1), date.add_days(-SEASONED_DAYS.0));
        let seasoned = self.loans.iter().filter(|loan| (from..=until).contains(&loan.drawn_on));
        let scored = seasoned.filter_map(|loan| Some((loan.pd_ppm?, loan.bad_on.is_some())));
        let (expected, found) = scored.fold((1_000_000, 1_000_000), |(expected, found), (pd_ppm, is_bad)| {
            (expected + pd_ppm, found + i64::from(is_bad) * 1_000_000)
        });
        self.strictness_percent = (found * 100 / expected).clamp(100, STRICTEST_PERCENT);
    }

    /// Share of past applicants that it declines just now, percent.
    fn declines_percent(&self) -> i64 {
        (self.policy.decline_percent * self.strictness_percent / 100).min(100)
    }

    fn file(&self, who: HouseholdNo) -> Option<&File> {
        self.files.get(who.0 as usize)
    }

    fn file_mut(&mut self, who: HouseholdNo) -> Option<&mut File> {
        self.files.get_mut(who.0 as usize)
    }

    fn is_enrolled(&self, who: HouseholdNo) -> bool {
        self.file(who).is_some_and(|file| file.id.is_some())
    }

    /// Whether the digital system fails on a day.
    fn is_down(&self, date: Date) -> bool {
        let day = date - self.first;
        self.policy.outage_from_day.is_some_and(|from| (from..from + self.policy.outage_days).contains(&day))
    }

    /// Where an act comes from, as costs see it: the phone, or a counter.
    fn is_by_phone(&self, way: Way) -> bool {
        way == Way::Phone && self.policy.channel != Channel::Traditional
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lender_becomes_stricter_as_more_goes_bad_than_was_expected() {
        let rooms = Rooms::shipped().unwrap();
        let (assumed, _) = Assumed::shipped().unwrap();
        let county = County::shipped().unwrap();
        let first = Date::ymd(2026, 1, 1).unwrap();
        let policy = Policy { scoring: super::super::policy::Scoring::None, decline_percent: 10, ..Policy::default() };
        let mut world = World::new(&county, 3, 60, first);
        let mut lender = Lender::new(&rooms, &county, (&policy, &assumed, None), 60, first);
        lender.live(&mut world, 200).unwrap();
        let pattern = lender.loans.first().unwrap().clone();
        let mut declines = |bad: usize, age_days: i32| {
            let today = first.add_days(1_000);
            let drawn_on = today.add_days(-age_days);
            let loan = |at: usize| Loan {
                drawn_on,
                pd_ppm: Some(100_000),
                bad_on: (at < bad).then(|| drawn_on.add_days(100)),
                ..pattern.clone()
            };
            lender.loans = (0..100).map(loan).collect();
            lender.recalibrate(today);
            lender.declines_percent()
        };
        // Ten of a hundred are expected to go bad.
        let found: Vec<i64> = [0, 10, 21, 32, 100].map(|bad| declines(bad, 400)).to_vec();
        assert_eq!(
            found,
            [10, 10, 20, 30, 40],
            "it declines ten of a hundred when all goes as expected, four times as many at most"
        );
        assert_eq!((declines(100, 90), declines(100, 901)), (10, 10), "loans too young or too old say nothing");
    }

    #[test]
    fn a_loan_is_bad_from_the_day_on_which_it_was_seen_to_be() {
        let rooms = Rooms::shipped().unwrap();
        let (assumed, _) = Assumed::shipped().unwrap();
        let county = County::shipped().unwrap();
        let first = Date::ymd(2026, 1, 1).unwrap();
        let policy = Policy { scoring: super::super::policy::Scoring::None, ..Policy::default() };
        let mut world = World::new(&county, 3, 60, first);
        let mut lender = Lender::new(&rooms, &county, (&policy, &assumed, None), 60, first);
        lender.live(&mut world, 200).unwrap();
        let mut loan = lender.loans.first().unwrap().clone();
        loan.bad_on = None;
        loan.late(90, loan.drawn_on.add_days(150));
        assert!(!loan.is_bad_after(0));
        loan.late(91, loan.drawn_on.add_days(200));
        loan.late(400, loan.drawn_on.add_days(510));
        assert_eq!([0, 199, 200, 900].map(|days| loan.is_bad_after(days)), [true, false, true, true]);
    }
}
