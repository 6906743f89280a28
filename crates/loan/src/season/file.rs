//! Reading the `[season]` table of a product file.

use basics::Rate;
use serde::Deserialize;

use crate::season::{CropCalendar, SeasonRule};

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeasonTable {
    due: String,
    #[serde(default)]
    days_after: u8,
    first_row_days: u16,
    least_share: String,
    rows_max: u16,
    #[serde(default)]
    crops: Vec<String>,
    replans_max: u16,
    replan_term_max: u16,
    shortfall: String,
}

/// The rule of a table; errors are the field and what to write instead.
pub(crate) fn season_rule(table: &SeasonTable) -> Result<SeasonRule, (&'static str, String)> {
    let percent = |field: &'static str, text: &str| {
        Rate::parse_percent(text)
            .map(Rate::ppm)
            .map_err(|e| (field, e.to_string()))
            .and_then(|ppm| if ppm <= 1_000_000 { Ok(ppm) } else { Err((field, "must be at most 100".to_owned())) })
    };
    let wrong = |field, problem: &str| Err((field, problem.to_owned()));
    if table.due != "month-end" {
        return wrong("season.due", "write `month-end`, and `days_after` where rows fall due some days after it");
    }
    if table.days_after > 31 {
        return wrong("season.days_after", "must be at most 31");
    }
    if table.rows_max == 0 || table.rows_max > 120 {
        return wrong("season.rows_max", "must be from 1 to 120");
    }
    if table.replan_term_max == 0 || table.replan_term_max > 600 {
        return wrong("season.replan_term_max", "must be from 1 to 600 months");
    }
    // A crop may be one of an institution's own calendar; its code must at least be one.
    if let Some(crop) = table.crops.iter().find(|crop| !CropCalendar::is_code(crop)) {
        return Err(("season.crops", format!("`{crop}` is no crop code: use small letters, digits and hyphens")));
    }
    Ok(SeasonRule {
        days_after_month_end: table.days_after,
        first_row_days_min: table.first_row_days,
        least_share_ppm: percent("season.least_share", &table.least_share)?,
        rows_max: table.rows_max,
        crops: table.crops.clone(),
        replans_max: table.replans_max,
        replan_term_max_months: table.replan_term_max,
        shortfall_ppm: percent("season.shortfall", &table.shortfall)?,
    })
}
