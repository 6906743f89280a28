//! A contract is signed on an approved application, and the loan is drawn on it.

use basics::{Cell, Date, Id, Money, Rate, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Record, Stop, key};
use ledger::{Line, SubAccount};
use loan::cost::cost_table;
use loan::paper::payout_mode;
use loan::schedule::schedule_drawn;
use loan::{Happening, LifeEvent, LoanTerms, Paper, PayoutMode, Term};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::application::{application, needs_exposure};
use crate::books::{BOOK_LOAN, booked, check_amount, check_text, needs_booking, own_wallet, wallet, wallet_account};
use crate::command::Outcome;
use crate::facility::{facility, may_draw};
use crate::fact::{ContractSigned, Fact, LoanDrawn};
use crate::holding::{Holding, Of, Touched, Turn};
use crate::house::Tianxin;
use crate::loan_books::needs_undrawn;
use crate::loan_turn::{LoanPlace, Standing};
use crate::paper::{ContractPaper, all_papers, check_open, papers};
use crate::tables::{ApplicationStatus, Contract, ContractStatus, EntryKind, LoanNote};
use crate::transfer::{Purpose, Transfer};

/// Days within which a signed contract must be drawn.
pub(crate) const DRAW_WITHIN_DAYS: i32 = 30;

/// Sign a contract.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Sign {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The application.
    #[n(2)]
    pub application: Id,
    /// The contract, made by the caller.
    #[n(3)]
    pub contract: Id,
    /// Hash of the text that was read: the all-in cost table and the terms.
    #[n(4)]
    pub text_hash: ByteVec,
    /// How it was confirmed: who, where, after how many seconds of reading.
    #[n(5)]
    pub evidence: String,
}

/// Draw the loan of a signed contract into the wallet, or a part of it where the contract allows that.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Draw {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The contract.
    #[n(2)]
    pub contract: Id,
    /// The loan: made by the caller for the first part, the same for every further one.
    #[n(3)]
    pub loan: Id,
    /// How much; all that is left to be drawn if not given.
    #[n(4)]
    pub amount: Option<Money>,
}

impl Draw {
    fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }
}

/// Whom a contract names as payee, and in which cell.
fn payee_of<'p>(papers: impl IntoIterator<Item = &'p Paper>) -> Option<(Id, Cell)> {
    papers.into_iter().find_map(|paper| match paper {
        Paper::Payee { household, cell } => Some((*household, *cell)),
        _ => None,
    })
}

/// The sub-account of a loan.
pub(crate) fn loan_account(household: Id, loan: Id) -> Option<SubAccount> {
    Some(SubAccount { book: BOOK_LOAN, owner: household, id: loan })
}

/// A contract that may be drawn today as this loan. Refuses one that is not there, was drawn, or was signed too long ago.
pub(crate) fn signed_contract(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    id: Id,
    loan: Id,
    today: Date,
) -> Result<Contract, Stop> {
    let contract = slice
        .get::<Contract>(&key![cell, household, id])?
        .ok_or_else(|| Refusal::new("unknown_contract", "there is no such contract: check its id"))?;
    if matches!(contract.status, ContractStatus::Drawn | ContractStatus::PartDrawn) {
        return Err(Refusal::new("wrong_status", "the loan of this contract was drawn already").into());
    }
    if contract.status == ContractStatus::Lapsed || today - contract.signed_on > DRAW_WITHIN_DAYS {
        let message = format!("the contract was signed on {}: apply again", contract.signed_on);
        return Err(Refusal::new("contract_expired", message).into());
    }
    if slice.get::<LoanNote>(&key![cell, household, loan])?.is_some() {
        return Err(Refusal::new("loan_exists", "a loan with this id exists: use a new id").into());
    }
    Ok(contract)
}

impl Tianxin {
    /// The terms an approved application would be signed at today.
    pub fn terms_of(&self, row: &crate::tables::Application, open_date: basics::Date) -> Result<LoanTerms, Refusal> {
        let outside = |error: String| Refusal::new("outside_product", error);
        let rate = Rate::from_ppm(row.rate_ppm).map_err(|e| outside(e.to_string()))?;
        let principal = Money::new(row.approved_minor, row.currency);
        let months = u16::try_from(row.term_months).map_err(|e| outside(e.to_string()))?;
        let product = self.product_of(row)?;
        let terms = product.terms(principal, Term::Months(months), open_date, rate);
        let collected = self.reminders.as_ref().is_some_and(|plan| !plan.collect_on.is_empty());
        Ok(LoanTerms { collected, ..terms.map_err(|e| outside(e.to_string()))? })
    }

    pub(crate) fn needs_sign(&self, cell: Cell, household: Id, needs: &mut Needs) {
        needs_exposure(needs, cell, household);
    }

