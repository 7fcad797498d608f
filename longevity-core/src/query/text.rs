//! What a property that is text can be asked.

use super::Filter;
use crate::select::{Predicate, TextTest};
use crate::storable::kind::IsText;
use crate::storable::{Prop, Storable};
use crate::value::{Comparison, Value};

/// Questions about text. They are false of an absent one, and compare byte by byte: an accented letter and its parts in two
/// characters differ.
impl<R: 'static, T: Storable> Prop<R, T> {
    /// Begins with this text: a range of an index, where there is one.
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

    /// Is this text, whatever the case of its characters: each is compared in lower case, by Unicode's simple mapping and in no
    /// locale.
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

/// What comes first behind all texts that begin with this one; `None` if none does. Characters sort as their bytes do.
fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // The range leaves out what is no character.
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
        assert_eq!(end_of_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"), "surrogates are no characters");
        assert_eq!(end_of_prefix("\0").as_deref(), Some("\u{1}"));
        assert_eq!(end_of_prefix(""), None);
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
    }
}
