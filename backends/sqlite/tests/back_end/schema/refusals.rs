//! Rows and tables that the schema refuses.

use longevity::{Error, PersistentType, SqliteError};

use super::versions::{first, plain, second};
use crate::place::{Place, own};

fn refusal(place: &Place, sql: &str) -> String {
    place.raw().execute_batch(sql).unwrap_err().to_string()
}

fn fails<M: longevity::DomainModel>(place: &Place) -> SqliteError {
    let before = place.dump();
    let error = place.try_store::<M>().unwrap_err();
    assert_eq!(place.dump(), before);
    own(&error).clone()
}

#[test]
fn the_table_refuses_rows_that_no_model_would_write() {
    let place = Place::new();
    place.store::<second::Model>();
    // The stamp comes from the check of a member's row.
    let check: String =
        place.raw().query_row("SELECT sql FROM sqlite_schema WHERE name = 'user'", [], |row| row.get(0)).unwrap();
    let (_, layout) = check.split_once("WHEN 'Member' THEN (\"_layout\" = ").unwrap();
    let layout: u32 = layout.split_once(' ').unwrap().0.parse().unwrap();
    let insert = |columns: &str, values: &str| {
        format!("INSERT INTO user (_version, _layout, _doc, {columns}) VALUES (0, {layout}, '{{}}', {values})")
    };
    let unknown = insert("_type, username, city", "'Admin', 'x', 'x'");
    let lacking = insert("_type, username, city, \"Member.score\"", "'Member', 'x', 'x', 1");
    let none = insert("username, city", "'x', 'x'");
    assert!(refusal(&place, &unknown).contains("CHECK constraint failed: _rows"));
    assert!(refusal(&place, &lacking).contains("CHECK constraint failed: _rows"));
    assert!(refusal(&place, &none).contains("NOT NULL constraint failed: user._type"));
    let whole = insert("_type, username, city, \"Member.score\", \"Member.email\"", "'Member', 'x', 'x', 1, 'e'");
    place.raw().execute_batch(&whole).unwrap();
}

mod changed {
    //! One property in several types.
    macro_rules! score {
        ($name:ident, $type:ty) => {
            pub(crate) mod $name {
                use longevity::prelude::*;

                #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
                #[persistent(table = "score", index(score))]
                pub(crate) struct Score {
                    pub(crate) score: $type,
                }

                #[derive(DomainModel)]
                #[domain_model(Score)]
                pub(crate) struct Model;
            }
        };
    }

    score!(text, String);
    score!(whole, i64);
    score!(small, i8);
    score!(float, f64);
    score!(time, Timestamp);
}

#[test]
fn a_property_whose_type_changed_is_refused_with_what_to_do() {
    let place = Place::new();
    place.store::<changed::whole::Model>().repo().create(changed::whole::Score { score: 7 }).unwrap();
    for error in [fails::<changed::text::Model>(&place), fails::<changed::float::Model>(&place)] {
        let SqliteError::Incompatible { table, reason } = &error else { panic!("{error:?}") };
        assert_eq!(table, "score");
        assert!(reason.contains("column score") && reason.contains("#[persistent(name = "), "{reason}");
    }
    // A type with the same representation may replace another.
    let store = place.store::<changed::small::Model>();
    let seven = changed::small::Score::query().filter(changed::small::Score::props().score.eq(7_i8));
    assert_eq!(store.repo().count(seven).unwrap(), 1);
}

mod cased {
    //! One property under two stored names that SQLite considers equal.
    macro_rules! named {
        ($name:ident, $stored:literal) => {
            pub(crate) mod $name {
                use longevity::prelude::*;

                #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
                #[persistent(table = "cased", index(score))]
                pub(crate) struct Cased {
                    #[persistent(name = $stored)]
                    pub(crate) score: i64,
                }

                #[derive(DomainModel)]
                #[domain_model(Cased)]
                pub(crate) struct Model;
            }
        };
    }

    named!(lower, "score");
    named!(upper, "Score");
}

#[test]
fn a_stored_name_that_changed_only_in_case_is_refused_with_what_to_do() {
    let place = Place::new();
    place.store::<cased::lower::Model>();
    let SqliteError::Incompatible { table, reason } = fails::<cased::upper::Model>(&place) else { panic!() };
    assert_eq!(table, "cased");
    assert!(reason.contains("column score") && reason.contains("only in case"), "{reason}");
    assert!(reason.contains("#[persistent(name = "), "{reason}");
}

#[test]
fn a_string_that_becomes_a_time_is_read_as_a_time_or_refused() {
    let place = Place::new();
    let texts = place.store::<changed::text::Model>();
    // This is a time, but not in the form that sorts.
    texts.repo().create(changed::text::Score { score: "2024-01-01T01:00:00+01:00".to_owned() }).unwrap();
    let store = place.store::<changed::time::Model>();
    let found = |seconds: i64| {
        let time = longevity::Timestamp::from_unix(seconds, 0).unwrap();
        let query = changed::time::Score::query().filter(changed::time::Score::props().score.eq(time));
        store.repo().count(query).unwrap()
    };
    assert_eq!((found(1_704_067_200), found(0)), (1, 0));

    let texts = place.store::<changed::text::Model>();
    texts.repo().create(changed::text::Score { score: "soon".to_owned() }).unwrap();
    let before = place.dump();
    let error = place.try_store::<changed::time::Model>().unwrap_err();
    assert!(matches!(&error, Error::RowsDoNotFit { property, .. } if property == "score"), "{error:?}");
    assert!(error.to_string().contains("the row 2 has no Timestamp"), "{error}");
    assert_eq!(place.dump(), before);
}

