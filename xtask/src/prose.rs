//! Phrases that have no place in the project's prose, in code, comments or documents. `phrases.txt` lists them, each with what to write
//! instead.

use std::fs;
use std::io;
use std::path::Path;

use crate::sources;

/// The phrases, each with what to write instead, after a bar.
const PHRASES: &str = include_str!("phrases.txt");

/// The phrases that were found, one line for each.
pub(crate) fn mistakes(root: &Path) -> io::Result<Vec<String>> {
    let phrases: Vec<_> = PHRASES.lines().filter_map(|line| line.split_once('|')).collect();
    let mut mistakes = Vec::new();
    for path in sources::under(root, &["md", "rs", "toml", "txt"])? {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if name.ends_with("phrases.txt") || name.ends_with("prose.rs") {
            continue;
        }
        let found = found(&fs::read_to_string(&path)?, &phrases);
        mistakes
            .extend(found.iter().map(|(line, phrase, instead)| format!("{name}:{line}: `{phrase}`: write {instead}")));
    }
    Ok(mistakes)
}

/// The phrases in text, each with its line. A phrase may continue on the next line of a comment.
fn found<'a>(text: &str, phrases: &[(&'a str, &'a str)]) -> Vec<(usize, &'a str, &'a str)> {
    let words: Vec<(usize, String)> = text.lines().enumerate().flat_map(|(line, text)| words(line + 1, text)).collect();
    let wanted: Vec<_> = phrases
        .iter()
        .map(|(phrase, instead)| (phrase.split(' ').collect::<Vec<_>>(), phrase.trim(), instead.trim()))
        .collect();
    let mut found = Vec::new();
    for (position, (line, _)) in words.iter().enumerate() {
        for (wanted, phrase, instead) in &wanted {
            let here = words[position..].iter().map(|(_, word)| word.as_str());
            if here.take(wanted.len()).eq(wanted.iter().copied()) {
                found.push((*line, *phrase, *instead));
            }
        }
    }
    found
}

/// The words of a line, in lower case. Comment markers, asterisks and quotes are not words; punctuation marks are.
fn words(line: usize, text: &str) -> impl Iterator<Item = (usize, String)> {
    let text = text.trim_start().trim_start_matches("///").trim_start_matches("//!").trim_start_matches("//");
    let spaced = text.to_lowercase().replace(['*', '"'], " ");
    let spaced =
        [".", ",", ";", ":", "(", ")"].iter().fold(spaced, |text, mark| text.replace(mark, &format!(" {mark} ")));
    spaced.split_whitespace().map(|word| (line, word.to_owned())).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_in_any_case_and_over_the_end_of_a_line() {
        let phrases = [("stands behind", "follows"), ("a text", "a string")];
        let lines = |text: &str| found(text, &phrases).iter().map(|(line, ..)| *line).collect::<Vec<_>>();
        assert_eq!(lines("//! It stands behind the door.\nA text."), [1, 2]);
        assert_eq!(lines("    /// It stands\n    /// behind the other."), [1]);
        assert!(lines("It stands. Behind it is a text_file, and a texture.").is_empty());
    }

    #[test]
    fn each_phrase_has_its_better_one() {
        for line in PHRASES.lines() {
            let (phrase, instead) = line.split_once('|').unwrap_or_default();
            assert!(!phrase.is_empty() && phrase == phrase.to_lowercase().trim() && !instead.is_empty(), "{line}");
        }
    }
}
