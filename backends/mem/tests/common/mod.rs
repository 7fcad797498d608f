//! A poly table of members and commenters, written out by hand, and short forms of the operations on it.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test uses only a part of this module")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test panics where it fails")]

use std::any::TypeId;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use longevity_core::backend::{
    AllWritten, Backend, ByKind, Give, Lookup, Session, Target, Write, WriteFailure, Written,
};
use longevity_core::backend::{Direction, OrderBy, Predicate, Select};
use longevity_core::storable::{NoFields, ScalarType, Shape, kind};
use longevity_core::table::{Column, Index, Scope, TableDefinition, Variant};
use longevity_core::value::{Comparison, Composite};
use longevity_core::{Error, Path, Row, RowContent, RowId, Step, Storable, Value, ValueRef};
use longevity_mem::{Mem, MemDocument, Rows, Table};
use serde::{Deserialize, Serialize};

pub static USERNAME: Step = Step::new("username");
pub static EMAIL: Step = Step::new("email");
pub static CODE: Step = Step::new("code");
pub static REGION: Step = Step::new("region");
pub static NUMBER: Step = Step::new("number");
pub static CATS: Step = Step::new("cats");
pub static RATING: Step = Step::new("rating");
pub static NICK: Step = Step::new("nick");
pub static TAGS: Step = Step::new("tags");

pub const MEMBER: Scope = Scope { variant: 0, discriminators: &["Member", "Subscriber"] };
pub const COMMENTER: Scope = Scope { variant: 1, discriminators: &["Commenter"] };
/// The scope of the members without their alias.
pub const CANONICAL: Scope = Scope { variant: 0, discriminators: &["Member"] };

/// The positions of the indexes.
pub const USERNAME_KEY: usize = 0;
pub const EMAIL_KEY: usize = 1;
pub const CODE_KEY: usize = 2;

