// Which pages each role is shown. The server's permission table decides; this only spares people pages that
// would refuse them.

export type Page =
  | "work"
  | "referrals"
  | "proposals"
  | "households"
  | "loans"
  | "lines"
  | "disasters"
  | "notices"
  | "portfolio"
  | "books"
  | "day"
  | "models"
  | "people"
  | "journal";

const SHOWN: Record<string, readonly Page[]> = {
  clerk: ["work", "households", "loans", "notices", "lines", "proposals"],
  officer: ["work", "referrals", "households", "loans", "notices", "lines", "disasters", "proposals", "portfolio", "models"],
  analyst: ["work", "referrals", "households", "loans", "lines", "disasters", "portfolio", "models"],
  accountant: ["work", "books", "day", "proposals", "households", "loans", "lines", "disasters", "portfolio"],
  approver: ["work", "proposals", "referrals", "households", "loans", "lines", "disasters", "portfolio", "books", "day", "models", "people", "journal"],
  auditor: ["work", "journal", "books", "portfolio", "loans", "lines", "disasters", "households", "referrals", "proposals", "day", "models", "people"],
  admin: ["work", "proposals", "people", "journal"],
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
};

/** The pages of a role, the most used first; a role that is not known sees none. */
export function pagesOf(role: string): readonly Page[] {
  return SHOWN[role] ?? [];
}

export function may(role: string, act: keyof typeof ACTS): boolean {
  return ACTS[act]?.includes(role) ?? false;
}
