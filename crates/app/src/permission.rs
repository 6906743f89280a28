//! Who may do what: the whole permission table, one line an act and role.
//!
//! What is not in the table is not allowed. Amounts are minor units.

use door::permission::Reach::{Alone, AloneUpTo, Approve, Propose, ProposeOrApprove};
use door::permission::Role::{Accountant, Admin, Approver, Clerk, Household, Officer, System};
use door::permission::{Reach, Role, Rule};

const fn may(role: Role, act: &'static str, reach: Reach) -> Rule {
    Rule { act, role, reach }
}

/// 50,000.00 in minor units: what a clerk may pay out alone.
const CLERK_ALONE_MINOR: i64 = 5_000_000;

/// 20,000.00 in minor units: what an officer may approve alone.
const OFFICER_ALONE_MINOR: i64 = 2_000_000;

/// The permission table.
pub const RULES: &[Rule] = &[
    may(Household, "enrol", Alone),
    may(Clerk, "enrol", Alone),
    may(Officer, "enrol", Alone),
    may(System, "enrol", Alone),
    may(System, "bury", Alone),
    may(Clerk, "top_up", Alone),
    may(System, "top_up", Alone),
    may(Household, "withdraw", Alone),
    may(Clerk, "withdraw", AloneUpTo(CLERK_ALONE_MINOR)),
    may(Approver, "withdraw", Approve),
    may(System, "withdraw", Alone),
    may(Household, "transfer", Alone),
    may(Clerk, "transfer", AloneUpTo(CLERK_ALONE_MINOR)),
    may(Approver, "transfer", Approve),
    may(Accountant, "fund", Propose),
    may(Approver, "fund", Approve),
    may(System, "fund", Alone),
    may(Accountant, "grant_quota", Alone),
    may(System, "grant_quota", Alone),
    may(Accountant, "close_day", Alone),
    may(System, "close_day", Alone),
    may(System, "note_close", Alone),
    may(Accountant, "reverse", ProposeOrApprove),
    may(Approver, "reverse", Approve),
    may(Admin, "erase", ProposeOrApprove),
    may(Approver, "erase", Approve),
    may(System, "follow_up", Alone),
    may(Household, "observe", Alone),
    may(Clerk, "observe", Alone),
    may(Officer, "observe", Alone),
    may(System, "observe", Alone),
    may(Household, "apply", Alone),
    may(Clerk, "apply", Alone),
    may(Officer, "apply", Alone),
    may(System, "apply", Alone),
    may(System, "decide", Alone),
    may(Officer, "decide_by_hand", AloneUpTo(OFFICER_ALONE_MINOR)),
    may(Approver, "decide_by_hand", ProposeOrApprove),
    may(Officer, "review_facility", Alone),
    may(Officer, "freeze_facility", Alone),
    may(Approver, "freeze_facility", Alone),
    may(Officer, "lower_facility", Alone),
    may(Approver, "lower_facility", Alone),
    may(Officer, "thaw_facility", Propose),
    may(Approver, "thaw_facility", ProposeOrApprove),
    may(Officer, "raise_facility", Propose),
    may(Approver, "raise_facility", ProposeOrApprove),
    may(Officer, "close_facility", Propose),
    may(Approver, "close_facility", ProposeOrApprove),
    may(Officer, "undo_facility", Propose),
    may(Approver, "undo_facility", ProposeOrApprove),
    may(Household, "sign", Alone),
    may(Household, "draw", Alone),
    may(Household, "repay", Alone),
    may(Clerk, "repay", Alone),
    may(System, "repay", Alone),
    may(Accountant, "correct_loan", ProposeOrApprove),
    may(Approver, "correct_loan", Approve),
    may(Admin, "set_staff", Propose),
    may(Approver, "set_staff", Approve),
    may(System, "set_staff", Alone),
];
