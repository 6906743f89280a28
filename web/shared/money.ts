// Money on the pages: whole fen inside, never fractions of floating point; thousands separators outside.

/** Whole fen from "1250.00" as the server writes it; also from what a person types ("1,250", "１２５０"). */
export function parseFen(text: string): number | null {
  const plain = text
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[,，\s¥￥元]/g, "")
    .replace(/[．。]/g, ".");
  const match = /^(-?)(\d{1,13})(?:\.(\d{0,2}))?$/.exec(plain);
  if (!match) return null;
  const fen = Number(match[2]) * 100 + Number((match[3] ?? "").padEnd(2, "0"));
  return match[1] ? 0 - fen : fen;
}

/** The decimal text the server reads: 125000 becomes "1250.00". */
export function decimal(fen: number): string {
  const whole = Math.abs(Math.trunc(fen));
  const cents = String(whole % 100).padStart(2, "0");
  return `${fen < 0 ? "-" : ""}${Math.floor(whole / 100)}.${cents}`;
}

/** For people: "¥1,250", "¥1,250.50", "-¥3.00"; fen are shown where there are some, or always if `exact`. */
export function yuan(amount: number | string | null | undefined, exact = false, currency = "CNY"): string {
  const fen = typeof amount === "string" ? parseFen(amount) : amount;
  if (fen === null || fen === undefined) return "—";
  const [whole = "0", cents = "00"] = decimal(Math.abs(fen)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = currency === "CNY" ? "¥" : `${currency} `;
  return `${fen < 0 ? "-" : ""}${sign}${grouped}${exact || cents !== "00" ? `.${cents}` : ""}`;
}

/** Thousands set apart in decimal text of any length, which is else left as it is: "1234567.0833" becomes "1,234,567.0833". */
export function grouped(text: string): string {
  const [whole = "", ...rest] = text.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".");
}

/** A rate to two places, without idle zeros: "6.00" becomes "6%", "10.7999" becomes "10.8%". */
export function percent(rate: string | null | undefined): string {
  if (rate === null || rate === undefined || Number.isNaN(Number(rate))) return "—";
  return `${Number(rate).toFixed(2).replace(/\.?0+$/, "")}%`;
}

/** The nearest allowed amount: within bounds and a whole multiple of the step, never more than the upper bound. */
export function settle(fen: number, min: number, max: number, multiple: number): number {
  const step = Math.max(1, multiple);
  const top = Math.floor(max / step) * step;
  const bottom = Math.min(top, Math.ceil(min / step) * step);
  return Math.min(top, Math.max(bottom, Math.round(fen / step) * step));
}

/** A comfortable step for the plus and minus keys: about a twentieth of the range, as a round multiple. */
export function comfortableStep(min: number, max: number, multiple: number): number {
  const wanted = Math.max(multiple, (max - min) / 20);
  const rounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const round = rounds.find((times) => times * multiple >= wanted) ?? 1000;
  return round * multiple;
}

const DIGITS = "零壹贰叁肆伍陆柒捌玖";
const PLACES = ["", "拾", "佰", "仟"];
const GROUPS = ["", "万", "亿", "万亿"];

/** An amount in the capitals of contracts, which cannot be altered with a stroke: 1234.50 is 壹仟贰佰叁拾肆元伍角. */
export function inCapitals(fen: number): string {
  const whole = Math.floor(Math.abs(fen) / 100);
  const [jiao, rest] = [Math.floor((Math.abs(fen) % 100) / 10), Math.abs(fen) % 10];
  let text = "";
  let isGap = false;
  for (let group = Math.ceil(String(whole).length / 4) - 1; group >= 0; group--) {
    const four = Math.floor(whole / 10_000 ** group) % 10_000;
    if (four === 0) {
      isGap = text !== "";
      continue;
    }
    for (let place = 3; place >= 0; place--) {
      const digit = Math.floor(four / 10 ** place) % 10;
      if (digit === 0) {
        isGap = text !== "";
        continue;
      }
      text += `${isGap ? "零" : ""}${DIGITS[digit]}${PLACES[place]}`;
      isGap = false;
    }
    text += GROUPS[group];
    isGap = false;
    if (four % 10 === 0) isGap = true;
  }
  const yuanPart = whole > 0 ? `${text}元` : "";
  if (jiao === 0 && rest === 0) return `${fen < 0 ? "负" : ""}${yuanPart || "零元"}整`;
  const jiaoPart = jiao > 0 ? `${DIGITS[jiao]}角` : whole > 0 ? "零" : "";
  return `${fen < 0 ? "负" : ""}${yuanPart}${jiaoPart}${rest > 0 ? `${DIGITS[rest]}分` : ""}`;
}

/** A large sum for charts and boards: 万元 and 亿元 in Chinese, thousands and millions in English. */
export function inLarge(fen: number, language: "zh" | "en"): string {
  const value = fen / 100;
  const [unit, words] = language === "zh" ? (Math.abs(value) >= 1e8 ? [1e8, "亿元"] : Math.abs(value) >= 1e4 ? [1e4, "万元"] : [1, "元"]) : Math.abs(value) >= 1e6 ? [1e6, "m"] : Math.abs(value) >= 1e3 ? [1e3, "k"] : [1, ""];
  const text = (value / unit).toFixed(unit === 1 ? 0 : 1).replace(/\.0$/, "");
  return language === "zh" ? `${text}${words}` : `¥${text}${words}`;
}
