//! Typed properties.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::{Direction, Filter, Length, Operand, Order, Predicate};
use crate::path::{Path, Step};
use crate::persistent::FieldAccess;
use crate::storable::kind::{HasLength, HasOrder, Holds};
use crate::storable::{Collection, MapOf, Storable, may_be_none};
use crate::value::{Comparison, Value};

/// A property: the typed path from the persistent type `R` to a value of type `T`.
///
/// Comes from `R::props()`. The properties of a component's fields are fields of its property; [`some`](Self::some)
/// leads into an option, [`inner`](Self::inner) through options and boxes.
///
/// One rule holds for what is in an option, in a variant of a poly component, or in an entry of a map, at each depth: where
/// something on the way is not there, the property is absent. An absent property is `None`: [`is_none`](Self::is_none) and
/// `eq(None)` are true of it, every other value differs from it, and nothing is less or greater. It comes first in an
/// ascending order, it is read as `None`, figures leave it out, and a change leaves it as it is.
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// members.create_many([member("ann", 2), member("bob", 3)]).await?;
/// let m = Member::props();
/// let count = async |filter| members.count(Member::query().filter(filter)).await;
///
/// assert_eq!(count(m.num_cats.eq(2)).await?, 1);
/// assert_eq!(count(m.num_cats.ne(2)).await?, 1);
/// assert_eq!(count(m.num_cats.lt(3)).await?, 1);
/// assert_eq!(count(m.num_cats.le(3)).await?, 2);
/// assert_eq!(count(m.num_cats.gt(3)).await?, 0);
/// assert_eq!(count(m.num_cats.ge(3)).await?, 1);
/// assert_eq!(count(m.username.eq(Username("ann".into()))).await?, 1);
/// assert_eq!(count(m.profile.eq(None)).await?, 0);
/// assert_eq!(count(m.profile.some().tagline.eq("hi")).await?, 2);
/// assert_eq!(count(m.profile.some().tags.contains("cats")).await?, 2);
///
/// let first = members.find(Member::query().order_by(m.num_cats.desc()).limit(1)).await?;
/// assert_eq!(first[0].num_cats, 3);
#[doc = include_str!("../../doc/close.txt")]
/// ```
pub struct Prop<R: 'static, T: Storable> {
    path: Path,
    /// Into how many options it leads of those that are around the value at the path's end.
    options: u8,
    fields: T::Fields<R>,
    of: PhantomData<fn() -> (R, T)>,
}

