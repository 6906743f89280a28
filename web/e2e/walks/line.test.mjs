// A purchase line is read and opened on the phone, seen and frozen at the office; a contract waits for its papers, which the
// window puts on record; then a flood: declared, decided by two, carried out loan by loan, and taken back.

import assert from "node:assert/strict";
import { chooses, sees, signsIn, staffSignsIn, taps, types } from "./hands.mjs";
import { beginWalk } from "./stage.mjs";

const { step, looks, end } = beginWalk("line", 390, 844);

/** Asks for the smallest quick sum of a product, and is told that it may borrow. */
async function applies(page, product) {
  await page.evaluate(() => (location.hash = "/borrow"));
  await sees(page, "想怎么还？");
  await page.getByRole("radio", { name: product }).first().check({ force: true });
  await taps(page, "下一步");
  await sees(page, "借多少？");
  await page.locator(".quick button").first().click();
  await taps(page, "下一步");
  await page.getByRole("radio").first().check({ force: true });
  await taps(page, "下一步");
  await page.getByRole("radio").first().check({ force: true });
  await taps(page, "下一步");
  await sees(page, "看一看对不对");
  await taps(page, "提交申请");
  await page.getByRole("heading", { level: 1, name: /可以借给您|这次最多能借/ }).waitFor();
}

/** A second person approves the one thing that waits. */
async function approves(stage) {
  const { page } = stage.desk;
  await staffSignsIn(stage, "approver");
  await taps(page, "待批准");
  await taps(page, "批准");
  await taps(page, "确定批准");
  await page.getByText("已批准").first().waitFor();
}

step("a household with a facility reads what a line costs, goes back, and opens it", async (stage) => {
  const { page } = stage.phone;
  await signsIn(stage.phone, stage.server.households[0]);
  await taps(page, /开通消费额度/);
  await sees(page, "开通消费额度");
  await looks(page, "asked");
  await types(page, "额度多少（元）", "12");
  await taps(page, "看条件和花费");
  await page.getByRole("alert").waitFor();
  await types(page, "额度多少（元）", "2000");
  await taps(page, "看条件和花费");
  await sees(page, "先看清楚，再开通");
  await taps(page, "返回");
  await sees(page, "开通消费额度");
  assert.equal(await page.getByLabel("额度多少（元）").inputValue(), "2000", "what was typed is there");
  await types(page, "额度多少（元）", "1000");
  await taps(page, "看条件和花费");
  await sees(page, "先看清楚，再开通");
  await page.getByText("每一项要花多少").waitFor();
  await page.getByText(/按时还款的，年化成本最高约/).waitFor();
  await looks(page, "offer");
  await page.getByText("我看明白了").click({ timeout: 60_000 });
  await looks(page, "offer-read");
  await taps(page, "我同意，开通");
  await sees(page, "消费额度");
  await page.getByText("¥1,000").first().waitFor();
  await looks(page, "opened");
});

step("the office sees the line with its class; an act that needs a choice says so", async (stage) => {
  const { page } = stage.desk;
  await staffSignsIn(stage, "officer");
  await taps(page, "消费额度");
  await sees(page, "消费额度");
  await looks(page, "office-lines");
  await page.locator("tbody a").first().click();
  await sees(page, /^消费额度 ¥/);
  await page.getByText("正常", { exact: true }).first().waitFor();
  await page.getByLabel("要办什么").selectOption("judge_worse");
  await types(page, "理由", "试一试");
  await taps(page, "办理");
  await page.getByText("请选分类").waitFor();
  await looks(page, "office-line");
  await page.getByLabel("要办什么").selectOption("freeze");
  await types(page, "理由", "手机丢了");
  await taps(page, "办理");
  await page.getByText("已办好。").waitFor();
  await page.getByText("冻结").first().waitFor();
});

