//! The assessment of an application: profile to features to score to rules to decision.
//!
//! Pure and slow, so it runs before the door. Its record holds every input and the
//! outcome; [`replay`] computes it again from the inputs and must give the same bytes.

use std::borrow::Cow;
use std::sync::Arc;

use basics::{Date, Id, Money, Rate, cbor};
use insight::feature::{FeatureVector, Request, features, features_for, for_credit};
use insight::profile::{Profile, is_thin};
use insight::window::Window;
use loan::cost::{CostTable, cost_table};
use loan::product::Pricing;
use loan::schedule::{Schedule, schedule};
use loan::{LoanError, LoanTerms, Product, Term};
use minicbor::{Decode, Encode};
use policy::decision::{Decision, LimitDecision, Reason};
use policy::exploration::LaneFacts;
use policy::facts::{Ask, Facts, ScoreFacts};
use policy::rules::{Price, RuleSet};
use score::model::ModelFile;

use crate::books::AMOUNT_MAX_MINOR;
use crate::scorer::{Said, Scorer};
use crate::tables::ApplicationStatus;

/// What judges: a model, if there is one, and the rules.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The champion; without one, people decide.
    pub model: Option<Arc<Scorer>>,
    /// The model that is asked beside it and never heeded.
    pub challenger: Option<Arc<Scorer>>,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Cells that share the budget of the exploration lane; none keeps the lane closed.
    pub cells: Option<u16>,
}

impl Judge {
    /// A judge with a points card, or with none: then people decide.
    pub fn new(model: Option<ModelFile>, rules: RuleSet) -> Judge {
        let model = model.map(|file| Arc::new(Scorer::card(file)));
        Judge { model, challenger: None, rules: Arc::new(rules), cells: None }
    }

    /// The model's hash; empty where there is none.
    pub fn model_hash(&self) -> &str {
        self.model.as_ref().map_or("", |model| model.name())
    }
}

/// What a model said, as rules look at it.
fn score_facts(said: &Said, rules: &RuleSet) -> ScoreFacts {
    let costs = said.costs.iter().map(|feature| Reason {
        code: format!("feature.{}", feature.name),
        zh: feature.zh.to_owned(),
        en: feature.en.to_owned(),
        figures: Vec::new(),
        help: None,
    });
    let rating = rules.rating(said.pd_ppm).unwrap_or(said.rating).to_owned();
    ScoreFacts { pd_ppm: said.pd_ppm, rating, costs: costs.collect() }
}

/// The rating of a household on a day apart from any loan, and the features that speak against it most, the worst first. None for a
/// thin file, and where no model speaks.
pub fn rated(judge: &Judge, profile: &Profile, on: Date) -> (Option<String>, Vec<String>) {
    if is_thin(profile) {
        return (None, Vec::new());
    }
    let Some(said) = judge.model.as_ref().and_then(|model| model.say(&features(profile, on))) else {
        return (None, Vec::new());
    };
    let rating = judge.rules.rating(said.pd_ppm).unwrap_or(said.rating).to_owned();
    (Some(rating), said.costs.iter().map(|feature| feature.name.to_owned()).collect())
}

/// What the challenger would have said; it had no part in the decision.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Shadow {
    /// Hash of its file.
    #[n(0)]
    pub model: String,
    /// Log odds of turning bad, in millionths; none if it has no number.
    #[n(1)]
    pub log_odds_micro: Option<i64>,
}

/// What is known of a household beside its behaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What it owes and may still draw, in minor units.
    pub exposure_minor: i64,
    /// What it pays a month on other loans, in minor units.
    pub other_instalments_minor: i64,
    /// Age of its head in whole years.
    pub age_years: Option<i64>,
    /// What an officer has lowered its facility to, in minor units; `None` where nobody did.
    pub lowered_to_minor: Option<i64>,
    /// What the exploration lane looks at, for a request that may enter it.
    pub lane: Option<LaneFacts>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The application.
    pub application: Id,
    /// How much.
    pub amount: Money,
    /// For how many months.
    pub term_months: u16,
    /// What for.
    pub purpose: String,
    /// The date of the terms.
    pub on: Date,
}

