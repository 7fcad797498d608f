//! Projections: what a query returns instead of whole persistents.

use std::marker::PhantomData;
use std::{fmt, slice, vec};

use serde::de::DeserializeOwned;

use super::{CoversRowsOf, VariantProp};
use crate::document::from_value;
use crate::encoding::DecodeError;
use crate::storable::{Prop, Storable};
use crate::value::{Path, Value};

/// The source of a value in a projection.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The property at a path.
    Property(Path),
    /// The name of the row's derived type.
    Type,
}

/// Values of a row that can be read on their own: a property, [`by_type`], or a tuple of up to eight of these.
///
/// A property that can be absent because something on its path is, such as `profile.some().tagline`, needs
/// [`optional`](Prop::optional).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from rows of `{P}`",
    label = "properties of `{P}` or of its poly type, `by_type()`, and tuples of them can be read",
    note = "the type of a property has to implement `Deserialize`"
)]
pub trait Projection<P> {
    /// The values' type.
    type Output: Send;

    #[doc(hidden)]
    fn sources(&self, sources: &mut Vec<Source>);

    #[doc(hidden)]
    fn read(values: &mut Values<'_>) -> Result<Self::Output, DecodeError>;
}

/// The values that were read from a row, in the order of their sources.
#[doc(hidden)]
#[derive(Debug)]
pub struct Values<'a> {
    sources: slice::Iter<'a, Source>,
    values: vec::IntoIter<Value>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(sources: &'a [Source], values: Vec<Value>) -> Self {
        Self { sources: sources.iter(), values: values.into_iter() }
    }

    /// The next value as it is.
    pub fn next_value(&mut self) -> Option<Value> {
        self.sources.next();
        self.values.next()
    }

    /// The next value, decoded as this type.
    pub fn read<T: Storable + DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        let from = self.sources.next();
        let value = self.values.next().unwrap_or(Value::NONE);
        let is_absent = value.is_none();
        from_value(value).map_err(|DecodeError { source, .. }| {
            let path = match from {
                Some(Source::Property(path)) => path.to_string(),
                Some(Source::Type) | None => String::new(),
            };
            let absent = || format!("{path} is absent in this row: ask for it with `optional()`").into();
            DecodeError { source: if is_absent { absent() } else { source }, path }
        })
    }
}

impl<P, F: CoversRowsOf<P> + 'static, T: Storable + DeserializeOwned> Projection<P> for Prop<F, T> {
    type Output = T;

    fn sources(&self, sources: &mut Vec<Source>) {
        sources.push(Source::Property(self.path_into_options()));
    }

    fn read(values: &mut Values<'_>) -> Result<T, DecodeError> {
        values.read()
    }
}

/// The content of a variant around one value.
impl<P, F: 'static, T: Storable> Projection<P> for VariantProp<F, Prop<F, T>>
where
    Prop<F, T>: Projection<P>,
{
    type Output = <Prop<F, T> as Projection<P>>::Output;

    fn sources(&self, sources: &mut Vec<Source>) {
        (**self).sources(sources);
    }

    fn read(values: &mut Values<'_>) -> Result<Self::Output, DecodeError> {
        <Prop<F, T> as Projection<P>>::read(values)
    }
}

impl<P, J: Projection<P>> Projection<P> for &J {
    type Output = J::Output;

    fn sources(&self, sources: &mut Vec<Source>) {
        (**self).sources(sources);
    }

    fn read(values: &mut Values<'_>) -> Result<J::Output, DecodeError> {
        J::read(values)
    }
}

/// The name of a row's derived type. Comes from [`by_type`].
#[derive(Clone, Copy, Debug)]
pub struct ByType;

/// The name of a row's derived type as in Rust, such as `Member`. For a plain type, the name of that type.
pub fn by_type() -> ByType {
    ByType
}

impl<P> Projection<P> for ByType {
    type Output = String;

    fn sources(&self, sources: &mut Vec<Source>) {
        sources.push(Source::Type);
    }

    fn read(values: &mut Values<'_>) -> Result<String, DecodeError> {
        values.read()
    }
}

/// A struct of values from a row of `P`. Implemented by a derive:
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// use longevity::query::{by_type, to};
///
/// #[derive(Debug, PartialEq, Projected)]
/// #[projected(Member)]
/// struct Owner {
///     num_cats: i64, // `Member::props().num_cats`
///     #[projected(User::props().username)]
///     name: Username,
///     #[projected(Member::props().profile.some().tagline.optional())]
///     tagline: Option<String>,
/// }
///
/// members.create_many([member("ann", 2), member("bob", 3)]).await?;
/// let owners: Vec<Owner> = members.project(Member::query().order_by(User::props().username.asc()), to()).await?;
/// assert_eq!(owners[1], Owner { num_cats: 3, name: Username("bob".into()), tagline: Some("hi".into()) });
///
/// // As a group's key, and next to other values.
/// #[derive(Debug, PartialEq, Projected)]
/// #[projected(User)]
/// struct Kind {
///     #[projected(by_type())]
///     name: String,
/// }
/// let kinds = users.group(User::query().all(), to::<Kind>(), longevity::query::count()).await?;
/// assert_eq!(kinds, [(Kind { name: "Member".into() }, 2)]);
#[doc = include_str!("../../doc/close.txt")]
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from rows of `{P}`",
    label = "a projection is read from rows of the types in its `#[projected(..)]`",
    note = "add `#[derive(Projected)]` and `#[projected({P})]` to it"
)]
pub trait Projected<P>: Sized {
    #[doc(hidden)]
    fn sources(sources: &mut Vec<Source>);

    #[doc(hidden)]
    fn read(values: &mut Values<'_>) -> Result<Self, DecodeError>;
}

/// Each row as a [`Projected`] struct. Comes from [`to`].
pub struct To<T>(PhantomData<fn() -> T>);

/// Each row as a struct of some of its values, which derives [`Projected`]: for [`Repo::project`](crate::Repo::project) and
/// [`Repo::group`](crate::Repo::group).
pub fn to<T>() -> To<T> {
    To(PhantomData)
}

impl<P, T: Projected<P> + Send> Projection<P> for To<T> {
    type Output = T;

    fn sources(&self, sources: &mut Vec<Source>) {
        T::sources(sources);
    }

    fn read(values: &mut Values<'_>) -> Result<T, DecodeError> {
        T::read(values)
    }
}

impl<T> Clone for To<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for To<T> {}

impl<T> fmt::Debug for To<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "to::<{}>()", std::any::type_name::<T>())
    }
}

/// The functions that the derive of [`Projected`] calls for each field.
#[doc(hidden)]
pub mod field {
    use super::{DecodeError, Projection, Source, Values};

    /// The sources of the field's values.
    pub fn sources<P, J: Projection<P>>(of: &J, sources: &mut Vec<Source>) {
        of.sources(sources);
    }

    /// The field's value, for the projection that the closure would return.
    pub fn read<P, J: Projection<P>>(_: impl FnOnce() -> J, values: &mut Values<'_>) -> Result<J::Output, DecodeError> {
        J::read(values)
    }
}

macro_rules! of_tuple {
    ($($part:ident $position:tt),*) => {
        impl<P, $($part: Projection<P>),*> Projection<P> for ($($part,)*) {
            type Output = ($($part::Output,)*);

            fn sources(&self, sources: &mut Vec<Source>) {
                $(self.$position.sources(sources);)*
            }

            fn read(values: &mut Values<'_>) -> Result<Self::Output, DecodeError> {
                Ok(($($part::read(values)?,)*))
            }
        }
    };
}

for_each_tuple!(of_tuple);
