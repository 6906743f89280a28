//! What is done to a running loan beside paying it, act by act, as the office asks for it.

use app::command::Command;
use app::service::{LoanAct, ReturnedBy, ServiceLoan};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Date, Id, IdKind, Instant, PublicId, Rate};
use loan::act::{Alteration, AlteredPlan, NewRates, NoteLink};
use loan::class::RenewalStanding;
use loan::conventions::Unit;
use loan::season::{BorrowerConsent, Consent, Consents, GuarantorConsent};
use loan::{ChargeAmount, ChargeBase, ChargeDue, ChargeKind, ChargeTerms, LoanClass, Reage, Reschedule, Waivable};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::session::unhex;
use crate::{Api, Shared};

/// Something is done to a running loan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoanActAsked {
    /// `waive`, `write_off`, `charge_off`, `refund`, `refund_payment`, `charge_back`, `grant`, `return_payout`, `charge`,
    /// `waive_charge`, `adjust_charge`, `extend`, `restructure`, `reschedule`, `re_age`, `re_amortise`, `reset_rate`,
    /// `mark_misuse`, `judge_worse`, `judge_better`, `link`, `record_death`, `hand_over` or `take_back`.
    #[schema(example = "extend")]
    act: String,
    /// Why, and what it rests on.
    reason: String,
    /// How much: for waivers, refunds, what is granted or goes back, and a fixed charge.
    amount: Option<String>,
    /// Waive: `interest`, `fee`, `penalty` or `compound`.
    component: Option<String>,
    /// Extend and restructure: the new last day.
    until: Option<String>,
    /// Restructure, reschedule and reset: contract rate from today on, percent a year. An extension steps the rate by itself;
    /// a higher one may be agreed.
    rate: Option<String>,
    /// With `rate`, and for misuse: rate on what is overdue, or of misuse.
    penalty_rate: Option<String>,
    /// Judge: place on the class ladder.
    class: Option<u8>,
    /// Take back: id of the event. Charge back: the payment. Waive and adjust a charge: the event that added it.
    event: Option<String>,
    /// Charge: its code, such as `survey`.
    code: Option<String>,
    /// Charge: `fee` or `penalty` for a breach.
    kind: Option<String>,
    /// Charge: when it is due; without it, it is due with every instalment still to come.
    due: Option<String>,
    /// Charge: percent of its base, where it is no fixed amount.
    percent: Option<String>,
    /// Charge: the base of a percentage: `principal`, `interest` or `principal_and_interest`.
    of: Option<String>,
    /// Return of a payout: `payee` or `merchant`.
    from: Option<String>,
    /// Reschedule: due date of the first instalment that changes.
    from_due: Option<String>,
    /// Reschedule: its new due date; later ones follow.
    new_due: Option<String>,
    /// Reschedule: so many more instalments.
    extra_instalments: Option<u16>,
    /// Reschedule: so many instalments from there without principal.
    principal_grace: Option<u16>,
    /// Re-age: first due date.
    start: Option<String>,
    /// Re-age: number of instalments.
    count: Option<u16>,
    /// Re-age: their distance, in units.
    every: Option<u16>,
    /// Re-age: `days`, `weeks` or `months`.
    unit: Option<String>,
    /// Link: `new_for_old`, `replaced_by`, `renews` or `renewed_by`.
    relation: Option<String>,
    /// Link: the other loan, `ln-…`.
    other: Option<String>,
    /// Link that renews: whether the conditions hold under which it keeps its class.
    conditions_hold: Option<bool>,
    /// Hand over: the officer, `st-…`.
    officer: Option<String>,
    /// Extend and restructure: SHA-256 of what the borrower read and signed, in hexadecimal.
    borrower_evidence: Option<String>,
    /// Extend and restructure of a loan with a guarantor: the person, `pn-…`.
    guarantor: Option<String>,
    /// SHA-256 of his written consent; without it he does not carry what is added.
    guarantor_evidence: Option<String>,
}

pub(super) fn bad(message: &str) -> Problem {
    Problem::new("bad_change").saying(message.to_owned())
}

fn needed<'a>(field: &'a Option<String>, name: &str) -> Result<&'a str, Problem> {
    field.as_deref().ok_or_else(|| bad(&format!("`{name}` is missing for this act")))
}

