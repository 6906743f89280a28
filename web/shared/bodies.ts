// Names for the bodies of the HTTP interface, so that pages do not spell the generated document's paths.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Problem = Schemas["Problem"];
export type Reason = Schemas["Reason"];
export type CodeSent = Schemas["CodeSent"];
export type Enrolled = Schemas["Enrolled"];
export type Actor = Schemas["Actor"];
export type Session = Schemas["Session"];
export type Product = Schemas["Product"];
export type ScheduleRow = Schemas["ScheduleRow"];
export type Cost = Schemas["Cost"];
export type Quote = Schemas["Quote"];
export type Wallet = Schemas["Wallet"];
export type Household = Schemas["Household"];
export type Entry = Schemas["Entry"];
export type Entries = Schemas["Entries"];
export type ProductLimit = Schemas["ProductLimit"];
export type Limits = Schemas["Limits"];
export type Feature = Schemas["Feature"];
export type Profile = Schemas["Profile"];
export type Offer = Schemas["Offer"];
export type Application = Schemas["Application"];
export type Signed = Schemas["Signed"];
export type Drawn = Schemas["Drawn"];
export type Loan = Schemas["Loan"];
export type LoanRow = Schemas["LoanRow"];
export type LoanEvent = Schemas["LoanEvent"];
export type LoanDetail = Schemas["LoanDetail"];
export type Allocation = Schemas["Allocation"];
export type Repaid = Schemas["Repaid"];
export type Referral = Schemas["Referral"];
export type DecisionMade = Schemas["DecisionMade"];
export type Proposal = Schemas["Proposal"];
export type HouseholdFound = Schemas["HouseholdFound"];
export type TrialBalance = Schemas["TrialBalance"];
export type DayStatus = Schemas["DayStatus"];
export type Health = Schemas["Health"];
