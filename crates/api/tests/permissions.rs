//! Every route × every role: the permission table says who passes, and the server does as it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use api::permission::{Access, GATES, Gate};
use door::permission::Reach;
use door::{ActorKind, Role};
use serde_json::json;
use support::*;

/// Someone who tries every route.
struct Actor {
    name: &'static str,
    who: Who,
    kind: Option<ActorKind>,
    role: Role,
    owns: bool,
}

/// What must happen.
#[derive(Debug, PartialEq)]
enum Fate {
    /// Must sign in first.
    Stranger,
    /// May not.
    Refused,
    /// Comes to the handler, which may find the body wanting.
    Passed,
}

fn fate(status: u16) -> Fate {
    match status {
        401 => Fate::Stranger,
        403 => Fate::Refused,
        _ => Fate::Passed,
    }
}

/// Worked out here a second time, in plain words, from the two tables.
fn expected(gate: &Gate, actor: &Actor) -> Fate {
    let Some(kind) = actor.kind else {
        return if gate.access == Access::Anyone { Fate::Passed } else { Fate::Stranger };
    };
    if kind == ActorKind::Household && gate.path.contains("{hh}") && !actor.owns {
        return Fate::Refused;
    }
    let rule = |act: &str| app::permission::RULES.iter().find(|rule| rule.role == actor.role && rule.act == act);
    let passes = match gate.access {
        Access::Anyone | Access::SignedIn => true,
        Access::Read(roles) => roles.contains(&actor.role),
        Access::Act(act) | Access::ActOrDemo(act) => rule(act).is_some_and(|rule| rule.reach != Reach::Approve),
        Access::OneOf(acts) => acts.iter().any(|act| rule(act).is_some_and(|rule| rule.reach != Reach::Approve)),
        Access::SecondPerson => {
            let seconds = |r: &&door::Rule| r.role == actor.role && r.reach != Reach::Alone;
            kind == ActorKind::Staff && app::permission::RULES.iter().any(|r| seconds(&r))
        }
        Access::Tokens => kind == ActorKind::Staff && actor.role == Role::Admin,
    };
    if passes { Fate::Passed } else { Fate::Refused }
}

#[test]
fn every_route_for_every_role() {
    let town = Town::start(Plan::default());
    let (mine, theirs) = (town.enrol(1), town.enrol(2));
    let household = mine.household.clone();
    let cell = household.split('-').nth(1).unwrap().to_owned();
    let thing = |kind| {
        let cell = basics::Cell(cell.parse().unwrap());
        basics::PublicId { kind, cell, id: basics::Id::from_u128(9) }.to_string()
    };
    let mut actors = vec![
        Actor { name: "no session", who: Who::default(), kind: None, role: Role::Household, owns: false },
        Actor { name: "own household", who: mine, kind: Some(ActorKind::Household), role: Role::Household, owns: true },
        Actor {
            name: "other household",
            who: theirs,
            kind: Some(ActorKind::Household),
            role: Role::Household,
            owns: false,
        },
    ];
    let staff = [
        ("clerk", Role::Clerk),
        ("officer", Role::Officer),
        ("analyst", Role::Analyst),
        ("accountant", Role::Accountant),
        ("approver", Role::Approver),
        ("auditor", Role::Auditor),
        ("admin", Role::Admin),
    ];
    for (name, role) in staff {
        let who = town.staff(name, role);
        actors.push(Actor { name, who, kind: Some(ActorKind::Staff), role, owns: false });
    }
    let machine = town.hire("machine-desk", Role::Clerk);
    let machine = basics::PublicId { kind: basics::IdKind::Staff, cell: basics::Cell::OFFICE, id: machine };
    let admin = actors.iter().find(|actor| actor.name == "admin").unwrap().who.clone();
    let given =
        town.post(&admin, "/api/v1/office/tokens", json!({ "staff": machine.to_string(), "days": 1 })).expect(201);
    let who = Who { bearer: Some(given.text("token")), ..Who::default() };
    actors.push(Actor { name: "machine", who, kind: Some(ActorKind::Machine), role: Role::Clerk, owns: false });

    let mut walked = 0;
    // Signing out comes last: afterwards nobody is signed in.
    let is_end = |gate: &&Gate| gate.method.as_str() == "DELETE";
    let gates = GATES.iter().filter(|gate| !is_end(gate)).chain(GATES.iter().filter(is_end));
    for gate in gates {
        let path = gate
            .path
            .replace("{hh}", &household)
            .replace("{ap}", &thing(basics::IdKind::Application))
            .replace("{ct}", &thing(basics::IdKind::Contract))
            .replace("{ln}", &thing(basics::IdKind::Loan))
            .replace("{pr}", &thing(basics::IdKind::Proposal))
            .replace("{date}", "2026-03-02")
            .replace("{ch}", "00000000-0000-0000-0000-000000000009")
            .replace("{ds}", "00000000-0000-0000-0000-000000000009");
        for actor in &actors {
            let command = town.command();
            let headers = [("Command-Id", command.as_str()), ("Content-Type", "application/json")];
            let body = (gate.method.as_str() == "POST").then_some(&b"{\"nothing\": 1}"[..]);
            let reply = town.send(&actor.who, gate.method.as_str(), &path, &headers, body);
            let shown = String::from_utf8_lossy(&reply.bytes).into_owned();
            let found = fate(reply.status);
            assert_eq!(
                found,
                expected(gate, actor),
                "{} {} by {}: {} {shown}",
                gate.method,
                gate.path,
                actor.name,
                reply.status
            );
            assert!(reply.status < 500, "{} {} by {}: {shown}", gate.method, gate.path, actor.name);
            let is_auditor = actor.role == Role::Auditor;
            if is_auditor && found == Fate::Passed && gate.access != Access::Anyone {
                assert_ne!(gate.method.as_str(), "POST", "an auditor only reads: {}", gate.path);
            }
            walked += 1;
        }
    }
    assert_eq!(walked, GATES.len() * 11);
}
