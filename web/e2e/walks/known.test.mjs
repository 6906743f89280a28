// A household that the lender knows: the limit at once, a decision by machine, and a signal that comes and
// goes. Then the office's books: both sums, what each role sees, and the day.

import assert from "node:assert/strict";
import { sees, signsIn, staffSignsIn, taps, types } from "./hands.mjs";
import { beginWalk } from "./stage.mjs";

const { step, looks, end } = beginWalk("known", 360, 740);

/** Fills in the five questions with the most that can be asked for. */
async function applies(page, path) {
  await page.evaluate((hash) => (location.hash = hash), path);
  await sees(page, "想怎么还？");
  await page.getByRole("radio").first().check({ force: true });
  await taps(page, "下一步");
  await sees(page, "借多少？");
  await page.locator(".quick button").last().click();
  await looks(page, "amount");
  await taps(page, "下一步");
  await page.getByRole("radio", { name: "12 个月" }).check({ force: true });
  await taps(page, "下一步");
  await page.getByRole("radio").first().check({ force: true });
  await taps(page, "下一步");
  await sees(page, "看一看对不对");
  await looks(page, "check");
  await taps(page, "提交申请");
  await page.getByRole("heading", { level: 1, name: /可以借给您|这次最多能借|工作人员要看一看|这次不能借给您/ }).waitFor();
}

step("each household of the demonstration signs in and is told what it can borrow, and why", async (stage) => {
  const { page } = stage.phone;
  // The one with the most to show comes last and stays: a second code for the same phone would have to wait.
  const [first, ...others] = stage.server.households;
  for (const household of [...others, first]) {
    await signsIn(stage.phone, household);
    await looks(page, "home");
    // Reasons are told.
    await page.locator(".reasons li").first().waitFor();
    if (household === first) return;
    await taps(page, "退出登录");
    await sees(page, "种地要用钱，手机上就能借");
  }
});

step("a signal that is gone keeps what was typed, and the act is found again on the first page", async (stage) => {
  const { page } = stage.phone;
  await page.evaluate(() => (location.hash = "/wallet/top-up"));
  await sees(page, "演示存钱");
  await types(page, "金额（元）", "321.5");
  await taps(page, "下一步");
  const ids = [];
  let isDone = false;
  await page.route("**/topups", async (route) => {
    ids.push(route.request().headers()["command-id"]);
    // The server does it the first time; no answer ever arrives.
    if (!isDone) await route.fetch();
    isDone = true;
    return route.abort();
  });
  await page.getByRole("button", { name: /^对，存/ }).click();
  await page.getByText("正在重新连接").waitFor();
  await looks(page, "reconnecting");
  await page.getByText("没收到回音").waitFor({ timeout: 30_000 });
  await looks(page, "no-answer");
  // What was typed is there.
  await page.getByText("¥321.50").first().waitFor();
  await page.unroute("**/topups");
  await page.route("**/topups", async (route) => {
    ids.push(route.request().headers()["command-id"]);
    return route.continue();
  });
  await page.evaluate(() => (location.hash = "/"));
  await page.reload();
  await page.getByText("有事情没收到回音").waitFor();
  await looks(page, "found-again");
  await page.getByRole("button", { name: /^查清楚/ }).click();
  await page.getByText("有事情没收到回音").waitFor({ state: "detached" });
  assert.equal(new Set(ids).size, 1, "one command all along");
  await taps(page, "明细");
  await sees(page, "我的钱包");
  await page.getByText("收支明细").waitFor();
  // The list comes after its heading: a count taken at once would count nothing.
  await page.getByText("+¥321.50").first().waitFor();
  assert.equal(await page.getByText("+¥321.50").count(), 1, "done once");
});

step("an application by a known household is decided by machine", async (stage) => {
  const { page } = stage.phone;
  await applies(page, "/borrow");
  await looks(page, "decision");
  // Reasons are told.
  await page.locator(".reasons li").first().waitFor();
});

step("the auditor sees both sums of the trial balance, and no key to change anything", async (stage) => {
  const { page } = stage.desk;
  await staffSignsIn(stage, "auditor");
  await sees(page, "今天要办的");
  await taps(page, "账簿");
  await sees(page, "账簿");
  await page.getByText("借贷相等").waitFor();
  const sums = await page.locator("tfoot td.amount").allInnerTexts();
  assert.equal(sums.length, 2);
  assert.equal(sums[0], sums[1]);
  await looks(page, "trial-balance");
  await taps(page, "转人工的申请");
  await sees(page, "转人工的申请");
  await page.getByRole("link", { name: "查看" }).first().click();
  await page.getByText("您的岗位只能看").waitFor();
  assert.equal(await page.getByRole("button", { name: "提交决定" }).count(), 0);
  await looks(page, "referral-looked-at");
  await taps(page, "借款");
  await sees(page, "借款");
  await looks(page, "loans");
  await page.locator("tbody a").first().click();
  await sees(page, /^借款 ¥/);
  for (const name of ["拨备", "分户账", "积数表"]) await page.getByRole("heading", { name, exact: true }).waitFor();
  await looks(page, "office-loan");
});

step("the accountant sees the open day, and closing it is done or refused in words", async (stage) => {
  const { page } = stage.desk;
  await staffSignsIn(stage, "accountant");
  await taps(page, "营业日");
  await sees(page, "营业日");
  await page.getByRole("button", { name: /^日结/ }).click();
  await page.getByRole("button", { name: /^确定日结/ }).click();
  await page.getByText(/已日结|不能日结/).first().waitFor({ timeout: 30_000 });
  await page.getByRole("heading", { name: "日结报告" }).waitFor();
  await page.getByText(/没有做过日结|结转的借据/).waitFor();
  await looks(page, "day");
  await taps(page, "English");
  await sees(page, "Business day");
  await taps(page, "中文");
});

step("a wrong password is told in words", async (stage) => {
  const { page } = stage.desk;
  await taps(page, "退出");
  await types(page, "登录名", "officer");
  await types(page, "密码", "not the password");
  await taps(page, "登录");
  await page.getByRole("alert").waitFor();
  await looks(page, "wrong-password");
});

end();
