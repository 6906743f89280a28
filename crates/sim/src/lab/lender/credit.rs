//! From an application to the money: what is seen of the applicant, score, rules, the offer, the loan.

use std::borrow::Cow;

use app::assess::{self, Assessment, Standing, quote};
use app::desk::age_on;
use basics::{Currency, Date, Id, Money, Rate};
use insight::feature::{Safer, for_credit};
use loan::product::Pricing;
use loan::season::Grown;
use loan::{Happening, LifeEvent, LoanError, Product};
use policy::{Outcome, ScoreFacts, decide};
use score::Trend;

use super::super::policy::{Channel, LendAs, Referral, Scoring};
use super::{Asked, Lender, Loan};
use crate::deed::{Act, Deed, HouseholdNo, Mine, Told};
use crate::drive::dues;
use crate::world::World;

/// Days a friend's own credit stops after: the borrower it stands for is so late.
const STAKE_DAYS: u32 = 30;
/// Least rate after a discount, ppm.
const RATE_MIN_PPM: i64 = 10_000;

/// What can be seen of an applicant: names of columns, and how risk may move with each.
#[derive(Clone, Copy, Debug)]
pub struct Applicant;

/// What is filled into a form when a household enrols, and what it asks for.
const FORM: [(&str, Trend); 5] = [
    ("form.income", Trend::Falling),
    ("form.land", Trend::Free),
    ("form.age", Trend::Free),
    ("form.amount", Trend::Rising),
    ("form.burden", Trend::Rising),
];
/// What everybody knows of a place.
const REGION_COLUMNS: [(&str, Trend); 6] = [
    ("region.watered", Trend::Falling),
    ("region.low", Trend::Rising),
    ("region.km", Trend::Free),
    ("region.signal", Trend::Free),
    ("region.last_yield", Trend::Falling),
    ("region.late_nearby", Trend::Rising),
];

impl Applicant {
    /// All columns, in the order in which they are seen.
    pub fn columns() -> Vec<(String, Trend)> {
        let trend = |safer| match safer {
            Safer::Higher => Trend::Falling,
            Safer::Lower => Trend::Rising,
            Safer::Either => Trend::Free,
        };
        let profile = for_credit().map(|f| (f.name.to_owned(), trend(f.safer)));
        let other = FORM.iter().chain(&REGION_COLUMNS).map(|(name, trend)| ((*name).to_owned(), *trend));
        profile.chain(other).collect()
    }

    /// Whether a way of scoring looks at a column.
    pub fn is_read(name: &str, scoring: Scoring, regional_factors: bool) -> bool {
        match scoring {
            Scoring::None => false,
            _ if name.starts_with("region.") => regional_factors,
            Scoring::Form => name.starts_with("form."),
            Scoring::Profile => !name.starts_with("form."),
        }
    }
}

