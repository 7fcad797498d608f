//! What core gives to a back end: the table of a model, the columns of a row, and the models that core refuses.
#![allow(clippy::unwrap_used, reason = "tests and their helper functions may panic")]

use std::sync::{Arc, Mutex};

use longevity::RootType;
use longevity::RowId;
use longevity::backend::table::{FieldSchema, PrimaryKeySchema, TableSchema, TypeSchema};
use longevity::backend::{ByKind, Target, WriteFailure};
use longevity::backend::{RowContent, Value};
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::storable::ScalarType;
use longevity::testkit::decorate::{Decorated, Decorator};
use longevity_tests::models::blogging::{Blogging, Commenter, Email, Member, Profile, User, Username};
use longevity_tests::models::collections::Maps;
use longevity_tests::models::components::{Place, Thread};
use longevity_tests::models::poly_keys::{Car, CarPlate, Owner, Traffic, Vehicle, VehicleId};
use longevity_tests::models::primary_keys::{Hashed, Partitioned, PartitionedId, PrimaryKeys};

type MemTable = <Mem as longevity::backend::Session>::Table;
type MemDocument = <Mem as longevity::backend::Session>::Document;

/// Records the columns of each row that is written.
struct NotesColumns(Arc<Mutex<Vec<Vec<Value>>>>);

impl NotesColumns {
    fn note(&self, content: &RowContent<MemDocument>) {
        self.0.lock().unwrap().push(content.columns.clone());
    }
}

impl Decorator<Mem> for NotesColumns {
    async fn insert(
        &self,
        inner: &Mem,
        table: &MemTable,
        content: RowContent<MemDocument>,
    ) -> Result<RowId, WriteFailure> {
        self.note(&content);
        ByKind::insert(inner, table, content).await
    }

    async fn replace(
        &self,
        inner: &Mem,
        table: &MemTable,
        target: Target<'_>,
        content: RowContent<MemDocument>,
    ) -> Result<u64, WriteFailure> {
        self.note(&content);
        ByKind::replace(inner, table, target, content).await
    }
}

fn member(name: &str, num_cats: i64) -> Member {
    Member {
        username: Username(name.into()),
        email: Email(format!("{name}@example.com")),
        profile: Profile { tagline: "hi".into(), image_uri: "x".into() },
        num_cats,
    }
}

#[test]
fn a_row_has_the_columns_of_its_variant_and_none_of_its_siblings() {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let back_end = Decorated::new(Mem::new(), NotesColumns(Arc::clone(&noted)));
    let store = Longevity::<Blogging, _>::open(back_end).unwrap();
    store.create_schema().unwrap();
    let users = store.repo::<User>();
    let paths: Vec<_> = {
        let (definition, _) = store.asynchronous().table::<User>().unwrap();
        definition.columns.iter().map(|column| column.path.to_string()).collect()
    };
    assert_eq!(paths, ["username", "email", "profile.tagline", "num_cats"]);

    let ann = users.create(User::Member(member("ann", 2))).unwrap();
    users.update(ann.set(User::Commenter(Commenter { username: Username("ann".into()) }))).unwrap();

    let text = |text: &str| Value::Text(text.into());
    let none = || Value::NONE;
    let expected = [
        vec![text("ann"), text("ann@example.com"), text("hi"), Value::Int(2)],
        vec![text("ann"), none(), none(), none()],
    ];
    assert_eq!(*noted.lock().unwrap(), expected);
}

#[test]
fn siblings_with_properties_of_the_same_name_have_separate_columns() {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let back_end = Decorated::new(Mem::new(), NotesColumns(Arc::clone(&noted)));
    let store = Longevity::<Traffic, _>::open(back_end).unwrap();
    store.create_schema().unwrap();
    let owner = Owner { country: "CH".into(), number: 1 };
    store.repo::<Car>().create(Car { vehicle_id: VehicleId(1), owner, plate: CarPlate("ZH 1".into()) }).unwrap();

    let (definition, _) = store.asynchronous().table::<Car>().unwrap();
    let row = noted.lock().unwrap()[0].clone();
    let plates: Vec<_> = definition
        .columns
        .iter()
        .zip(row)
        .filter(|(column, _)| column.path.to_string() == "plate")
        .map(|(column, value)| (definition.variants[column.variant.unwrap()].type_name, value))
        .collect();
    let expected = [("Car", Value::Text("ZH 1".into())), ("Boat", Value::NONE), ("Bicycle", Value::NONE)];
    assert_eq!(plates, expected);
}

