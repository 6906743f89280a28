//! The old trial balance: what it has of loans must be what the loans come to, the rest is booked beside them.

use std::collections::BTreeMap;

use app::Tianxin;
use app::posting::Role;
use basics::money::{format_minor, parse_minor};
use ledger::{SubjectCode, SubjectKind};

use super::complaint::{Complaints, Place, unreadable};

/// Subjects that are made of the loans of the book alone.
const OF_LOANS: &[Role] = &[
    Role::LoanPrincipal,
    Role::LoanCredit,
    Role::LoanAllowance,
    Role::Wallet,
    Role::InterestAccrued,
    Role::InterestReceivable,
    Role::PenaltyReceivable,
    Role::FeeReceivable,
    Role::OffAccrued,
    Role::OffInterest,
    Role::OffPenalty,
    Role::WrittenOffClaims,
];

/// What loans add up to, by role, debit positive, in minor units.
#[derive(Debug, Default)]
pub struct Sums(BTreeMap<Role, i128>);

impl Sums {
    /// Adds one loan.
    pub fn add(&mut self, balances: &[(Role, i128)]) {
        for (role, amount) in balances {
            *self.0.entry(*role).or_default() += amount;
        }
    }

    fn of(&self, role: Role) -> i128 {
        self.0.get(&role).copied().unwrap_or(0)
    }
}

/// A trial balance as it was read.
#[derive(Debug, Default)]
pub struct Trial {
    file: String,
    /// Row and balance, debit positive, in minor units.
    balances: BTreeMap<SubjectCode, (u64, i64)>,
}

/// Reads a trial balance; what is wrong with it becomes complaints.
pub fn read(file: &str, bytes: &[u8], house: &Tianxin, complaints: &mut Complaints) -> Trial {
    let mut trial = Trial { file: file.to_owned(), balances: BTreeMap::new() };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(bytes);
    let names: Vec<String> = reader.headers().map(|head| head.iter().map(str::to_owned).collect()).unwrap_or_default();
    let place = |row: u64, column: &str| Place { file: file.to_owned(), row, column: column.to_owned() };
    let at = |name: &str| names.iter().position(|other| other == name);
    let (Some(subject_at), Some(debit_at), Some(credit_at)) = (at("subject"), at("debit"), at("credit")) else {
        complaints
            .add(place(1, ""), "a trial balance has the columns subject, debit, credit: name them in its first line");
        return trial;
    };
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let (row, what) = unreadable(&error);
                complaints.add(place(row, ""), what);
                continue;
            }
        };
        let row = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let code = match cell(subject_at).parse::<u32>().map(SubjectCode) {
            Ok(code) if house.chart.subject(code).is_some() => code,
            _ => {
                let what = "the chart of accounts has no such subject: add it there, or add its balance to another";
                complaints.add(place(row, "subject"), format!("`{}`: {what}", cell(subject_at)));
                continue;
            }
        };
        let mut amount = |column: &str, text: &str| match text {
            "" => 0,
            text => parse_minor(text).unwrap_or_else(|_| {
                complaints.add(place(row, column), format!("`{text}` is no amount: write it as 1234.56"));
                0
            }),
        };
        let balance = amount("debit", cell(debit_at)).saturating_sub(amount("credit", cell(credit_at)));
        if trial.balances.insert(code, (row, balance)).is_some() {
            complaints.add(place(row, "subject"), format!("subject {code} stands twice: add its rows up"));
        }
    }
    trial
}

impl Trial {
    /// Its balance of a subject, debit positive, in minor units.
    pub fn balance(&self, code: SubjectCode) -> i64 {
        self.balances.get(&code).map_or(0, |(_, balance)| *balance)
    }

    /// Its subjects and balances.
    pub fn balances(&self) -> impl Iterator<Item = (SubjectCode, i64)> {
        self.balances.iter().map(|(code, (_, balance))| (*code, *balance))
    }

    fn place(&self, code: SubjectCode) -> Place {
        let row = self.balances.get(&code).map_or(0, |(row, _)| *row);
        Place { file: self.file.clone(), row, column: code.to_string() }
    }

    /// What stands beside the loans; what does not agree with them becomes complaints.
    pub fn rest(&self, sums: &Sums, house: &Tianxin, complaints: &mut Complaints) -> Vec<(SubjectCode, i64)> {
        let roles = &house.subjects.roles;
        for role in OF_LOANS {
            let code = roles.code(*role);
            let (old, loans) = (i128::from(self.balance(code)), sums.of(*role));
            if old != loans {
                let shown = |minor: i128| i64::try_from(minor).map_or_else(|_| minor.to_string(), format_minor);
                let (difference, name) = (shown(old - loans), self.name(house, code));
                let what = format!(
                    "{name}: the trial balance has {}, the loans come to {}: {difference} apart; correct the file that is wrong",
                    shown(old),
                    shown(loans)
                );
                complaints.add(self.place(code), what);
            }
        }
        let foreign = [Some(house.subjects.clearing), house.opening_subject().ok()];
        let of_lines =
            [Role::LinePrincipal, Role::MerchantPayable].map(|role| roles.has(role).then(|| roles.code(role)));
        for code in foreign.into_iter().chain(of_lines).flatten() {
            if self.balance(code) != 0 {
                let name = self.name(house, code);
                let what = format!("{name}: nothing of it can be taken over; settle it in the old book first");
                complaints.add(self.place(code), what);
            }
        }
        let contra = roles.code(Role::OffContra);
        let (mut on_balance, mut memo, mut rest) = (0_i128, 0_i128, Vec::new());
        for (code, balance) in self.balances() {
            let is_memo = house.chart.subject(code).is_some_and(|subject| subject.kind == SubjectKind::Memo);
            *(if is_memo { &mut memo } else { &mut on_balance }) += i128::from(balance);
            if code != contra && balance != 0 && !OF_LOANS.iter().any(|role| roles.code(*role) == code) {
                rest.push((code, balance));
            }
        }
        let whole = || Place { file: self.file.clone(), row: 0, column: String::new() };
        let shown = |minor: i128| i64::try_from(minor).map_or_else(|_| minor.to_string(), format_minor);
        if on_balance != 0 {
            let what = format!(
                "debits and credits of the balance sheet are {} apart: it is no trial balance",
                shown(on_balance)
            );
            complaints.add(whole(), what);
        }
        // Old books keep what is off balance on one side alone, or against a contra subject.
        if self.balances.contains_key(&contra) && memo != 0 {
            let name = self.name(house, contra);
            complaints.add(self.place(contra), format!("{name}: what is off balance is {} apart from it", shown(memo)));
        }
        let memo_rest: i64 = rest
            .iter()
            .filter(|(code, _)| house.chart.subject(*code).is_some_and(|subject| subject.kind == SubjectKind::Memo))
            .fold(0, |sum, (_, balance)| sum.saturating_add(*balance));
        if memo_rest != 0 {
            rest.push((contra, memo_rest.saturating_neg()));
        }
        rest
    }

    fn name(&self, house: &Tianxin, code: SubjectCode) -> String {
        house.chart.subject(code).map_or_else(String::new, |subject| format!("{} {}", subject.zh, subject.en))
    }
}
