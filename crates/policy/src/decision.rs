//! The decision: outcome, limit, price and the reasons for them.

use basics::Rate;
use basics::money::{Rounding, div_round, format_minor};
use minicbor::{Decode, Encode};

use crate::condition::Unanswered;
use crate::exploration::Explored;
use crate::facts::{Ask, Facts};
use crate::rules::RuleSet;

/// What is to happen, from the best to the worst for the household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// Lend what was asked for 同意.
    #[n(0)]
    Approve,
    /// Lend less: the limit 减额.
    #[n(1)]
    Less,
    /// A person decides 转人工.
    #[n(2)]
    Refer,
    /// Do not lend 拒绝.
    #[n(3)]
    Decline,
}

/// Why, in words for the household.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reason {
    /// Code of the rule, the limit or the feature.
    #[n(0)]
    pub code: String,
    /// In Chinese.
    #[n(1)]
    pub zh: String,
    /// In English.
    #[n(2)]
    pub en: String,
    /// The figures behind it.
    #[n(3)]
    pub figures: Vec<Figure>,
    /// What would help the household, where there is something.
    #[n(4)]
    pub help: Option<Help>,
}

/// What would help.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Help {
    /// In Chinese.
    #[n(0)]
    pub zh: String,
    /// In English.
    #[n(1)]
    pub en: String,
}

/// A figure behind a reason.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Figure {
    /// What it is, with its unit, such as `limit_minor`.
    #[n(0)]
    pub name: String,
    /// Its value.
    #[n(1)]
    pub value: i64,
}

/// What was decided on a request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Decision {
    /// What is to happen.
    #[n(0)]
    pub outcome: Outcome,
    /// What may be lent: the amount asked for, or less, minor units; for a referral, what the
    /// rules would let a person lend; 0 when declined.
    #[n(1)]
    pub amount_minor: i64,
    /// The most that could be lent, minor units.
    #[n(2)]
    pub limit_minor: i64,
    /// Rating, where there is a score.
    #[n(3)]
    pub rating: Option<String>,
    /// Yearly rate for the rating.
    #[n(4)]
    pub rate_annual: Option<Rate>,
    /// Whether two people have to approve.
    #[n(5)]
    pub two_person: bool,
    /// Why; never empty.
    #[n(6)]
    pub reasons: Vec<Reason>,
    /// Code of the rule set.
    #[n(7)]
    pub rules_code: String,
    /// Version of the rule set.
    #[n(8)]
    pub rules_version: u32,
    /// Hash of the rule set.
    #[n(9)]
    pub rules_hash: String,
    /// Whether the exploration lane could have it, and took it; none where it could not.
    #[n(10)]
    pub explored: Option<Explored>,
}

/// What a household could borrow, before it asks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LimitDecision {
    /// Approve (the limit stands), refer or decline.
    #[n(0)]
    pub outcome: Outcome,
    /// Available at once, minor units: 0 unless approved.
    #[n(1)]
    pub available_minor: i64,
    /// What the rules would let a person grant, minor units: 0 when declined.
    #[n(2)]
    pub limit_minor: i64,
    /// Yearly rate for the rating.
    #[n(3)]
    pub rate_annual: Option<Rate>,
    /// Why; never empty.
    #[n(4)]
    pub reasons: Vec<Reason>,
}

/// Decides a request.
///
/// The outcome is the worst of what the rules say; if none objects, the amount is the least of
/// what was asked for and the limit. A household without score or income is referred, never approved.
pub fn decide(rules: &RuleSet, facts: &Facts, ask: &Ask) -> Decision {
    let mut found = judged(rules, facts, Some(ask));
    if ask.amount_minor <= 0 || ask.term_months <= 0 || ask.instalment_minor <= 0 {
        found.say(rules, Outcome::Decline, "bad-amount", &[]);
    }
    if rules.purposes_forbidden.contains(&ask.purpose) {
        found.say(rules, Outcome::Decline, "purpose", &[]);
    }
    if let (Some(cost), Some(cap)) = (ask.all_in_annual, rules.all_in_cap)
        && cost > cap
    {
        found.say(rules, Outcome::Decline, "all-in-cap", &[("cost_ppm", cost.ppm()), ("cap_ppm", cap.ppm())]);
    }
    let capacity = instalment_room(rules, facts).map(|room| scaled(room, ask.amount_minor, ask.instalment_minor));
    let (limit_minor, bound_by) = least(rules, facts, capacity);
    let explored = found.exploration(rules, facts, ask, limit_minor);
    if let Some(lane) = explored.as_ref().filter(|explored| explored.taken) {
        return found.explored(rules, facts, ask, lane.clone());
    }
    let mut amount_minor = ask.amount_minor.min(limit_minor).max(0);
    if amount_minor < ask.amount_minor {
        found.bounded(rules, facts, limit_minor, bound_by);
        if amount_minor < facts.product_min_minor.max(1) {
            found.say(rules, Outcome::Decline, "below-minimum", &[("minimum", facts.product_min_minor)]);
        }
    }
    if found.reasons.is_empty() {
        found.say(rules, Outcome::Approve, "approved", &[]);
    }
    if found.outcome == Outcome::Decline {
        amount_minor = 0;
    }
    found.decision(rules, facts, amount_minor, limit_minor, explored)
}

