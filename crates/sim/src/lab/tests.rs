//! The laboratory on small counties: pairing, counties without a mechanism, causes that act, errors in files.

use basics::Date;

use super::assumed::Assumed;
use super::experiment::{Experiment, Known};
use super::lender::{Applicant, Lender, Loan, Rooms};
use super::policy::{Channel, LearnsFrom, Policy, Referral, Scoring};
use super::report;
use super::run::{Past, Size, run};
use super::scorer::Scorer;
use super::shipped;
use super::study::{Found, Place, Study, answer};
use crate::{County, World};

fn first() -> Date {
    Date::ymd(2026, 1, 1).unwrap()
}

fn parse(file: &str, text: &str, counties: &[&str]) -> Result<Experiment, String> {
    let rooms = Rooms::shipped().unwrap();
    let products = rooms.products();
    let counties: Vec<String> = counties.iter().map(|name| (*name).to_owned()).collect();
    Experiment::parse(file, text, &counties, &Known { products: &products }).map_err(|error| error.to_string())
}

/// Runs some places of an experiment whose lenders leave every decision to people, so that nothing has to be learnt.
fn lived(experiment: &mut Experiment, size: Size, seeds: u64, places: &[Place]) -> Vec<super::study::Answered> {
    let settings = [&mut experiment.main, &mut experiment.null, &mut experiment.harm];
    for policy in settings.into_iter().flat_map(|setting| &mut setting.policies) {
        policy.scoring = Scoring::None;
    }
    let rooms = Rooms::shipped().unwrap();
    let study = Study::new(&rooms, experiment, size, seeds);
    assert!(study.pasts().is_empty());
    let learnt = study.learnt(Vec::new());
    let tasks: Vec<_> = study.tasks().into_iter().filter(|task| places.contains(&task.place)).collect();
    let arms = tasks.chunks(study.experiment.arms.len());
    let lived: Vec<_> = arms.flat_map(|arms| study.run(arms, &learnt).unwrap()).collect();
    let runs = tasks.into_iter().zip(lived).collect();
    let found = Found { study: &study, runs, learnt };
    let text = report::markdown(&found, &answer(std::slice::from_ref(&found))[0], "again");
    assert!(text.contains("## Where the mechanism is off") && text.contains("`again` repeats it"), "{text}");
    answer(&[found]).remove(0)
}

#[test]
fn every_shipped_experiment_can_be_read_and_varies_ten_assumptions() {
    for (file, text) in shipped::EXPERIMENTS {
        let experiment = parse(file, text, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            Some(experiment.name.as_str()),
            file.strip_prefix("experiments/").and_then(|f| f.strip_suffix(".toml"))
        );
        assert_eq!((experiment.main.counties.len(), experiment.assumptions.len()), (3, 10), "{file}");
        assert!(experiment.main.policies.iter().skip(1).all(|policy| *policy != experiment.main.policies[0]), "{file}");
        for (assumption, [low, high]) in experiment.assumptions.iter().zip(&experiment.varied) {
            assert!(*low != experiment.main && *high != experiment.main && low != high, "{file}: {}", assumption.name);
        }
    }
}

#[test]
fn where_the_mechanism_is_off_nothing_is_seen() {
    let size = Size { households: 80, days: 420, first: first() };
    for name in ["drought", "outage"] {
        let (file, text) = shipped::find(name).unwrap();
        let mut experiment = parse(file, text, &["plain"]).unwrap();
        let differ = experiment.null.policies.windows(2).all(|pair| pair[0] != pair[1]);
        assert!(differ, "{name}: the arms still do different things there");
        let answered = lived(&mut experiment, size, 2, &[Place::Null]);
        let effects: Vec<_> = answered.into_iter().filter_map(|answer| answer.null).collect();
        assert!(effects.len() >= 3, "{name}");
        for effect in effects {
            assert!(effect.includes_nothing() && effect.mean.abs() < 1e-9, "{name}: {effect:?}");
        }
    }
}

