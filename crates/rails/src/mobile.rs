//! e-CNY and mobile payment: orders as JSON over a signed line.
//!
//! Each provider has an interface of its own; this is the shape that an institution's gateway is asked to speak, and that the sandbox
//! bank speaks. The documents are public so that both sides use the same.

use std::sync::atomic::{AtomicU64, Ordering};

use basics::{Currency, Date, Money};
use serde::{Deserialize, Serialize};

use crate::line::{Came, Line};
use crate::payment::{
    Credit, Flow, Notice, OrderId, Party, PaymentOrder, PaymentRail, RailError, Settled, Standing, Statement,
    StatementLine, Way,
};

const JSON: &str = "application/json";

/// An amount with its currency, `{"amount": "12.50", "currency": "CNY"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountDocument {
    /// A decimal of two places.
    pub amount: String,
    /// Three capital letters.
    pub currency: String,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderDocument {
    /// Its id.
    pub id: String,
    /// `pay_out` or `collect`.
    pub way: String,
    /// How much.
    #[serde(flatten)]
    pub amount: AmountDocument,
    /// Name of the other side.
    pub name: String,
    /// Its account.
    pub account: String,
    /// Its bank.
    pub bank: String,
    /// What for.
    pub purpose: String,
    /// The day it is to be done.
    pub on: String,
    /// The last day on which it may be taken.
    pub last_day: String,
}

/// How an order stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingDocument {
    /// The order.
    pub id: String,
    /// `unknown`, `pending`, `settled` or `refused`.
    pub state: String,
    /// Of one that is settled: what was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Its currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The rail's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Of one that is refused: the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// And the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Money that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditDocument {
    /// The rail's reference.
    pub reference: String,
    /// How much.
    #[serde(flatten)]
    pub amount: AmountDocument,
    /// When.
    pub on: String,
    /// What the payer wrote.
    pub words: String,
}

/// What is told without being asked, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDocument {
    /// Its number, from 1.
    pub number: u64,
    /// What became of orders.
    pub orders: Vec<StandingDocument>,
    /// Money that came in.
    pub credits: Vec<CreditDocument>,
}

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineDocument {
    /// The rail's reference.
    pub reference: String,
    /// The order, if it belongs to one.
    pub order: Option<String>,
    /// How much.
    #[serde(flatten)]
    pub amount: AmountDocument,
    /// `in` or `out`.
    pub flow: String,
    /// Words.
    pub words: String,
}

/// The statement of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementDocument {
    /// Its id.
    pub id: String,
    /// The account.
    pub account: String,
    /// The day.
    pub day: String,
    /// Currency of the account.
    pub currency: String,
    /// Balance before.
    pub opening: String,
    /// Balance after.
    pub closing: String,
    /// Its lines.
    pub lines: Vec<LineDocument>,
}

fn garbled(what: &str) -> RailError {
    RailError::Garbled(format!("its {what} cannot be read"))
}

fn money(amount: &str, currency: &str) -> Result<Money, RailError> {
    let currency = Currency::parse(currency).map_err(|_| garbled("currency"))?;
    Money::parse(amount, currency).map_err(|_| garbled("amount"))
}

fn date(text: &str) -> Result<Date, RailError> {
    Date::parse(text).map_err(|_| garbled("date"))
}

fn order_id(text: &str) -> Result<OrderId, RailError> {
    OrderId::parse(text).ok_or_else(|| garbled("id of an order"))
}

impl AmountDocument {
    /// The document of an amount.
    pub fn of(amount: Money) -> AmountDocument {
        let (text, currency) = (basics::money::format_minor(amount.minor()), amount.currency().to_string());
        AmountDocument { amount: text, currency }
    }

    /// The amount. Errors for what is none, or is not more than nothing.
    pub fn read(&self) -> Result<Money, RailError> {
        money(&self.amount, &self.currency).and_then(|found| {
            if found.is_positive() { Ok(found) } else { Err(garbled("amount, which must be more than 0.00,")) }
        })
    }
}

impl OrderDocument {
    /// The document of an order.
    pub fn of(order: &PaymentOrder) -> OrderDocument {
        let Party { name, account, bank } = order.party.clone();
        OrderDocument {
            id: order.id.to_string(),
            way: match order.way {
                Way::PayOut => "pay_out",
                Way::Collect => "collect",
            }
            .to_owned(),
            amount: AmountDocument::of(order.amount),
            name,
            account,
            bank,
            purpose: order.purpose.clone(),
            on: order.on.to_string(),
            last_day: order.last_day.to_string(),
        }
    }

