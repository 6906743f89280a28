//! What a household is told about what it owes, and when; and when what is due is taken from its wallet.
//!
//! A plan is a file of the institution: steps counted in days from a due date, each with the way it reaches the household and
//! the text it carries, and the days on which what is due is collected. Nothing here sends or books anything: the
//! close of a day asks which steps fall on the next one, and the texts are filled when they leave.

mod file;

use std::collections::BTreeMap;
use std::fmt;

use basics::Date;

use crate::class::LoanClass;

pub use file::RemindError;

/// How a step reaches the household. Whatever it is, the household also finds it among its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// A message in the household's pages 站内消息.
    App,
    /// A text message to the phone 短信.
    Sms,
    /// A slip that the window prints and hands over 纸质通知单.
    Slip,
    /// An entry on the call list of the officers 电话提醒.
    Call,
}

impl Channel {
    /// All of them.
    pub const ALL: &'static [Channel] = &[Channel::App, Channel::Sms, Channel::Slip, Channel::Call];

    /// The name in files and for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::App => "app",
            Channel::Sms => "sms",
            Channel::Slip => "slip",
            Channel::Call => "call",
        }
    }

    /// The channel of a name.
    pub fn parse(name: &str) -> Option<Channel> {
        Channel::ALL.iter().copied().find(|channel| channel.as_str() == name)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A step of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, kept with every notice.
    pub code: String,
    /// Days from the due date; less than nothing is before it.
    pub days: i32,
    /// How it reaches the household.
    pub channel: Channel,
    /// Code of the text.
    pub text: String,
    /// Products it is for; none is all.
    pub products: Vec<String>,
    /// The best class it is for: a step for watched loans leaves good ones alone.
    pub from_class: LoanClass,
}

/// A text, and how it reaches the household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// How it reaches the household.
    pub channel: Channel,
    /// Code of the text.
    pub text: String,
}

/// What is said on the day a household sells its harvest, while the money is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleStep {
    /// Only of what falls due within so many days.
    pub within_days: u16,
    /// How it reaches the household.
    pub channel: Channel,
    /// Code of the text.
    pub text: String,
    /// Products it is for; none is all.
    pub products: Vec<String>,
}

impl SaleStep {
    /// Whether a household that sells on a day is told of a loan of a product that falls due on another.
    pub fn tells(&self, product: &str, due: Date, sold_on: Date) -> bool {
        let of_product = self.products.is_empty() || self.products.iter().any(|code| code == product);
        of_product && (0..=i32::from(self.within_days)).contains(&(due - sold_on))
    }
}

impl Step {
    fn is_for(&self, about: &About<'_>) -> bool {
        let of_product = self.products.is_empty() || self.products.iter().any(|code| code == about.product);
        of_product && about.class >= self.from_class
    }
}

/// The hours in which no text message leaves, minutes after midnight: from the first to before the second, over midnight
/// where the first is the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// When they begin.
    pub from_minute: u16,
    /// When they end.
    pub until_minute: u16,
}

impl QuietHours {
    /// Whether a minute of the day lies in them.
    pub const fn hold_at(self, minute: u16) -> bool {
        if self.from_minute <= self.until_minute {
            self.from_minute <= minute && minute < self.until_minute
        } else {
            minute >= self.from_minute || minute < self.until_minute
        }
    }
}

/// A text in both languages, with places to be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// What the places of a text are filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    /// `{institution}`: who tells it.
    pub institution: String,
    /// `{product}`: the product's name in the language of the text.
    pub product: String,
    /// `{note}`: the last characters of the note's number, enough to tell two loans apart.
    pub note: String,
    /// `{due}`: the due date it is about.
    pub due: Date,
    /// `{amount}`: what is owed then, in major units.
    pub amount: String,
    /// `{days}`: days from today to the due date, or days past due since.
    pub days: i32,
}

/// The names of places, as a text writes them in braces.
const PLACES: &[&str] = &["institution", "product", "note", "due", "amount", "days"];

impl Filling {
    fn of(&self, place: &str) -> Option<String> {
        Some(match place {
            "institution" => self.institution.clone(),
            "product" => self.product.clone(),
            "note" => self.note.clone(),
            "due" => self.due.to_string(),
            "amount" => self.amount.clone(),
            "days" => self.days.to_string(),
            _ => return None,
        })
    }

