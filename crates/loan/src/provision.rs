//! What is set aside for a loan: by the regulator's floors, and by expected loss, beside each other.
//!
//! All rates come from a [rule pack](crate::rules); probabilities may come from a model in their place.
//! Amounts are minor units; each is rounded half up once, at the end.

use std::collections::BTreeMap;
use std::fmt;

use basics::money::{div_round, format_minor};
use basics::{Rate, Rounding};
use minicbor::{Decode, Encode};

use crate::rules::{AllowanceBasis, LossRates, Rules, Standing};
use crate::{LoanClass, LoanError};

/// LossStage of expected loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum LossStage {
    /// Risk as at the beginning: loss from defaults within twelve months.
    #[n(1)]
    TwelveMonths,
    /// Risk has increased significantly: loss over the life of the loan.
    #[n(2)]
    Lifetime,
    /// Impaired: it is in default.
    #[n(3)]
    Impaired,
}

impl LossStage {
    /// 1, 2 or 3.
    pub const fn number(self) -> u8 {
        match self {
            LossStage::TwelveMonths => 1,
            LossStage::Lifetime => 2,
            LossStage::Impaired => 3,
        }
    }

    /// The stage of a number; `None` beside 1, 2 and 3.
    pub const fn of_number(number: u8) -> Option<LossStage> {
        match number {
            1 => Some(LossStage::TwelveMonths),
            2 => Some(LossStage::Lifetime),
            3 => Some(LossStage::Impaired),
            _ => None,
        }
    }

    /// The stage of a loan by its days past due and its class, whichever says the worse.
    pub fn of(rules: &Rules, days_past_due: u32, class: LoanClass) -> LossStage {
        let stages = &rules.stages;
        if days_past_due > stages.impaired_over_days || class >= stages.impaired_from_class {
            LossStage::Impaired
        } else if days_past_due > stages.lifetime_over_days || class >= stages.lifetime_from_class {
            LossStage::Lifetime
        } else {
            LossStage::TwelveMonths
        }
    }
}

/// What a provision is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Principal outstanding, minor units: what the floors are a part of.
    pub principal_fen: i64,
    /// Interest and fees that the books show as receivable, minor units; none of it for a non-accrual loan.
    pub receivable_fen: i64,
    /// Days past due.
    pub days_past_due: u32,
    /// Class.
    pub class: LoanClass,
}

/// What is set aside for one loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provision {
    /// Floor on every loan 一般准备, minor units.
    pub general_fen: i64,
    /// Floor by class 专项准备, minor units.
    pub specific_fen: i64,
    /// LossStage of expected loss.
    pub stage: LossStage,
    /// Expected loss: probability × part lost × exposure, minor units.
    pub expected_fen: i64,
    /// Which of the two the rules book.
    pub basis: AllowanceBasis,
}

impl Provision {
    /// General and specific floor together, at most the principal they are measured on.
    pub fn floor_fen(&self, principal_fen: i64) -> i64 {
        self.general_fen.saturating_add(self.specific_fen).min(principal_fen.max(0))
    }

    /// What has to stand in the books, as the rules choose between floor and expected loss.
    pub fn needed_fen(&self, principal_fen: i64) -> i64 {
        self.basis.needed_fen(self.floor_fen(principal_fen), self.expected_fen)
    }
}

/// What to set aside for a loan, with the pack's own rates of loss for all products.
///
/// ```
/// use basics::Date;
/// use loan::provision::{Exposure, LossStage, provision};
/// use loan::rules::RulePack;
/// let rules = RulePack::shipped("cn-rural")?.on(Date::ymd(2026, 9, 29)?)?;
/// let class = rules.matrix.class(91);
/// let exposure = Exposure { principal_fen: 5_000_000, receivable_fen: 0, days_past_due: 91, class };
/// let aside = provision(&rules, &exposure)?;
/// assert_eq!((aside.specific_fen, aside.stage), (1_250_000, LossStage::Impaired));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn provision(rules: &Rules, exposure: &Exposure) -> Result<Provision, LoanError> {
    provision_at(rules, exposure, &rules.loss, specific_of(rules, exposure))
}

/// What to set aside for a loan of a product, with the pack's rates of loss for it: what the [books](Allowance::of) set aside.
pub(crate) fn provision_of(rules: &Rules, product: &str, exposure: &Exposure) -> Result<Provision, LoanError> {
    provision_at(rules, exposure, rules.loss_of(product), specific_of(rules, exposure))
}

