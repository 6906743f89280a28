//! Papers join a signed contract, until nothing is open any more and it may be drawn.

use basics::{Cell, Date, Id, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, key};
use loan::paper::{Missing, NoSpouse, USE_OF_FUNDS, missing, payout_mode};
use loan::{LoanTerms, Paper, PayoutMode};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::desk::{Desk, DeskError};
use crate::fact::Fact;
use crate::guarantee::{Guarantee, GuaranteeSide, GuaranteeState, asked, counts};
use crate::house::Tianxin;
use crate::tables::{Contract, ContractStatus, LoanNote, MemberRole, Person};
use crate::task::{Task, TaskKind, TaskStatus, end_tasks};

door::table! {
    /// A paper on a contract: a condition that is met.
    pub struct ContractPaper = "contract_paper" (Household, State, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The contract.
        contract: Id,
        /// The paper.
        id: Id,
        /// What it is, encoded.
        bytes: Vec<u8>,
        /// Hash of the text that was signed, or of the document that was kept.
        hash: Vec<u8>,
        /// Who saw it, where and how.
        evidence: String,
        /// The day it was added.
        added_on: Date,
    }
}

/// Add a paper to a contract.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AddPaper {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The contract.
    #[n(2)]
    pub contract: Id,
    /// The paper, made by the caller.
    #[n(3)]
    pub id: Id,
    /// What it is.
    #[n(4)]
    pub paper: Paper,
    /// Hash of the text that was signed, or of the document that was kept.
    #[n(5)]
    pub hash: ByteVec,
    /// Who saw it, where and how.
    #[n(6)]
    pub evidence: String,
    /// Of a guarantee: whether the guarantor was not there, and is to say on its own phone that it stands.
    #[n(7)]
    #[cbor(default)]
    pub by_phone: bool,
}

impl AddPaper {
    /// The act's name in the permission table: who the money goes to is not for one person to say.
    pub(crate) fn act(&self) -> &'static str {
        match self.paper {
            Paper::Payee { .. } => "name_payee",
            _ => "add_paper",
        }
    }
}

/// All papers of a contract with their ids, as rows that were asked for.
pub(crate) fn all_papers(slice: &Overlay, cell: Cell, household: Id, contract: Id) -> Result<Vec<(Id, Paper)>, Fault> {
    let rows = slice.range::<ContractPaper>(&key![cell, household, contract])?;
    rows.iter().map(|row| Ok((row.id, cbor::from_bytes(&row.bytes)?))).collect()
}

/// The papers that count among those of a contract: a guarantee does once its guarantor's cell has confirmed it.
pub(crate) fn papers(slice: &Overlay, cell: Cell, household: Id, contract: Id) -> Result<Vec<Paper>, Fault> {
    let guarantees = slice.range::<Guarantee>(&key![cell, household])?;
    let papers = all_papers(slice, cell, household, contract)?;
    let counting = papers.into_iter().filter(|(id, paper)| counts(paper, *id, &guarantees));
    Ok(counting.map(|(_, paper)| paper).collect())
}

/// Refuses to pay a contract out while something is open, and says all of it.
pub(crate) fn check_open(terms: &LoanTerms, papers: &[Paper]) -> Result<(), Refusal> {
    let open = missing(terms, papers);
    if open.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = open.iter().map(Missing::to_string).collect();
    Err(Refusal::new("conditions_open", format!("the contract still waits for {}", words.join("; "))))
}

/// The papers of a contract, and what it still waits for.
#[derive(Clone, Debug)]
pub struct PapersView {
    /// Hash of the text of the contract.
    pub text_hash: Vec<u8>,
    /// Whether the money goes to a payee.
    pub is_entrusted: bool,
    /// What is still open before it may be drawn.
    pub open: Vec<Missing>,
    /// The papers.
    pub papers: Vec<(ContractPaper, Paper)>,
    /// The guarantees among them, as their guarantors' cells have answered.
    pub guarantees: Vec<Guarantee>,
}

