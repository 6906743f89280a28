// The bodies of the HTTP interface, in the shape that `npm run api` writes from the server's own document.

/** A decimal amount in major units, such as "1250.00". */
type Amount = string;
/** Percent a year, such as "6.00". */
type Percent = string;
/** Such as "2026-03-05". */
type IsoDate = string;

export interface components {
  schemas: {
    ProblemDocument: {
      type?: string;
      title?: string;
      status: number;
      detail?: string;
      code: string;
      params?: Record<string, unknown>;
    };
    ReasonShown: { code: string; zh: string; en: string };
    CodeSent: { expires_in_seconds: number; resend_after_seconds: number; demo_code?: string | null };
    Enrolled: { household: string; identity: string; session: components["schemas"]["SessionShown"] };
    ActorShown: { kind: string; role: string; name?: string | null; household?: string | null; staff?: string | null };
    SessionShown: { actor: components["schemas"]["ActorShown"]; csrf_token: string; expires_at: string };
    ProductShown: {
      code: string;
      version: number;
      name_zh: string;
      name_en: string;
      method: string;
      currency: string;
      amount_min: Amount;
      amount_max: Amount;
      amount_multiple: Amount;
      term_min_months: number;
      term_max_months: number;
      rates: { rating?: string | null; rate: Percent }[];
      uses: string[];
    };
    RowShown: {
      number: number;
      due: IsoDate;
      principal: Amount;
      interest: Amount;
      fee: Amount;
      total: Amount;
      balance_after?: Amount | null;
    };
    CostItemShown: {
      kind: string;
      label_zh: string;
      label_en: string;
      amount: Amount;
      payer: string;
      collector: string;
    };
    CostShown: {
      principal: Amount;
      items: components["schemas"]["CostItemShown"][];
      total_cost: Amount;
      total_to_pay: Amount;
      annualised_percent: Percent;
      effective_percent: Percent;
      on_default: { penalty_rate: Percent; grace_days: number; per_day_example: Amount };
    };
    QuoteShown: {
      schedule: components["schemas"]["RowShown"][];
      cost: components["schemas"]["CostShown"];
      words_zh: string[];
      words_en: string[];
    };
    WalletShown: { balance: Amount; held: Amount; available: Amount; currency: string };
    HouseholdShown: {
      household: string;
      village: string;
      status: string;
      persons: { person: string; role: string; name?: string | null; phone_masked?: string | null }[];
      wallet: components["schemas"]["WalletShown"];
      is_memo_account: boolean;
    };
    EntryShown: {
      entry: string;
      kind: string;
      kind_zh: string;
      kind_en: string;
      value_date: IsoDate;
      booking_date: IsoDate;
      amount: Amount;
      memo?: string | null;
    };
    EntriesShown: { items: components["schemas"]["EntryShown"][]; next?: string | null };
    LimitShown: {
      product: string;
      outcome: string;
      available: Amount;
      limit: Amount;
      rate?: Percent | null;
      reasons: components["schemas"]["ReasonShown"][];
    };
    LimitsShown: {
      open_date: IsoDate;
      profile: { known_movements: number; thin: boolean };
      facility?: { amount: Amount; used: Amount; available: Amount; valid_to: IsoDate } | null;
      products: components["schemas"]["LimitShown"][];
    };
    FeatureShown: { name: string; zh: string; en: string; unit: string; value?: string | null };
    ProfileShown: { features: components["schemas"]["FeatureShown"][] };
    OfferShown: components["schemas"]["QuoteShown"] & {
      contract_text_zh: string;
      contract_text_en: string;
      text_hash: string;
      read_seconds_min?: number | null;
    };
    ApplicationShown: {
      application: string;
      status: string;
      product: string;
      asked: Amount;
      approved: Amount;
      rate?: Percent | null;
      currency: string;
      term_months: number;
      purpose: string;
      asked_at: string;
      contract?: string | null;
      reasons: components["schemas"]["ReasonShown"][];
      offer?: components["schemas"]["OfferShown"] | null;
    };
    Signed: { contract: string; application: string };
    Drawn: {
      loan: string;
      contract: string;
      principal: Amount;
      currency: string;
      drawn_on: IsoDate;
      maturity: IsoDate;
    };
    /** `done`, `pending_funds`, `on_its_way`, `closing`, `proposed` or `rejected`. */
    Receipt: { status: string; proposal?: string | null; transfer?: string | null; shown?: string | null };
    LoanShown: {
      loan: string;
      household: string;
      contract: string;
      product: string;
      principal: Amount;
      outstanding: Amount;
      currency: string;
      status: string;
      drawn_on: IsoDate;
      maturity: IsoDate;
      next_due?: IsoDate | null;
      due_today: Amount;
      payoff_today: Amount;
    };
    InstalmentShown: {
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
    AllocationShown: { principal: Amount; interest: Amount; fee: Amount; penalty: Amount };
    HappeningShown: {
      date: IsoDate;
      kind: string;
      amount: Amount;
      allocation?: components["schemas"]["AllocationShown"] | null;
    };
    LoanDetail: components["schemas"]["LoanShown"] & {
      schedule: components["schemas"]["InstalmentShown"][];
      history: components["schemas"]["HappeningShown"][];
    };
    Repaid: { allocation: components["schemas"]["AllocationShown"]; outstanding: Amount; closed: boolean };
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
      reasons: components["schemas"]["ReasonShown"][];
      suggested?: Amount | null;
      rate?: Percent | null;
      rating?: string | null;
      features: components["schemas"]["FeatureShown"][];
    };
    HandDecided: { status: string; approved?: Amount | null; proposal?: string | null };
    ProposalShown: {
      proposal: string;
      act: string;
      amount: Amount;
      proposed_by: string;
      proposed_at: string;
      shown: string;
      household?: string | null;
      reason?: string | null;
    };
    HouseholdFound: {
      household: string;
      village: string;
      name?: string | null;
      enrolled_on: IsoDate;
    };
    TrialLineShown: { subject: number; zh: string; en: string; currency: string; debit: Amount; credit: Amount };
    TrialBalance: {
      open_date: IsoDate;
      lines: components["schemas"]["TrialLineShown"][];
      debit_total: Amount;
      credit_total: Amount;
    };
    DayShown: { day: IsoDate; expected: number; received: number; closed: boolean };
    Health: { status: string; open_date: IsoDate; engine: string; demo: boolean };
  };
}
