// What can be checked of a person's details before they are sent.

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";

/** Digits typed with a Chinese keyboard, blanks and a small x, as the card prints them. */
export function plainId(text: string): string {
  return text
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[\s-]/g, "")
    .toUpperCase();
}

/** Whether the last character of a resident id follows from the others (GB 11643) and its birthday exists. */
export function isResidentId(text: string): boolean {
  const id = plainId(text);
  if (!/^[1-9]\d{16}[\dX]$/.test(id)) return false;
  const [year, month, date] = [Number(id.slice(6, 10)), Number(id.slice(10, 12)), Number(id.slice(12, 14))];
  const born = new Date(Date.UTC(year, month - 1, date));
  if (year < 1900 || born.getUTCMonth() !== month - 1 || born.getUTCDate() !== date) return false;
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(id[place]), 0);
  return CHECKS[sum % 11] === id[17];
}

/** Whether it can be a mobile number of mainland China. */
export function isMobile(text: string): boolean {
  return /^1[3-9]\d{9}$/.test(plainId(text));
}

/** Whether a pin of six digits is too easily guessed: one digit, or a run up or down. */
export function isWeakPin(pin: string): boolean {
  return /^(\d)\1{5}$/.test(pin) || "01234567890".includes(pin) || "09876543210".includes(pin);
}
