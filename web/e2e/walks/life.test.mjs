// A household's whole life on its phone: enrol, ask, be referred, be approved by two people in the office,
// read and sign, draw, repay, close.

import assert from "node:assert/strict";
import { chooses, sees, staffSignsIn, taps, types, typesTheCode } from "./hands.mjs";
import { beginWalk, residentId } from "./stage.mjs";

const { step, looks, shot, end } = beginWalk("life", 390, 844);

const PIN = "250817";
const PHONE = "13912345678";

step("a household enrols, one question a screen", async (stage) => {
  const { page } = stage.phone;
  await page.goto("/");
  await sees(page, "种地要用钱，手机上就能借");
  await looks(page, "welcome");
  await taps(page, "第一次来，我要开户");
  await sees(page, "先看看我们怎么用您的信息");
  await taps(page, "下一步");
  await page.getByRole("alert").waitFor();
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await looks(page, "consent");
  await taps(page, "下一步");
  await sees(page, "您的手机号是多少？");
  await types(page, "手机号", "12345");
  await taps(page, "发验证码");
  await page.getByText("请输入 11 位手机号").waitFor();
  await types(page, "手机号", PHONE);
  await taps(page, "发验证码");
  await sees(page, "输入短信验证码");
  await typesTheCode(page);
  await looks(page, "code");
  await taps(page, "下一步");
  await types(page, "姓名", "王秀兰");
  await looks(page, "name");
  await taps(page, "下一步");
  await sees(page, "您的身份证号是多少？");
  await types(page, "身份证号", "110101197903070011");
  await taps(page, "下一步");
  await page.getByText("身份证号不对").waitFor();
  await looks(page, "wrong-id");
  await types(page, "身份证号", residentId(42));
  await taps(page, "下一步");
  await types(page, "村名", "柳河乡李家村");
  await taps(page, "下一步");
  await sees(page, "设一个 6 位密码");
  await types(page, "密码，6 个数字", "123456");
  await types(page, "再输一遍", "123456");
  await taps(page, "开户");
  await page.getByText("太好猜").waitFor();
  await types(page, "密码，6 个数字", PIN);
  await types(page, "再输一遍", PIN);
  await looks(page, "pin");
  await taps(page, "开户");
  await sees(page, "户开好了");
  await looks(page, "enrolled");
  await taps(page, "看看我能借多少");
  await page.getByText("现在能借").waitFor();
  await looks(page, "home-new");
  const kept = await page.evaluate(() => Object.entries(localStorage));
  assert.deepEqual(kept.filter(([name]) => name !== "tianxin.language"), [], "nothing is kept on the phone");
});

step("it asks for a loan and is referred, with the reason", async (stage) => {
  const { page } = stage.phone;
  await taps(page, "我要申请");
  await sees(page, "想怎么还？");
  await page.getByRole("radio").first().check({ force: true });
  await looks(page, "product");
  await taps(page, "下一步");
  await sees(page, "借多少？");
  await types(page, "金额（元）", "24050");
  await taps(page, "下一步");
  await page.getByText("整倍数").waitFor();
  await types(page, "金额（元）", "24,000");
  await looks(page, "amount");
  await taps(page, "下一步");
  await sees(page, "借多久？");
  await chooses(page, "6 个月");
  await looks(page, "term");
  await taps(page, "下一步");
  await sees(page, "用来做什么？");
  await page.getByRole("radio").first().check({ force: true });
  await taps(page, "下一步");
  await sees(page, "看一看对不对");
  await looks(page, "check");
  await page.reload();
  await sees(page, "看一看对不对");
  await taps(page, "提交申请");
  await sees(page, "工作人员要看一看");
  await looks(page, "referred");
});

step("an officer's approval above the officer's own reach waits for a second person", async (stage) => {
  const { page } = stage.desk;
  await staffSignsIn(stage, "officer");
  await taps(page, "转人工的申请");
  await sees(page, "转人工的申请");
  await looks(page, "office-queue");
  await page.getByRole("row", { name: /王秀兰/ }).getByRole("link", { name: "去办" }).click();
  await sees(page, /王秀兰/);
  await looks(page, "office-referral");
  await chooses(page, "同意");
  await taps(page, "提交决定");
  await page.getByText("请写明理由").waitFor();
  await types(page, "理由", "上门看过，猪圈和饲料都在，去年卖猪收入有凭据。");
  await taps(page, "提交决定");
  await page.getByText("要另一位同事批准").waitFor();
  await looks(page, "office-proposed");
  await staffSignsIn(stage, "approver");
  await taps(page, "待批准");
  await sees(page, "待批准的事项");
  await looks(page, "office-proposals");
  await taps(page, "批准");
  await taps(page, "确定批准");
  await page.getByText("已批准").waitFor();
  await looks(page, "office-approved");
});

