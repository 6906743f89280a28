//! Who knows whom: kin within a lineage, neighbours, classmates of a township. Ties go both ways.

use super::chance::{Chance, Entity, Purpose};
use super::household::TIES;
use super::place::Map;

/// Places among a household's ties: four kin, two neighbours, four classmates and fellow members.
const KIN: usize = 4;
const NEIGHBOURS: usize = 2;

/// The ties of all households, by number; [`u32::MAX`] where there is none.
pub(super) fn all(chance: Chance, map: &Map, count: u32) -> Vec<[u32; TIES]> {
    let mut ties = vec![[u32::MAX; TIES]; count as usize];
    let mut set = |of: u32, place: usize, to: u32| {
        if let Some(slot) = ties.get_mut(of as usize).and_then(|t| t.get_mut(place)).filter(|_| of != to) {
            *slot = to;
        }
    };
    for (v, village) in map.villages.iter().enumerate() {
        let draw = chance.of(Entity::Village(v as u32), 0, Purpose::Ties);
        // Lineages: runs of four to eleven households that live together.
        let (mut start, mut lineage) = (village.first, 0);
        let end = village.first + village.count;
        while start < end {
            let size = draw.between(lineage, 4, 11).min(i64::from(end - start)) as u32;
            for at in 0..size {
                for (place, step) in [1, size - 1, 2, size.saturating_sub(2)].into_iter().enumerate() {
                    // In a small lineage the second neighbour on both sides is the same household, or oneself.
                    let is_new = place < 2 && size > 1 || size > 4;
                    if is_new && !(size == 2 && place == 1) {
                        set(start + at, place, start + (at + step) % size);
                    }
                }
            }
            start += size;
            lineage += 1;
        }
        // Neighbours across lineages: those whose yards meet.
        let order = shuffled(village.first..end, |n| chance.of(Entity::Household(n), 1, Purpose::Ties).bits(0));
        let size = order.len();
        for (at, of) in order.iter().enumerate().filter(|_| size > 2) {
            set(*of, KIN, order[(at + 1) % size]);
            set(*of, KIN + 1, order[(at + size - 1) % size]);
        }
    }
    let townships = map.villages.iter().map(|v| v.township).max().map_or(0, |t| t + 1);
    for township in 0..townships {
        let members =
            || map.villages.iter().filter(|v| v.township == township).flat_map(|v| v.first..v.first + v.count);
        // Classmates and members of a co-op: two rings through the township.
        for (nth, place) in [(0, KIN + NEIGHBOURS), (1, KIN + NEIGHBOURS + 2)] {
            let order = shuffled(members(), |n| chance.of(Entity::Household(n), 2 + nth, Purpose::Ties).bits(0));
            let size = order.len();
            for (at, of) in order.iter().enumerate().filter(|_| size > 2) {
                set(*of, place, order[(at + 1) % size]);
                set(*of, place + 1, order[(at + size - 1) % size]);
            }
        }
    }
    ties
}

fn shuffled(numbers: impl Iterator<Item = u32>, key: impl Fn(u32) -> u64) -> Vec<u32> {
    let mut order: Vec<u32> = numbers.collect();
    order.sort_by_key(|number| (key(*number), *number));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::county::County;

    #[test]
    fn who_knows_someone_is_known_by_them() {
        let chance = Chance::new(5);
        let map = Map::new(&County::shipped().unwrap(), chance, 3_000);
        let ties = all(chance, &map, 3_000);
        let (mut both, mut all) = (0, 0);
        for (of, known) in ties.iter().enumerate() {
            for to in known.iter().filter(|to| **to != u32::MAX) {
                assert_ne!(*to as usize, of);
                all += 1;
                both += usize::from(ties[*to as usize].contains(&(of as u32)));
            }
        }
        assert_eq!(both, all);
        assert!(all > 3_000 * 8, "{all}");
    }
}
