//! A table of loans as they stood: each row read, checked by itself, and held against what the rules make of it.

use std::collections::{BTreeMap, BTreeSet};

use app::Tianxin;
use app::posting::Role;
use app::take_over::{LoanToTake, TakenView};
use basics::money::{format_minor, parse_minor};
use basics::{Date, Id, Money, Rate};
use loan::{InterestBasis, LoanClass, LoanTerms, Method, Opening, OpeningOverdue, Product, ProductRef, Term};
use rails::Claim;

use super::columns::LOANS;
use super::complaint::{Complaints, Place, unreadable};
use super::plan::{self, Span, Told};

/// A mobile number of the right form, for the check of a name and a resident id that come without one.
const NO_PHONE: &str = "13000000000";

/// A loan as its row has it.
#[derive(Clone, Debug)]
pub struct Loan {
    file: String,
    row: u64,
    /// Its note number.
    pub number: String,
    /// The borrower.
    pub borrower: Borrower,
    /// The guarantor's name and resident id, where one stands for it.
    pub guarantor: Option<(String, String)>,
    /// Principal not paid, in minor units.
    pub principal_minor: i64,
    amounts: BTreeMap<&'static str, i64>,
    terms: LoanTerms,
    class: LoanClass,
    written_off: bool,
}

/// Whose loan it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Borrower {
    /// Resident id, in capital letters.
    pub resident_id: String,
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: Option<String>,
    /// Village.
    pub village: String,
}

/// Reads a table of loans; what is wrong with it becomes complaints.
pub fn read(file: &str, bytes: &[u8], house: &Tianxin, on: Date, complaints: &mut Complaints) -> Vec<Loan> {
    let place = |row: u64, column: &str| Place { file: file.to_owned(), row, column: column.to_owned() };
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        complaints
            .add(place(0, ""), "this is an Excel workbook: save the sheet as CSV UTF-8 (逗号分隔) and import that");
        return Vec::new();
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(bytes);
    let names: Vec<String> = match reader.headers() {
        Ok(head) => head.iter().map(str::to_owned).collect(),
        Err(error) => {
            complaints.add(place(1, ""), format!("the header line cannot be read: {error}"));
            return Vec::new();
        }
    };
    let mut known = true;
    for name in names.iter().filter(|name| !LOANS.iter().any(|column| column.name == name.as_str())) {
        complaints.add(place(1, name), "there is no such column: see `tianxin import book --template`");
        known = false;
    }
    for column in LOANS.iter().filter(|column| column.required && !names.iter().any(|name| name == column.name)) {
        complaints.add(place(1, column.name), "the column is missing: see `tianxin import book --template`");
        known = false;
    }
    if !known {
        return Vec::new();
    }
    let (mut loans, mut numbers) = (Vec::new(), BTreeSet::new());
    let mut borrowers: BTreeMap<String, Borrower> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let (row, what) = unreadable(&error);
                complaints.add(place(row, ""), what);
                continue;
            }
        };
        let cells = names.iter().zip(record.iter()).map(|(name, cell)| (name.as_str(), cell)).collect();
        let mut row =
            Row { file, row: record.position().map_or(0, csv::Position::line), cells, complaints: &mut *complaints };
        let Some(loan) = row.loan(house, on) else { continue };
        if !numbers.insert(loan.number.clone()) {
            complaints.add(loan.place("number"), "this note number stands in the file twice");
        }
        let known = borrowers.entry(loan.borrower.resident_id.clone()).or_insert_with(|| loan.borrower.clone());
        if *known != loan.borrower {
            let what = "another row has another name, phone or village for this person: make them the same";
            complaints.add(loan.place("resident_id"), what);
        }
        loans.push(loan);
    }
    if loans.is_empty() {
        complaints.add(place(0, ""), "there is no loan in it that can be taken over");
    }
    loans
}

/// One row on its way to a loan.
struct Row<'a, 'c> {
    file: &'a str,
    row: u64,
    cells: BTreeMap<&'a str, &'a str>,
    complaints: &'c mut Complaints,
}

