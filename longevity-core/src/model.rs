//! Domain models: the set of persistent types that an application stores.

use std::any::TypeId;

use crate::definition::{RootDefinition, TargetTable};
use crate::description::Description;
use crate::persistent::RootType;

/// The persistent types that an application stores together.
///
/// Implemented by `#[derive(DomainModel)]` with `#[domain_model(User, Blog)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a domain model",
    label = "add `#[derive(DomainModel)]`, and `#[domain_model(..)]` with its persistent types"
)]
pub trait DomainModel: Send + Sync + 'static {
    /// The name of the Rust type.
    const NAME: &'static str;

    /// The types that the model lists.
    #[doc(hidden)]
    const ROOTS: &'static [Root] = &[];

    /// Adds the model's types to the builder.
    #[doc(hidden)]
    fn register(model: &mut ModelBuilder);

    /// Passes each type to the visitor.
    #[doc(hidden)]
    fn visit_roots(visitor: &mut impl RootVisitor);

    /// The types, properties, keys, indexes and discriminators, for a program to read or to print.
    ///
    /// ```
    #[doc = include_str!("../doc/open.txt")]
    /// let model = Blogging::description();
    /// let user = model.type_named("User").unwrap();
    /// assert_eq!(user.derived[0].keys[0].property, "email");
    /// assert!(model.to_mermaid().contains("User <|-- Member"));
    #[doc = include_str!("../doc/close.txt")]
    /// ```
    fn description() -> Description {
        Description::of(Self::NAME, &ModelBuilder::of::<Self>().roots)
    }
}

/// States that the plain or poly type `Self` is in the domain model `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not in the domain model `{M}`",
    label = "the store holds the types of `{M}`",
    note = "add it to the model: `#[domain_model(.., {Self})]`"
)]
///
/// Implemented by `#[derive(DomainModel)]` for the types that it lists.
pub trait InModel<M> {}

/// Does something with each plain or poly type of a domain model; for code that is generic over the back end.
#[doc(hidden)]
pub trait RootVisitor {
    fn visit_root<R: RootType>(&mut self);
}

/// Collects the types of a domain model.
#[derive(Debug, Default)]
pub struct ModelBuilder {
    pub(crate) roots: Vec<(TypeId, RootDefinition)>,
}

impl ModelBuilder {
    pub(crate) fn of<M: DomainModel + ?Sized>() -> Self {
        let mut builder = Self::default();
        M::register(&mut builder);
        builder
    }

    /// Adds a type that the model lists; for generated code.
    #[doc(hidden)]
    pub fn add_root(&mut self, root: &Root) {
        self.roots.push(((root.id)(), (root.definition)()));
    }

    /// Adds a plain or poly type, with its derived types.
    pub fn add<R: RootType>(&mut self) {
        self.roots.push((TypeId::of::<R>(), R::definition()));
    }
}

/// A plain or poly type that a domain model lists; for generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Root {
    table: &'static str,
    id: fn() -> TypeId,
    definition: fn() -> RootDefinition,
    targets: &'static [&'static [TargetTable]],
}

impl Root {
    /// The root for a type.
    pub const fn of<R: RootType>() -> Self {
        Self { table: R::TABLE, id: TypeId::of::<R>, definition: R::definition, targets: R::TARGETS }
    }
}

/// Whether no root before the one at this position has a table of the same name. SQL stores do not distinguish upper and lower
/// case, so neither does this function. For generated code.
#[doc(hidden)]
pub const fn has_table_of_its_own(roots: &[Root], position: usize) -> bool {
    let mut before = 0;
    while before < position {
        if roots[before].table.eq_ignore_ascii_case(roots[position].table) {
            return false;
        }
        before += 1;
    }
    true
}

/// Whether all types that the root at this position refers to with integrity are among the roots. For generated code.
#[doc(hidden)]
pub const fn has_its_targets(roots: &[Root], position: usize) -> bool {
    let targets = roots[position].targets;
    let mut list = 0;
    while list < targets.len() {
        let mut target = 0;
        while target < targets[list].len() {
            let mut root = 0;
            while root < roots.len() && !roots[root].table.eq_ignore_ascii_case(targets[list][target].0) {
                root += 1;
            }
            if root == roots.len() {
                return false;
            }
            target += 1;
        }
        list += 1;
    }
    true
}

/// Whether the type or one of its derived types declares a reference with integrity. Code for such types is not compiled for
/// others.
#[doc(hidden)]
pub const fn refers<R: RootType>() -> bool {
    let (mut list, mut found) = (0, false);
    while list < R::TARGETS.len() {
        found |= !R::TARGETS[list].is_empty();
        list += 1;
    }
    found
}

/// Whether one of the roots refers to rows of this table with integrity.
#[doc(hidden)]
pub const fn is_referred_to(roots: &[Root], table: &str) -> bool {
    let (mut root, mut found) = (0, false);
    while root < roots.len() {
        let targets = roots[root].targets;
        let mut list = 0;
        while list < targets.len() {
            let mut target = 0;
            while target < targets[list].len() {
                found |= targets[list][target].0.eq_ignore_ascii_case(table);
                target += 1;
            }
            list += 1;
        }
        root += 1;
    }
    found
}
