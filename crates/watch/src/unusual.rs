//! The unsupervised score: how unusual an event is when nobody says what is looked for.
//!
//! Members look each in their own way; each surprise is turned into a chance by what that member met before, out of sample, so that they
//! can be compared. The score is a maximum of averages over groups of members that say the same kind of thing: an event that is strange in
//! one way is strange, and one member alone does not decide. Nothing here is fitted to labels.

use crate::field::Field;
use crate::tail::{Tail, surprise_milli};

/// Members: own amount, county's amount, payee's amount, money of the day, pace, hour, party, and the field of all.
pub const MEMBERS: usize = 8;

/// Groups whose averages are taken; the highest is the score.
/// Amounts against oneself and against the county each speak alone: a deviation that large is strange whatever else is usual.
const GROUPS: [&[usize]; 4] = [&[0], &[1], &[2, 3, 4], &[4, 5, 6, 7]];

/// The score with what it needs: members' tails, the field, and the tail of the score itself.
#[derive(Clone, Debug, Default)]
pub struct Unusual {
    tails: [Tail; MEMBERS],
    field: Field,
    own: Tail,
}

/// What the score says of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// The score: mean surprise of the strangest group, thousandths of a bit.
    pub milli: i32,
    /// Share of earlier events with such a score or a higher one, millionths, at least 1.
    pub p_ppm: u32,
    /// Calibrated surprise of each member.
    pub members: [i32; MEMBERS],
}

impl Unusual {
    /// Scores an event by the strengths of its members (the last, of the field, is worked out here), then counts it.
    pub fn meet(&mut self, strengths: [i32; MEMBERS - 1], point: &[u16; crate::field::COLUMNS]) -> Score {
        let mut score = Score::default();
        let field = self.field.meet(point);
        for (member, tail) in self.tails.iter_mut().enumerate() {
            let strength = strengths.get(member).copied().unwrap_or(field);
            score.members[member] = surprise_milli(tail.chance(strength));
            tail.count(strength);
        }
        for group in GROUPS {
            let sum: i32 = group.iter().map(|member| score.members[*member]).sum();
            score.milli = score.milli.max(sum / group.len() as i32);
        }
        score.p_ppm = ppm(self.own.chance(score.milli));
        self.own.count(score.milli);
        score
    }
}

/// A chance of [`Tail::chance`] in millionths, at least 1.
pub const fn ppm(chance: u64) -> u32 {
    let ppm = chance / 1_000_000;
    if ppm == 0 { 1 } else { ppm as u32 }
}