impl<'a> Row<'a, '_> {
    fn complain(&mut self, column: &str, what: impl Into<String>) {
        self.complaints.add(Place { file: self.file.to_owned(), row: self.row, column: column.to_owned() }, what);
    }

    /// A cell that is filled in.
    fn text(&self, column: &str) -> Option<&'a str> {
        self.cells.get(column).copied().filter(|cell| !cell.is_empty())
    }

    /// A cell read; `None` where it is empty, with a complaint where it must not be, or cannot be read.
    fn read<T>(&mut self, column: &'static str, read: impl FnOnce(&'a str) -> Result<T, String>) -> Option<T> {
        match self.text(column) {
            Some(text) => match read(text) {
                Ok(value) => Some(value),
                Err(what) => {
                    self.complain(column, what);
                    None
                }
            },
            None => {
                if LOANS.iter().any(|known| known.name == column && known.required) {
                    self.complain(column, "it is empty: fill it in");
                }
                None
            }
        }
    }

    fn date(&mut self, column: &'static str) -> Option<Date> {
        self.read(column, |text| Date::parse(text).map_err(|_| format!("`{text}` is no date: write it as 2026-03-18")))
    }

    fn rate(&mut self, column: &'static str) -> Option<Rate> {
        self.read(column, |text| {
            let rate = Rate::parse_percent(text).map_err(|error| error.to_string())?;
            if rate.ppm() < 0 { Err("a rate is not less than nothing".to_owned()) } else { Ok(rate) }
        })
    }

    fn amounts(&mut self) -> BTreeMap<&'static str, i64> {
        let columns = [
            "lent",
            "principal",
            "accrued",
            "overdue_principal",
            "overdue_interest",
            "penalty",
            "compound",
            "fees",
            "off_balance",
            "provision",
            "wallet",
        ];
        let amount = |text: &str| match parse_minor(text) {
            Ok(minor) if minor < 0 => Err("it is less than nothing: no amount of a loan is".to_owned()),
            Ok(minor) if minor > LoanTerms::AMOUNT_FEN_MAX => Err("it is too large: check it".to_owned()),
            Ok(minor) => Ok(minor),
            Err(_) => Err(format!("`{text}` is no amount: write it as 1234.56")),
        };
        columns.into_iter().filter_map(|column| self.read(column, amount).map(|minor| (column, minor))).collect()
    }

    fn borrower(&mut self, on: Date) -> Option<Borrower> {
        let resident_id = self.read("resident_id", |text| Ok(text.to_ascii_uppercase()))?;
        let name = self.read("name", |text| Ok(text.to_owned()))?;
        let village = self.read("village", |text| Ok(text.to_owned()))?;
        let phone = self.text("phone").map(str::to_owned);
        if let Err(error) = Claim::parse(&name, &resident_id, phone.as_deref().unwrap_or(NO_PHONE), on) {
            let column = match error {
                rails::IdentityError::BadPhone => "phone",
                rails::IdentityError::BadResidentId(_) => "resident_id",
                _ => "name",
            };
            self.complain(column, error.to_string());
            return None;
        }
        Some(Borrower { resident_id, name, phone, village })
    }

    fn loan(&mut self, house: &Tianxin, on: Date) -> Option<Loan> {
        let number = self.read("number", |text| Ok(text.to_owned()));
        let borrower = self.borrower(on);
        let amounts = self.amounts();
        let of = |column: &str| amounts.get(column).copied().unwrap_or(0);
        let (rate, penalty_rate) = (self.rate("rate"), self.rate("penalty_rate"));
        let product = self.read("product", |code| house.product(code).map_err(|refusal| refusal.to_string()));
        let class = self.read("class", |code| class(house, code, on));
        let written_off = self.read("written_off", |text| match text {
            "yes" | "是" => Ok(true),
            "no" | "否" => Ok(false),
            other => Err(format!("`{other}` says neither yes nor no")),
        });
        let (lent_on, since) = (self.date("lent_on"), self.date("overdue_since"));
        if since.is_none_or(|since| since > on) {
            for column in ["overdue_principal", "overdue_interest", "penalty", "compound", "fees"] {
                if of(column) != 0 {
                    self.complain(
                        column,
                        "something is due and unpaid: say since when in overdue_since, not after the last day",
                    );
                }
            }
        }
        if let Some(days) =
            self.read("days_past_due", |text| text.parse::<i32>().map_err(|_| format!("`{text}` is no number of days")))
        {
            let by_date = since.map_or(0, |since| on - since);
            if days != by_date {
                self.complain(
                    "days_past_due",
                    format!("by overdue_since it is {by_date} on {on}: correct one of them"),
                );
            }
        }
        if of("overdue_principal") > of("principal") || of("principal") > of("lent") {
            self.complain("principal", "overdue principal is part of principal, and no more is left than was lent");
        }
        if of("principal") == 0 {
            self.complain("principal", "nothing is left of it: leave the row out");
        }
        let guarantor = match (self.text("guarantor"), self.text("guarantor_id")) {
            (Some(name), Some(id)) => Some((name.to_owned(), id.to_ascii_uppercase())),
            (None, None) => None,
            _ => {
                self.complain("guarantor", "a guarantor has a name and a resident id: give both");
                None
            }
        };
        let to_come = of("principal") - of("overdue_principal");
        let coming = self.coming(to_come, rate?, on);
        let (product, lent_on) = (product?, lent_on?);
        let since = since.filter(|since| *since <= on);
        let terms = self.terms(product, house, (lent_on, on), (rate?, penalty_rate), &amounts, (since, coming?))?;
        Some(Loan {
            file: self.file.to_owned(),
            row: self.row,
            number: number?,
            borrower: borrower?,
            guarantor,
            principal_minor: of("principal"),
            terms,
            class: class?,
            written_off: written_off.unwrap_or(false),
            amounts,
        })
    }

    /// The rows that are not due yet.
    fn coming(&mut self, to_come: i64, rate: Rate, on: Date) -> Option<Vec<loan::FixedRow>> {
        let told = self.read("plan", Told::parse)?;
        let (next_due, maturity) = (self.date("next_due"), self.date("maturity"));
        let every_months = self.read("every_months", |text| match text.parse::<i32>() {
            Ok(months) if (1..=120).contains(&months) => Ok(months),
            _ => Err(format!("`{text}` is no number of months from 1 to 120")),
        });
        let is_rows = matches!(told, Told::Rows(_));
        if to_come == 0 && next_due.is_none() && !is_rows {
            return Some(Vec::new());
        }
        let span = match (next_due, maturity) {
            _ if is_rows => Span { next_due: on, maturity: on, every_months: 1 },
            (Some(next_due), Some(maturity)) => Span { next_due, maturity, every_months: every_months.unwrap_or(1) },
            (next_due, _) => {
                let column = if next_due.is_none() { "next_due" } else { "maturity" };
                self.complain(column, "principal is not due yet: fill it in");
                return None;
            }
        };
        if !is_rows && (span.next_due <= on || span.maturity < span.next_due) {
            let what = format!("the next due date lies after {on}, and the maturity not before it: compare both");
            self.complain("next_due", what);
            return None;
        }
        match plan::rows(told, span, to_come, rate) {
            Ok(rows) if rows.first().is_some_and(|row| row.due <= on) => {
                self.complain(
                    "plan",
                    format!("rows that are due by {on} belong to overdue_since and overdue_principal"),
                );
                None
            }
            Ok(rows) => Some(rows),
            Err(what) => {
                self.complain("plan", what);
                None
            }
        }
    }

    fn terms(
        &mut self,
        product: &Product,
        house: &Tianxin,
        (lent_on, on): (Date, Date),
        (rate, penalty_rate): (Rate, Option<Rate>),
        amounts: &BTreeMap<&'static str, i64>,
        (since, coming): (Option<Date>, Vec<loan::FixedRow>),
    ) -> Option<LoanTerms> {
        let of = |column: &str| amounts.get(column).copied().unwrap_or(0);
        let uplifted = i128::from(rate.ppm()) * (1_000_000 + i128::from(product.penalty_uplift_ppm)) / 1_000_000;
        let by_product = i64::try_from(uplifted).ok().and_then(|ppm| Rate::from_ppm(ppm).ok());
        let Some(penalty_rate) = penalty_rate.or(by_product) else {
            self.complain("penalty_rate", "the product's uplift gives no rate: fill it in");
            return None;
        };
        let mut fixed_rows = coming;
        let overdue = since.map(|since| {
            fixed_rows.insert(0, loan::FixedRow { due: since, principal_fen: of("overdue_principal") });
            OpeningOverdue {
                since,
                interest_fen: of("overdue_interest"),
                penalty_fen: of("penalty"),
                compound_fen: of("compound"),
                fee_fen: of("fees"),
            }
        });
        let last = fixed_rows.last().map_or(on, |row| row.due);
        let Some(days) = u16::try_from(last - lent_on).ok().filter(|days| *days > 0) else {
            self.complain("lent_on", "it lies before every due date: compare the dates");
            return None;
        };
        let opening = Opening { on, lent_fen: of("lent"), accrued_fen: of("accrued"), overdue };
        let currency = house.institution.currency;
        let principal = Money::new(of("principal"), currency);
        let terms = LoanTerms {
            product: ProductRef { code: product.code.clone(), version: product.version },
            basis: InterestBasis::Daily,
            day_count: product.day_count,
            penalty_rate,
            compound: product.compound,
            grace_days: product.grace_days,
            pay_rule: product.pay_rule,
            rounding: product.rounding,
            fixed_rows,
            prepayment: product.prepayment.clone(),
            re_age: product.re_age,
            non_accrual_days: product.non_accrual_days,
            collected: house.reminders.as_ref().is_some_and(|plan| !plan.collect_on.is_empty()),
            opening: Some(opening),
            ..LoanTerms::plain(principal, rate, Method::Custom, Term::Days(days), lent_on)
        };
        match terms.check() {
            Ok(()) => Some(terms),
            Err(error) => {
                self.complain("", error.to_string());
                None
            }
        }
    }
}

