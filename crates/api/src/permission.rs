//! Who may ask what: one line a route, the whole of it.
//!
//! Reads name the roles. Writes name the act of the door's own table (`app::permission`),
//! which decides for good, with amounts and second persons; here it only keeps out those who
//! may not do it whatever the amount. A household sees and does what is its own, always.

use axum::http::Method;
use door::permission::{Reach, Role, Rule};
use door::{Actor, ActorKind};

use Access::{Act, ActOrDemo, Anyone, OneOf, Read, SecondPerson, SignedIn, Tokens};
use Role::{Accountant, Admin, Analyst, Approver, Auditor, Clerk, Household, Officer};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, signed in or not.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// These roles.
    Read(&'static [Role]),
    /// Roles that may do or propose this act at the door.
    Act(&'static str),
    /// Roles that may do or propose one of these acts at the door.
    OneOf(&'static [&'static str]),
    /// The same as for one act, and in a demonstration the household for itself.
    ActOrDemo(&'static str),
    /// Roles that may be the second person of some act, or take back what they proposed.
    SecondPerson,
    /// Administrators, in person.
    Tokens,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The method.
    pub method: Method,
    /// The path, as OpenAPI writes it.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
}

const fn get(path: &'static str, access: Access) -> Gate {
    Gate { method: Method::GET, path, access }
}

const fn post(path: &'static str, access: Access) -> Gate {
    Gate { method: Method::POST, path, access }
}

/// Those who serve households, and those who watch them doing so.
const SERVICE: &[Role] = &[Household, Clerk, Officer, Analyst, Accountant, Approver, Auditor];
/// Those who judge credit.
const CREDIT: &[Role] = &[Household, Officer, Analyst, Approver, Auditor];
const STAFF: &[Role] = &[Clerk, Officer, Analyst, Accountant, Approver, Auditor, Admin];

/// The table.
#[rustfmt::skip]
pub const GATES: &[Gate] = &[
    get("/health", Anyone),
    post("/api/v1/codes", Anyone),
    post("/api/v1/enrolments", Anyone),
    post("/api/v1/sessions", Anyone),
    Gate { method: Method::DELETE, path: "/api/v1/sessions", access: SignedIn },
    get("/api/v1/me", SignedIn),
    get("/api/v1/products", Anyone),
    post("/api/v1/quotes", Anyone),

    get("/api/v1/households/{hh}", Read(SERVICE)),
    get("/api/v1/households/{hh}/entries", Read(SERVICE)),
    get("/api/v1/households/{hh}/statement", Read(SERVICE)),
    get("/api/v1/households/{hh}/limits", Read(CREDIT)),
    get("/api/v1/households/{hh}/profile", Read(CREDIT)),
    get("/api/v1/households/{hh}/rating", Read(CREDIT)),
    post("/api/v1/households/{hh}/rating/raises/{place}", Act("answer_raise")),
    get("/api/v1/households/{hh}/notices", Read(SERVICE)),
    get("/api/v1/office/notices", Read(STAFF)),
    post("/api/v1/households/{hh}/notices/{notice}/outcome", Act("carry_notice")),
    post("/api/v1/households/{hh}/events", Act("observe")),
    post("/api/v1/households/{hh}/topups", ActOrDemo("top_up")),
    post("/api/v1/households/{hh}/withdrawals", Act("withdraw")),
    post("/api/v1/households/{hh}/cash", OneOf(&["take_cash", "take_repayment", "pay_cash"])),
    post("/api/v1/households/{hh}/transfers", Act("transfer")),
    // Whose merchant it is decides the desk.
    post("/api/v1/households/{hh}/payment-codes", Act("pay_code")),
    post("/api/v1/households/{hh}/code-payments", Act("pay_code")),
    get("/api/v1/households/{hh}/level", Read(SERVICE)),
    post("/api/v1/households/{hh}/level", Act("set_level")),
    get("/api/v1/households/{hh}/accounts", Read(SERVICE)),
    post("/api/v1/households/{hh}/accounts", Act("bind_account")),
    get("/api/v1/households/{hh}/payments", Read(SERVICE)),
    post("/api/v1/households/{hh}/payments", OneOf(&["pay_out", "collect"])),
    post("/api/v1/households/{hh}/payments/{py}/decision", Act("decide_payment")),
    post("/api/v1/households/{hh}/credits", Act("take_credit")),
    get("/api/v1/households/{hh}/orders-in-review", Read(SERVICE)),
    get("/api/v1/office/suspended", Read(&[Officer, Analyst, Approver, Auditor])),
    get("/api/v1/office/suspended/{hh}", Read(&[Officer, Analyst, Approver, Auditor])),
    post("/api/v1/office/suspended/{hh}/{order}/decision", OneOf(&["release_suspended", "refuse_suspended"])),
    get("/api/v1/office/reconciliation", Read(&[Accountant, Approver, Auditor])),
    post("/api/v1/office/reconciliation/{it}/settlement", Act("settle_item")),

    get("/api/v1/households/{hh}/facility", Read(SERVICE)),
    // Which change it is decides the door: who may not even freeze may do none of them.
    post("/api/v1/households/{hh}/facilities/{fa}/changes", Act("freeze_facility")),

    get("/api/v1/households/{hh}/applications", Read(SERVICE)),
    post("/api/v1/households/{hh}/applications", Act("apply")),
    get("/api/v1/households/{hh}/applications/{ap}", Read(SERVICE)),
    post("/api/v1/households/{hh}/applications/{ap}/signature", Act("sign")),
    post("/api/v1/households/{hh}/applications/{ap}/review", Act("ask_for_person")),
    post("/api/v1/households/{hh}/applications/{ap}/withdrawal", Act("withdraw_application")),
    get("/api/v1/households/{hh}/applications/{ap}/decision", Read(&[Officer, Analyst, Approver, Auditor])),
    get("/api/v1/households/{hh}/contracts/{ct}/papers", Read(SERVICE)),
    // Who may add a paper may name a payee, with a second person.
    post("/api/v1/households/{hh}/contracts/{ct}/papers", Act("add_paper")),
    post("/api/v1/households/{hh}/contracts/{ct}/drawdown", Act("draw")),
    get("/api/v1/households/{hh}/guarantees", Read(SERVICE)),
    post("/api/v1/households/{hh}/guarantees/{gu}/answer", Act("say_guarantee")),
    get("/api/v1/line-products", Anyone),
    get("/api/v1/households/{hh}/lines", Read(SERVICE)),
    post("/api/v1/households/{hh}/lines", Act("open_line")),
    get("/api/v1/households/{hh}/lines/offer", Read(SERVICE)),
    get("/api/v1/households/{hh}/lines/{cl}", Read(SERVICE)),
    get("/api/v1/households/{hh}/lines/{cl}/standing", Read(&[Officer, Analyst, Accountant, Approver, Auditor])),
    // Which event it is decides the door: each of these roles may do some of them.
    post("/api/v1/households/{hh}/lines/{cl}/events", Read(&[Household, Clerk, Officer, Analyst, Accountant, Approver])),
    post("/api/v1/households/{hh}/lines/{cl}/corrections", Act("correct_line")),
    get("/api/v1/households/{hh}/lines/{cl}/conversion", Read(SERVICE)),
    get("/api/v1/households/{hh}/preliminary-limits", Read(SERVICE)),
    post("/api/v1/households/{hh}/preliminary-limits/{vc}/signature", Act("sign_preliminary")),
    post("/api/v1/households/{hh}/preliminary-limits/{vc}/withdrawal", Act("withdraw_preliminary")),
    get("/api/v1/households/{hh}/loans", Read(SERVICE)),
    get("/api/v1/households/{hh}/loans/{ln}", Read(SERVICE)),
    post("/api/v1/households/{hh}/loans/{ln}/repayments", Act("repay")),
    post("/api/v1/households/{hh}/loans/{ln}/corrections", Act("correct_loan")),
    post("/api/v1/households/{hh}/loans/{ln}/payout/release", Act("release_payout")),
    post("/api/v1/households/{hh}/loans/{ln}/prepayments", Act("prepay_loan")),
    get("/api/v1/households/{hh}/loans/{ln}/standing", Read(&[Officer, Analyst, Accountant, Approver, Auditor])),
    // Which act it is decides the door: who may do none of these may do none of the others.
    post("/api/v1/households/{hh}/loans/{ln}/acts", OneOf(&["take_back_loan_act", "record_death", "judge_loan_worse"])),
    post("/api/v1/households/{hh}/loans/{ln}/renewal", Act("renew_loan")),
    post("/api/v1/households/{hh}/loans/{ln}/renewal/undo", Act("undo_renewal")),
    get("/api/v1/households/{hh}/loans/{ln}/changes", Read(SERVICE)),
    post("/api/v1/households/{hh}/loans/{ln}/changes", Act("propose_replan")),
    post("/api/v1/households/{hh}/loans/{ln}/changes/{ch}/consent", Act("agree_change")),
    post("/api/v1/households/{hh}/loans/{ln}/changes/{ch}/application", Act("apply_change")),
    post("/api/v1/households/{hh}/loans/{ln}/changes/{ch}/undo", Act("undo_change")),

    get("/api/v1/office/referrals", Read(&[Officer, Analyst, Approver, Auditor])),
    post("/api/v1/office/applications/{ap}/decision", Act("decide_by_hand")),
    get("/api/v1/office/disasters", Read(STAFF)),
    post("/api/v1/office/disasters", Act("declare_disaster")),
    get("/api/v1/office/disasters/{ds}", Read(&[Officer, Analyst, Accountant, Approver, Auditor])),
    post("/api/v1/office/disasters/{ds}/decision", Act("decide_disaster")),
    // What two people have decided is gone on with by whoever may propose such a decision.
    post("/api/v1/office/disasters/{ds}/run", Act("decide_disaster")),
    post("/api/v1/office/harvests", Act("propose_replan")),
    get("/api/v1/office/ratings", Read(&[Officer, Analyst, Approver, Auditor])),
    get("/api/v1/office/villages", Read(STAFF)),
    post("/api/v1/office/villages", Act("prepare_village")),
    get("/api/v1/office/villages/{vc}", Read(&[Officer, Analyst, Approver, Auditor])),
    post("/api/v1/office/villages/{vc}/steps", OneOf(&["hand_in_appraisal", "keep_negative_list", "decide_village"])),
    post("/api/v1/office/villages/{vc}/roll", Act("prepare_village")),
    post("/api/v1/office/villages/{vc}/limits", Act("prepare_village")),
    // What two people have decided is gone on with by whoever may propose such a decision.
    post("/api/v1/office/villages/{vc}/offers", Act("decide_village")),
    get("/api/v1/office/lines", Read(&[Clerk, Officer, Analyst, Accountant, Approver, Auditor])),
    get("/api/v1/office/merchants", Read(STAFF)),
    post("/api/v1/office/merchants", Act("register_merchant")),
    get("/api/v1/office/proposals", Read(STAFF)),
    post("/api/v1/office/proposals/{pr}/approval", SecondPerson),
    post("/api/v1/office/proposals/{pr}/rejection", SecondPerson),
    get("/api/v1/office/loans", Read(&[Clerk, Officer, Analyst, Accountant, Approver, Auditor])),
    get("/api/v1/office/tasks", Read(&[Clerk, Officer, Analyst, Accountant, Approver, Auditor])),
    get("/api/v1/households/{hh}/requests", Read(SERVICE)),
    post("/api/v1/households/{hh}/requests", Act("ask_office")),
    post("/api/v1/households/{hh}/requests/{rq}/answer", Act("answer_asked")),
    post("/api/v1/households/{hh}/loans/{ln}/calls", Act("ask_call")),
    post("/api/v1/households/{hh}/calls/{ca}/end", Act("end_call")),
    get("/api/v1/households/{hh}/consents", Read(SERVICE)),
    post("/api/v1/households/{hh}/consents", Act("say_consent")),
    get("/api/v1/households/{hh}/looks", Read(SERVICE)),
    get("/api/v1/office/looks", Read(&[Approver, Auditor, Admin])),
    post("/api/v1/households/{hh}/erasures", Act("erase")),
    // Whose merchant it is, and whether a code is genuine, says the desk.
    get("/api/v1/households/{hh}/merchants", Read(SERVICE)),
    post("/api/v1/households/{hh}/codes-read", Act("pay_code")),
    get("/api/v1/office/households", Read(&[Clerk, Officer, Analyst, Accountant, Approver, Auditor])),
    get("/api/v1/office/trial-balance", Read(&[Accountant, Approver, Auditor])),
    get("/api/v1/office/drawers", Read(&[Clerk, Officer, Accountant, Approver, Auditor])),
    post("/api/v1/office/drawers", Act("set_drawer")),
    get("/api/v1/office/drawers/{dw}", Read(&[Clerk, Officer, Accountant, Approver, Auditor])),
    // Which step it is decides the door: clerks open, fill and close, the office checks, fetches and clears.
    post("/api/v1/office/drawers/{dw}/steps", OneOf(&["open_drawer", "check_drawer"])),
    get("/api/v1/office/books", Read(&[Accountant, Approver, Auditor])),
    get("/api/v1/office/books/postings", Read(&[Accountant, Approver, Auditor])),
    get("/api/v1/office/books/entry", Read(&[Accountant, Approver, Auditor])),
    get("/api/v1/office/vouchers", Read(&[Accountant, Approver, Auditor])),
    get("/api/v1/office/books/tie", Read(&[Accountant, Approver, Auditor])),
    get("/api/v1/office/periods", Read(&[Accountant, Approver, Auditor])),
    get("/api/v1/office/periods/{period}", Read(&[Accountant, Approver, Auditor])),
    post("/api/v1/office/periods/{period}/closing", Act("close_period")),
    post("/api/v1/office/periods/{period}/reopening", Act("reopen_period")),
    get("/api/v1/office/portfolio", Read(&[Officer, Analyst, Accountant, Approver, Auditor])),
    get("/api/v1/office/journal", Read(&[Approver, Auditor, Admin])),
    post("/api/v1/office/funds", Act("fund")),
    post("/api/v1/office/quotas", Act("grant_quota")),
    post("/api/v1/office/days/{date}/close", Act("close_day")),
    get("/api/v1/office/days/{date}", Read(STAFF)),
    get("/api/v1/office/days/{date}/report", Read(&[Accountant, Approver, Auditor])),
    post("/api/v1/office/reversals", Act("reverse")),
    get("/api/v1/office/products", Read(STAFF)),
    get("/api/v1/office/policy", Read(&[Officer, Analyst, Approver, Auditor])),
    get("/api/v1/office/models", Read(&[Officer, Analyst, Approver, Auditor])),
    post("/api/v1/office/models", Act("promote_model")),
    get("/api/v1/office/early-warnings", Read(&[Officer, Analyst, Approver, Auditor])),
    get("/api/v1/office/watch", Read(&[Officer, Analyst, Approver, Auditor])),
    get("/api/v1/office/cases", Read(&[Officer, Analyst, Approver, Auditor])),
    get("/api/v1/office/cases/{subject}/{case}", Read(&[Officer, Analyst, Approver, Auditor])),
    post("/api/v1/office/cases/{subject}/{case}/steps", OneOf(&["take_case", "note_case", "decide_case"])),
    get("/api/v1/office/lists/{list}", Read(&[Officer, Approver, Auditor])),
    post("/api/v1/office/lists/{list}", Act("load_list")),
    get("/api/v1/office/cases/{subject}/{case}/report", Read(&[Officer, Approver, Auditor])),
    post("/api/v1/office/cases/{subject}/{case}/report", Act("report_suspicion")),
    get("/api/v1/office/staff", Read(&[Approver, Auditor, Admin])),
    post("/api/v1/office/staff", Act("set_staff")),
    post("/api/v1/office/tokens", Tokens),
];

/// The line of a route; none for what is not a route.
pub fn gate(method: &Method, path: &str) -> Option<&'static Gate> {
    // A HEAD request is answered by the handler of GET.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    GATES.iter().find(|gate| gate.path == path && gate.method == *method)
}

/// Whether an actor may pass, as far as its role and kind go.
pub fn may_pass(access: Access, actor: &Actor, rules: &[Rule], demo: bool) -> bool {
    let reach =
        |act: &str| rules.iter().any(|rule| rule.role == actor.role && rule.act == act && rule.reach != Reach::Approve);
    match access {
        Anyone | SignedIn => true,
        Read(roles) => roles.contains(&actor.role),
        Act(act) => reach(act),
        OneOf(acts) => acts.iter().any(|act| reach(act)),
        ActOrDemo(act) => reach(act) || (demo && actor.kind == ActorKind::Household),
        // The second person is a person.
        SecondPerson => {
            let seconds = |rule: &&Rule| rule.role == actor.role && rule.reach != Reach::Alone;
            actor.kind == ActorKind::Staff && rules.iter().filter(seconds).count() > 0
        }
        Tokens => actor.kind == ActorKind::Staff && actor.role == Admin,
    }
}