fn specific_of(rules: &Rules, exposure: &Exposure) -> Rate {
    rules.specific.get(usize::from(exposure.class.0)).map_or(Rate::ZERO, |specific| specific.rate)
}

/// What to set aside for a loan, with a model's probabilities and the institution's own rate for the class.
///
/// Errors if the rate is outside what the rules allow for the class, or a probability is over 100 %.
pub fn provision_at(
    rules: &Rules,
    exposure: &Exposure,
    loss: &LossRates,
    specific: Rate,
) -> Result<Provision, LoanError> {
    let Some(allowed) = rules.specific.get(usize::from(exposure.class.0)) else {
        return Err(LoanError::Rules(format!("class {} is not on the ladder", exposure.class.0)));
    };
    let (low, high) = allowed.bounds();
    if !(low..=high).contains(&specific.ppm()) {
        return Err(LoanError::Rules(format!(
            "a specific provision of {specific} % is outside {} to {} %",
            crate::cost::percent(low),
            crate::cost::percent(high)
        )));
    }
    let whole = Rate::from_ppm(1_000_000).map_err(|e| LoanError::Rules(e.to_string()))?;
    if [loss.default_in_a_year, loss.default_in_its_life, loss.given_default].iter().any(|rate| *rate > whole) {
        return Err(LoanError::Rules("a probability or a part lost is more than 100 %".to_owned()));
    }
    let stage = LossStage::of(rules, exposure.days_past_due, exposure.class);
    let default = loss.default_in(stage).unwrap_or(whole);
    let at_default_fen =
        exposure.principal_fen.checked_add(exposure.receivable_fen).ok_or(LoanError::Overflow("the exposure"))?;
    Ok(Provision {
        general_fen: part(exposure.principal_fen, rules.general_provision)?,
        specific_fen: part(exposure.principal_fen, specific)?,
        stage,
        expected_fen: expected_fen(at_default_fen, default, loss.given_default)?,
        basis: rules.allowance_basis,
    })
}

/// `exposure × probability × part lost`, rounded half up once.
pub fn expected_fen(exposure_fen: i64, default: Rate, given_default: Rate) -> Result<i64, LoanError> {
    let numerator = i128::from(exposure_fen) * i128::from(default.ppm()) * i128::from(given_default.ppm());
    div_round(numerator, 1_000_000_000_000, Rounding::HalfUp).ok_or(LoanError::Overflow("the expected loss"))
}

fn part(amount_fen: i64, rate: Rate) -> Result<i64, LoanError> {
    div_round(i128::from(amount_fen) * i128::from(rate.ppm()), 1_000_000, Rounding::HalfUp)
        .ok_or(LoanError::Overflow("a provision"))
}

impl LossRates {
    /// Probability of default that counts in a stage; `None` for a loan that is in default.
    pub const fn default_in(&self, stage: LossStage) -> Option<Rate> {
        match stage {
            LossStage::TwelveMonths => Some(self.default_in_a_year),
            LossStage::Lifetime => Some(self.default_in_its_life),
            LossStage::Impaired => None,
        }
    }
}

/// Loans of one product, stage and class taken together, as a close of the books has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool<'a> {
    /// Code of the product.
    pub product: &'a str,
    /// Stage of expected loss.
    pub stage: LossStage,
    /// Class.
    pub class: LoanClass,
    /// Principal outstanding, minor units: what the floors are a part of.
    pub principal_fen: i64,
    /// Interest, penalty and fees that the books show as receivable, accrued or due, minor units.
    pub receivable_fen: i64,
}

/// What the books set aside for loans: floors and expected loss beside each other. Minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// General and specific floors.
    pub floor_fen: i64,
    /// Expected loss of stages 1, 2 and 3.
    pub expected_fen: [i64; 3],
    /// What has to stand in the books, as the rules choose between the two.
    pub needed_fen: i64,
}

