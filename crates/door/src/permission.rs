//! Who may do what, as one readable table.
//!
//! The table itself belongs to the application; the door applies it to every command.

use basics::Id;
use minicbor::{Decode, Encode};

crate::text_enum! {
    /// What kind of actor asks.
    pub enum ActorKind {
        /// A farming household, acting for itself.
        Household = "household",
        /// A member of staff.
        Staff = "staff",
        /// A partner institution.
        Partner = "partner",
        /// Another program, by token.
        Machine = "machine",
        /// The platform itself: follow-up steps of accepted commands.
        System = "system",
    }
}

crate::text_enum! {
    /// The role an actor acts in.
    pub enum Role {
        /// A household borrowing and paying for itself.
        Household = "household",
        /// Service-window clerk 柜员.
        Clerk = "clerk",
        /// Field officer 客户经理.
        Officer = "officer",
        /// Risk analyst.
        Analyst = "analyst",
        /// Accountant 会计.
        Accountant = "accountant",
        /// Approver 审批人, the second person.
        Approver = "approver",
        /// Auditor: reads only.
        Auditor = "auditor",
        /// Administrator of the system.
        Admin = "admin",
        /// The platform's own follow-up steps.
        System = "system",
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Actor {
    /// What kind of actor.
    #[n(0)]
    pub kind: ActorKind,
    /// Which one: the household, the member of staff, the partner, the machine.
    #[n(1)]
    pub id: Id,
    /// In which role.
    #[n(2)]
    pub role: Role,
}

impl Actor {
    /// The platform itself.
    pub const SYSTEM: Actor = Actor { kind: ActorKind::System, id: Id::from_u128(0), role: Role::System };
}

/// What a command asks, as far as permissions care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The name of the act as in the permission table.
    pub name: &'static str,
    /// The household whose affair it is; a household actor must be this one.
    pub owner: Option<Id>,
    /// The amount at stake in minor units, 0 if none.
    pub amount_minor: i64,
}

/// How far a role may go in an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Alone, whatever the amount.
    Alone,
    /// Alone up to this many minor units, beyond that only with a second person.
    AloneUpTo(i64),
    /// May only propose; a second person decides.
    Propose,
    /// May only be the second person.
    Approve,
    /// May propose, and may approve what another proposed.
    ProposeOrApprove,
}

/// One line of the permission table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The act.
    pub act: &'static str,
    /// The role.
    pub role: Role,
    /// How far.
    pub reach: Reach,
}

/// What the table says of one actor and one act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// May do it at once.
    Alone,
    /// May propose it.
    NeedsSecond,
    /// May not.
    Denied,
}

/// Applies the table to someone who wants to do, or propose, an act.
pub fn may_do(rules: &[Rule], actor: &Actor, act: &Act) -> Verdict {
    if actor.kind == ActorKind::Household && act.owner != Some(actor.id) {
        return Verdict::Denied;
    }
    match reach(rules, actor.role, act.name) {
        Some(Reach::Alone) => Verdict::Alone,
        Some(Reach::AloneUpTo(limit)) if act.amount_minor <= limit => Verdict::Alone,
        Some(Reach::AloneUpTo(_) | Reach::Propose | Reach::ProposeOrApprove) => Verdict::NeedsSecond,
        Some(Reach::Approve) | None => Verdict::Denied,
    }
}

/// Whether this actor may be the second person for what `proposer` proposed.
pub fn may_approve(rules: &[Rule], actor: &Actor, act: &Act, proposer: Id) -> bool {
    actor.id != proposer
        && matches!(reach(rules, actor.role, act.name), Some(Reach::Approve | Reach::ProposeOrApprove | Reach::Alone))
}

fn reach(rules: &[Rule], role: Role, act: &str) -> Option<Reach> {
    rules.iter().find(|rule| rule.role == role && rule.act == act).map(|rule| rule.reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[Rule] = &[
        Rule { act: "withdraw", role: Role::Household, reach: Reach::Alone },
        Rule { act: "withdraw", role: Role::Clerk, reach: Reach::AloneUpTo(1_000) },
        Rule { act: "reverse", role: Role::Accountant, reach: Reach::ProposeOrApprove },
    ];

    fn actor(kind: ActorKind, id: u128, role: Role) -> Actor {
        Actor { kind, id: Id::from_u128(id), role }
    }

    #[test]
    fn a_household_acts_only_for_itself() {
        let me = actor(ActorKind::Household, 1, Role::Household);
        let act = |owner| Act { name: "withdraw", owner: Some(Id::from_u128(owner)), amount_minor: 5 };
        assert_eq!(may_do(RULES, &me, &act(1)), Verdict::Alone);
        assert_eq!(may_do(RULES, &me, &act(2)), Verdict::Denied);
    }

    #[test]
    fn large_amounts_and_corrections_need_two_people() {
        let clerk = actor(ActorKind::Staff, 7, Role::Clerk);
        let act = |amount_minor| Act { name: "withdraw", owner: Some(Id::from_u128(1)), amount_minor };
        assert_eq!(may_do(RULES, &clerk, &act(1_000)), Verdict::Alone);
        assert_eq!(may_do(RULES, &clerk, &act(1_001)), Verdict::NeedsSecond);
        let book = actor(ActorKind::Staff, 8, Role::Accountant);
        let reverse = Act { name: "reverse", owner: None, amount_minor: 0 };
        assert_eq!(may_do(RULES, &book, &reverse), Verdict::NeedsSecond);
        assert!(!may_approve(RULES, &book, &reverse, book.id), "nobody approves their own proposal");
        assert!(may_approve(RULES, &book, &reverse, clerk.id));
        assert_eq!(may_do(RULES, &clerk, &reverse), Verdict::Denied);
    }
}
