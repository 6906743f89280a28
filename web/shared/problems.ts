// What went wrong, in words a person can act on. The server tells each problem in the reader's
// language; here are words only where the page knows better what to do, and where nothing was answered.

import { Refused, Unanswered } from "./client";
import { type Language, type Told, tell } from "./language";

const WORDS: Record<string, Told> = {
  command_conflict: [
    "这次填的和之前提交的不一样，没有办。请回到首页看看，再重新办一次。",
    "This differs from what was sent before and was not done. Look at the first page and start again.",
  ],
  session_expired: ["登录过期了，请重新登录。", "Your sign-in has ended. Please sign in again."],
  csrf_missing: ["登录信息不对，请刷新页面再试。", "Please reload the page and try again."],
  outside_product: ["金额或期限超出了这个产品的范围，请改一下。", "Amount or term is outside this product. Please change it."],
  http_403: ["您不能办这件事。", "You may not do this."],
  http_404: ["没有找到。请回到首页再试。", "Not found. Please go back to the first page."],
  http_429: ["点得太快了，请过一会儿再试。", "Too many tries. Please wait a little."],
};

const NO_ANSWER_WRITE: Told = [
  "网络断了，没收到回音。填的内容还在，不会办两次。等有信号时再点一次。",
  "The connection failed and no answer came. What you typed is kept and nothing is done twice. Tap again when there is a signal.",
];
const NO_ANSWER_READ: Told = ["网络不通，没取到内容。等有信号时再试一次。", "The connection failed. Please try again when there is a signal."];
const UNKNOWN: Told = ["出了点问题，没有办成。请再试一次，还不行就找服务窗口。", "Something went wrong. Please try again, or ask at the service window."];

/** Why one of many loans got nothing comes as a sentence without a code: what it says, in words for people. */
const REFUSALS: readonly (readonly [RegExp, Told])[] = [
  [/drawn today|day after the disbursement/, ["今天才放款，明天起才能办延期。", "It was drawn today: what is put off counts from tomorrow."]],
  [/after the loan was closed|is paid off/, ["已经还清。", "It is paid off."]],
  [/days past due, and is not changed beyond/, ["逾期太久，不能延期，请办重组。", "It is too long past due to be put off: restructure it."]],
  [/the longest term of/, ["延期以后会超过最长期限，请选早一点的日期。", "It would run beyond the longest term: choose an earlier date."]],
  [/it puts off to .* which is not after/, ["延期到的日期已经过了。", "The date that is put off to has passed."]],
  [/offered this programme already/, ["已经提出过这次延期。", "It was offered this programme already."]],
  [/nothing of it falls under/, ["没有要延期的部分。", "Nothing of it falls under the programme."]],
  [/borrower has not agreed/, ["借款人还没有同意。", "The borrower has not agreed yet."]],
  [/applied already/, ["这次变更已经办过。", "This change is applied already."]],
  [/was taken back/, ["这次变更已经撤回，请重新提出。", "This change was taken back: propose another."]],
];

/** The same in words; a sentence that is not known is quoted. */
export function refusalInWords(said: string, language: Language): string {
  const told = WORDS[said] ?? REFUSALS.find(([pattern]) => pattern.test(said))?.[1];
  if (told) return tell(told, language);
  return language === "zh" ? `不能这样改还款计划（${said}）` : said;
}

/** The error in words, and what to do. */
export function explain(error: unknown, language: Language, wasWrite = true): string {
  if (error instanceof Unanswered) {
    const said = error.problem?.title;
    return said && error.problem?.code !== "timeout" ? said : tell(wasWrite ? NO_ANSWER_WRITE : NO_ANSWER_READ, language);
  }
  if (!(error instanceof Refused)) return tell(UNKNOWN, language);
  const { code, title, detail, status } = error.problem;
  const own = WORDS[code];
  if (own) return tell(own, language);
  // The title holds the words for people; the detail may name things that only programs know.
  const said = title ?? detail;
  if (said) return said;
  const byStatus = WORDS[`http_${status}`];
  return byStatus ? tell(byStatus, language) : `${tell(UNKNOWN, language)} (${code})`;
}
