//! The rows that a user's query is made for, and values from them that make it find something.

use longevity_core::{HasVariant, Storable, Value};
use proptest::strategy::{Strategy, ValueTree};

use crate::random::runner;
use crate::strategies::{Generate, Generators};

/// How many values are drawn to find one that no row has.
const DRAWS: usize = 1_000;

/// The rows that a repository sees, by id. A query of [`QuerySpec`](super::QuerySpec) compares with their values.
///
/// Each method takes a closure that returns a value of a row. Values are ordered as queries order them: `None` is the least. If
/// the requested value does not exist, the method panics, and the case fails with the reason.
///
/// ```
/// use longevity::testkit::{QuerySpec, Rows};
///
#[doc = include_str!("../../doc/model.txt")]
/// let spec = QuerySpec::<Blogging>::new().rows(40).generated(0);
/// let spec = spec.query("few cats, or a name like another", |rows: &Rows<Member>| {
///     let m = Member::props();
///     let few = m.num_cats.le(rows.nth_smallest(3, |member| member.num_cats));
///     let nicknames = rows.filter_map(|member| member.nickname.clone()); // of those that have one
///     Member::query().filter(few | m.nickname.starts_with(nicknames.prefix(String::clone)))
/// });
/// let spec = spec.query("more cats than most, and a name that no user has", |rows: &Rows<User>| {
///     let cats = rows.of::<Member>().median(|member| member.num_cats); // of a poly type's rows
///     let unknown = rows.missing(|user| match user {
///         User::Member(member) => member.username.clone(),
///         User::Commenter(commenter) => commenter.username.clone(),
///     });
///     User::query().filter(Member::props().num_cats.gt(cats) | User::props().username.eq(unknown))
/// });
/// spec.run(Mem::new).assert_passed();
/// ```
#[derive(Clone, Debug)]
pub struct Rows<T> {
    values: Vec<T>,
    generators: Generators,
    seed: u64,
}

impl<T> Rows<T> {
    pub(crate) fn new(values: Vec<T>, generators: Generators, seed: u64) -> Self {
        Self { values, generators, seed }
    }

    /// Their values.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value in the middle. Of an even number of rows, it is the lower of the two values in the middle.
    pub fn median<V: Storable>(&self, of: impl Fn(&T) -> V) -> V {
        self.nth_smallest(self.len().saturating_sub(1) / 2, of)
    }

    /// The value of the row that `n` rows precede in the order of these values; with 0, the smallest value.
    pub fn nth_smallest<V: Storable>(&self, n: usize, of: impl Fn(&T) -> V) -> V {
        match self.sorted(of).into_iter().nth(n) {
            Some((_, value)) => value,
            None => panic!("there are {} rows: no row follows {n} others", self.len()),
        }
    }

    /// The most frequent value; of several, the smallest.
    pub fn occurring<V: Storable>(&self, of: impl Fn(&T) -> V) -> V {
        let mut sorted = self.sorted(of);
        let (mut start, mut longest, mut first) = (0, 0, 0);
        for run in sorted.chunk_by(|(a, _), (b, _)| a == b) {
            if run.len() > longest {
                (longest, first) = (run.len(), start);
            }
            start += run.len();
        }
        assert!(longest > 0, "there are no rows");
        sorted.swap_remove(first).1
    }

    /// A value that no row has.
    pub fn missing<V: Storable + Generate>(&self, of: impl Fn(&T) -> V) -> V {
        let sorted = self.sorted(of);
        let strategy = self.generators.of::<V>();
        let mut chance = runner(self.seed, std::any::type_name::<V>());
        let drawn = (0..DRAWS).filter_map(|_| strategy.new_tree(&mut chance).ok()).map(|tree| tree.current());
        let mut missing = drawn.filter(|drawn| {
            let drawn = value(drawn);
            sorted.binary_search_by(|(known, _)| known.cmp(&drawn)).is_err()
        });
        match missing.next() {
            Some(value) => value,
            None => panic!(
                "no {} is missing: the rows have every value that its strategy generates",
                std::any::type_name::<V>()
            ),
        }
    }

    /// A prefix that occurs: the first half, at least one character, of the median of the strings that are not empty.
    pub fn prefix(&self, of: impl Fn(&T) -> String) -> String {
        let mut texts: Vec<_> = self.values.iter().map(of).filter(|text| !text.is_empty()).collect();
        texts.sort_unstable();
        match texts.get(texts.len().saturating_sub(1) / 2) {
            Some(text) => text.chars().take(text.chars().count().div_ceil(2)).collect(),
            None => panic!("no row has a string that is not empty"),
        }
    }

    /// The results of the closure that are not `None`: for example, the values of an optional property.
    pub fn filter_map<U>(&self, of: impl Fn(&T) -> Option<U>) -> Rows<U> {
        let values = self.values.iter().filter_map(of).collect();
        Rows { values, generators: self.generators.clone(), seed: self.seed }
    }

    /// The rows of a poly type that are of this derived type.
    pub fn of<D>(&self) -> Rows<D>
    where
        T: HasVariant<D> + Clone,
    {
        self.filter_map(|row| T::extract(row.clone()).ok())
    }

    /// The values in their order, typed and untyped.
    fn sorted<V: Storable>(&self, of: impl Fn(&T) -> V) -> Vec<(Value, V)> {
        let typed = self.values.iter().map(of);
        let mut sorted: Vec<_> = typed.map(|typed| (value(&typed), typed)).collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        sorted
    }
}

fn value<V: Storable>(typed: &V) -> Value {
    typed.value_at(&[]).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[i64]) -> Rows<i64> {
        Rows::new(values.to_vec(), Generators::new(), 1)
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(rows(&[5, 1, 9]).median(|row| *row), 5);
        assert_eq!(rows(&[5, 1, 9, 7]).median(|row| *row), 5);
        assert_eq!(rows(&[5]).median(|row| *row), 5);
        assert_eq!(rows(&[5, 1, 9]).median(|row| Some(*row).filter(|row| *row < 9)), Some(1));
    }

    #[test]
    fn the_nth_smallest_counts_each_row() {
        let rows = rows(&[3, 1, 3, 2]);
        assert_eq!([0, 1, 2, 3].map(|n| rows.nth_smallest(n, |row| *row)), [1, 2, 3, 3]);
    }

    #[test]
    fn the_occurring_value_is_the_most_frequent() {
        assert_eq!(rows(&[4, 3, 1, 3, 2, 2, 3]).occurring(|row| *row), 3);
        assert_eq!(rows(&[4, 3]).occurring(|row| *row), 3);
    }

    #[test]
    fn a_missing_value_is_in_no_row() {
        let all_but_one: Vec<i64> = (0..=255).filter(|value| *value != 77).collect();
        assert_eq!(rows(&all_but_one).missing(|row| *row as u8), 77);
    }

    #[test]
    fn a_prefix_occurs() {
        let texts = ["", "", "b", "abcde", "ééé"].map(str::to_owned).to_vec();
        let rows = Rows::new(texts, Generators::new(), 1);
        assert_eq!(rows.prefix(String::clone), "b");
        assert_eq!(rows.filter_map(|text| (text.len() > 1).then(|| text.clone())).prefix(String::clone), "abc");
    }

    #[test]
    #[should_panic(expected = "there are 2 rows: no row follows 2 others")]
    fn missing_rows_are_an_error() {
        rows(&[1, 2]).nth_smallest(2, |row| *row);
    }
}
