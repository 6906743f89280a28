//! Lending to a few at random whom the rules would turn away, so as to learn what becomes of them, within a yearly budget of loss.
//!
//! Only rules that say so may be passed over, never the law. The draw hangs on a secret of the institution, on household and
//! time, and on the policy's seed: nobody can choose a request that is drawn, and asking again soon is the same draw. It stands with the
//! propensity in the record of those who were drawn and of those who could have been, so that what is learned can be weighed and
//! a decision be replayed.

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::decision::{Decision, Found, Outcome};
use crate::facts::{Ask, Facts};
use crate::rules::RuleSet;

/// The lane, as a rule file sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Share of those who could be taken that are, ppm.
    pub share_ppm: i64,
    /// Most that is lent to one, minor units.
    pub amount_max_minor: i64,
    /// Expected loss of all that are taken in a calendar year, at most, minor units, over the whole institution.
    pub loss_budget_year_minor: i64,
    /// Seed of the draw.
    pub seed: String,
}

/// What the lane looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LaneFacts {
    /// The draw of this household: 0 to 999,999.
    #[n(0)]
    pub draw_ppm: i64,
    /// What is left of the year's budget of loss here, minor units.
    #[n(1)]
    pub budget_left_minor: i64,
}

/// A request that the lane could take.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Explored {
    /// The chance it had, ppm.
    #[n(0)]
    pub propensity_ppm: i64,
    /// Whether it was taken.
    #[n(1)]
    pub taken: bool,
    /// Amount that is lent if it is, minor units.
    #[n(2)]
    pub amount_minor: i64,
    /// Expected loss on that, minor units: the probability of turning bad times the amount, as if all of it were lost.
    #[n(3)]
    pub expected_loss_minor: i64,
}

/// The draw under a seed, 0 to 999,999: the first eight bytes of SHA-256 over the seed and a hash that nobody outside the
/// institution can compute, modulo a million. The modulo favours small numbers by less than one part in 10¹³.
pub fn draw_ppm(seed: &str, secret: &[u8; 32]) -> i64 {
    let digest = Sha256::new().chain_update(seed.as_bytes()).chain_update(secret).finalize();
    let first = digest.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    (first % 1_000_000) as i64
}

impl Found {
    /// Whether the lane could take the request, and does: nothing but rules that may be passed over objects, the
    /// household has a price, an income and a score, and the budget bears the expected loss.
    pub(crate) fn exploration(&self, rules: &RuleSet, facts: &Facts, ask: &Ask, limit_minor: i64) -> Option<Explored> {
        let (lane, seen, score) = (rules.lane.as_ref()?, facts.lane?, facts.score.as_ref()?);
        if self.is_barred || self.outcome < Outcome::Refer {
            return None;
        }
        let most = ask.amount_minor.min(limit_minor).min(lane.amount_max_minor);
        let step = rules.limit_step_minor.max(1);
        let amount_minor = most / step * step;
        if amount_minor < facts.product_min_minor.max(1) {
            return None;
        }
        let loss = i128::from(amount_minor) * i128::from(score.pd_ppm) / 1_000_000;
        let expected_loss_minor = i64::try_from(loss).ok()?;
        if expected_loss_minor > seen.budget_left_minor {
            return None;
        }
        let (propensity_ppm, taken) = (lane.share_ppm, seen.draw_ppm < lane.share_ppm);
        Some(Explored { propensity_ppm, taken, amount_minor, expected_loss_minor })
    }

    /// The decision on a request that the lane took. What was objected stays among the reasons.
    pub(crate) fn explored(mut self, rules: &RuleSet, facts: &Facts, ask: &Ask, lane: Explored) -> Decision {
        let amount_minor = lane.amount_minor;
        self.say(rules, Outcome::Approve, "explored", &[("limit", amount_minor)]);
        self.outcome = if amount_minor < ask.amount_minor { Outcome::Less } else { Outcome::Approve };
        // What was lent to learn is no limit for more.
        self.decision(rules, facts, amount_minor, amount_minor, Some(lane))
    }
}
