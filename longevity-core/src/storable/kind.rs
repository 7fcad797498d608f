//! The kinds of property types, which decide what can be done with a property. They have no values and are only used in bounds,
//! so that a meaningless comparison does not compile.

use super::{Collection, MapOf, Storable};
use crate::select::{Predicate, TextTest};
use crate::value::{Number, Path, Value};

/// A single value with an order: a truth value, a character, a timestamp, a UUID, bytes, or a newtype of one of these.
#[derive(Debug)]
pub enum Scalar {}
/// An integer, or a newtype of one.
#[derive(Debug)]
pub enum Integer {}
/// Text, or a newtype of it.
#[derive(Debug)]
pub enum Text {}
/// A floating-point number: it has an order, but is never a key or a part of one.
#[derive(Debug)]
pub enum Float {}
/// A controlled vocabulary, which is an enum of units. Has equality only.
#[derive(Debug)]
pub enum Choice {}
/// A key value with several fields. Has equality only; its fields have their own kinds.
#[derive(Debug)]
pub enum KeyRecord {}
/// A component. Has equality, field by field; its fields have their own kinds.
#[derive(Debug)]
pub enum Component {}
/// A poly component: an enum whose variants hold data.
#[derive(Debug)]
pub enum PolyComponent {}
/// A list.
#[derive(Debug)]
pub enum List {}
/// A set.
#[derive(Debug)]
pub enum Set {}
/// A map.
#[derive(Debug)]
pub enum Map {}
/// An option of a type of another kind.
#[derive(Debug)]
pub struct Optional<K>(std::marker::PhantomData<K>);

/// Kinds with an order. They have `lt`, `le`, `gt`, `ge`, `asc` and `desc`.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` has no order",
    label = "numbers, text, timestamps, UUIDs, bytes and newtypes of them have an order",
    note = "for a component or a key value, order by its fields, each of which is a property, such as `profile.tagline` of a `profile`",
    note = "for a choice, a list, a set or a map, which has no fields, store the value to order by in another field, and order by that"
)]
pub trait HasOrder {}

impl HasOrder for Scalar {}
impl HasOrder for Integer {}
impl HasOrder for Text {}
impl HasOrder for Float {}
impl<K: HasOrder> HasOrder for Optional<K> {}

/// Kinds that an index can hold.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` cannot be indexed",
    label = "an index holds single values: numbers, text, timestamps, choices, key values, and options of them",
    note = "for a component, index the fields that queries compare, such as `index(profile.tagline)` for a `profile`",
    note = "for a list or a set, index its elements: `index(tags[])` for a field `tags`",
    note = "for a map or an enum with data, remove it from the index, because queries for its contents need no index; if such a query has to be fast, store the value that it compares in another field, and index that"
)]
pub trait Indexable {}

impl Indexable for Scalar {}
impl Indexable for Integer {}
impl Indexable for Text {}
impl Indexable for Float {}
impl Indexable for Choice {}
impl Indexable for KeyRecord {}
impl<K: Indexable> Indexable for Optional<K> {}

/// Kinds that are text. They have `starts_with`, `ends_with` and `eq_ignore_case`.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` is not text",
    label = "strings and newtypes of them are text"
)]
pub trait IsText {}

impl IsText for Text {}
impl<K: IsText> IsText for Optional<K> {}

/// Kinds of a property of type `T` that contain something: text contains text, a list or a set its elements. They have
/// `contains`.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` has no `contains`",
    label = "`contains` looks for a part of a string, or for an element of a list or a set"
)]
pub trait Holds<T> {
    /// The type of what is contained.
    type Part: Storable;

    /// The predicate for containing this part.
    #[doc(hidden)]
    fn contains(path: Path, part: Value) -> Predicate;
}

impl<T> Holds<T> for Text {
    type Part = String;

    fn contains(path: Path, part: Value) -> Predicate {
        match part {
            Value::Text(text) => Predicate::Text { path, test: TextTest::Contains, text },
            _ => Predicate::False,
        }
    }
}

impl<T: Collection> Holds<T> for List {
    type Part = T::Element;

    fn contains(path: Path, element: Value) -> Predicate {
        Predicate::contains(path, element)
    }
}

impl<T: Collection> Holds<T> for Set {
    type Part = T::Element;

    fn contains(path: Path, element: Value) -> Predicate {
        Predicate::contains(path, element)
    }
}

