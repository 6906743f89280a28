//! The one type of behaviour event: what profiles are folded from and what detectors read.

use basics::{Date, Id, Instant};
use minicbor::{Decode, Encode};

/// Something a household did or that happened to it, as one record.
///
/// Events are stored for ever, so field numbers and the numbers of kinds never change.
/// Duplicates are not looked for here: the caller folds each event id once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Event {
    /// The household it belongs to.
    #[n(0)]
    pub household: Id,
    /// The event's own id. Within one day the greater id is the later event, as with UUIDv7.
    #[n(1)]
    pub id: Id,
    /// The date it happened (value date), which may lie before the day it became known.
    #[n(2)]
    pub date: Date,
    /// What happened.
    #[n(3)]
    pub kind: EventKind,
    /// Amount in minor units of the institution's currency: in is positive, out is negative,
    /// 0 where no money moved.
    #[n(4)]
    pub amount_minor: i64,
    /// Balance of the household's account after it, in minor units, where known.
    #[n(5)]
    pub balance_after_minor: Option<i64>,
    /// The other side, as an opaque keyed hash: equal keys are the same party, nothing more is known.
    #[n(6)]
    pub counterparty: Option<u64>,
    /// By which lawful way it came to the lender.
    #[n(7)]
    pub channel: Channel,
    /// The consent under which it was collected, where one is needed.
    #[n(8)]
    pub consent: Option<Id>,
    /// What was measured, in the unit of [`EventKind::measure`]; only kinds that have one carry it.
    #[n(9)]
    pub measure: Option<i64>,
    /// What it was taken from: the agreement with an authority, a bureau's report, an imported file.
    #[n(10)]
    pub source: Option<Id>,
    /// When the lender came to know it; none in events of before this was kept, and before the event is taken in.
    #[n(11)]
    pub known: Option<Known>,
}

/// When an event became known: what a decision could have seen.
///
/// `date` says when a thing happened, `known` when the lender learnt it. Both the instant and the place are given at
/// the door, never by whoever tells the event. Commands that wait at the same moment may be booked in another order
/// than that of their instants; the place is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Known {
    /// The instant of the command that brought it.
    #[n(0)]
    pub at: Instant,
    /// The version of the profile since: the event is the `place`-th that was folded.
    #[n(1)]
    pub place: u64,
}

/// What the measure of an event counts, in whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Days.
    Days,
    /// Minor units of money that did not move: a debt, a sum insured, a published income.
    Minor,
    /// Thousandths of a mu 亩 (1 mu is a fifteenth of a hectare).
    MilliMu,
    /// Kilograms.
    Kilograms,
    /// Millionths: a rate, an index, a deviation from what is normal. The only one that may be negative.
    Millionths,
}

/// By which lawful way a fact came to the lender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Channel {
    /// The lender's own business with the household 自有业务.
    #[n(0)]
    OwnBusiness,
    /// A licensed credit bureau 持牌征信机构.
    #[n(1)]
    LicensedBureau,
    /// An authority, under an agreement 政务部门.
    #[n(2)]
    Authority,
    /// The household itself 农户自述.
    #[n(3)]
    ToldByHousehold,
}

impl Channel {
    /// Chinese and English name.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Channel::OwnBusiness => ("自有业务", "own business"),
            Channel::LicensedBureau => ("持牌征信机构", "licensed bureau"),
            Channel::Authority => ("政务部门", "authority under agreement"),
            Channel::ToldByHousehold => ("农户自述", "told by the household"),
        }
    }
}

/// What was bought. There is deliberately no category for medicine or worship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Purchase {
    /// Seed, fertiliser, feed, pesticide 农资.
    #[n(0)]
    FarmInput,
    /// Young animals 畜禽.
    #[n(1)]
    Livestock,
    /// Machines and tools 农机具.
    #[n(2)]
    Machinery,
    /// Food 食品.
    #[n(3)]
    Food,
    /// Household goods 日用.
    #[n(4)]
    Household,
    /// Fuel and transport 交通.
    #[n(5)]
    Transport,
    /// School and training 教育.
    #[n(6)]
    Education,
    /// Phone and network 通讯.
    #[n(7)]
    Communication,
    /// Anything else 其他.
    #[n(8)]
    Other,
}

/// Whether money came in, went out, or did not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Money came in: the amount is 0 or more.
    In,
    /// Money went out: the amount is 0 or less.
    Out,
    /// No money moved: the amount is 0.
    Still,
}

