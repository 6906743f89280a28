// Which pages each role is shown. The server's permission table decides; this only spares people pages that
// would refuse them.

export type Page =
  | "work"
  | "tasks"
  | "cases"
  | "referrals"
  | "proposals"
  | "households"
  | "loans"
  | "lines"
  | "disasters"
  | "notices"
  | "merchants"
  | "reconciliation"
  | "capital"
  | "portfolio"
  | "books"
  | "day"
  | "products"
  | "policy"
  | "models"
  | "people"
  | "journal";

const SHOWN: Record<string, readonly Page[]> = {
  clerk: ["work", "households", "loans", "tasks", "notices", "lines", "merchants", "products", "proposals"],
  officer: ["work", "referrals", "households", "loans", "tasks", "cases", "notices", "proposals", "portfolio", "lines", "disasters", "merchants", "products", "policy", "models"],
  analyst: ["work", "referrals", "households", "loans", "cases", "tasks", "portfolio", "products", "policy", "models", "lines", "disasters"],
  accountant: ["work", "books", "reconciliation", "day", "proposals", "capital", "households", "loans", "lines", "portfolio", "tasks", "disasters", "merchants", "products"],
  approver: ["work", "proposals", "referrals", "households", "loans", "cases", "reconciliation", "portfolio", "books", "day", "tasks", "lines", "disasters", "merchants", "products", "policy", "models", "people", "journal"],
  auditor: ["work", "journal", "books", "portfolio", "loans", "reconciliation", "cases", "households", "referrals", "proposals", "lines", "disasters", "tasks", "merchants", "day", "products", "policy", "models", "people"],
  admin: ["work", "proposals", "people", "merchants", "journal"],
};

/** What a role may do on a page, or see there that not all do who have the page. */
const ACTS: Record<string, readonly string[]> = {
  decide: ["officer", "approver"],
  approve: ["approver", "accountant", "admin"],
  top_up: ["clerk"],
  add_paper: ["clerk", "officer"],
  agree_change: ["clerk", "officer"],
  apply_change: ["officer", "approver"],
  close_day: ["accountant"],
  change_facility: ["officer", "approver"],
  see_standing: ["officer", "analyst", "accountant", "approver", "auditor"],
  see_rating: ["officer", "analyst", "approver", "auditor"],
  see_decision: ["officer", "analyst", "approver", "auditor"],
  see_journal: ["approver", "auditor", "admin"],
  see_staff: ["approver", "auditor", "admin"],
  act_on_line: ["clerk", "officer", "accountant", "approver"],
  declare_disaster: ["officer"],
  carry_notice: ["clerk", "officer"],
  see_day_report: ["accountant", "approver", "auditor"],
  promote_model: ["analyst", "approver"],
  set_staff: ["admin"],
  answer_asked: ["clerk", "officer", "approver"],
  give_token: ["admin"],
  work_case: ["officer", "approver"],
  decide_payment: ["accountant", "approver"],
  take_credit: ["accountant"],
  see_reconciliation: ["accountant", "approver", "auditor"],
  register_merchant: ["officer", "approver", "admin"],
  set_level: ["clerk", "officer", "approver"],
  fund: ["accountant"],
  grant_quota: ["accountant"],
  reverse: ["accountant"],
  see_profile: ["officer", "analyst", "approver", "auditor"],
};

/** The pages of a role, the most used first; a role that is not known sees none. */
export function pagesOf(role: string): readonly Page[] {
  return SHOWN[role] ?? [];
}

export function may(role: string, act: keyof typeof ACTS): boolean {
  return ACTS[act]?.includes(role) ?? false;
}
