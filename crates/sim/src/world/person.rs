//! How a household shows itself at the counter: a name, a resident id and a phone that nobody has.

use basics::Id;

use super::chance::{Chance, Entity, Purpose};
use crate::deed::{Person, Spouse};

const SURNAMES: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢",
];
/// Numerals, so that every name is plainly made up and there are enough of them.
const NUMERALS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// Weights of the first seventeen digits of a resident id, and its check characters: GB 11643-1999.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// The person of a household. `born_year` is the head's, and nearly its spouse's where there is one.
pub(super) fn person(
    chance: Chance,
    seed: u64,
    number: u32,
    village: &str,
    (born_year, has_spouse): (i64, bool),
) -> Person {
    let draw = chance.of(Entity::Household(number), 0, Purpose::Names);
    let surname = SURNAMES[draw.below(0, SURNAMES.len() as i64) as usize];
    let digits: String = format!("{number:05}").bytes().map(|d| NUMERALS[usize::from(d - b'0')]).collect();
    let spouse = has_spouse.then(|| {
        let surname = SURNAMES[draw.below(3, SURNAMES.len() as i64) as usize];
        Spouse {
            name: format!("{surname}示范{digits}配偶"),
            // Another area code that is in no use keeps them apart from the heads.
            resident_id: resident_id(3_798, number, born_year + 2, draw.between(4, 1, 12), draw.between(5, 1, 28)),
        }
    });
    Person {
        id: Id::default().derive(&format!("county {seed} household {number}")),
        village: village.to_owned(),
        name: format!("{surname}示范{digits}"),
        resident_id: resident_id(3_799, number, born_year, draw.between(1, 1, 12), draw.between(2, 1, 28)),
        // 1700 0000 000 and on: numbers of virtual operators, never given out from zero.
        phone: format!("170{number:08}"),
        consents: vec![("platform".to_owned(), "2026-01".to_owned())],
        spouse,
    }
}

/// A resident id with the check character that fits. Area codes 3798xx and 3799xx are in no use.
fn resident_id(area: u32, number: u32, year: i64, month: i64, day: i64) -> String {
    let text = format!("{area}{:02}{year:04}{month:02}{day:02}{:03}", number / 1_000 % 100, number % 1_000);
    let sum: u32 = text.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{text}{}", CHECKS[(sum % 11) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_plainly_made_up_and_no_two_are_one() {
        let person = |n| person(Chance::new(1), 1, n, "示范1乡柳湾村", (1974, true));
        let one = person(417);
        assert_eq!((one.resident_id.len(), one.phone.as_str()), (18, "17000000417"));
        assert!(one.name.contains("示范") && one.name.ends_with("零零四一七"));
        assert_eq!(resident_id(3_799, 0, 1949, 12, 31).len(), 18);
        let both = |n| {
            let Person { resident_id, spouse, .. } = person(n);
            [resident_id, spouse.unwrap().resident_id]
        };
        let mut ids: Vec<String> = (0..20_000).flat_map(both).collect();
        ids.sort_unstable();
        ids.dedup();
        // A number of 100,000 households and more comes round only with another birth date.
        assert_eq!(ids.len(), 40_000);
    }

    #[test]
    fn the_check_character_is_that_of_the_standard() {
        // The example of GB 11643-1999 has these seventeen digits and an X.
        let text = "11010519491231002";
        let sum: u32 = text.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        assert_eq!(CHECKS[(sum % 11) as usize], 'X');
    }
}