#[test]
fn a_primary_key_describes_how_rows_are_distributed() {
    let store = Longevity::<PrimaryKeys, _>::open(Mem::new()).unwrap();
    let store = store.asynchronous();
    let (hashed, _) = store.table::<Hashed>().unwrap();
    let primary_key = hashed.primary_key.as_ref().unwrap();
    assert!(primary_key.hashed);
    assert_eq!(primary_key.partition_columns, 1);
    let (partitioned, _) = store.table::<Partitioned>().unwrap();
    let primary_key = partitioned.primary_key.as_ref().unwrap();
    assert!(!primary_key.hashed);
    assert_eq!((primary_key.partition_columns, partitioned.indexes[primary_key.index].columns.len()), (2, 3));
}

/// Records the primary key of each row that is replaced or deleted.
struct NotesPrimaryKeys(Arc<Mutex<Vec<Option<Vec<Value>>>>>);

impl NotesPrimaryKeys {
    fn note(&self, target: Target<'_>) {
        self.0.lock().unwrap().push(target.primary_key.map(<[Value]>::to_vec));
    }
}

impl Decorator<Mem> for NotesPrimaryKeys {
    async fn replace(
        &self,
        inner: &Mem,
        table: &MemTable,
        target: Target<'_>,
        content: RowContent<MemDocument>,
    ) -> Result<u64, WriteFailure> {
        self.note(target);
        ByKind::replace(inner, table, target, content).await
    }

    async fn delete(&self, inner: &Mem, table: &MemTable, target: Target<'_>) -> Result<(), WriteFailure> {
        self.note(target);
        ByKind::delete(inner, table, target).await
    }
}

#[test]
fn a_row_that_is_replaced_or_deleted_comes_with_its_primary_key() {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let back_end = Decorated::new(Mem::new(), NotesPrimaryKeys(Arc::clone(&noted)));
    let store = Longevity::<PrimaryKeys, _>::open(back_end).unwrap();
    store.create_schema().unwrap();
    let rows = store.repo::<Partitioned>();
    let id = |number| PartitionedId { region: "north".into(), year: 2024, number };
    let key = |number| Some(vec![Value::Text("north".into()), Value::Int(2024), Value::Int(number)]);
    let first = rows.create(Partitioned { partitioned_id: id(1), amount: 1.0 }).unwrap();
    rows.create(Partitioned { partitioned_id: id(2), amount: 2.0 }).unwrap();
    let first = rows.update(first.modify(|row| row.amount = 1.5)).unwrap();
    // The update is refused without calling the store.
    let moved = rows.update(first.clone().modify(|row| row.partitioned_id = id(3))).unwrap_err();
    assert!(matches!(*moved, Error::UnstablePrimaryKey { .. }));
    rows.delete(first).unwrap();
    // The key in its stored form, whatever the value was changed to.
    let second = rows.retrieve(&id(2)).unwrap().unwrap();
    rows.delete(second.modify(|row| row.partitioned_id = id(3))).unwrap();
    assert_eq!(*noted.lock().unwrap(), [key(1), key(1), key(2)]);
}

#[test]
fn a_row_of_a_type_without_a_primary_key_comes_without_one() {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let back_end = Decorated::new(Mem::new(), NotesPrimaryKeys(Arc::clone(&noted)));
    let store = Longevity::<Blogging, _>::open(back_end).unwrap();
    store.create_schema().unwrap();
    let members = store.repo::<Member>();
    let ann = members.create(member("ann", 2)).unwrap();
    let ann = members.update(ann.modify(|ann| ann.num_cats = 3)).unwrap();
    members.delete(ann).unwrap();
    assert_eq!(*noted.lock().unwrap(), [None, None]);
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Parcel)]
struct ParcelId {
    region: String,
    day: i32,
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(id, partition(region, number)))]
struct Parcel {
    id: ParcelId,
}

#[derive(DomainModel)]
#[domain_model(Parcel)]
struct Torn;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Letter)]
struct LetterId {
    region: String,
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(id, partition(number)))]
struct Letter {
    id: LetterId,
}

#[derive(DomainModel)]
#[domain_model(Letter)]
struct Trailing;

