//! The variants of poly components in queries.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::Filter;
use crate::select::Predicate;
use crate::storable::kind::Within;
use crate::storable::{Prop, Storable};
use crate::value::{Comparison, Path, Step, Value};

/// A variant of a poly component. Its content behaves like that of an option, which is absent in a value of another variant.
///
/// The fields of this struct are the properties of the content. A variant that holds one value is used like a property that is
/// an option of that value. If the one value is itself an option, the variant is used like a property that is that option,
/// which is `None` in a value of another variant too.
///
/// ```
/// use longevity::prelude::*;
///
/// #[derive(Clone, Debug, Serialize, Deserialize, Component)]
/// enum Contact { Email(String), Post { street: String, city: String }, None }
///
/// #[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
/// struct Customer { name: String, contact: Contact }
///
/// #[derive(DomainModel)]
/// #[domain_model(Customer)]
/// struct Shop;
///
/// # fn main() -> Result<(), Error> {
/// let store = longevity::blocking::Longevity::<Shop, _>::open(Mem::new())?;
/// store.create_schema()?;
/// let customers = store.repo::<Customer>();
/// customers.create(Customer { name: "ann".into(), contact: Contact::Email("ann@example.com".into()) })?;
/// customers.create(Customer { name: "bob".into(), contact: Contact::Post { street: "Elm".into(), city: "Ulm".into() } })?;
/// customers.create(Customer { name: "cec".into(), contact: Contact::None })?;
///
/// let contact = Customer::props().contact;
/// let count = |filter| customers.count(Customer::query().filter(filter));
/// assert_eq!(count(contact.none.is())?, 1);
/// assert_eq!(count(contact.post.is() & contact.post.city.eq("Ulm"))?, 1);
/// assert_eq!(count(contact.email.ends_with("@example.com"))?, 1);
/// assert_eq!(count(contact.email.ne("x"))?, 3); // absent in two rows
/// # Ok(())
/// # }
/// ```
pub struct VariantProp<R: 'static, F> {
    path: Path,
    fields: F,
    of: PhantomData<fn() -> R>,
}

impl<R: 'static, F> VariantProp<R, F> {
    /// The variant at this path; for generated code.
    #[doc(hidden)]
    pub fn at(path: &Path, step: &'static Step, fields: impl FnOnce(&Path) -> F) -> Self {
        let path = path.then(step);
        Self { fields: fields(&path), path, of: PhantomData }
    }

    /// Whether the value is of this variant.
    pub fn is(&self) -> Filter<R> {
        let (comparison, operand) = (Comparison::Ne, Value::NONE);
        Filter::new(Predicate::Compare { path: self.path.clone(), comparison, operand })
    }
}

impl<R: 'static, T: Storable<Kind: Within<T>>> VariantProp<R, Prop<R, T>> {
    /// See [`Prop::held`].
    #[doc(hidden)]
    pub fn held(&self) -> Prop<R, <T::Kind as Within<T>>::Held> {
        self.fields.held()
    }
}

/// [`VariantProp::held`] for variants with named fields; for generated code.
#[doc(hidden)]
pub trait HeldFields {
    /// The properties of the fields.
    type Fields;

    fn held(&self) -> &Self::Fields;
}

impl<R: 'static, F> HeldFields for VariantProp<R, F> {
    type Fields = F;

    fn held(&self) -> &F {
        &self.fields
    }
}

/// Gives access to the properties of the variant's content.
impl<R: 'static, F> Deref for VariantProp<R, F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.fields
    }
}

impl<R: 'static, F> fmt::Debug for VariantProp<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VariantProp({})", self.path)
    }
}
