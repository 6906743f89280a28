//! What touches change in the sums of a cell: groups of accrued interest, and the portfolio.
//!
//! A step of the close touches hundreds of loans of a few groups. What leaves and enters each sum is gathered first and
//! written once, so that a loan costs an addition and not a row read and written.

use basics::{Cell, Currency, Date};
use door::key;
use door::overlay::{Fault, Overlay};
use loan::{GroupKey, GroupSum};

use crate::holding::{Holding, broken, group_of, group_row, group_row_key};
use crate::tables::{AccrualGroup, Portfolio};

/// What is to be added to the sums of a cell.
#[derive(Default)]
pub(crate) struct SumsChange {
    /// Exact numerator and rate, by group.
    groups: Vec<(GroupKey, i128, i128)>,
    pools: Vec<PoolChange>,
}

/// What is to be added to one row of the portfolio.
struct PoolChange {
    product: String,
    stage: i64,
    class: i64,
    currency: Currency,
    loans: i64,
    principal_minor: i128,
    receivable_minor: i128,
}

/// Whether what a loan holds enters a sum or leaves it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It enters.
    In,
    /// It leaves.
    Out,
}

impl Way {
    fn sign(self) -> i64 {
        match self {
            Way::In => 1,
            Way::Out => -1,
        }
    }
}

/// Of which product and currency a loan or a line is.
#[derive(Clone, Copy)]
pub(crate) struct SumsOf<'a> {
    pub(crate) product: &'a str,
    pub(crate) currency: Currency,
}

fn overflow() -> Fault {
    Fault::Broken("the sums of a cell do not fit 128 bits".to_owned())
}

impl SumsChange {
    /// The accrued interest that a loan holds, as of a day.
    pub(crate) fn accrued(&mut self, of: SumsOf<'_>, holding: &Holding, on: Date, way: Way) -> Result<(), Fault> {
        let Some(accrual) = &holding.accrual else { return Ok(()) };
        let sign = i128::from(way.sign());
        let (exact, rate) = (sign * accrual.at(on).map_err(broken)?, sign * accrual.rate);
        let same = |key: &GroupKey| {
            (key.stage, key.denominator, key.convention) == (holding.stage, accrual.denominator, accrual.convention)
                && (key.product.as_str(), key.currency) == (of.product, of.currency)
        };
        match self.groups.iter_mut().find(|(key, ..)| same(key)) {
            Some((_, sum, rates)) => {
                *sum = sum.checked_add(exact).ok_or_else(overflow)?;
                *rates = rates.checked_add(rate).ok_or_else(overflow)?;
            }
            None => self.groups.push((accrual.key(of.product, holding.stage, of.currency), exact, rate)),
        }
        Ok(())
    }

    /// A running loan or line, with its principal and what is receivable beside it.
    pub(crate) fn running(&mut self, of: SumsOf<'_>, holding: &Holding, principal_minor: i64, way: Way) {
        let (stage, class) = (holding.stage.code(), i64::from(holding.class.0));
        let same = |pool: &PoolChange| {
            (pool.stage, pool.class, pool.currency) == (stage, class, of.currency) && pool.product == of.product
        };
        let place = self.pools.iter().position(same).unwrap_or_else(|| {
            let product = of.product.to_owned();
            let currency = of.currency;
            let nothing =
                PoolChange { product, stage, class, currency, loans: 0, principal_minor: 0, receivable_minor: 0 };
            self.pools.push(nothing);
            self.pools.len() - 1
        });
        let sign = way.sign();
        if let Some(pool) = self.pools.get_mut(place) {
            pool.loans += sign;
            pool.principal_minor += i128::from(sign) * i128::from(principal_minor);
            pool.receivable_minor += i128::from(sign) * holding.receivable_fen();
        }
    }

    /// Writes the sums.
    pub(crate) fn put(self, books: &mut Overlay, cell: Cell) -> Result<(), Fault> {
        for (key, exact, rate) in self.groups {
            let row = books.get::<AccrualGroup>(&group_row_key(cell, &key))?;
            let mut sum = row.map(|row| group_of(&row)).transpose()?.map_or_else(GroupSum::default, |(_, sum)| sum);
            sum.change(key.denominator, exact, rate).map_err(broken)?;
            put_group(books, cell, &key, &sum);
        }
        for pool in self.pools {
            pool.put(books, cell)?;
        }
        Ok(())
    }
}

/// Keeps a group's row, unless nothing is left in it.
pub(crate) fn put_group(books: &mut Overlay, cell: Cell, key: &GroupKey, sum: &GroupSum) {
    if *sum == GroupSum::default() {
        books.remove::<AccrualGroup>(&group_row_key(cell, key));
    } else {
        books.put(&group_row(cell, key, sum));
    }
}

impl PoolChange {
    fn put(self, books: &mut Overlay, cell: Cell) -> Result<(), Fault> {
        let PoolChange { product, stage, class, currency, .. } = self;
        let key = key![cell, product.clone(), stage, class, currency];
        let row = books.get::<Portfolio>(&key)?.unwrap_or(Portfolio {
            cell,
            product,
            stage,
            class,
            currency,
            loans: 0,
            principal_minor: 0,
            receivable_minor: 0,
        });
        let sum = |a: i64, b: i128| {
            let fits = i128::from(a).checked_add(b).and_then(|sum| i64::try_from(sum).ok());
            fits.ok_or_else(|| Fault::Broken("the sums of a portfolio do not fit 64 bits".to_owned()))
        };
        let principal_minor = sum(row.principal_minor, self.principal_minor)?;
        let receivable_minor = sum(row.receivable_minor, self.receivable_minor)?;
        match row.loans + self.loans {
            0 => books.remove::<Portfolio>(&key),
            loans => books.put(&Portfolio { loans, principal_minor, receivable_minor, ..row }),
        }
        Ok(())
    }
}