impl Lender<'_> {
    /// Takes an application in: who stands for it, what is seen, what score and rules say.
    pub(super) fn apply(&mut self, world: &mut World, date: Date, deed: &Deed) -> Result<Vec<Told>, LoanError> {
        let Act::Apply { mine, product, amount_fen, months, purpose, crops, .. } = &deed.act else {
            return Ok(Vec::new());
        };
        let (who, mine) = (deed.household, *mine);
        if self.asked.contains_key(&(who, mine)) {
            return Ok(vec![Told::no("application_exists", &deed.act)]);
        }
        self.tally.asked += 1;
        let mut asked = Asked {
            product: product.clone(),
            amount_fen: *amount_fen,
            months: *months,
            purpose: purpose.clone(),
            crops: crops.clone(),
            on: date,
            rate_ppm: 0,
            approved_fen: 0,
            friend: None,
            seen: None,
            pd_ppm: None,
        };
        self.translate(&mut asked);
        if self.is_held_back(who, date) {
            return Ok(self.refuse(mine, "stands_for_late", false));
        }
        if self.policy.referral != Referral::None {
            let is_at_stake = self.policy.referral == Referral::AtStake;
            asked.friend = world.friend_who_stands(who, asked.amount_fen, is_at_stake);
            if asked.friend.is_none() {
                return Ok(self.refuse(mine, "nobody_stands", true));
            }
        }
        self.judge(world, date, who, mine, asked)
    }

    /// Lends what the policy lends for this reason, in the place of what was asked for.
    fn translate(&self, asked: &mut Asked) {
        let is_for = |reason: &str| self.county.offer.iter().find(|offer| offer.reason == reason);
        let same = |reason: &str| {
            is_for(reason).is_some_and(|o| {
                o.product == asked.product && o.purpose == asked.purpose && o.months == i64::from(asked.months)
            })
        };
        if let Some((_, LendAs { product, months, purpose })) =
            self.policy.lend_as.iter().find(|(reason, _)| same(reason))
        {
            (asked.product, asked.months) = (product.clone(), *months);
            asked.purpose = purpose.clone().unwrap_or_else(|| asked.purpose.clone());
        }
    }

    fn refuse(&mut self, mine: Mine, reason: &str, is_unseen: bool) -> Vec<Told> {
        self.tally.refused += 1;
        self.tally.refused_unseen += i64::from(is_unseen);
        vec![Told::Refused { mine, reasons: vec![reason.to_owned()] }]
    }

    /// Whether somebody it stands for is late.
    fn is_held_back(&self, who: HouseholdNo, date: Date) -> bool {
        let Some(borrowers) = self.stands_for.get(&who) else { return false };
        let loan = |key| self.running.get(key).and_then(|at| self.loans.get(*at));
        borrowers.iter().filter_map(loan).any(|loan| loan.days_past_due(date) > STAKE_DAYS)
    }

    fn judge(
        &mut self,
        world: &World,
        date: Date,
        who: HouseholdNo,
        mine: Mine,
        mut asked: Asked,
    ) -> Result<Vec<Told>, LoanError> {
        let assessment = match self.assess(date, who, mine, &asked) {
            Ok(assessment) => assessment,
            Err(LoanError::Overflow(what)) => return Err(LoanError::Overflow(what)),
            // The product cannot carry what is asked: the platform says so.
            Err(_) => {
                return Ok(vec![Told::No { code: "outside_product".to_owned(), back_fen: 0, gives_up: Some(mine) }]);
            }
        };
        let product = self.product(&asked)?.into_owned();
        let is_counted = self.policy.channel != Channel::Traditional;
        self.tally.checks += i64::from(is_counted);
        self.tally.papers += i64::from(!is_counted);
        asked.rate_ppm = assessment.rate.ppm();
        let mut decision = assessment.decision.clone();
        let seen = self.seen(world, date, who, &asked, &assessment);
        if let Some(scorer) = self.scorer.filter(|_| self.policy.scoring != Scoring::None) {
            // A form is never thin: it says what it says.
            let is_thin = assessment.facts.thin && self.policy.scoring == Scoring::Profile;
            if !is_thin {
                let score = scorer.score(&seen);
                let rating = known_rating(&product, score.rating.as_str());
                let mut facts = assessment.facts.clone();
                facts.thin = false;
                facts.score = Some(ScoreFacts { pd_ppm: score.pd_ppm, rating: rating.clone(), costs: Vec::new() });
                if self.policy.scoring == Scoring::Form {
                    facts.inflow_monthly_minor = self.file(who).map(|f| f.told_income_fen).filter(|fen| *fen > 0);
                }
                let rate = product.price(Some(&rating)).or_else(|_| product.price(None))?;
                asked.rate_ppm = rate.ppm();
                decision = decide(&assess::priced(&self.rules, &product), &facts, &assessment.ask);
                let declines = self.declines_percent();
                asked.pd_ppm = Some(score.pd_ppm);
                let is_explored = is_drawn(&assessment, "explored", self.policy.explored_percent);
                if score.log_odds_micro > scorer.decline_above(declines) && !is_explored {
                    self.declined.insert((who, mine), asked);
                    return Ok(self.refuse(mine, "score", false));
                }
                let refer = declines + self.policy.refer_percent;
                if score.log_odds_micro > scorer.decline_above(refer) {
                    decision.outcome = decision.outcome.max(Outcome::Refer);
                }
            }
        }
        let above_fen = self.policy.visit_above_yuan * 100;
        let is_visited = (above_fen > 0 && asked.amount_fen > above_fen)
            || is_drawn(&assessment, "visited", self.policy.visited_percent);
        if is_visited {
            decision.outcome = decision.outcome.max(Outcome::Refer);
        }
        let discount_ppm = self.policy.household_discount_bp * 100;
        asked.rate_ppm = (asked.rate_ppm - discount_ppm).max(RATE_MIN_PPM.min(asked.rate_ppm));
        if self.is_open {
            asked.seen = Some(seen);
            // Whoever learns lends also where the rules would rather ask a person.
            if decision.outcome == Outcome::Refer {
                decision.outcome = Outcome::Less;
            }
        }
        match decision.outcome {
            Outcome::Decline => {
                self.declined.insert((who, mine), asked);
                Ok(self.refuse(mine, "rules", false))
            }
            Outcome::Refer if self.policy.channel == Channel::Digital => Ok(self.refuse(mine, "no_person", true)),
            Outcome::Refer => {
                self.asked.insert((who, mine), asked);
                self.referred.push_back((who, mine));
                Ok(vec![Told::Referred { mine }])
            }
            Outcome::Approve | Outcome::Less => {
                let multiple = product.amount_multiple_fen.max(1);
                asked.approved_fen = decision.amount_minor - decision.amount_minor % multiple;
                if asked.approved_fen < product.amount_min_fen {
                    self.declined.insert((who, mine), asked);
                    return Ok(self.refuse(mine, "rules", false));
                }
                self.offer(date, who, mine, asked)
            }
        }
    }

    /// A household asks that a person looks at what was declined without one; there is none behind a phone alone.
    pub(super) fn ask_person(&mut self, who: HouseholdNo, mine: Mine, act: &Act) -> Vec<Told> {
        match self.declined.remove(&(who, mine)) {
            Some(asked) if self.policy.channel != Channel::Digital && !self.is_open => {
                self.asked.insert((who, mine), asked);
                self.referred.push_back((who, mine));
                vec![Told::Referred { mine }]
            }
            _ => vec![Told::no("no_review", act)],
        }
    }

    /// What the platform's own assessment says without a model.
    fn assess(&self, date: Date, who: HouseholdNo, mine: Mine, asked: &Asked) -> Result<Assessment, LoanError> {
        let file = self.file(who);
        let standing = Standing {
            exposure_minor: self.exposure(who),
            other_instalments_minor: self.open_loans(who).map(|loan| loan.monthly_fen).sum(),
            age_years: file.and_then(|file| age_on(&file.resident_id, date)),
            lowered_to_minor: None,
            lane: None,
        };
        let wanted = assess::Asked {
            application: file.and_then(|file| file.id).unwrap_or_default().derive(&format!("application {mine}")),
            amount: Money::new(asked.amount_fen, Currency::CNY),
            term_months: asked.months,
            purpose: asked.purpose.clone(),
            on: date,
        };
        let product = self.product(asked)?;
        assess::assess(&self.rooms.judge, &product, file.map(|file| &file.profile), &standing, &wanted)
    }

    /// The product asked for; of a seasonal one, with the rows of the household's own crops.
    pub(super) fn product(&self, asked: &Asked) -> Result<Cow<'_, Product>, LoanError> {
        let product = self
            .rooms
            .products
            .get(&asked.product)
            .ok_or_else(|| LoanError::Terms(format!("there is no product {}", asked.product)))?;
        if product.season.is_none() || asked.crops.is_empty() {
            return Ok(Cow::Borrowed(product));
        }
        let grown: Vec<Grown> = asked
            .crops
            .iter()
            .map(|(crop, area)| Grown { crop: crop.clone(), weight_milli: i64::from(*area) })
            .collect();
        Ok(Cow::Owned(product.for_household(&self.rooms.calendar, &self.county.region, &grown)?))
    }

    fn open_loans(&self, who: HouseholdNo) -> impl Iterator<Item = &Loan> {
        let range = (who, 0)..=(who, Mine::MAX);
        self.running.range(range).filter_map(|(_, at)| self.loans.get(*at))
    }

    fn exposure(&self, who: HouseholdNo) -> i64 {
        let owed: i64 = self.open_loans(who).map(|loan| loan.outstanding_fen).sum();
        let offered = self.asked.range((who, 0)..=(who, Mine::MAX)).map(|(_, asked)| asked.approved_fen);
        owed + offered.sum::<i64>()
    }

    /// Everything that can be seen of an applicant, in the order of [`Applicant::columns`].
    fn seen(
        &self,
        world: &World,
        date: Date,
        who: HouseholdNo,
        asked: &Asked,
        assessment: &Assessment,
    ) -> Vec<Option<i64>> {
        const MICRO: i64 = 1_000_000;
        let mut seen: Vec<Option<i64>> = for_credit().map(|f| assessment.features.get(f.name)).collect();
        let file = self.file(who);
        let income_fen = file.map_or(0, |file| file.told_income_fen);
        let land: i64 = asked.crops.first().map_or(0, |(_, area)| i64::from(*area));
        let burden = (income_fen > 0).then(|| assessment.ask.instalment_minor * MICRO / income_fen.max(1));
        seen.push(Some(income_fen / 100 * MICRO));
        seen.push(Some(land * 1_000));
        seen.push(file.and_then(|file| age_on(&file.resident_id, date)).map(|years| years * MICRO));
        seen.push(Some(asked.amount_fen / 100 * MICRO));
        seen.push(burden);
        let place = world.place_of(who);
        seen.push(place.map(|place| i64::from(place.is_irrigated) * MICRO));
        seen.push(place.map(|place| place.low_ppm));
        seen.push(place.map(|place| place.town_km * MICRO));
        seen.push(place.map(|place| i64::from(place.has_signal) * MICRO));
        seen.push(world.harvests(who).first().map(|reaped| reaped.yield_ppm));
        seen.push(self.late_nearby(world, who));
        seen
    }

    /// Share of the village's loans that have been more than thirty days late, as if ten of a usual village stood beside them.
    fn late_nearby(&self, world: &World, who: HouseholdNo) -> Option<i64> {
        let village = world.village_of(who);
        let near = self.loans.iter().filter(|loan| world.village_of(loan.who) == village);
        let (count, late) =
            near.fold((0_i64, 0_i64), |(n, late), loan| (n + 1, late + i64::from(loan.worst_days > STAKE_DAYS)));
        Some((late * 1_000_000 + 500_000) / (count + 10))
    }

    /// Offers what was approved.
    pub(super) fn offer(
        &mut self,
        date: Date,
        who: HouseholdNo,
        mine: Mine,
        asked: Asked,
    ) -> Result<Vec<Told>, LoanError> {
        let quote = self.quote(date, &asked)?;
        let offered = Told::Offered {
            mine,
            approved_fen: asked.approved_fen,
            rate_ppm: asked.rate_ppm,
            cost_ppm: quote.cost.annualised_ppm,
            dues: dues(&quote.schedule),
        };
        self.asked.insert((who, mine), asked);
        Ok(vec![offered])
    }

    fn quote(&self, date: Date, asked: &Asked) -> Result<assess::Quote, LoanError> {
        let rate = Rate::from_ppm(asked.rate_ppm).map_err(|error| LoanError::Terms(error.to_string()))?;
        let mut product = self.product(asked)?;
        if self.policy.household_discount_bp > 0 {
            // A discount is a price that the lender has set beside those of the product.
            let product = product.to_mut();
            (product.pricing, product.linked) = (Pricing::One(rate), None);
        }
        quote(&product, Money::new(asked.approved_fen, Currency::CNY), asked.months, date, rate)
    }

    /// Signs and pays out what was offered.
    pub(super) fn draw(
        &mut self,
        world: &mut World,
        date: Date,
        who: HouseholdNo,
        mine: Mine,
    ) -> Result<Vec<Told>, LoanError> {
        let Some(asked) = self.asked.remove(&(who, mine)).filter(|asked| asked.approved_fen > 0) else {
            return Ok(vec![Told::No { code: "wrong_status".to_owned(), back_fen: 0, gives_up: Some(mine) }]);
        };
        let quote = self.quote(date, &asked)?;
        let amount_fen = asked.approved_fen;
        let dues = dues(&quote.schedule);
        let monthly_fen = quote.schedule.monthly_fen(&quote.terms);
        let events =
            vec![LifeEvent { id: Id::from_u128(1), value_date: date, what: Happening::Disbursed { amount_fen } }];
        let mut loan = Loan {
            who,
            mine,
            product: asked.product.clone(),
            asked_on: asked.on,
            drawn_on: date,
            closed_on: None,
            amount_fen,
            terms: quote.terms,
            events,
            worst_days: 0,
            bad_on: None,
            seen: asked.seen.clone(),
            pd_ppm: asked.pd_ppm,
            outstanding_fen: amount_fen,
            unpaid_from: None,
            monthly_fen,
            friend: asked.friend,
        };
        let state = loan.state(date)?;
        loan.settle(&state);
        self.running.insert((who, mine), self.loans.len());
        self.loans.push(loan);
        self.wallet(who, amount_fen);
        self.watch(who, mine, date, &dues);
        if let Some(friend) = asked.friend.filter(|_| self.policy.referral == Referral::AtStake) {
            world.stand_for(who, friend, self.assumed.felt_percent);
            self.stands_for.entry(friend).or_default().push((who, mine));
        }
        if self.policy.insurance && !asked.crops.is_empty() {
            // The money is with the household by tomorrow.
            self.to_insure.push(who);
        }
        Ok(vec![Told::Drawn { mine, amount_fen, dues }])
    }

    /// A loan is paid: nobody stands for it any more.
    pub(super) fn release(&mut self, world: &mut World, who: HouseholdNo, mine: Mine) {
        let friend = self.loans.iter().find(|loan| loan.who == who && loan.mine == mine).and_then(|loan| loan.friend);
        let Some(friend) = friend.filter(|_| self.policy.referral == Referral::AtStake) else { return };
        if let Some(borrowers) = self.stands_for.get_mut(&friend) {
            borrowers.retain(|borrower| *borrower != (who, mine));
        }
        if self.open_loans(who).next().is_none() {
            world.stand_down(who);
        }
    }
}

/// Whether an applicant is among so many percent that are drawn for a purpose: a function of the application, so that one more
/// changes nothing for another.
fn is_drawn(assessment: &Assessment, purpose: &str, percent: i64) -> bool {
    let draw = assessment.application.derive(purpose).0.as_u128() % 100;
    percent > 0 && draw < percent.unsigned_abs().into()
}

/// A rating for which a product has a price: the dearest it knows for those that are worse.
fn known_rating(product: &Product, rating: &str) -> String {
    let known = product.price(Some(rating)).is_ok();
    let worst = ["E", "D", "C", "B", "A"].into_iter().find(|other| product.price(Some(other)).is_ok());
    if known { rating.to_owned() } else { worst.unwrap_or(rating).to_owned() }
}
