//! A guarantee binds two households: it is a row with the debtor and a row with the guarantor, under one link id.
//!
//! The paper is added where the contract is. The guarantor's cell is asked whether there is such a person, answers, and from then on
//! counts the guarantee in the guarantor's exposure 统一授信; before it has answered, the contract does not count the guarantee.
//! It counts with the whole amount signed, by the weight that the rule pack gave guarantees on that day, until the contract ends: its
//! loan is paid off, or it lapses undrawn. A loan that is owed again binds the guarantor again.

use basics::{Cell, Currency, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Message, Stamp, key};
use loan::Paper;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::{Command, Outcome};
use crate::fact::Fact;
use crate::holding::Holding;
use crate::house::Tianxin;
use crate::paper::AddPaper;
use crate::service::death_recorded;
use crate::tables::{Contract, ContractStatus, Household, HouseholdStatus, LoanNote, LoanState, MemberRole, Person};

door::text_enum! {
    /// Which side of a guarantee a household is on.
    pub enum GuaranteeSide {
        /// It stands for another's debt.
        Given = "given",
        /// Another stands for its debt.
        Received = "received",
    }
}

door::text_enum! {
    /// Where a guarantee stands.
    pub enum GuaranteeState {
        /// The guarantor's cell has not answered yet, or the guarantor has not.
        Asked = "asked",
        /// It binds the guarantor.
        Stands = "stands",
        /// The guarantor's cell knows no such guarantor, or it does not want to.
        Refused = "refused",
        /// Nothing is owed under the contract any more.
        Released = "released",
    }
}

door::table! {
    /// One side of a guarantee; the other has the same id.
    pub struct Guarantee = "guarantee" (Household, State, key 3) {
        /// The cell of this side.
        cell: Cell,
        /// The household of this side.
        household: Id,
        /// The link: the id of the paper.
        id: Id,
        /// Which side this is.
        side: GuaranteeSide,
        /// Where it stands.
        state: GuaranteeState,
        /// The household of the other side.
        other: Id,
        /// Its cell.
        other_cell: Cell,
        /// The debtor's contract.
        contract: Id,
        /// Who signed for the guarantor.
        person: Id,
        /// Up to how much principal, in minor units.
        amount_minor: i64,
        /// What a guarantee counted for on the day it was given, parts per million.
        weight_ppm: i64,
        /// The currency.
        currency: Currency,
        /// Since when it stands so.
        since: Date,
        /// Why it was refused.
        why: Option<String>,
    }
}

/// One side of a guarantee came to a state.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct GuaranteeMoved {
    /// The household of this side.
    #[n(0)]
    pub household: Id,
    /// The link.
    #[n(1)]
    pub link: Id,
    /// Which side this is.
    #[n(2)]
    pub side: GuaranteeSide,
    /// Where it stands since.
    #[n(3)]
    pub state: GuaranteeState,
    /// The household of the other side.
    #[n(4)]
    pub other: Id,
    /// Its cell.
    #[n(5)]
    pub other_cell: Cell,
    /// The debtor's contract.
    #[n(6)]
    pub contract: Id,
    /// Who signed for the guarantor.
    #[n(7)]
    pub person: Id,
    /// Up to how much principal.
    #[n(8)]
    pub amount: Money,
    /// What a guarantee counts for, parts per million.
    #[n(9)]
    pub weight_ppm: i64,
    /// Why it was refused.
    #[n(10)]
    pub why: Option<String>,
}

/// Stand for a debt of another cell's household, or of this one's: asked of the guarantor's cell.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct StandFor {
    /// The guarantor's cell.
    #[n(0)]
    pub cell: Cell,
    /// The guarantor's household.
    #[n(1)]
    pub household: Id,
    /// The link.
    #[n(2)]
    pub link: Id,
    /// The debtor's household.
    #[n(3)]
    pub debtor: Id,
    /// The debtor's cell.
    #[n(4)]
    pub debtor_cell: Cell,
    /// The debtor's contract.
    #[n(5)]
    pub contract: Id,
    /// Who signed.
    #[n(6)]
    pub person: Id,
    /// Up to how much principal.
    #[n(7)]
    pub amount: Money,
    /// What a guarantee counts for, parts per million.
    #[n(8)]
    pub weight_ppm: i64,
    /// Whether the guarantor says itself that it stands; until then nothing is answered.
    #[n(9)]
    #[cbor(default)]
    pub by_phone: bool,
}

