//! Back ends that return something other than what was stored.

use longevity::backend::{
    AllWritten, Backend, ByKind, Capabilities, Lookup, Session, Target, WriteFailure, Writes, Written,
};
use longevity::backend::{InPlace, Select};
use longevity::testkit::decorate::{Decorator, Rows};
use longevity::{Error, Mem, RowId, Timestamp};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::poly::Office;
use longevity_tests::models::primary_keys::PrimaryKeys;

use crate::fails;
use crate::mem_rows::{Document, Row, RowContent, Table, all};

/// Returns each row with the document of the next row.
pub(crate) struct MixesDocuments;

impl Decorator<Mem> for MixesDocuments {
    async fn find(&self, inner: &Mem, table: &Table, select: Select) -> Result<Rows<Mem>, Error> {
        let mut rows = inner.find(table, select).await?;
        let mut docs: Vec<_> = rows.iter().map(|row| row.doc.clone()).collect();
        if !docs.is_empty() {
            docs.rotate_left(1);
        }
        for (row, doc) in rows.iter_mut().zip(docs) {
            row.doc = doc;
        }
        Ok(rows)
    }
}

#[test]
fn documents_are_mixed_up() {
    fails::<Blogging, _>(|| MixesDocuments, &["blogging::blog::create", "blogging::blog::update"]);
}

/// Reports writes as done without doing them.
pub(crate) struct DropsWrites;

impl Decorator<Mem> for DropsWrites {
    async fn replace(&self, _: &Mem, _: &Table, target: Target<'_>, _: RowContent) -> Result<u64, WriteFailure> {
        Ok(target.version.unwrap_or_default() + 1)
    }

    async fn delete(&self, _: &Mem, _: &Table, _: Target<'_>) -> Result<(), WriteFailure> {
        Ok(())
    }
}

#[test]
fn writes_are_dropped() {
    let cases = [
        "blogging::blog::update",
        "blogging::blog::update by uri",
        "blogging::blog::delete",
        "blogging::member::see creates through the poly repository",
        "blogging::blog::drop a stream",
    ];
    fails::<Blogging, _>(|| DropsWrites, &cases);
    fails::<PrimaryKeys, _>(|| DropsWrites, &["primary_keys::plain::update"]);
}

/// Finds the row that is to be patched, and reports the patch as done.
pub(crate) struct LosesPatches;

impl Decorator<Mem> for LosesPatches {
    async fn patch(
        &self,
        inner: &Mem,
        table: &Table,
        lookup: Lookup<'_>,
        _: &[InPlace],
        _: Option<Timestamp>,
    ) -> Result<Option<Row>, Error> {
        inner.get(table, lookup).await
    }
}

/// Does all of several writes except the last.
pub(crate) struct ForgetsTheLast;

impl Decorator<Mem> for ForgetsTheLast {
    async fn write_many(
        &self,
        inner: &Mem,
        table: &Table,
        mut writes: Writes<'_, Document>,
    ) -> Result<AllWritten<Document>, (usize, WriteFailure)> {
        if writes.len() > 1 {
            writes.pop();
        }
        inner.write(table, writes).await
    }
}

/// Does not return the rows before the writes, or returns other rows.
#[derive(Clone, Copy)]
enum ReturnsOtherRows {
    NotBeforeAReplacement,
    NotBeforeADelete,
    OfTheNextVersion,
    OfAnother,
}

impl Decorator<Mem> for ReturnsOtherRows {
    async fn write_many(
        &self,
        inner: &Mem,
        table: &Table,
        writes: Writes<'_, Document>,
    ) -> Result<AllWritten<Document>, (usize, WriteFailure)> {
        let mut written = inner.write(table, writes).await?;
        let other = all(inner, table).await.pop();
        for written in &mut written {
            match (self, written) {
                (Self::NotBeforeAReplacement, Written::Replaced(_, before))
                | (Self::NotBeforeADelete, Written::Deleted(before)) => *before = None,
                (Self::OfTheNextVersion, Written::Replaced(version, Some(row))) => row.version = *version,
                (Self::OfAnother, Written::Replaced(_, Some(row)) | Written::Deleted(Some(row))) => {
                    if let Some(other) = &other {
                        row.doc.clone_from(&other.doc);
                    }
                }
                _ => {}
            }
        }
        Ok(written)
    }
}

#[test]
fn the_row_before_a_write_is_wrong_or_missing() {
    use ReturnsOtherRows as Returns;
    for broken in
        [Returns::NotBeforeAReplacement, Returns::NotBeforeADelete, Returns::OfTheNextVersion, Returns::OfAnother]
    {
        let cases =
            ["blogging::member::return the row before a write", "blogging::blog::return the row before a write"];
        fails::<Blogging, _>(move || broken, &cases);
    }
}

/// Inserts the rows of a batch one by one, up to the first that fails.
pub(crate) struct BatchesOneByOne;