/// The record of a decision: inputs and outcome.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Assessment {
    /// The application.
    #[n(0)]
    pub application: Id,
    /// The product's code.
    #[n(1)]
    pub product: String,
    /// The profile's version that was read.
    #[n(2)]
    pub profile_version: i64,
    /// The features.
    #[n(3)]
    pub features: FeatureVector,
    /// Hash of the model file; empty where none spoke.
    #[n(4)]
    pub model: String,
    /// Hash of the rule set.
    #[n(5)]
    pub rules: String,
    /// What the rules looked at.
    #[n(6)]
    pub facts: Facts,
    /// What was asked for.
    #[n(7)]
    pub ask: Ask,
    /// What was decided.
    #[n(8)]
    pub decision: Decision,
    /// The yearly rate of the product for the rating.
    #[n(9)]
    pub rate: Rate,
    /// Log odds of turning bad, in millionths: the finest order of risk.
    #[n(10)]
    pub log_odds_micro: Option<i64>,
    /// The product's version; none in records of before there was more than one.
    #[n(11)]
    pub product_version: Option<u32>,
    /// What an officer had lowered the facility to, in minor units; none where nobody had.
    #[n(12)]
    pub lowered_to_minor: Option<i64>,
    /// What a challenger would have said; none where there was none, and in older records.
    #[n(13)]
    pub shadow: Option<Shadow>,
    /// The loan as the features read it and the day they were read on; none in records of before they had a day.
    #[n(16)]
    pub seen: Option<Seen>,
}

/// What the features of a decision were read by, beside the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seen {
    /// The day.
    #[n(0)]
    pub on: Date,
    /// The loan as features read it.
    #[n(1)]
    pub request: Request,
}

impl Assessment {
    /// Where the application stands after this decision.
    pub fn status(&self) -> ApplicationStatus {
        match self.decision.outcome {
            // What the rules want two people for is never approved by the machine alone.
            policy::decision::Outcome::Approve | policy::decision::Outcome::Less if self.decision.two_person => {
                ApplicationStatus::Referred
            }
            policy::decision::Outcome::Approve | policy::decision::Outcome::Less => ApplicationStatus::Approved,
            policy::decision::Outcome::Refer => ApplicationStatus::Referred,
            policy::decision::Outcome::Decline => ApplicationStatus::Declined,
        }
    }

    /// What is approved, in minor units.
    pub fn approved_minor(&self) -> i64 {
        if self.status() == ApplicationStatus::Approved { self.decision.amount_minor } else { 0 }
    }
}

/// What an offer costs, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The terms.
    pub terms: LoanTerms,
    /// The schedule.
    pub schedule: Schedule,
    /// The all-in cost table.
    pub cost: CostTable,
}

/// Works a quote out. Errors say which limit of the product is passed.
pub fn quote(product: &Product, amount: Money, months: u16, on: Date, rate: Rate) -> Result<Quote, LoanError> {
    let terms = product.terms(amount, Term::Months(months), on, rate)?;
    let schedule = schedule(&terms)?;
    let cost = cost_table(&terms)?;
    Ok(Quote { terms, schedule, cost })
}

/// Assesses an application. Errors if the product cannot carry what is asked.
pub fn assess(
    judge: &Judge,
    product: &Product,
    profile: Option<&Profile>,
    standing: &Standing,
    asked: &Asked,
) -> Result<Assessment, LoanError> {
    let nothing = Profile::default();
    let profile = profile.unwrap_or(&nothing);
    // Where prices follow a published rate, those that hold today for this term.
    let priced_today = product.priced_for(Term::Months(asked.term_months), asked.on)?;
    let product = priced_today.as_ref();
    let dearest = product.pricing.rates().into_iter().max().unwrap_or(Rate::ZERO);
    // The rating sets the rate, and the instalment is a feature of the rating: it is worked out at the dearest.
    let upper = quote(product, asked.amount, asked.term_months, asked.on, dearest)?;
    let instalment_minor = monthly(&upper);
    let request =
        Request { amount_minor: asked.amount.minor(), instalment_minor, term_months: u32::from(asked.term_months) };
    let vector = features_for(profile, &request, asked.on);
    let said = judge.model.as_ref().and_then(|model| model.say(&vector));
    let facts = facts(&judge.rules, said.as_ref(), product, profile, standing, &vector);
    let rules = priced(&judge.rules, product);
    let rate = facts
        .score
        .as_ref()
        .and_then(|score| product.price(Some(&score.rating)).ok())
        .or_else(|| product.price(None).ok())
        .unwrap_or(dearest);
    let offer = quote(product, asked.amount, asked.term_months, asked.on, rate)?;
    let ask = Ask {
        amount_minor: asked.amount.minor(),
        term_months: i64::from(asked.term_months),
        instalment_minor: monthly(&offer),
        purpose: asked.purpose.clone(),
        all_in_annual: Rate::from_ppm(offer.cost.annualised_ppm).ok(),
    };
    let mut assessment = Assessment {
        application: asked.application,
        product: product.code.clone(),
        profile_version: profile.version() as i64,
        features: vector.clone(),
        model: judge.model_hash().to_owned(),
        rules: judge.rules.hash.clone(),
        decision: policy::decision::decide(&rules, &facts, &ask),
        facts,
        ask,
        rate,
        log_odds_micro: said.map(|said| said.log_odds_micro),
        product_version: Some(product.version),
        lowered_to_minor: standing.lowered_to_minor,
        shadow: judge.challenger.as_ref().map(|challenger| shadow(challenger, &vector)),
        seen: Some(Seen { on: asked.on, request }),
    };
    fit_to_product(&mut assessment.decision, product);
    keep_to_facility(&mut assessment);
    Ok(assessment)
}

