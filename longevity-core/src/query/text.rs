//! Tests of text properties.

use super::Filter;
use crate::select::{Predicate, TextTest};
use crate::storable::kind::IsText;
use crate::storable::{Prop, Storable};
use crate::value::{Comparison, Value};

/// Tests of text. They are false for absent text, and compare byte by byte: an accented letter as one character differs from
/// the same letter composed of two characters.
impl<R: 'static, T: Storable> Prop<R, T> {
    /// Begins with this text. If there is an index, the rows are a range of it.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("Anna", 3), member("joann", 4)]).await?;
    /// let name = User::props().username;
    /// let count = async |filter| members.count(Member::query().filter(filter)).await;
    /// assert_eq!(count(name.starts_with("an")).await?, 1);
    /// assert_eq!(count(name.ends_with("ann")).await?, 2);
    /// assert_eq!(count(name.contains("nn")).await?, 3);
    /// assert_eq!(count(name.eq_ignore_case("ANN")).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn starts_with(&self, text: impl Into<String>) -> Filter<R>
    where
        T::Kind: IsText,
    {
        let prefix = text.into();
        let compare = |comparison, text: String| {
            let operand = Value::Text(text.into());
            Filter::new(Predicate::Compare { path: self.path().clone(), comparison, operand })
        };
        let end = end_of_prefix(&prefix).map(|end| compare(Comparison::Lt, end));
        let start = compare(Comparison::Ge, prefix);
        match end {
            Some(end) => start.and(end),
            None => start,
        }
    }

    /// Ends with this text.
    pub fn ends_with(&self, text: impl Into<String>) -> Filter<R>
    where
        T::Kind: IsText,
    {
        self.text(TextTest::EndsWith, text)
    }

    /// Equals this text, ignoring case. Each character is compared in lower case, by Unicode's simple mapping and in no locale.
    pub fn eq_ignore_case(&self, text: impl Into<String>) -> Filter<R>
    where
        T::Kind: IsText,
    {
        self.text(TextTest::EqIgnoreCase, text)
    }

    fn text(&self, test: TextTest, text: impl Into<String>) -> Filter<R> {
        Filter::new(Predicate::Text { path: self.path().clone(), test, text: text.into().into() })
    }
}

/// The first string after all strings that begin with this one; `None` if there is none. Characters sort as their bytes do.
fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // The range leaves out surrogates, which are not characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::end_of_prefix;

    #[test]
    fn a_prefix_ends_where_its_last_character_goes_up() {
        assert_eq!(end_of_prefix("an").as_deref(), Some("ao"));
        assert_eq!(end_of_prefix("a\u{10ffff}\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"), "surrogates are not characters");
        assert_eq!(end_of_prefix("\0").as_deref(), Some("\u{1}"));
        assert_eq!(end_of_prefix(""), None);
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
    }
}
