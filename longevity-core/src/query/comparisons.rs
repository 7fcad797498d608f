//! The comparisons, tests and orders of a property.

use super::{Filter, Length, Operand, Order};
use crate::select::{Direction, Predicate};
use crate::shape::may_be_none;
use crate::storable::kind::{HasLength, HasOrder, Holds};
use crate::storable::{Collection, MapOf, Prop, Storable};
use crate::value::{Comparison, Path, Value};

impl<R: 'static, T: Storable> Prop<R, T> {
    /// The path of an order. It leads into options only where several different things can be absent. All of these come as one
    /// absent value, although the order of an index distinguishes them.
    fn path_of_order(&self) -> Path {
        let is_one = self.options() == 0 || self.options() == 1 && !may_be_none(T::shape());
        self.path().into_options(if is_one { 0 } else { self.options() })
    }

    fn compare(&self, comparison: Comparison, operand: impl Operand<T>) -> Filter<R> {
        Filter::new(Predicate::compare(self.path(), self.options(), comparison, operand.into_operand()))
    }

    /// Equal to the value. `None` equals `None`; `0.0` equals `-0.0`; a component is compared field by field.
    pub fn eq(&self, value: impl Operand<T>) -> Filter<R> {
        self.compare(Comparison::Eq, value)
    }

    /// Not equal to the value. True for an absent value unless the operand is `None`.
    pub fn ne(&self, value: impl Operand<T>) -> Filter<R> {
        self.compare(Comparison::Ne, value)
    }

    /// Equal to one of the values. False if there are no values.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 4)]).await?;
    /// let m = Member::props();
    /// assert_eq!(members.count(Member::query().filter(m.num_cats.is_in([2, 4, 9]))).await?, 2);
    /// assert_eq!(members.count(Member::query().filter(m.num_cats.not_in([2, 4, 9]))).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn is_in<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>) -> Filter<R> {
        self.among(values, false)
    }

    /// Equal to none of the values. True for an absent value unless `None` is among them.
    pub fn not_in<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>) -> Filter<R> {
        self.among(values, true)
    }

    fn among<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>, negated: bool) -> Filter<R> {
        Filter::new(Predicate::among(self.path(), self.options(), values.into_iter().map(V::into_operand), negated))
    }
}

// The bounds are on the methods and not on the impl, because only then does the compiler report which one is missing.
impl<R: 'static, T: Storable> Prop<R, T> {
    /// Less than the value. False for an absent value.
    pub fn lt(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Lt, value)
    }

    /// Less than or equal to the value. False for an absent value.
    pub fn le(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Le, value)
    }

    /// Greater than the value. False for an absent value.
    pub fn gt(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Gt, value)
    }

    /// Greater than or equal to the value. False for an absent value.
    pub fn ge(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Ge, value)
    }

    /// From the lower to the higher value, both included. False for an absent value.
    pub fn between(&self, low: impl Operand<T>, high: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Ge, low).and(self.compare(Comparison::Le, high))
    }

    /// In ascending order, with absent values first.
    pub fn asc(&self) -> Order<R>
    where
        T::Kind: HasOrder,
    {
        Order::new(self.path_of_order(), Direction::Ascending)
    }

    /// In descending order, with absent values last.
    pub fn desc(&self) -> Order<R>
    where
        T::Kind: HasOrder,
    {
        Order::new(self.path_of_order(), Direction::Descending)
    }
}

