//! The cost of different forms of a statement on the planned layout: limits and discriminators that are bound or literal,
//! transactions around one write, and filters that no index serves.

use std::time::Instant;

use longevity_benches::model::Member;
use longevity_benches::rounds::median;
use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, StatementStatus, params};

use super::layout::{Layout, PLANNED};
use super::path::text_at;
use super::store::{Phase, ROWS, Store, users};

const RUNS: u64 = 2_000;
const WRITES: u64 = 1_000;
const FILTERS: u64 = 2;
const TAGLINE: &str = "I am the user number 9";

/// A form of a statement. It does the work of one round and returns the number of operations.
type Form<'a> = (&'static str, Box<dyn FnMut() -> u64 + 'a>);

pub(crate) fn compare(rounds: usize) {
    let layout = Layout::new("", PLANNED);
    let [store, qpsg] = [Store::open(&layout), Store::open(&layout)];
    let users = users();
    for store in [&store, &qpsg] {
        store.run(Phase::Batch, &users);
        register(&store.connection);
    }
    qpsg.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    let [connection, stable] = [&store.connection, &qpsg.connection];

    let select = |kind: &str, limit: &str| {
        format!(
            r#"SELECT _id FROM "user" WHERE _type = {kind} AND "Member.num_cats" >= ?1
               ORDER BY "Member.num_cats", "username" LIMIT {limit}"#
        )
    };
    let query = |connection, kind, limit| find(connection, select(kind, limit));
    measure(
        "one id, ordered by an index",
        rounds,
        vec![
            ("literals", query(connection, "'Member'", "1")),
            ("LIMIT ?", query(connection, "'Member'", "?2")),
            ("LIMIT +?", query(connection, "'Member'", "+?2")),
            ("_type = ?", query(connection, "?3", "+?2")),
            ("literals, QPSG", query(stable, "'Member'", "1")),
            ("LIMIT ?, QPSG", query(stable, "'Member'", "?2")),
            ("_type = ?, QPSG", query(stable, "?3", "+?2")),
        ],
    );

    let update = r#"UPDATE "user" SET _version = _version + 1 WHERE _id = ?1"#;
    measure(
        "one small write",
        rounds,
        vec![
            ("autocommit", writes(connection, &["", update, ""])),
            ("BEGIN IMMEDIATE .. COMMIT", writes(connection, &["BEGIN IMMEDIATE", update, "COMMIT"])),
            ("BEGIN .. COMMIT", writes(connection, &["BEGIN", update, "COMMIT"])),
            ("SAVEPOINT .. RELEASE", writes(connection, &["SAVEPOINT s", update, "RELEASE s"])),
        ],
    );

    let member = r#"SELECT count(*) FROM "user" WHERE _type = 'Member' AND "#;
    let count = |condition: &str| filter(connection, format!("{member}{condition}"));
    measure(
        "unindexed filter, per row of the table",
        rounds,
        vec![
            ("_doc ->> path", count("_doc ->> '$.profile.tagline' = ?1")),
            ("json_extract", count("json_extract(_doc, '$.profile.tagline') = ?1")),
            ("function: the value", count("text_at(_doc, 'profile.tagline') = ?1")),
            ("function: the comparison", count("text_is(_doc, 'profile.tagline', ?1)")),
            ("function: whole document", count("tagline_is(_doc, ?1)")),
            ("read, then compared in Rust", Box::new(|| filter_here(connection))),
        ],
    );
}

fn measure(title: &str, rounds: usize, mut forms: Vec<Form<'_>>) {
    let mut times = vec![Vec::new(); forms.len()];
    for round in 0..=rounds {
        for turn in 0..forms.len() {
            let form = (turn + round) % forms.len();
            let start = Instant::now();
            let operations = forms[form].1();
            if round > 0 {
                times[form].push(start.elapsed().as_nanos() as f64 / 1e3 / operations as f64);
            }
        }
    }
    println!("\n{title}");
    for ((name, _), figures) in forms.iter().zip(&times) {
        let ratios = figures.iter().zip(&times[0]).map(|(time, base)| time / base).collect();
        println!("    {name:<32}{:>8.2} ({:.2})", median(figures.clone()), median(ratios));
    }
}