step("a contract waits for papers, which the window puts on record, and is paid out", async (stage) => {
  const { page } = stage.phone;
  const household = stage.server.households[1];
  await signsIn(stage.phone, household);
  await applies(page, /灾害保险贷/);
  await taps(page, "看要还多少");
  await sees(page, "先看清楚，再签约");
  const key = page.getByRole("button", { name: "我同意，签约" });
  await key.waitFor({ timeout: 60_000 });
  await page.getByRole("checkbox").check();
  await key.click();
  await sees(page, "合同签好了");
  await page.getByText("放款前还要到服务窗口办这几样").waitFor();
  await page.getByText("保险单").waitFor();
  await looks(page, "papers-open");

  const { page: desk } = stage.desk;
  await staffSignsIn(stage, "clerk");
  await taps(desk, "查农户");
  await types(desk, "手机号", household.phone);
  await taps(desk, "查找");
  await desk.locator("tbody a").first().click();
  await desk.getByRole("heading", { name: "申请和合同" }).waitFor();
  await looks(desk, "office-household");
  await taps(desk, "看材料，补材料");
  await sees(desk, /合同材料$/);
  await looks(desk, "office-papers");
  await desk.getByLabel("哪一样").selectOption("no_spouse");
  await types(desk, "谁在哪里、怎么核对的", "窗口王敏，看过村委会的证明");
  await taps(desk, "记下这份材料");
  await desk.getByText("请选：什么原因").waitFor();
  await desk.getByLabel("什么原因").selectOption("absent");
  await desk.setInputFiles("input[type=file]", { name: "register.txt", mimeType: "text/plain", buffer: Buffer.from("register") });
  await looks(desk, "office-paper");
  await taps(desk, "记下这份材料");
  await desk.getByText("已记下：无配偶证明。").waitFor();
  await desk.getByLabel("哪一样").selectOption("policy");
  await desk.setInputFiles("input[type=file]", { name: "policy.txt", mimeType: "text/plain", buffer: Buffer.from("policy") });
  await types(desk, "谁在哪里、怎么核对的", "窗口王敏，看过保险单原件");
  await taps(desk, "记下这份材料");
  await desk.getByText("已记下：保险单。").waitFor();
  await desk.getByText("材料齐了").waitFor();
  await looks(desk, "office-papers-there");

  await taps(page, "办好了，再看一下");
  await page.getByRole("button", { name: /打进钱包/ }).click();
  await sees(page, "钱到了");
});

step("a flood is declared, decided by two, carried out loan by loan, and taken back", async (stage) => {
  const { page } = stage.desk;
  await staffSignsIn(stage, "officer");
  const loans = await (await page.request.get("/api/v1/office/loans?limit=100")).json();
  // The youngest of those that were not paid out today, which can be put off from tomorrow on: a year after its first day still
  // lies ahead.
  const today = loans.map((one) => one.drawn_on).sort().at(-1);
  const loan = loans.filter((one) => one.drawn_on < today).reduce((one, other) => (one.drawn_on < other.drawn_on ? other : one));
  const { village } = await (await page.request.get(`/api/v1/households/${loan.household}`)).json();
  await taps(page, "灾害");
  await sees(page, "灾害");
  await types(page, "名称", "六月洪水");
  await types(page, "文件号", "县字 17 号");
  await page.setInputFiles("input[type=file]", { name: "notice.txt", mimeType: "text/plain", buffer: Buffer.from("notice") });
  await types(page, "发生日", loan.drawn_on);
  await types(page, "延到哪天", `${Number(loan.drawn_on.slice(0, 4)) + 1}${loan.drawn_on.slice(4)}`);
  await types(page, "受灾的村，一行一个", village);
  await looks(page, "disaster-declare");
  await taps(page, "登记，看影响");
  await sees(page, "六月洪水");
  await page.getByText("符合条件的借款").waitFor();
  await looks(page, "disaster-preview");
  await types(page, "理由", "按县里文件");
  await taps(page, "提请执行");
  await page.getByText("等另一位同事批准").waitFor();
  await approves(stage);
  await staffSignsIn(stage, "officer");
  await taps(page, "灾害");
  await taps(page, "六月洪水");
  await taps(page, "逐笔办理延期");
  await page.getByText(/^办了：/).waitFor();
  await looks(page, "disaster-done");
  // It costs the borrower more: his word is put on record at the window, and the change is carried out by two.
  await page.goto(`/office/#/loans/${loan.loan}/${loan.household}`);
  await page.getByRole("heading", { name: "受灾延期还款" }).waitFor();
  await taps(page, "记下同意");
  await page.getByText("请先让借款人看完并签字，再打勾").waitFor();
  await page.getByRole("checkbox").check();
  await types(page, "签字单据编号", "延期同意书 7 号");
  await looks(page, "office-change");
  await taps(page, "记下同意");
  await page.getByText("已记下同意，可以提交办理。").waitFor();
  await taps(page, "提交办理");
  await page.getByText("等另一位同事批准").waitFor();
  await approves(stage);
  await staffSignsIn(stage, "officer");
  await page.goto(`/office/#/loans/${loan.loan}/${loan.household}`);
  await page.getByText("已办理").waitFor();
  await looks(page, "office-change-applied");
  await taps(page, "灾害");
  await taps(page, "六月洪水");
  // The enter key alone takes nothing back.
  await types(page, "理由", "登记错了村");
  await page.getByLabel("理由").press("Enter");
  await page.waitForTimeout(300);
  assert.equal(await page.getByText("等另一位同事批准").count(), 0);
  await taps(page, "提请撤回");
  await page.getByText("等另一位同事批准").waitFor();
  await approves(stage);
  await staffSignsIn(stage, "officer");
  await taps(page, "灾害");
  await taps(page, "六月洪水");
  await taps(page, "逐笔撤回");
  await page.getByText(/^办了：/).waitFor();
  await looks(page, "disaster-taken-back");
});

end();