impl<R: 'static, T: Storable> Prop<R, T> {
    /// The property at this path; for generated code.
    #[doc(hidden)]
    pub fn at(path: Path) -> Self {
        Self::within(path, 0)
    }

    /// The property at this path within so many options.
    fn within(path: Path, options: u8) -> Self {
        Self { fields: T::fields(&path), path, options, of: PhantomData }
    }

    /// The property of the one value that a variant holds, which is as in an option there; for generated code.
    #[doc(hidden)]
    pub fn in_variant<H: Storable<Optional = T>>(path: &Path) -> Self {
        // An option in it is the property's own.
        Self::within(path.clone(), u8::from(H::OPTIONS > 0))
    }

    /// The property of the field one step below this path; for generated code.
    #[doc(hidden)]
    pub fn below(path: &Path, step: &'static Step) -> Self {
        Self::at(path.then(step))
    }

    /// The property of a field; for generated code.
    #[doc(hidden)]
    pub fn field<U: Storable>(&self, access: &FieldAccess<T, U>) -> Prop<R, U> {
        Prop::below(&self.path, access.step)
    }

    /// Where the property is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Into how many options it leads of those that are around the value at the end of its [path](Self::path).
    #[doc(hidden)]
    pub fn options(&self) -> u8 {
        self.options
    }

    /// The path, and on into the options.
    pub(crate) fn path_into_options(&self) -> Path {
        self.path.into_options(self.options)
    }

    /// The path of an order. It leads into options only where several things can be absent, which come as one then: the order of
    /// an index tells them apart.
    fn path_of_order(&self) -> Path {
        let is_one = self.options == 0 || self.options == 1 && !may_be_none(T::shape());
        self.path.into_options(if is_one { 0 } else { self.options })
    }

    /// The property within all options and boxes, as by [`some`](Prop::some).
    pub fn inner(&self) -> Prop<R, T::Inner> {
        Prop::within(self.path.clone(), self.options.saturating_add(T::OPTIONS))
    }

    /// The property as one that may be absent: to read one that is in an option. An option is one already.
    pub fn optional(&self) -> Prop<R, T::Optional> {
        let around = if T::OPTIONS > 0 { 0 } else { 1 };
        Prop::within(self.path.clone(), self.options.saturating_sub(around))
    }

    fn compare(&self, comparison: Comparison, operand: impl Operand<T>) -> Filter<R> {
        Filter::new(Predicate::compare(&self.path, self.options, comparison, operand.into_operand()))
    }

    /// Equal to the value. `None` equals `None`; `0.0` equals `-0.0`; a component is compared field by field.
    pub fn eq(&self, value: impl Operand<T>) -> Filter<R> {
        self.compare(Comparison::Eq, value)
    }

    /// Not equal to the value; true of an absent value unless the operand is `None`.
    pub fn ne(&self, value: impl Operand<T>) -> Filter<R> {
        self.compare(Comparison::Ne, value)
    }

    /// Equal to one of the values; of none, to nothing.
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

    /// Equal to none of the values; true of an absent value unless `None` is among them.
    pub fn not_in<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>) -> Filter<R> {
        self.among(values, true)
    }

    fn among<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>, negated: bool) -> Filter<R> {
        Filter::new(Predicate::among(&self.path, self.options, values.into_iter().map(V::into_operand), negated))
    }
}

// The bounds stand on the methods, not on the impl: only there does the compiler say what is missing.
impl<R: 'static, T: Storable> Prop<R, T> {
    /// Less than the value; false of an absent value.
    pub fn lt(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Lt, value)
    }

    /// Less than or equal to the value; false of an absent value.
    pub fn le(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Le, value)
    }

    /// Greater than the value; false of an absent value.
    pub fn gt(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Gt, value)
    }

    /// Greater than or equal to the value; false of an absent value.
    pub fn ge(&self, value: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Ge, value)
    }

    /// From the one value to the other, both among them; false of an absent value.
    pub fn between(&self, low: impl Operand<T>, high: impl Operand<T>) -> Filter<R>
    where
        T::Kind: HasOrder,
    {
        self.compare(Comparison::Ge, low).and(self.compare(Comparison::Le, high))
    }

    /// Smallest first, absent values before all others.
    pub fn asc(&self) -> Order<R>
    where
        T::Kind: HasOrder,
    {
        Order::new(self.path_of_order(), Direction::Ascending)
    }

    /// Greatest first, absent values after all others.
    pub fn desc(&self) -> Order<R>
    where
        T::Kind: HasOrder,
    {
        Order::new(self.path_of_order(), Direction::Descending)
    }
}

