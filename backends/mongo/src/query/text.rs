//! Tests of text. A regular expression matches exactly the strings that pass; if it would be too large, an aggregation expression
//! replaces it.

// A test that is new to core should not compile here, so no match has an arm for the rest.
#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt::Write as _;

use longevity_core::backend::TextTest;
use longevity_core::value::text::cases_of;
use longevity_core::{Error, ErrorKind};
use mongodb::bson::raw::cstr;
use mongodb::bson::{self, Bson, Regex, doc};

use crate::encode::expression::{Expressions, all, either, equal, has_type, literal};
use crate::error::unsupported;

/// The length of a pattern in bytes that the server surely accepts. The server's
/// [limit](https://www.mongodb.com/docs/manual/reference/operator/query/regex/) is about 32,000, and its library limits the size
/// of the compiled pattern.
const MAX_PATTERN: usize = 4_096;
/// The number of characters with all their cases in one pattern.
const MAX_CASES: usize = 256;
/// The bytes of all patterns for one text. A command has at most 16 MiB.
const MAX_PATTERNS: usize = 6 * 1024 * 1024;

/// A pattern that matches the strings that pass the test; `None` if it would be too large.
pub(crate) fn pattern(test: TextTest, text: &str) -> Result<Option<Regex>, Error> {
    let pattern = match test {
        TextTest::EndsWith | TextTest::Contains if text.len() > MAX_PATTERN => return Ok(None),
        TextTest::EndsWith => format!(r"{}\z", escaped(text)),
        TextTest::Contains => escaped(text),
        TextTest::EqIgnoreCase if text.chars().nth(MAX_CASES).is_some() => return Ok(None),
        TextTest::EqIgnoreCase => in_any_case(text.chars()),
    };
    (pattern.len() <= MAX_PATTERN).then(|| regex(pattern)).transpose()
}

fn regex(pattern: String) -> Result<Regex, Error> {
    // The pattern contains no NUL.
    let wrong = |error: bson::error::Error| Error::Backend {
        backend: crate::NAME,
        kind: ErrorKind::Permanent,
        source: error.into(),
    };
    Ok(Regex { pattern: pattern.try_into().map_err(wrong)?, options: cstr!("").into() })
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut pattern, character| {
        push(&mut pattern, character);
        pattern
    })
}

/// Escapes a character. Letters, digits and characters outside of ASCII stand for themselves. All others are written as numbers,
/// because NUL would end the pattern.
fn push(pattern: &mut String, character: char) {
    if character.is_ascii_alphanumeric() || !character.is_ascii() {
        pattern.push(character);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(pattern, r"\x{:02x}", u32::from(character));
    }
}

/// Matches the whole text, with each character in any case.
fn in_any_case(text: impl Iterator<Item = char>) -> String {
    let mut pattern = r"\A".to_owned();
    for character in text {
        match &*cases_of(character) {
            [] | [_] => push(&mut pattern, character),
            cases => {
                pattern.push('[');
                cases.iter().for_each(|case| push(&mut pattern, *case));
                pattern.push(']');
            }
        }
    }
    pattern.push_str(r"\z");
    pattern
}

impl Expressions {
    /// Whether the value is a string that passes the test, whatever its size.
    pub(crate) fn passes(&mut self, value: Bson, test: TextTest, text: &str) -> Result<Bson, Error> {
        let mut problem = None;
        let passes = self.with(value, |this, value| {
            let passes = this.text_passes(&value, test, text).unwrap_or_else(|error| {
                problem = Some(error);
                Bson::Boolean(false)
            });
            // String operators fail for values of other types.
            either(has_type(value, "string"), passes, Bson::Boolean(false))
        });
        problem.map_or(Ok(passes), Err)
    }

    fn text_passes(&mut self, value: &Bson, test: TextTest, text: &str) -> Result<Bson, Error> {
        let own = || literal(Bson::from(text));
        Ok(match test {
            TextTest::EndsWith | TextTest::Contains if text.is_empty() => Bson::Boolean(true),
            TextTest::EndsWith => {
                let length = Bson::Document(doc! { "$strLenBytes": value });
                let start = doc! { "$subtract": [length, length_of(text.len())] };
                self.with(Bson::Document(start), |_, start| {
                    // Search from the last position at which the text fits. The server refuses a start before the beginning.
                    let from = doc! { "$max": [start.clone(), 0] };
                    let found = doc! { "$indexOfBytes": [value, own(), from] };
                    all(vec![Bson::Document(doc! { "$gte": [start.clone(), 0] }), equal(Bson::Document(found), start)])
                })
            }
            TextTest::Contains => Bson::Document(doc! { "$gte": [{ "$indexOfBytes": [value, own()] }, 0] }),
            TextTest::EqIgnoreCase => equals_in_any_case(value, text)?,
        })
    }
}

fn length_of(length: usize) -> Bson {
    Bson::Int64(i64::try_from(length).unwrap_or(i64::MAX))
}

/// The same number of characters, compared several at a time.
fn equals_in_any_case(value: &Bson, text: &str) -> Result<Bson, Error> {
    let characters: Vec<char> = text.chars().collect();
    let mut parts = vec![equal(Bson::Document(doc! { "$strLenCP": value }), length_of(characters.len()))];
    let mut size = 0;
    for (position, part) in characters.chunks(MAX_CASES).enumerate() {
        let pattern = in_any_case(part.iter().copied());
        size += pattern.len();
        if size > MAX_PATTERNS {
            return Err(unsupported("case-insensitive equality with a string of millions of characters"));
        }
        let of = doc! { "$substrCP": [value, length_of(position * MAX_CASES), length_of(MAX_CASES)] };
        parts.push(Bson::Document(
            doc! { "$regexMatch": { "input": of, "regex": literal(Bson::RegularExpression(regex(pattern)?)) } },
        ));
    }
    Ok(all(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern_of(test: TextTest, text: &str) -> String {
        pattern(test, text).unwrap().unwrap().pattern.to_string()
    }

    #[test]
    fn a_pattern_has_no_character_that_means_something_else() {
        assert_eq!(pattern_of(TextTest::Contains, "a.*"), r"a\x2e\x2a");
        assert_eq!(pattern_of(TextTest::EndsWith, "\0$\n"), r"\x00\x24\x0a\z");
        assert_eq!(pattern_of(TextTest::EqIgnoreCase, "k-ß]"), "\\A[Kk\u{212a}]\\x2d[ßẞ]\\x5d\\z");
        let all: String = ('\0'..='\x7f').collect();
        let pattern = pattern_of(TextTest::Contains, &all);
        assert!(pattern.chars().all(|character| character.is_ascii_alphanumeric() || character == '\\'), "{pattern}");
    }

    #[test]
    fn a_large_text_has_no_pattern() {
        for test in [TextTest::EndsWith, TextTest::Contains, TextTest::EqIgnoreCase] {
            assert!(pattern(test, &"a".repeat(100)).unwrap().is_some());
            assert!(pattern(test, &"a".repeat(5_000)).unwrap().is_none());
            assert!(pattern(test, &".".repeat(2_000)).unwrap().is_none());
        }
    }
}