macro_rules! kinds {
    ($($number:literal $name:ident $stream:ident $doc:literal,)*) => {
        /// What happened. The number is the stored code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
        pub enum EventKind {
            $(#[doc = $doc] #[n($number)] $name,)*
            /// Bought at a merchant 消费, by what was bought.
            #[n(64)]
            Purchase(#[n(0)] Purchase),
        }

        impl EventKind {
            /// Whether money comes in, goes out or stands still.
            pub const fn stream(self) -> Stream {
                match self { $(EventKind::$name => Stream::$stream,)* EventKind::Purchase(_) => Stream::Out }
            }

            /// The class under which day sums are kept: the kind's number, purchases from 64.
            pub const fn class(self) -> u8 {
                match self { $(EventKind::$name => $number,)* EventKind::Purchase(what) => 64 + what as u8 }
            }

            /// Whether a class is of money that came in.
            pub const fn is_in(class: u8) -> bool {
                const IN: u64 = 0 $(| (matches!(Stream::$stream, Stream::In) as u64) << $number)*;
                class < 64 && IN >> class & 1 == 1
            }

            /// Whether a class is of money that went out.
            pub const fn is_out(class: u8) -> bool {
                const OUT: u64 = 0 $(| (matches!(Stream::$stream, Stream::Out) as u64) << $number)*;
                class >= 64 || OUT >> class & 1 == 1
            }

            /// Every kind without a category.
            pub const PLAIN: &'static [EventKind] = &[$(EventKind::$name),*];
        }
    };
}

kinds! {
    0 PaymentIn In "Paid by a buyer or payer 收款.",
    1 PaymentOut Out "Paid to a payee 付款.",
    2 TransferIn In "Transfer received 转入.",
    3 TransferOut Out "Transfer sent 转出.",
    4 CashDeposit In "Cash paid in 存现.",
    5 CashWithdrawal Out "Cash taken out 取现.",
    6 HouseholdBill Out "Standing household bill: rent, fees of the home 家庭固定缴费.",
    7 Utility Out "Water, power, gas, heating 水电燃气.",
    8 Subsidy In "Subsidy of the state or county 补贴.",
    9 Pension In "Pension 养老金.",
    10 Salary In "Wage 工资.",
    11 InsurancePremium Out "Insurance premium 保费.",
    12 InsuranceClaim In "Paid by an insurer 保险赔款.",
    13 HarvestSale In "Harvest or animals sold 农产品销售.",
    14 LandRentIn In "Rent received for land 土地流转收入.",
    15 LandRentOut Out "Rent paid for land 土地流转支出.",
    16 LoanReceived In "Loan money received 贷款到账.",
    17 LoanPayment Out "Instalment of a loan paid 还贷.",
    18 PenaltyInterest Out "Charged because the balance was negative or a payment late 罚息.",
    19 InterestCredited In "Interest credited 结息.",
    20 Fee Out "Fee of the account 手续费.",
    21 VisitGood Still "A field visit found the farm in order 走访良好.",
    22 VisitPoor Still "A field visit found the farm in trouble 走访不佳.",
    23 GuaranteeGiven Still "The household guarantees another's debt 对外担保.",
    24 GuaranteeReleased Still "Such a guarantee ended 担保解除.",
    25 Referral Still "Recommended by an acquaintance 熟人推荐.",
    26 DueMet Still "An instalment, bill or premium was met on its day 按时缴付.",
    27 DueLate Still "An instalment, bill or premium was met late; measure: days late 逾期缴付.",
    28 BureauQuery Still "Another lender asked a bureau about the household 征信被查询.",
    29 DebtElsewhere Still "What it owes to other lenders by a bureau's report; measure: minor units 他行负债.",
    30 LandCertified Still "Land certified to it by the register, in all; measure: thousandths of a mu 土地确权.",
    31 CropSown Still "Area under crops this season, in all; measure: thousandths of a mu 播种面积.",
    32 HarvestExpected Still "Harvest to be expected by area and usual yield; measure: kilograms 预计产量.",
    33 HarvestWeighed Still "Harvest weighed at a buyer's or a co-op's scale; measure: kilograms 过磅产量.",
    34 CropInsured Still "A crop insurer underwrote its fields; measure: sum insured in minor units 农险承保.",
    35 Weather Still "Rain and warmth of the season where it farms, against what is normal; measure: millionths 气象距平.",
    36 SettledInVillage Still "It came to live in the village on that date 落户.",
    37 VillageIncome Still "Published yearly income of a household of its village; measure: minor units 村户均收入.",
    38 RegionYield Still "Published yield of the region against a normal year; measure: millionths 地区单产指数.",
    39 LoanRepaid Still "A loan was paid off as agreed 贷款结清.",
    40 LoanOver90 Still "A loan became more than 90 days late 贷款逾期90天以上.",
    41 TrainingAttended Still "Somebody of it came to a training of the lender's 参加培训.",
}

/// Categories of purchase.
const PURCHASES: [Purchase; 9] = [
    Purchase::FarmInput,
    Purchase::Livestock,
    Purchase::Machinery,
    Purchase::Food,
    Purchase::Household,
    Purchase::Transport,
    Purchase::Education,
    Purchase::Communication,
    Purchase::Other,
];

impl EventKind {
    /// What [`Event::measure`] counts for this kind; none where it has none.
    pub const fn measure(self) -> Option<Measure> {
        Some(match self {
            EventKind::DueLate => Measure::Days,
            EventKind::DebtElsewhere | EventKind::CropInsured | EventKind::VillageIncome => Measure::Minor,
            EventKind::LandCertified | EventKind::CropSown => Measure::MilliMu,
            EventKind::HarvestExpected | EventKind::HarvestWeighed => Measure::Kilograms,
            EventKind::Weather | EventKind::RegionYield => Measure::Millionths,
            _ => return None,
        })
    }

    /// Its name in files and in the API: `harvest_sale`, `purchase_farm_input`.
    pub fn name(self) -> String {
        match self {
            EventKind::Purchase(what) => format!("purchase_{}", snake(&format!("{what:?}"))),
            plain => snake(&format!("{plain:?}")),
        }
    }

    /// The kind of a name; none if there is no such kind.
    pub fn named(name: &str) -> Option<EventKind> {
        let bought = PURCHASES.iter().map(|what| EventKind::Purchase(*what));
        EventKind::PLAIN.iter().copied().chain(bought).find(|kind| kind.name() == name)
    }
}

fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        let begins_word = letter.is_ascii_uppercase() || (letter.is_ascii_digit() && !ends_in_digit(&text));
        if begins_word && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|letter: char| letter.is_ascii_digit())
}