/// Say whether one stands for the debt that one was asked to stand for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SayGuarantee {
    /// The guarantor's cell.
    #[n(0)]
    pub cell: Cell,
    /// The guarantor's household.
    #[n(1)]
    pub household: Id,
    /// The link.
    #[n(2)]
    pub link: Id,
    /// Whether it stands.
    #[n(3)]
    pub stands: bool,
    /// Hash of the text that was read.
    #[n(4)]
    pub text_hash: ByteVec,
    /// How it was said: on the phone, for how long it was read; or before whom.
    #[n(5)]
    pub evidence: String,
}

/// A guarantor has said whether it stands.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct GuaranteeSaid {
    /// The guarantor's household.
    #[n(0)]
    pub household: Id,
    /// The link.
    #[n(1)]
    pub link: Id,
    /// Whether it stands.
    #[n(2)]
    pub stands: bool,
    /// Hash of the text that was read.
    #[n(3)]
    pub text_hash: ByteVec,
    /// How it was said.
    #[n(4)]
    pub evidence: String,
}

/// The guarantor's cell has answered.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AnswerGuarantee {
    /// The debtor's cell.
    #[n(0)]
    pub cell: Cell,
    /// The debtor's household.
    #[n(1)]
    pub household: Id,
    /// The link.
    #[n(2)]
    pub link: Id,
    /// Why there is no such guarantor; nothing where it stands.
    #[n(3)]
    pub why_not: Option<String>,
}

/// A guarantee ends, or binds again: told to the guarantor's cell.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MoveGuarantee {
    /// The guarantor's cell.
    #[n(0)]
    pub cell: Cell,
    /// The guarantor's household.
    #[n(1)]
    pub household: Id,
    /// The link.
    #[n(2)]
    pub link: Id,
    /// Where it stands since.
    #[n(3)]
    pub state: GuaranteeState,
}

/// The fact that a guarantee whose row stands comes to another state.
fn moved(row: Guarantee, state: GuaranteeState, why: Option<String>) -> Fact {
    Fact::GuaranteeMoved(GuaranteeMoved {
        household: row.household,
        link: row.id,
        side: row.side,
        state,
        other: row.other,
        other_cell: row.other_cell,
        contract: row.contract,
        person: row.person,
        amount: Money::new(row.amount_minor, row.currency),
        weight_ppm: row.weight_ppm,
        why,
    })
}

/// Whether a paper counts among those of a contract: a guarantee does while it stands, as far as its link tells. Papers from before
/// there were links count.
pub(crate) fn counts(paper: &Paper, id: Id, guarantees: &[Guarantee]) -> bool {
    let link = guarantees.iter().find(|row| row.id == id && row.side == GuaranteeSide::Received);
    !matches!(paper, Paper::Guarantee { .. }) || link.is_none_or(|row| row.state == GuaranteeState::Stands)
}

/// What a paper by which another household stands for a debt does beside it: the debtor's side of the link, and the message that asks.
pub(crate) fn asked(
    house: &Tianxin,
    (cell, household, contract): (Cell, Id, Id),
    command: &AddPaper,
    context: &Context,
) -> Result<Option<(Fact, Message<Command>)>, Fault> {
    let link = command.id;
    let Paper::Guarantee { household: guarantor, cell: guarantor_cell, person, amount_fen } = &command.paper else {
        return Ok(None);
    };
    let rules = house.dated.on(context.open_date).map_err(|error| Fault::Broken(error.to_string()))?;
    let amount = Money::new(*amount_fen, house.institution.currency);
    let weight_ppm = rules.guarantee_weight.ppm();
    let fact = Fact::GuaranteeMoved(GuaranteeMoved {
        household,
        link,
        side: GuaranteeSide::Received,
        state: GuaranteeState::Asked,
        other: *guarantor,
        other_cell: *guarantor_cell,
        contract,
        person: *person,
        amount,
        weight_ppm,
        why: None,
    });
    let ask = StandFor {
        cell: *guarantor_cell,
        household: *guarantor,
        link,
        debtor: household,
        debtor_cell: cell,
        contract,
        person: *person,
        amount,
        weight_ppm,
        by_phone: command.by_phone,
    };
    Ok(Some((fact, Message { id: link.derive("stand-for"), command: Command::StandFor(ask) })))
}