    /// The order. Errors for what is none.
    pub fn read(&self) -> Result<PaymentOrder, RailError> {
        let way = match self.way.as_str() {
            "pay_out" => Way::PayOut,
            "collect" => Way::Collect,
            _ => return Err(garbled("way")),
        };
        let party = Party { name: self.name.clone(), account: self.account.clone(), bank: self.bank.clone() };
        Ok(PaymentOrder {
            id: order_id(&self.id)?,
            way,
            amount: self.amount.read()?,
            party,
            purpose: self.purpose.clone(),
            on: date(&self.on)?,
            last_day: date(&self.last_day)?,
        })
    }
}

impl StandingDocument {
    /// The document of how an order stands.
    pub fn of(id: &OrderId, standing: &Standing) -> StandingDocument {
        let plain = |state: &str| StandingDocument {
            id: id.to_string(),
            state: state.to_owned(),
            ..StandingDocument::default()
        };
        match standing {
            Standing::Unknown => plain("unknown"),
            Standing::Pending => plain("pending"),
            Standing::Settled(done) => {
                let AmountDocument { amount, currency } = AmountDocument::of(done.amount);
                StandingDocument {
                    amount: Some(amount),
                    currency: Some(currency),
                    on: Some(done.on.to_string()),
                    reference: Some(done.reference.clone()),
                    ..plain("settled")
                }
            }
            Standing::Refused { code, reason } => {
                StandingDocument { code: Some(code.clone()), reason: Some(reason.clone()), ..plain("refused") }
            }
        }
    }

    /// The order and how it stands. Errors if a part that belongs to the state is missing.
    pub fn read(&self) -> Result<(OrderId, Standing), RailError> {
        let part = |part: &Option<String>, what: &str| part.clone().ok_or_else(|| garbled(what));
        let standing = match self.state.as_str() {
            "unknown" => Standing::Unknown,
            "pending" => Standing::Pending,
            "settled" => Standing::Settled(Settled {
                amount: AmountDocument {
                    amount: part(&self.amount, "amount")?,
                    currency: part(&self.currency, "currency")?,
                }
                .read()?,
                on: date(&part(&self.on, "date")?)?,
                reference: part(&self.reference, "reference")?,
            }),
            "refused" => Standing::Refused { code: part(&self.code, "code")?, reason: part(&self.reason, "reason")? },
            _ => return Err(garbled("state")),
        };
        Ok((order_id(&self.id)?, standing))
    }
}

impl NoticeDocument {
    /// The document of a notice.
    pub fn of(number: u64, notice: &Notice) -> NoticeDocument {
        let credit = |credit: &Credit| CreditDocument {
            reference: credit.reference.clone(),
            amount: AmountDocument::of(credit.amount),
            on: credit.on.to_string(),
            words: credit.words.clone(),
        };
        NoticeDocument {
            number,
            orders: notice.orders.iter().map(|(id, standing)| StandingDocument::of(id, standing)).collect(),
            credits: notice.credits.iter().map(credit).collect(),
        }
    }

    /// The notice.
    pub fn read(&self) -> Result<Notice, RailError> {
        let credit = |credit: &CreditDocument| {
            let CreditDocument { reference, amount, on, words } = credit.clone();
            Ok(Credit { reference, amount: amount.read()?, on: date(&on)?, words })
        };
        Ok(Notice {
            name: self.number.to_string(),
            orders: self.orders.iter().map(StandingDocument::read).collect::<Result<_, _>>()?,
            credits: self.credits.iter().map(credit).collect::<Result<_, RailError>>()?,
        })
    }
}

impl StatementDocument {
    /// The document of a statement.
    pub fn of(told: &Statement) -> StatementDocument {
        let shown = |amount: Money| basics::money::format_minor(amount.minor());
        let line = |line: &StatementLine| LineDocument {
            reference: line.reference.clone(),
            order: line.order.as_ref().map(OrderId::to_string),
            amount: AmountDocument::of(line.amount),
            flow: if line.flow == Flow::In { "in" } else { "out" }.to_owned(),
            words: line.words.clone(),
        };
        StatementDocument {
            id: told.id.clone(),
            account: told.account.clone(),
            day: told.day.to_string(),
            currency: told.closing.currency().to_string(),
            opening: shown(told.opening),
            closing: shown(told.closing),
            lines: told.lines.iter().map(line).collect(),
        }
    }

    /// The statement, checked to add up.
    pub fn read(&self) -> Result<Statement, RailError> {
        let line = |line: &LineDocument| {
            let flow = match line.flow.as_str() {
                "in" => Flow::In,
                "out" => Flow::Out,
                _ => return Err(garbled("flow")),
            };
            let order = line.order.as_deref().map(order_id).transpose()?;
            let LineDocument { reference, amount, words, .. } = line.clone();
            Ok(StatementLine { reference, order, amount: amount.read()?, flow, words })
        };
        let statement = Statement {
            id: self.id.clone(),
            account: self.account.clone(),
            day: date(&self.day)?,
            opening: money(&self.opening, &self.currency)?,
            closing: money(&self.closing, &self.currency)?,
            lines: self.lines.iter().map(line).collect::<Result<_, _>>()?,
        };
        statement.check().map_err(|error| RailError::Garbled(error.to_string()))?;
        Ok(statement)
    }
}