/// Why an event cannot be folded into a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The sign of the amount does not fit the kind.
    #[error("event {id}: {kind:?} with amount {amount_minor}: money in is positive, money out negative, otherwise 0")]
    Sign {
        /// The event.
        id: Id,
        /// Its kind.
        kind: EventKind,
        /// Its amount in minor units.
        amount_minor: i64,
    },
    /// An amount or balance is absurdly large.
    #[error(
        "event {id}: amount or balance {amount_minor} is beyond {AMOUNT_MINOR_MAX}: check the unit, it is minor units"
    )]
    TooLarge {
        /// The event.
        id: Id,
        /// The figure in minor units.
        amount_minor: i64,
    },
    /// The measure does not fit the kind.
    #[error("event {id}: {kind:?} with measure {measure:?}: {wanted}")]
    Measure {
        /// The event.
        id: Id,
        /// Its kind.
        kind: EventKind,
        /// What it measures.
        measure: Option<i64>,
        /// What the kind asks for.
        wanted: &'static str,
    },
    /// The event belongs to another household than the profile.
    #[error("event {id} belongs to household {found}, the profile to {expected}: fold it there")]
    OtherHousehold {
        /// The event.
        id: Id,
        /// The household named by the event.
        found: Id,
        /// The profile's household.
        expected: Id,
    },
}

/// The largest amount or balance accepted, in minor units: a hundred billion yuan.
pub const AMOUNT_MINOR_MAX: i64 = 10_000_000_000_000;

impl Event {
    /// Checks that sign and size of the figures fit the kind.
    pub fn check(&self) -> Result<(), EventError> {
        let fits = match self.kind.stream() {
            Stream::In => self.amount_minor >= 0,
            Stream::Out => self.amount_minor <= 0,
            Stream::Still => self.amount_minor == 0,
        };
        if !fits {
            return Err(EventError::Sign { id: self.id, kind: self.kind, amount_minor: self.amount_minor });
        }
        if let Some(wanted) = self.measure_fault() {
            return Err(EventError::Measure { id: self.id, kind: self.kind, measure: self.measure, wanted });
        }
        for figure in [self.amount_minor, self.balance_after_minor.unwrap_or(0), self.measure.unwrap_or(0)] {
            if figure.unsigned_abs() > AMOUNT_MINOR_MAX.unsigned_abs() {
                return Err(EventError::TooLarge { id: self.id, amount_minor: figure });
            }
        }
        Ok(())
    }

