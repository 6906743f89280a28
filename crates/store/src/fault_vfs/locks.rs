//! The locks between connections of one process: on a database file, and on its shared index of the log.
//!
//! Plain values: who holds what. The rules are those that SQLite's documentation gives for `xLock` and
//! `xShmLock`; nothing here waits, a lock that cannot be had is refused and SQLite tries again.

use std::collections::BTreeMap;

/// The levels of a lock on a database file, in SQLite's order and with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    None = 0,
    Shared = 1,
    Reserved = 2,
    Pending = 3,
    Exclusive = 4,
}

impl Level {
    pub(super) fn from_number(number: i32) -> Option<Self> {
        [Self::None, Self::Shared, Self::Reserved, Self::Pending, Self::Exclusive]
            .into_iter()
            .find(|level| *level as i32 == number)
    }
}

/// Who holds which level on one file. A connection is a number.
#[derive(Debug, Default)]
pub(super) struct FileLocks(BTreeMap<u64, Level>);

impl FileLocks {
    /// Raises the lock of `connection`; false when another's lock is in the way. On the way to
    /// [`Level::Exclusive`] it may be left [`Level::Pending`], which keeps new readers out.
    pub(super) fn raise(&mut self, connection: u64, wanted: Level) -> bool {
        let held = self.0.get(&connection).copied().unwrap_or(Level::None);
        if held >= wanted {
            return true;
        }
        let others = self.highest_of_others(connection);
        let granted = match wanted {
            Level::None => true,
            Level::Shared => others < Level::Pending,
            Level::Reserved => others < Level::Reserved,
            Level::Pending | Level::Exclusive => {
                if others < Level::Reserved {
                    self.0.insert(connection, Level::Pending);
                }
                others == Level::None || (wanted == Level::Pending && others == Level::Shared)
            }
        };
        if granted {
            self.0.insert(connection, wanted);
        }
        granted
    }

    /// Lowers the lock of `connection` to [`Level::Shared`] or [`Level::None`].
    pub(super) fn lower(&mut self, connection: u64, wanted: Level) {
        let held = self.0.get(&connection).copied().unwrap_or(Level::None);
        match held.min(wanted) {
            Level::None => self.0.remove(&connection),
            level => self.0.insert(connection, level),
        };
    }

    /// Whether anyone, `connection` included, means to write.
    pub(super) fn is_reserved(&self) -> bool {
        self.0.values().any(|level| *level >= Level::Reserved)
    }

    pub(super) fn is_free(&self) -> bool {
        self.0.is_empty()
    }

    fn highest_of_others(&self, connection: u64) -> Level {
        let others = self.0.iter().filter(|(holder, _)| **holder != connection);
        others.map(|(_, level)| *level).max().unwrap_or(Level::None)
    }
}

/// The slots of the shared index, each held by many readers or by one writer.
#[derive(Debug, Default)]
pub(super) struct SlotLocks([BTreeMap<u64, Hold>; SLOTS]);

/// How many slots SQLite uses.
pub(super) const SLOTS: usize = 8;

/// How a slot is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    Shared,
    Exclusive,
}

impl SlotLocks {
    /// Takes a run of slots, all or none.
    pub(super) fn take(&mut self, connection: u64, first: usize, count: usize, hold: Hold) -> bool {
        let Some(slots) = self.run(first, count) else { return false };
        let blocked = slots.iter().any(|slot| {
            slot.iter()
                .any(|(holder, held)| *holder != connection && (hold == Hold::Exclusive || *held == Hold::Exclusive))
        });
        if !blocked {
            for slot in slots {
                // Who holds a slot alone and asks to share it has it already.
                slot.entry(connection)
                    .and_modify(|held| {
                        if hold == Hold::Exclusive {
                            *held = hold;
                        }
                    })
                    .or_insert(hold);
            }
        }
        !blocked
    }

    pub(super) fn release(&mut self, connection: u64, first: usize, count: usize) {
        for slot in self.run(first, count).unwrap_or_default() {
            slot.remove(&connection);
        }
    }

    pub(super) fn release_all(&mut self, connection: u64) {
        self.release(connection, 0, SLOTS);
    }

    fn run(&mut self, first: usize, count: usize) -> Option<&mut [BTreeMap<u64, Hold>]> {
        self.0.get_mut(first..first.checked_add(count)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_locks_follow_the_table() {
        use Level::{Exclusive, Pending, Reserved, Shared};
        // What connection 1 holds, what connection 2 (already sharing where it must) wants, may it?
        for (held, wanted, granted) in [
            (Shared, Shared, true),
            (Shared, Reserved, true),
            (Shared, Exclusive, false),
            (Reserved, Shared, true),
            (Reserved, Reserved, false),
            (Pending, Shared, false),
            (Exclusive, Shared, false),
        ] {
            let mut locks = FileLocks::default();
            if wanted != Shared {
                assert!(locks.raise(2, Shared));
            }
            assert!(locks.raise(1, Shared));
            if held == Exclusive {
                locks.lower(2, Level::None);
            }
            assert!(locks.raise(1, held));
            assert_eq!(locks.raise(2, wanted), granted, "{held:?} against {wanted:?}");
        }
    }

    #[test]
    fn a_waiting_writer_keeps_new_readers_out_and_gets_its_turn() {
        let mut locks = FileLocks::default();
        assert!(locks.raise(1, Level::Shared) && locks.raise(2, Level::Shared));
        assert!(locks.raise(2, Level::Reserved));
        assert!(locks.is_reserved());
        assert!(!locks.raise(2, Level::Exclusive), "a reader is still there");
        assert!(!locks.raise(3, Level::Shared), "no new reader");
        locks.lower(1, Level::None);
        assert!(locks.raise(2, Level::Exclusive));
        locks.lower(2, Level::Shared);
        assert!(locks.raise(3, Level::Shared) && !locks.is_reserved());
    }

    #[test]
    fn slots_are_shared_or_held_alone_all_or_none() {
        let mut slots = SlotLocks::default();
        assert!(slots.take(1, 3, 1, Hold::Shared) && slots.take(2, 3, 1, Hold::Shared));
        assert!(!slots.take(1, 3, 1, Hold::Exclusive));
        assert!(!slots.take(3, 2, 3, Hold::Exclusive), "the middle of the run is held");
        assert!(slots.take(1, 2, 1, Hold::Exclusive), "so the run's first was not taken");
        slots.release(1, 3, 1);
        slots.release_all(2);
        assert!(slots.take(3, 3, 5, Hold::Exclusive));
        assert!(!slots.take(1, 4, 1, Hold::Shared));
        assert!(!slots.take(1, 7, 2, Hold::Shared), "no ninth slot");
        assert!(!slots.take(1, 0, usize::MAX, Hold::Shared));
    }
}
