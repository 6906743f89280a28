//! The shape of a product file, before anything in it is understood.

use serde::Deserialize;

use crate::season::file::SeasonTable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductFile {
    pub(super) code: String,
    pub(super) version: u32,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) effective_from: String,
    pub(super) effective_to: Option<String>,
    pub(super) currency: String,
    pub(super) method: String,
    pub(super) uses: Vec<String>,
    pub(super) amount: AmountTable,
    pub(super) term: TermTable,
    pub(super) interest: InterestTable,
    pub(super) overdue: OverdueTable,
    pub(super) payment: PaymentTable,
    #[serde(default)]
    pub(super) fee: Vec<FeeTable>,
    pub(super) cost: Option<CostTable>,
    pub(super) spacing: Option<SpacingTable>,
    pub(super) settlement: Option<SettlementTable>,
    pub(super) grace: Option<GraceTable>,
    #[serde(default)]
    pub(super) instalment: InstalmentTable,
    pub(super) roll: Option<RollTable>,
    pub(super) prepayment: Option<PrepaymentTable>,
    pub(super) payout: Option<PayoutTable>,
    pub(super) conditions: Option<ConditionsTable>,
    pub(super) season: Option<SeasonTable>,
    #[serde(default)]
    pub(super) harvest: Vec<HarvestTable>,
    #[serde(default)]
    pub(super) row: Vec<RowTable>,
    pub(super) line: Option<LineTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AmountTable {
    pub(super) min: String,
    pub(super) max: String,
    pub(super) multiple: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TermTable {
    pub(super) unit: String,
    pub(super) min: u16,
    pub(super) max: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterestTable {
    pub(super) rate: Option<String>,
    #[serde(default)]
    pub(super) price: Vec<PriceTable>,
    pub(super) reference: Option<ReferenceTable>,
    pub(super) discount: Option<String>,
    pub(super) basis: String,
    pub(super) day_count: String,
    pub(super) rounding: Option<String>,
}

/// A price for a rating: a rate, or what is added to a published one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceTable {
    pub(super) rating: String,
    pub(super) rate: Option<String>,
    pub(super) spread: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferenceTable {
    pub(super) rates: Vec<ReferenceRow>,
    pub(super) spread: Option<String>,
    pub(super) reset: String,
    pub(super) every_months: Option<u16>,
    pub(super) ceiling: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferenceRow {
    pub(super) code: String,
    pub(super) months_max: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverdueTable {
    pub(super) penalty_uplift: String,
    pub(super) compound: String,
    pub(super) grace_days: u16,
    pub(super) misuse_uplift: Option<String>,
    pub(super) non_accrual_days: Option<u16>,
    pub(super) re_age: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentTable {
    pub(super) path: String,
    pub(super) order: Vec<String>,
    pub(super) late: Option<LateTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LateTable {
    pub(super) after_days: u16,
    pub(super) order: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeeTable {
    pub(super) code: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) when: String,
    pub(super) flat: Option<String>,
    pub(super) percent: Option<String>,
    pub(super) of: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) date: Option<String>,
    pub(super) days_after_start: Option<u16>,
    pub(super) after_days: Option<u16>,
    pub(super) payer: Option<String>,
    #[serde(default = "lender")]
    pub(super) collector: String,
}

fn lender() -> String {
    "lender".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CostTable {
    pub(super) cap: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpacingTable {
    pub(super) every: u16,
    pub(super) unit: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettlementTable {
    pub(super) every: String,
    pub(super) day: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GraceTable {
    #[serde(default)]
    pub(super) principal: u16,
    #[serde(default)]
    pub(super) interest: u16,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstalmentTable {
    pub(super) multiple: Option<String>,
    pub(super) down_payment: Option<String>,
    pub(super) fixed_length_days: Option<u16>,
    pub(super) tranches_max: Option<u16>,
    pub(super) tranches_within_days: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RollTable {
    pub(super) rule: String,
    pub(super) calendar: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrepaymentTable {
    pub(super) allowed: String,
    #[serde(default)]
    pub(super) notice_days: u16,
    pub(super) fee_flat: Option<String>,
    pub(super) fee_percent: Option<String>,
    #[serde(default)]
    pub(super) strategies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutTable {
    pub(super) mode: String,
    pub(super) entrusted_from: Option<String>,
    #[serde(default)]
    pub(super) evidence_days: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionsTable {
    pub(super) spouse: String,
    pub(super) guarantee: Option<String>,
    pub(super) guarantee_form: Option<String>,
    pub(super) guarantee_months: Option<u16>,
    #[serde(default)]
    pub(super) evidence: Vec<String>,
    pub(super) insurance: Option<String>,
    pub(super) on_event: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HarvestTable {
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) share: String,
}

/// A row of the product's own plan: a share of the principal in percent, or an amount.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowTable {
    pub(super) due: String,
    pub(super) share: Option<String>,
    pub(super) amount: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineTable {
    pub(super) statement_day: u8,
    pub(super) due_day: u8,
    #[serde(default)]
    pub(super) grace_days: u16,
    pub(super) minimum: String,
    pub(super) minimum_floor: String,
    pub(super) interest_free: String,
    pub(super) interest_on: String,
    pub(super) late_fee: String,
    pub(super) late_fee_floor: String,
    #[serde(default)]
    pub(super) order: Vec<String>,
    #[serde(default)]
    pub(super) plan: Vec<PlanTable>,
    pub(super) plan_min: String,
    pub(super) settle_fee: String,
    pub(super) only_merchants: Option<Vec<String>>,
    pub(super) except_merchants: Option<Vec<String>>,
    pub(super) purchase_max: Option<String>,
    pub(super) block_days: Option<u16>,
    pub(super) cash: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanTable {
    pub(super) instalments: u16,
    pub(super) fee: String,
}
