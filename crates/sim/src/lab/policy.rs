//! What an arm of an experiment chooses: how people reach the lender, by what it judges, what it lends, how it watches.
//!
//! Every choice is a thing that a lender does. What comes of it (days, costs, losses, who is reached) is counted in the run.

use std::collections::BTreeMap;

use serde::Deserialize;

/// By which ways people reach the lender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A branch in the township: papers, a visit, a committee; no phone, no window in the village.
    Traditional,
    /// The phone alone; no person decides, none comes.
    Digital,
    /// Phone and village windows; what the machine leaves open, an officer decides after a visit.
    Both,
}

/// By what an application is judged at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scoring {
    /// By nothing: every application is left to people.
    None,
    /// By what was filled into a form when the household enrolled, and by what is asked for.
    Form,
    /// By the profile of its behaviour as it stands on the day.
    Profile,
}

/// Whether somebody has to stand for an applicant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Referral {
    /// Nobody.
    None,
    /// Any enrolled acquaintance, who risks nothing.
    Free,
    /// An acquaintance whose own credit stops while the borrower is behind.
    AtStake,
}

/// Whose loans a score is learnt from, of a past in which everybody was lent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnsFrom {
    /// From all loans of the past.
    Everybody,
    /// From as many of a later past, of which [`LearnsFrom::Accepted`] sees a part: the truth that it lacks.
    Later,
    /// From those of the later past whom an earlier score would have let through, and those lent to at random.
    Accepted,
    /// The same, and from the others as often bad as a first score of the accepted says of their like.
    Inferred,
}

/// As what a reason to borrow is lent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LendAs {
    /// The product's code.
    pub product: String,
    /// For how many months.
    pub months: u16,
    /// The use that is written down; one that the product allows.
    pub purpose: Option<String>,
}

/// A lender's policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Policy {
    /// How people reach it.
    pub channel: Channel,
    /// By what it judges.
    pub scoring: Scoring,
    /// Whether the score also looks at the place: water, low land, distance, signal, the village's last harvests.
    pub regional_factors: bool,
    /// Share of past applicants, the riskiest, that it declines, percent.
    pub decline_percent: i64,
    /// Share of past applicants, the next riskiest, that it leaves to a person, percent.
    pub refer_percent: i64,
    /// Whose loans its score is learnt from.
    pub learns_from: LearnsFrom,
    /// Share of past applicants, the riskiest, that the earlier score declined, percent.
    pub declined_before_percent: i64,
    /// Share of those whom a score declines that is lent to all the same, at random, in the later past and now, percent.
    pub explored_percent: i64,
    /// Days after it was drawn at which a past loan is looked at: whoever is not bad by then counts as good. 0: at the end.
    pub labels_after_days: i32,
    /// Whether it declines so many times more as more of its seasoned loans have gone bad than its score expected.
    pub recalibrates: bool,
    /// Whether money that was borrowed counts in what comes in; the platform keeps it apart.
    pub loans_as_income: bool,
    /// Whoever asks for more than this is visited, yuan; 0: nobody for that.
    pub visit_above_yuan: i64,
    /// Share of all applicants that is visited, at random, percent.
    pub visited_percent: i64,
    /// By reason to borrow, what it lends in the place of what the county's households ask for.
    pub lend_as: BTreeMap<String, LendAs>,
    /// Watching after the money is paid: reminders from the third day before a due date on, a call after a week, no new
    /// loan to whom income has left or who has taken loans elsewhere. Off: a letter after thirty and ninety days.
    pub monitoring: bool,
    /// Lessons in each village a year.
    pub lessons_a_year: i64,
    /// Whether somebody stands for an applicant.
    pub referral: Referral,
    /// Crop insurance goes with every loan for farming.
    pub insurance: bool,
    /// After a disaster what the lost crops were to pay is put off by a year, without a penalty.
    pub deferral: bool,
    /// Share of principal ninety days late that a risk-compensation fund pays, percent.
    pub fund_percent: i64,
    /// The first day of a failure of the digital system, counted from the first day; none where it never fails.
    pub outage_from_day: Option<i32>,
    /// How long it fails, days.
    pub outage_days: i32,
    /// Whether village windows take money and papers meanwhile, from everybody.
    pub windows_in_outage: bool,
    /// By how much households pay less than the product's rate, basis points.
    pub household_discount_bp: i64,
    /// What merchants pay on what enrolled households buy at them, basis points.
    pub merchant_fee_bp: i64,
}

impl Default for Policy {
    /// The platform as it comes: phone and windows, a living profile, seasons as asked for, monitoring.
    fn default() -> Policy {
        Policy {
            channel: Channel::Both,
            scoring: Scoring::Profile,
            regional_factors: false,
            decline_percent: 10,
            refer_percent: 15,
            learns_from: LearnsFrom::Everybody,
            declined_before_percent: 40,
            explored_percent: 0,
            labels_after_days: 0,
            recalibrates: false,
            loans_as_income: false,
            visit_above_yuan: 0,
            visited_percent: 0,
            lend_as: BTreeMap::new(),
            monitoring: true,
            lessons_a_year: 0,
            referral: Referral::None,
            insurance: false,
            deferral: false,
            fund_percent: 0,
            outage_from_day: None,
            outage_days: 0,
            windows_in_outage: false,
            household_discount_bp: 0,
            merchant_fee_bp: 0,
        }
    }
}
