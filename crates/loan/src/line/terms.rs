//! What was signed: the terms of one line, and the rules of its product.

use basics::money::div_round;
use basics::{Currency, Date, DayCount, Money, Rate, Rounding};
use minicbor::{Decode, Encode};

use crate::terms::rounding_code;
use crate::{LoanError, LoanTerms, Parts, ProductRef};

/// What the debt of a line is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum LineComponent {
    /// Purchases at merchants 消费本金.
    #[n(0)]
    Purchase,
    /// Principal of conversion plans, billed or not 分期本金.
    #[n(1)]
    Instalment,
    /// Interest 利息.
    #[n(2)]
    Interest,
    /// Interest at the overdue rate while a minimum is missed 罚息.
    #[n(3)]
    Penalty,
    /// Fees of conversion plans 分期手续费.
    #[n(4)]
    PlanFee,
    /// Fees for a missed minimum 违约金.
    #[n(5)]
    LateFee,
}

impl LineComponent {
    /// All components, in the order of their codes.
    pub const ALL: [LineComponent; 6] = [
        LineComponent::Purchase,
        LineComponent::Instalment,
        LineComponent::Interest,
        LineComponent::Penalty,
        LineComponent::PlanFee,
        LineComponent::LateFee,
    ];

    /// Whether it is money lent, and so uses the limit.
    pub const fn is_principal(self) -> bool {
        matches!(self, LineComponent::Purchase | LineComponent::Instalment)
    }
}

/// An amount of each component, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct LineParts {
    /// Purchases.
    #[n(0)]
    pub purchase_fen: i64,
    /// Principal of plans.
    #[n(1)]
    pub instalment_fen: i64,
    /// Interest.
    #[n(2)]
    pub interest_fen: i64,
    /// Interest at the overdue rate.
    #[n(3)]
    pub penalty_fen: i64,
    /// Fees of plans.
    #[n(4)]
    pub plan_fee_fen: i64,
    /// Late fees.
    #[n(5)]
    pub late_fee_fen: i64,
}

impl LineParts {
    /// Nothing of anything.
    pub const ZERO: LineParts = LineParts {
        purchase_fen: 0,
        instalment_fen: 0,
        interest_fen: 0,
        penalty_fen: 0,
        plan_fee_fen: 0,
        late_fee_fen: 0,
    };

    /// The amount of one component.
    pub const fn get(&self, component: LineComponent) -> i64 {
        match component {
            LineComponent::Purchase => self.purchase_fen,
            LineComponent::Instalment => self.instalment_fen,
            LineComponent::Interest => self.interest_fen,
            LineComponent::Penalty => self.penalty_fen,
            LineComponent::PlanFee => self.plan_fee_fen,
            LineComponent::LateFee => self.late_fee_fen,
        }
    }

    /// Adds to one component. Errors on overflow.
    pub fn put(&mut self, component: LineComponent, amount_fen: i64) -> Result<(), LoanError> {
        let slot = match component {
            LineComponent::Purchase => &mut self.purchase_fen,
            LineComponent::Instalment => &mut self.instalment_fen,
            LineComponent::Interest => &mut self.interest_fen,
            LineComponent::Penalty => &mut self.penalty_fen,
            LineComponent::PlanFee => &mut self.plan_fee_fen,
            LineComponent::LateFee => &mut self.late_fee_fen,
        };
        *slot = slot.checked_add(amount_fen).ok_or(LoanError::Overflow("the sum of a line"))?;
        Ok(())
    }

    /// All components together. Errors on overflow.
    pub fn total_fen(&self) -> Result<i64, LoanError> {
        LineComponent::ALL
            .iter()
            .try_fold(0i64, |sum, c| sum.checked_add(self.get(*c)))
            .ok_or(LoanError::Overflow("the sum of a line"))
    }

    /// Purchases and plans: what uses the limit. Errors on overflow.
    pub fn principal_fen(&self) -> Result<i64, LoanError> {
        self.purchase_fen.checked_add(self.instalment_fen).ok_or(LoanError::Overflow("the sum of a line"))
    }

