// The field's codes in plain words, the same on all pages. A code without words is shown as it is.

import { type Language, type Told, tell } from "./language";

const TERMS: Record<string, Told> = {
  "use.farming-inputs": ["买种子、化肥、农药", "Seed, fertiliser, pesticide"],
  "use.livestock": ["养猪、养牛、养鸡鸭", "Animals and feed"],
  "use.farm-machinery": ["买农机、修农机", "Farm machines"],
  "use.small-trade": ["做小买卖", "Small trade"],
  "use.processing": ["加工农产品", "Processing of produce"],
  "use.disaster-recovery": ["灾后恢复生产", "Recovery after a disaster"],
  "use.education": ["上学", "School"],
  "use.housing-repair": ["修房子", "House repair"],
  "method.equal-instalments": ["每个月还一样多", "The same sum every month"],
  "method.bullet": ["到期一次还清", "All in one sum at the end"],
  "status.referred": ["等工作人员看", "With a member of staff"],
  "status.approved": ["可以借，等您确认", "Approved, waiting for you"],
  "status.declined": ["没有通过", "Declined"],
  "status.received": ["已收到", "Received"],
  "status.signed": ["已签约", "Signed"],
  "status.open": ["在还", "Being repaid"],
  "status.active": ["在还", "Being repaid"],
  "status.closed": ["已还清", "Paid off"],
  "status.drawn": ["已到账", "Paid out"],
  "row.paid": ["已还", "Paid"],
  "row.due": ["该还了", "Due"],
  "row.overdue": ["逾期", "Overdue"],
  "row.part_paid": ["还了一部分", "Partly paid"],
  "row.partly_paid": ["还了一部分", "Partly paid"],
  "row.open": ["还没到期", "Not due yet"],
  "row.future": ["还没到期", "Not due yet"],
  "row.not_due": ["还没到期", "Not due yet"],
  "row.upcoming": ["还没到期", "Not due yet"],
  "event.disbursed": ["放款到钱包", "Paid out to the wallet"],
  "event.disbursement": ["放款到钱包", "Paid out to the wallet"],
  "event.drawn": ["放款到钱包", "Paid out to the wallet"],
  "event.payment": ["还款", "Repayment"],
  "event.paid": ["还款", "Repayment"],
  "event.repayment": ["还款", "Repayment"],
  "event.waiver": ["减免", "Waiver"],
  "event.reversal": ["冲正", "Reversal"],
  "event.closed": ["还清", "Paid off"],
  "entry.top_up": ["存入", "Paid in"],
  "entry.withdrawal": ["取出", "Withdrawn"],
  "entry.transfer": ["转账", "Transfer"],
  "entry.transfer_out": ["转出", "Transfer out"],
  "entry.transfer_in": ["转入", "Transfer in"],
  "entry.disbursement": ["借款到账", "Loan paid out"],
  "entry.repayment": ["还款", "Repayment"],
  "entry.reversal": ["更正", "Correction"],
  "role.clerk": ["柜员", "Clerk"],
  "role.officer": ["客户经理", "Officer"],
  "role.analyst": ["风险分析", "Analyst"],
  "role.accountant": ["会计", "Accountant"],
  "role.approver": ["审批人", "Approver"],
  "role.auditor": ["审计（只看）", "Auditor (reads only)"],
  "role.admin": ["管理员", "Admin"],
  "member.head": ["户主", "Head"],
  "member.spouse": ["配偶", "Spouse"],
  "member.member": ["家人", "Member"],
  "act.decide_by_hand": ["人工审批借款", "Decide an application"],
  "act.reverse": ["冲正分录", "Reverse an entry"],
  "act.fund": ["注入资金", "Bring in funds"],
  "act.set_staff": ["设置员工", "Set staff"],
  "act.withdraw": ["取款", "Withdrawal"],
  "act.transfer": ["转账", "Transfer"],
  "act.erase": ["删除个人信息", "Erase a person's data"],
  "household.active": ["正常", "Active"],
};

/** Words for a code of a kind: `term("use", "livestock", "zh")`. */
export function term(kind: string, code: string | null | undefined, language: Language): string {
  if (!code) return "—";
  const told = TERMS[`${kind}.${code}`];
  return told ? tell(told, language) : code;
}

/** Whether a code has words. */
export function hasTerm(kind: string, code: string): boolean {
  return `${kind}.${code}` in TERMS;
}