impl Allowance {
    /// Sums up pools. Floors are rounded half up by pool, expected loss by product and stage; where the larger of the two
    /// is booked, it is the larger of all loans of one product in one stage, which share their rates of loss.
    ///
    /// ```
    /// use basics::Date;
    /// use loan::LoanClass;
    /// use loan::provision::{Allowance, LossStage, Pool};
    /// use loan::rules::RulePack;
    /// let rules = RulePack::shipped("cn-rural")?.on(Date::ymd(2026, 9, 29)?)?;
    /// let pool = |stage, class, principal_fen| Pool { product: "a", stage, class, principal_fen, receivable_fen: 0 };
    /// let pools = [
    ///     pool(LossStage::TwelveMonths, LoanClass(0), 100_000_000),
    ///     pool(LossStage::Impaired, LoanClass(2), 5_000_000),
    /// ];
    /// let aside = Allowance::of(&rules, pools)?;
    /// // 1 % of all; 25 % of what is substandard. 2.5 % × 45 %; 45 %.
    /// assert_eq!(aside.floor_fen, 1_000_000 + 50_000 + 1_250_000);
    /// assert_eq!(aside.expected_fen, [1_125_000, 0, 2_250_000]);
    /// assert_eq!(aside.needed_fen, 1_125_000 + 2_250_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Errors if a class is not on the ladder, or a sum does not fit.
    pub fn of<'a>(rules: &Rules, pools: impl IntoIterator<Item = Pool<'a>>) -> Result<Allowance, LoanError> {
        let mut stages = BTreeMap::<(&str, LossStage), (i64, i64)>::new();
        for pool in pools {
            let Some(specific) = rules.specific.get(usize::from(pool.class.0)) else {
                return Err(LoanError::Rules(format!("class {} is not on the ladder", pool.class.0)));
            };
            let floor = rules.general_provision.ppm().saturating_add(specific.rate.ppm()).min(1_000_000);
            let (floor_fen, exposed_fen) = stages.entry((pool.product, pool.stage)).or_default();
            put(
                floor_fen,
                part(pool.principal_fen, Rate::from_ppm(floor).map_err(|e| LoanError::Rules(e.to_string()))?)?,
            )?;
            put(exposed_fen, pool.principal_fen)?;
            put(exposed_fen, pool.receivable_fen)?;
        }
        let whole = Rate::from_ppm(1_000_000).map_err(|e| LoanError::Rules(e.to_string()))?;
        let mut sum = Allowance::default();
        for ((product, stage), (floor_fen, exposed_fen)) in stages {
            let loss = rules.loss_of(product);
            let expected = expected_fen(exposed_fen, loss.default_in(stage).unwrap_or(whole), loss.given_default)?;
            put(&mut sum.floor_fen, floor_fen)?;
            if let Some(of_stage) = sum.expected_fen.get_mut(usize::from(stage.number() - 1)) {
                put(of_stage, expected)?;
            }
            put(&mut sum.needed_fen, rules.allowance_basis.needed_fen(floor_fen, expected))?;
        }
        Ok(sum)
    }
}

/// What the general risk reserve 一般风险准备 is raised by at the end of a year: up to the rules' part of all loans (rounded half up), from
/// profit, never more than there is. It is not lowered. Minor units; errors on overflow.
pub fn reserve_change_fen(rules: &Rules, loans_fen: i64, profit_fen: i64, stands_fen: i64) -> Result<i64, LoanError> {
    let Some(rate) = rules.general_reserve else { return Ok(0) };
    let lacking = part(loans_fen, rate)?.saturating_sub(stands_fen);
    Ok(lacking.min(profit_fen).max(0))
}

/// A book of loans with what is set aside for it.
///
/// Its text form is the table that is looked at when the books are closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookProvision {
    /// By class, in the order of the ladder.
    pub classes: Vec<ClassSum>,
    /// Principal of all loans, minor units.
    pub loans_fen: i64,
    /// Principal of loans that do not perform, minor units.
    pub non_performing_fen: i64,
    /// General floor, minor units.
    pub general_fen: i64,
    /// Specific floor, minor units.
    pub specific_fen: i64,
    /// Expected loss by stage 1, 2 and 3, minor units.
    pub expected_fen: [i64; 3],
    /// What has to stand in the books: of each loan, what the rules choose of floor and expected loss.
    pub needed_fen: i64,
}

/// The loans of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassSum {
    /// English name of the class.
    pub name: String,
    /// How many loans.
    pub loans: u64,
    /// Their principal, minor units.
    pub principal_fen: i64,
    /// Their specific floor, minor units.
    pub specific_fen: i64,
    /// Their expected loss, minor units.
    pub expected_fen: i64,
}

