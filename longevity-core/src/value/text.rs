//! The comparison of text regardless of case. Each character is compared on its own, in lower case, by Unicode's simple mapping
//! and in no locale. `ß` has no other case, and neither has `İ`, whose lower case is two characters.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Whether two strings are equal when the case of their characters is ignored.
pub fn eq_ignore_case(a: &str, b: &str) -> bool {
    a.chars().map(lower).eq(b.chars().map(lower))
}

/// The character in lower case if that is one character, otherwise the character itself.
fn lower(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => character,
    }
}

/// All characters that equal this one when case is ignored, including itself, in ascending order; for stores that need the
/// list.
///
/// The first call looks at every existing character, which takes some milliseconds.
pub fn cases_of(character: char) -> Vec<char> {
    // By lower case. The lower-case character is not in its own entry.
    static UPPER: OnceLock<HashMap<char, Vec<char>>> = OnceLock::new();
    let upper = UPPER.get_or_init(|| {
        let mut upper: HashMap<char, Vec<char>> = HashMap::new();
        let all = ('\0'..=char::MAX).map(|character| (lower(character), character));
        all.filter(|(lower, character)| lower != character)
            .for_each(|(lower, character)| upper.entry(lower).or_default().push(character));
        upper
    });
    let lower = lower(character);
    let mut cases: Vec<_> = upper.get(&lower).into_iter().flatten().copied().chain([lower]).collect();
    cases.sort_unstable();
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_unicode_s_character_by_character() {
        assert!(eq_ignore_case("Ann", "aNN") && eq_ignore_case("ÅSA", "åsa") && eq_ignore_case("Σ", "σ"));
        assert!(eq_ignore_case("\u{212a}", "k"), "the Kelvin sign equals k");
        assert!(!eq_ignore_case("ß", "SS") && !eq_ignore_case("ς", "σ") && !eq_ignore_case("a", "a "));
        assert!(eq_ignore_case("", "") && !eq_ignore_case("", "a"));
    }

    #[test]
    fn the_cases_of_a_character_are_those_that_are_equal_to_it() {
        assert_eq!(cases_of('a'), ['A', 'a']);
        assert_eq!(cases_of('K'), ['K', 'k', '\u{212a}']);
        assert_eq!(cases_of('1'), ['1']);
        assert_eq!(cases_of('İ'), ['İ']);
        for character in ['Å', 'ǅ', 'ς', 'ß'] {
            let (mut a, mut b) = ([0; 4], [0; 4]);
            let a = character.encode_utf8(&mut a);
            let equal = ('\0'..=char::MAX).filter(|other| eq_ignore_case(a, other.encode_utf8(&mut b)));
            assert_eq!(cases_of(character), equal.collect::<Vec<_>>(), "{character}");
        }
    }
}
