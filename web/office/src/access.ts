// What each role may do on a page. The server's permission table decides; this only spares people keys that
// would refuse them. `menu.ts` says which pages a role has.

/** What a role may do on a page, or see there that not all may who have the page. */
const ACTS: Record<string, readonly string[]> = {
  decide: ["officer", "approver"],
  approve: ["approver", "accountant", "admin"],
  top_up: ["clerk"],
  add_paper: ["clerk", "officer"],
  agree_change: ["clerk", "officer"],
  apply_change: ["officer", "approver"],
  close_day: ["accountant"],
  close_period: ["accountant"],
  reopen_period: ["accountant", "approver"],
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
  ask_call: ["officer", "approver"],
  end_call: ["clerk", "officer", "approver"],
  work_case: ["officer", "approver"],
  see_suspicion: ["officer", "approver", "auditor"],
  report_suspicion: ["officer", "approver"],
  end_suspended: ["officer", "approver"],
  decide_payment: ["accountant", "approver"],
  take_credit: ["accountant"],
  see_reconciliation: ["accountant", "approver", "auditor"],
  register_merchant: ["officer", "approver", "admin"],
  set_level: ["clerk", "officer", "approver"],
  fund: ["accountant"],
  grant_quota: ["accountant"],
  reverse: ["accountant"],
  work_drawer: ["clerk"],
  check_drawer: ["accountant", "approver"],
  set_drawer: ["accountant"],
  see_looks: ["approver", "auditor", "officer", "clerk"],
  see_looks_of_staff: ["approver", "auditor", "admin"],
  erase: ["officer"],
  prepare_village: ["officer"],
  keep_negative_list: ["officer", "approver"],
  hand_in_appraisal: ["clerk", "officer"],
  publish_village: ["officer"],
  object_in_village: ["clerk", "officer"],
  answer_objection: ["officer", "approver"],
  decide_village: ["officer", "approver"],
  sign_preliminary: ["clerk", "officer"],
  withdraw_preliminary: ["officer", "approver"],
  see_profile: ["officer", "analyst", "approver", "auditor"],
};

/** Acts whose second person is somebody else than for most: whoever stands beside the drawer. */
const SECONDS: Record<string, readonly string[]> = {
  open_drawer: ["officer", "accountant", "approver"],
  close_drawer: ["officer", "accountant", "approver"],
  move_vault_cash: ["accountant", "approver"],
  give_cash: ["clerk"],
};

/** Whether a role is shown the key to approve what another proposed. */
export function maySecond(role: string, act: string): boolean {
  return (SECONDS[act] ?? ACTS.approve)?.includes(role) ?? false;
}

export function may(role: string, act: keyof typeof ACTS): boolean {
  return ACTS[act]?.includes(role) ?? false;
}
