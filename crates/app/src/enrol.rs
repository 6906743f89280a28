//! Enrolment: a household with its persons, consents and wallet, created once.

use basics::{Cell, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::{Fact, HouseholdEnrolled, PersonFact};
use crate::house::Tianxin;
use crate::tables::{Contact, Household, HouseholdStatus, MemberRole, Person, Sealed, Wallet};

/// Enrol a household. Personal data comes sealed: the shell in front of the door does that.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Enrol {
    /// The cell: that of the household's id.
    #[n(0)]
    pub cell: Cell,
    /// The household, made by the caller.
    #[n(1)]
    pub household: Id,
    /// Where it lives.
    #[n(2)]
    pub village: String,
    /// Its persons, the head first.
    #[n(3)]
    pub members: Vec<Member>,
    /// What it consented to: purpose and version of the text.
    #[n(4)]
    pub consents: Vec<(String, String)>,
}

/// A person being enrolled.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Member {
    /// The person, made by the caller.
    #[n(0)]
    pub person: Id,
    /// What it is in the household.
    #[n(1)]
    pub role: MemberRole,
    /// Sealed fields: name, resident id, phone.
    #[n(2)]
    pub fields: Vec<SealedField>,
    /// What the person can be found by: kind and keyed hash.
    #[n(3)]
    pub contacts: Vec<(String, ByteVec)>,
}

/// A field of personal data, sealed with the person's key.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SealedField {
    /// Which field.
    #[n(0)]
    pub field: String,
    /// Salt and value, encrypted.
    #[n(1)]
    pub ciphertext: ByteVec,
    /// SHA-256 of salt and value.
    #[n(2)]
    pub commitment: ByteVec,
}

/// Leave a tombstone where a claimed enrolment never came; or find the household alive.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Bury {
    /// The cell of the claim.
    #[n(0)]
    pub cell: Cell,
    /// The household of the claim.
    #[n(1)]
    pub household: Id,
}

impl Tianxin {
    pub(crate) fn needs_enrol(&self, command: &Enrol, needs: &mut Needs) {
        needs.rows::<Household>(key![command.cell, command.household]);
        needs.rows::<Wallet>(key![command.cell, command.household]);
        needs.rows::<Person>(key![command.cell, command.household]);
    }

    pub(crate) fn enrol(&self, slice: &Overlay, command: &Enrol, context: &Context) -> Decided<Tianxin> {
        check_enrolment(command, context)?;
        match slice.get::<Household>(&key![command.cell, command.household])? {
            None => {}
            Some(row) if row.status == HouseholdStatus::Buried => {
                let message = "this enrolment took too long and was given up: enrol again under a new household id";
                return Err(Refusal::new("enrolment_expired", message).into());
            }
            Some(_) => {
                let message = "a household with this id is enrolled already: use a new id";
                return Err(Refusal::new("household_exists", message).into());
            }
        }
        let persons = command.members.iter().map(|member| PersonFact {
            person: member.person,
            role: member.role,
            commitments: member.fields.iter().map(|f| (f.field.clone(), f.commitment.clone())).collect(),
        });
        let fact = Fact::HouseholdEnrolled(HouseholdEnrolled {
            household: command.household,
            village: command.village.clone(),
            currency: self.institution.currency,
            persons: persons.collect(),
            consents: command.consents.clone(),
        });
        let mut change = Change::new(Outcome::Done, vec![fact]);
        let (cell, household) = (command.cell, command.household);
        for member in &command.members {
            for field in &member.fields {
                change = change.with_side(&Sealed {
                    cell,
                    household,
                    person: member.person,
                    field: field.field.clone(),
                    ciphertext: field.ciphertext.to_vec(),
                });
            }
            for (kind, hash) in &member.contacts {
                change = change.with_side(&Contact {
                    cell,
                    household,
                    person: member.person,
                    kind: kind.clone(),
                    hash: hash.to_vec(),
                    verified_at: context.at,
                });
            }
        }
        Ok(change)
    }

    pub(crate) fn needs_bury(&self, command: &Bury, needs: &mut Needs) {
        needs.rows::<Household>(key![command.cell, command.household]);
    }

    pub(crate) fn bury(&self, slice: &Overlay, command: &Bury) -> Decided<Tianxin> {
        match slice.get::<Household>(&key![command.cell, command.household])? {
            Some(row) if row.status == HouseholdStatus::Active => {
                Ok(Change::new(Outcome::AlreadyThere, vec![Fact::Declined { code: "household_alive".to_owned() }]))
            }
            _ => {
                let fact = Fact::HouseholdBuried { household: command.household };
                Ok(Change::new(Outcome::Done, vec![fact]))
            }
        }
    }
}

fn check_enrolment(command: &Enrol, context: &Context) -> Result<(), Refusal> {
    if Cell::of(command.household, context.cells) != command.cell {
        return Err(Refusal::new("wrong_cell", "the household id does not belong to this cell: take the id as given"));
    }
    check_text("the village", &command.village, 60)?;
    let heads = command.members.iter().filter(|member| member.role == MemberRole::Head).count();
    if heads != 1 || command.members.len() > 20 {
        return Err(Refusal::new("bad_household", "a household has one head and at most 20 persons"));
    }
    let mut ids: Vec<Id> = command.members.iter().map(|member| member.person).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != command.members.len() {
        return Err(Refusal::new("bad_household", "two persons of the household have the same id"));
    }
    for member in &command.members {
        let mut fields: Vec<&str> = member.fields.iter().map(|field| field.field.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        let mut kinds: Vec<&str> = member.contacts.iter().map(|(kind, _)| kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let too_long = member.fields.iter().any(|field| field.ciphertext.len() > 4_096);
        if fields.len() != member.fields.len() || kinds.len() != member.contacts.len() || too_long {
            return Err(Refusal::new("bad_household", "a person's field is given twice or is too long"));
        }
    }
    if command.consents.is_empty() {
        return Err(Refusal::new("consent_missing", "a household is enrolled only with its consent to a purpose"));
    }
    for (purpose, version) in &command.consents {
        check_text("a consent's purpose", purpose, 60)?;
        check_text("a consent's version", version, 60)?;
    }
    Ok(())
}
