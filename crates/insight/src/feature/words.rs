//! Words that the law keeps out of credit files, and the look-out for them.

/// Words that no feature, event kind or rule may carry, in English and Chinese: what the law
/// keeps out of credit files for good.
pub const FORBIDDEN_WORDS: &[&str] = &[
    "illness",
    "disease",
    "medic",
    "hospital",
    "health",
    "disab",
    "religio",
    "church",
    "mosque",
    "temple",
    "gene",
    "fingerprint",
    "blood",
    "ethnic",
    "gender",
    "sex",
    "疾病",
    "患病",
    "医疗",
    "医院",
    "健康",
    "残疾",
    "宗教",
    "信仰",
    "基因",
    "指纹",
    "血型",
    "民族",
    "性别",
];

/// The forbidden word a text carries, if any.
pub fn forbidden_word(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    FORBIDDEN_WORDS.iter().copied().find(|word| {
        lower
            .match_indices(word)
            .any(|(at, _)| word.len() > 4 || !word.is_ascii() || whole_word(&lower, at, word.len()))
    })
}

/// Short words such as `sex` count only as words of their own.
fn whole_word(text: &str, at: usize, length: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !letter(text[..at].chars().next_back()) && !letter(text[at + length..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_both_languages() {
        assert_eq!(forbidden_word("visits to a hospital"), Some("hospital"));
        assert_eq!(forbidden_word("户主性别"), Some("性别"));
        assert_eq!(forbidden_word("general; Essex"), None);
        assert_eq!(forbidden_word("sex of head"), Some("sex"));
    }
}