fn rate(field: &Option<String>, name: &str) -> Result<Rate, Problem> {
    Rate::parse_percent(needed(field, name)?).map_err(|e| bad(&format!("`{name}`: {e}")))
}

fn day(field: &Option<String>, name: &str) -> Result<Date, Problem> {
    Date::parse(needed(field, name)?).map_err(|e| Problem::new("bad_date").saying(e.to_string()))
}

fn hash(text: &str, name: &str) -> Result<[u8; 32], Problem> {
    let bytes = unhex(text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| bad(&format!("`{name}` is 64 hexadecimal digits")))
}

/// A component of what is due, by its name.
pub(super) fn waivable(word: &str) -> Result<Waivable, Problem> {
    match word {
        "interest" => Ok(Waivable::Interest),
        "fee" => Ok(Waivable::Fee),
        "penalty" => Ok(Waivable::Penalty),
        "compound" => Ok(Waivable::Compound),
        _ => Err(bad("choose interest, fee, penalty or compound as the component")),
    }
}

fn alteration(asked: &LoanActAsked, head: Id, at: basics::Instant) -> Result<Alteration, Problem> {
    let rates = match &asked.rate {
        None => None,
        Some(_) => Some(NewRates {
            rate: rate(&asked.rate, "rate")?,
            penalty_rate: rate(&asked.penalty_rate, "penalty_rate")?,
        }),
    };
    let evidence = hash(needed(&asked.borrower_evidence, "borrower_evidence")?, "borrower_evidence")?;
    let guarantor = match (&asked.guarantor, &asked.guarantor_evidence) {
        (None, _) => GuarantorConsent::NoGuarantor,
        (Some(_), None) => GuarantorConsent::NotGiven,
        (Some(person), Some(text)) => {
            let by = PublicId::parse_kind(person, IdKind::Person)?.id;
            GuarantorConsent::Given(Consent { by, at, evidence: hash(text, "guarantor_evidence")? })
        }
    };
    Ok(Alteration {
        plan: AlteredPlan::Until(day(&asked.until, "until")?),
        rates,
        reason: asked.reason.clone(),
        consent: Consents { borrower: BorrowerConsent::Given(Consent { by: head, at, evidence }), guarantor },
    })
}

impl LoanActAsked {
    /// The act that was asked for. Errors name what is missing, or not understood.
    fn read(&self, api: &Api, household: Id, head: Id, at: Instant) -> Result<LoanAct, Problem> {
        let money = || api.amount(needed(&self.amount, "amount")?);
        let event = || uuid(needed(&self.event, "event")?);
        let class = || self.class.map(LoanClass).ok_or_else(|| bad("`class` is missing for this act"));
        Ok(match self.act.as_str() {
            "waive" => LoanAct::Waive { what: waivable(needed(&self.component, "component")?)?, amount: money()? },
            "write_off" => LoanAct::WriteOff,
            "charge_off" => LoanAct::ChargeOff,
            "refund" => LoanAct::Refund { amount: money()? },
            "refund_payment" => LoanAct::RefundPayment { amount: money()? },
            "charge_back" => LoanAct::ChargeBack { payment: event()?, amount: money()? },
            "grant" => LoanAct::Grant { amount: money()? },
            "return_payout" => LoanAct::ReturnPayout { amount: money()?, from: self.returned_by()? },
            "charge" => LoanAct::Charge(self.charge(api)?),
            "waive_charge" => LoanAct::WaiveCharge { charge: event()?, amount: money()? },
            "adjust_charge" => LoanAct::AdjustCharge { charge: event()?, amount: money()? },
            "extend" => LoanAct::Extend(alteration(self, head, at)?),
            "restructure" => LoanAct::Restructure(alteration(self, head, at)?),
            "reschedule" => LoanAct::Reschedule {
                from_due: day(&self.from_due, "from_due")?,
                change: Reschedule {
                    new_due: self.new_due.is_some().then(|| day(&self.new_due, "new_due")).transpose()?,
                    extra_instalments: self.extra_instalments.unwrap_or(0),
                    principal_grace: self.principal_grace.unwrap_or(0),
                    interest_grace: 0,
                    new_rate_ppm: self.rate.is_some().then(|| rate(&self.rate, "rate")).transpose()?.map(Rate::ppm),
                },
            },
            "re_age" => LoanAct::ReAge(Reage {
                start: day(&self.start, "start")?,
                count: self.count.ok_or_else(|| bad("`count` is missing for this act"))?,
                every: self.every.unwrap_or(1),
                unit: match needed(&self.unit, "unit")? {
                    "days" => Unit::Days,
                    "weeks" => Unit::Weeks,
                    "months" => Unit::Months,
                    _ => return Err(bad("choose days, weeks or months as the unit")),
                },
            }),
            "re_amortise" => LoanAct::ReAmortise,
            "reset_rate" => LoanAct::ResetRate(NewRates {
                rate: rate(&self.rate, "rate")?,
                penalty_rate: rate(&self.penalty_rate, "penalty_rate")?,
            }),
            "mark_misuse" => LoanAct::MarkMisuse { penalty_rate: rate(&self.penalty_rate, "penalty_rate")? },
            "judge_worse" => LoanAct::JudgeWorse { class: class()? },
            "judge_better" => LoanAct::JudgeBetter { class: class()? },
            "link" => LoanAct::Link(self.link(api, household)?),
            "record_death" => LoanAct::BorrowerDied,
            "hand_over" => LoanAct::HandOver {
                officer: PublicId::parse_kind(needed(&self.officer, "officer")?, IdKind::Staff)?.id,
            },
            "take_back" => LoanAct::TakeBack { event: event()? },
            _ => {
                return Err(bad("there is no such act: the interface document lists those there are"));
            }
        })
    }

