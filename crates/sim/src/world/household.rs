//! What a household is and has, as compact as a county of a million needs it.

use basics::Date;

use super::shopping::OnLine;
use crate::county::Reason;
use crate::deed::{HouseholdNo, Mine, Way};

/// A crop on a household's land.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Field {
    /// Number of the crop in the county file.
    pub crop: u8,
    /// Hundredths of a mu under it; 0 if there is none.
    pub area: u32,
    /// What is already lost of the next harvest, for want of seed and fertiliser, millionths.
    pub lost_ppm: i64,
    /// Kilograms in the barn.
    pub barn_kg: i64,
    /// Month for which cost and sale were last looked at, as in [`super::season::month_number`].
    pub sown: i32,
    /// The same for the sale.
    pub sold: i32,
}

/// Animals.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Animals {
    /// Number of the kind in the county file.
    pub kind: u8,
    /// Places in the shed; 0 if it keeps none.
    pub places: u16,
    /// Animals in it.
    pub heads: u16,
    /// Months that they have been fed.
    pub fed_months: u8,
}

/// What lately went against a household: the cause that the files of truth name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Trouble {
    /// Nothing that stands out: income and spending of its ordinary days.
    #[default]
    None,
    /// Somebody fell ill.
    Illness,
    /// Work away or nearby stood still.
    LostWork,
    /// A drought took of a harvest.
    Drought,
    /// A flood took of a harvest.
    Flood,
    /// A pest took of a harvest.
    Pest,
    /// A harvest brought little, by price or yield.
    PoorSale,
    /// Animals died.
    Disease,
    /// A wedding was paid.
    Wedding,
    /// It owes too many others.
    OtherDebt,
    /// The money was used by somebody else.
    Lent,
    /// The money was used for something else.
    Diverted,
}

/// A loan as the household remembers it.
#[derive(Clone, Debug)]
pub(super) struct Owed {
    pub mine: Mine,
    /// Principal still owed as last told, in fen.
    pub outstanding_fen: i64,
    /// What falls due: day and sum in fen.
    pub dues: Vec<(i32, i64)>,
    /// Paid in all, in fen.
    pub paid_fen: i64,
    /// What is due and unpaid as last told, and on which day that was.
    pub told: Option<(i32, i64)>,
    /// Earnest reminders so far.
    pub reminders: u8,
    /// Whether it has decided not to pay for now.
    pub is_withheld: bool,
    /// Whether it has asked for another plan.
    pub has_asked: bool,
    /// Day of the last try that a row of truth was written for.
    pub tried: i32,
    /// Who has guaranteed it.
    pub guarantor: Option<u32>,
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub mine: Mine,
    pub reason: Reason,
    pub amount_fen: i64,
    pub since: i32,
    /// Whether it has asked that a person decides.
    pub has_asked_person: bool,
}

/// Where it stands with the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It will hear on this day; [`i32::MAX`] if only people it knows can tell it.
    Hears(i32),
    /// It has asked to be enrolled.
    Asked,
    /// It is enrolled.
    Enrolled,
}

/// A household.
#[derive(Clone, Debug)]
pub(super) struct Household {
    pub village: u32,
    pub head_age: u8,
    pub adults: u8,
    pub elders: u8,
    pub pupils: u8,
    pub students: u8,
    /// Grown sons at home who are not married.
    pub sons: u8,
    pub schooling: u8,
    /// Members who work away, and nearby.
    pub away: u8,
    pub near: u8,
    /// Percent of its spending that leaves a trace.
    pub traced: u8,
    /// Patience, percent.
    pub patience: u8,
    /// Whether it does business by phone; otherwise at the window.
    pub has_phone_page: bool,
    pub takes_day_labour: bool,
    /// Day of the month on which wages come and bills are paid.
    pub pay_day: u8,
    /// What lately went against it, and since when.
    pub trouble: Trouble,
    pub trouble_since: i32,
    /// Wages a month, fen.
    pub away_fen: i64,
    pub near_fen: i64,
    /// What grown children send to old people alone, a month, fen.
    pub support_fen: i64,
    /// What the state tops its income up by, a month, fen.
    pub relief_fen: i64,
    /// Hundredths of a mu let to others, and taken from others.
    pub let_out: u32,
    pub leased: u32,
    pub fields: [Field; 3],
    pub animals: Animals,
    /// Takings of its shop a month, fen; 0 if it keeps none.
    pub takings_fen: i64,
    /// Expected income of a month, fen.
    pub usual_fen: i64,
    /// Usual spending of a day, fen.
    pub spend_fen: i64,
    /// What it cannot go below, a day, fen.
    pub needs_fen: i64,
    /// Worth of its own word, days of spending.
    pub word_days: i64,
    /// Money at home, in the account that leaves traces, in the platform's wallet, put by elsewhere; fen.
    pub cash: i64,
    pub account: i64,
    pub wallet: i64,
    pub saved: i64,
    /// Cash on its way into (positive) or out of the wallet, not answered yet.
    pub pending: i64,
    /// Owed to other lenders, fen, and whether one would lend at all.
    pub owed_other: i64,
    pub has_other_lender: bool,
    /// Owed to people it knows: to whom and how much. At most four at a time.
    pub owed_kin: Vec<(HouseholdNo, i64)>,
    /// Whom it knows, near kin first.
    pub ties: [u32; TIES],
    /// Day on which it next does something, and up to which its days are lived.
    pub wake: i32,
    pub lived: i32,
    pub standing: Standing,
    pub mine_next: Mine,
    pub asking: Option<Asking>,
    /// Not before this day does it ask again.
    pub asks_from: i32,
    pub loans: Vec<Owed>,
    /// How many loans of others it guarantees.
    pub guarantees: i8,
    /// What it has to do with statement lines, if anything.
    pub on_line: Option<Box<OnLine>>,
    /// Loans that it has paid back in full.
    pub repaid: u16,
    /// The scheme it has a part in, from 1; 0 if none.
    pub scheme: u16,
    /// By which way others act in its name; none if nobody does.
    pub acted_for: Option<Way>,
    /// Since the county was last asked: consumed, taken for what it sold, laid out for that, earned; fen.
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
