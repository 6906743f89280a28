//! The `[line]` table of a product file: the rules of a statement line.

use basics::Money;

use super::Source;
use super::raw::LineTable;
use crate::line::{
    InterestFree, InterestOn, LateFee, LineComponent, LineOrder, LineRules, MerchantRule, PlanOffer, quote,
};
use crate::{InterestBasis, LoanError, Product, Term};

impl Source<'_> {
    /// What only the whole product can tell of its line: that its plans cost no more than the cap allows.
    pub(super) fn check_line(&self, product: &Product) -> Result<(), LoanError> {
        let Some(rules) = &product.line else { return Ok(()) };
        if product.basis != InterestBasis::Daily {
            return Err(self.wrong("interest.basis", "a statement line needs `daily`".to_owned()));
        }
        let (limit, opened) = (Money::new(product.amount_max_fen, product.currency), product.effective_from);
        for rate in product.pricing.rates() {
            let terms = product.line_terms(limit, Term::Months(product.term_max), opened, rate)?;
            let Some(statement) = rules.statement_after(opened) else { continue };
            for plan in &rules.plans {
                quote(&terms, product.amount_max_fen, plan.instalments, statement).map_err(|error| {
                    self.wrong_word("line.plan.fee", &crate::cost::percent(plan.fee_ppm), error.to_string())
                })?;
            }
        }
        Ok(())
    }

    pub(super) fn line(&self, raw: Option<LineTable>) -> Result<Option<LineRules>, LoanError> {
        let Some(raw) = raw else { return Ok(None) };
        let ppm = |field: &str, text: &str| Ok::<i64, LoanError>(self.rate(field, text)?.ppm());
        let merchants = match (raw.only_merchants, raw.except_merchants) {
            (None, None) => MerchantRule::Any,
            (Some(only), None) => MerchantRule::Only(only),
            (None, Some(except)) => MerchantRule::Except(except),
            (Some(_), Some(_)) => {
                let problem = "give either `only_merchants` or `except_merchants`".to_owned();
                return Err(self.wrong("line.only_merchants", problem));
            }
        };
        let rules = LineRules {
            statement_day: raw.statement_day,
            due_day: raw.due_day,
            grace_days: raw.grace_days,
            minimum_ppm: ppm("line.minimum", &raw.minimum)?,
            minimum_floor_fen: self.money("line.minimum_floor", &raw.minimum_floor)?,
            interest_free: self.choice(
                "line.interest_free",
                &raw.interest_free,
                &[
                    ("until-due", InterestFree::UntilDue),
                    ("when-paid-in-full", InterestFree::WhenPaidInFull),
                    ("never", InterestFree::Never),
                ],
            )?,
            interest_on: self.choice(
                "line.interest_on",
                &raw.interest_on,
                &[("principal", InterestOn::Principal), ("principal-and-interest", InterestOn::PrincipalAndInterest)],
            )?,
            late_fee: LateFee {
                ppm: ppm("line.late_fee", &raw.late_fee)?,
                floor_fen: self.money("line.late_fee_floor", &raw.late_fee_floor)?,
            },
            order: self.line_order(&raw.order)?,
            plans: raw
                .plan
                .iter()
                .map(|plan| Ok(PlanOffer { instalments: plan.instalments, fee_ppm: ppm("line.plan.fee", &plan.fee)? }))
                .collect::<Result<_, LoanError>>()?,
            plan_min_fen: self.money("line.plan_min", &raw.plan_min)?,
            settle_fee_ppm: ppm("line.settle_fee", &raw.settle_fee)?,
            merchants,
            purchase_max_fen: match raw.purchase_max.as_deref() {
                Some(text) => Some(self.money("line.purchase_max", text)?),
                None => None,
            },
            block_days: raw.block_days,
            cash_ppm: raw.cash.as_deref().map(|text| ppm("line.cash", text)).transpose()?,
        };
        rules.check().map_err(|(field, problem)| self.wrong(&format!("line.{field}"), problem))?;
        Ok(Some(rules))
    }

    fn line_order(&self, names: &[String]) -> Result<LineOrder, LoanError> {
        const COMPONENTS: [(&str, LineComponent); 6] = [
            ("purchase", LineComponent::Purchase),
            ("instalment", LineComponent::Instalment),
            ("interest", LineComponent::Interest),
            ("penalty", LineComponent::Penalty),
            ("plan-fee", LineComponent::PlanFee),
            ("late-fee", LineComponent::LateFee),
        ];
        if names.is_empty() {
            return Ok(LineOrder::FEES_INTEREST_PRINCIPAL);
        }
        let order: Vec<LineComponent> =
            names.iter().map(|name| self.choice("line.order", name, &COMPONENTS)).collect::<Result<_, _>>()?;
        LineOrder::new(&order).map_err(|_| self.wrong("line.order", "name each of the six components once".to_owned()))
    }
}