    /// The same as the parts of a loan: purchases and plans are principal, fees of every kind are fees. Errors on overflow.
    pub fn parts(&self) -> Result<Parts, LoanError> {
        let fee_fen = self.plan_fee_fen.checked_add(self.late_fee_fen);
        Ok(Parts {
            principal_fen: self.principal_fen()?,
            interest_fen: self.interest_fen,
            fee_fen: fee_fen.ok_or(LoanError::Overflow("the sum of a line"))?,
            penalty_fen: self.penalty_fen,
            compound_fen: 0,
        })
    }

    /// The difference, component by component. Errors on overflow.
    pub fn minus(&self, other: &LineParts) -> Result<LineParts, LoanError> {
        let mut result = *self;
        for component in LineComponent::ALL {
            let less = other.get(component).checked_neg().ok_or(LoanError::Overflow("the sum of a line"))?;
            result.put(component, less)?;
        }
        Ok(result)
    }
}

/// In which order money pays the components of one statement; each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineOrder([LineComponent; 6]);

impl LineOrder {
    /// Fees, then interest, then principal.
    pub const FEES_INTEREST_PRINCIPAL: LineOrder = LineOrder([
        LineComponent::LateFee,
        LineComponent::PlanFee,
        LineComponent::Interest,
        LineComponent::Penalty,
        LineComponent::Instalment,
        LineComponent::Purchase,
    ]);

    /// An order. Errors unless every component is there exactly once.
    pub fn new(order: &[LineComponent]) -> Result<LineOrder, LoanError> {
        let complete = LineComponent::ALL.iter().all(|component| order.contains(component));
        match <[LineComponent; 6]>::try_from(order) {
            Ok(order) if complete => Ok(LineOrder(order)),
            _ => Err(LoanError::Terms(
                "an order of payment of a line names late-fee, plan-fee, interest, penalty, instalment and purchase \
                 once each"
                    .to_owned(),
            )),
        }
    }

    /// The components, first paid first.
    pub const fn components(&self) -> &[LineComponent; 6] {
        &self.0
    }
}

impl<C> Encode<C> for LineOrder {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for LineOrder {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let order = <[LineComponent; 6]>::decode(d, ctx)?;
        LineOrder::new(&order).map_err(|e| minicbor::decode::Error::message(e.to_string()))
    }
}

/// Until when a purchase bears no interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum InterestFree {
    /// To the due date of its statement in any case; what is unpaid bears interest from there on.
    #[n(0)]
    UntilDue,
    /// To the due date if its statement is paid in full by then; if not, from the day of the purchase on.
    #[n(1)]
    WhenPaidInFull,
    /// Never: interest from the day of the purchase on.
    #[n(2)]
    Never,
}

/// What bears interest once something does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum InterestOn {
    /// Purchases and billed instalments.
    #[n(0)]
    Principal,
    /// These, and interest that was billed and is not paid 复利.
    #[n(1)]
    PrincipalAndInterest,
}

/// What a missed minimum costs, once a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct LateFee {
    /// Parts per million of what the minimum lacks.
    #[n(0)]
    pub ppm: i64,
    /// At least this, minor units; but never more than what is lacking.
    #[n(1)]
    pub floor_fen: i64,
}

/// At which merchants the line may be used, by category code.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum MerchantRule {
    /// At all.
    #[n(0)]
    Any,
    /// At those of these categories.
    #[n(1)]
    Only(#[n(0)] Vec<String>),
    /// At all but those of these categories.
    #[n(2)]
    Except(#[n(0)] Vec<String>),
}

impl MerchantRule {
    /// Whether it lets a category in.
    pub fn allows(&self, category: &str) -> bool {
        match self {
            MerchantRule::Any => true,
            MerchantRule::Only(these) => these.iter().any(|code| code == category),
            MerchantRule::Except(these) => !these.iter().any(|code| code == category),
        }
    }
}

/// One conversion plan on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct PlanOffer {
    /// Into how many monthly instalments.
    #[n(0)]
    pub instalments: u16,
    /// Fee with each instalment, parts per million of the amount converted.
    #[n(1)]
    pub fee_ppm: i64,
}