/// What a household could borrow at once over `term_months` equal months, before it asks.
///
/// Capacity is the principal whose equal instalments, at the rate of its rating, its income
/// carries. Rules on a request (amount, term, instalment) are not known yet and do not speak.
pub fn limit(rules: &RuleSet, facts: &Facts, term_months: u32) -> LimitDecision {
    let mut found = judged(rules, facts, None);
    let rate = found.rate_annual.or_else(|| rules.prices.iter().map(|p| p.rate_annual).max());
    let capacity = instalment_room(rules, facts).map(|room| principal(room, rate.unwrap_or(Rate::ZERO), term_months));
    let (limit_minor, bound_by) = least(rules, facts, capacity);
    found.bounded(rules, facts, limit_minor, bound_by);
    if limit_minor < facts.product_min_minor.max(1) {
        found.say(rules, Outcome::Decline, "below-minimum", &[("minimum", facts.product_min_minor)]);
    }
    // What bounds a limit is no objection to it.
    let outcome = if found.outcome == Outcome::Less { Outcome::Approve } else { found.outcome };
    LimitDecision {
        outcome,
        available_minor: if outcome == Outcome::Approve { limit_minor } else { 0 },
        limit_minor: if outcome == Outcome::Decline { 0 } else { limit_minor },
        rate_annual: found.rate_annual,
        reasons: found.reasons,
    }
}

/// What was found so far.
pub(crate) struct Found {
    pub(crate) outcome: Outcome,
    rate_annual: Option<Rate>,
    pub(crate) reasons: Vec<Reason>,
    /// Whether something objects that the exploration lane may not pass over.
    pub(crate) is_barred: bool,
}

/// What the rules say of the household, apart from any limit.
fn judged(rules: &RuleSet, facts: &Facts, ask: Option<&Ask>) -> Found {
    let mut found = Found { outcome: Outcome::Approve, rate_annual: None, reasons: Vec::new(), is_barred: false };
    for rule in &rules.rules {
        match rule.when.holds(facts, ask) {
            Ok(true) => {}
            Ok(false) => continue,
            // A rule without an answer is nobody's approval.
            Err(why) => {
                found.unanswered(rules, &rule.code, &why);
                continue;
            }
        }
        found.outcome = found.outcome.max(rule.outcome);
        found.is_barred |= !rule.explore;
        let pd = facts.score.as_ref().filter(|_| rule.when.looks_at_pd());
        found.reasons.push(Reason {
            code: rule.code.clone(),
            zh: rule.zh.clone(),
            en: rule.en.clone(),
            figures: pd.map(|s| Figure { name: "pd_ppm".to_owned(), value: s.pd_ppm }).into_iter().collect(),
            help: rule.help.clone(),
        });
        found.reasons.extend(pd.into_iter().flat_map(|s| s.costs.iter().cloned()));
    }
    if let (Some((youngest, oldest)), Some(age)) = (rules.age, facts.age_years)
        && !(youngest..=oldest).contains(&age)
    {
        found.say(rules, Outcome::Decline, "age", &[("youngest", youngest), ("oldest", oldest), ("age_years", age)]);
    }
    match &facts.score {
        Some(score) => {
            found.rate_annual = rules.price(&score.rating);
            if found.rate_annual.is_none() {
                found.say(rules, Outcome::Refer, "no-price", &[]);
            }
        }
        None => found.say(rules, Outcome::Refer, "no-score", &[]),
    }
    if facts.inflow_monthly_minor.is_none_or(|i| i <= 0) {
        found.say(rules, Outcome::Refer, "no-income", &[]);
    }
    found
}

impl Found {
    /// Puts a decision together.
    pub(crate) fn decision(
        self,
        rules: &RuleSet,
        facts: &Facts,
        amount_minor: i64,
        limit_minor: i64,
        explored: Option<Explored>,
    ) -> Decision {
        Decision {
            outcome: self.outcome,
            amount_minor,
            limit_minor,
            rating: facts.score.as_ref().map(|s| s.rating.clone()),
            rate_annual: self.rate_annual,
            two_person: rules.two_person_from_minor.is_some_and(|from| amount_minor >= from),
            reasons: self.reasons,
            rules_code: rules.code.clone(),
            rules_version: rules.version,
            rules_hash: rules.hash.clone(),
            explored,
        }
    }

