//! Staff: who works here, in which role. Password hashes stand beside the journal, not in it.

use basics::{Cell, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Role, key};
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{Staff, StaffSecret};

/// Take on a member of staff, or change role, password or standing.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetStaff {
    /// The member of staff.
    #[n(0)]
    pub staff: Id,
    /// Sign-in name.
    #[n(1)]
    pub login: String,
    /// Role.
    #[n(2)]
    pub role: Role,
    /// Whether it may sign in.
    #[n(3)]
    pub active: bool,
    /// argon2id in PHC form; none keeps the one that stands.
    #[n(4)]
    pub password_hash: Option<String>,
}

impl Tianxin {
    pub(crate) fn needs_staff(&self, needs: &mut Needs) {
        // A few hundred people at most: all of them, so that names stay unique.
        needs.rows::<Staff>(key![Cell::OFFICE]);
    }

    pub(crate) fn needs_staff_secret(&self, command: &SetStaff, needs: &mut Needs) {
        self.needs_staff(needs);
        needs.rows::<StaffSecret>(key![Cell::OFFICE, command.staff]);
    }

    pub(crate) fn set_staff(&self, slice: &Overlay, command: &SetStaff, _: &Context) -> Decided<Tianxin> {
        check_text("the sign-in name", &command.login, 40)?;
        if matches!(command.role, Role::Household | Role::System) {
            return Err(Refusal::new("bad_role", "a member of staff has one of the staff roles").into());
        }
        let others = slice.range::<Staff>(&key![Cell::OFFICE])?;
        if others.iter().any(|other| other.login == command.login && other.id != command.staff) {
            return Err(Refusal::new("login_taken", "another member of staff has this sign-in name").into());
        }
        let known = slice.get::<StaffSecret>(&key![Cell::OFFICE, command.staff])?.is_some();
        if !known && command.password_hash.is_none() {
            return Err(Refusal::new("password_missing", "a new member of staff needs a password").into());
        }
        let fact = Fact::StaffSet {
            staff: command.staff,
            login: command.login.clone(),
            role: command.role.as_str().to_owned(),
            active: command.active,
        };
        let change = Change::new(Outcome::Done, vec![fact]);
        Ok(match &command.password_hash {
            Some(hash) => {
                change.with_side(&StaffSecret { cell: Cell::OFFICE, id: command.staff, password_hash: hash.clone() })
            }
            None => change,
        })
    }
}