thread_local! {
    /// Runs at every access to a member's values on this thread.
    pub static ON_ACCESS: RefCell<Option<Box<dyn FnMut()>>> = const { RefCell::new(None) };
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    pub region: String,
    pub number: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub username: String,
    pub email: String,
    pub code: Code,
    pub cats: i64,
    pub rating: f64,
    pub nick: Option<String>,
    pub tags: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commenter {
    pub username: String,
    /// Has the same name as a member's field, but is not in the members' indexes.
    pub cats: i64,
}

impl Composite for Code {
    fn to_value(&self) -> Value {
        Value::Record(vec![
            ("region", self.region.value_at(&[]).to_value()),
            ("number", self.number.value_at(&[]).to_value()),
        ])
    }
}

macro_rules! storable {
    ($type:ident, |$self:ident, $path:ident| $value_at:expr) => {
        impl Storable for $type {
            type This = Self;
            type Kind = kind::Component;
            type Inner = Self;
            type Optional = Option<Self>;
            type Fields<R: 'static> = NoFields;
            const KEYABLE: bool = false;

            fn shape() -> Shape {
                Shape::Struct { name: stringify!($type), key_of: None, fields: Vec::new() }
            }

            fn fields<R: 'static>(_: &Path) -> NoFields {
                NoFields
            }

            fn value_at(&self, $path: &[&'static Step]) -> ValueRef<'_> {
                let $self = self;
                $value_at
            }
        }
    };
}

storable!(Code, |this, path| match path {
    [] => ValueRef::Composite(this),
    [step, rest @ ..] => match step.name {
        "region" => this.region.value_at(rest),
        "number" => this.number.value_at(rest),
        _ => ValueRef::NONE,
    },
});

storable!(Member, |this, path| {
    ON_ACCESS.with_borrow_mut(|hook| hook.iter_mut().for_each(|hook| hook()));
    let [step, rest @ ..] = path else { return ValueRef::NONE };
    match step.name {
        "username" => this.username.value_at(rest),
        "email" => this.email.value_at(rest),
        "code" => this.code.value_at(rest),
        "cats" => this.cats.value_at(rest),
        "rating" => this.rating.value_at(rest),
        "nick" => this.nick.value_at(rest),
        "tags" => this.tags.value_at(rest),
        _ => ValueRef::NONE,
    }
});

storable!(Commenter, |this, path| match path {
    [step, rest @ ..] if step.name == "username" => this.username.value_at(rest),
    [step, rest @ ..] if step.name == "cats" => this.cats.value_at(rest),
    _ => ValueRef::NONE,
});

pub fn path(steps: &[&'static Step]) -> Path {
    steps.iter().fold(Path::root(), |path, step| path.then(step))
}

fn column(steps: &[&'static Step], scalar: ScalarType, variant: Option<usize>) -> Column {
    Column { path: path(steps), shape: Shape::Scalar(scalar), optional: false, variant }
}

pub fn index(name: &str, columns: &[usize], of_members: bool, unique: bool) -> Index {
    Index {
        name: name.to_owned(),
        // The name in errors.
        properties: vec![
            Path::root().then(Box::leak(Box::new(Step::new(Box::leak(name.to_owned().into_boxed_str()))))),
        ],
        declared_by: if of_members { "Member" } else { "User" },
        scope: of_members.then_some(MEMBER),
        columns: columns.to_vec(),
        key_val: unique.then(TypeId::of::<String>),
    }
}

/// The table without any index.
pub fn bare_definition() -> TableDefinition {
    TableDefinition {
        name: "user".into(),
        type_name: "User",
        variants: vec![
            Variant { type_name: "Member", discriminators: Some(MEMBER.discriminators), shape: Member::shape },
            Variant { type_name: "Commenter", discriminators: Some(COMMENTER.discriminators), shape: Commenter::shape },
        ],
        columns: vec![
            column(&[&USERNAME], ScalarType::String, None),
            column(&[&EMAIL], ScalarType::String, Some(0)),
            column(&[&CODE, &REGION], ScalarType::String, Some(0)),
            column(&[&CODE, &NUMBER], ScalarType::I64, Some(0)),
            column(&[&CATS], ScalarType::I64, Some(0)),
            column(&[&RATING], ScalarType::F64, Some(0)),
            Column { optional: true, ..column(&[&NICK], ScalarType::String, Some(0)) },
        ],
        indexes: Vec::new(),
        element_indexes: Vec::new(),
        primary_key: None,
        references: Vec::new(),
        is_referenced: false,
    }
}

pub fn definition() -> TableDefinition {
    TableDefinition {
        indexes: vec![
            index("username.key", &[0], false, true),
            index("email.key", &[1], true, true),
            index("code.key", &[2, 3], true, true),
            index("cats+username.index", &[4, 0], true, false),
            index("rating.index", &[5], true, false),
            index("nick+cats.index", &[6, 4], true, false),
        ],
        ..bare_definition()
    }
}

/// The member with this number. It shares no key value with other members.
pub fn member(number: i64) -> Member {
    Member {
        username: format!("member-{number:06}"),
        email: format!("member-{number:06}@example.com"),
        code: Code { region: "EU".to_owned(), number },
        cats: number % 7,
        rating: 0.5,
        nick: None,
        tags: vec!["a".to_owned()],
    }
}

pub fn commenter(number: i64) -> Commenter {
    Commenter { username: format!("commenter-{number:06}"), cats: number % 7 }
}

/// A user of either kind.
#[derive(Clone, Debug, PartialEq)]
pub enum User {
    Member(Member),
    Commenter(Commenter),
}

impl From<Member> for User {
    fn from(member: Member) -> Self {
        Self::Member(member)
    }
}

impl From<Commenter> for User {
    fn from(commenter: Commenter) -> Self {
        Self::Commenter(commenter)
    }
}

impl User {
    pub fn discriminator(&self) -> &'static str {
        match self {
            Self::Member(_) => MEMBER.discriminators[0],
            Self::Commenter(_) => COMMENTER.discriminators[0],
        }
    }

    pub fn value_at(&self, path: &[&'static Step]) -> ValueRef<'_> {
        match self {
            Self::Member(member) => member.value_at(path),
            Self::Commenter(commenter) => commenter.value_at(path),
        }
    }
}

/// The result of an operation, without a runtime: its future must be ready at once.
pub fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("a future of the in-memory back end is ready at once")
}

fn inserted(written: Written<MemDocument>) -> RowId {
    match written {
        Written::Inserted(id) => id,
        other => panic!("{other:?}"),
    }
}

/// A table on a store.
#[derive(Clone)]
pub struct Users {
    pub mem: Mem,
    pub table: Arc<Table>,
    pub definition: Arc<TableDefinition>,
}

impl Users {
    pub fn new() -> Self {
        let users = Self::open(&Mem::new(), definition());
        now(users.mem.create_schema(&[&users.table])).unwrap();
        users
    }

    /// Opens the table without creating its schema.
    pub fn open(mem: &Mem, definition: TableDefinition) -> Self {
        let definition = Arc::new(definition);
        let table = now(mem.open(std::slice::from_ref(&definition))).unwrap().remove(0);
        Self { mem: mem.clone(), table: Arc::new(table), definition }
    }

    pub fn content(&self, user: impl Into<User>) -> RowContent<MemDocument> {
        let user = user.into();
        let columns = self.definition.columns.iter().map(|column| user.value_at(column.path.steps()).to_value());
        RowContent {
            discriminator: Some(Cow::Borrowed(user.discriminator())),
            doc: match &user {
                User::Member(member) => self.mem.encode(member).unwrap(),
                User::Commenter(commenter) => self.mem.encode(commenter).unwrap(),
            },
            columns: columns.collect(),
            written_at: None,
        }
    }

    pub fn write<'a>(
        &self,
        writes: impl IntoIterator<Item = Write<'a, MemDocument>>,
    ) -> Result<AllWritten<MemDocument>, (usize, WriteFailure)> {
        now(self.mem.write(&self.table, writes.into_iter().collect()))
    }

    fn write_one(&self, write: Write<'_, MemDocument>) -> Result<Written<MemDocument>, WriteFailure> {
        self.write([write]).map(|mut written| written.remove(0)).map_err(|(_, failure)| failure)
    }

    pub fn insert(&self, user: impl Into<User>) -> Result<RowId, WriteFailure> {
        self.write_one(Write::Insert(self.content(user))).map(inserted)
    }

    pub fn insert_many(&self, users: impl IntoIterator<Item = User>) -> Result<Vec<RowId>, (usize, WriteFailure)> {
        let written = self.write(users.into_iter().map(|user| Write::Insert(self.content(user))))?;
        Ok(written.into_iter().map(inserted).collect())
    }

    pub fn replace(&self, id: RowId, version: Option<u64>, user: impl Into<User>) -> Result<u64, WriteFailure> {
        let target = Target { id, version, scope: None, primary_key: None, before: false };
        self.write_one(Write::Replace(target, self.content(user))).map(|written| match written {
            Written::Replaced(version, None) => version,
            other => panic!("{other:?}"),
        })
    }

    pub fn delete(&self, id: RowId) -> Result<(), WriteFailure> {
        let target = Target { id, version: None, scope: None, primary_key: None, before: false };
        self.write_one(Write::Delete(target)).map(|written| assert!(matches!(written, Written::Deleted(None))))
    }

    pub fn get(&self, index: usize, values: &[Value]) -> Option<Row<MemDocument>> {
        let values: Vec<_> = values.iter().map(Value::as_value_ref).collect();
        now(self.mem.get(&self.table, Lookup { index, values: &values, scope: None })).unwrap()
    }

    pub fn by_username(&self, username: &str) -> Option<Row<MemDocument>> {
        self.get(USERNAME_KEY, &[Value::Text(username.into())])
    }

    pub fn by_email(&self, email: &str) -> Option<Row<MemDocument>> {
        self.get(EMAIL_KEY, &[Value::Text(email.into())])
    }

    pub fn find(&self, select: Select) -> Vec<RowId> {
        self.found(select).ids
    }

    pub fn found(&self, select: Select) -> Found {
        let mut found = Found::default();
        now(self.mem.find_each(&self.table, select, &mut found)).unwrap();
        found
    }

    pub fn stream(&self, select: Select) -> Rows {
        self.mem.stream(&self.table, select)
    }

    pub fn count(&self, predicate: Predicate) -> u64 {
        now(self.mem.count(&self.table, predicate)).unwrap()
    }

    pub fn user(&self, row: &Row<MemDocument>) -> User {
        match row.discriminator.as_deref() {
            Some("Commenter") => User::Commenter(self.mem.decode(&row.doc).unwrap()),
            _ => User::Member(self.mem.decode(&row.doc).unwrap()),
        }
    }

    /// All rows by id, without an index.
    pub fn all(&self) -> Vec<(RowId, u64, User)> {
        let rows = now(self.mem.find(&self.table, select(Predicate::True))).unwrap();
        rows.iter().map(|row| (row.id, row.version, self.user(row))).collect()
    }

    /// Checks that every index leads to exactly the rows that it must hold.
    pub fn check_indexes(&self) {
        let all = self.all();
        let mut indexed: Vec<Vec<RowId>> = vec![Vec::new(); self.definition.indexes.len()];
        for (id, _, user) in &all {
            for (position, index) in self.definition.indexes.iter().enumerate() {
                if !index.covers(Some(user.discriminator())) {
                    continue;
                }
                indexed[position].push(*id);
                let paths = index.columns.iter().map(|column| &self.definition.columns[*column].path);
                let values: Vec<_> = paths.clone().map(|path| user.value_at(path.steps()).to_value()).collect();
                if index.is_unique() {
                    assert_eq!(self.get(position, &values).map(|row| row.id), Some(*id), "{}", index.name);
                }
            }
        }
        for (position, index) in self.definition.indexes.iter().enumerate() {
            // This reads the whole index, in its own order.
            let order = index.columns.iter().map(|column| by(&self.definition.columns[*column].path)).collect();
            let predicate = index.scope.map_or(Predicate::True, Predicate::Scope);
            let select = Select { order, ..select(predicate) };
            let explanation = now(self.mem.explain(&self.table, select.clone())).unwrap();
            assert_eq!(explanation.index(), Some(index.name.as_str()));
            let mut ids = self.find(select);
            ids.sort();
            assert_eq!(ids, indexed[position], "{}", index.name);
        }
    }
}

pub fn rest(rows: Rows) -> Vec<RowId> {
    now(rows.map(|row| row.unwrap().id).collect())
}

pub fn select(predicate: Predicate) -> Select {
    Select::of(predicate)
}

pub fn by(path: &Path) -> OrderBy {
    OrderBy { path: path.clone(), direction: Direction::Ascending }
}

pub fn compare(steps: &[&'static Step], comparison: Comparison, operand: impl Into<Operand>) -> Predicate {
    Predicate::Compare { path: path(steps), comparison, operand: operand.into().0 }
}

pub fn members() -> Predicate {
    Predicate::Scope(MEMBER)
}

/// An operand, made from values that are short to write.
pub struct Operand(pub Value);

impl From<i64> for Operand {
    fn from(value: i64) -> Self {
        Self(Value::Int(value))
    }
}

impl From<&str> for Operand {
    fn from(value: &str) -> Self {
        Self(Value::Text(value.into()))
    }
}

impl From<Value> for Operand {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

/// The results of a query.
#[derive(Debug, Default)]
pub struct Found {
    pub ids: Vec<RowId>,
    /// The greatest number of rows that was announced.
    pub expected: Option<usize>,
}

impl Give<MemDocument> for Found {
    fn give(&mut self, row: &Row<MemDocument>) -> Result<(), Error> {
        self.ids.push(row.id);
        Ok(())
    }

    fn expect(&mut self, rows: usize) {
        self.expected = Some(rows);
    }
}
