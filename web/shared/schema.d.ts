// The bodies of the HTTP interface, in the shape that `npm run api` writes from the server's own document.

/** A decimal amount in major units, such as "1250.00". */
type Amount = string;
/** Percent a year, such as "6.00". */
type Percent = string;
/** Such as "2026-03-05". */
type IsoDate = string;

export interface components {
  schemas: {
    Problem: {
      type?: string;
      title?: string;
      status: number;
      detail?: string;
      code: string;
      params?: Record<string, unknown>;
    };
    Reason: { code: string; zh: string; en: string };
    CodeSent: { expires_in_seconds: number; resend_after_seconds: number; demo_code?: string | null };
    Enrolled: { household: string; session: { csrf_token: string } };
    Actor: { kind: string; role: string; name?: string | null; household?: string | null; staff?: string | null };
    Session: { actor: components["schemas"]["Actor"]; csrf_token: string };
    Product: {
      code: string;
      version: number;
      name_zh: string;
      name_en: string;
      method: string;
      currency?: string;
      amount_min: Amount;
      amount_max: Amount;
      amount_multiple: Amount;
      term_min_months: number;
      term_max_months: number;
      rates: { rating?: string | null; rate: Percent }[];
      uses: string[];
    };
    ScheduleRow: {
      number: number;
      due: IsoDate;
      principal: Amount;
      interest: Amount;
      fee: Amount;
      total: Amount;
      balance_after?: Amount | null;
    };
    CostItem: {
      kind: string;
      label_zh: string;
      label_en: string;
      amount: Amount;
      payer: string;
      collector: string;
    };
    Cost: {
      principal: Amount;
      items: components["schemas"]["CostItem"][];
      total_cost: Amount;
      total_to_pay: Amount;
      annualised_percent: Percent;
      effective_percent: Percent;
      on_default: { penalty_rate: Percent; grace_days: number; per_day_example: Amount };
    };
    Quote: {
      schedule: components["schemas"]["ScheduleRow"][];
      cost: components["schemas"]["Cost"];
      words_zh: string[];
      words_en: string[];
    };
    Wallet: { balance: Amount; held: Amount; available: Amount; currency: string };
    Household: {
      household: string;
      village: string;
      status: string;
      persons: { person: string; role: string; name?: string | null; phone_masked?: string | null }[];
      wallet: components["schemas"]["Wallet"];
      is_memo_account: boolean;
    };
    Entry: {
      entry: string;
      kind: string;
      kind_zh?: string;
      value_date: IsoDate;
      booking_date: IsoDate;
      amount: Amount;
      memo?: string | null;
    };
    Entries: { items: components["schemas"]["Entry"][]; next?: string | null };
    ProductLimit: {
      product: string;
      outcome: string;
      available: Amount;
      limit: Amount;
      rate?: Percent | null;
      reasons: components["schemas"]["Reason"][];
    };
    Limits: {
      open_date: IsoDate;
      profile: { known_movements: number; thin: boolean };
      facility?: { amount: Amount; used: Amount; available: Amount; valid_to: IsoDate } | null;
      products: components["schemas"]["ProductLimit"][];
    };
    Feature: { name: string; zh: string; en: string; unit: string; value?: string | number | null };
    Profile: { features: components["schemas"]["Feature"][] };
    Offer: components["schemas"]["Quote"] & {
      contract_text_zh: string;
      contract_text_en: string;
      text_hash: string;
      read_seconds_min?: number | null;
    };
    Application: {
      application: string;
      status: string;
      product: string;
      asked: Amount;
      approved?: Amount | null;
      rate?: Percent | null;
      term_months: number;
      purpose: string;
      asked_at?: string;
      contract?: string | null;
      contract_status?: string | null;
      loan?: string | null;
      reasons: components["schemas"]["Reason"][];
      decision_ms?: number;
      offer?: components["schemas"]["Offer"] | null;
    };
    Signed: { contract: string };
    Drawn: { loan: string; status?: string; wallet?: components["schemas"]["Wallet"] };
    Loan: {
      loan: string;
      household?: string;
      name?: string | null;
      product: string;
      principal: Amount;
      outstanding: Amount;
      currency?: string;
      status: string;
      drawn_on: IsoDate;
      maturity: IsoDate;
      next_due?: IsoDate | null;
      due_today: Amount;
      payoff_today: Amount;
    };
    LoanRow: {
      number: number;
      due: IsoDate;
      principal: Amount;
      interest: Amount;
      fee: Amount;
      penalty: Amount;
      total: Amount;
      paid: Amount;
      status: string;
    };
    Allocation: { principal?: Amount; interest?: Amount; fee?: Amount; penalty?: Amount; compound?: Amount };
    LoanEvent: {
      date: IsoDate;
      kind: string;
      amount: Amount;
      allocation?: components["schemas"]["Allocation"] | null;
    };
    LoanDetail: components["schemas"]["Loan"] & {
      schedule: components["schemas"]["LoanRow"][];
      history: components["schemas"]["LoanEvent"][];
    };
    Repaid: { allocation?: components["schemas"]["Allocation"]; outstanding: Amount; closed: boolean };
    Referral: {
      application: string;
      household: string;
      name?: string | null;
      village: string;
      product: string;
      asked: Amount;
      term_months: number;
      purpose: string;
      asked_at: string;
      reasons: components["schemas"]["Reason"][];
      features?: components["schemas"]["Feature"][];
    };
    DecisionMade: { status?: string; proposal?: string };
    Proposal: {
      proposal: string;
      act: string;
      amount?: Amount | null;
      proposed_by: string;
      proposed_at: string;
      shown?: unknown;
    };
    HouseholdFound: {
      household: string;
      village: string;
      status: string;
      name?: string | null;
      phone_masked?: string | null;
    };
    TrialLine: { subject: string | number; zh: string; en: string; currency: string; debit: Amount; credit: Amount };
    TrialBalance: {
      open_date: IsoDate;
      lines: components["schemas"]["TrialLine"][];
      debit_total: Amount;
      credit_total: Amount;
    };
    DayStatus: { date?: IsoDate; status?: string; open_date?: IsoDate; closed_cells?: number; cells?: number };
    Health: { status: string; open_date: IsoDate; engine: string };
  };
}
