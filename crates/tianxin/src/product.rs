//! `tianxin product`: what is lent, in words, and whether product files of one's own can be used.

use std::path::PathBuf;

use basics::Date;
use clap::Subcommand;
use loan::product::ProductSource;
use loan::{Catalogue, Product, RulePack};
use serde_json::json;

use crate::config::Place;
use crate::failure::Failure;
use crate::own::{self, Own};
use crate::quote::title;
use crate::terminal::say;

mod words;

/// Look at products, and check product files of one's own.
#[derive(Subcommand)]
pub enum ProductTask {
    /// List the shipped products and those of the data folder: code, names, method
    List {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Print a product in words, in Chinese and English
    Show {
        /// Its code
        code: String,
        /// The version in force on this day [default: the newest]
        #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
        date: Option<Date>,
    },
    /// Check product files, beside the shipped ones and those of the data folder, against the rule pack
    ///
    /// Prints every fault, with file, line and field, and ends with 2 if there is any.
    Check {
        /// Product files [default: those of the data folder]
        files: Vec<PathBuf>,
        /// A rule pack in the place of that of the data folder
        #[arg(long, value_name = "FILE")]
        rule_pack: Option<PathBuf>,
    },
}

impl ProductTask {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            ProductTask::List { json } => list(&Own::of_folder(place)?.products, json),
            ProductTask::Show { code, date } => show(&Own::of_folder(place)?, &code, date)?,
            ProductTask::Check { files, rule_pack } => check(&Own::of_folder(place)?, &files, rule_pack)?,
        }
        Ok(())
    }
}

/// The newest version of each product.
fn list(products: &Catalogue, as_json: bool) {
    let newest: Vec<&Product> = products.codes().into_iter().filter_map(|code| products.newest(code)).collect();
    if as_json {
        say(serde_json::Value::Array(newest.into_iter().map(listed).collect()).to_string());
        return;
    }
    for product in newest {
        let Product { code, name_zh, name_en, method, .. } = product;
        say(format!("{code:<26} {name_zh} {name_en}: {} {}", method.name_zh(), method.as_str()));
        say(format!(
            "{:<26} {}, {} to {} {}",
            "",
            product.amounts_text(),
            product.term_min,
            product.term_max,
            product.term_unit.as_str()
        ));
    }
}

fn listed(product: &Product) -> serde_json::Value {
    json!({
        "id": product.code,
        "name": product.name_zh,
        "name_en": product.name_en,
        "method": product.method.as_str(),
    })
}

fn show(own: &Own, code: &str, date: Option<Date>) -> Result<(), Failure> {
    let found = match date {
        Some(date) => own.products.on(code, date),
        None => own.products.newest(code),
    };
    let unknown = || {
        let shown: String = code.chars().take(40).collect();
        Failure::Usage(format!("there is no product `{shown}`: choose one of {}", own.products.codes().join(", ")))
    };
    let product = found.ok_or_else(unknown)?;
    say(title(product));
    say(words::in_words(product, own));
    Ok(())
}

fn check(own: &Own, files: &[PathBuf], rule_pack: Option<PathBuf>) -> Result<(), Failure> {
    let pack = match rule_pack {
        Some(path) => {
            let source = own::source(&path)?;
            RulePack::parse(&source.file, &source.text).map_err(|fault| Failure::Usage(fault.to_string()))?
        }
        None => own.pack.clone(),
    };
    let given = files.iter().map(|path| own::source(path)).collect::<Result<Vec<ProductSource>, _>>()?;
    // A file that lies in the data folder is checked once, as it was named.
    let mut all = [ProductSource::shipped(), own.sources.clone()].concat();
    let same = |a: &str, b: &str| match (std::fs::canonicalize(a), std::fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    };
    all.retain(|source| given.iter().all(|named| !same(&named.file, &source.file)));
    all.extend(given.iter().cloned());
    let products = Catalogue::read(&all, &own.published).map_err(|faults| usage(&faults))?;
    let against = products.against(&pack);
    if !against.is_empty() {
        return Err(usage(&against));
    }
    let checked = if files.is_empty() { own.sources.clone() } else { given };
    for source in checked {
        let read = Product::parse_against(&source.file, &source.text, &own.published);
        let product = read.map_err(|fault| Failure::Usage(fault.to_string()))?;
        say(format!("{}: {}, good under {}", source.file, title(&product), pack.code));
    }
    Ok(())
}

fn usage(faults: &[loan::LoanError]) -> Failure {
    Failure::Usage(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
