//! What an institution lends: every version of every product, and which of them is offered on a day.

use basics::{Currency, Date};

use super::{Product, SHIPPED, file};
use crate::rules::{RulePack, Rules};
use crate::{LoanError, Published};

/// The products of an institution, in all versions that are known.
///
/// A version is offered from its first day until the day before the next version's. Which one a loan was signed under
/// stands in its terms, so that nothing here ever changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Codes in the order in which they came, the versions of each together and rising.
    products: Vec<Product>,
}

/// A product file: its name and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSource {
    /// As errors name it.
    pub file: String,
    /// What stands in it.
    pub text: String,
}

impl ProductSource {
    /// The files of the products that are shipped.
    pub fn shipped() -> Vec<ProductSource> {
        SHIPPED
            .iter()
            .map(|(file, text)| ProductSource { file: (*file).to_owned(), text: (*text).to_owned() })
            .collect()
    }
}

impl Catalogue {
    /// A catalogue of products that were read before, in the order in which their codes first appear. Of two of the same
    /// code and version the last stays.
    pub fn of(products: Vec<Product>) -> Catalogue {
        let mut kept: Vec<Product> = Vec::with_capacity(products.len());
        for product in products {
            kept.retain(|other| (&other.code, other.version) != (&product.code, product.version));
            let of_code = |other: &Product| other.code == product.code;
            let later = kept.iter().position(|other| of_code(other) && other.version > product.version);
            let at = later.or_else(|| kept.iter().rposition(of_code).map(|last| last + 1)).unwrap_or(kept.len());
            kept.insert(at, product);
        }
        Catalogue { products: kept }
    }

    /// Reads product files against published rates and calendars, and checks that their versions follow one another.
    ///
    /// Errors with every fault that was found, in the order of the files; each names file, line and field.
    pub fn read(sources: &[ProductSource], published: &Published) -> Result<Catalogue, Vec<LoanError>> {
        let (mut read, mut faults): (Vec<(&ProductSource, Product)>, _) = (Vec::new(), Vec::new());
        for source in sources {
            match Product::parse_against(&source.file, &source.text, published) {
                Ok(product) => read.push((source, product)),
                Err(fault) => faults.push(fault),
            }
        }
        for (at, (source, product)) in read.iter().enumerate() {
            let others = read.iter().enumerate().filter(|(other, (_, p))| *other != at && p.code == product.code);
            faults.extend(others.filter_map(|(other, (earlier, p))| fault(source, product, at, earlier, p, other)));
        }
        if faults.is_empty() {
            Ok(Catalogue::of(read.into_iter().map(|(_, product)| product).collect()))
        } else {
            Err(faults)
        }
    }

    /// Only the products in a currency.
    #[must_use]
    pub fn in_currency(mut self, currency: Currency) -> Catalogue {
        self.products.retain(|product| product.currency == currency);
        self
    }

    /// The same products, the first version of each on offer since a day at the latest: for books that are given a past
    /// which is older than what is shipped.
    #[must_use]
    pub fn since(mut self, day: Date) -> Catalogue {
        let mut last = String::new();
        for product in &mut self.products {
            if product.code != last {
                product.effective_from = product.effective_from.min(day);
                last.clone_from(&product.code);
            }
        }
        self
    }

    /// Every version of every product, the versions of a code together and rising.
    pub fn versions(&self) -> &[Product] {
        &self.products
    }

