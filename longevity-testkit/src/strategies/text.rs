//! Characters and strings: mostly short, with some that break stores.

use proptest::collection::vec;
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Reason, TestRunner};

use super::budget::rarely_long;
use super::combine::{Drawn, below, draw};
use super::{Generate, Generators};

/// Strings that have a meaning in some store, encoding or collation.
const TROUBLE: &[&str] = &[
    "",
    " ",
    "\0",
    "a\0b",
    "'",
    "\"",
    "`",
    "\\",
    "%",
    "_",
    "$",
    "$gt",
    "$oid",
    "{\"$gt\": \"\"}",
    "{\"$date\": 0}",
    "a.b",
    ".",
    "null",
    "NULL",
    "NaN",
    "true",
    "0",
    "-0",
    "1e400",
    "'; drop table user; --",
    "\" or 1=1 --",
    "\u{feff}",
    "\u{202e}abc",
    "\r\n",
    "\u{1f980}",
    "\u{1f469}\u{200d}\u{1f52c}",
    "\u{10ffff}",
    // The same text composed and decomposed, which differs in a byte order; and letters with unusual case folding.
    "\u{e9}",
    "e\u{301}",
    "\u{df}",
    "SS",
    "\u{130}",
    "\u{c9}t\u{e9}",
    "\u{212a}",
    "\u{44f}\u{42f}",
    "I",
    "a",
    "A",
    "_id",
    "_type",
];

/// Any character; those that make trouble are frequent.
pub(super) fn any_char() -> BoxedStrategy<char> {
    prop_oneof![
        6 => (b' '..=b'~').prop_map(char::from),
        2 => any::<char>(),
        2 => select(vec!['\0', '\'', '"', '$', '.', '\\', '\u{e9}', '\u{1f980}', '\u{ffff}', '\u{10000}', char::MAX]),
    ]
    .boxed()
}

impl Generate for String {
    fn strategy(_: &Generators) -> BoxedStrategy<Self> {
        let characters = |range| vec(any_char(), range).prop_map(String::from_iter);
        let any_length = prop_oneof![
            5 => vec((b'a'..=b'z').prop_map(char::from), 1..9).prop_map(String::from_iter),
            5 => characters(0..12),
            3 => select(TROUBLE).prop_map(str::to_owned),
            1 => (characters(0..4), select(TROUBLE)).prop_map(|(text, trouble)| text + trouble),
            1 => characters(200..300),
            1 => Just("x".repeat(5_000)),
        ];
        rarely_long(any_length.boxed(), draw(short))
    }
}

/// A short string, drawn without a strategy for each character, because wide rows have many strings.
fn short(runner: &mut TestRunner) -> Result<Drawn<String>, Reason> {
    let length = 1 + below(9, runner);
    let text = match below(13, runner) {
        0..5 => (0..length).map(|_| char::from(b'a' + below(26, runner) as u8)).collect(),
        5..10 => (0..length).map(|_| char::from(b' ' + below(95, runner) as u8)).collect(),
        _ => TROUBLE[below(TROUBLE.len(), runner)].to_owned(),
    };
    Ok(Box::new(move || text.clone()))
}
