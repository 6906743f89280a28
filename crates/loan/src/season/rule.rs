//! How a product lets principal follow the seasons.

/// The `[season]` section of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeasonRule {
    /// Days after the end of the month of income on which its row falls due: 0 is the last day of the month.
    pub days_after_month_end: u8,
    /// No row falls due earlier than so many days after the start.
    pub first_row_days_min: u16,
    /// Least share of the principal in one row, ppm; a smaller one joins the next row.
    pub least_share_ppm: i64,
    /// Most rows.
    pub rows_max: u16,
    /// Codes of the crops it lends on; none named is any.
    pub crops: Vec<String>,
    /// Most re-plans in the life of a loan.
    pub replans_max: u16,
    /// Longest term with all re-plans and deferrals, months from the first disbursement.
    pub replan_term_max_months: u16,
    /// Observed income this far below what was expected proposes a re-plan, ppm of the expected.
    pub shortfall_ppm: i64,
}

impl Default for SeasonRule {
    /// Month end, a month after the start at the earliest, rows of a twentieth or more, at most 24 rows, any crop; one
    /// re-plan within 36 months once three tenths of the expected income stay out.
    fn default() -> SeasonRule {
        SeasonRule {
            days_after_month_end: 0,
            first_row_days_min: 30,
            least_share_ppm: 50_000,
            rows_max: 24,
            crops: Vec::new(),
            replans_max: 1,
            replan_term_max_months: 36,
            shortfall_ppm: 300_000,
        }
    }
}