step("the household reads the offer, which cannot be hurried, and signs", async (stage) => {
  const { page } = stage.phone;
  await taps(page, "看看有没有答复");
  await sees(page, /可以借给您/);
  await looks(page, "approved");
  await taps(page, "看要还多少");
  await sees(page, "先看清楚，再签约");
  await page.getByRole("timer").waitFor();
  assert.equal(await page.getByRole("button", { name: "我同意，签约" }).count(), 0, "no signature before the time is over");
  await page.getByText("除了上面这些，不再收任何钱").waitFor();
  await shot(page, "offer-counting");
  const key = page.getByRole("button", { name: "我同意，签约" });
  await key.waitFor();
  await key.click();
  await page.getByText("请先打勾").waitFor();
  await page.getByRole("checkbox").check();
  await looks(page, "offer");
  await key.click();
  await sees(page, "合同签好了");
  await looks(page, "signed");
});

step("a lost answer to the pay-out is asked for again and pays once", async (stage) => {
  const { page } = stage.phone;
  const ids = [];
  let isCut = true;
  await page.route("**/drawdown", async (route) => {
    ids.push(route.request().headers()["command-id"]);
    if (!isCut) return route.continue();
    isCut = false;
    // The server does it, and the answer gets lost.
    await route.fetch();
    return route.abort();
  });
  await page.getByRole("button", { name: /打进钱包/ }).dblclick();
  await sees(page, "钱到了");
  await looks(page, "money");
  assert.equal(ids.length, 2, "sent twice");
  assert.equal(ids[0], ids[1], "under one id");
  await page.unroute("**/drawdown");
  await taps(page, "看我的钱包");
  await page.getByText("我的借款").first().waitFor();
  await page.getByText("¥24,000.00").first().waitFor();
  await looks(page, "home-with-loan");
});

step("it pays all back, and the loan is closed", async (stage) => {
  const { page } = stage.phone;
  await staffSignsIn(stage, "clerk");
  await taps(stage.desk.page, "查农户");
  await types(stage.desk.page, "手机号", PHONE);
  await taps(stage.desk.page, "查找");
  await stage.desk.page.getByRole("link", { name: /王秀兰/ }).click();
  await sees(stage.desk.page, /王秀兰/);
  await types(stage.desk.page, "存入金额（元）", "800");
  await types(stage.desk.page, "凭据号或说明", "卖猪款，收据 118 号");
  await taps(stage.desk.page, "存入");
  await stage.desk.page.getByText("已存入").waitFor();
  await looks(stage.desk.page, "office-household");

  await page.reload();
  await page.getByText("下一次还款").waitFor();
  await taps(page, "看还款计划");
  await sees(page, "我的借款");
  await looks(page, "loan");
  await taps(page, "还款");
  await sees(page, "还多少？");
  await chooses(page, /全部还清/);
  await looks(page, "repay");
  await page.getByRole("button", { name: /^还 ¥/ }).dblclick();
  await sees(page, "全部还清了");
  await looks(page, "closed");
  await taps(page, "看这笔借款");
  await sees(page, "这笔借款还清了");
  await looks(page, "loan-closed");
  await taps(page, "返回");
  await page.getByText("我的钱包").waitFor();
  await taps(page, "明细");
  await sees(page, "我的钱包");
  await page.getByText("还款").first().waitFor();
  await looks(page, "wallet");
});

step("it reads the same in English, and signs out and in", async (stage) => {
  const { page } = stage.phone;
  await taps(page, "返回");
  await taps(page, "English");
  await page.getByText("You can borrow now").waitFor();
  await looks(page, "home-english");
  await taps(page, "中文");
  await taps(page, "退出登录");
  await sees(page, "种地要用钱，手机上就能借");
  await taps(page, "我有账户，去登录");
  await types(page, "手机号", PHONE);
  await taps(page, "发验证码");
  await sees(page, "输入短信验证码");
  await typesTheCode(page);
  await taps(page, "下一步");
  await types(page, "密码，6 个数字", PIN);
  await looks(page, "sign-in");
  await taps(page, "登录");
  await page.getByText("现在能借").waitFor();
});

end();