/// Whether a guarantee of a contract binds still: the contract may yet be drawn, or something is owed of its loan.
fn binds(slice: &Overlay, cell: Cell, household: Id, contract: Id, lapsed: &[Id]) -> Result<bool, Fault> {
    let Some(row) = slice.get::<Contract>(&key![cell, household, contract])? else { return Ok(false) };
    if row.status == ContractStatus::Lapsed {
        return Ok(false);
    }
    if matches!(row.status, ContractStatus::Signed | ContractStatus::PartDrawn) && !lapsed.contains(&contract) {
        return Ok(true);
    }
    for note in slice.range::<LoanNote>(&key![cell, household])? {
        let owed = note.status == LoanState::Open || Holding::of(&note)?.claim_fen() > 0;
        if note.contract == contract && owed {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What becomes of the guarantees that a household has received, nothing more being drawn under some of its contracts since today: those whose contract has
/// ended are released, those whose loan is owed again bind again.
pub(crate) fn follow_contracts(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    lapsed: &[Id],
    context: &Context,
) -> Result<(Vec<Fact>, Vec<Message<Command>>), Fault> {
    let (mut facts, mut messages) = (Vec::new(), Vec::new());
    for row in slice.range::<Guarantee>(&key![cell, household])? {
        if row.side != GuaranteeSide::Received {
            continue;
        }
        let binds = binds(slice, cell, household, row.contract, lapsed)?;
        let state = match (row.state, binds) {
            (GuaranteeState::Stands | GuaranteeState::Asked, false) => GuaranteeState::Released,
            (GuaranteeState::Released, true) => GuaranteeState::Stands,
            _ => continue,
        };
        let tell = MoveGuarantee { cell: row.other_cell, household: row.other, link: row.id, state };
        let id = context.command_id.derive(&format!("guarantee {} {}", row.id, state.as_str()));
        messages.push(Message { id, command: Command::MoveGuarantee(tell) });
        facts.push(moved(row, state, None));
    }
    Ok((facts, messages))
}

/// Why a person cannot stand for a debt; `None` if it can.
fn unfit(slice: &Overlay, cell: Cell, household: Id, person: Id) -> Result<Option<&'static str>, Fault> {
    let active =
        slice.get::<Household>(&key![cell, household])?.is_some_and(|row| row.status == HouseholdStatus::Active);
    let row = slice.get::<Person>(&key![cell, household, person])?;
    Ok(match row {
        _ if !active => Some("there is no such household"),
        None => Some("the household has no such person"),
        Some(row) if row.erased_at.is_some() => Some("the person is known here no more"),
        Some(row) if row.role == MemberRole::Dependant => Some("a dependant stands for no debt"),
        Some(_) if death_recorded(slice, cell, household)? => Some("a death is on record in the household"),
        Some(_) => None,
    })
}

impl Tianxin {
    pub(crate) fn needs_stand_for(&self, command: &StandFor, needs: &mut Needs) {
        let (cell, household) = (command.cell, command.household);
        needs.rows::<Household>(key![cell, household]);
        needs.rows::<Person>(key![cell, household]);
        needs.rows::<LoanNote>(key![cell, household]);
        needs.rows::<Guarantee>(key![cell, household]);
    }

    /// A person of this cell is asked to stand for a debt: it does if it can, and the debtor's cell is told; one who was not there is
    /// asked, and the debtor's cell waits.
    pub(crate) fn stand_for(&self, slice: &Overlay, command: &StandFor) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let why_not = unfit(slice, cell, household, command.person)?;
        let fact = match why_not {
            Some(_) => Fact::Declined { code: "no_such_guarantor".to_owned() },
            None => Fact::GuaranteeMoved(GuaranteeMoved {
                household,
                link: command.link,
                side: GuaranteeSide::Given,
                state: if command.by_phone { GuaranteeState::Asked } else { GuaranteeState::Stands },
                other: command.debtor,
                other_cell: command.debtor_cell,
                contract: command.contract,
                person: command.person,
                amount: command.amount,
                weight_ppm: command.weight_ppm,
                why: None,
            }),
        };
        if command.by_phone && why_not.is_none() {
            return Ok(Change::new(Outcome::Done, vec![fact]));
        }
        let answer = AnswerGuarantee {
            cell: command.debtor_cell,
            household: command.debtor,
            link: command.link,
            why_not: why_not.map(str::to_owned),
        };
        let id = command.link.derive("stands");
        let message = Message { id, command: Command::AnswerGuarantee(answer) };
        Ok(Change::new(Outcome::Done, vec![fact]).with_message(message))
    }

    pub(crate) fn needs_say_guarantee(&self, command: &SayGuarantee, needs: &mut Needs) {
        let (cell, household) = (command.cell, command.household);
        needs.rows::<Household>(key![cell, household]);
        needs.rows::<Person>(key![cell, household]);
        needs.rows::<LoanNote>(key![cell, household]);
        needs.rows::<Guarantee>(key![cell, household]);
    }

    /// Whoever was asked says whether it stands; the debtor's cell is told.
    pub(crate) fn say_guarantee(&self, slice: &Overlay, command: &SayGuarantee) -> Decided<Tianxin> {
        let SayGuarantee { cell, household, link, stands, text_hash, evidence } = command.clone();
        check_text("how it was said", &evidence, 200)?;
        if text_hash.len() != 32 {
            return Err(Refusal::new("bad_text_hash", "the hash of a text has 32 bytes").into());
        }
        let row = slice
            .get::<Guarantee>(&key![cell, household, link])?
            .filter(|row| row.side == GuaranteeSide::Given)
            .ok_or_else(|| Refusal::new("unknown_guarantee", "this household was asked for no such guarantee"))?;
        if row.state != GuaranteeState::Asked {
            let message = format!("nothing is asked any more: the guarantee is {}", row.state.as_str());
            return Err(Refusal::new("guarantee_answered", message).into());
        }
        if let Some(why) = unfit(slice, cell, household, row.person)?.filter(|_| stands) {
            return Err(Refusal::new("not_fit_to_stand", format!("nobody can stand here: {why}")).into());
        }
        let (state, why) = match stands {
            true => (GuaranteeState::Stands, None),
            false => (GuaranteeState::Refused, Some("the guarantor does not stand for it".to_owned())),
        };
        let answer = AnswerGuarantee { cell: row.other_cell, household: row.other, link, why_not: why.clone() };
        let message = Message { id: link.derive("said"), command: Command::AnswerGuarantee(answer) };
        let said = Fact::GuaranteeSaid(GuaranteeSaid { household, link, stands, text_hash, evidence });
        Ok(Change::new(Outcome::Done, vec![said, moved(row, state, why)]).with_message(message))
    }

    pub(crate) fn needs_guarantees(&self, cell: Cell, household: Id, needs: &mut Needs) {
        needs.rows::<Guarantee>(key![cell, household]);
    }

    pub(crate) fn answer_guarantee(&self, slice: &Overlay, command: &AnswerGuarantee) -> Decided<Tianxin> {
        let row = slice.get::<Guarantee>(&key![command.cell, command.household, command.link])?;
        let Some(row) = row else { return Ok(nothing_moves()) };
        if row.state == GuaranteeState::Asked {
            let state = if command.why_not.is_some() { GuaranteeState::Refused } else { GuaranteeState::Stands };
            return Ok(Change::new(Outcome::Done, vec![moved(row, state, command.why_not.clone())]));
        }
        // The contract ended while it was asked, and the word of that may have come before the question did.
        let released = row.state == GuaranteeState::Released && command.why_not.is_none();
        let tell =
            MoveGuarantee { cell: row.other_cell, household: row.other, link: row.id, state: GuaranteeState::Released };
        let told = Message { id: row.id.derive("released late"), command: Command::MoveGuarantee(tell) };
        Ok(if released { nothing_moves().with_message(told) } else { nothing_moves() })
    }

    pub(crate) fn move_guarantee(&self, slice: &Overlay, command: &MoveGuarantee) -> Decided<Tianxin> {
        let row = slice.get::<Guarantee>(&key![command.cell, command.household, command.link])?;
        Ok(match row {
            Some(row) if row.state != command.state => {
                Change::new(Outcome::Done, vec![moved(row, command.state, None)])
            }
            _ => nothing_moves(),
        })
    }
}

/// What is told where a message finds nothing to do.
fn nothing_moves() -> Change<Tianxin> {
    Change::new(Outcome::Done, vec![Fact::Declined { code: "nothing_moves".to_owned() }])
}

/// Writes one side of a guarantee.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &GuaranteeMoved) {
    books.put(&Guarantee {
        cell: stamp.cell,
        household: fact.household,
        id: fact.link,
        side: fact.side,
        state: fact.state,
        other: fact.other,
        other_cell: fact.other_cell,
        contract: fact.contract,
        person: fact.person,
        amount_minor: fact.amount.minor(),
        weight_ppm: fact.weight_ppm,
        currency: fact.amount.currency(),
        since: stamp.booking_date,
        why: fact.why.clone(),
    });
}
