//! What happens to a facility, and in which order it counts.

use std::collections::BTreeSet;

use basics::{Date, Id};
use minicbor::{Decode, Encode};

/// A dated event of a facility.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct FacilityEvent {
    /// Made by whoever recorded it; unique within the facility.
    #[n(0)]
    pub id: Id,
    /// The date it counts from.
    #[n(1)]
    pub value_date: Date,
    /// What happened.
    #[n(2)]
    pub what: FacilityHappening,
}

/// How much of a facility is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum FreezeOf {
    /// All of it: nothing may be drawn.
    #[n(0)]
    Whole,
    /// So many minor units of it.
    #[n(1)]
    Part(#[n(0)] i64),
}

/// What can happen to a facility.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum FacilityHappening {
    /// Granted 授予, or renewed with new figures.
    #[n(1)]
    Granted {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
        /// Last day on which it may be drawn on.
        #[n(1)]
        valid_to: Date,
        /// By when it has to be reviewed 年审.
        #[n(2)]
        review_by: Date,
    },
    /// An earlier event is taken back: the facility is as if it had never been. Not itself reversed.
    #[n(2)]
    Reversed {
        /// The event taken back.
        #[n(0)]
        target: Id,
    },
    /// Looked at again and found good 年审通过.
    #[n(3)]
    Reviewed {
        /// By when it has to be reviewed next.
        #[n(0)]
        review_by: Date,
    },
    /// Frozen, in whole or in part 冻结; takes the place of an earlier freeze.
    #[n(4)]
    Frozen {
        /// How much of it.
        #[n(0)]
        of: FreezeOf,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// No longer frozen 解冻.
    #[n(5)]
    Thawed,
    /// Raised 提额.
    #[n(6)]
    Raised {
        /// To this, minor units.
        #[n(0)]
        amount_fen: i64,
    },
    /// Lowered 降额, perhaps below what is used.
    #[n(7)]
    Lowered {
        /// To this, minor units; 0 is allowed.
        #[n(0)]
        amount_fen: i64,
    },
    /// Brought to an amount by a change of the household's rating: lowered, or raised again as far as was signed 随评级调整.
    #[n(9)]
    Rated {
        /// To this, minor units; 0 is allowed.
        #[n(0)]
        amount_fen: i64,
    },
    /// Closed for good 终止.
    #[n(8)]
    Closed {
        /// Why.
        #[n(0)]
        reason: String,
    },
}

impl FacilityEvent {
    /// An event with a small number for its id, as tests and examples write it.
    pub fn new(id: u128, value_date: Date, what: FacilityHappening) -> FacilityEvent {
        FacilityEvent { id: Id::from_u128(id), value_date, what }
    }

    /// Place among the events of one day: grant, reversal, change. Changes of one day count in the order of their ids,
    /// so whoever records them gives ids that rise.
    pub const fn rank(&self) -> u8 {
        match self.what {
            FacilityHappening::Granted { .. } => 1,
            FacilityHappening::Reversed { .. } => 2,
            _ => 3,
        }
    }
}

/// The events that count, by (value date, rank, id): neither reversed nor reversals, each id once.
pub fn in_order(events: &[FacilityEvent]) -> Vec<&FacilityEvent> {
    let reversed: BTreeSet<Id> = events
        .iter()
        .filter_map(|event| match event.what {
            FacilityHappening::Reversed { target } => Some(target),
            _ => None,
        })
        .collect();
    let mut life: Vec<&FacilityEvent> = events
        .iter()
        .filter(|event| !matches!(event.what, FacilityHappening::Reversed { .. }) && !reversed.contains(&event.id))
        .collect();
    life.sort_by_key(|event| (event.value_date, event.rank(), event.id));
    let mut seen = BTreeSet::new();
    life.retain(|event| seen.insert(event.id));
    life
}
