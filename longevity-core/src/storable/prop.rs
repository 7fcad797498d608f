//! Typed properties.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::kind::Within;
use super::{FieldAccess, Storable};
use crate::value::{Path, Step};

/// A property: the typed path from the persistent type `R` to a value of type `T`.
///
/// Comes from `R::props()`. The properties of a component's fields are fields of its property; [`some`](Self::some)
/// leads into an option, [`inner`](Self::inner) through options and boxes.
///
/// One rule holds for everything in an option, in a variant of a poly component, or in an entry of a map, at any depth: where
/// something on the path is absent, the property is absent. An absent property is `None`: [`is_none`](Self::is_none) and
/// `eq(None)` are true for it, it differs from every other value, and it is neither less nor greater than anything. It comes
/// first in an ascending order, it is read as `None`, aggregates ignore it, and a patch leaves it unchanged.
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
    /// How many of the options around the value at the path's end the property leads into.
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

    /// The property at this path, within this number of options.
    pub(crate) fn within(path: Path, options: u8) -> Self {
        Self { fields: T::fields(&path), path, options, of: PhantomData }
    }

    /// The property of the one value in a variant, which behaves like the content of an option; for generated code.
    #[doc(hidden)]
    pub fn in_variant<H: Storable<Optional = T>>(path: &Path) -> Self {
        // An option in the variant is the property's own.
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

    /// The path to the property.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many of the options around the value at the end of its [path](Self::path) the property leads into.
    #[doc(hidden)]
    pub fn options(&self) -> u8 {
        self.options
    }

    /// The path, including the options that the property leads into.
    pub(crate) fn path_into_options(&self) -> Path {
        self.path.into_options(self.options)
    }

    /// The property within all options and boxes, as if by [`some`](Prop::some).
    pub fn inner(&self) -> Prop<R, T::Inner> {
        Prop::within(self.path.clone(), self.options.saturating_add(T::OPTIONS))
    }

    /// The property within all options, boxes, lists, sets and map values; for generated code, which declares references. It can
    /// only be used for its path, in which nothing stands for the elements.
    #[doc(hidden)]
    pub fn held(&self) -> Prop<R, <T::Kind as Within<T>>::Held>
    where
        T::Kind: Within<T>,
    {
        Prop::at(self.path.clone())
    }

    /// The property as one that may be absent, for reading a property that is in an option. An option stays as it is.
    pub fn optional(&self) -> Prop<R, T::Optional> {
        let around = if T::OPTIONS > 0 { 0 } else { 1 };
        Prop::within(self.path.clone(), self.options.saturating_sub(around))
    }
}

impl<R: 'static, T: Storable> Prop<R, Option<T>> {
    /// The property inside the option, which is absent where the option is `None`. [The rule above](Prop) says what this means
    /// for each comparison, order and patch.
    ///
    /// ```
    /// use longevity::prelude::*;
    ///
    /// // A discount is unknown, known to be none, or known.
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
    /// assert_eq!(count(discount.is_none())?, 1); // only ann's
    /// assert_eq!(count(discount.some().is_none())?, 2); // ann's, where it is absent, and bob's
    /// assert_eq!(count(discount.some().eq(5))?, 1);
    ///
    /// // An absent property is not changed: ann has no discount.
    /// customers.update_where(Customer::query().all(), discount.some().set(7))?;
    /// assert_eq!(count(discount.some().eq(7))?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn some(&self) -> Prop<R, T> {
        Prop::within(self.path.clone(), self.options.saturating_add(1))
    }
}

/// Gives access to the properties of a component's fields.
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
