//! The depth of documents.

use std::collections::BTreeMap;

use longevity::backend::encoding::EncodeError;
use longevity_tests::models::components::{Chain, Comment, Formula};

use crate::json::{decode, encode, encode_to};

/// The number of levels that `serde_json` reads.
const READABLE: usize = 127;

fn chain(links: usize) -> Chain {
    let end = Chain { link: 0, next: None };
    (1..links).fold(end, |next, link| Chain { link: link as i64, next: Some(Box::new(next)) })
}

fn is_too_deep<T: longevity::backend::Encodable>(value: &T, max_depth: usize) -> bool {
    matches!(encode_to(value, max_depth), Err(EncodeError::TooDeep { max_depth: reported }) if reported == max_depth)
}

#[test]
fn a_document_at_the_limit_decodes() {
    let deepest = chain(READABLE);
    assert_eq!(decode::<Chain>(&encode(&deepest)).unwrap(), deepest);
    assert!(is_too_deep(&chain(READABLE + 1), READABLE));
    // Beyond the limit, decoding would fail.
    let beyond = encode_to(&chain(READABLE + 1), usize::MAX).unwrap();
    assert!(decode::<Chain>(&beyond).unwrap_err().to_string().contains("recursion limit"));
}

#[test]
fn every_form_counts_its_levels() {
    fn takes<T: longevity::backend::Encodable + PartialEq>(value: &T, levels: usize) {
        assert!(is_too_deep(value, levels - 1), "{value:?} has fewer than {levels} levels");
        let text = encode_to(value, levels).unwrap();
        let deepest = format!("{}{text}{}", "[".repeat(READABLE - levels), "]".repeat(READABLE - levels));
        serde_json::from_str::<serde_json::Value>(&deepest).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&format!("[{deepest}]")).is_err(), "{text}");
        assert_eq!(&decode::<T>(&text).unwrap(), value);
    }
    takes(&Vec::<i64>::new(), 1);
    takes(&vec![vec![0_i64]], 2);
    takes(&Some(None::<i64>), 1);
    takes(&Some(Some(Some(None::<i64>))), 3);
    takes(&BTreeMap::from([("a".to_owned(), vec![1_i64])]), 2);
    takes(&BTreeMap::from([(vec![1_i64], 1_i64)]), 3);
    takes(&BTreeMap::<Vec<i64>, i64>::new(), 1);
    takes(&Formula::Constant(1.0), 1);
    let one = || Box::new(Formula::Constant(1.0));
    takes(&Formula::Sum { left: one(), right: one() }, 3);
    takes(&Formula::Product { of: vec![Formula::Constant(1.0)] }, 4);
    takes(&Comment { text: String::new(), replies: Vec::new() }, 2);
}

#[test]
fn a_value_of_great_depth_is_refused_before_the_stack_overflows() {
    let long = chain(100_000);
    assert!(is_too_deep(&long, READABLE));
    // The value is dropped link by link, because a recursive drop would overflow the stack.
    let mut next = long.next;
    while let Some(mut link) = next {
        next = link.next.take();
    }
}