/// The rules of a line, as its product sets them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LineRules {
    /// Day of the month on which the statement is cut, 1 to 28.
    #[n(0)]
    pub statement_day: u8,
    /// Day of the month on which it is due, 1 to 28: the first such day after the statement.
    #[n(1)]
    pub due_day: u8,
    /// Days after the due date within which paying is in time 容时; they end before the next statement.
    #[n(2)]
    pub grace_days: u16,
    /// Share of purchases in the minimum payment, parts per million.
    #[n(3)]
    pub minimum_ppm: i64,
    /// Least minimum payment, minor units.
    #[n(4)]
    pub minimum_floor_fen: i64,
    /// Until when purchases bear no interest.
    #[n(5)]
    pub interest_free: InterestFree,
    /// What bears interest.
    #[n(6)]
    pub interest_on: InterestOn,
    /// What a missed minimum costs.
    #[n(7)]
    pub late_fee: LateFee,
    /// Order of payment within a statement.
    #[n(8)]
    pub order: LineOrder,
    /// Conversion plans on offer.
    #[n(9)]
    pub plans: Vec<PlanOffer>,
    /// Least amount that may be converted, minor units.
    #[n(10)]
    pub plan_min_fen: i64,
    /// Fee for settling a plan early, parts per million of its principal not yet billed.
    #[n(11)]
    pub settle_fee_ppm: i64,
    /// At which merchants it may be used.
    #[n(12)]
    pub merchants: MerchantRule,
    /// Largest single purchase, minor units; `None` for the limit alone.
    #[n(13)]
    pub purchase_max_fen: Option<i64>,
    /// Purchases are refused from this many days past due on; `None` for never.
    #[n(14)]
    pub block_days: Option<u16>,
    /// Share of the limit that may be outstanding as cash, parts per million; `None` where no cash is drawn.
    #[n(15)]
    #[cbor(default)]
    pub cash_ppm: Option<i64>,
}

impl LineRules {
    /// Longest conversion plan, in instalments.
    pub const INSTALMENTS_MAX: u16 = 60;

    /// Errors with the field and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |field, problem: &str| Err((field, problem.to_owned()));
        if !(1..=28).contains(&self.statement_day) {
            return wrong("statement_day", "must be a day of the month from 1 to 28");
        }
        if !(1..=28).contains(&self.due_day) || self.due_day == self.statement_day {
            return wrong("due_day", "must be a day of the month from 1 to 28, and not the statement day");
        }
        if i32::from(self.grace_days) >= self.due_to_statement_days() {
            let days = self.due_to_statement_days() - 1;
            return Err(("grace_days", format!("must end before the next statement: at most {days} days")));
        }
        if !(0..=1_000_000).contains(&self.minimum_ppm) {
            return wrong("minimum", "must be a share from 0 to 100 %");
        }
        let amounts = [
            ("minimum_floor", self.minimum_floor_fen),
            ("late_fee_floor", self.late_fee.floor_fen),
            ("late_fee", self.late_fee.ppm),
            ("plan_min", self.plan_min_fen),
            ("settle_fee", self.settle_fee_ppm),
        ];
        if let Some((field, _)) = amounts.iter().find(|(_, value)| *value < 0) {
            return wrong(field, "must not be less than nothing");
        }
        if let Some((field, _)) = amounts.iter().find(|(_, value)| *value > LoanTerms::AMOUNT_FEN_MAX) {
            return wrong(field, "must not be more than 10,000,000,000,000.00");
        }
        if self.cash_ppm.is_some_and(|share| !(1..=1_000_000).contains(&share)) {
            return wrong("cash", "must be a share of the limit, more than 0 and at most 100 %");
        }
        if self.purchase_max_fen.is_some_and(|max| max <= 0) {
            return wrong("purchase_max", "must be more than 0.00");
        }
        for (index, offer) in self.plans.iter().enumerate() {
            if !(2..=Self::INSTALMENTS_MAX).contains(&offer.instalments) {
                return wrong("plan.instalments", "must be from 2 to 60");
            }
            if !(0..=1_000_000).contains(&offer.fee_ppm) {
                return wrong("plan.fee", "must be from 0 to 100 % of the amount converted");
            }
            if self.plans.iter().take(index).any(|other| other.instalments == offer.instalments) {
                return wrong("plan.instalments", "two plans have as many instalments");
            }
        }
        Ok(())
    }

    /// Least number of days from a due date to the next statement.
    fn due_to_statement_days(&self) -> i32 {
        let (due, statement) = (i32::from(self.due_day), i32::from(self.statement_day));
        if due < statement { statement - due } else { 28 - due + statement }
    }

    /// The first statement day after a date; `None` past the years that are kept.
    pub fn statement_after(&self, date: Date) -> Option<Date> {
        next_day_of_month(date, self.statement_day)
    }

    /// The due date of the statement cut on a date; `None` past the years that are kept.
    pub fn due_after(&self, statement: Date) -> Option<Date> {
        next_day_of_month(statement, self.due_day)
    }

    /// The plan of so many instalments, if it is on offer.
    pub fn offer(&self, instalments: u16) -> Option<&PlanOffer> {
        self.plans.iter().find(|offer| offer.instalments == instalments)
    }
}

