//! What shapes the plan of instalments beside the method: settlement days, grace, rows, tranches, rolled dues.

use basics::{Date, HolidayCalendar, Roll};
use minicbor::{Decode, Encode};

/// Settlement of interest on a day of the month 结息日: the 20th of the month, or of the last month of the
/// quarter. Interest is for the days through the settlement day and due the day after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Settlement {
    /// How often.
    #[n(0)]
    pub cycle: SettlementCycle,
    /// The last day that counts, 1 to 27.
    #[n(1)]
    pub day: u8,
}

/// How often interest is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum SettlementCycle {
    /// Every month 按月结息.
    #[n(0)]
    Month,
    /// In March, June, September and December 按季结息.
    #[n(1)]
    Quarter,
}

impl Settlement {
    /// The first day after `date` on which settled interest is due.
    ///
    /// ```
    /// use basics::Date;
    /// use loan::{Settlement, SettlementCycle};
    /// let quarterly = Settlement { cycle: SettlementCycle::Quarter, day: 20 };
    /// assert_eq!(quarterly.due_after(Date::ymd(2026, 3, 5)?).to_string(), "2026-03-21");
    /// assert_eq!(quarterly.due_after(Date::ymd(2026, 3, 21)?).to_string(), "2026-06-21");
    /// # Ok::<(), basics::date::DateError>(())
    /// ```
    pub fn due_after(self, date: Date) -> Date {
        let mut month = date.first_of_month();
        for _ in 0..4 {
            let due = month.add_days(i32::from(self.day));
            let settles = match self.cycle {
                SettlementCycle::Month => true,
                SettlementCycle::Quarter => month.month() % 3 == 0,
            };
            if settles && due > date {
                return due;
            }
            month = month.last_of_month().add_days(1);
        }
        month.add_days(i32::from(self.day))
    }
}

/// Instalments at the beginning that leave something out 宽限.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Grace {
    /// So many first instalments carry no principal.
    #[n(0)]
    pub principal: u16,
    /// So many first instalments carry no interest; it falls due with the next.
    #[n(1)]
    pub interest: u16,
}

/// A row of a seasonal plan: a share of what is disbursed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct PlanRow {
    /// When it is due.
    #[n(0)]
    pub due: Date,
    /// Share of the principal, parts per million; all rows together are 1,000,000.
    #[n(1)]
    pub principal_ppm: i64,
}

/// A row of a custom plan: an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct FixedRow {
    /// When it is due.
    #[n(0)]
    pub due: Date,
    /// Principal, minor units; 0 for a row of interest alone.
    #[n(1)]
    pub principal_fen: i64,
}

/// A planned part of the disbursement 分次提款.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Tranche {
    /// When it is planned to be paid out.
    #[n(0)]
    pub on: Date,
    /// How much, minor units.
    #[n(1)]
    pub amount_fen: i64,
}

/// How the principal may be drawn in parts as the borrower needs it 分次提款; the first makes the plan, each further one is laid into
/// what is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct DrawRule {
    /// Parts at most, the first among them.
    #[n(0)]
    pub parts_max: u16,
    /// Days after the first part within which the others may be drawn.
    #[n(1)]
    pub within_days: u16,
}

/// How due dates that are no business days move, with the days that this needs: signed with the
/// contract, so that a later change of the calendar never moves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct DueRoll {
    /// Where to.
    #[n(0)]
    pub roll: Roll,
    /// The days off and the make-up working days, as far as the calendar was known at signing.
    #[n(1)]
    pub calendar: HolidayCalendar,
}
