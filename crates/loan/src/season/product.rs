//! A seasonal product as one household would have it: limits from the product, rows from what is grown.

use basics::Date;

use crate::season::{ChangeLimits, CropCalendar, Grown, SeasonError, SeasonPlan, SeasonRule, rows};
use crate::{LoanError, LoanTerms, Product, Term};

/// What one household grows, with the lines of the crop calendar that are about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdSeasons {
    calendar: CropCalendar,
    region: String,
    crops: Vec<Grown>,
}

impl Product {
    /// This product for a household in a region with these crops: its [terms](Product::terms) then follow their
    /// harvests.
    ///
    /// Errors if the product does not follow the seasons, or say what the calendar knows instead.
    pub fn for_household(&self, calendar: &CropCalendar, region: &str, crops: &[Grown]) -> Result<Product, LoanError> {
        if self.season.is_none() {
            let problem = format!("{} does not follow the seasons: leave out region and crops", self.code);
            return Err(LoanError::Terms(problem));
        }
        let (calendar, region) = calendar.about(region, crops)?;
        Ok(Product { grown: Some(HouseholdSeasons { calendar, region, crops: crops.to_vec() }), ..self.clone() })
    }

    /// Terms with the rows of the household that the product is for.
    pub(crate) fn seasonal(&self, terms: LoanTerms, term: Term) -> Result<LoanTerms, LoanError> {
        let (Some(rule), Term::Months(months)) = (&self.season, term) else { return Ok(terms) };
        let change = Some(ChangeLimits {
            term_max_months: rule.replan_term_max_months,
            replans_max: rule.replans_max,
            ..ChangeLimits::DEFAULT
        });
        let Some(grown) = &self.grown else { return Ok(LoanTerms { change, ..terms }) };
        let plan = grown.plan(terms.start, months, rule)?;
        Ok(LoanTerms { rows: plan.plan_rows(), season: Some(plan.terms()), change, ..terms })
    }
}

impl HouseholdSeasons {
    /// The rows of a loan from a date on for so many months, with the crops that pay them.
    pub fn plan(&self, start: Date, months: u16, rule: &SeasonRule) -> Result<SeasonPlan, SeasonError> {
        rows(&self.calendar, &self.region, &self.crops, start, months, rule)
    }
}