/// The first date after `date` that is this day of a month.
fn next_day_of_month(date: Date, day: u8) -> Option<Date> {
    let this = date.first_of_month().add_days(i32::from(day) - 1);
    if this > date { Some(this) } else { this.add_months(1).ok().filter(|next| *next > date) }
}

/// The terms of one line. Later versions of the product do not touch them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LineTerms {
    /// Product and version signed under.
    #[n(0)]
    pub product: ProductRef,
    /// Limit at opening.
    #[n(1)]
    pub limit: Money,
    /// First day of the line.
    #[n(2)]
    pub opened: Date,
    /// Last day on which it may be used; what is owed runs on.
    #[n(3)]
    pub valid_to: Date,
    /// Interest a year.
    #[n(4)]
    pub rate: Rate,
    /// Interest a year while a minimum is missed, in the place of `rate`.
    #[n(5)]
    pub overdue_rate: Rate,
    /// Day count.
    #[n(6)]
    pub day_count: DayCount,
    /// How fractions of a minor unit are rounded.
    #[cbor(n(7), with = "rounding_code")]
    pub rounding: Rounding,
    /// The product's rules.
    #[n(8)]
    pub rules: LineRules,
    /// Cap of the annualised cost of a conversion, where the rules set one.
    #[n(9)]
    pub cost_cap: Option<Rate>,
}

impl LineTerms {
    /// The currency of the line.
    pub fn currency(&self) -> Currency {
        self.limit.currency()
    }

    /// Errors, saying why, if no line can be run on these terms.
    pub fn check(&self) -> Result<(), LoanError> {
        let wrong = |why: String| Err(LoanError::Terms(why));
        if !self.limit.is_positive() || self.limit.minor() > LoanTerms::AMOUNT_FEN_MAX {
            return wrong("the limit must be more than nothing and at most 10,000,000,000,000.00".to_owned());
        }
        if self.valid_to < self.opened {
            return wrong("the line must not end before it begins".to_owned());
        }
        if !self.day_count.adds_up_by_days() {
            return wrong(format!("interest of a line grows day by day, which {} does not", self.day_count.as_str()));
        }
        if self.overdue_rate < self.rate {
            return wrong("the overdue rate must not be less than the rate".to_owned());
        }
        match self.rules.check() {
            Ok(()) => Ok(()),
            Err((field, problem)) => wrong(format!("line.{field}: {problem}")),
        }
    }

    /// `ppm` of an amount, rounded. Errors on overflow.
    pub(crate) fn share_fen(&self, amount_fen: i64, ppm: i64) -> Result<i64, LoanError> {
        div_round(i128::from(amount_fen) * i128::from(ppm), 1_000_000, self.rounding)
            .ok_or(LoanError::Overflow("a share of an amount"))
    }
}
