//! What detectors say: a signal with its chance, what was expected, how neighbours fare, and the evidence.

use basics::Id;

macro_rules! kinds {
    ($($number:literal $name:ident $word:literal $entity:ident $may_hold:literal $zh:literal $en:literal,)*) => {
        /// What a detector looks for. Numbers are stored with alerts and never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = $en] $name = $number,)*
        }

        impl Kind {
            /// All of them, by number.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// Its name in files and in the API.
            pub const fn word(self) -> &'static str {
                match self { $(Kind::$name => $word,)* }
            }

            /// The kind of a name.
            pub fn named(word: &str) -> Option<Kind> {
                Kind::ALL.iter().copied().find(|kind| kind.word() == word)
            }

            /// Chinese and English words for people.
            pub const fn names(self) -> (&'static str, &'static str) {
                match self { $(Kind::$name => ($zh, $en),)* }
            }

            /// Whose state it reads.
            pub const fn entity(self) -> EntityKind {
                match self { $(Kind::$name => EntityKind::$entity,)* }
            }

            /// Whether it may hold a payment: only what reads state of the household's own cell may.
            pub const fn may_hold(self) -> bool {
                match self { $(Kind::$name => $may_hold,)* }
            }
        }
    };
}

kinds! {
    0 Velocity "velocity" Household true "短时多笔" "Many payments within a day.",
    1 Amount "amount" Household true "金额异常" "An amount far from the household's own history and its village's days.",
    2 Hour "hour" Household true "时段异常" "An hour at which the household is not used to act.",
    3 Party "party" Household true "陌生对手" "A counterparty that the household did not know.",
    4 Structuring "structuring" Household true "拆分交易" "Cash in several parts, each a little below the limit of reporting.",
    5 Diversion "diversion" Counterparty false "贷款挪用" "Loan money that reaches a forbidden use, directly or some hops on.",
    6 PassThrough "pass_through" Household true "贷款过手" "Loan money that leaves within days, to one party or in cash.",
    7 DebtElsewhere "debt_elsewhere" Household false "多头借贷" "Queries and debts at other lenders that grow.",
    8 Missed "missed" Household false "逾期未还" "A repayment missed, or paid late.",
    9 IncomeGap "income_gap" Household false "收入低于季节预期" "Income far below the same season of last year, against its village's.",
    10 Bridge "bridge" Household false "过桥还贷" "A loan paid off with money lent for days, drawn again, and the money given back.",
    11 ManyBorrowers "many_borrowers" Counterparty false "垒大户" "One user or one repayer behind the loans of several households.",
    12 SharedDevice "shared_device" Device false "共用设备" "One device on which several households act.",
    13 ClerkRepays "clerk_repays" Clerk false "代客还款" "A clerk whose money repays for households.",
    14 CardAgent "card_agent" Clerk false "代持银行卡" "Cash taken out for several households in one go, at one window or on one device.",
    15 VillageShock "village_shock" Village false "全村受灾" "Income of a whole village falls away, or many of its households turn late.",
    16 TransferRing "transfer_ring" Account false "转账环" "Transfers that go round and come back.",
    17 GuaranteeRing "guarantee_ring" Account false "互保圈" "Guarantees that go round and come back.",
    18 Staff "staff" Counterparty true "员工往来" "Loan money between a household and one of the staff.",
}

/// Number of kinds.
pub const KINDS: usize = Kind::ALL.len();

/// What a signal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// A household 农户.
    Household,
    /// An account as a node of money's ways 账户.
    Account,
    /// Another side of payments 对手方.
    Counterparty,
    /// A shop 商户.
    Merchant,
    /// A phone or a terminal 设备.
    Device,
    /// A clerk or a window 柜员.
    Clerk,
    /// A village 村.
    Village,
}

/// One entity. Keys of other sides, devices and clerks are scattered: equal keys are the same, no more is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A household.
    Household(Id),
    /// Anything else, by kind and key.
    Key(EntityKind, u64),
}

/// What a detector says of one step, before it is known how often it says so.
///
/// `strength_milli` is surprise in thousandths of a bit under the detector's own simple model: −log₂ of the chance of
/// something at least as unusual, × 1,000. The monitor turns it into a chance by what it has met so far ([`crate::tail`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Surprise in thousandths of a bit; 0 is nothing unusual.
    pub strength_milli: i32,
    /// What was seen, in the detector's unit.
    pub observed: i64,
    /// The range that was expected, in the same unit.
    pub expected: (i64, i64),
    /// The same figure of the village in the same days, where it is known.
    pub peers: Option<i64>,
    /// Up to four events or keys that it rests on, 0 where there are fewer.
    pub evidence: [u128; 4],
}

impl Reading {
    /// Nothing unusual.
    pub const QUIET: Reading =
        Reading { strength_milli: 0, observed: 0, expected: (0, 0), peers: None, evidence: [0; 4] };
}

/// A reading with its chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// What was looked for.
    pub kind: Kind,
    /// Whom it is about.
    pub entity: Entity,
    /// Share of steps, as met so far, that were at least as unusual: millionths, never 0.
    pub p_ppm: u32,
    /// Surprise of that chance: −log₂ p, in thousandths of a bit.
    pub surprise_milli: i32,
    /// What the detector said.
    pub reading: Reading,
}

/// What a typology asks for, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Kept beside the household, nobody is called.
    Note,
    /// Somebody looks at it.
    Alert,
    /// A payment waits until somebody has.
    Hold,
}

impl Grade {
    /// Its name in files and in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Grade::Note => "note",
            Grade::Alert => "alert",
            Grade::Hold => "hold",
        }
    }
}

/// What a detector declares of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// What it looks for, whose state it reads, whether it may hold.
    pub kind: Kind,
    /// Most bytes of state an entity.
    pub bytes_max: usize,
    /// What becomes of events that come late.
    pub late: Late,
}

/// What becomes of an event whose day lies before others that were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It counts in the bucket of its own day or month, as if it had come in time, so long as that is kept.
    InItsBucket,
    /// It is looked at as what it is now: the order of arrival counts.
    AsItComes,
    /// Older than so many days it is not looked at.
    NotOlderThan(i32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_by_their_places() {
        for (place, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!((*kind as usize, Kind::named(kind.word())), (place, Some(*kind)));
            assert!(!kind.may_hold() || matches!(kind.entity(), EntityKind::Household | EntityKind::Counterparty));
        }
    }
}