impl Desk {
    /// The papers of a contract that must exist.
    pub fn papers(&self, household: Id, contract: Id) -> Result<PapersView, DeskError> {
        let place = key![self.cell_of(household), household, contract];
        let rows: Vec<Contract> = self.rows(place.clone())?;
        let unknown = || DeskError::refused("unknown_contract", "there is no such contract: check its id");
        let row = rows.first().ok_or_else(unknown)?;
        let terms: LoanTerms = cbor::from_bytes(&row.terms)?;
        let rows: Vec<ContractPaper> = self.rows(place)?;
        let papers: Vec<Paper> = rows.iter().map(|row| cbor::from_bytes(&row.bytes)).collect::<Result<_, _>>()?;
        let mut guarantees: Vec<Guarantee> = self.rows(key![self.cell_of(household), household])?;
        guarantees.retain(|guarantee| guarantee.contract == contract && guarantee.side == GuaranteeSide::Received);
        let counting = rows.iter().zip(&papers).filter(|(row, paper)| counts(paper, row.id, &guarantees));
        let counting: Vec<Paper> = counting.map(|(_, paper)| paper.clone()).collect();
        Ok(PapersView {
            text_hash: row.text_hash.clone(),
            is_entrusted: payout_mode(&terms) == PayoutMode::Entrusted,
            open: missing(&terms, &counting),
            papers: rows.into_iter().zip(papers).collect(),
            guarantees,
        })
    }
}

impl Tianxin {
    pub(crate) fn needs_add_paper(&self, command: &AddPaper, needs: &mut Needs) {
        let (cell, household) = (command.cell, command.household);
        needs.rows::<Contract>(key![cell, household, command.contract]);
        needs.rows::<ContractPaper>(key![cell, household, command.contract]);
        needs.rows::<Person>(key![cell, household]);
        needs.rows::<Guarantee>(key![cell, household]);
        needs.rows::<LoanNote>(key![cell, household]);
        needs.rows::<Task>(key![cell, household]);
    }

    pub(crate) fn add_paper(&self, slice: &Overlay, command: &AddPaper, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        check_text("what was seen, by whom and where,", &command.evidence, 300)?;
        if command.hash.len() != 32 {
            return Err(Refusal::new("bad_text_hash", "the hash of a text or document has 32 bytes").into());
        }
        let contract = slice
            .get::<Contract>(&key![cell, household, command.contract])?
            .ok_or_else(|| Refusal::new("unknown_contract", "there is no such contract: check its id"))?;
        let of_use = matches!(&command.paper, Paper::Document { code } if code == USE_OF_FUNDS);
        match (contract.status, of_use) {
            (ContractStatus::Signed, false) | (ContractStatus::Drawn | ContractStatus::PartDrawn, true) => {}
            (ContractStatus::Lapsed, _) => {
                let message = format!("the contract was signed on {} and never drawn: apply again", contract.signed_on);
                return Err(Refusal::new("contract_expired", message).into());
            }
            (ContractStatus::Drawn | ContractStatus::PartDrawn, false) => {
                let message = "the loan of this contract was drawn already: what it waited for was there";
                return Err(Refusal::new("wrong_status", message).into());
            }
            (ContractStatus::Signed, true) => {
                let message = "what the money was spent on is shown once the loan is drawn";
                return Err(Refusal::new("wrong_status", message).into());
            }
        }
        if slice.get::<ContractPaper>(&key![cell, household, command.contract, command.id])?.is_some() {
            return Err(Refusal::new("paper_exists", "a paper with this id exists: use a new id").into());
        }
        let terms: LoanTerms = cbor::from_bytes(&contract.terms).map_err(Fault::from)?;
        let persons = slice.range::<Person>(&key![cell, household])?;
        check_paper(command, &contract, &terms, &persons, context.cells)?;
        let standing = papers(slice, cell, household, command.contract)?;
        if matches!(command.paper, Paper::Payee { .. }) && standing.iter().any(|p| matches!(p, Paper::Payee { .. })) {
            let message = "the contract names its payee already: sign another one to pay another";
            return Err(Refusal::new("paper_exists", message).into());
        }
        let stands_already = |row: &Guarantee| {
            let live = matches!(row.state, GuaranteeState::Asked | GuaranteeState::Stands);
            let same = matches!(&command.paper, Paper::Guarantee { person, .. } if row.person == *person);
            same && live && row.contract == command.contract && row.side == GuaranteeSide::Received
        };
        if slice.range::<Guarantee>(&key![cell, household])?.iter().any(stands_already) {
            let message = "this person stands for the contract already: another may stand for what is left";
            return Err(Refusal::new("paper_exists", message).into());
        }
        let mut facts = vec![Fact::PaperAdded {
            household,
            contract: command.contract,
            id: command.id,
            paper: command.paper.clone(),
            hash: command.hash.clone(),
            evidence: command.evidence.clone(),
        }];
        if of_use {
            for note in slice.range::<LoanNote>(&key![cell, household])? {
                if note.contract == command.contract {
                    let done: (&[TaskKind], TaskStatus) = (&[TaskKind::ShowUse], TaskStatus::Done);
                    facts.extend(end_tasks(slice, cell, household, note.id, done)?);
                }
            }
        }
        let of = (cell, household, command.contract);
        let Some((fact, ask)) = asked(self, of, command, context)? else {
            return Ok(Change::new(Outcome::Done, facts));
        };
        facts.push(fact);
        Ok(Change::new(Outcome::Done, facts).with_message(ask))
    }
}