impl<T: Storable, K: Holds<T::Inner>> Holds<T> for Optional<K> {
    type Part = K::Part;

    fn contains(path: Path, part: Value) -> Predicate {
        K::contains(path, part)
    }
}

/// Kinds that are numbers. They have `sum`.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` is not a number",
    label = "integers, floats, and newtypes and options of them are numbers"
)]
pub trait IsNumber {
    /// The type of a sum: `i128` for integers, which the sum over a store never exceeds, and `f64` for floats.
    type Sum: Number;
}

impl IsNumber for Integer {
    type Sum = i128;
}

impl IsNumber for Float {
    type Sum = f64;
}

impl<K: IsNumber> IsNumber for Optional<K> {
    type Sum = K::Sum;
}

/// Kinds with a length: lists, sets and maps. They have `len` and `is_empty`.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` has no length",
    label = "only lists, sets and maps have a length"
)]
pub trait HasLength {}

impl HasLength for List {}
impl HasLength for Set {}
impl HasLength for Map {}
impl<K: HasLength> HasLength for Optional<K> {}

/// Kinds of a property of type `T` whose elements can be indexed.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the elements of a property of kind `{Self}` cannot be indexed",
    label = "`[]` needs a list or a set of single values: numbers, text, timestamps, choices, key values",
    note = "for a property that is a single value, leave `[]` out"
)]
pub trait IndexableElements<T> {}

impl<T: Collection<Element: Storable<Kind: Indexable>>> IndexableElements<T> for List {}
impl<T: Collection<Element: Storable<Kind: Indexable>>> IndexableElements<T> for Set {}
impl<T: Storable, K: IndexableElements<T::Inner>> IndexableElements<T> for Optional<K> {}

/// Kinds of a property of type `T`, for what is within it.
#[doc(hidden)]
pub trait Within<T> {
    /// The type within all options, boxes, lists, sets and map values.
    type Held: Storable;
}

/// The type within the elements of a list or a set, or within the values of a map.
type HeldBy<E> = <<E as Storable>::Kind as Within<E>>::Held;

macro_rules! holds_itself {
    ($($kind:ident),*) => {$(
        impl<T: Storable> Within<T> for $kind {
            type Held = T::Inner;
        }
    )*};
}

holds_itself!(Scalar, Integer, Text, Float, Choice, KeyRecord, Component, PolyComponent);

impl<T: Storable<Inner: Collection<Element: Storable<Kind: Within<<T::Inner as Collection>::Element>>>>> Within<T>
    for List
{
    type Held = HeldBy<<T::Inner as Collection>::Element>;
}

impl<T: Storable<Inner: Collection<Element: Storable<Kind: Within<<T::Inner as Collection>::Element>>>>> Within<T>
    for Set
{
    type Held = HeldBy<<T::Inner as Collection>::Element>;
}

impl<T: Storable<Inner: MapOf<Value: Storable<Kind: Within<<T::Inner as MapOf>::Value>>>>> Within<T> for Map {
    type Held = HeldBy<<T::Inner as MapOf>::Value>;
}

impl<T: Storable, K: Within<T::Inner>> Within<T> for Optional<K> {
    type Held = K::Held;
}

/// Kinds that are an option of one key value, which `on_delete = set_none` sets to `None`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a reference of kind `{Self}` cannot be set to `None`",
    label = "`set_none` needs an option of a key value",
    note = "make the field an `Option`, or use `on_delete = cascade` or, in a list, a set or a map, `on_delete = remove`"
)]
pub trait MayBeNone {}

impl MayBeNone for Optional<Scalar> {}
impl MayBeNone for Optional<Integer> {}
impl MayBeNone for Optional<Text> {}
impl MayBeNone for Optional<Choice> {}
impl MayBeNone for Optional<KeyRecord> {}
impl<K> MayBeNone for Optional<Optional<K>> where Optional<K>: MayBeNone {}

/// Kinds with elements that can be removed: lists, sets and maps.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a reference of kind `{Self}` cannot be removed",
    label = "`remove` needs a list, a set or a map of key values",
    note = "for an option, use `on_delete = set_none`; to delete the row that refers, use `on_delete = cascade`"
)]
pub trait HasElements {}

impl HasElements for List {}
impl HasElements for Set {}
impl HasElements for Map {}
impl<K: HasElements> HasElements for Optional<K> {}
