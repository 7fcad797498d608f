//! A store for the one model of the benchmarks, written by hand on rusqlite. It has a JSON document and the columns that keys and
//! indexes need, one connection that writes and one that reads, cached statements, and an optimistic lock.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use rusqlite::{Connection, Row, ToSql, params};

use crate::model::{Email, User, Username};
use crate::work::username;

const SCHEMA: &str = r#"
    CREATE TABLE "user" ("_id" INTEGER PRIMARY KEY AUTOINCREMENT, "_type" TEXT NOT NULL, "_version" INTEGER NOT NULL, "_layout" INTEGER NOT NULL,
        "_created_at" TEXT, "_updated_at" TEXT, "username" TEXT NOT NULL, "Member.email" TEXT, "Member.num_cats" INTEGER,
        "_doc" TEXT NOT NULL, CONSTRAINT "_variants" CHECK (CASE "_type"
            WHEN 'Member' THEN "Member.email" NOTNULL AND "Member.num_cats" NOTNULL WHEN 'Commenter' THEN 1 ELSE 0 END))
        STRICT;
    CREATE UNIQUE INDEX "user.username.key" ON "user"("username");
    CREATE UNIQUE INDEX "user.Member.email.key" ON "user"("_type", "Member.email") WHERE "_type" = 'Member';
    CREATE INDEX "user.Member.num_cats+username.index" ON "user"("_type", "Member.num_cats", "username") WHERE "_type" = 'Member';
    CREATE INDEX "user._type.index" ON "user"("_type" || '');"#;

const INSERT: &str = r#"INSERT INTO "user" ("_type", "_version", "_layout", "username", "Member.email", "Member.num_cats",
    "_doc") VALUES (?1, 0, 1, ?2, ?3, ?4, ?5)"#;
const GET: &str = r#"SELECT "_id", "_version", "_type", "_doc" FROM "user" WHERE "username" = ?1"#;
const GET_BY_EMAIL: &str = r#"SELECT "_id", "_version", "_type", "_doc" FROM "user"
    WHERE "_type" = 'Member' AND "Member.email" = ?1"#;
const MANY_CATS: &str = r#"SELECT "_id", "_version", "_type", "_doc" FROM "user"
    WHERE "_type" = 'Member' AND "Member.num_cats" >= ?1 ORDER BY "Member.num_cats", "username" LIMIT 20"#;
const ALL: &str = r#"SELECT "_id", "_version", "_type", "_doc" FROM "user""#;
const UPDATE_MEMBER: &str = r#"UPDATE "user" SET "_version" = ?2 + 1, "_doc" = ?3, "Member.num_cats" = ?4
    WHERE "_id" = ?1 AND "_version" = ?2 AND "_type" = 'Member'"#;
const UPDATE_COMMENTER: &str = r#"UPDATE "user" SET "_version" = ?2 + 1, "_doc" = ?3
    WHERE "_id" = ?1 AND "_version" = ?2 AND "_type" = 'Commenter'"#;
const DELETE: &str = r#"DELETE FROM "user" WHERE "_id" = ?1 AND "_version" = ?2"#;
const EXISTS: &str = r#"SELECT count(*) FROM "user" WHERE "_id" = ?1"#;

/// When a commit waits for the disk.
#[derive(Clone, Copy, Debug)]
pub enum Synchronous {
    /// At every commit, so that a commit survives a power cut.
    Full,
    /// At checkpoints.
    Normal,
}

/// A value with the id and the version, which its writer needs.
#[derive(Debug)]
pub struct State {
    id: i64,
    version: i64,
    /// The value.
    pub user: User,
}

/// Why a write was refused.
#[derive(Debug)]
pub enum Refused {
    /// A key is taken, in SQLite's words.
    Duplicate(String),
    /// The row is gone.
    Gone,
    /// The row has another version.
    Changed,
}

/// The store.
#[derive(Debug)]
pub struct Sqlite {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl Sqlite {
    /// Opens a new file.
    pub fn create_file(path: &Path, synchronous: Synchronous) -> Self {
        let connect = || {
            let connection = Connection::open(path).unwrap();
            connection.pragma_update(None, "journal_mode", "WAL").unwrap();
            connection.pragma_update(None, "synchronous", format!("{synchronous:?}")).unwrap();
            connection.pragma_update(None, "cache_size", -65_536).unwrap();
            connection.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(())).unwrap();
            connection
        };
        let writer = connect();
        writer.execute_batch(SCHEMA).unwrap();
        Self { writer: Mutex::new(writer), reader: Mutex::new(connect()) }
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap()
    }

    /// Inserts a row.
    pub fn create(&self, user: User) -> Result<State, Refused> {
        let writing = Writing::of(user);
        writing.insert(&self.writer())
    }

    /// Inserts all rows or none.
    pub fn create_many(&self, users: Vec<User>) -> Result<Vec<State>, Refused> {
        let writings: Vec<_> = users.into_iter().map(Writing::of).collect();
        let writer = self.writer();
        run(&writer, "BEGIN IMMEDIATE");
        let states: Result<Vec<_>, _> = writings.into_iter().map(|writing| writing.insert(&writer)).collect();
        run(&writer, if states.is_ok() { "COMMIT" } else { "ROLLBACK" });
        states
    }

    /// By the poly type's key.
    pub fn get(&self, username: &Username) -> Option<State> {
        self.read(GET, &username.0).pop()
    }