/// A ratio of coverage with its floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Allowance over the base, parts per million, rounded down; `None` where the base is nothing.
    pub ratio_ppm: Option<i64>,
    /// What it should be at least.
    pub floor: Rate,
}

impl Coverage {
    /// Allowance over a base, both minor units, cut to whole parts per million.
    pub fn of(allowance_fen: i64, base_fen: i64, floor: Rate) -> Coverage {
        let ratio_ppm = (base_fen > 0)
            .then(|| div_round(i128::from(allowance_fen) * 1_000_000, i128::from(base_fen), Rounding::Floor))
            .flatten();
        Coverage { ratio_ppm, floor }
    }

    /// Whether the floor is reached; a base of nothing is covered.
    pub fn holds(&self) -> bool {
        self.ratio_ppm.is_none_or(|ratio| ratio >= self.floor.ppm())
    }
}

impl BookProvision {
    /// The sums of a book. Errors on overflow, or if a class is not on the ladder.
    pub fn of<'a>(
        rules: &Rules,
        loans: impl IntoIterator<Item = &'a (Exposure, Provision)>,
    ) -> Result<BookProvision, LoanError> {
        let mut book = BookProvision {
            classes: rules
                .classes
                .iter()
                .map(|rung| ClassSum {
                    name: rung.name_en.clone(),
                    loans: 0,
                    principal_fen: 0,
                    specific_fen: 0,
                    expected_fen: 0,
                })
                .collect(),
            loans_fen: 0,
            non_performing_fen: 0,
            general_fen: 0,
            specific_fen: 0,
            expected_fen: [0; 3],
            needed_fen: 0,
        };
        for (exposure, aside) in loans {
            let principal = exposure.principal_fen;
            let Some(class) = book.classes.get_mut(usize::from(exposure.class.0)) else {
                return Err(LoanError::Rules(format!("class {} is not on the ladder", exposure.class.0)));
            };
            class.loans += 1;
            put(&mut class.principal_fen, principal)?;
            put(&mut class.specific_fen, aside.specific_fen)?;
            put(&mut class.expected_fen, aside.expected_fen)?;
            put(&mut book.loans_fen, principal)?;
            if rules.standing(exposure.class) == Standing::NonPerforming {
                put(&mut book.non_performing_fen, principal)?;
            }
            put(&mut book.general_fen, aside.general_fen)?;
            put(&mut book.specific_fen, aside.specific_fen)?;
            if let Some(stage) = book.expected_fen.get_mut(usize::from(aside.stage.number() - 1)) {
                put(stage, aside.expected_fen)?;
            }
            put(&mut book.needed_fen, aside.needed_fen(principal))?;
        }
        Ok(book)
    }

    /// Allowance over non-performing loans 拨备覆盖率, and its floor.
    pub fn to_non_performing(&self, rules: &Rules, allowance_fen: i64) -> Coverage {
        Coverage::of(allowance_fen, self.non_performing_fen, rules.allowance_to_non_performing)
    }

    /// Allowance over all loans 贷款拨备率, and its floor.
    pub fn to_loans(&self, rules: &Rules, allowance_fen: i64) -> Coverage {
        Coverage::of(allowance_fen, self.loans_fen, rules.allowance_to_loans)
    }
}

impl fmt::Display for BookProvision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "class              loans     principal      specific expected loss")?;
        for class in &self.classes {
            writeln!(
                f,
                "{:<16} {:>7} {:>13} {:>13} {:>13}",
                class.name,
                class.loans,
                format_minor(class.principal_fen),
                format_minor(class.specific_fen),
                format_minor(class.expected_fen)
            )?;
        }
        let [one, two, three] = self.expected_fen;
        writeln!(
            f,
            "all loans {}, not performing {}; general floor {}, specific floor {}",
            format_minor(self.loans_fen),
            format_minor(self.non_performing_fen),
            format_minor(self.general_fen),
            format_minor(self.specific_fen)
        )?;
        writeln!(
            f,
            "expected loss by stage {} / {} / {}; needed {}",
            format_minor(one),
            format_minor(two),
            format_minor(three),
            format_minor(self.needed_fen)
        )
    }
}

fn put(sum: &mut i64, amount_fen: i64) -> Result<(), LoanError> {
    *sum = sum.checked_add(amount_fen).ok_or(LoanError::Overflow("the sums of a book"))?;
    Ok(())
}
