// Which pages each role is shown. The server's permission table decides; this only spares people pages that
// would refuse them.

export type Page = "referrals" | "proposals" | "households" | "loans" | "lines" | "disasters" | "notices" | "trial-balance" | "day";

const SHOWN: Record<string, readonly Page[]> = {
  clerk: ["households", "loans", "notices", "lines", "proposals"],
  officer: ["referrals", "households", "loans", "notices", "lines", "disasters", "proposals"],
  analyst: ["referrals", "households", "loans", "lines", "disasters"],
  accountant: ["trial-balance", "day", "proposals", "households", "loans", "lines", "disasters"],
  approver: ["proposals", "referrals", "households", "loans", "lines", "disasters", "trial-balance", "day"],
  auditor: ["trial-balance", "loans", "lines", "disasters", "households", "referrals", "proposals", "day"],
  admin: ["proposals"],
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
  act_on_line: ["clerk", "officer", "accountant", "approver"],
  declare_disaster: ["officer"],
  carry_notice: ["clerk", "officer"],
  see_day_report: ["accountant", "approver", "auditor"],
};

/** The pages of a role, the most used first; a role that is not known sees none. */
export function pagesOf(role: string): readonly Page[] {
  return SHOWN[role] ?? [];
}

export function may(role: string, act: keyof typeof ACTS): boolean {
  return ACTS[act]?.includes(role) ?? false;
}