fn find(connection: &Connection, sql: String) -> Box<dyn FnMut() -> u64 + '_> {
    let mut told = false;
    Box::new(move || {
        for run in 0..RUNS {
            let mut statement = connection.prepare_cached(&sql).unwrap();
            let cats = (run % 2_000) as i64;
            let id: rusqlite::Result<i64> = match statement.parameter_count() {
                1 => statement.query_one([cats], |row| row.get(0)),
                2 => statement.query_one([cats, 1], |row| row.get(0)),
                _ => statement.query_one(params![cats, 1, "Member"], |row| row.get(0)),
            };
            assert!(id.is_ok());
        }
        let statement = connection.prepare_cached(&sql).unwrap();
        let compiled = statement.get_status(StatementStatus::RePrepare);
        if compiled > 0 && !told {
            told = true;
            println!(
                "\nrecompiled {compiled} times in {RUNS} runs: {}",
                sql.split_whitespace().collect::<Vec<_>>().join(" ")
            );
        }
        RUNS
    })
}

fn writes<'a>(connection: &'a Connection, [begin, update, end]: &[&'static str; 3]) -> Box<dyn FnMut() -> u64 + 'a> {
    let (begin, update, end) = (*begin, *update, *end);
    Box::new(move || {
        for run in 0..WRITES {
            if !begin.is_empty() {
                connection.prepare_cached(begin).unwrap().execute([]).unwrap();
            }
            let id = (run.wrapping_mul(7_919) % ROWS + 1) as i64;
            assert_eq!(connection.prepare_cached(update).unwrap().execute([id]).unwrap(), 1);
            if !end.is_empty() {
                connection.prepare_cached(end).unwrap().execute([]).unwrap();
            }
        }
        WRITES
    })
}

fn filter(connection: &Connection, sql: String) -> Box<dyn FnMut() -> u64 + '_> {
    Box::new(move || {
        for _ in 0..FILTERS {
            let mut statement = connection.prepare_cached(&sql).unwrap();
            assert_eq!(statement.query_one([TAGLINE], |row| row.get::<_, i64>(0)).unwrap(), 1);
        }
        FILTERS * ROWS
    })
}

/// Reads every member and compares it in Rust.
fn filter_here(connection: &Connection) -> u64 {
    for _ in 0..FILTERS {
        let mut statement = connection.prepare_cached(r#"SELECT _doc FROM "user" WHERE _type = 'Member'"#).unwrap();
        let members = statement.query_map([], |row| Ok(serde_json::from_str(row.get_ref(0)?.as_str()?).unwrap()));
        let found = members.unwrap().filter(|member| {
            let member: &Member = member.as_ref().unwrap();
            member.profile.tagline == TAGLINE
        });
        assert_eq!(found.count(), 1);
    }
    FILTERS * ROWS
}

fn register(connection: &Connection) {
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    // A path that is a literal is split only once.
    fn path(context: &Context<'_>) -> rusqlite::Result<std::sync::Arc<Vec<String>>> {
        context.get_or_create_aux(1, |path| path.as_str().map(|path| path.split('.').map(str::to_owned).collect()))
    }
    connection
        .create_scalar_function("text_at", 2, flags, |context| {
            Ok(text_at(context.get_raw(0).as_str()?, &path(context)?, str::to_owned))
        })
        .unwrap();
    connection
        .create_scalar_function("text_is", 3, flags, |context| {
            let wanted = context.get_raw(2).as_str()?;
            Ok(text_at(context.get_raw(0).as_str()?, &path(context)?, |text| text == wanted).unwrap_or(false))
        })
        .unwrap();
    connection
        .create_scalar_function("tagline_is", 2, flags, |context| {
            let member: Member = serde_json::from_str(context.get_raw(0).as_str()?).unwrap();
            Ok(member.profile.tagline == context.get_raw(1).as_str()?)
        })
        .unwrap();
}