#[test]
fn a_partition_that_does_not_lead_its_key_is_refused_when_the_store_is_opened() {
    let torn = Longevity::<Torn, _>::open(Mem::new()).unwrap_err();
    let trailing = Longevity::<Trailing, _>::open(Mem::new()).unwrap_err();
    let problem = "the partition of the primary key id must be its first fields, in their order";
    assert_eq!(torn.to_string(), format!("Parcel: {problem}"));
    assert_eq!(trailing.to_string(), format!("Letter: {problem}"));
    assert!(matches!(torn, Error::InvalidModel { .. }));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Stray {
    number: u8,
}

/// What the derive of a model generates for the types that it lists, and for no other.
impl longevity::InModel<Blogging> for Stray {}

#[test]
#[should_panic(expected = "Stray is not in the domain model Blogging: add it to `#[domain_model(..)]`")]
fn a_type_that_the_model_does_not_list_has_no_repository() {
    let store = Longevity::<Blogging, _>::open(Mem::new()).unwrap();
    drop(store.repo::<Stray>());
}

fn table_schema<P: RootType>() -> TableSchema {
    P::definition().table().unwrap().schema()
}

/// The schema with its types in reverse order, and one of them twice.
fn renumbered(schema: &TableSchema) -> TableSchema {
    let mut other = schema.clone();
    let last = other.types.len() - 1;
    let moved = |position: &mut usize| *position = last - *position;
    other.types.reverse();
    for of_type in &mut other.types {
        match of_type {
            TypeSchema::Scalar(_) | TypeSchema::Choice { .. } => {}
            TypeSchema::Newtype { held, .. } => moved(held),
            TypeSchema::Optional(held) | TypeSchema::List(held) | TypeSchema::Set(held) => moved(held),
            TypeSchema::Map(key, value) => [key, value].into_iter().for_each(moved),
            TypeSchema::Struct { fields, .. } => fields.iter_mut().for_each(|field| moved(&mut field.of_type)),
            TypeSchema::Enum { variants, .. } => {
                variants.iter_mut().filter_map(|variant| variant.holds.as_mut()).for_each(moved);
            }
        }
    }
    other.variants.iter_mut().for_each(|variant| moved(&mut variant.of_type));
    other.columns.iter_mut().for_each(|column| moved(&mut column.of_type));
    let (copied, copy) = (other.variants[0].of_type, other.types.len());
    other.types.push(other.types[copied].clone());
    other.variants[0].of_type = copy;
    other
}

/// The fields of the first struct that has any.
fn first_fields(schema: &mut TableSchema) -> &mut Vec<FieldSchema> {
    let fields = schema.types.iter_mut().find_map(|of_type| match of_type {
        TypeSchema::Struct { fields, .. } if !fields.is_empty() => Some(fields),
        _ => None,
    });
    fields.unwrap()
}

#[test]
fn two_schemas_are_equal_whatever_the_order_of_their_types() {
    for schema in [table_schema::<User>(), table_schema::<Vehicle>(), table_schema::<Thread>()] {
        assert_eq!(renumbered(&schema), schema);
        assert_eq!(schema, renumbered(&schema));
    }
}

#[test]
fn two_schemas_that_differ_in_anything_are_not_equal() {
    let schema = table_schema::<User>();
    assert_ne!(table_schema::<Thread>(), schema);
    let changes: [fn(&mut TableSchema); 17] = [
        |it| it.name.push('s'),
        |it| it.type_name.push('s'),
        |it| it.variants[1].type_name.push('s'),
        |it| it.variants[1].discriminators.push("Other".into()),
        |it| it.variants.truncate(1),
        |it| it.columns[0].optional ^= true,
        |it| it.columns[0].variant = Some(0),
        |it| it.columns[0].path.clear(),
        |it| it.columns[0].of_type = it.variants[0].of_type,
        |it| it.indexes[0].unique ^= true,
        |it| it.indexes[0].columns.clear(),
        |it| it.indexes.truncate(1),
        |it| it.primary_key = Some(PrimaryKeySchema { index: 0, hashed: true, partition_columns: 1 }),
        |it| first_fields(it)[0].stored_name.push('s'),
        |it| first_fields(it)[0].aliases.push("other".into()),
        |it| first_fields(it)[0].has_default ^= true,
        |it| first_fields(it).truncate(1),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut other = schema.clone();
        change(&mut other);
        assert_ne!(other, schema, "change {number}");
        assert_ne!(renumbered(&schema), other, "change {number}");
    }
    // A schema whose types are missing can be compared too.
    let mut torn = schema.clone();
    torn.types.clear();
    assert_eq!(torn.clone(), torn);
    assert_ne!(torn, schema);
}

/// The type with each of its parts changed, one at a time.
fn changed(of_type: &TypeSchema) -> Vec<TypeSchema> {
    use TypeSchema as T;
    fn with<V: Clone>(value: &V, change: impl FnOnce(&mut V)) -> V {
        let mut value = value.clone();
        change(&mut value);
        value
    }
    let longer = |name: &String| with(name, |name| name.push('s'));
    let other_key = |key_of: &Option<String>| Some(format!("{key_of:?}"));
    match of_type {
        T::Scalar(ScalarType::U8) => vec![T::Scalar(ScalarType::I8)],
        T::Scalar(_) => vec![T::Scalar(ScalarType::U8)],
        T::Choice { name, choices, aliases } => vec![
            T::Choice { name: longer(name), choices: choices.clone(), aliases: aliases.clone() },
            T::Choice { name: name.clone(), choices: with(choices, |it| drop(it.pop())), aliases: aliases.clone() },
            T::Choice {
                name: name.clone(),
                choices: choices.clone(),
                aliases: with(aliases, |it| it.push(("a".into(), "b".into()))),
            },
        ],
        T::Newtype { name, key_of, held } => vec![
            T::Newtype { name: longer(name), key_of: key_of.clone(), held: *held },
            T::Newtype { name: name.clone(), key_of: other_key(key_of), held: *held },
            T::Optional(*held),
        ],
        T::Optional(held) => vec![T::List(*held)],
        T::List(held) => vec![T::Set(*held)],
        T::Set(held) => vec![T::Optional(*held)],
        T::Map(_, value) => vec![T::List(*value)],
        T::Struct { fields, .. } if fields.is_empty() => Vec::new(),
        T::Struct { name, key_of, fields } => {
            let of = |fields| T::Struct { name: name.clone(), key_of: key_of.clone(), fields };
            vec![
                T::Struct { name: longer(name), key_of: key_of.clone(), fields: fields.clone() },
                T::Struct { name: name.clone(), key_of: other_key(key_of), fields: fields.clone() },
                of(with(fields, |it| drop(it.pop()))),
                of(with(fields, |it| it[0].name.push('s'))),
                of(with(fields, |it| it[0].stored_name.push('s'))),
                of(with(fields, |it| it[0].aliases.push("other".into()))),
                of(with(fields, |it| it[0].has_default ^= true)),
            ]
        }
        T::Enum { name, variants } => {
            let of = |variants| T::Enum { name: name.clone(), variants };
            vec![
                T::Enum { name: longer(name), variants: variants.clone() },
                of(with(variants, |it| drop(it.pop()))),
                of(with(variants, |it| it[0].name.push('s'))),
                of(with(variants, |it| it[0].stored_name.push('s'))),
                of(with(variants, |it| it[0].aliases.push("other".into()))),
                of(with(variants, |it| it[0].holds = it[0].holds.map_or(Some(0), |_| None))),
            ]
        }
    }
}

#[test]
fn two_schemas_whose_types_differ_in_any_part_are_not_equal() {
    let mut kinds = std::collections::HashSet::new();
    let schemas = [
        table_schema::<User>(),
        table_schema::<Vehicle>(),
        table_schema::<Thread>(),
        table_schema::<Place>(),
        table_schema::<Maps>(),
    ];
    for schema in schemas {
        for (position, of_type) in schema.types.iter().enumerate() {
            kinds.insert(std::mem::discriminant(of_type));
            for other in changed(of_type) {
                let mut changed = schema.clone();
                changed.types[position] = other;
                assert_ne!(changed, schema, "{of_type:?} is {:?}", changed.types[position]);
            }
        }
    }
    assert_eq!(kinds.len(), 9, "not all kinds of types are covered");
}

#[test]
fn a_type_that_holds_itself_has_a_schema_that_ends() {
    let schema = table_schema::<Thread>();
    let mut deeper = schema.clone();
    for of_type in &mut deeper.types {
        if let TypeSchema::Scalar(scalar) = of_type {
            *scalar = ScalarType::U8;
        }
    }
    assert_ne!(deeper, schema);
}
