//! The derive macros of longevity. Users reach them through the `longevity` crate.
//!
//! What is stored is what `serde` writes, so a derived type derives `Serialize` and `Deserialize` too. serde's `rename`,
//! `rename_all`, `rename_all_fields`, `default`, `alias`, `deny_unknown_fields`, `bound`, `crate`, `expecting`, and
//! `transparent` on a newtype, are honoured; those that would change the stored form are refused.
//!
//! All mistakes of an item are reported together, each on its own token.

mod attributes;
mod errors;
mod expand;
mod names;
mod opened;
mod pipeline;
mod tree;

use proc_macro::TokenStream;

/// Makes a struct or an enum a component: it can stand in the fields of persistent types and of other components.
///
/// | what | how it is stored |
/// | --- | --- |
/// | a struct with named fields, or without fields | as a document of its fields |
/// | a newtype, `struct Meters(f64);` | as what it holds |
/// | an enum of units | as the variant's name |
/// | an enum with data; a variant is a unit, a newtype, or has named fields | as the variant's name and what it holds |
///
/// ```text
/// #[derive(Clone, Debug, Serialize, Deserialize, Component)]
/// struct Profile {
///     tagline: Option<String>,
///     #[component(name = "image")]
///     image_uri: String,
/// }
/// ```
///
/// # Attributes
///
/// * On a field, `#[component(name = "image")]`: the name under which the field is stored. Without it, the field's serde
///   name. Stored names do not start with `$` or `_`, and contain neither dot nor NUL. A variant's stored name is its
///   serde name.
/// * On the type, `#[component(deserialized_by_hand)]`: you wrote its `Deserialize` yourself, so it may have rules. A patch of one of its
///   fields then decodes and encodes the whole value, so that the rules hold. Without it, MongoDB changes the field where it is stored.
/// * On the type, `#[component(crate = "path")]`: where to find the `longevity` crate, if it has another name.
#[proc_macro_derive(Component, attributes(component))]
pub fn component(input: TokenStream) -> TokenStream {
    pipeline::component(input.into()).into()
}

/// Makes a type a key value: it identifies one persistent of one type. A key value is a newtype, a struct with named
/// fields, or an enum of units; it holds no float, option, collection or enum with data, at any depth.
///
/// ```text
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
/// #[key_val(User)]
/// struct Username(String);
/// ```
///
/// # Attributes
///
/// * On the type, `#[key_val(User)]`: the persistent type that it identifies; required. For a key of a derived type, the
///   struct: `#[key_val(Member)]`. `#[key_val(User, crate = "path")]` says where to find the `longevity` crate.
/// * On the type, `#[key_val(User, deserialized_by_hand)]`: you wrote its `Deserialize` yourself; see [`Component`](macro@Component).
/// * On a field, `#[key_val(name = "region")]`: the name under which the field is stored, as for a component.
#[proc_macro_derive(KeyVal, attributes(key_val))]
pub fn key_val(input: TokenStream) -> TokenStream {
    pipeline::key_val(input.into()).into()
}

/// Makes a struct a persistent type, plain or derived, or an enum a poly type.
///
/// ```text
/// #[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
/// #[persistent(poly, props(username: Username), key(username))]
/// enum User { Member(Member), Commenter(Box<Commenter>) }
///
/// #[derive(Clone, Debug, Serialize, Deserialize, PersistentType)]
/// #[persistent(derived(User), key(email), index(profile.tagline), index(num_cats, username))]
/// struct Member { username: Username, email: Email, profile: Profile, num_cats: i64 }
/// ```
///
/// # On a struct
///
/// * `table = "users"`: the table's name; without it, the type's name in snake case.
/// * `key(email)`: a property that is unique; repeatable. A nested one needs its type: `key(account.email: Email)`; it is
///   reached through components, newtypes and boxes, not through options. A type has one key of each key value's type.
/// * `primary_key(id)`, `primary_key(id, hashed)`, `primary_key(id, partition(region))`: the key that is the row's
///   identity. The partition names the first fields of the key value, by paths from it.
/// * `index(profile.tagline)`, `index(num_cats, username)`: properties that queries must be able to use; repeatable. Paths
///   lead through options. Clippy's `duplicated_attributes` takes a property that stands in two indexes for a mistake:
///   allow it there.
/// * `deserialized_by_hand`: you wrote its `Deserialize` yourself; see [`Component`](macro@Component).
/// * `derived(User)`: the struct is held by a variant of this poly type and shares its table. It has no `table` and no
///   `primary_key` of its own.
///
/// # On an enum
///
/// * `poly`: required.
/// * `props(username: Username)`: the properties that all variants' structs have, with their types.
/// * `key(..)`, `primary_key(..)` and `index(..)`, over those properties.
/// * `table = "users"`, as for a struct.
/// * `module = "shapes"`: the name of the module generated for inline variants; without it, the enum's name in snake case.
///
/// # On a variant
///
/// A variant holds a struct, `Member(Member)` or `Member(Box<Member>)`. Or it is written inline,
/// `Circle { radius: f64 }` or `Empty`: then a struct is generated for it, `shape::Circle`, with `From` and `TryFrom`
/// between it and the enum. Inline variants are for enums that are not generic and that stand in a module, not in a
/// function.
///
/// * `discriminator = "member"`: what the rows of this variant are marked with; without it, the variant's serde name.
/// * `alias = "Person"`: a discriminator that older rows may have; repeatable.
/// * `key(..)` and `index(..)`, on an inline variant: those of its struct.
///
/// # On a field
///
/// * `name = "user_name"`: the name under which the field is stored, as for a component.
///
/// # Anywhere on a type
///
/// * `crate = "path"`: where to find the `longevity` crate, if it has another name.
#[proc_macro_derive(PersistentType, attributes(persistent))]
pub fn persistent_type(input: TokenStream) -> TokenStream {
    pipeline::persistent_type(input.into()).into()
}

/// Makes a type a domain model: the persistent types that an application stores together.
///
/// ```text
/// #[derive(DomainModel)]
/// #[domain_model(User, Blog, BlogPost)]
/// struct Blogging;
/// ```
///
/// # Attributes
///
/// * `#[domain_model(User, Blog)]`: the plain and poly types; required. Derived types come with their poly type. No two
///   types have tables of one name, whatever the case of its letters.
/// * `#[domain_model(User, crate = "path")]`: where to find the `longevity` crate, if it has another name.
#[proc_macro_derive(DomainModel, attributes(domain_model))]
pub fn domain_model(input: TokenStream) -> TokenStream {
    pipeline::domain_model(input.into()).into()
}

/// Makes a struct a projection: each row's values in its fields, without decoding the rest of the row. What
/// `longevity::query::to` reads.
///
/// ```text
/// #[derive(Projected)]
/// #[projected(Member)]
/// struct Owner {
///     num_cats: i64,
///     #[projected(User::props().username)]
///     name: Username,
/// }
///
/// let owners: Vec<Owner> = members.project(Member::query(), to()).await?;
/// ```
///
/// # Attributes
///
/// * On the type, `#[projected(Member)]`: the persistent type whose rows it is read from, or several; required.
///   `#[projected(Member, crate = "path")]` says where to find the `longevity` crate.
/// * On a field, `#[projected(User::props().username)]`: an expression for its source, whatever
///   `Repo::project` takes: a property, `by_type()`, `to()` for a struct in a struct. Without it, the type's property of the
///   field's name.
#[proc_macro_derive(Projected, attributes(projected))]
pub fn projected(input: TokenStream) -> TokenStream {
    pipeline::projected(input.into()).into()
}
