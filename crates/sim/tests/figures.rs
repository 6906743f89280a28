//! The ranges of the moments against the data they are taken from, where those data stand beside the project.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;
use sim::moments::{TARGETS, autocorrelation, gini, quantile};

type Row = BTreeMap<String, String>;

/// The folder of data sets beside the project; the test says so and passes where there is none.
fn data(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("not checked: no data set {folder} beside the project");
    None
}

fn rows(path: PathBuf) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let mut reader = csv::Reader::from_reader(MultiGzDecoder::new(BufReader::new(File::open(path)?)));
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

fn lies_in(name: &str, value: f64) {
    let range = TARGETS.iter().find(|t| t.name == name).map(|t| t.low..=t.high);
    assert!(range.as_ref().is_some_and(|r| r.contains(&value)), "{name}: {value} of the data is not in {range:?}");
}

#[test]
fn consumption_and_takings_of_seven_trials_lie_in_the_ranges() {
    let Some(folder) = data("microcredit_rct") else { return };
    let mut groups: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows(folder.join("data.csv.gz")).unwrap() {
        groups.entry(row["group"].clone()).or_default().push(row);
    }
    let column = |group: &str, name: &str| -> Vec<i64> {
        groups[group].iter().filter_map(|row| row[name].parse::<f64>().ok()).map(|x| (x * 100.0) as i64).collect()
    };
    for group in ["crepon", "banerjee", "attanasio"] {
        let consumed = column(group, "consumption");
        let at = |percent| quantile(&consumed, percent) as f64;
        lies_in("consumption: Gini", gini(&consumed));
        lies_in("consumption: ninth decile over median", at(90) / at(50));
        lies_in("consumption: median over first decile", at(50) / at(10));
    }
    for group in ["karlan", "tarozzi", "crepon"] {
        let takings = column(group, "revenues");
        let without = takings.iter().filter(|t| **t == 0).count() as f64 / takings.len() as f64;
        lies_in("own business and farm: households without", without);
        let with: Vec<i64> = takings.iter().copied().filter(|t| *t > 0).collect();
        lies_in("own business and farm: Gini of takings", gini(&with));
        let outlay = column(group, "expenditures").iter().sum::<i64>() as f64;
        lies_in("own business and farm: outlay over takings", outlay / takings.iter().sum::<i64>() as f64);
    }
}

#[test]
fn rhythm_and_balances_of_old_bank_accounts_lie_in_the_ranges() {
    let Some(folder) = data("berka") else { return };
    let mut accounts: BTreeMap<String, BTreeMap<String, (i64, Vec<i64>)>> = BTreeMap::new();
    for row in rows(folder.join("trans.csv.gz")).unwrap() {
        if !("931001".."940401").contains(&row["date"].as_str()) {
            continue;
        }
        let fen = |name: &str| (row[name].parse::<f64>().unwrap_or(0.0) * 100.0) as i64;
        let months = accounts.entry(row["account_id"].clone()).or_default();
        let month = months.entry(row["date"][..4].to_owned()).or_default();
        month.0 += if row["type"] == "PRIJEM" { fen("amount") } else { 0 };
        month.1.push(fen("balance"));
    }
    let whole: Vec<_> = accounts.into_values().filter(|months| months.len() == 6).collect();
    let inflows: Vec<Vec<i64>> = whole.iter().map(|months| months.values().map(|m| m.0).collect()).collect();
    lies_in("account: lag-one autocorrelation of inflow", autocorrelation(&inflows, 1));
    let in_months = whole.iter().map(|months| {
        let balances: Vec<i64> = months.values().flat_map(|m| m.1.iter().copied()).collect();
        let inflow = months.values().map(|m| m.0).sum::<i64>() / 6;
        balances.iter().sum::<i64>() / balances.len() as i64 * 1_000 / inflow.max(1)
    });
    let median = quantile(&in_months.collect::<Vec<_>>(), 50) as f64 / 1_000.0;
    lies_in("account: balance in months of inflow, median", median);
}
