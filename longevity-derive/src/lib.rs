//! The derive macros of longevity. Users reach them through the `longevity` crate.
//!
//! The stored form is the one that `serde` writes, so a type with these derives has to derive `Serialize` and `Deserialize` too.
//! serde's `rename`, `rename_all`, `rename_all_fields`, `default`, `alias`, `deny_unknown_fields`, `bound`, `crate`, `expecting`,
//! and `transparent` on a newtype, are honoured. Attributes that would change the stored form are compile errors.
//!
//! All mistakes in an item are reported together, each at its own token.

mod attributes;
mod errors;
mod expand;
mod names;
mod opened;
mod pipeline;
mod tree;

use proc_macro::TokenStream;

/// Makes a struct or an enum a component, which can be the type of fields of persistent types and of other components.
///
/// | type | stored form |
/// | --- | --- |
/// | a struct with named fields, or without fields | a document of its fields |
/// | a newtype, `struct Meters(f64);` | the value that it holds |
/// | an enum of units | the variant's name |
/// | an enum with data, whose variants are units, newtypes, or have named fields | the variant's name and its data |
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
/// * On a field, `#[component(name = "image")]`: the name under which the field is stored. The default is the field's serde
///   name. Stored names must not be empty, start with `$` or `_`, or contain a dot or a NUL. A variant's stored name is its
///   serde name.
/// * On the type, `#[component(deserialized_by_hand)]`: you wrote its `Deserialize` yourself, so it may have rules. A patch of
///   one of its fields then decodes and encodes the whole value, so that the rules hold. Without the attribute, MongoDB changes
///   the field where it is stored.
/// * On the type, `#[component(crate = "path")]`: the path to the `longevity` crate, if it has another name.
#[proc_macro_derive(Component, attributes(component))]
pub fn component(input: TokenStream) -> TokenStream {
    pipeline::component(input.into()).into()
}

/// Makes a type a key value, which identifies one persistent of one type.
///
/// A key value is a newtype, a struct with named fields, or an enum of units. It must not hold a float, an option, a collection
/// or an enum with data at any depth.
///
/// ```text
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
/// #[key_val(User)]
/// struct Username(String);
/// ```
///
/// # Attributes
///
/// * On the type, `#[key_val(User)]`: the persistent type that it identifies. This is required. For a key of a derived type, name
///   the struct: `#[key_val(Member)]`. `#[key_val(User, crate = "path")]` also gives the path to the `longevity` crate.
/// * On the type, `#[key_val(User, deserialized_by_hand)]`: you wrote its `Deserialize` yourself; see
///   [`Component`](macro@Component).
/// * On a field, `#[key_val(name = "region")]`: the name under which the field is stored, as for a component.
#[proc_macro_derive(KeyVal, attributes(key_val))]
pub fn key_val(input: TokenStream) -> TokenStream {
    pipeline::key_val(input.into()).into()
}

/// Makes a struct a plain or derived persistent type, or makes an enum a poly type.
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
/// * `table = "users"`: the table's name. The default is the type's name in snake case.
/// * `key(email)`: a property that is unique. It can be repeated. A nested property needs its type: `key(account.email: Email)`.
///   The path to it can lead through components, newtypes and boxes, but not through options. A type can have only one key of
///   each key value type.
/// * `primary_key(id)`, `primary_key(id, hashed)`, `primary_key(id, partition(region))`: the key that is the row's
///   identity. The partition lists the first fields of the key value, as paths that start there.
/// * `index(profile.tagline)`, `index(num_cats, username)`: an index on properties, for queries that filter or order by them. It
///   can be repeated. Paths can lead through options. `index(tags[])` is an index of the elements of a list or a set, for
///   `contains`. Clippy's lint `duplicated_attributes` takes a property in two indexes
///   for a mistake, so allow it there.
/// * `reference(author)`: a property that is a key value, or contains key values, whose targets have to be there. It can be
///   repeated. Paths can lead through options, lists, sets, the values of maps and variants of poly components:
///   `reference(reviews.by)`. `reference(series: Series)` requires a derived type of a poly target. `on_delete` says what happens
///   when the target is deleted: `restrict` (the default), `cascade`, `set_none` for an option, `remove` for a list, a set or a
///   map. `check = at_commit` checks the reference when its transaction is committed, and not at once.
/// * `deserialized_by_hand`: you wrote its `Deserialize` yourself; see [`Component`](macro@Component).
/// * `derived(User)`: a variant of this poly type holds the struct, which shares the poly type's table. The struct has no `table`
///   and no `primary_key` of its own.
///
/// # On an enum
///
/// * `poly`: makes the enum a poly type. This is required.
/// * `props(username: Username)`: the properties that the structs of all variants have, with their types.
/// * `key(..)`, `primary_key(..)`, `index(..)` and `reference(..)`: as for a struct, on those properties.
/// * `table = "users"`: as for a struct.
/// * `module = "shapes"`: the name of the module generated for inline variants. The default is the enum's name in snake case.
///
/// # On a variant
///
/// A variant holds a struct, `Member(Member)` or `Member(Box<Member>)`, or it is written inline, `Circle { radius: f64 }` or
/// `Empty`. For an inline variant, a struct such as `shape::Circle` is generated, with `From` and `TryFrom` between it and the
/// enum. Only an enum that is not generic and is declared in a module, not in a function, can have inline variants.
///
/// * `discriminator = "member"`: the value that marks the rows of this variant. The default is the variant's serde name.
/// * `alias = "Person"`: a discriminator that older rows may have. It can be repeated.
/// * `key(..)`, `index(..)` and `reference(..)`: on an inline variant, the keys, indexes and references of its struct.
///
/// # On a field
///
/// * `name = "user_name"`: the name under which the field is stored, as for a component.
///
/// # On any type
///
/// * `crate = "path"`: the path to the `longevity` crate, if it has another name.
#[proc_macro_derive(PersistentType, attributes(persistent))]
pub fn persistent_type(input: TokenStream) -> TokenStream {
    pipeline::persistent_type(input.into()).into()
}

/// Makes a type a domain model, which lists the persistent types that an application stores together.
///
/// ```text
/// #[derive(DomainModel)]
/// #[domain_model(User, Blog, BlogPost)]
/// struct Blogging;
/// ```
///
/// # Attributes
///
/// * `#[domain_model(User, Blog)]`: the plain and poly types. This is required. Derived types come with their poly type. The
///   names of two tables must differ in more than upper and lower case. The types in their `reference(..)` have to be listed too.
/// * `#[domain_model(User, crate = "path")]`: the path to the `longevity` crate, if it has another name.
#[proc_macro_derive(DomainModel, attributes(domain_model))]
pub fn domain_model(input: TokenStream) -> TokenStream {
    pipeline::domain_model(input.into()).into()
}

/// Makes a struct a projection, whose fields are values of a row. `longevity::query::to` reads it without decoding the rest of
/// the row.
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
/// * On the type, `#[projected(Member)]`: the persistent type whose rows it is read from, or several types. This is required.
///   `#[projected(Member, crate = "path")]` also gives the path to the `longevity` crate.
/// * On a field, `#[projected(User::props().username)]`: an expression for its source. It can be anything that
///   `Repo::project` takes: a property, `by_type()`, or `to()` for a struct in a struct. The default is the type's property with
///   the field's name.
#[proc_macro_derive(Projected, attributes(projected))]
pub fn projected(input: TokenStream) -> TokenStream {
    pipeline::projected(input.into()).into()
}
