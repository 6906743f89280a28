// What all acts of a village campaign share.

import type { Receipt, VillageDetail } from "../../shared/bodies";
import { client, type Say } from "./state";

/** What the acts of a campaign are given. */
export interface Acts {
  path: string;
  detail: VillageDetail;
  nameOf: (household: string) => string;
  onDone: () => void;
}

/** Sends a step; what it came to, in words. */
export async function step(acts: Acts, say: Say, told: string, body: Record<string, unknown>): Promise<string> {
  const receipt = await client.write<Receipt>(`${acts.path}/steps`, body, { told });
  acts.onDone();
  return receipt.proposal ? say("已提交，等另一位同事批准。", "Sent; a second person has to approve.") : say("办好了。", "Done.");
}

/** The households of the roll by name, for a field where one is chosen. */
export function households({ detail, nameOf }: Acts, state: "listed" | "negative"): (readonly [string, string])[] {
  return detail.roll.filter((row) => row.state === state).map((row) => [row.household, nameOf(row.household)] as const);
}

/** Sheets of one person: household and amount a line, as `tianxin credit village sheet` writes them; lines without an amount say nothing. */
export function readSheet(text: string): { marks: Map<string, string>; wrong: number | null } {
  const marks = new Map<string, string>();
  for (const [place, line] of text.split(/\r?\n/).entries()) {
    const [household = "", amount = ""] = line.replace(/^\ufeff/, "").split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    if (household === "" || (place === 0 && !/\d/.test(amount) && !household.startsWith("hh"))) continue;
    if (amount === "") continue;
    if (!/^\d{1,9}(\.\d{1,2})?$/.test(amount)) return { marks, wrong: place + 1 };
    marks.set(household, amount);
  }
  return { marks, wrong: null };
}