/// Tests of what a string or a collection contains. They are false where the string, list, set or map itself is absent, except
/// for `ne` of [`len`](Self::len).
impl<R: 'static, T: Storable> Prop<R, T> {
    /// Whether the list or set contains the element, or the string contains this string.
    pub fn contains(&self, part: impl Operand<<T::Kind as Holds<T>>::Part>) -> Filter<R>
    where
        T::Kind: Holds<T>,
    {
        Filter::new(<T::Kind as Holds<T>>::contains(self.path().clone(), part.into_operand()))
    }

    /// Whether the list or set contains at least one of the elements. False if there are no elements.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// let tags = Member::props().profile.some().tags.clone(); // ["cats"]
    /// let count = async |filter| members.count(Member::query().filter(filter)).await;
    /// assert_eq!(count(tags.contains_any(["dogs", "cats"])).await?, 1);
    /// assert_eq!(count(tags.contains_all(["dogs", "cats"])).await?, 0);
    /// assert_eq!(count(tags.is_empty()).await?, 0);
    /// assert_eq!(count(tags.len().between(1, 3)).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn contains_any<V: Operand<T::Element>>(&self, elements: impl IntoIterator<Item = V>) -> Filter<R>
    where
        T: Collection,
    {
        Filter::new(self.each(elements).into_iter().fold(Predicate::False, Predicate::or))
    }

    /// Whether the list or set contains all the elements. If there are no elements, true wherever the list or set is present.
    pub fn contains_all<V: Operand<T::Element>>(&self, elements: impl IntoIterator<Item = V>) -> Filter<R>
    where
        T: Collection,
    {
        let each = self.each(elements);
        if each.is_empty() {
            // A test of the value, so that it is false in rows that do not have the property.
            return self.length().ge(0);
        }
        Filter::new(each.into_iter().fold(Predicate::True, Predicate::and))
    }

    fn each<V: Operand<T::Element>>(&self, elements: impl IntoIterator<Item = V>) -> Vec<Predicate>
    where
        T: Collection,
    {
        let contains = |element: V| Predicate::contains(self.path().clone(), element.into_operand());
        elements.into_iter().map(contains).collect()
    }

    /// Whether the list, set or map is present and empty.
    pub fn is_empty(&self) -> Filter<R>
    where
        T::Kind: HasLength,
    {
        self.length().eq(0)
    }

    /// The number of elements or entries of the list, set or map, for comparisons.
    pub fn len(&self) -> Length<R>
    where
        T::Kind: HasLength,
    {
        self.length()
    }

    fn length(&self) -> Length<R> {
        Length::of(self.path())
    }

    /// The map's value for this key: an option, which is absent in a map without such an entry.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// use longevity::prelude::*;
    ///
    /// #[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
    /// struct Pupil { name: String, marks: BTreeMap<String, i32> }
    ///
    /// #[derive(DomainModel)]
    /// #[domain_model(Pupil)]
    /// struct School;
    ///
    /// # fn main() -> Result<(), Error> {
    /// let store = longevity::blocking::Longevity::<School, _>::open(Mem::new())?;
    /// store.create_schema()?;
    /// let pupils = store.repo::<Pupil>();
    /// pupils.create(Pupil { name: "ann".into(), marks: BTreeMap::from([("maths".into(), 2)]) })?;
    /// pupils.create(Pupil { name: "bob".into(), marks: BTreeMap::new() })?;
    ///
    /// let marks = Pupil::props().marks;
    /// assert_eq!(pupils.count(Pupil::query().filter(marks.entry("maths").le(2)))?, 1);
    /// assert_eq!(pupils.count(Pupil::query().filter(marks.contains_key("maths")))?, 1);
    /// assert_eq!(pupils.count(Pupil::query().filter(marks.entry("maths").is_none()))?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn entry(&self, key: impl Operand<T::Key>) -> Prop<R, Option<T::Value>>
    where
        T: MapOf,
    {
        Prop::at(self.path().at_key(key.into_operand()))
    }

    /// Whether the map has an entry with this key.
    pub fn contains_key(&self, key: impl Operand<T::Key>) -> Filter<R>
    where
        T: MapOf,
    {
        self.entry(key).is_some()
    }
}

impl<R: 'static, T: Storable> Prop<R, Option<T>> {
    /// Whether the option is `None`. Also true where something on the path is absent.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// let m = Member::props();
    /// assert_eq!(members.count(Member::query().filter(m.profile.is_none())).await?, 0);
    /// assert_eq!(members.count(Member::query().filter(m.profile.is_some())).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn is_none(&self) -> Filter<R> {
        Filter::new(Predicate::compare(self.path(), self.options(), Comparison::Eq, Value::NONE))
    }

    /// Whether the option is `Some`. False where something on the path is absent.
    pub fn is_some(&self) -> Filter<R> {
        Filter::new(Predicate::compare(self.path(), self.options(), Comparison::Ne, Value::NONE))
    }
}