    /// What is wrong with its measure, if anything.
    fn measure_fault(&self) -> Option<&'static str> {
        match (self.kind.measure(), self.measure) {
            (None, None) | (Some(Measure::Millionths), Some(_)) => None,
            (None, Some(_)) => Some("this kind measures nothing, leave it out"),
            (Some(_), None) => Some("this kind needs one"),
            (Some(Measure::Days), Some(days)) if !(1..=3_650).contains(&days) => Some("give 1 to 3650 days"),
            (Some(_), Some(measure)) if measure < 0 => Some("it cannot be negative"),
            _ => None,
        }
    }

    /// Whether it is a movement of money: what the thin-file rule counts.
    pub const fn is_movement(&self) -> bool {
        !matches!(self.kind.stream(), Stream::Still)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::cbor;

    fn sale() -> Event {
        Event {
            household: Id::from_u128(1),
            id: Id::from_u128(2),
            date: Date::ymd(2026, 10, 3).unwrap(),
            kind: EventKind::HarvestSale,
            amount_minor: 480_000,
            balance_after_minor: Some(512_345),
            counterparty: Some(77),
            channel: Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        }
    }

    #[test]
    fn stored_bytes_are_fixed() {
        let bytes = cbor::to_bytes(&sale());
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            hex,
            "88500000000000000000000000000000000150000000000000000000000000000000021950f9820d801a000753001a0007d159184d00"
        );
        assert_eq!(cbor::from_bytes::<Event>(&bytes).unwrap(), sale());
        let bought = Event { kind: EventKind::Purchase(Purchase::FarmInput), amount_minor: -5, ..sale() };
        assert_eq!(cbor::from_bytes::<Event>(&cbor::to_bytes(&bought)).unwrap(), bought);
    }

    #[test]
    fn classes_are_apart() {
        let mut classes: Vec<u8> = EventKind::PLAIN.iter().map(|k| k.class()).collect();
        classes.extend([Purchase::FarmInput, Purchase::Other].map(|p| EventKind::Purchase(p).class()));
        let count = classes.len();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), count);
    }

    #[test]
    fn figures_must_fit_the_kind() {
        assert!(sale().check().is_ok());
        assert!(matches!(Event { amount_minor: -1, ..sale() }.check(), Err(EventError::Sign { .. })));
        assert!(matches!(Event { kind: EventKind::Referral, ..sale() }.check(), Err(EventError::Sign { .. })));
        assert!(matches!(
            Event { balance_after_minor: Some(i64::MIN), ..sale() }.check(),
            Err(EventError::TooLarge { .. })
        ));
    }

    #[test]
    fn a_measure_is_told_by_the_kinds_that_have_one() {
        let land = |measure| {
            Event { kind: EventKind::LandCertified, amount_minor: 0, measure, ..sale() }
                .check()
                .map_err(|e| e.to_string())
        };
        assert_eq!(land(Some(8_500)), Ok(()));
        assert!(land(None).unwrap_err().contains("needs one"));
        assert!(land(Some(-1)).unwrap_err().contains("cannot be negative"));
        assert!(matches!(Event { measure: Some(1), ..sale() }.check(), Err(EventError::Measure { .. })));
        let late = Event { kind: EventKind::DueLate, amount_minor: 0, measure: Some(0), ..sale() };
        assert!(matches!(late.check(), Err(EventError::Measure { .. })));
    }

    #[test]
    fn when_it_became_known_stands_behind_what_older_readers_know() {
        let known = Some(Known { at: Instant(1_760_000_000_000_000), place: 7 });
        let event = Event { known, ..sale() };
        assert_eq!(cbor::from_bytes::<Event>(&cbor::to_bytes(&event)).unwrap(), event);
    }

    #[test]
    fn kinds_are_found_by_name() {
        assert_eq!(EventKind::named("harvest_sale"), Some(EventKind::HarvestSale));
        assert_eq!(EventKind::named("loan_over_90"), Some(EventKind::LoanOver90));
        assert_eq!(EventKind::named("purchase_farm_input"), Some(EventKind::Purchase(Purchase::FarmInput)));
        for wrong in ["", "HarvestSale", "purchase_", "medicine"] {
            assert_eq!(EventKind::named(wrong), None, "{wrong}");
        }
        assert!(EventKind::PLAIN.iter().all(|kind| EventKind::named(&kind.name()) == Some(*kind)));
    }
}