    pub(crate) fn sign(&self, slice: &Overlay, command: &Sign, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let row = application(slice, cell, household, command.application, ApplicationStatus::Approved)?;
        check_text("the evidence of confirmation", &command.evidence, 300)?;
        if command.text_hash.len() != 32 {
            return Err(Refusal::new("bad_text_hash", "the hash of the confirmed text has 32 bytes").into());
        }
        if slice.get::<Contract>(&key![cell, household, command.contract])?.is_some() {
            return Err(Refusal::new("contract_exists", "a contract with this id exists: use a new id").into());
        }
        let terms = self.terms_of(&row, context.open_date)?;
        let product = self.product_of(&row)?;
        self.check_rules(&product, context.open_date)?;
        let cost = cost_table(&terms).map_err(|error| Refusal::new("outside_product", error.to_string()))?;
        self.check_cost(&product, &cost, context.open_date)?;
        let standing = facility(slice, cell, household)?
            .ok_or_else(|| Fault::Broken("an approved application without facility".to_owned()))?;
        let fact = Fact::ContractSigned(ContractSigned {
            household,
            contract: command.contract,
            application: command.application,
            facility: standing.id,
            terms: Box::new(terms),
            text_hash: command.text_hash.clone(),
            evidence: command.evidence.clone(),
        });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    pub(crate) fn needs_draw(&self, command: &Draw, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let (cell, household) = (command.cell, command.household);
        needs_exposure(needs, cell, household);
        self.needs_loan(command.place(), slice, needs)?;
        needs_undrawn(slice, (cell, household, command.contract), needs)?;
        let of_contract = key![cell, household, command.contract];
        needs.rows::<ContractPaper>(of_contract.clone());
        if slice.has(ContractPaper::table(), &of_contract)
            && let Some((payee, payee_cell)) =
                payee_of(all_papers(slice, cell, household, command.contract)?.iter().map(|(_, paper)| paper))
            && payee_cell == cell
        {
            needs_booking(needs, cell, self.institution.currency, &[], &[payee]);
        }
        Ok(())
    }

    pub(crate) fn draw(&self, slice: &Overlay, command: &Draw, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let row = slice.get::<Contract>(&key![cell, household, command.contract])?;
        if row.is_some_and(|row| row.status == ContractStatus::PartDrawn) {
            return self.draw_part(slice, command, context);
        }
        let contract = signed_contract(slice, cell, household, command.contract, command.loan, context.open_date)?;
        own_wallet(slice, cell, household, self.institution.currency)?;
        let terms: LoanTerms = cbor::from_bytes(&contract.terms).map_err(Fault::from)?;
        let amount = self.drawn_of(&terms, command.amount, terms.principal.minor())?;
        let papers = papers(slice, cell, household, command.contract)?;
        check_open(&terms, &papers)?;
        let payee = payee_of(&papers).filter(|_| payout_mode(&terms) == PayoutMode::Entrusted);
        if let Some((payee, payee_cell)) = payee
            && payee_cell == cell
            && wallet(slice, cell, payee, self.institution.currency)?.is_none()
        {
            let fact = Fact::Declined { code: "unknown_payee".to_owned() };
            return Ok(Change::new(Outcome::UnknownPayee, vec![fact]));
        }
        // What waits beside this contract stays reserved for its own drawing.
        let but = Some(contract.application);
        if let Err(outcome) = may_draw(slice, cell, household, but, amount, context.open_date)? {
            let code = match &outcome {
                Outcome::OverFacility { .. } => "over_facility",
                _ => "facility_shut",
            };
            return Ok(Change::new(outcome, vec![Fact::Declined { code: code.to_owned() }]));
        }
        // A row of the contract may have come before the money was drawn.
        let plan = schedule_drawn(&terms, amount, context.open_date)
            .map_err(|error| Refusal::new("outside_product", format!("{error}; apply again")))?;
        let event = LifeEvent {
            id: context.command_id,
            value_date: context.open_date,
            what: Happening::Disbursed { amount_fen: amount },
        };
        let folded = self.stands(&terms, std::slice::from_ref(&event), context.open_date);
        let (_, stands) = folded.map_err(|e| Fault::Broken(e.to_string()))?;
        let currency = terms.principal.currency();
        let mut turn = Turn::new(slice, cell, context.open_date);
        turn.touch(&Touched {
            household,
            id: command.loan,
            of: Of::Loan,
            product: &terms.product.code,
            currency,
            old: &Holding::default(),
            new: &stands.holding,
        })?;
        let lines = turn.lines(&self.subjects.roles)?;
        let drawn = Fact::LoanDrawn(LoanDrawn {
            household,
            loan: command.loan,
            contract: command.contract,
            product: terms.product.code.clone(),
            principal: Money::new(amount, currency),
            maturity: plan.maturity(),
            next_due: plan.rows.first().map(|row| row.due),
            event,
            stands: Some(stands),
        });
        let mut facts = vec![drawn];
        let left_minor = terms.principal.minor() - amount;
        if left_minor > 0 {
            facts.push(Fact::DrawingStands { household, contract: command.contract, left_minor });
        }
        facts.push(booked(EntryKind::Disbursement, context.open_date, currency, lines, None)?);
        let mut change = Change::new(Outcome::Done, facts);
        if let Some((to, to_cell)) = payee {
            self.pay_on(&mut change, command, (to, to_cell), Money::new(amount, currency), context)?;
        }
        Ok(change)
    }

    /// How much is drawn of what is left. Refuses a part where the contract is drawn in one sum, and more than is left.
    fn drawn_of(&self, terms: &LoanTerms, asked: Option<Money>, left_minor: i64) -> Result<i64, Refusal> {
        let Some(asked) = asked else { return Ok(left_minor) };
        let amount_minor = check_amount(asked, terms.principal.currency())?;
        if amount_minor > left_minor {
            let left = Money::new(left_minor, asked.currency());
            return Err(Refusal::new("bad_amount", format!("{left} is left to be drawn under the contract")));
        }
        if amount_minor < left_minor && terms.draws.is_none() {
            let message = "the contract is drawn in one sum: leave the amount out";
            return Err(Refusal::new("bad_amount", message));
        }
        Ok(amount_minor)
    }

    /// A further part of a loan is drawn: its plan is laid anew from today, what was due stays.
    fn draw_part(&self, slice: &Overlay, command: &Draw, context: &Context) -> Decided<Tianxin> {
        let (cell, household, today) = (command.cell, command.household, context.open_date);
        let mut standing = Standing::read(self, slice, command.place(), today)?;
        if standing.note.contract != command.contract {
            return Err(Refusal::new("unknown_loan", "this loan is of another contract: check its id").into());
        }
        let terms = standing.terms.clone();
        let left_minor = terms.principal.minor().saturating_sub(standing.held.disbursed_fen);
        let amount = self.drawn_of(&terms, command.amount, left_minor)?;
        let papers = papers(slice, cell, household, command.contract)?;
        check_open(&terms, &papers)?;
        let payee = payee_of(&papers).filter(|_| payout_mode(&terms) == PayoutMode::Entrusted);
        let contract = slice.get::<Contract>(&key![cell, household, command.contract])?;
        let but = contract.map(|contract| contract.application);
        if let Err(outcome) = may_draw(slice, cell, household, but, amount, today)? {
            return Ok(Change::new(outcome, vec![Fact::Declined { code: "facility_shut".to_owned() }]));
        }
        // First what days have brought since the last touch, so that the drawing is an entry of its own.
        let mut turn = standing.turn(slice);
        turn.touch(&standing.touched(&standing.held, &standing.before.1.holding))?;
        let since_touched = turn.lines(&self.subjects.roles)?;
        let what = Happening::Disbursed { amount_fen: amount };
        let event = LifeEvent { id: context.command_id, value_date: today, what };
        let after = standing.happen(self, &event)?;
        turn.touch(&standing.touched(&standing.before.1.holding, &after.1.holding))?;
        let lines = turn.lines(&self.subjects.roles)?;
        let left_minor = left_minor - amount;
        let mut facts = vec![
            Fact::LoanMoved(standing.moved(event, &after)?),
            Fact::DrawingStands { household, contract: command.contract, left_minor },
        ];
        let currency = terms.principal.currency();
        if !since_touched.is_empty() {
            facts.push(booked(EntryKind::LoanDues, today, currency, since_touched, None)?);
        }
        facts.push(booked(EntryKind::Disbursement, today, currency, lines, None)?);
        let mut change = Change::new(Outcome::Done, facts);
        if let Some(payee) = payee {
            self.pay_on(&mut change, command, payee, Money::new(amount, currency), context)?;
        }
        Ok(change)
    }

    /// Passes what was drawn on to the payee: booked with the drawing within a cell; held and on its way to another, where it
    /// stays held if it comes back. The borrower never has it to spend unless two people set it free.
    fn pay_on(
        &self,
        change: &mut Change<Tianxin>,
        command: &Draw,
        payee: (Id, Cell),
        amount: Money,
        context: &Context,
    ) -> Result<(), Fault> {
        let (to, to_cell) = payee;
        let note = "受托支付 entrusted payment".to_owned();
        if to_cell == command.cell {
            let lines = vec![
                Line::debit(self.subjects.wallet, wallet_account(command.household), amount.minor()),
                Line::credit(self.subjects.wallet, wallet_account(to), amount.minor()),
            ];
            let kind = EntryKind::EntrustedPayout;
            change.facts.push(booked(kind, context.open_date, amount.currency(), lines, Some(note))?);
            return Ok(());
        }
        let transfer = Transfer { cell: command.cell, from: command.household, to_cell, to, amount, note };
        let sent = self.send_transfer(&transfer, Purpose::Entrusted, amount.minor(), None, context);
        change.facts.extend(sent.facts);
        change.messages.extend(sent.messages);
        Ok(())
    }
}
