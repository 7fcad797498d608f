//! Damage that is done by hand, with the store's own means.

use longevity::prelude::*;
use longevity::verify::{Damage, DamageKind, Fixed, Mend};
use mongodb::bson::{Document, doc};
use rusqlite::Connection;

use super::model::{Cat, Dog, Owner, Pet, Pets, Tag};
use super::{damages, fix, mended, stocked};
use crate::stores::RUNTIME;

/// Damages a file, and returns the damages that are found and those that are left after the proposed plan was followed.
fn damaged_file(damage: &str) -> (Vec<Damage>, Vec<Damage>, Vec<Fixed>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pets.db");
    RUNTIME.block_on(async {
        drop(stocked(Sqlite::file(&path)).await);
        let shell = Connection::open(&path).unwrap();
        shell.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {damage}")).unwrap();
        drop(shell);
        let store = Longevity::<Pets, _>::open(Sqlite::file(&path)).await.unwrap();
        let found = damages(&store).await;
        let plan = store.verify().plan().await.unwrap();
        let fixed = super::all(store.fix(plan)).await;
        (found, damages(&store).await, fixed)
    })
}

fn kinds(damages: &[Damage]) -> Vec<(DamageKind, &str)> {
    damages.iter().map(|damage| (damage.kind, &*damage.subject)).collect()
}