#[test]
fn a_plain_table_does_not_become_a_poly_one_nor_the_reverse() {
    let place = Place::new();
    place.store::<plain::Model>();
    let error = fails::<first::Model>(&place).to_string();
    assert!(error.contains("belongs to a plain type") && error.contains("in another table"), "{error}");
    let place = Place::new();
    place.store::<first::Model>();
    let error = fails::<plain::Model>(&place).to_string();
    assert!(error.contains("belongs to a poly type") && error.contains("give the plain type another table"), "{error}");
}

#[test]
fn tables_and_views_of_another_program_are_not_changed() {
    for theirs in [
        "CREATE TABLE user (name TEXT, age INTEGER); INSERT INTO user VALUES ('x', 1)",
        "CREATE TABLE USER (name TEXT)",
        "CREATE TABLE user (_id TEXT, _version INTEGER, _created_at TEXT, _updated_at TEXT, _doc TEXT)",
        "CREATE VIEW user AS SELECT 1 AS one",
        "CREATE TABLE t (a); CREATE VIEW user AS SELECT 1 AS _id, 2 AS _version, 3 AS _created_at, 4 AS _updated_at, '{}' AS _doc",
    ] {
        let place = Place::new();
        place.raw().execute_batch(theirs).unwrap();
        if theirs.contains("TABLE USER") {
            // SQLite considers the names equal, but core does not, so our table gets another name.
            place.store::<first::Model>();
            continue;
        }
        let error = fails::<first::Model>(&place);
        assert!(matches!(&error, SqliteError::ForeignTable { table, .. } if table == "user"), "{error:?}");
        assert!(error.to_string().contains("#[persistent(table = "), "{error}");
    }
}

#[test]
fn an_index_with_our_name_on_another_table_is_not_changed() {
    let place = Place::new();
    place.raw().execute_batch("CREATE TABLE t (a); CREATE INDEX \"user.username.key\" ON t (a)").unwrap();
    let error = fails::<first::Model>(&place).to_string();
    assert!(error.contains("user.username.key") && error.contains("rename it"), "{error}");
}

#[test]
fn a_different_index_with_our_name_on_our_table_is_created_again() {
    let place = Place::new();
    place.store::<first::Model>();
    let sql = "DROP INDEX \"user.username.key\"; CREATE INDEX \"user.username.key\" ON user(_version)";
    place.raw().execute_batch(sql).unwrap();
    let other = Place::new();
    other.store::<first::Model>();
    place.store::<first::Model>();
    let index = |place: &Place| -> String {
        let sql = "SELECT sql FROM sqlite_schema WHERE name = 'user.username.key'";
        place.raw().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(index(&place), index(&other));
}

#[test]
fn every_operation_before_the_schema_says_what_to_do() {
    let place = Place::new();
    let store = longevity::blocking::Longevity::<first::Model, _>::open(place.sqlite()).unwrap();
    let (users, query) = (store.repo::<first::User>(), first::User::query());
    let key = first::Username("ann".into());
    let ann = first::User::Commenter(first::Commenter { username: key.clone(), city: "x".into() });
    let errors: [Option<Error>; 8] = [
        users.create(ann.clone()).err(),
        users.create_many([ann.clone(), ann]).err(),
        users.retrieve(&key).err(),
        users.find(query.clone()).err(),
        users.count(query.clone()).err(),
        users.exists(query.clone()).err(),
        users.explain(query.clone()).err(),
        users.stream(query).next().and_then(Result::err),
    ];
    for error in errors.map(Option::unwrap) {
        assert!(matches!(own(&error), SqliteError::NoSchema { .. }), "{error:?}");
        assert!(error.to_string().contains("the table user does not exist: call `create_schema` first"), "{error}");
    }
    store.create_schema().unwrap();
    assert_eq!(users.count(first::User::query()).unwrap(), 0);
}

/// A table or column that is dropped while the store is open is reported like one that was never created.
#[test]
fn a_dropped_table_is_reported_like_one_that_was_never_created() {
    let place = Place::new();
    let store = place.store::<first::Model>();
    let (users, query) = (store.repo::<first::User>(), first::User::query());
    let key = first::Username("ann".into());
    let ann = first::User::Commenter(first::Commenter { username: key.clone(), city: "x".into() });
    let kept = users.create(ann.clone()).unwrap();
    for (sql, what) in [
        ("DROP TABLE user", "the table user does not exist: call `create_schema` first"),
        ("ALTER TABLE user RENAME COLUMN username TO name", "the column username"),
    ] {
        place.raw().execute_batch(sql).unwrap();
        let by_name = query.clone().filter(first::User::props().username.gt(first::Username("a".into())));
        let errors: [Option<Error>; 10] = [
            users.create(ann.clone()).err(),
            users.create_many([ann.clone(), ann.clone()]).err(),
            users.retrieve(&key).err(),
            users.find(by_name.clone()).err(),
            users.count(by_name.clone()).err(),
            users.exists(by_name.clone()).err(),
            users.explain(by_name.clone()).err(),
            users.stream(by_name).next().and_then(Result::err),
            users.update(kept.clone()).err().map(Error::from),
            (what.contains("table")).then(|| users.delete(kept.clone()).map(drop).unwrap_err().into()),
        ];
        for error in errors.into_iter().flatten() {
            assert!(matches!(own(&error), SqliteError::NoSchema { .. }), "{error:?}");
            assert!(error.to_string().contains(what), "{error}");
        }
        if sql.starts_with("DROP") {
            store.create_schema().unwrap();
            assert_eq!(users.count(query.clone()).unwrap(), 0);
        }
    }
}