#[test]
fn a_drought_harms_and_a_claim_is_paid_where_it_struck() {
    let rooms = Rooms::shipped().unwrap();
    let (assumed, _) = Assumed::shipped().unwrap();
    let size = Size { households: 150, days: 500, first: first() };
    let mut dry = County::shipped().unwrap();
    (dry.weather.drought_permille, dry.weather.drought_km, dry.land.irrigated_percent) = (1_000, 400, 0);
    let insured = Policy { scoring: Scoring::None, insurance: true, deferral: true, ..Policy::default() };
    let tally = |county: &County| {
        let mut world = World::new(county, 3, size.households, first());
        let mut lender = Lender::new(&rooms, county, (&insured, &assumed, None), 150, first());
        lender.live(&mut world, size.days).unwrap();
        lender.tally
    };
    let (struck, spared) = (tally(&dry), tally(&County { weather: no_disaster(), ..dry.clone() }));
    assert!(struck.claims_fen > struck.premiums_fen && struck.deferred > 0, "{struck:?}");
    assert_eq!((spared.claims_fen, spared.deferred), (0, 0));
    let bare = Policy { scoring: Scoring::None, ..Policy::default() };
    let income = |county: &County| run(&rooms, county, (&bare, &assumed, None), size, 3).unwrap().income.unwrap();
    assert!(income(&dry) < income(&County { weather: no_disaster(), ..dry.clone() }));
}

fn no_disaster() -> crate::county::Weather {
    let weather = County::shipped().unwrap().weather;
    crate::county::Weather { drought_permille: 0, flood_permille: 0, pest_permille: 0, rain_percent: 0, ..weather }
}

#[test]
fn the_way_to_the_branch_keeps_the_far_away_and_time_is_that_of_people() {
    let rooms = Rooms::shipped().unwrap();
    let (assumed, _) = Assumed::shipped().unwrap();
    let mut county = County::shipped().unwrap();
    (county.place.households_per_village, county.place.village_km) = (20, 30);
    let size = Size { households: 160, days: 400, first: first() };
    let branch =
        Policy { channel: Channel::Traditional, scoring: Scoring::None, monitoring: false, ..Policy::default() };
    let windows = Policy { channel: Channel::Both, ..branch.clone() };
    let lived = |policy: &Policy, assumed: &Assumed| run(&rooms, &county, (policy, assumed, None), size, 2).unwrap();
    let (at_branch, at_windows) = (lived(&branch, &assumed), lived(&windows, &assumed));
    assert!(at_branch.far_borrowers < at_windows.far_borrowers, "{at_branch:?} {at_windows:?}");
    assert!(at_branch.days_to_money > at_windows.days_to_money);
    let daily = Assumed { committee_days: 1, visits_a_day: 40, ..assumed.clone() };
    assert!(lived(&branch, &daily).days_to_money < at_branch.days_to_money, "more visits and meetings are quicker");
}

#[test]
fn a_friend_with_something_at_stake_looks_twice() {
    let rooms = Rooms::shipped().unwrap();
    let (assumed, _) = Assumed::shipped().unwrap();
    let mut county = County::shipped().unwrap();
    county.credit.campaign_days = 30;
    let asked_for = |referral: Referral| {
        let policy = Policy { scoring: Scoring::None, referral, ..Policy::default() };
        let mut world = World::new(&county, 5, 200, first());
        let mut lender = Lender::new(&rooms, &county, (&policy, &assumed, None), 200, first());
        lender.live(&mut world, 365).unwrap();
        (lender.tally.asked, lender.tally.refused_unseen)
    };
    let (free, at_stake) = (asked_for(Referral::Free), asked_for(Referral::AtStake));
    assert!(free.0 > 20 && at_stake.1 > free.1, "{free:?} {at_stake:?}");
    assert_eq!(asked_for(Referral::None).1, 0);
}

#[test]
fn the_same_run_gives_the_same_figures() {
    let rooms = Rooms::shipped().unwrap();
    let (assumed, _) = Assumed::shipped().unwrap();
    let county = County::shipped().unwrap();
    let policy = Policy { scoring: Scoring::None, ..Policy::default() };
    let size = Size { households: 60, days: 300, first: first() };
    let lived = |seed: u64| run(&rooms, &county, (&policy, &assumed, None), size, seed).unwrap();
    assert_eq!(lived(1), lived(1));
    assert_ne!(lived(1), lived(2));
}