    /// By a member's key.
    pub fn get_by_email(&self, email: &Email) -> Option<State> {
        self.read(GET_BY_EMAIL, &email.0).pop()
    }

    /// The first 20 members with at least this many cats, in the order of cats and user name.
    pub fn with_cats(&self, cats: i64) -> Vec<State> {
        self.read(MANY_CATS, cats)
    }

    /// Every row.
    pub fn all(&self) -> Vec<State> {
        let reader = self.reader.lock().unwrap();
        let mut statement = reader.prepare_cached(ALL).unwrap();
        statement.query_map([], decode).unwrap().map(Result::unwrap).collect()
    }

    fn read(&self, sql: &str, parameter: impl ToSql) -> Vec<State> {
        read(&self.reader.lock().unwrap(), sql, parameter)
    }

    /// Updates a member of whom no key but the number of cats has changed, as in the benchmark.
    pub fn update(&self, state: State) -> Result<State, Refused> {
        let (_, document) = encode(&state.user);
        update(&self.writer(), state, &document)
    }

    /// Does the work in a transaction.
    pub fn transaction<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Refused>) -> Result<T, Refused> {
        let transaction = Transaction(self.writer());
        run(&transaction.0, "BEGIN IMMEDIATE");
        let result = work(&transaction);
        run(&transaction.0, if result.is_ok() { "COMMIT" } else { "ROLLBACK" });
        result
    }

    /// Deletes the row if it is unchanged.
    pub fn delete(&self, state: State) -> Result<User, Refused> {
        let writer = self.writer();
        let deleted = writer.prepare_cached(DELETE).unwrap().execute([state.id, state.version]);
        found(&writer, &state, deleted)?;
        Ok(state.user)
    }
}

/// The connection that writes, in a transaction.
#[derive(Debug)]
pub struct Transaction<'a>(MutexGuard<'a, Connection>);

impl Transaction<'_> {
    /// Inserts a row.
    pub fn create(&self, user: User) -> Result<State, Refused> {
        Writing::of(user).insert(&self.0)
    }

    /// By the poly type's key.
    pub fn get(&self, username: &Username) -> Option<State> {
        read(&self.0, GET, &username.0).pop()
    }

    /// Updates a row like [`Sqlite::update`].
    pub fn update(&self, state: State) -> Result<State, Refused> {
        let (_, document) = encode(&state.user);
        update(&self.0, state, &document)
    }
}

fn read(connection: &Connection, sql: &str, parameter: impl ToSql) -> Vec<State> {
    let mut statement = connection.prepare_cached(sql).unwrap();
    statement.query_map([parameter], decode).unwrap().map(Result::unwrap).collect()
}

fn update(writer: &Connection, mut state: State, document: &str) -> Result<State, Refused> {
    let changed = match &state.user {
        User::Member(member) => {
            let mut statement = writer.prepare_cached(UPDATE_MEMBER).unwrap();
            statement.execute(params![state.id, state.version, document, member.num_cats])
        }
        User::Commenter(_) => {
            let mut statement = writer.prepare_cached(UPDATE_COMMENTER).unwrap();
            statement.execute(params![state.id, state.version, document])
        }
    };
    found(writer, &state, changed)?;
    state.version += 1;
    Ok(state)
}

/// A row before it has an id. It is encoded before the connection is locked.
struct Writing {
    user: User,
    kind: &'static str,
    document: String,
}

impl Writing {
    fn of(user: User) -> Self {
        let (kind, document) = encode(&user);
        Self { user, kind, document }
    }

    fn insert(self, writer: &Connection) -> Result<State, Refused> {
        let (email, cats) = match &self.user {
            User::Member(member) => (Some(&member.email.0), Some(member.num_cats)),
            User::Commenter(_) => (None, None),
        };
        let mut statement = writer.prepare_cached(INSERT).unwrap();
        let inserted = statement.execute(params![self.kind, username(&self.user).0, email, cats, self.document]);
        inserted.map_err(refused)?;
        Ok(State { id: writer.last_insert_rowid(), version: 0, user: self.user })
    }
}

fn run(writer: &Connection, sql: &str) {
    writer.prepare_cached(sql).unwrap().execute([]).unwrap();
}

/// Checks that a write found its row, or says why it did not.
fn found(writer: &Connection, state: &State, rows: rusqlite::Result<usize>) -> Result<(), Refused> {
    if rows.map_err(refused)? == 1 {
        return Ok(());
    }
    let mut statement = writer.prepare_cached(EXISTS).unwrap();
    match statement.query_one([state.id], |row| row.get::<_, i64>(0)).unwrap() {
        0 => Err(Refused::Gone),
        _ => Err(Refused::Changed),
    }
}

fn refused(error: rusqlite::Error) -> Refused {
    assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::ConstraintViolation), "{error}");
    Refused::Duplicate(error.to_string())
}

fn encode(user: &User) -> (&'static str, String) {
    match user {
        User::Member(member) => ("Member", serde_json::to_string(member).unwrap()),
        User::Commenter(commenter) => ("Commenter", serde_json::to_string(commenter).unwrap()),
    }
}

fn decode(row: &Row<'_>) -> rusqlite::Result<State> {
    let document = row.get_ref(3)?.as_str()?;
    let user = match row.get_ref(2)?.as_str()? {
        "Member" => User::Member(serde_json::from_str(document).unwrap()),
        _ => User::Commenter(serde_json::from_str(document).unwrap()),
    };
    Ok(State { id: row.get(0)?, version: row.get(1)?, user })
}
