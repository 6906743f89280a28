// Names for the bodies of the HTTP interface, so that pages do not spell the generated document's paths.

import type { components } from "./schema";

type Schemas = components["schemas"];

/** A problem may come from something between here and the server, which knows less. */
export type Problem = Partial<Schemas["ProblemDocument"]> & Pick<Schemas["ProblemDocument"], "status" | "code">;
export type Reason = Schemas["ReasonShown"];
export type CodeSent = Schemas["CodeSent"];
export type Enrolled = Schemas["Enrolled"];
export type Actor = Schemas["ActorShown"];
export type Session = Schemas["SessionShown"];
export type Product = Schemas["ProductShown"];
export type ScheduleRow = Schemas["RowShown"];
export type Cost = Schemas["CostShown"];
export type Quote = Schemas["QuoteShown"];
export type Wallet = Schemas["WalletShown"];
export type Household = Schemas["HouseholdShown"];
export type Entry = Schemas["EntryShown"];
export type Entries = Schemas["EntriesShown"];
export type ProductLimit = Schemas["LimitShown"];
export type Limits = Schemas["LimitsShown"];
export type Feature = Schemas["FeatureShown"];
export type Profile = Schemas["ProfileShown"];
export type Offer = Schemas["OfferShown"];
export type Application = Schemas["ApplicationShown"];
export type Signed = Schemas["Signed"];
export type Receipt = Schemas["Receipt"];
export type Drawn = Schemas["Drawn"];
export type Papers = Schemas["PapersShown"];
export type Facility = Schemas["FacilityDetail"];
export type Line = Schemas["LineShown"];
export type LineDetail = Schemas["LineDetail"];
export type LinePurchase = Schemas["PurchaseShown"];
export type Conversion = Schemas["ConversionShown"];
export type Loan = Schemas["LoanShown"];
export type LoanRow = Schemas["InstalmentShown"];
export type LoanEvent = Schemas["HappeningShown"];
export type LoanDetail = Schemas["LoanDetail"];
export type LoanStanding = Schemas["LoanStandingShown"];
export type Allocation = Schemas["AllocationShown"];
export type Repaid = Schemas["Repaid"];
export type Referral = Schemas["Referral"];
export type DecisionMade = Schemas["HandDecided"];
export type Proposal = Schemas["ProposalShown"];
export type HouseholdFound = Schemas["HouseholdFound"];
export type TrialBalance = Schemas["TrialBalance"];
export type DayStatus = Schemas["DayShown"];
export type DayReport = Schemas["DayReportShown"];
export type Health = Schemas["Health"];