#[test]
fn faults_in_an_experiment_are_named_with_their_line() {
    let (file, text) = shipped::find("channels").unwrap();
    let cases = [
        ("channel = \"digital\"", "channel = \"pigeon\""),
        ("indicator = \"days-to-money\"", "indicator = \"speed\""),
        ("against = \"traditional\"", "against = \"nobody\""),
        ("\"county.place.signal_percent\" = 10", "\"county.place.signal\" = 10"),
        ("\"county.place.signal_percent\" = 10", "\"county.place.signal_percent\" = 101"),
        ("name = \"assumed.staff_hour_fen\"", "name = \"assumed.staff_hour\""),
        ("low = 2500", "low = 0"),
        ("estimand", "estimated"),
        ("monitoring = false", "monitring = false"),
        ("words = \"the phone alone", "word = \"the phone alone"),
    ];
    let mut told = String::new();
    for (right, wrong) in cases {
        let error = parse(file, &text.replacen(right, wrong, 1), &[]).map(|_| ()).expect_err(wrong);
        told.push_str(&format!("{}\n", error.chars().take(140).collect::<String>().trim_end()));
    }
    told.push_str(&parse(file, text, &["moon"]).map(|_| ()).expect_err("moon"));
    insta::assert_snapshot!(told, @r"
    experiments/channels.toml, line 21: policy: unknown variant `pigeon`, expected one of `traditional`, `digital`, `both`
    experiments/channels.toml, line 31: indicator speed is not known; write one of days-to-money, cost-a-loan, cost-per-borrower, borrowers, far
    experiments/channels.toml, line 30: arm nobody is not known; write one of traditional, digital, both
    experiments/channels.toml, line 76: county.place.signal: there is no figure signal; write one of county_km, households_per_village, market_d
    experiments/channels.toml, line 76: county.place.signal_percent is 101; write a number from 0 to 100
    experiments/channels.toml, line 79: assumed figure assumed.staff_hour is not known; write one of staff_hour_fen, papers_hours_hundredths, vi
    experiments/channels.toml, line 79: assumed.staff_hour_fen is 0; write a number from 500 to 100000
    experiments/channels.toml, line 8: unknown field `estimated`, expected one of `name`, `title_zh`, `title_en`, `claim_zh`, `claim_en`, `estim
    experiments/channels.toml, line 16: policy: unknown field `monitring`, expected one of `channel`, `scoring`, `regional-factors`, `decline-pe
    experiments/channels.toml, line 20: unknown field `word`, expected one of `name`, `words`, `policy`
    experiments/counties.toml, line 1: county moon is not known; choose from plain, hills, suburbs
    ");
}

#[test]
fn every_assumed_figure_has_its_source() {
    let (_, sources) = Assumed::shipped().unwrap();
    assert_eq!(sources.len(), Assumed::NAMES.len());
    assert!(sources.iter().all(|figure| figure.source.len() > 8), "{sources:?}");
    let fault = Assumed::parse("own.toml", "wage = { value = 3, source = \"x\" }").unwrap_err();
    assert!(fault.starts_with("own.toml: wage is not known; known are staff_hour_fen"), "{fault}");
}

/// What a lender did in a county of so many in a little over a year.
fn tried(county: &County, policy: &Policy, households: u32, days: i32) -> (super::lender::Tally, Vec<Loan>) {
    let rooms = Rooms::shipped().unwrap();
    let (assumed, _) = Assumed::shipped().unwrap();
    let assumed = Assumed { officers_hundredths_per_thousand: 100_000, visits_a_day: 100, ..assumed };
    let scorer = match policy.scoring {
        Scoring::None => None,
        _ => Some(Scorer::learn(&Past { earlier: a_past(200), ..Past::default() }, policy, 1).unwrap()),
    };
    let mut world = World::new(county, 3, households, first());
    let mut lender = Lender::new(&rooms, county, (policy, &assumed, scorer.as_ref()), households as usize, first());
    lender.live(&mut world, days).unwrap();
    (lender.tally, lender.loans)
}

#[test]
fn visits_are_for_large_sums_or_drawn_as_the_policy_has_it() {
    let county = County::shipped().unwrap();
    let visits = |policy: &Policy| tried(&county, policy, 120, 300).0;
    let (usual, all) = (visits(&Policy::default()), visits(&Policy { visited_percent: 100, ..Policy::default() }));
    assert_eq!(visits(&Policy { visit_above_yuan: 1, ..Policy::default() }).visits, all.visits, "both visit everybody");
    let large = visits(&Policy { visit_above_yuan: 8_000, ..Policy::default() });
    let drawn = visits(&Policy { visited_percent: 30, ..Policy::default() });
    assert!(usual.visits < large.visits && large.visits < all.visits, "{usual:?} {large:?} {all:?}");
    assert!(usual.visits < drawn.visits && drawn.visits < all.visits, "{usual:?} {drawn:?} {all:?}");
}

#[test]
fn a_discount_is_a_price_of_its_own() {
    let county = County::shipped().unwrap();
    let rates = |household_discount_bp: i64| {
        let policy = Policy { scoring: Scoring::None, household_discount_bp, ..Policy::default() };
        let loans = tried(&county, &policy, 120, 300).1;
        assert!(loans.len() > 20, "{}", loans.len());
        loans.iter().map(|loan| loan.terms.rate.ppm()).max().unwrap()
    };
    assert_eq!(rates(0) - rates(400), 40_000);
}

#[test]
fn where_borrowed_money_counts_as_income_more_seems_to_come_in() {
    let (rooms, (assumed, _)) = (Rooms::shipped().unwrap(), Assumed::shipped().unwrap());
    let mut county = County::shipped().unwrap();
    (county.credit.loans_max, county.credit.campaign_days) = (3, 30);
    let inflow = Applicant::columns().iter().position(|(name, _)| name == "inflow_monthly").unwrap();
    let seen = |loans_as_income: bool| {
        let policy = Policy { scoring: Scoring::None, loans_as_income, ..Policy::default() };
        let mut world = World::new(&county, 3, 120, first());
        let mut lender = Lender::new(&rooms, &county, (&policy, &assumed, None), 120, first()).learning();
        lender.live(&mut world, 400).unwrap();
        let seen = lender.loans.iter().filter_map(|loan| loan.seen.as_ref()?.get(inflow).copied().flatten());
        (lender.loans.len(), seen.sum::<i64>())
    };
    let (apart, feeds) = (seen(false), seen(true));
    assert!(apart.0 > 30 && feeds.1 / feeds.0 as i64 > apart.1 / apart.0 as i64, "{apart:?} {feeds:?}");
}

/// Loans of a past that never was: the first column tells a little of who goes bad, half a year or a whole one after it was drawn.
fn a_past(rows: usize) -> Vec<Loan> {
    let policy = Policy { scoring: Scoring::None, ..Policy::default() };
    let (_, loans) = tried(&County::shipped().unwrap(), &policy, 60, 200);
    let pattern = loans.first().unwrap().clone();
    let columns = Applicant::columns().len();
    let row = |at: usize| {
        let risk = (at * 37 % 100) as i64;
        let is_bad = (at * 53 % 100) as i64 * 2 < risk;
        let days = if at.is_multiple_of(2) { 150 } else { 350 };
        let mut seen = vec![None; columns];
        // The first of the profile, and the first of the form.
        (seen[0], seen[columns - 11]) = (Some(-risk * 1_000_000), Some(-risk * 1_000_000));
        let mut loan = pattern.clone();
        (loan.seen, loan.bad_on) = (Some(seen), is_bad.then(|| pattern.drawn_on.add_days(days)));
        loan
    };
    (0..rows).map(row).collect()
}

#[test]
fn a_score_is_learnt_from_whom_and_when_the_policy_says() {
    let past = Past { earlier: a_past(300), later: a_past(400) };
    let learnt =
        |policy: Policy| Scorer::learn(&past, &Policy { scoring: Scoring::Form, ..policy }, 1).unwrap().learnt_from();
    let from = |learns_from: LearnsFrom| Policy { learns_from, ..Policy::default() };
    let everybody = learnt(from(LearnsFrom::Everybody));
    let (later, accepted) = (learnt(from(LearnsFrom::Later)), learnt(from(LearnsFrom::Accepted)));
    let inferred = learnt(from(LearnsFrom::Inferred));
    let explored = learnt(Policy { explored_percent: 100, ..from(LearnsFrom::Accepted) });
    let looked_at_early = learnt(Policy { labels_after_days: 180, ..Policy::default() });
    let shown = [
        ("everybody", everybody),
        ("later", later),
        ("accepted", accepted),
        ("inferred", inferred),
        ("all explored", explored),
        ("after 180 days", looked_at_early),
    ];
    let shown: String = shown.iter().map(|(who, (rows, bad))| format!("{who}: {rows} loans, {bad} bad\n")).collect();
    insta::assert_snapshot!(shown, @"
    everybody: 300 loans, 72 bad
    later: 400 loans, 96 bad
    accepted: 344 loans, 68 bad
    inferred: 400 loans, 85 bad
    all explored: 400 loans, 96 bad
    after 180 days: 300 loans, 36 bad
    ");
    assert_eq!((inferred.0, explored), (later.0, later), "whoever is guessed at or lent to is learnt from");
}
