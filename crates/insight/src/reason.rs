//! What a feature says to a household where it speaks against it, and what the household can do: the reviewed table of
//! `data/reasons.md`.

/// The words for one feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The feature's name.
    pub feature: &'static str,
    /// What speaks against the household, in Chinese.
    pub zh: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// What the household can do, in Chinese.
    pub advice_zh: &'static str,
    /// The same in English.
    pub advice_en: &'static str,
}

const TABLE: &str = include_str!("../data/reasons.md");

/// The words for a feature; none for what is no feature of the platform.
///
/// ```
/// let words = insight::reason::find("cushion").ok_or("not reviewed")?;
/// assert_eq!(words.advice_en, "put aside a small part each time money comes in");
/// # Ok::<(), &str>(())
/// ```
pub fn find(feature: &str) -> Option<Reason> {
    all().find(|reason| reason.feature == feature)
}

/// All rows of the table.
pub fn all() -> impl Iterator<Item = Reason> {
    // The head of the table and the line below it.
    TABLE.lines().filter(|line| line.starts_with("| ")).skip(2).filter_map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        Some(Reason {
            feature: cells.next()?,
            zh: cells.next()?,
            en: cells.next()?,
            advice_zh: cells.next()?,
            advice_en: cells.next()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::TABLE as FEATURES;

    #[test]
    fn every_feature_has_its_words_once() {
        for feature in FEATURES {
            let rows = all().filter(|reason| reason.feature == feature.name).count();
            assert_eq!(rows, 1, "{}: give it one row in data/reasons.md", feature.name);
        }
    }

    #[test]
    fn words_are_whole_and_say_nothing_that_the_law_keeps_out() {
        for line in TABLE.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(line.matches('|').count(), 6, "{line}");
        }
        for Reason { feature, zh, en, advice_zh, advice_en } in all() {
            for words in [zh, en, advice_zh, advice_en] {
                assert!(!words.is_empty(), "{feature}");
                let lower = words.to_lowercase();
                let forbidden =
                    crate::feature::FORBIDDEN_WORDS.iter().find(|word| lower.split(' ').any(|w| w == **word));
                assert_eq!(forbidden, None, "{feature}: {words}");
            }
            let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
            assert!(is_chinese(zh) && is_chinese(advice_zh) && !is_chinese(en) && !is_chinese(advice_en), "{feature}");
        }
    }
}
