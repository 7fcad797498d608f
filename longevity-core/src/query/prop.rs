//! Typed properties.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::{Direction, Filter, Operand, Order, Predicate};
use crate::path::{Path, Step};
use crate::persistent::FieldAccess;
use crate::storable::kind::HasOrder;
use crate::storable::{Collection, Storable};
use crate::value::Comparison;

/// A property: the typed path from the persistent type `R` to a value of type `T`.
///
/// Comes from `R::props()`. The properties of a component's fields are fields of its property; [`some`](Self::some)
/// leads into an option, [`inner`](Self::inner) through options and boxes.
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
    fields: T::Fields<R>,
    of: PhantomData<fn() -> (R, T)>,
}

impl<R: 'static, T: Storable> Prop<R, T> {
    /// The property at this path; for generated code.
    #[doc(hidden)]
    pub fn at(path: Path) -> Self {
        Self { fields: T::fields(&path), path, of: PhantomData }
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

    /// The property behind all options and boxes. Comparing it where an option is `None` is comparing an absent value.
    pub fn inner(&self) -> Prop<R, T::Inner> {
        Prop::at(self.path.clone())
    }

    fn compare(&self, comparison: Comparison, operand: impl Operand<T>) -> Filter<R> {
        Filter::new(Predicate::Compare { path: self.path.clone(), comparison, operand: operand.into_operand() })
    }

    /// Equal to the value. `None` equals `None`; `0.0` equals `-0.0`; a component is compared field by field.
    pub fn eq(&self, value: impl Operand<T>) -> Filter<R> {
        self.compare(Comparison::Eq, value)
    }

    /// Not equal to the value; true of an absent value unless the operand is `None`.
    pub fn ne(&self, value: impl Operand<T>) -> Filter<R> {
        self.compare(Comparison::Ne, value)
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

    /// Smallest first, absent values before all others.
    pub fn asc(&self) -> Order<R>
    where
        T::Kind: HasOrder,
    {
        Order::new(self.path.clone(), Direction::Ascending)
    }

    /// Greatest first, absent values after all others.
    pub fn desc(&self) -> Order<R>
    where
        T::Kind: HasOrder,
    {
        Order::new(self.path.clone(), Direction::Descending)
    }
}

impl<R: 'static, T: Storable> Prop<R, Option<T>> {
    /// The property inside the option, to get at its fields. Comparing it where the option is `None` is comparing an
    /// absent value.
    pub fn some(&self) -> Prop<R, T> {
        Prop::at(self.path.clone())
    }
}

impl<R: 'static, T: Storable> Prop<R, T> {
    /// Whether the list or set holds the element.
    pub fn contains(&self, element: impl Operand<T::Element>) -> Filter<R>
    where
        T: Collection,
    {
        Filter::new(Predicate::Contains { path: self.path.clone(), element: element.into_operand() })
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
        Self::at(self.path.clone())
    }
}

impl<R: 'static, T: Storable> fmt::Debug for Prop<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prop({})", self.path)
    }
}
