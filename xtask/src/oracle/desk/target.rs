//! Which transaction or charge an event is about.

use loan::{ChargeDue, Happening, PostedKind};
use serde_json::Value;

use super::{Desk, Line};
use crate::oracle::{Stop, expect, read};

impl Desk {
    /// The transaction that an event is about.
    pub(super) fn target(&self, event: &Value) -> Result<u128, Stop> {
        let target = event.get("target").cloned().unwrap_or(Value::Null);
        let nth = usize::try_from(read::whole(&target, "nth").unwrap_or(1)).unwrap_or(1).saturating_sub(1);
        let date = read::date(&target, "date")?.or(read::date(event, "date")?);
        let label = read::text(&target, "type");
        let of_kind = |kind: PostedKind| self.lines.iter().filter(move |line| line.posted.kind == kind);
        let by_id = |kind: PostedKind| {
            let mut lines: Vec<&Line> = of_kind(kind).collect();
            lines.sort_by_key(|line| line.seq);
            lines.get(nth).map(|line| line.seq)
        };
        let refund = |kind| {
            matches!(
                kind,
                PostedKind::MerchantRefund | PostedKind::PayoutRefund | PostedKind::Goodwill | PostedKind::CashRefund
            )
        };
        let last =
            |fits: &dyn Fn(&Line) -> bool| self.lines.iter().filter(|line| fits(line)).map(|line| line.seq).max();
        let found = match read::text(&target, "by") {
            "last_payment" => last(&|line| refund(line.posted.kind) || line.posted.kind == PostedKind::Repayment),
            "last_refund" => last(&|line| refund(line.posted.kind)),
            "last_explicit_transaction" => {
                let keyed = |line: &Line| self.meta.get(&line.seq).is_some_and(|meta| meta.key.is_some());
                last(&keyed)
            }
            "nth_repayment" => of_kind(PostedKind::Repayment).nth(nth).map(|line| line.seq),
            "nth_repayment_by_id" => by_id(PostedKind::Repayment),
            "nth_down_payment_by_id" => by_id(PostedKind::DownPayment),
            "nth_on_date" => {
                self.lines.iter().filter(|line| Some(line.posted.date) == date).nth(nth).map(|line| line.seq)
            }
            "nth_of_type_on_date" => self
                .lines
                .iter()
                .filter(|line| Some(line.posted.date) == date && expect::is_named(line.posted.kind, label))
                .nth(nth)
                .map(|line| line.seq),
            "first_on_date_with_amount" => {
                let amount = read::amount(&target, "amount")?;
                let mut on_date = self.lines.iter().filter(|line| Some(line.posted.date) == date);
                on_date.find(|line| line.posted.amount_fen == amount).map(|line| line.seq)
            }
            other => return Err(Stop::Unsupported(format!("a target by {other}"))),
        };
        found.ok_or_else(|| Stop::Wrong(format!("there is no transaction {target}")))
    }

    pub(super) fn charge_target(&self, event: &Value) -> Result<u128, Stop> {
        let target = event.get("target").cloned().unwrap_or(Value::Null);
        let found = match read::text(&target, "by") {
            "last_added_charge" => self.charge_names.keys().max().copied(),
            "last_nsf_fee" => self
                .charge_names
                .iter()
                .filter(|(_, definition)| read::text(definition, "code") == "LOAN_NSF_FEE")
                .map(|(seq, _)| *seq)
                .max(),
            "last_charge_of_type_due_on" => {
                let due = read::date(&target, "due_date")?.or(read::date(&target, "date")?);
                let code = [read::text(&target, "charge"), read::text(&target, "code"), read::text(&target, "type")]
                    .into_iter()
                    .find(|text| !text.is_empty())
                    .unwrap_or_default()
                    .to_owned();
                self.events
                    .iter()
                    .filter(|event| match &event.what {
                        Happening::ChargeAdded { charge } => {
                            (code.is_empty() || charge.code == code)
                                && due.is_none_or(|due| charge.due == ChargeDue::On(due))
                        }
                        _ => false,
                    })
                    .map(|event| event.id.0.as_u128())
                    .max()
            }
            other => return Err(Stop::Unsupported(format!("a charge by {other}"))),
        };
        found.ok_or_else(|| Stop::Wrong(format!("there is no charge {target}")))
    }
}