    /// A text with its places filled. A place that was never allowed into a plan stays as it is written.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len() + 32);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            match after.split_once('}').and_then(|(place, after)| Some((self.of(place)?, after))) {
                Some((value, after)) => {
                    filled.push_str(&value);
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

/// What decides which steps are for a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About<'a> {
    /// Code of its product.
    pub product: &'a str,
    /// Its class.
    pub class: LoanClass,
    /// Due date of the oldest instalment that is unpaid, if it has come.
    pub unpaid_since: Option<Date>,
    /// The next due date that has not come.
    pub next_due: Option<Date>,
    /// Whether what is due may be taken from the wallet, as its contract says.
    pub collected: bool,
}

/// A step that falls on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Falling<'p> {
    /// The step.
    pub step: &'p Step,
    /// The due date it is about.
    pub due: Date,
}

/// What an institution tells its borrowers, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReminderPlan {
    /// Version of the file, counted by whoever changes it.
    pub version: u32,
    /// When no text message leaves.
    pub quiet: QuietHours,
    /// Text messages that a household gets on one day at most.
    pub sms_per_day: u32,
    /// A message that could not leave for so many days is let go: it would say what is over.
    pub keep_days: u16,
    /// Days from a due date on which what is due and unpaid is taken from the wallet; none is never.
    pub collect_on: Vec<u16>,
    /// Text of the message about money that was taken; none where nothing is said.
    pub collected_text: Option<String>,
    /// What is said when the statement of a line is out 账单已出; none where nothing is.
    pub statement: Option<Told>,
    /// What is said on the day after a line's minimum was due and not met; none where nothing is.
    pub unmet: Option<Told>,
    /// What is said on the day a harvest is sold; none where nothing is.
    pub sale: Option<SaleStep>,
    /// The steps, in the order of the file.
    pub steps: Vec<Step>,
    /// Texts by code.
    pub texts: BTreeMap<String, Text>,
}

impl ReminderPlan {
    /// The plan that is shipped for institutions that begin.
    ///
    /// ```
    /// use loan::remind::ReminderPlan;
    /// let plan = ReminderPlan::shipped()?;
    /// assert!(plan.steps.iter().any(|step| step.days < 0));
    /// # Ok::<(), loan::remind::RemindError>(())
    /// ```
    pub fn shipped() -> Result<ReminderPlan, RemindError> {
        ReminderPlan::parse("reminders.toml", ReminderPlan::SHIPPED)
    }

    /// Text of the shipped file, to be copied and changed.
    pub const SHIPPED: &'static str = include_str!("../../data/reminders.toml");

    /// Reads a plan. Errors name file, line and field.
    pub fn parse(file: &str, text: &str) -> Result<ReminderPlan, RemindError> {
        file::read(file, text)
    }

    /// The steps that fall on a day for a loan.
    pub fn on_day<'p>(&'p self, about: &About<'_>, day: Date) -> Vec<Falling<'p>> {
        let for_loan = self.steps.iter().filter(|step| step.is_for(about));
        let falling = for_loan.filter_map(|step| {
            let due = due_of(step, about)?;
            (due.add_days(step.days) == day).then_some(Falling { step, due })
        });
        falling.collect()
    }

    /// Whether what is due is taken from the wallet on a day.
    pub fn collects_on(&self, about: &About<'_>, day: Date) -> bool {
        let Some(since) = about.unpaid_since.filter(|_| about.collected) else { return false };
        self.collect_on.iter().any(|days| since.add_days(i32::from(*days)) == day)
    }

    /// The first day from `from` on whose close has something to do for a loan: money to collect that day, or steps of the day
    /// after it, which are made ready the evening before.
    pub fn next_close(&self, about: &About<'_>, from: Date) -> Option<Date> {
        let for_loan = self.steps.iter().filter(|step| step.is_for(about));
        let steps = for_loan.filter_map(|step| Some(due_of(step, about)?.add_days(step.days - 1)));
        let dues = [about.unpaid_since, about.next_due].into_iter().flatten().filter(|_| about.collected);
        let collects = dues.flat_map(|due| self.collect_on.iter().map(move |days| due.add_days(i32::from(*days))));
        steps.chain(collects).filter(|day| *day >= from).min()
    }

    /// A text of the plan in a language, filled.
    pub fn told(&self, text: &str, chinese: bool, filling: &Filling) -> Option<String> {
        let text = self.texts.get(text)?;
        Some(filling.fill(if chinese { &text.zh } else { &text.en }))
    }
}

/// The due date that a step counts from: what is overdue for steps after it, what comes next for those before and on it.
fn due_of(step: &Step, about: &About<'_>) -> Option<Date> {
    if step.days > 0 { about.unpaid_since } else { about.next_due }
}
