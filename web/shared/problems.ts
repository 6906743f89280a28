// What went wrong, in words a person can act on. Known codes have their own words; for the others the
// server's sentence stands, which it writes in the reader's language.

import { Refused, Unanswered } from "./client";
import { type Language, type Told, tell } from "./language";

const WORDS: Record<string, Told> = {
  bad_resident_id: ["身份证号不对，请对着身份证再输一遍。", "This resident id is not valid. Please compare it with the card."],
  bad_phone: ["手机号不对，请输入 11 位手机号。", "This is not a mobile number of 11 digits."],
  name_missing: ["请填写姓名。", "Please give your name."],
  wrong_code: ["验证码不对，请看短信再输一遍。", "This is not the code we sent. Please look at the message again."],
  code_expired: ["验证码过期了，请重新获取。", "The code has expired. Please ask for a new one."],
  code_locked: ["验证码输错次数太多，请过几分钟重新获取。", "Too many wrong codes. Please ask for a new one in a few minutes."],
  wrong_pin: ["密码不对，请再输一遍。", "The pin is wrong. Please try again."],
  sign_in_failed: ["手机号、验证码或密码不对，请再输一遍。", "Phone, code or pin is wrong. Please try again."],
  enrolled_already: ["这张身份证已经登记过了，请直接登录。", "This resident id is enrolled already. Please sign in."],
  not_read: ["请把内容看完再确认。", "Please read it to the end before you confirm."],
  insufficient_funds: ["钱包里的钱不够，请先存钱，或者少填一些。", "There is not enough in the wallet. Pay in first, or enter less."],
  purpose_not_offered: ["这个产品不能用在这上面，请换一个用途。", "This product is not for that use. Please choose another."],
  outside_product: ["金额或期限超出了这个产品的范围，请改一下。", "Amount or term is outside this product. Please change it."],
  too_many_applications: ["您已经有申请在办，请等办完再申请。", "An application of yours is open. Please wait for its outcome."],
  contract_expired: ["这份借款条件过期了，请重新申请。", "This offer has expired. Please apply again."],
  unknown_household: ["没有找到这个账号，请核对收款人的账号。", "There is no such account. Please check the payee's account."],
  same_wallet: ["不能转给自己，请核对收款人的账号。", "You cannot transfer to yourself. Please check the payee's account."],
  command_conflict: ["这笔办理和之前的不一致，没有办。请回到首页看看，再重新办一次。", "This differs from what was sent before and was not done. Look at the first page and start again."],
  loan_closed: ["这笔借款已经还清了。", "This loan is paid off."],
  wrong_status: ["这一步已经办过了，请回到首页看看。", "This step was done already. Please look at the first page."],
  not_permitted: ["您的岗位不能办这件事，请找有权限的同事。", "Your role may not do this. Please ask a colleague who may."],
  not_licensed: ["本机构的牌照不能办这项业务。", "This institution's licence does not allow it."],
  outcome_changed: ["情况变了，结果和提交时不一样，没有办。请退回后重新提交。", "Things have changed and the outcome would differ, so nothing was done. Reject it and propose anew."],
  same_person: ["自己提交的不能自己批，请另一位同事来批。", "You proposed this yourself: another person has to approve it."],
  proposal_closed: ["这件事已经处理过了。", "This proposal has been dealt with already."],
  not_the_open_day: ["要关的不是当前营业日，请刷新再看。", "This is not the open day. Please reload."],
  day_not_over: ["这一天还没到，不能关。", "That day has not begun and cannot be closed."],
  http_401: ["登录过期了，请重新登录。填的内容还在。", "Your sign-in has ended. Please sign in again; what you typed is kept."],
  http_403: ["您不能办这件事。", "You may not do this."],
  http_404: ["没有找到。请回到首页再试。", "Not found. Please go back to the first page."],
  http_413: ["填的内容太长了，请短一些。", "This is too long. Please shorten it."],
  http_429: ["点得太快了，请过一会儿再试。", "Too many tries. Please wait a little."],
};

const NO_ANSWER_WRITE: Told = [
  "网络断了，没收到回音。填的内容还在，不会办两次。等有信号时再点一次。",
  "The connection failed and no answer came. What you typed is kept and nothing is done twice. Tap again when there is a signal.",
];
const NO_ANSWER_READ: Told = ["网络不通，没取到内容。等有信号时再试一次。", "The connection failed. Please try again when there is a signal."];
const UNKNOWN: Told = ["出了点问题，没有办成。请再试一次，还不行就找服务窗口。", "Something went wrong. Please try again, or ask at the service window."];

/** The error in words, and what to do. */
export function explain(error: unknown, language: Language, wasWrite = true): string {
  if (error instanceof Unanswered) return tell(wasWrite ? NO_ANSWER_WRITE : NO_ANSWER_READ, language);
  if (!(error instanceof Refused)) return tell(UNKNOWN, language);
  const { code, detail, status } = error.problem;
  const own = WORDS[code];
  if (own) return tell(own, language);
  if (detail) return detail;
  const byStatus = WORDS[`http_${status}`];
  return byStatus ? tell(byStatus, language) : `${tell(UNKNOWN, language)} (${code})`;
}