#[test]
fn a_column_of_a_file_that_differs_is_rebuilt() {
    let (found, left, fixed) = damaged_file(
        "UPDATE pet SET \"Cat.owner\" = 'bob' WHERE tag = 1; UPDATE pet SET \"Dog.barks\" = 1 WHERE tag = 3;
         UPDATE pet SET \"_layout\" = 12 WHERE tag = 2",
    );
    let mut kinds = kinds(&found);
    kinds.sort();
    assert_eq!(
        kinds,
        [(DamageKind::Column, "Cat.owner"), (DamageKind::Column, "Dog.barks"), (DamageKind::Column, "_layout")]
    );
    assert_eq!(mended(&fixed), 3);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn references_to_a_row_whose_key_column_differs_are_kept() {
    let damage = "PRAGMA foreign_keys = OFF; UPDATE owner SET name = 'x' WHERE name = 'bob'";
    let (found, left, fixed) = damaged_file(damage);
    // The references cannot be looked up as long as the column is wrong.
    assert_eq!(kinds(&found), [(DamageKind::Column, "name")]);
    assert_eq!(mended(&fixed), 1, "{fixed:?}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn rows_that_have_exchanged_their_key_columns_are_rebuilt() {
    let damage = "UPDATE pet SET tag = -1 WHERE tag = 1; UPDATE pet SET tag = 1 WHERE tag = 2;
                  UPDATE pet SET tag = 2 WHERE tag = -1";
    let (found, left, fixed) = damaged_file(damage);
    assert_eq!(kinds(&found), [(DamageKind::Column, "tag"), (DamageKind::Column, "tag")]);
    assert_eq!(mended(&fixed), 2, "{fixed:?}");
    assert!(left.is_empty(), "{left:?}");
}

/// Changes rows while the index of the pets' tags is forgotten.
fn behind_the_index(change: &str) -> String {
    format!(
        "PRAGMA writable_schema = ON;
         CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'pet.tag.key';
         DELETE FROM sqlite_schema WHERE name = 'pet.tag.key';
         PRAGMA writable_schema = RESET;
         {change};
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema SELECT * FROM kept;
         PRAGMA writable_schema = RESET;"
    )
}

#[test]
fn an_index_of_a_file_with_an_entry_too_much_is_rebuilt() {
    let (found, left, fixed) = damaged_file(&behind_the_index("DELETE FROM pet WHERE tag = 2"));
    // The index cannot be used to find out that the cat's rival is gone.
    assert_eq!(kinds(&found), [(DamageKind::Index, "pet.tag.key")]);
    assert!(found[0].to_string().contains("wrong # of entries"), "{}", found[0]);
    assert_eq!(mended(&fixed), 1);
    assert_eq!(kinds(&left), [(DamageKind::DanglingUndeclared, "rival")]);
}

#[test]
fn an_index_of_a_file_that_lacks_an_entry_is_rebuilt() {
    let copy = "CREATE TEMP TABLE copy AS SELECT * FROM pet WHERE tag = 3;
                UPDATE copy SET \"_id\" = 99, tag = 4, \"_doc\" = '{\"tag\":4,\"barks\":7}';
                INSERT INTO pet SELECT * FROM copy";
    let (found, left, fixed) = damaged_file(&behind_the_index(copy));
    assert_eq!(kinds(&found), [(DamageKind::Index, "pet.tag.key")]);
    assert_eq!(mended(&fixed), 1);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_document_of_a_file_that_cannot_be_read_is_left_or_deleted() {
    let damage = "UPDATE pet SET \"_doc\" = '{\"tag\": 1, \"owner\": 5' WHERE tag = 1;
                  UPDATE pet SET \"_version\" = -1 WHERE tag = 2; UPDATE pet SET \"_type\" = 'Fish' WHERE tag = 3";
    let (found, left, _) = damaged_file(damage);
    let expected =
        [(DamageKind::Undecodable, ""), (DamageKind::Undecodable, ""), (DamageKind::UnknownDiscriminator, "Fish")];
    assert_eq!(kinds(&found), expected);
    assert!(found[0].to_string().contains("Cat"), "{}", found[0]);
    assert_eq!(found, left);
    assert!(found.iter().all(|damage| damage.mends() == [Mend::Leave, Mend::Delete]));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pets.db");
    RUNTIME.block_on(async {
        drop(stocked(Sqlite::file(&path)).await);
        let shell = Connection::open(&path).unwrap();
        shell.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {damage}")).unwrap();
        let store = Longevity::<Pets, _>::open(Sqlite::file(&path)).await.unwrap();
        let fixed = fix(&store, Mend::Delete).await;
        assert_eq!(mended(&fixed), 3, "{fixed:?}");
        assert!(damages(&store).await.is_empty());
        assert_eq!(store.repo::<Pet>().count(Pet::query().all()).await.unwrap(), 0);
    });
}

#[test]
fn a_file_without_a_target_that_the_shell_deleted_is_found() {
    let (found, left, fixed) = damaged_file("PRAGMA foreign_keys = OFF; DELETE FROM owner WHERE name = 'bob'");
    assert_eq!(kinds(&found), [(DamageKind::Dangling, "friends[]"), (DamageKind::Dangling, "vet")]);
    assert_eq!(mended(&fixed), 2);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn documents_of_mongodb_that_were_changed_are_found() {
    let Some((server, name)) = crate::stores::mongo_database() else { return };
    RUNTIME.block_on(async {
        let store = stocked(Mongo::new(server.uri_of(&name))).await;
        let database = mongodb::Client::with_uri_str(server.uri()).await.unwrap().database(&name);
        let pets = database.collection::<Document>("pet");
        let change = async |tag: i64, change: Document| {
            let changed = pets.update_one(doc! { "tag": tag }, change).bypass_document_validation(true).await.unwrap();
            assert_eq!(changed.modified_count, 1);
        };
        change(1, doc! { "$set": { "owner": 5 } }).await;
        change(2, doc! { "$set": { "_version": "x" } }).await;
        change(3, doc! { "$set": { "_type": "Fish" } }).await;
        database.collection::<Document>("owner").delete_one(doc! { "name": "bob" }).await.unwrap();
        let found = damages(&store).await;
        let expected =
            [(DamageKind::Undecodable, ""), (DamageKind::Undecodable, ""), (DamageKind::UnknownDiscriminator, "Fish")];
        assert_eq!(kinds(&found), expected);
        assert_eq!(mended(&fix(&store, Mend::Delete).await), 3);
        assert!(damages(&store).await.is_empty());
        assert_eq!(store.repo::<Dog>().retrieve(&Tag(3)).await.unwrap().map(drop), None);
        assert_eq!(store.repo::<Owner>().count(Owner::query().all()).await.unwrap(), 1);
        assert_eq!(store.repo::<Cat>().count(Cat::query().all()).await.unwrap(), 0);
        database.drop().await.unwrap();
    });
}
