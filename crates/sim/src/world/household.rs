//! What a household is and has, as compact as a county of a million needs it.

use basics::Date;

use super::shopping::OnLine;
use crate::county::Reason;
use crate::deed::{HouseholdNo, Mine, Way};

/// A crop on a household's land.
#[derive(Clone, Copy, Debug, Default, minicbor::Encode, minicbor::Decode)]
pub(super) struct Field {
    /// Number of the crop in the county file.
    #[n(0)]
    pub crop: u8,
    /// Hundredths of a mu under it; 0 if there is none.
    #[n(1)]
    pub area: u32,
    /// What is already lost of the next harvest, for want of seed and fertiliser, millionths.
    #[n(2)]
    pub lost_ppm: i64,
    /// Kilograms in the barn.
    #[n(3)]
    pub barn_kg: i64,
    /// Month for which cost and sale were last looked at, as in [`super::season::month_number`].
    #[n(4)]
    pub sown: i32,
    /// The same for the sale.
    #[n(5)]
    pub sold: i32,
}

/// Animals.
#[derive(Clone, Copy, Debug, Default, minicbor::Encode, minicbor::Decode)]
pub(super) struct Animals {
    /// Number of the kind in the county file.
    #[n(0)]
    pub kind: u8,
    /// Places in the shed; 0 if it keeps none.
    #[n(1)]
    pub places: u16,
    /// Animals in it.
    #[n(2)]
    pub heads: u16,
    /// Months that they have been fed.
    #[n(3)]
    pub fed_months: u8,
}

/// What lately went against a household: the cause that the files of truth name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, minicbor::Encode, minicbor::Decode)]
pub enum Trouble {
    /// Nothing that stands out: income and spending of its ordinary days.
    #[default]
    #[n(0)]
    None,
    /// Somebody fell ill.
    #[n(1)]
    Illness,
    /// Work away or nearby stood still.
    #[n(2)]
    LostWork,
    /// A drought took of a harvest.
    #[n(3)]
    Drought,
    /// A flood took of a harvest.
    #[n(4)]
    Flood,
    /// A pest took of a harvest.
    #[n(5)]
    Pest,
    /// A harvest brought little, by price or yield.
    #[n(6)]
    PoorSale,
    /// Animals died.
    #[n(7)]
    Disease,
    /// A wedding was paid.
    #[n(8)]
    Wedding,
    /// It owes too many others.
    #[n(9)]
    OtherDebt,
    /// The money was used by somebody else.
    #[n(10)]
    Lent,
    /// The money was used for something else.
    #[n(11)]
    Diverted,
}

/// A loan as the household remembers it.
#[derive(Clone, Debug, minicbor::Encode, minicbor::Decode)]
pub(super) struct Owed {
    #[n(0)]
    pub mine: Mine,
    /// Principal still owed as last told, in fen.
    #[n(1)]
    pub outstanding_fen: i64,
    /// What falls due: day and sum in fen.
    #[n(2)]
    pub dues: Vec<(i32, i64)>,
    /// Paid in all, in fen.
    #[n(3)]
    pub paid_fen: i64,
    /// What is due and unpaid as last told, and on which day that was.
    #[n(4)]
    pub told: Option<(i32, i64)>,
    /// Earnest reminders so far.
    #[n(5)]
    pub reminders: u8,
    /// Whether it has decided not to pay for now.
    #[n(6)]
    pub is_withheld: bool,
    /// Whether it has asked for another plan.
    #[n(7)]
    pub has_asked: bool,
    /// Day of the last try that a row of truth was written for.
    #[n(8)]
    pub tried: i32,
    /// Who has guaranteed it.
    #[n(9)]
    pub guarantor: Option<u32>,
    /// The day by which its use is to be shown, while it is not.
    #[n(10)]
    pub show_by: Option<i32>,
}

impl Owed {
    /// What is due by a day and not paid, in fen, as the household reckons it.
    pub(super) fn due_by(&self, day: i32) -> i64 {
        let planned: i64 = self.dues.iter().filter(|(due, _)| *due <= day).map(|(_, fen)| fen).sum();
        let reckoned = (planned - self.paid_fen).max(0);
        match self.told {
            Some((told, fen)) if told <= day => reckoned.max(fen),
            _ => reckoned,
        }
    }