impl Decorator<Mem> for BatchesOneByOne {
    async fn insert_many(
        &self,
        inner: &Mem,
        table: &Table,
        contents: Vec<RowContent>,
    ) -> Result<Vec<RowId>, (usize, WriteFailure)> {
        let mut ids = Vec::new();
        for (position, content) in contents.into_iter().enumerate() {
            ids.push(inner.insert(table, content).await.map_err(|failure| (position, failure))?);
        }
        Ok(ids)
    }
}

#[test]
fn batches_are_half_done() {
    let cases = [
        "blogging::blog::create none of many with a duplicate uri",
        "blogging::user::create none of many with a duplicate username",
    ];
    fails::<Blogging, _>(|| BatchesOneByOne, &cases);
}

/// Returns the ids of a batch in another order.
pub(crate) struct ShufflesBatches;

impl Decorator<Mem> for ShufflesBatches {
    async fn insert_many(
        &self,
        inner: &Mem,
        table: &Table,
        contents: Vec<RowContent>,
    ) -> Result<Vec<RowId>, (usize, WriteFailure)> {
        let mut ids = inner.insert_many(table, contents).await?;
        ids.reverse();
        Ok(ids)
    }
}

#[test]
fn batches_are_out_of_order() {
    fails::<Blogging, _>(|| ShufflesBatches, &["blogging::blog::create many"]);
}

/// Starts with empty tables whenever the schema is created.
pub(crate) struct SchemaDestroys;

impl Decorator<Mem> for SchemaDestroys {
    async fn create_schema(&self, inner: &Mem, tables: &[&Table]) -> Result<(), Error> {
        inner.create_schema(tables).await?;
        for table in tables {
            for row in all(inner, table).await {
                let target = Target { id: row.id, version: None, scope: None, primary_key: None, before: false };
                let deleted = inner.delete(table, target).await;
                deleted.map_err(|_| Error::Unsupported { backend: "mem", operation: "test" })?;
            }
        }
        Ok(())
    }
}

#[test]
fn a_schema_destroys_data() {
    let cases = ["blogging::blog::create the schema again", "blogging::user::refuse an unknown discriminator"];
    fails::<Blogging, _>(|| SchemaDestroys, &cases);
    fails::<Office, _>(|| SchemaDestroys, &["office::letter::take over the table of a version that wrote Post"]);
}

/// Keeps no timestamps.
pub(crate) struct NoTimestamps;

impl Decorator<Mem> for NoTimestamps {
    async fn insert(&self, inner: &Mem, table: &Table, content: RowContent) -> Result<RowId, WriteFailure> {
        inner.insert(table, RowContent { written_at: None, ..content }).await
    }
}

/// Keeps the time of the first write only.
pub(crate) struct FirstTimestamp;

impl Decorator<Mem> for FirstTimestamp {
    async fn replace(
        &self,
        inner: &Mem,
        table: &Table,
        target: Target<'_>,
        content: RowContent,
    ) -> Result<u64, WriteFailure> {
        inner.replace(table, target, RowContent { written_at: None, ..content }).await
    }
}

#[test]
fn timestamps_are_lost() {
    fails::<Blogging, _>(|| NoTimestamps, &["blogging::blog::keep timestamps"]);
    fails::<Blogging, _>(|| FirstTimestamp, &["blogging::blog::keep timestamps"]);
}

/// Declares no capabilities. The cases that need them then check that operations are refused, and pass.
pub(crate) struct Declares(pub(crate) Capabilities);

impl Decorator<Mem> for Declares {
    fn capabilities(&self, _: &Mem) -> Capabilities {
        self.0
    }
}

#[test]
fn a_back_end_without_capabilities_passes() {
    use longevity::testkit::RepoCrudSpec;
    let without = || crate::broken_by(Declares(Capabilities::none()));
    let report = RepoCrudSpec::<Blogging>::new().samples(4).run(without);
    assert!(report.has_passed(), "{report}");
    let skipped: Vec<_> = report.skipped().map(|(name, _)| name).collect();
    let needs_batches = [
        "create none of many",
        "delete by query",
        "row before a write",
        "write all or none of many",
        "only after many writes",
    ];
    assert!(skipped.iter().all(|name| needs_batches.iter().any(|needs| name.contains(needs))), "{skipped:?}");
}

/// Panics.
pub(crate) struct Panics;

impl Decorator<Mem> for Panics {
    async fn insert(&self, _: &Mem, _: &Table, _: RowContent) -> Result<RowId, WriteFailure> {
        panic!("out of order")
    }
}

#[test]
fn a_panic_is_a_failure_with_its_message() {
    use longevity::testkit::RepoCrudSpec;
    let report = RepoCrudSpec::<Blogging>::new()
        .seed(7)
        .run_only(|| crate::broken_by(Panics), |name| name == "blogging::blog::create on mem");
    let failed: Vec<_> = report.failed().collect();
    assert_eq!(failed, [("blogging::blog::create on mem", "panic: out of order")]);
    assert!(report.to_string().contains("1 of 1 cases failed; repeat with LONGEVITY_SEED=7"), "{report}");
}