    /// The codes there are, each once.
    pub fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.products.iter().map(|product| product.code.as_str()).collect();
        codes.dedup();
        codes
    }

    /// The version of a product that is in force on a day: the last that has begun; before the first, the first.
    ///
    /// Whether it is still [offered](Product::is_offered) then is another matter. `None` if there is no such product.
    pub fn on(&self, code: &str, date: Date) -> Option<&Product> {
        let of_code = || self.products.iter().filter(|product| product.code == code);
        of_code()
            .filter(|product| product.effective_from <= date)
            .max_by_key(|p| p.version)
            .or_else(|| of_code().next())
    }

    /// The newest version of a product, whether it has begun or not.
    pub fn newest(&self, code: &str) -> Option<&Product> {
        self.products.iter().rfind(|product| product.code == code)
    }

    /// One version of a product.
    pub fn version(&self, code: &str, version: u32) -> Option<&Product> {
        self.products.iter().find(|product| product.code == code && product.version == version)
    }

    /// The versions that are offered on a day, one a code.
    pub fn offered(&self, on: Date) -> impl Iterator<Item = &Product> {
        self.codes().into_iter().filter_map(move |code| self.on(code, on)).filter(move |product| product.is_offered(on))
    }

    /// What a rule pack says against products in its currency, each on the first day on which it can be lent under it.
    pub fn against(&self, pack: &RulePack) -> Vec<LoanError> {
        let judged = self.products.iter().filter(|product| product.currency == pack.currency);
        judged.filter_map(|product| first_rules(pack, product).and_then(|r| r.check_product(product).err())).collect()
    }
}

/// The figures on a product's first day, or the first that ever hold after it.
fn first_rules(pack: &RulePack, product: &Product) -> Option<Rules> {
    let later = pack.figures.iter().map(|figure| figure.from).filter(|day| *day > product.effective_from);
    let mut days: Vec<Date> = std::iter::once(product.effective_from).chain(later).collect();
    days.sort_unstable();
    days.into_iter().find_map(|day| pack.on(day).ok())
}

