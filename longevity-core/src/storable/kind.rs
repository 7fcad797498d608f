//! What can be asked of a property, by the kind of its type. These types have no values: they stand in bounds, so that
//! a question that makes no sense does not compile.

/// One value with an order: a number, text, a timestamp, or a newtype of one.
#[derive(Debug)]
pub enum Scalar {}
/// A floating-point number: ordered, but never (in) a key.
#[derive(Debug)]
pub enum Float {}
/// A controlled vocabulary: an enum of units. Equality only.
#[derive(Debug)]
pub enum Choice {}
/// A key value of several fields. Equality only; its fields have their own kinds.
#[derive(Debug)]
pub enum KeyRecord {}
/// A component. Equality field by field; its fields have their own kinds.
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
/// An option of something of another kind.
#[derive(Debug)]
pub struct Optional<K>(std::marker::PhantomData<K>);

/// Kinds with an order: `lt`, `le`, `gt`, `ge`, `asc` and `desc` exist.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` has no order",
    label = "numbers, text, timestamps, UUIDs, bytes and newtypes of them have an order",
    note = "choices, components, lists, sets and maps compare with `eq` and `ne`; order by one of their fields instead"
)]
pub trait HasOrder {}

impl HasOrder for Scalar {}
impl HasOrder for Float {}
impl<K: HasOrder> HasOrder for Optional<K> {}

/// Kinds that an index can hold.
#[diagnostic::on_unimplemented(
    message = "a property of kind `{Self}` cannot be indexed",
    label = "an index holds single values: numbers, text, timestamps, choices, key values, and options of them",
    note = "index one of its fields instead: `index(profile.tagline)`"
)]
pub trait Indexable {}

impl Indexable for Scalar {}
impl Indexable for Float {}
impl Indexable for Choice {}
impl Indexable for KeyRecord {}
impl<K: Indexable> Indexable for Optional<K> {}
