//! In which order money pays what is owed.

use basics::Date;
use minicbor::{Decode, Encode};

use crate::{Component, LoanError};

/// The components of a debt in the order in which money pays them; each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PayOrder([Component; 5]);

impl PayOrder {
    /// Costs, then what is owed for time (interest, compound, penalty), then principal.
    pub const COSTS_INTEREST_PRINCIPAL: PayOrder =
        PayOrder([Component::Fee, Component::Interest, Component::Compound, Component::Penalty, Component::Principal]);

    /// An order. Errors unless every component is there exactly once.
    pub fn new(order: &[Component]) -> Result<PayOrder, LoanError> {
        let complete = Component::ALL.iter().all(|component| order.contains(component));
        match <[Component; 5]>::try_from(order) {
            Ok(order) if complete => Ok(PayOrder(order)),
            _ => Err(LoanError::Terms(
                "an order of payment names fee, interest, compound, penalty and principal once each".to_owned(),
            )),
        }
    }

    /// The components, first paid first.
    pub const fn components(&self) -> &[Component; 5] {
        &self.0
    }
}

impl<C> Encode<C> for PayOrder {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for PayOrder {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let order = <[Component; 5]>::decode(d, ctx)?;
        PayOrder::new(&order).map_err(|e| minicbor::decode::Error::message(e.to_string()))
    }
}

/// Whether money finishes an instalment or a component first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum PayPath {
    /// All components of the oldest instalment, then of the next.
    #[n(0)]
    ByInstalment,
    /// The first component of all instalments from the oldest, then the next component.
    #[n(1)]
    ByComponent,
}

/// The whole rule: order and path, and another order once the loan is long overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct PayRule {
    /// Order of components.
    #[n(0)]
    pub order: PayOrder,
    /// Instalments or components first.
    #[n(1)]
    pub path: PayPath,
    /// The order while the loan is overdue for longer than some days.
    #[n(2)]
    pub late: Option<LateOrder>,
}

impl PayRule {
    /// The order that holds at so many days past due.
    pub fn order_at(&self, days_past_due: u32) -> &PayOrder {
        match &self.late {
            Some(late) if days_past_due > u32::from(late.after_days) => &late.order,
            _ => &self.order,
        }
    }
}

/// The order of payment of a loan that is long overdue, usually principal first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct LateOrder {
    /// Holds at more than this many days past due.
    #[n(0)]
    pub after_days: u16,
    /// Order of components.
    #[n(1)]
    pub order: PayOrder,
}

/// Where an instalment stands on the day money comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum DueStatus {
    /// Its due date has passed.
    #[n(0)]
    PastDue,
    /// It is due that day.
    #[n(1)]
    Due,
    /// Its due date is to come.
    #[n(2)]
    Ahead,
}

impl DueStatus {
    /// Where an instalment due on a date stands.
    pub fn of(due_on: Date, today: Date) -> DueStatus {
        match due_on.cmp(&today) {
            std::cmp::Ordering::Less => DueStatus::PastDue,
            std::cmp::Ordering::Equal => DueStatus::Due,
            std::cmp::Ordering::Greater => DueStatus::Ahead,
        }
    }
}

/// One step of a waterfall: this component of the instalments that stand so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Step {
    /// Which instalments.
    #[n(0)]
    pub status: DueStatus,
    /// Which component.
    #[n(1)]
    pub component: Component,
}

/// Which instalments still to come are paid by money ahead of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum AheadPick {
    /// The next one first.
    #[n(0)]
    Next,
    /// The last one first.
    #[n(1)]
    Last,
    /// All of them in equal parts.
    #[n(2)]
    Spread,
}

/// An order of payment by component and by where an instalment stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Waterfall {
    /// Steps, first paid first.
    #[n(0)]
    pub steps: Vec<Step>,
    /// Whether an instalment or a component is finished first.
    #[n(1)]
    pub path: PayPath,
    /// Which instalments still to come are paid first.
    #[n(2)]
    pub ahead: AheadPick,
    /// When charges of an instalment still to come count as due.
    #[n(3)]
    pub charges: ChargeTiming,
}

/// When the charges of an instalment still to come count as due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ChargeTiming {
    /// With their instalment.
    #[n(0)]
    WithInstalment,
    /// On their own date: then they are paid before anything that is ahead of its time.
    #[n(1)]
    OwnDate,
}

/// Steps of one status, as money meets them one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) status: DueStatus,
    pub(crate) components: Vec<Component>,
}

impl Waterfall {
    /// Oldest instalment first, its components in one order when due and in another ahead of its time.
    pub fn oldest_first(due: &[Component], ahead: &[Component]) -> Waterfall {
        let of = |status, order: &[Component]| {
            order.iter().map(|component| Step { status, component: *component }).collect::<Vec<_>>()
        };
        Waterfall {
            steps: [of(DueStatus::PastDue, due), of(DueStatus::Due, due), of(DueStatus::Ahead, ahead)].concat(),
            path: PayPath::ByInstalment,
            ahead: AheadPick::Next,
            charges: ChargeTiming::WithInstalment,
        }
    }

    /// By instalment: the components of each status together, in the order in which the statuses first appear.
    /// By component: every step for itself.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        let mut stages: Vec<Stage> = Vec::new();
        for step in &self.steps {
            let open = match self.path {
                PayPath::ByInstalment => stages.iter_mut().find(|stage| stage.status == step.status),
                PayPath::ByComponent => None,
            };
            match open {
                Some(stage) => stage.components.push(step.component),
                None => stages.push(Stage { status: step.status, components: vec![step.component] }),
            }
        }
        stages
    }
}

/// What became of money that came in: the parts it paid, and what was left over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Allocation {
    /// Principal paid, minor units.
    #[n(0)]
    pub principal_fen: i64,
    /// Contract interest paid, minor units.
    #[n(1)]
    pub interest_fen: i64,
    /// Fees paid, minor units.
    #[n(2)]
    pub fee_fen: i64,
    /// Penalty paid, minor units.
    #[n(3)]
    pub penalty_fen: i64,
    /// Compound interest paid, minor units.
    #[n(4)]
    pub compound_fen: i64,
    /// Kept as a credit balance; less than nothing where an earlier credit was used up.
    #[n(5)]
    pub excess_fen: i64,
}
