//! What the calendar and the weather ask of the lender: lessons in the villages, claims, rows put off after a disaster.

use basics::Date;
use loan::season::{BorrowerConsent, Consents, DeferredInterest, DeferredScope, GuarantorConsent, Programme, offer};
use loan::{Component, Happening, LifeEvent, LoanError};

use super::{Cover, Lender};
use crate::deed::{HouseholdNo, Reply, Told};
use crate::world::{Disaster, Reaped, World};

/// Part of a crop that has to be lost before its loans are put off, millionths: what counts as a disaster.
const LOST_PPM: i64 = 300_000;
/// Months by which rows are put off: to the next harvest.
const PUT_OFF_MONTHS: i32 = 12;
/// Days in a year.
const YEAR_DAYS: i32 = 365;

impl Lender<'_> {
    /// What a day brings beside what people do. Gives what they are told of it.
    pub(super) fn nature(&mut self, world: &mut World, date: Date) -> Result<Vec<Reply>, LoanError> {
        self.teach(world, date);
        for who in std::mem::take(&mut self.to_insure) {
            self.insure(world, date, who);
        }
        if let Some(claims) = self.claims.remove(&date) {
            for (who, fen) in claims {
                world.pay_claim(who, fen);
                self.tally.claims_fen += fen;
            }
        }
        if date.day() != 1 {
            return Ok(Vec::new());
        }
        // What ripened last month is known now.
        let ripe = date.add_days(-1);
        if self.policy.insurance {
            self.assess_claims(world, ripe);
        }
        if self.policy.deferral { self.put_off(world, ripe, date) } else { Ok(Vec::new()) }
    }

    /// Lessons are held village after village, so that each has as many a year as the policy wants.
    fn teach(&mut self, world: &mut World, date: Date) {
        let lessons = self.policy.lessons_a_year;
        if lessons == 0 {
            return;
        }
        let (day, villages) = (i64::from(date - self.first), i64::from(world.villages()));
        let held = |days: i64| days * lessons * villages / i64::from(YEAR_DAYS);
        for nth in held(day)..held(day + 1) {
            let village = (nth % villages) as u32;
            let terms = (self.assumed.lesson_come_percent, self.assumed.lesson_points);
            let came = world.teach(village, date, terms);
            self.tally.lessons += 1;
            self.tally.lesson_km += came.first().map_or(0, |who| world.km_to_town(*who));
        }
    }

    /// A year's cover for a household's crops: it pays its part of the premium, and is covered as far as it paid.
    fn insure(&mut self, world: &mut World, date: Date, who: HouseholdNo) {
        if self.file(who).and_then(|file| file.cover).is_some_and(|cover| cover.until >= date) {
            return;
        }
        let sum: i64 = world.harvests(who).iter().map(|reaped| self.sum_insured(reaped)).sum();
        let premium_fen = sum * self.assumed.premium_bp / 10_000;
        let paid_fen = world.pay_premium(who, premium_fen);
        self.tally.premiums_fen += paid_fen;
        let paid_ppm = if premium_fen > 0 { paid_fen.saturating_mul(1_000_000) / premium_fen } else { 1_000_000 };
        if let Some(file) = self.file_mut(who).filter(|_| paid_ppm > 0) {
            file.cover = Some(Cover { from: date, until: date.add_days(YEAR_DAYS), paid_ppm });
        }
    }

    /// Sum insured of a field, in fen.
    fn sum_insured(&self, reaped: &Reaped) -> i64 {
        let crop = self.county.crop.iter().find(|crop| crop.code == reaped.crop);
        let usual = crop.map_or(0, |crop| i64::from(reaped.area) * crop.yield_kg * crop.price_fen / 100);
        usual * self.assumed.insured_percent / 100
    }

    /// By the village's yield, not the household's own: nobody is paid for farming badly.
    fn assess_claims(&mut self, world: &World, ripe: Date) {
        let pay_on = ripe.add_days(self.assumed.claim_days as i32);
        let mut claims = Vec::new();
        for (number, file) in (0..).map(HouseholdNo).zip(&self.files) {
            // A crop of the month in which the cover begins stands ripe, or lost, already.
            let covers = |cover: &Cover| cover.from < ripe.first_of_month() && ripe <= cover.until;
            let Some(cover) = file.cover.filter(covers) else { continue };
            for reaped in world.harvests(number).iter().filter(|r| r.ripe_month == i64::from(ripe.month())) {
                let lost_ppm = 1_000_000 - reaped.yield_ppm - self.assumed.deductible_percent * 10_000;
                let whole_fen = self.sum_insured(reaped) / 1_000 * lost_ppm.max(0) / 1_000;
                let fen = whole_fen / 1_000 * cover.paid_ppm / 1_000 / 100 * 100;
                if fen > 0 {
                    claims.push((number, fen));
                }
            }
        }
        if !claims.is_empty() {
            self.claims.entry(pay_on).or_default().extend(claims);
        }
    }

    /// Puts off what lost crops were to pay, loan by loan, by the platform's own programme.
    fn put_off(&mut self, world: &World, ripe: Date, date: Date) -> Result<Vec<Reply>, LoanError> {
        let mut told = Vec::new();
        for ((who, mine), at) in &self.running {
            let lost: Vec<Reaped> = world.harvests(*who).into_iter().filter(|r| is_lost(r, ripe)).collect();
            let Some(loan) = self.loans.get_mut(*at).filter(|_| !lost.is_empty()) else { continue };
            // A loan that does not say which crops repay it is put off whole, if it is for farming.
            let follows = loan.terms.season.is_some();
            if !follows && loan.terms.rows.is_empty() && loan.product != "season-bullet" {
                continue;
            }
            let programme = Programme {
                document: format!("lost harvest {ripe}"),
                event_on: ripe.first_of_month(),
                crops: if follows { lost.into_iter().map(|reaped| reaped.crop).collect() } else { Vec::new() },
                to: date.add_months(PUT_OFF_MONTHS).unwrap_or(date),
                scope: DeferredScope::Principal,
                interest: DeferredInterest::RunsOn,
            };
            let Ok(Some(offered)) = offer(&loan.terms, &loan.events, &programme) else { continue };
            let mut deferral = offered.deferral;
            deferral.consent =
                Consents { borrower: BorrowerConsent::NoBurden, guarantor: GuarantorConsent::NoGuarantor };
            let number = loan.events.len() as u128 + 1;
            let event = LifeEvent::new(number, offered.on, Happening::Deferred(deferral));
            loan.events.push(event);
            // A change that the loan's limits do not allow leaves it as it was.
            let Ok(state) = loan.state(date) else {
                loan.events.pop();
                continue;
            };
            loan.settle(&state);
            self.tally.deferred += 1;
            let open = |row: &loan::InstalmentState| {
                let fen: i64 = Component::ALL.iter().map(|component| row.unpaid_fen(*component)).sum();
                (fen > 0).then_some((row.due_on, fen))
            };
            let dues: Vec<(Date, i64)> = state.instalments.iter().filter_map(open).collect();
            told.push(((*who, *mine), dues));
        }
        for ((who, mine), dues) in &told {
            self.watch(*who, *mine, date, dues);
        }
        let reply = |((household, mine), dues)| Reply { household, told: Told::Changed { mine, dues } };
        Ok(told.into_iter().map(reply).collect())
    }
}

fn is_lost(reaped: &Reaped, ripe: Date) -> bool {
    let is_disaster = matches!(reaped.befell, Some(Disaster::Drought | Disaster::Flood | Disaster::Pest));
    reaped.ripe_month == i64::from(ripe.month()) && is_disaster && reaped.yield_ppm <= 1_000_000 - LOST_PPM
}
