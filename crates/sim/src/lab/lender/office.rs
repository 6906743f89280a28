//! People of the lender: visits as many as officers can make, a committee that meets when it meets.

use basics::Date;
use loan::LoanError;

use super::{Channel, Lender};
use crate::deed::{HouseholdNo, Mine, Reply, Told};
use crate::drive::approved_fen;
use crate::world::World;

impl Lender<'_> {
    /// Visits those who wait longest, as many as can be visited today, and decides: at once where an officer may, on the day
    /// of the committee in a branch.
    pub(super) fn office(&mut self, world: &World, date: Date) -> Result<Vec<Reply>, LoanError> {
        // Nobody visits on a Sunday.
        if date.weekday() == 7 {
            return Ok(Vec::new());
        }
        let mut told = Vec::new();
        if self.policy.channel == Channel::Traditional && (date - self.first) % self.assumed.committee_days as i32 == 0
        {
            for (who, mine, fen) in std::mem::take(&mut self.before_committee) {
                self.tally.committee += 1;
                told.extend(self.decide(date, who, mine, fen)?);
            }
        }
        for _ in 0..self.visits_today() {
            let Some((who, mine)) = self.referred.pop_front() else { break };
            let Some(asked) = self.asked.get(&(who, mine)) else { continue };
            let finding = world.visit(who, date);
            let product = self.product(asked)?;
            let fen = approved_fen(&product, (asked.amount_fen, i64::from(asked.months)), &finding);
            self.tally.visits += 1;
            self.tally.visit_km += world.km_to_town(who);
            if self.policy.channel == Channel::Traditional && fen > 0 {
                self.before_committee.push((who, mine, fen));
            } else {
                told.extend(self.decide(date, who, mine, fen)?);
            }
        }
        Ok(told)
    }

    /// Visits that officers can make today, by the county's size; a part of a visit is kept for the next day.
    fn visits_today(&mut self) -> i64 {
        const WHOLE: i64 = 100_000;
        let officers = self.files.len() as i64 * self.assumed.officers_hundredths_per_thousand;
        self.visits_due = self.visits_due % WHOLE + officers * self.assumed.visits_a_day;
        self.visits_due / WHOLE
    }

    fn decide(&mut self, date: Date, who: HouseholdNo, mine: Mine, fen: i64) -> Result<Vec<Reply>, LoanError> {
        let Some(mut asked) = self.asked.remove(&(who, mine)) else { return Ok(Vec::new()) };
        let reply = |told| Reply { household: who, told };
        if fen == 0 {
            self.tally.refused += 1;
            return Ok(vec![reply(Told::Refused { mine, reasons: vec!["visit".to_owned()] })]);
        }
        asked.approved_fen = fen;
        Ok(self.offer(date, who, mine, asked)?.into_iter().map(reply).collect())
    }
}