    fn returned_by(&self) -> Result<ReturnedBy, Problem> {
        match needed(&self.from, "from")? {
            "payee" => Ok(ReturnedBy::Payee),
            "merchant" => Ok(ReturnedBy::Merchant),
            _ => Err(bad("choose payee or merchant as who gave it back")),
        }
    }

    fn charge(&self, api: &Api) -> Result<ChargeTerms, Problem> {
        let kind = match needed(&self.kind, "kind")? {
            "fee" => ChargeKind::Fee,
            "penalty" => ChargeKind::Penalty,
            _ => return Err(bad("choose fee or penalty as the kind")),
        };
        let amount = match (&self.amount, &self.percent) {
            (Some(text), None) => ChargeAmount::Flat(api.amount(text)?.minor()),
            (None, Some(_)) => {
                let base = match needed(&self.of, "of")? {
                    "principal" => ChargeBase::Principal,
                    "interest" => ChargeBase::Interest,
                    "principal_and_interest" => ChargeBase::PrincipalAndInterest,
                    _ => return Err(bad("a percentage is of principal, interest or principal_and_interest")),
                };
                ChargeAmount::Share(rate(&self.percent, "percent")?.ppm(), base)
            }
            _ => return Err(bad("give `amount`, or `percent` and `of`")),
        };
        let due = match &self.due {
            Some(_) => ChargeDue::On(day(&self.due, "due")?),
            None => ChargeDue::EachInstalment,
        };
        Ok(ChargeTerms { code: needed(&self.code, "code")?.to_owned(), kind, due, amount })
    }

    fn link(&self, api: &Api, household: Id) -> Result<NoteLink, Problem> {
        let other = api.thing(needed(&self.other, "other")?, IdKind::Loan, household)?;
        match needed(&self.relation, "relation")? {
            "new_for_old" => Ok(NoteLink::NewForOld(other)),
            "replaced_by" => Ok(NoteLink::ReplacedBy(other)),
            "renewed_by" => Ok(NoteLink::RenewedBy(other)),
            "renews" => match self.conditions_hold {
                Some(true) => Ok(NoteLink::Renews { old: other, standing: RenewalStanding::Holds }),
                Some(false) => Ok(NoteLink::Renews { old: other, standing: RenewalStanding::Fails }),
                None => Err(bad("say with `conditions_hold` whether the renewal keeps its class")),
            },
            _ => Err(bad("choose new_for_old, replaced_by, renews or renewed_by as the relation")),
        }
    }
}

/// Does something to a running loan. What two people decide waits (202) for the second.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/acts", tag = "loans", request_body = LoanActAsked,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan, `ln-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn act(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<LoanActAsked>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let cell = api.desk.cell_of(household);
    let at = api.now();
    let head = api.blocking(move |desk| Ok(desk.head(household)?)).await?;
    let what = asked.read(&api, household, head, at)?;
    let service = ServiceLoan { cell, household, loan, what, reason: asked.reason };
    receipt(api.act(caller.actor, command, Command::ServiceLoan(service)).await?, cell)
}