/// What an officer has lowered the machine does not lift: where an approval needs more than the facility is of, a person decides.
fn keep_to_facility(assessment: &mut Assessment) {
    let Some(of_minor) = assessment.lowered_to_minor else { return };
    let decision = &mut assessment.decision;
    let approves = matches!(decision.outcome, policy::decision::Outcome::Approve | policy::decision::Outcome::Less);
    let needed_minor = assessment.facts.exposure_minor.saturating_add(decision.amount_minor);
    if approves && needed_minor > of_minor {
        decision.outcome = policy::decision::Outcome::Refer;
        let reason = Reason {
            code: "facility.lowered".to_owned(),
            zh: "授信额度已由信贷员调低，这笔申请超出了现有额度，需由人工审批".to_owned(),
            en: "An officer has lowered the credit facility, and this loan does not fit into it: a person decides"
                .to_owned(),
            figures: Vec::new(),
            help: None,
        };
        // What a person decides is no draw of the lane.
        decision.explored = None;
        decision.reasons.insert(0, reason);
    }
}

fn shadow(challenger: &Scorer, vector: &FeatureVector) -> Shadow {
    let log_odds_micro = challenger.say(vector).map(|said| said.log_odds_micro);
    Shadow { model: challenger.name().to_owned(), log_odds_micro }
}

/// An amount lent less must still be one of the product's multiples.
fn fit_to_product(decision: &mut Decision, product: &Product) {
    if decision.outcome == policy::decision::Outcome::Less {
        decision.amount_minor -= decision.amount_minor % product.amount_multiple_fen.max(1);
    }
}

/// What a household could borrow of a product on a day, before it asks.
pub fn limit(
    judge: &Judge,
    product: &Product,
    profile: Option<&Profile>,
    standing: &Standing,
    term_months: u16,
    on: Date,
) -> LimitDecision {
    let nothing = Profile::default();
    let profile = profile.unwrap_or(&nothing);
    let vector = features(profile, on);
    let said = judge.model.as_ref().and_then(|model| model.say(&vector));
    limit_said(judge, said.as_ref(), product, profile, standing, term_months, on)
}

/// The same where the model has spoken already, of many households at once.
pub fn limit_said(
    judge: &Judge,
    said: Option<&Said>,
    product: &Product,
    profile: &Profile,
    standing: &Standing,
    term_months: u16,
    on: Date,
) -> LimitDecision {
    let vector = features(profile, on);
    let facts = facts(&judge.rules, said, product, profile, standing, &vector);
    let limit = policy::decision::limit(&priced(&judge.rules, product), &facts, u32::from(term_months));
    // What can be asked for is one of the product's multiples, and no more than it lends.
    let most = limit.available_minor.min(product.amount_max_fen).max(0);
    LimitDecision { available_minor: most - most % product.amount_multiple_fen.max(1), ..limit }
}