    /// The first day on which something unpaid fell or falls due.
    pub(super) fn next_due(&self) -> Option<i32> {
        let mut planned = 0;
        self.dues
            .iter()
            .find(|(_, fen)| {
                planned += fen;
                planned > self.paid_fen
            })
            .map(|(due, _)| *due)
    }

    /// All that is still to be paid, in fen.
    pub(super) fn left_fen(&self) -> i64 {
        (self.dues.iter().map(|(_, fen)| fen).sum::<i64>() - self.paid_fen).max(self.outstanding_fen).max(0)
    }
}

/// An application under way.
#[derive(Clone, Copy, Debug, minicbor::Encode, minicbor::Decode)]
pub(super) struct Asking {
    #[n(0)]
    pub mine: Mine,
    #[n(1)]
    pub reason: Reason,
    #[n(2)]
    pub amount_fen: i64,
    #[n(3)]
    pub since: i32,
    /// Whether it has asked that a person decides.
    #[n(4)]
    pub has_asked_person: bool,
}

/// Where it stands with the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(super) enum Standing {
    /// It will hear on this day; [`i32::MAX`] if only people it knows can tell it.
    #[n(0)]
    Hears(#[n(0)] i32),
    /// It has asked to be enrolled.
    #[n(1)]
    Asked,
    /// It is enrolled.
    #[n(2)]
    Enrolled,
}

/// A household.
#[derive(Clone, Debug, minicbor::Encode, minicbor::Decode)]
pub(super) struct Household {
    #[n(0)]
    pub village: u32,
    #[n(1)]
    pub head_age: u8,
    #[n(2)]
    pub adults: u8,
    #[n(3)]
    pub elders: u8,
    #[n(4)]
    pub pupils: u8,
    #[n(5)]
    pub students: u8,
    /// Grown sons at home who are not married.
    #[n(6)]
    pub sons: u8,
    #[n(7)]
    pub schooling: u8,
    /// Members who work away, and nearby.
    #[n(8)]
    pub away: u8,
    #[n(9)]
    pub near: u8,
    /// Percent of its spending that leaves a trace.
    #[n(10)]
    pub traced: u8,
    /// Patience, percent.
    #[n(11)]
    pub patience: u8,
    /// Whether it does business by phone; otherwise at the window.
    #[n(12)]
    pub has_phone_page: bool,
    #[n(13)]
    pub takes_day_labour: bool,
    /// Day of the month on which wages come and bills are paid.
    #[n(14)]
    pub pay_day: u8,
    /// What lately went against it, and since when.
    #[n(15)]
    pub trouble: Trouble,
    #[n(16)]
    pub trouble_since: i32,
    /// Wages a month, fen.
    #[n(17)]
    pub away_fen: i64,
    #[n(18)]
    pub near_fen: i64,
    /// What grown children send to old people alone, a month, fen.
    #[n(19)]
    pub support_fen: i64,
    /// What the state tops its income up by, a month, fen.
    #[n(20)]
    pub relief_fen: i64,
    /// Hundredths of a mu let to others, and taken from others.
    #[n(21)]
    pub let_out: u32,
    #[n(22)]
    pub leased: u32,
    #[n(23)]
    pub fields: [Field; 3],
    #[n(24)]
    pub animals: Animals,
    /// Takings of its shop a month, fen; 0 if it keeps none.
    #[n(25)]
    pub takings_fen: i64,
    /// Expected income of a month, fen.
    #[n(26)]
    pub usual_fen: i64,
    /// Usual spending of a day, fen.
    #[n(27)]
    pub spend_fen: i64,
    /// What it cannot go below, a day, fen.
    #[n(28)]
    pub needs_fen: i64,
    /// Worth of its own word, days of spending.
    #[n(29)]
    pub word_days: i64,
    /// Money at home, in the account that leaves traces, in the platform's wallet, put by elsewhere; fen.
    #[n(30)]
    pub cash: i64,
    #[n(31)]
    pub account: i64,
    #[n(32)]
    pub wallet: i64,
    #[n(33)]
    pub saved: i64,
    /// Cash on its way into (positive) or out of the wallet, not answered yet.
    #[n(34)]
    pub pending: i64,
    /// Owed to other lenders, fen, and whether one would lend at all.
    #[n(35)]
    pub owed_other: i64,
    #[n(36)]
    pub has_other_lender: bool,
    /// Owed to people it knows: to whom and how much. At most four at a time.
    #[n(37)]
    pub owed_kin: Vec<(HouseholdNo, i64)>,
    /// Whom it knows, near kin first.
    #[n(38)]
    pub ties: [u32; TIES],
    /// Day on which it next does something, and up to which its days are lived.
    #[n(39)]
    pub wake: i32,
    #[n(40)]
    pub lived: i32,
    #[n(41)]
    pub standing: Standing,
    #[n(42)]
    pub mine_next: Mine,
    #[n(43)]
    pub asking: Option<Asking>,
    /// Not before this day does it ask again.
    #[n(44)]
    pub asks_from: i32,
    #[n(45)]
    pub loans: Vec<Owed>,
    /// How many loans of others it guarantees.
    #[n(46)]
    pub guarantees: i8,
    /// What it has to do with statement lines, if anything.
    #[n(47)]
    pub on_line: Option<Box<OnLine>>,
    /// Loans that it has paid back in full.
    #[n(48)]
    pub repaid: u16,
    /// The scheme it has a part in, from 1; 0 if none.
    #[n(49)]
    pub scheme: u16,
    /// By which way others act in its name; none if nobody does.
    #[n(50)]
    pub acted_for: Option<Way>,
    /// Since the county was last asked: consumed, taken for what it sold, laid out for that, earned; fen.
    #[n(51)]
    pub sums: [i64; 4],
}

