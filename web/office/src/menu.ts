// Every page of the office, in the order of the menu: its address behind the hash, its name, whose it is, and its
// code, which is fetched when it is first opened. A new page is a file in `pages/` whose default export draws it
// for the parts of its address, and an entry here. The server's permission table decides who may read what; roles here only
// spare people pages that would refuse them.

import type { ComponentType } from "preact";
import type { Told } from "../../shared/language";

/** What an address says after the page: `#/loans/ID/PART`; each is empty where it ends before. */
export interface At {
  id: string;
  part: string;
}

export type Group = "today" | "lending" | "money" | "rules" | "house";

export type Role = "clerk" | "officer" | "analyst" | "accountant" | "approver" | "auditor" | "admin";

export interface Entry {
  route: string;
  group: Group;
  title: Told;
  roles: readonly Role[];
  load: () => Promise<{ default: ComponentType<At> }>;
}

export const GROUPS: Record<Group, Told> = {
  today: ["今天", "Today"],
  lending: ["农户和借款", "Households and loans"],
  money: ["资金和账", "Money and books"],
  rules: ["规则和模型", "Rules and models"],
  house: ["管理", "House"],
};

const ALL = ["clerk", "officer", "analyst", "accountant", "approver", "auditor", "admin"] as const;
const LENDING = ["clerk", "officer", "analyst", "accountant", "approver", "auditor"] as const;
const BOOKS = ["accountant", "approver", "auditor"] as const;
const JUDGES = ["officer", "analyst", "approver", "auditor"] as const;
const COUNTERS = ["clerk", "officer", "accountant", "approver", "auditor"] as const;

export const MENU: readonly Entry[] = [
  { route: "work", group: "today", title: ["今天要办的", "Worklist"], roles: ALL, load: () => import("./pages/work") },
  { route: "proposals", group: "today", title: ["待批准", "To approve"], roles: ["clerk", "officer", "accountant", "approver", "auditor", "admin"], load: () => import("./pages/proposals") },
  { route: "referrals", group: "today", title: ["转人工的申请", "Referred applications"], roles: JUDGES, load: () => import("./pages/referrals") },
  { route: "tasks", group: "today", title: ["到期待办", "Tasks"], roles: LENDING, load: () => import("./pages/tasks") },
  { route: "cases", group: "today", title: ["风险案件", "Risk cases"], roles: JUDGES, load: () => import("./pages/cases") },
  { route: "early", group: "today", title: ["还款预警", "Early warnings"], roles: JUDGES, load: () => import("./pages/early") },
  { route: "suspended", group: "today", title: ["待核查的交易", "Suspended orders"], roles: JUDGES, load: () => import("./pages/suspended") },
  { route: "notices", group: "today", title: ["催还提醒", "Reminders"], roles: ["clerk", "officer"], load: () => import("./pages/notices") },
  { route: "households", group: "lending", title: ["查农户", "Households"], roles: LENDING, load: () => import("./pages/households") },
  { route: "loans", group: "lending", title: ["借款", "Loans"], roles: LENDING, load: () => import("./pages/loans") },
  { route: "lines", group: "lending", title: ["消费额度", "Purchase lines"], roles: LENDING, load: () => import("./pages/lines") },
  { route: "villages", group: "lending", title: ["整村授信", "Village campaigns"], roles: ["clerk", "officer", "analyst", "approver", "auditor"], load: () => import("./pages/villages") },
  { route: "disasters", group: "lending", title: ["灾害", "Disasters"], roles: ["officer", "analyst", "accountant", "approver", "auditor"], load: () => import("./pages/disasters") },
  { route: "merchants", group: "lending", title: ["商户", "Merchants"], roles: [...COUNTERS, "admin"], load: () => import("./pages/merchants") },
  { route: "portfolio", group: "lending", title: ["经营看板", "Dashboard"], roles: ["officer", "analyst", "accountant", "approver", "auditor"], load: () => import("./pages/portfolio") },
  { route: "cash", group: "money", title: ["现金和尾箱", "Cash and drawers"], roles: COUNTERS, load: () => import("./pages/cash") },
  { route: "reconciliation", group: "money", title: ["支付和对账", "Reconciliation"], roles: BOOKS, load: () => import("./pages/reconciliation") },
  { route: "capital", group: "money", title: ["资金和冲正", "Capital and reversals"], roles: ["accountant"], load: () => import("./pages/capital") },
  { route: "books", group: "money", title: ["账簿", "Books"], roles: BOOKS, load: () => import("./pages/books") },
  { route: "vouchers", group: "money", title: ["会计凭证", "Vouchers"], roles: BOOKS, load: () => import("./pages/vouchers") },
  { route: "closing", group: "money", title: ["核对和结账", "Tie and close"], roles: BOOKS, load: () => import("./pages/closing") },
  { route: "day", group: "money", title: ["营业日", "Business day"], roles: BOOKS, load: () => import("./pages/day") },
  { route: "products", group: "rules", title: ["产品", "Products"], roles: LENDING, load: () => import("./pages/products") },
  { route: "policy", group: "rules", title: ["审批规则", "Rules"], roles: JUDGES, load: () => import("./pages/policy") },
  { route: "models", group: "rules", title: ["模型", "Models"], roles: JUDGES, load: () => import("./pages/models") },
  { route: "people", group: "house", title: ["员工和岗位", "Staff and roles"], roles: ["approver", "auditor", "admin"], load: () => import("./pages/people") },
  { route: "journal", group: "house", title: ["审计查询", "Audit search"], roles: ["approver", "auditor", "admin"], load: () => import("./pages/journal") },
];

/** Pages that are opened from others and stand in no menu; whoever may see them is asked by their own acts. */
export const UNLISTED: readonly Entry[] = [
  { route: "decisions", group: "lending", title: ["决定", "Decision"], roles: JUDGES, load: () => import("./pages/decision") },
];

/** The pages of a role in the order of the menu; a role that is not known sees none. */
export function pagesOf(role: string): readonly Entry[] {
  return MENU.filter((entry) => entry.roles.some((one) => one === role));
}

/** The page of an address for a role, or the first of its menu; none for a role that is not known. */
export function pageAt(role: string, route: string): Entry | undefined {
  const pages = pagesOf(role);
  return [...pages, ...UNLISTED.filter((entry) => entry.roles.some((one) => one === role))].find((entry) => entry.route === route) ?? pages[0];
}