/// A gateway that speaks JSON over a signed line.
#[derive(Debug)]
pub struct MobileRail {
    name: String,
    line: Line,
    handled: AtomicU64,
}

impl MobileRail {
    /// A rail of this name over a line.
    pub fn new(name: &str, line: Line) -> MobileRail {
        MobileRail { name: name.to_owned(), line, handled: AtomicU64::new(0) }
    }
}

fn parsed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, RailError> {
    serde_json::from_slice(body).map_err(|error| RailError::Garbled(error.to_string()))
}

/// How the order that was asked about stands; an answer about another is none.
pub(crate) fn of_asked(asked: &OrderId, told: (OrderId, Standing)) -> Result<Standing, RailError> {
    let (id, standing) = told;
    if id == *asked {
        return Ok(standing);
    }
    Err(RailError::Garbled(format!("asked about order {asked}, it answers about {id}")))
}

impl PaymentRail for MobileRail {
    fn name(&self) -> &str {
        &self.name
    }

    fn submit(&self, order: &PaymentOrder) -> Result<Standing, RailError> {
        let body = serde_json::to_vec(&OrderDocument::of(order)).map_err(|e| RailError::Garbled(e.to_string()))?;
        match self.line.post("/v1/orders", JSON, &body)? {
            Came::Body(body) => of_asked(&order.id, parsed::<StandingDocument>(&body)?.read()?),
            Came::Nothing => Err(RailError::Garbled("it has no place for orders".to_owned())),
        }
    }

    fn query(&self, id: &OrderId) -> Result<Standing, RailError> {
        match self.line.get(&format!("/v1/orders/{id}"))? {
            Came::Body(body) => of_asked(id, parsed::<StandingDocument>(&body)?.read()?),
            Came::Nothing => Ok(Standing::Unknown),
        }
    }

    fn notices(&self) -> Result<Vec<Notice>, RailError> {
        let after = self.handled.load(Ordering::SeqCst);
        match self.line.get(&format!("/v1/notices/{after}"))? {
            Came::Body(body) => parsed::<Vec<NoticeDocument>>(&body)?.iter().map(NoticeDocument::read).collect(),
            Came::Nothing => Ok(Vec::new()),
        }
    }

    fn handled(&self, notice: &Notice) -> Result<(), RailError> {
        let number = notice.name.parse().map_err(|_| garbled("number of a notice"))?;
        self.handled.fetch_max(number, Ordering::SeqCst);
        Ok(())
    }

    fn statement(&self, day: Date) -> Result<Statement, RailError> {
        match self.line.get(&format!("/v1/statements/{day}"))? {
            Came::Body(body) => parsed::<StatementDocument>(&body)?.read(),
            Came::Nothing => Err(RailError::NoAnswer(format!("it has no statement of {day} yet"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::{Cell, Id};

    #[test]
    fn documents_come_through_and_what_lacks_a_part_does_not() {
        let id = OrderId::of(Cell(3), Id::from_u128(1));
        let on = Date::ymd(2026, 3, 2).unwrap();
        let amount = Money::new(12_345, Currency::CNY);
        let order = PaymentOrder {
            id: id.clone(),
            way: Way::Collect,
            amount,
            party: Party { name: "张三".into(), account: "6222".into(), bank: "102".into() },
            purpose: "充值".into(),
            on,
            last_day: on,
        };
        assert_eq!(OrderDocument::of(&order).read(), Ok(order));
        let settled = Standing::Settled(Settled { amount, on, reference: "R1".into() });
        let refused = Standing::Refused { code: "AC04".into(), reason: "closed".into() };
        for standing in [Standing::Unknown, Standing::Pending, settled.clone(), refused] {
            assert_eq!(StandingDocument::of(&id, &standing).read(), Ok((id.clone(), standing)));
        }
        let whole = StandingDocument::of(&id, &settled);
        for (lacking, what) in [
            (StandingDocument { amount: None, ..whole.clone() }, "amount"),
            (StandingDocument { reference: None, ..whole.clone() }, "reference"),
            (StandingDocument { on: Some("2026-13-01".into()), ..whole.clone() }, "date"),
            (
                StandingDocument { amount: Some("0.00".into()), ..whole.clone() },
                "amount, which must be more than 0.00,",
            ),
            (StandingDocument { state: "done".into(), ..whole.clone() }, "state"),
            (StandingDocument { id: " ".into(), ..whole.clone() }, "id of an order"),
        ] {
            assert_eq!(lacking.read(), Err(garbled(what)));
        }
        let other = OrderId::of(Cell(3), Id::from_u128(2));
        assert!(matches!(of_asked(&other, (id, settled)), Err(RailError::Garbled(_))), "an answer about another order");
    }
}