    /// Refers a case for which a rule has no answer, and says which rule and why.
    fn unanswered(&mut self, rules: &RuleSet, rule: &str, why: &Unanswered) {
        self.say(rules, Outcome::Refer, "rule-error", &[]);
        if let Some(reason) = self.reasons.last_mut() {
            reason.en.push_str(&format!(" ({rule}: {why})"));
            reason.zh.push_str(&format!("（{rule}: {why}）"));
        }
    }

    /// Adds a reason of the machine's own, in the rule set's words.
    pub(crate) fn say(&mut self, rules: &RuleSet, outcome: Outcome, code: &str, figures: &[(&str, i64)]) {
        self.outcome = self.outcome.max(outcome);
        self.is_barred |= outcome >= Outcome::Refer;
        let (zh, en) = rules.words.get(code).map(|words| (words.zh.clone(), words.en.clone())).unwrap_or_default();
        let help = rules.words.get(code).and_then(|words| words.help.clone());
        // Amounts are shown as people write them; ages and the like as they are.
        let shown = |name: &str, value: i64| match name {
            "limit" | "cap" | "minimum" => format_minor(value),
            _ => value.to_string(),
        };
        let filled =
            |text: String| figures.iter().fold(text, |t, (n, v)| t.replace(&format!("{{{n}}}"), &shown(n, *v)));
        self.reasons.push(Reason {
            code: code.to_owned(),
            zh: filled(zh),
            en: filled(en),
            figures: figures.iter().map(|(name, value)| Figure { name: (*name).to_owned(), value: *value }).collect(),
            help,
        });
    }

    /// Says what bounds the limit.
    fn bounded(&mut self, rules: &RuleSet, facts: &Facts, limit_minor: i64, code: &str) {
        let cap = rules.exposure_cap_minor.unwrap_or(0);
        let figures: &[(&str, i64)] = match code {
            "exposure-cap" => &[("limit", limit_minor), ("cap", cap), ("exposure", facts.exposure_minor)],
            "capacity" => &[("limit", limit_minor), ("inflow_monthly", facts.inflow_monthly_minor.unwrap_or(0))],
            _ => &[("limit", limit_minor)],
        };
        self.say(rules, Outcome::Less, code, figures);
    }
}

/// The least of product cap, capacity (where income is known), exposure left and quota, rounded
/// down to the step, and which of them it was.
fn least(rules: &RuleSet, facts: &Facts, capacity_minor: Option<i64>) -> (i64, &'static str) {
    let exposure_left = rules.exposure_cap_minor.map(|cap| cap.saturating_sub(facts.exposure_minor));
    let bounds = [
        (Some(facts.product_cap_minor), "product-cap"),
        (exposure_left, "exposure-cap"),
        (capacity_minor, "capacity"),
        (Some(facts.quota_left_minor), "quota"),
    ];
    let (mut limit_minor, mut code) = (i64::MAX, "product-cap");
    for (bound, name) in bounds {
        if let Some(minor) = bound.filter(|b| *b < limit_minor) {
            (limit_minor, code) = (minor, name);
        }
    }
    let step = rules.limit_step_minor.max(1);
    (limit_minor.max(0) / step * step, code)
}

/// What a household can pay a month on a new loan, minor units; none where no income is known.
fn instalment_room(rules: &RuleSet, facts: &Facts) -> Option<i64> {
    let inflow = facts.inflow_monthly_minor.filter(|i| *i > 0)?;
    let most = div_round(i128::from(inflow) * i128::from(rules.capacity.ppm()), 1_000_000, Rounding::Floor)?;
    Some(most.saturating_sub(facts.other_instalments_minor).max(0))
}

/// The amount whose instalment is `room`, where `amount` has `instalment`. Both move together.
fn scaled(room: i64, amount_minor: i64, instalment_minor: i64) -> i64 {
    let amount = i128::from(room) * i128::from(amount_minor.max(0));
    div_round(amount, i128::from(instalment_minor.max(1)), Rounding::Floor).unwrap_or(i64::MAX)
}

/// The principal that `months` equal instalments pay off at a yearly rate, floored: the sum of the
/// instalments, each discounted by a twelfth of the rate a month.
fn principal(instalment_minor: i64, rate_annual: Rate, months: u32) -> i64 {
    const ONE: i128 = 1_000_000_000_000;
    let growth = ONE + i128::from(rate_annual.ppm()) * (ONE / 1_000_000) / 12;
    let (mut factor, mut sum) = (ONE, 0_i128);
    // No loan runs longer than fifty years; the bound keeps absurd input cheap.
    for _ in 0..months.min(600) {
        factor = factor * ONE / growth;
        sum += factor;
    }
    div_round(i128::from(instalment_minor) * sum, ONE, Rounding::Floor).unwrap_or(i64::MAX)
}