/// What is wrong between a product and another version of it, told once: at the version that should yield.
fn fault(
    source: &ProductSource,
    product: &Product,
    at: usize,
    other_source: &ProductSource,
    other: &Product,
    other_at: usize,
) -> Option<LoanError> {
    let wrong = |field: &str, problem: String| {
        let line = file::line_of(&source.text, field);
        Some(LoanError::ProductFile { file: source.file.clone(), line, field: field.to_owned(), problem })
    };
    let (code, other_file) = (&product.code, &other_source.file);
    if product.version == other.version {
        let problem =
            format!("version {} of {code} stands in {other_file} already: give it the next number", other.version);
        return if at > other_at { wrong("version", problem) } else { None };
    }
    if product.version < other.version {
        return None;
    }
    if product.currency != other.currency {
        let problem =
            format!("version {} of {code} lends {}: give another currency another code", other.version, other.currency);
        return wrong("currency", problem);
    }
    if product.effective_from <= other.effective_from {
        let problem = format!(
            "version {} of {code} ({other_file}) is offered from {} on: a later version must begin later",
            other.version, other.effective_from
        );
        return wrong("effective_from", problem);
    }
    match other.effective_to {
        Some(last) if last >= product.effective_from => {
            let problem = format!(
                "version {} of {code} ({other_file}) is offered to {last}: begin after that, or end it on {}",
                other.version,
                product.effective_from.add_days(-1)
            );
            wrong("effective_from", problem)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn source(file: &str, edits: &[(&str, &str)]) -> ProductSource {
        let text = edits.iter().fold(SHIPPED[0].1.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
        ProductSource { file: file.to_owned(), text }
    }

    const FIRST_DAY: &str = "effective_from = \"2026-01-01\"";

    fn read(sources: &[ProductSource]) -> Result<Catalogue, String> {
        let published = Published::shipped().unwrap();
        Catalogue::read(sources, &published)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn a_past_that_is_older_has_the_first_version_of_each_product() {
        let second =
            source("two.toml", &[("version = 1", "version = 2"), (FIRST_DAY, "effective_from = \"2026-07-01\"")]);
        let catalogue = read(&[ProductSource::shipped(), vec![second]].concat()).unwrap();
        let code = "short-working-capital";
        let offered = |all: &Catalogue, on: &str| all.offered(day(on)).find(|p| p.code == code).map(|p| p.version);
        assert_eq!(offered(&catalogue, "2024-11-26"), None);
        let older = catalogue.since(day("2024-11-26"));
        assert_eq!((offered(&older, "2024-11-25"), offered(&older, "2024-11-26")), (None, Some(1)));
        assert_eq!((offered(&older, "2026-06-30"), offered(&older, "2026-07-01")), (Some(1), Some(2)));
    }

    #[test]
    fn a_later_version_takes_over_on_its_first_day() {
        let second = source(
            "products/swc-2.toml",
            &[("version = 1", "version = 2"), (FIRST_DAY, "effective_from = \"2026-07-01\""), ("\"7.20\"", "\"6.90\"")],
        );
        let sources = [ProductSource::shipped(), vec![second]].concat();
        let catalogue = read(&sources).unwrap();
        let code = "short-working-capital";
        let on = |text| catalogue.on(code, day(text)).map(|product| product.version);
        assert_eq!((on("2025-12-31"), on("2026-06-30"), on("2026-07-01")), (Some(1), Some(1), Some(2)));
        assert_eq!(catalogue.version(code, 1).unwrap().price(Some("A")).unwrap().to_string(), "7.20");
        assert_eq!(catalogue.on(code, day("2027-01-01")).unwrap().price(Some("A")).unwrap().to_string(), "6.90");
        assert_eq!(catalogue.on("gold", day("2026-01-01")), None);
        let offered = |text| {
            let offered: Vec<_> = catalogue.offered(day(text)).map(|p| (p.code.as_str(), p.version)).collect();
            (offered.len(), offered.into_iter().find(|(c, _)| *c == code))
        };
        assert_eq!(offered("2026-06-30").1, Some((code, 1)));
        assert_eq!(offered("2026-07-01").1, Some((code, 2)));
        assert_eq!(offered("2025-12-31").1, None);
        assert_eq!(catalogue.versions().len(), SHIPPED.len() + 1);
        assert_eq!(catalogue.codes().len(), SHIPPED.len());
    }

    #[test]
    fn versions_that_do_not_follow_one_another_are_told_all_at_once() {
        let sources = [
            source("one.toml", &[(FIRST_DAY, "effective_from = \"2026-01-01\"\neffective_to = \"2026-12-31\"")]),
            source("same.toml", &[]),
            source("early.toml", &[("version = 1", "version = 2"), (FIRST_DAY, "effective_from = \"2025-07-01\"")]),
            source("overlap.toml", &[("version = 1", "version = 3"), (FIRST_DAY, "effective_from = \"2026-12-01\"")]),
            source("typo.toml", &[("grace_days = 3", "grace = 3")]),
        ];
        insta::assert_snapshot!(read(&sources).unwrap_err(), @r"
        typo.toml, line 41, `grace`: unknown field `grace`, expected one of `penalty_uplift`, `compound`, `grace_days`, `misuse_uplift`, `non_accrual_days`, `re_age`
        same.toml, line 3, `version`: version 1 of short-working-capital stands in one.toml already: give it the next number
        early.toml, line 6, `effective_from`: version 1 of short-working-capital (one.toml) is offered from 2026-01-01 on: a later version must begin later
        early.toml, line 6, `effective_from`: version 1 of short-working-capital (same.toml) is offered from 2026-01-01 on: a later version must begin later
        overlap.toml, line 6, `effective_from`: version 1 of short-working-capital (one.toml) is offered to 2026-12-31: begin after that, or end it on 2026-11-30
        ");
    }

    #[test]
    fn every_shipped_product_obeys_the_shipped_rules() {
        let catalogue = read(&ProductSource::shipped()).unwrap();
        let pack = RulePack::shipped("cn-rural").unwrap();
        assert_eq!(catalogue.against(&pack), []);
        let dear = source("products/dear.toml", &[("penalty_uplift = \"50\"", "penalty_uplift = \"60\"")]);
        let faults = read(&[dear]).unwrap().against(&pack);
        insta::assert_snapshot!(faults[0], @"the rules: product short-working-capital: the penalty is 60.00 % over the contract rate; the rules allow 30.00 to 50.00 %");
    }
}
