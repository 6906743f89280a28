//! Lives a county without the platform and prints what came of it: `county moments|speed [HOUSEHOLDS] [SEED...]`,
//! the shipped county or the file that the variable COUNTY names.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use basics::Date;
use sim::moments::{BLIND, COLUMNS, Lender, Record, auc, report, shortcuts, table};
use sim::world::{Truth, Typology};
use sim::{County, World};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let households: u32 = words.get(1).map_or(Ok(2_000), |word| word.parse())?;
    let seeds: Vec<u64> = words.iter().skip(2).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let seeds = if seeds.is_empty() { vec![1] } else { seeds };
    let county = match std::env::var("COUNTY") {
        Ok(path) => County::parse(&path, &std::fs::read_to_string(&path)?)?,
        Err(_) => County::shipped()?,
    };
    match words.first().map(String::as_str) {
        Some("speed") => speed(&county, seeds[0], households),
        _ => {
            print!("{}", table(&report(&county, &seeds, households)));
            for seed in seeds {
                columns(&county, seed, households);
            }
        }
    }
    Ok(())
}

/// How well each column tells bad loans, and how many there were.
fn columns(county: &County, seed: u64, households: u32) {
    let first = Date::ymd(2024, 1, 1).unwrap_or_default();
    let mut world = World::new(county, seed, households, first);
    let mut lender = Lender::new(households as usize);
    lender.run(&mut world, first, 3 * 365);
    let record = lender.record;
    let bad = record.loans.iter().filter(|loan| loan.is_bad()).count();
    println!(
        "seed {seed}: {} loans, {bad} bad, {} asked, {} enrolled",
        record.loans.len(),
        record.asked,
        record.enrolled
    );
    for (nth, (name, auc)) in shortcuts(&record, first.add_days(3 * 365)).into_iter().enumerate() {
        println!("  {name:<18} {auc:.3}{}", if nth < BLIND { "  (must tell nothing)" } else { "" });
    }
    schemes(&record);
    let mut causes: std::collections::BTreeMap<(String, String), usize> = std::collections::BTreeMap::new();
    for row in &record.truth {
        let [_, _, what, _, cause, ..] = row.cells();
        *causes.entry((what, cause)).or_default() += 1;
    }
    for ((what, cause), count) in causes {
        println!("  {what:<12} {cause:<20} {count}");
    }
}

/// How well each column tells the loans of a kind of fraud from all others.
fn schemes(record: &Record) {
    for kind in Typology::ALL {
        let of_kind: BTreeSet<u32> = record
            .truth
            .iter()
            .filter(|row| matches!(row.truth, Truth::Scheme { kind: k, .. } if k == kind))
            .map(|row| row.household.0)
            .collect();
        let told: Vec<(f64, &str)> = COLUMNS
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let marked = record.loans.iter().map(|loan| (loan.columns[at], of_kind.contains(&loan.household.0)));
                (auc(&marked.collect::<Vec<_>>()), *name)
            })
            .collect();
        let most = told.iter().copied().max_by(|a, b| (a.0 - 0.5).abs().total_cmp(&(b.0 - 0.5).abs()));
        let loans = record.loans.iter().filter(|loan| of_kind.contains(&loan.household.0)).count();
        if let (Some((auc, name)), true) = (most, loans > 0) {
            println!(
                "  {:<15} {} households, {loans} loans; told best by {name}: {auc:.3}",
                kind.code(),
                of_kind.len()
            );
        }
    }
}

/// One day; the time that the world itself took.
fn day_of_thinking(world: &mut World, lender: &mut Lender, date: Date) -> Duration {
    let told = lender.night();
    let begin = Instant::now();
    let mut deeds = world.morning(date, &told);
    let mut thinking = begin.elapsed();
    while !deeds.is_empty() {
        let answers = lender.answers(date, &deeds);
        let begin = Instant::now();
        deeds = world.react(date, &answers);
        thinking += begin.elapsed();
    }
    world.evening(date);
    world.truth();
    lender.close(date);
    thinking
}

/// What a day costs, once everybody is enrolled.
fn speed(county: &County, seed: u64, households: u32) {
    let first = Date::ymd(2024, 1, 1).unwrap_or_default();
    let begin = Instant::now();
    let mut world = World::new(county, seed, households, first);
    println!("born in {:?}; {} bytes a household", begin.elapsed(), World::bytes_a_household());
    let mut lender = Lender::new(households as usize);
    let (mut thinking, mut deeds) = (Duration::ZERO, 0);
    for day in 0..365 {
        let begin = Instant::now();
        let before = lender.record.deeds;
        thinking += day_of_thinking(&mut world, &mut lender, first.add_days(day));
        deeds += lender.record.deeds - before;
        if day % 73 == 72 {
            println!(
                "day {day}: {:?} a day of thinking so far, the last day {:?} with the lender",
                thinking / (day + 1) as u32,
                begin.elapsed()
            );
        }
    }
    println!("{deeds} deeds in a year, {:?} of thinking a day", thinking / 365);
}