fn class(house: &Tianxin, code: &str, on: Date) -> Result<LoanClass, String> {
    let rules = house.dated.on(on).map_err(|error| error.to_string())?;
    let place = rules.classes.iter().position(|rung| rung.code == code).and_then(|at| u8::try_from(at).ok());
    place.map(LoanClass).ok_or_else(|| {
        let codes: Vec<&str> = rules.classes.iter().map(|rung| rung.code.as_str()).collect();
        format!("`{code}` is no class: choose {}", codes.join(", "))
    })
}

impl Loan {
    /// A place in its row.
    pub fn place(&self, column: &str) -> Place {
        Place { file: self.file.clone(), row: self.row, column: column.to_owned() }
    }

    fn of(&self, column: &str) -> i64 {
        self.amounts.get(column).copied().unwrap_or(0)
    }

    /// As the door takes it, in a book; the household is known when it is sent.
    pub fn to_take(&self, book: Id) -> LoanToTake {
        LoanToTake {
            household: Id::default(),
            loan: book.derive(&format!("loan {}", self.number)),
            number: self.number.clone(),
            terms: Box::new(self.terms.clone()),
            class: self.class,
            provision_minor: self.of("provision"),
            written_off: self.written_off,
            wallet_minor: self.of("wallet"),
        }
    }

