//! A database file with a layout, and the work that is timed.

use longevity_benches::model::{Commenter, Member, User, user};
use longevity_benches::work::{email, picks, username};
use rusqlite::{Connection, Row, params};
use tempfile::TempDir;

use super::layout::Layout;

pub(crate) const ROWS: u64 = 20_000;
const SINGLES: u64 = 2_000;
const GETS: u64 = 10_000;
const QUERIES: u64 = 1_000;
const UPDATES: u64 = 2_000;
const SCANS: u64 = 2;
const FILTERS: u64 = 3;

/// The phases that are timed, in this order. Each needs the results of the phases before it.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    Batch,
    Single,
    Get,
    Query,
    UpdateCats,
    UpdateDocument,
    Scan,
    Filter,
}

pub(crate) const PHASES: [(Phase, &str, u64); 8] = [
    (Phase::Batch, "batch", ROWS),
    (Phase::Single, "single", SINGLES),
    (Phase::Get, "get", GETS),
    (Phase::Query, "query 20", QUERIES),
    (Phase::UpdateCats, "upd. cats", UPDATES),
    (Phase::UpdateDocument, "upd. doc", UPDATES),
    (Phase::Scan, "scan/row", SCANS * (ROWS + SINGLES)),
    (Phase::Filter, "filter/row", FILTERS * (ROWS + SINGLES)),
];

pub(crate) struct Store<'a> {
    pub(crate) connection: Connection,
    layout: &'a Layout,
    _directory: TempDir,
}

pub(crate) fn open(schema: &str) -> (Connection, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let connection = Connection::open(directory.path().join("layout.db")).unwrap();
    // With another setting, waiting for the disk would hide everything else.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;")
        .unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(schema).unwrap();
    (connection, directory)
}

impl<'a> Store<'a> {
    pub(crate) fn open(layout: &'a Layout) -> Self {
        let (connection, directory) = open(&layout.schema);
        Self { connection, layout, _directory: directory }
    }

    /// The size of the file, in bytes per row.
    pub(crate) fn bytes_per_row(&self) -> f64 {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, f64>(0)).unwrap();
        pragma("page_count") * pragma("page_size") / (ROWS + SINGLES) as f64
    }

    /// Runs a phase and returns what was read. At the end all writes are in the database file, not only in the log, so that no
    /// phase leaves work to the next one.
    pub(crate) fn run(&self, phase: Phase, users: &[User]) -> Vec<User> {
        let read = self.work(phase, users);
        if matches!(phase, Phase::Batch | Phase::Single | Phase::UpdateCats | Phase::UpdateDocument) {
            self.connection.query_one("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        }
        read
    }

    fn work(&self, phase: Phase, users: &[User]) -> Vec<User> {
        match phase {
            Phase::Batch => {
                self.connection.prepare_cached("BEGIN IMMEDIATE").unwrap().execute([]).unwrap();
                users[..ROWS as usize].iter().for_each(|user| self.insert(user));
                self.connection.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
                Vec::new()
            }
            Phase::Single => {
                users[ROWS as usize..].iter().for_each(|user| self.insert(user));
                Vec::new()
            }
            Phase::Get => picks(GETS, ROWS)
                .map(|pick| {
                    let mut statement = self.connection.prepare_cached(&self.layout.get).unwrap();
                    statement.query_one([&username(&users[pick as usize]).0], decode).unwrap()
                })
                .collect(),
            Phase::Query => {
                let mut found = Vec::new();
                for cats in 0..QUERIES {
                    let mut statement = self.connection.prepare_cached(&self.layout.query).unwrap();
                    found.extend(statement.query_map([cats as i64], decode).unwrap().map(Result::unwrap));
                }
                found
            }
            Phase::UpdateCats => {
                for pick in picks(UPDATES, ROWS) {
                    let mut changed = users[pick as usize].clone();
                    if let User::Member(member) = &mut changed {
                        member.num_cats += 1;
                    }
                    self.update(&self.layout.update_cats, pick, 0, &changed, true);
                }
                Vec::new()
            }
            Phase::UpdateDocument => {
                for pick in picks(UPDATES, ROWS) {
                    let mut changed = users[pick as usize].clone();
                    if let User::Member(member) = &mut changed {
                        member.num_cats += 1;
                        member.profile.tagline.push('!');
                    }
                    self.update(&self.layout.update_document, pick, 1, &changed, false);
                }
                Vec::new()
            }
            Phase::Scan => {
                let mut found = Vec::new();
                for _ in 0..SCANS {
                    let mut statement = self.connection.prepare_cached(&self.layout.scan).unwrap();
                    found = statement.query_map([], decode).unwrap().map(Result::unwrap).collect();
                }
                found
            }
            Phase::Filter => {
                for _ in 0..FILTERS {
                    let mut statement = self.connection.prepare_cached(&self.layout.filter).unwrap();
                    let count: i64 = statement.query_one(["I am the user number 9"], |row| row.get(0)).unwrap();
                    assert_eq!(count, 1);
                }
                Vec::new()
            }
        }
    }

    pub(crate) fn insert(&self, user: &User) {
        let mut statement = self.connection.prepare_cached(&self.layout.insert).unwrap();
        let (kind, document) = encode(user);
        let inserted = match statement.parameter_count() {
            2 => statement.execute(params![kind, document]),
            _ => statement.execute(params![
                kind,
                document,
                username(user).0,
                email(user).map(|email| &email.0),
                cats(user)
            ]),
        };
        assert_eq!(inserted.unwrap(), 1);
    }

    fn update(&self, sql: &str, pick: u64, version: i64, user: &User, cats_changed: bool) {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        let (_, document) = encode(user);
        let id = pick as i64 + 1;
        let updated = match (statement.parameter_count(), cats_changed) {
            (3, _) => statement.execute(params![id, version, document]),
            (4, true) => statement.execute(params![id, version, document, cats(user)]),
            _ => statement.execute(params![
                id,
                version,
                document,
                cats(user),
                username(user).0,
                email(user).map(|email| &email.0)
            ]),
        };
        assert_eq!(updated.unwrap(), 1);
    }
}

/// Everything that a round writes.
pub(crate) fn users() -> Vec<User> {
    (0..ROWS + SINGLES).map(user).collect()
}

pub(crate) fn encode(user: &User) -> (&'static str, String) {
    match user {
        User::Member(member) => ("Member", serde_json::to_string(member).unwrap()),
        User::Commenter(commenter) => ("Commenter", serde_json::to_string(commenter).unwrap()),
    }
}

/// A row with id, version, discriminator and document, as a repository would read it.
fn decode(row: &Row<'_>) -> rusqlite::Result<User> {
    let (_id, _version): (i64, i64) = (row.get(0)?, row.get(1)?);
    let document = row.get_ref(3)?.as_str().unwrap();
    Ok(match row.get_ref(2)?.as_str().unwrap() {
        "Member" => User::Member(serde_json::from_str::<Member>(document).unwrap()),
        _ => User::Commenter(serde_json::from_str::<Commenter>(document).unwrap()),
    })
}

fn cats(user: &User) -> Option<i64> {
    match user {
        User::Member(member) => Some(member.num_cats),
        User::Commenter(_) => None,
    }
}