/// Places in [`Household::sums`].
pub(super) const CONSUMED: usize = 0;
pub(super) const SOLD: usize = 1;
pub(super) const LAID_OUT: usize = 2;
pub(super) const EARNED: usize = 3;

/// How many others a household names as people it knows.
pub(super) const TIES: usize = 10;

impl Household {
    /// Money at hand: at home, in the account, in the wallet. What is on its way out of the wallet is at home already.
    pub(super) fn at_hand(&self) -> i64 {
        self.cash + self.account + (self.wallet + self.pending.min(0)).max(0)
    }

    /// Whether its head has a spouse at home.
    pub(super) fn has_spouse(&self) -> bool {
        self.adults + self.elders >= 2
    }

    /// Money at hand and put by.
    pub(super) fn liquid(&self) -> i64 {
        self.at_hand() + self.saved
    }

    /// Grown people by whom needs are counted, in tenths: children and old people need less.
    pub(super) fn mouths(&self) -> i64 {
        i64::from(self.adults) * 10 + i64::from(self.elders) * 8 + i64::from(self.pupils + self.students) * 7
    }

    /// Notes what went against it, unless something heavier did lately.
    pub(super) fn suffer(&mut self, trouble: Trouble, day: i32) {
        let is_fresh = day - self.trouble_since < 60 && self.trouble != Trouble::None;
        if !is_fresh || self.trouble == Trouble::PoorSale {
            (self.trouble, self.trouble_since) = (trouble, day);
        }
    }

    /// What is still felt of a trouble: a year long.
    pub(super) fn felt(&self, day: i32) -> Trouble {
        if day - self.trouble_since > 365 { Trouble::None } else { self.trouble }
    }

    /// Whether this is the day of the month, given as days since the last time it lived: its pay day lies in between.
    pub(super) fn has_pay_day(&self, after: i32, until: Date) -> bool {
        let last = i32::from(self.pay_day).min(until.days_in_month());
        let this = until.first_of_month().add_days(last - 1).days();
        if this <= until.days() {
            return this > after;
        }
        let before = until.first_of_month().add_days(-1);
        let last = i32::from(self.pay_day).min(before.days_in_month());
        before.first_of_month().add_days(last - 1).days() > after
    }
}