    /// Whether the rules here come to what the old book says; what differs becomes complaints.
    pub fn hold_against(&self, view: &TakenView, house: &Tianxin, complaints: &mut Complaints) {
        let here =
            |role: Role| view.balances.iter().filter(|(of, _)| *of == role).map(|(_, amount)| amount).sum::<i128>();
        let rules = house.dated.on(self.terms.opening.map_or(self.terms.start, |opening| opening.on));
        let code = |class: LoanClass| {
            let rung = rules.as_ref().ok().and_then(|rules| rules.classes.get(usize::from(class.0)));
            rung.map_or("unknown", |rung| rung.code.as_str())
        };
        let found = view.stands.holding.class;
        if found != self.class && !self.written_off {
            let (days, found) = (view.days_past_due, code(found));
            let what = format!(
                "at {days} days past due the rules here class it `{found}`, and it is given better: class it so, or correct overdue_since"
            );
            complaints.add(self.place("class"), what);
        }
        let off = here(Role::OffAccrued) + here(Role::OffInterest) + here(Role::OffPenalty);
        if off != i128::from(self.of("off_balance")) {
            let off = i64::try_from(off).map_or_else(|_| off.to_string(), format_minor);
            let days = view.days_past_due;
            let what = format!(
                "by the rules here {off} of interest is off balance at {days} days past due: carry it so in the old book first"
            );
            complaints.add(self.place("off_balance"), what);
        }
        let principal = here(Role::LoanPrincipal) + here(Role::WrittenOffClaims);
        let compared = [
            ("principal", principal, self.of("principal")),
            ("accrued", here(Role::InterestAccrued) + here(Role::OffAccrued), self.of("accrued")),
            ("overdue_interest", here(Role::InterestReceivable) + here(Role::OffInterest), self.of("overdue_interest")),
            (
                "penalty",
                here(Role::PenaltyReceivable) + here(Role::OffPenalty),
                self.of("penalty").saturating_add(self.of("compound")),
            ),
            ("fees", here(Role::FeeReceivable), self.of("fees")),
        ];
        for (column, here, told) in compared {
            if here != i128::from(told) {
                let here = i64::try_from(here).map_or_else(|_| here.to_string(), format_minor);
                let what = format!(
                    "the loan comes to {here} here, the old book has {}: within the days of grace none runs up",
                    format_minor(told)
                );
                complaints.add(self.place(column), what);
            }
        }
    }
}
