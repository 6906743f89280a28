//! The exposure of a household 统一授信: everything it owes or may come to owe, against the limits it is held to.

use std::collections::BTreeMap;

use basics::Rounding;
use basics::money::{div_round, format_minor};

use crate::LoanError;

/// One thing a household owes, was promised, or stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What kind.
    pub kind: ClaimKind,
    /// Owed now: principal of a loan, used limit of a line, what is guaranteed of another's debt. Minor units.
    pub owed_fen: i64,
    /// Promised and not yet drawn. Minor units.
    pub promised_fen: i64,
}

/// What kind of claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// A loan or a line of this product.
    Own {
        /// Product code.
        product: String,
    },
    /// A guarantee given for somebody else's debt 对外担保.
    Guarantee {
        /// What it counts for, parts per million: 500,000 counts half.
        weight_ppm: i64,
    },
}

/// The limits a household is held to, as a rule pack gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExposureLimits {
    /// Cap of everything together, minor units; `None` for no cap.
    pub household_cap_fen: Option<i64>,
    /// Caps by product code, minor units.
    pub product_caps_fen: BTreeMap<String, i64>,
}

/// A household's exposure, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HouseholdExposure {
    /// Owed by the household itself.
    pub owed_fen: i64,
    /// Promised to it and not drawn.
    pub promised_fen: i64,
    /// Guarantees given, in full.
    pub guaranteed_fen: i64,
    /// Guarantees given, by their weights, each rounded up.
    pub weighted_guarantees_fen: i64,
    /// What counts against the household's cap: owed, promised and weighted guarantees.
    pub total_fen: i64,
    /// Owed and promised, by product.
    pub by_product_fen: BTreeMap<String, i64>,
}

/// Why more would be too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExposureRefusal {
    /// The household's cap.
    #[error("the household's exposure is {} of at most {}: {} is left", format_minor(*total_fen),
        format_minor(*cap_fen), format_minor((cap_fen - total_fen).max(0)))]
    Household {
        /// What counts already, minor units.
        total_fen: i64,
        /// The cap, minor units.
        cap_fen: i64,
    },
    /// A product's cap.
    #[error("under {product} the household has {} of at most {}: {} is left", format_minor(*total_fen),
        format_minor(*cap_fen), format_minor((cap_fen - total_fen).max(0)))]
    Product {
        /// Product code.
        product: String,
        /// What counts already, minor units.
        total_fen: i64,
        /// The cap, minor units.
        cap_fen: i64,
    },
}

/// Adds up what a household owes, was promised and stands for. Errors if a figure does not fit.
///
/// ```
/// use loan::facility::exposure::{Claim, ClaimKind, ExposureLimits, exposure};
/// let own = |product: &str, owed_fen, promised_fen| Claim {
///     kind: ClaimKind::Own { product: product.to_owned() },
///     owed_fen,
///     promised_fen,
/// };
/// let claims = [
///     own("season-bullet", 3_000_000, 0),
///     own("short-working-capital", 0, 1_000_000),
///     Claim { kind: ClaimKind::Guarantee { weight_ppm: 500_000 }, owed_fen: 1_000_001, promised_fen: 0 },
/// ];
/// let limits = ExposureLimits { household_cap_fen: Some(5_000_000), ..ExposureLimits::default() };
/// let sum = exposure(&claims)?;
/// assert_eq!((sum.weighted_guarantees_fen, sum.total_fen), (500_001, 4_500_001));
/// assert!(sum.check(&limits, "season-bullet", 499_999).is_ok());
/// assert_eq!(
///     sum.check(&limits, "season-bullet", 500_000).map_err(|refusal| refusal.to_string()),
///     Err("the household's exposure is 45000.01 of at most 50000.00: 4999.99 is left".to_owned())
/// );
/// # Ok::<(), loan::LoanError>(())
/// ```
pub fn exposure(claims: &[Claim]) -> Result<HouseholdExposure, LoanError> {
    let mut sum = HouseholdExposure::default();
    for claim in claims {
        match &claim.kind {
            ClaimKind::Own { product } => {
                sum.owed_fen = add(sum.owed_fen, claim.owed_fen)?;
                sum.promised_fen = add(sum.promised_fen, claim.promised_fen)?;
                let slot = sum.by_product_fen.entry(product.clone()).or_default();
                *slot = add(*slot, add(claim.owed_fen, claim.promised_fen)?)?;
            }
            ClaimKind::Guarantee { weight_ppm } => {
                let full_fen = add(claim.owed_fen, claim.promised_fen)?;
                sum.guaranteed_fen = add(sum.guaranteed_fen, full_fen)?;
                let weighted = i128::from(full_fen) * i128::from(*weight_ppm);
                let weighted_fen = div_round(weighted, 1_000_000, Rounding::Ceiling).ok_or(TOO_LARGE)?;
                sum.weighted_guarantees_fen = add(sum.weighted_guarantees_fen, weighted_fen)?;
            }
        }
    }
    sum.total_fen = add(add(sum.owed_fen, sum.promised_fen)?, sum.weighted_guarantees_fen)?;
    Ok(sum)
}

impl HouseholdExposure {
    /// Whether so much more of a product fits under every limit. Errors name the first that does not hold.
    pub fn check(&self, limits: &ExposureLimits, product: &str, more_fen: i64) -> Result<(), ExposureRefusal> {
        let passes = |total_fen: i64, cap_fen: i64| i128::from(total_fen) + i128::from(more_fen) > i128::from(cap_fen);
        if let Some(cap_fen) = limits.household_cap_fen.filter(|cap_fen| passes(self.total_fen, *cap_fen)) {
            return Err(ExposureRefusal::Household { total_fen: self.total_fen, cap_fen });
        }
        let total_fen = self.by_product_fen.get(product).copied().unwrap_or(0);
        match limits.product_caps_fen.get(product).copied().filter(|cap_fen| passes(total_fen, *cap_fen)) {
            Some(cap_fen) => Err(ExposureRefusal::Product { product: product.to_owned(), total_fen, cap_fen }),
            None => Ok(()),
        }
    }

    /// The most that may be added of a product, never less than nothing; `None` if nothing caps it.
    pub fn room_fen(&self, limits: &ExposureLimits, product: &str) -> Option<i64> {
        let of_household = limits.household_cap_fen.map(|cap_fen| cap_fen.saturating_sub(self.total_fen));
        let used_fen = self.by_product_fen.get(product).copied().unwrap_or(0);
        let of_product = limits.product_caps_fen.get(product).map(|cap_fen| cap_fen.saturating_sub(used_fen));
        [of_household, of_product].into_iter().flatten().min().map(|room_fen| room_fen.max(0))
    }
}

const TOO_LARGE: LoanError = LoanError::Overflow("the exposure of a household");

fn add(a: i64, b: i64) -> Result<i64, LoanError> {
    a.checked_add(b).ok_or(TOO_LARGE)
}