/// Computes a record again from its own inputs: the decision must come out the same, bit for bit.
///
/// `None` if model, challenger or rules are not those that decided.
pub fn replay(judge: &Judge, product: &Product, record: &Assessment) -> Option<bool> {
    let shadow_model = record.shadow.as_ref().map(|shadow| shadow.model.as_str());
    let known_shadow = shadow_model.is_none() || shadow_model == judge.challenger.as_ref().map(|c| c.name());
    if record.model != judge.model_hash() || record.rules != judge.rules.hash || !known_shadow {
        return None;
    }
    let mut again = record.clone();
    let said = judge.model.as_ref().and_then(|model| model.say(&record.features));
    again.facts.score = said.as_ref().filter(|_| !record.facts.thin).map(|said| score_facts(said, &judge.rules));
    again.log_odds_micro = said.map(|said| said.log_odds_micro);
    again.shadow = judge.challenger.as_ref().filter(|_| record.shadow.is_some()).map(|c| shadow(c, &record.features));
    let product = priced_then(product, record);
    again.decision = policy::decision::decide(&priced(&judge.rules, &product), &again.facts, &record.ask);
    fit_to_product(&mut again.decision, &product);
    keep_to_facility(&mut again);
    Some(cbor::to_bytes(&again) == cbor::to_bytes(record))
}

/// What a request of the past would be decided under other rules, on the facts of then.
///
/// The score stands and the new file's scale rates it. `lane` is what the new file's exploration lane would look at; without it
/// nothing is drawn. A product priced by a published rate keeps the rate of then.
pub fn under(rules: &RuleSet, product: &Product, record: &Assessment, lane: Option<LaneFacts>) -> Assessment {
    let mut again = record.clone();
    let product = priced_then(product, record);
    if let Some(score) = &mut again.facts.score
        && let Some(rating) = rules.rating(score.pd_ppm).filter(|_| product.linked.is_none())
    {
        rating.clone_into(&mut score.rating);
    }
    again.facts.lane = lane;
    again.rules.clone_from(&rules.hash);
    let rating = again.facts.score.as_ref().map(|score| score.rating.as_str());
    again.rate = product.price(rating).or_else(|_| product.price(None)).unwrap_or(record.rate);
    again.decision = policy::decision::decide(&priced(rules, &product), &again.facts, &record.ask);
    fit_to_product(&mut again.decision, &product);
    keep_to_facility(&mut again);
    again
}

/// A product whose prices follow a published rate, at the price that its record was decided with.
fn priced_then<'p>(product: &'p Product, record: &Assessment) -> Cow<'p, Product> {
    match (&product.linked, &record.facts.score) {
        (Some(_), Some(score)) => {
            let pricing = Pricing::ByRating(vec![(score.rating.clone(), record.rate)]);
            Cow::Owned(Product { pricing, ..product.clone() })
        }
        _ => Cow::Borrowed(product),
    }
}

/// The rules at the prices of a product: what is quoted, decided and signed is one rate.
pub fn priced(rules: &RuleSet, product: &Product) -> RuleSet {
    let prices = rules.prices.iter().filter_map(|price| {
        let rate_annual = product.price(Some(&price.rating)).ok()?;
        Some(Price { rate_annual, ..price.clone() })
    });
    RuleSet { prices: prices.collect(), ..rules.clone() }
}

fn facts(
    rules: &RuleSet,
    said: Option<&Said>,
    product: &Product,
    profile: &Profile,
    standing: &Standing,
    vector: &FeatureVector,
) -> Facts {
    let thin = is_thin(profile);
    Facts {
        product_cap_minor: product.amount_max_fen,
        product_min_minor: product.amount_min_fen,
        exposure_minor: standing.exposure_minor,
        quota_left_minor: AMOUNT_MAX_MINOR,
        inflow_monthly_minor: Window::of(profile).map(|window| window.inflow_monthly()).filter(|inflow| *inflow > 0),
        other_instalments_minor: standing.other_instalments_minor,
        thin,
        // A score of too few movements would only look like knowledge.
        score: said.filter(|_| !thin).map(|said| score_facts(said, rules)),
        age_years: standing.age_years,
        features: vector.iter().map(|(feature, value)| (feature.name.to_owned(), value)).collect(),
        lane: standing.lane,
    }
}

/// What a quote asks of a month.
fn monthly(quote: &Quote) -> i64 {
    quote.schedule.monthly_fen(&quote.terms)
}

/// Names of the features that rules may look at.
pub fn feature_names() -> Vec<&'static str> {
    for_credit().map(|feature| feature.name).collect()
}
