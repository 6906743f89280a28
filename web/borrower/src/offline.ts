// What this phone may keep for times without a network: the last known sums, and repayments that wait for a signal.
// Phones are shared, so nothing is kept before the household has said so, and signing out forgets all of it.

import type { Household, Loan, Product } from "../../shared/bodies";
import { newUuid } from "../../shared/client";
import { Watched } from "../../shared/watched";

const KEY = "tianxin.offline";
/** Repayments that wait at most. */
const INTENTS_MAX = 5;

/** The last known state, without names or numbers of people. */
export interface LastKnown {
  /** When it was read, milliseconds. */
  at: number;
  household: string;
  available: string;
  loans: { loan: string; name_zh: string; name_en: string; outstanding: string; due_today: string; next_due: string | null; payoff_today: string }[];
}

/** A repayment that a person decided on without a network. */
export interface Intent {
  /** The command's id: however often it is sent, it is done once. */
  id: string;
  loan: string;
  amount: string;
  at: number;
}

export interface Kept {
  known: LastKnown | null;
  intents: Intent[];
}

/** Where it is kept; tests bring their own. */
type Place = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Offline {
  /** What is kept; null while the household has not agreed to it. */
  readonly kept: Watched<Kept | null>;

  constructor(private readonly place: Place | null) {
    this.kept = new Watched(this.load());
  }

  agree(): void {
    this.store({ known: null, intents: [] });
  }

  forget(): void {
    try {
      this.place?.removeItem(KEY);
    } catch {
      // A place that cannot be written holds nothing either.
    }
    this.kept.set(null);
  }

  remember(household: Household, loans: Loan[], products: Product[], now: number): void {
    const kept = this.kept.value;
    if (!kept) return;
    const open = loans.filter((loan) => loan.status !== "closed");
    const known: LastKnown = {
      at: now,
      household: household.household,
      available: household.wallet.available,
      loans: open.map((loan) => {
        const product = products.find((one) => one.code === loan.product);
        return {
          loan: loan.loan,
          name_zh: product?.name_zh ?? loan.product,
          name_en: product?.name_en ?? loan.product,
          outstanding: loan.outstanding,
          due_today: loan.due_today,
          next_due: loan.next_due ?? null,
          payoff_today: loan.payoff_today,
        };
      }),
    };
    // What waits belongs to whoever was signed in when it was written down.
    const intents = kept.known && kept.known.household !== known.household ? [] : kept.intents;
    this.store({ known, intents });
  }

  /** Writes a repayment down; false if too many wait already, or one for the same loan. */
  queue(loan: string, amount: string, now: number): boolean {
    const kept = this.kept.value;
    if (!kept || kept.intents.length >= INTENTS_MAX || kept.intents.some((one) => one.loan === loan)) return false;
    this.store({ ...kept, intents: [...kept.intents, { id: newUuid(), loan, amount, at: now }] });
    return true;
  }

  drop(id: string): void {
    const kept = this.kept.value;
    if (kept) this.store({ ...kept, intents: kept.intents.filter((one) => one.id !== id) });
  }

  private load(): Kept | null {
    try {
      const text = this.place?.getItem(KEY);
      return text ? (JSON.parse(text) as Kept) : null;
    } catch {
      return null;
    }
  }

  private store(kept: Kept): void {
    try {
      this.place?.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Then it lives as long as the page.
    }
    this.kept.set(kept);
  }
}

function place(): Place | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

export const offline = new Offline(place());
