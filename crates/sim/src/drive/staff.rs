//! Who works for the county's lender, as actors of the door.

use basics::Id;
use door::{Actor, ActorKind, Role};

/// The staff: one person a role is enough for the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staff {
    /// At the window.
    pub clerk: Actor,
    /// Visits and decides.
    pub officer: Actor,
    /// The second person.
    pub approver: Actor,
    /// Funds, corrects, closes.
    pub accountant: Actor,
}

impl Staff {
    /// The staff of a seed.
    pub fn of(seed: u64) -> Staff {
        let one = |role: Role| Actor { kind: ActorKind::Staff, id: Staff::id(seed, role), role };
        Staff {
            clerk: one(Role::Clerk),
            officer: one(Role::Officer),
            approver: one(Role::Approver),
            accountant: one(Role::Accountant),
        }
    }

    /// The id of the member of staff with a role.
    pub fn id(seed: u64, role: Role) -> Id {
        Id::default().derive(&format!("sim {seed} staff {}", role.as_str()))
    }
}

/// A household acting for itself.
pub(super) fn household(id: Id) -> Actor {
    Actor { kind: ActorKind::Household, id, role: Role::Household }
}