/// Whether a paper can be what it says on this contract.
fn check_paper(
    command: &AddPaper,
    contract: &Contract,
    terms: &LoanTerms,
    persons: &[Person],
    cells: u16,
) -> Result<(), Refusal> {
    let wrong = |message: &str| Err(Refusal::new("wrong_paper", message));
    let of_household = |id: Id| persons.iter().find(|person| person.id == id && person.erased_at.is_none());
    let has_spouse = persons.iter().any(|person| person.role == MemberRole::Spouse);
    let other_text = command.hash[..] != contract.text_hash[..];
    match &command.paper {
        Paper::Spouse { person, .. } => match of_household(*person) {
            Some(person) if person.role == MemberRole::Spouse && other_text => Err(Refusal::new(
                "other_text",
                "this is not the text of the contract: read that to the spouse, and have it signed",
            )),
            Some(person) if person.role == MemberRole::Spouse => Ok(()),
            _ => wrong("this person is not the spouse in this household: check the id"),
        },
        Paper::NoSpouse { why } if has_spouse && *why != NoSpouse::Absent => {
            wrong("the household has a spouse: have its word, or show that it cannot be reached")
        }
        Paper::NoSpouse { .. } => Ok(()),
        Paper::Guarantee { household, cell, amount_fen, .. } => {
            if terms.conditions.as_ref().is_none_or(|conditions| conditions.guarantee.is_none()) {
                return wrong("this contract has no guarantee: its terms name neither form nor period");
            }
            if *household == command.household {
                return wrong("a household cannot guarantee its own loan");
            }
            if other_text {
                let message = "this is not the text of the contract: the guarantor signs on that";
                return Err(Refusal::new("other_text", message));
            }
            if !(1..=terms.principal.minor()).contains(amount_fen) {
                return wrong("a guarantee is for more than nothing, and no more than the principal");
            }
            check_cell(*cell, cells)
        }
        Paper::Document { code } => {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if code.is_empty() || code.len() > 40 || !code.chars().all(plain) {
                return wrong("the code of a document has 1 to 40 small letters, digits and hyphens");
            }
            Ok(())
        }
        Paper::Payee { household, .. } if *household == command.household => {
            wrong("the payee is another than the borrower: that is what entrusted payment is for")
        }
        Paper::Payee { cell, .. } => check_cell(*cell, cells),
    }
}

fn check_cell(cell: Cell, cells: u16) -> Result<(), Refusal> {
    if cell == Cell::OFFICE || cell.0 > cells {
        return Err(Refusal::new("unknown_cell", "this id belongs to no household here: check it"));
    }
    Ok(())
}

/// Keeps a paper.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let Fact::PaperAdded { household, contract, id, paper, hash, evidence } = fact else {
        return Err(Fault::Broken(format!("{fact:?} is no fact of a paper")));
    };
    books.put(&ContractPaper {
        cell: stamp.cell,
        household: *household,
        contract: *contract,
        id: *id,
        bytes: cbor::to_bytes(paper),
        hash: hash.to_vec(),
        evidence: evidence.clone(),
        added_on: stamp.booking_date,
    });
    Ok(())
}