/// Questions about what is held. They are false where the text, list, set or map itself is absent, except for
/// [`len`](Self::len)'s `ne`.
impl<R: 'static, T: Storable> Prop<R, T> {
    /// Whether the list or set holds the element, or the text has this text somewhere.
    pub fn contains(&self, part: impl Operand<<T::Kind as Holds<T>>::Part>) -> Filter<R>
    where
        T::Kind: Holds<T>,
    {
        Filter::new(<T::Kind as Holds<T>>::contains(self.path.clone(), part.into_operand()))
    }

    /// Whether the list or set holds one of the elements at least; of none, it holds none.
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
        Filter::new(self.each(elements).into_iter().fold(Predicate::Nothing, Predicate::or))
    }

    /// Whether the list or set holds all the elements; all of none, it holds wherever it is.
    pub fn contains_all<V: Operand<T::Element>>(&self, elements: impl IntoIterator<Item = V>) -> Filter<R>
    where
        T: Collection,
    {
        let each = self.each(elements);
        if each.is_empty() {
            // A question about the value, so that it is false of what has no such property.
            return self.length().ge(0);
        }
        Filter::new(each.into_iter().fold(Predicate::All, Predicate::and))
    }

    fn each<V: Operand<T::Element>>(&self, elements: impl IntoIterator<Item = V>) -> Vec<Predicate>
    where
        T: Collection,
    {
        let contains = |element: V| Predicate::Contains { path: self.path.clone(), element: element.into_operand() };
        elements.into_iter().map(contains).collect()
    }

    /// Whether the list, set or map is there and holds nothing.
    pub fn is_empty(&self) -> Filter<R>
    where
        T::Kind: HasLength,
    {
        self.length().eq(0)
    }

    /// How many elements or entries the list, set or map has, to be compared.
    pub fn len(&self) -> Length<R>
    where
        T::Kind: HasLength,
    {
        self.length()
    }

    fn length(&self) -> Length<R> {
        Length::of(&self.path)
    }

    /// What the map has under this key: an option, absent in a map without such an entry.
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
        Prop::at(self.path.at_key(key.into_operand()))
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
    /// The property inside the option, which is absent where the option is `None`; what that means for each question, order
    /// and change is [said above](Prop).
    ///
    /// ```
    /// use longevity::prelude::*;
    ///
    /// // A discount that is not known, known to be none, or known.
    /// #[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
    /// struct Customer { name: String, discount: Option<Option<i64>> }
    ///
    /// #[derive(DomainModel)]
    /// #[domain_model(Customer)]
    /// struct Shop;
    ///
    /// # fn main() -> Result<(), Error> {
    /// let store = longevity::blocking::Longevity::<Shop, _>::open(Mem::new())?;
    /// store.create_schema()?;
    /// let customers = store.repo::<Customer>();
    /// for (name, discount) in [("ann", None), ("bob", Some(None)), ("cec", Some(Some(5)))] {
    ///     customers.create(Customer { name: name.into(), discount })?;
    /// }
    ///
    /// let discount = Customer::props().discount;
    /// let count = |filter| customers.count(Customer::query().filter(filter));
    /// assert_eq!(count(discount.is_none())?, 1); // ann's
    /// assert_eq!(count(discount.some().is_none())?, 2); // ann's, which is absent there, and bob's
    /// assert_eq!(count(discount.some().eq(5))?, 1);
    ///
    /// // What is not there is not changed: ann has none.
    /// customers.update_where(Customer::query().all(), discount.some().set(7))?;
    /// assert_eq!(count(discount.some().eq(7))?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn some(&self) -> Prop<R, T> {
        Prop::within(self.path.clone(), self.options.saturating_add(1))
    }

    /// Whether the option is `None`; true where something on the way is not there.
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
        Filter::new(Predicate::compare(&self.path, self.options, Comparison::Eq, Value::None(0)))
    }

    /// Whether the option is `Some`; false where something on the way is not there.
    pub fn is_some(&self) -> Filter<R> {
        Filter::new(Predicate::compare(&self.path, self.options, Comparison::Ne, Value::None(0)))
    }
}

/// The properties of a component's fields.
impl<R: 'static, T: Storable> Deref for Prop<R, T> {
    type Target = T::Fields<R>;

    fn deref(&self) -> &Self::Target {
        &self.fields
    }
}

impl<R: 'static, T: Storable> Clone for Prop<R, T> {
    fn clone(&self) -> Self {
        Self::within(self.path.clone(), self.options)
    }
}

impl<R: 'static, T: Storable> fmt::Debug for Prop<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prop({})", self.path_into_options())
    }
}
