//! What is done to a running loan beside paying it: waived, written off, prepaid, extended, restructured, judged.
//!
//! Every act is an event of the loan's life of today; an earlier date is a [correction](crate::correct). The loan is
//! folded before and after it, and the difference is booked. What was shown to the first person, cost, end and class before and
//! after, is what the second approves.

use basics::{Cell, Date, Id, Money, Rate};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Stop};
use loan::act::{Alteration, AlteredPlan, NewRates, NoteLink, Prepayment, check_extension};
use loan::class::{ClassCase, judging_takes_two};
use loan::terms::PrepayStrategy;
use loan::{Happening, LifeEvent, LoanClass, LoanState, Waivable};
use minicbor::{Decode, Encode};

use crate::books::{booked, check_amount, check_text, own_wallet};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};
use crate::tables::EntryKind;

/// Do something to a running loan, as of the open day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ServiceLoan {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// What.
    #[n(3)]
    pub what: LoanAct,
    /// Why, and what it rests on.
    #[n(4)]
    pub reason: String,
}

/// What may be done to a running loan.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum LoanAct {
    /// Let part of what is due off 减免.
    #[n(0)]
    Waive {
        /// Which component.
        #[n(0)]
        what: Waivable,
        /// How much.
        #[n(1)]
        amount: Money,
    },
    /// Write the claim off and keep it beside the balance sheet 核销、账销案存.
    #[n(1)]
    WriteOff,
    /// Pay principal from the wallet before it is due 提前还款.
    #[n(2)]
    Prepay {
        /// How much: what is due is paid first.
        #[n(0)]
        amount: Money,
        /// What it does to the plan.
        #[n(1)]
        strategy: PrepayStrategy,
    },
    /// Give money that is ahead of its time back to the wallet 退款.
    #[n(3)]
    Refund {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// Move the loan's end to a later day 展期.
    #[n(4)]
    Extend(#[n(0)] Alteration),
    /// Give all outstanding principal new rows, since the borrower is in difficulty 重组.
    #[n(5)]
    Restructure(#[n(0)] Alteration),
    /// Set the rate anew, as the contract says 重定价.
    #[n(6)]
    ResetRate(#[n(0)] NewRates),
    /// Mark the money as used for something else than agreed 挪用.
    #[n(7)]
    MarkMisuse {
        /// Rate a year from now on, in the place of the contract rate.
        #[n(0)]
        penalty_rate: Rate,
    },
    /// Judge the class worse than it was judged 下调分类.
    #[n(8)]
    JudgeWorse {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
    },
    /// Judge the class better than it was judged 上调分类.
    #[n(9)]
    JudgeBetter {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
    },
    /// Bind the note to another: new for old, renewal 借新还旧、无还本续贷.
    #[n(10)]
    Link(#[n(0)] NoteLink),
    /// Record that the borrower died.
    #[n(11)]
    BorrowerDied,
    /// Hand the loan over to another officer 移交.
    #[n(12)]
    HandOver {
        /// The officer.
        #[n(0)]
        officer: Id,
    },
    /// Take an act back that moved no money.
    #[n(13)]
    TakeBack {
        /// The act: the id of its event.
        #[n(0)]
        event: Id,
    },
}

impl LoanAct {
    /// The act's name in the permission table, and the amount at stake there.
    pub fn act(&self) -> (&'static str, i64) {
        match self {
            LoanAct::Waive { amount, .. } => ("waive_loan", amount.minor()),
            LoanAct::WriteOff => ("write_off_loan", 0),
            LoanAct::Prepay { amount, .. } => ("prepay_loan", amount.minor()),
            LoanAct::Refund { amount } => ("refund_loan", amount.minor()),
            LoanAct::Extend(_) => ("extend_loan", 0),
            LoanAct::Restructure(_) => ("restructure_loan", 0),
            LoanAct::ResetRate(_) => ("reset_loan_rate", 0),
            LoanAct::MarkMisuse { .. } => ("mark_misuse", 0),
            LoanAct::JudgeWorse { .. } => ("judge_loan_worse", 0),
            LoanAct::JudgeBetter { .. } => ("judge_loan_better", 0),
            LoanAct::Link(_) => ("link_loan", 0),
            LoanAct::BorrowerDied => ("record_death", 0),
            LoanAct::HandOver { .. } => ("hand_over_loan", 0),
            LoanAct::TakeBack { .. } => ("take_back_loan_act", 0),
        }
    }

    fn happening(&self, amount_fen: i64) -> Happening {
        match self {
            LoanAct::Waive { what, .. } => Happening::Waived { what: *what, amount_fen },
            LoanAct::WriteOff => Happening::WrittenOff,
            LoanAct::Prepay { strategy, .. } => Happening::Prepaid(Prepayment { amount_fen, strategy: *strategy }),
            LoanAct::Refund { .. } => Happening::Refunded { amount_fen },
            LoanAct::Extend(alteration) => Happening::Extended(alteration.clone()),
            LoanAct::Restructure(alteration) => Happening::Restructured(alteration.clone()),
            LoanAct::ResetRate(rates) => Happening::RateReset(*rates),
            LoanAct::MarkMisuse { penalty_rate } => Happening::Misused { penalty_rate: *penalty_rate },
            LoanAct::JudgeWorse { class } | LoanAct::JudgeBetter { class } => Happening::Judged { class: *class },
            LoanAct::Link(link) => Happening::Linked(*link),
            LoanAct::BorrowerDied => Happening::BorrowerDied,
            LoanAct::HandOver { officer } => Happening::HandedOver { officer: *officer },
            LoanAct::TakeBack { event } => Happening::Reversed { target: *event },
        }
    }
}

/// Where a loan stood or stands, as far as an act is shown to a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LoanShown {
    /// Principal not yet paid, in minor units.
    #[n(0)]
    pub principal_minor: i64,
    /// Interest, fees and penalty of the whole life as planned, in minor units.
    #[n(1)]
    pub cost_minor: i64,
    /// The last due date.
    #[n(2)]
    pub ends_on: Option<Date>,
    /// Class; 0 is the best.
    #[n(3)]
    pub class: u8,
    /// Carried off balance, in minor units.
    #[n(4)]
    pub off_balance_minor: i64,
}

impl ServiceLoan {
    fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }
}

impl Tianxin {
    pub(crate) fn needs_service(&self, command: &ServiceLoan, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        self.needs_loan(command.place(), slice, needs)
    }

    pub(crate) fn service(&self, slice: &Overlay, command: &ServiceLoan, context: &Context) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 200)?;
        let (today, currency) = (context.open_date, self.institution.currency);
        let mut standing = match command.what {
            // A loan that is paid off has no more acts, but one that closed it may be taken back.
            LoanAct::TakeBack { .. } | LoanAct::Refund { .. } => {
                Standing::read_any(self, slice, command.place(), today)?
            }
            _ => Standing::read(self, slice, command.place(), today)?,
        };
        self.check_act(&standing, &command.what)?;
        let amount_fen = match &command.what {
            LoanAct::Waive { amount, .. } | LoanAct::Prepay { amount, .. } | LoanAct::Refund { amount } => {
                check_amount(*amount, currency)?
            }
            _ => 0,
        };
        let prepays = matches!(command.what, LoanAct::Prepay { .. });
        if prepays {
            let wallet = own_wallet(slice, command.cell, command.household, currency)?;
            let available_minor = wallet.balance_minor - wallet.held_minor;
            if amount_fen > available_minor {
                let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
                return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
            }
        }
        let mut turn = standing.turn(slice);
        turn.touch(&standing.touched(&standing.held, &standing.before.1.holding))?;
        let since_touched = turn.lines(&self.subjects.roles)?;
        let event = LifeEvent { id: context.command_id, value_date: today, what: command.what.happening(amount_fen) };
        let before = self.shown(&standing, &standing.before.0)?;
        let after = standing.happen(self, &event)?;
        turn.touch(&standing.touched(&standing.before.1.holding, &after.1.holding))?;
        let lines = turn.lines(&self.subjects.roles)?;
        let moved = standing.moved(event, &after)?;
        let outcome = if prepays {
            Outcome::Repaid {
                allocation: moved.allocation,
                outstanding_minor: moved.outstanding_minor,
                closed: moved.closed_on.is_some(),
            }
        } else {
            Outcome::Serviced { before, after: self.shown(&standing, &after.0)? }
        };
        let serviced = Fact::LoanServiced {
            household: command.household,
            loan: command.loan,
            act: command.what.act().0.to_owned(),
            reason: command.reason.clone(),
        };
        let mut facts = vec![Fact::LoanMoved(moved), serviced];
        if !since_touched.is_empty() {
            facts.push(booked(EntryKind::LoanDues, today, currency, since_touched, None)?);
        }
        if !lines.is_empty() {
            facts.push(booked(EntryKind::LoanService, today, currency, lines, Some(command.reason.clone()))?);
        }
        Ok(Change::new(outcome, facts))
    }

    /// What rules and the loan's own record say against an act.
    pub(crate) fn check_act(&self, standing: &Standing, what: &LoanAct) -> Result<(), Stop> {
        let (state, today) = (&standing.before.0, standing.today);
        let rules = self.dated.on(today).map_err(|e| standing.broken(&e))?;
        let refuse = |code: &'static str, message: String| Err(Stop::from(Refusal::new(code, message)));
        let dues: Vec<Date> = state.instalments.iter().map(|row| row.due_on).collect();
        let case = ClassCase { as_of: today, arrears: &state.arrears, dues: &dues, marks: &state.bearings.marks };
        match what {
            LoanAct::Extend(alteration) => {
                let until = match &alteration.plan {
                    AlteredPlan::Until(day) => *day,
                    AlteredPlan::Rows(rows) => rows.last().map_or(today, |row| row.due),
                    AlteredPlan::Kept => today,
                };
                match check_extension(rules, &standing.terms, &standing.events, today, until) {
                    Ok(()) => Ok(()),
                    Err(error) => refuse("extension", error.to_string()),
                }
            }
            LoanAct::MarkMisuse { penalty_rate } => {
                let over = (i128::from(penalty_rate.ppm()) - i128::from(state.rate.ppm())) * 1_000_000;
                let bounds = rules.misuse_uplift;
                let contract = i128::from(state.rate.ppm());
                let within =
                    over >= contract * i128::from(bounds.min.ppm()) && over <= contract * i128::from(bounds.max.ppm());
                if within {
                    return Ok(());
                }
                let message = format!(
                    "the misuse rate must be {} to {} % over the contract rate of {} %",
                    bounds.min, bounds.max, state.rate
                );
                refuse("misuse_rate", message)
            }
            LoanAct::JudgeWorse { class } | LoanAct::JudgeBetter { class } => {
                if usize::from(class.0) >= rules.classes.len() {
                    let message = format!("class {} is not on the ladder of {}", class.0, rules.classes.len());
                    return refuse("unknown_class", message);
                }
                match (what, judging_takes_two(&case, *class)) {
                    (LoanAct::JudgeWorse { .. }, true) => {
                        refuse("judged_better", "this is better than it was judged: two people do that".to_owned())
                    }
                    (LoanAct::JudgeBetter { .. }, false) => {
                        refuse("judged_worse", "this is not better than it was judged: judge it worse".to_owned())
                    }
                    _ => Ok(()),
                }
            }
            LoanAct::TakeBack { event } => {
                let moved_money = |what: &Happening| {
                    matches!(
                        what,
                        Happening::Disbursed { .. }
                            | Happening::Paid { .. }
                            | Happening::Prepaid(_)
                            | Happening::Received { .. }
                            | Happening::Refunded { .. }
                    )
                };
                if standing.events.iter().any(|other| other.id == *event && moved_money(&other.what)) {
                    return refuse("moved_money", "this act moved money: propose a correction of it".to_owned());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn shown(&self, standing: &Standing, state: &LoanState) -> Result<LoanShown, Fault> {
        let broken = |e: loan::LoanError| standing.broken(&e);
        let rules = self.dated.on(standing.today).map_err(broken)?;
        let under = state.standing(rules).map_err(broken)?;
        let mut cost_minor = 0i64;
        for row in &state.instalments {
            let cost = row.due.total_fen().map_err(broken)?.saturating_sub(row.due.principal_fen);
            cost_minor = cost_minor.saturating_add(cost);
        }
        Ok(LoanShown {
            principal_minor: state.principal_fen,
            cost_minor,
            ends_on: state.instalments.iter().map(|row| row.due_on).max(),
            class: under.class.class.0,
            off_balance_minor: under.suspended_fen().map_err(broken)?,
        })
    }
}
