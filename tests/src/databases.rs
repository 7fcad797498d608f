//! MongoDB databases that cases reuse one after the other, each with its connections: connecting, and creating tables and
//! indexes, takes longer than most cases do.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::testkit::Fixture;
use longevity::{BoxError, DomainModel, Mongo};
use mongodb::Database;
use mongodb::bson::{Document, doc};

use crate::mongo::{Scratch, driver, send};

/// A database for each case of a model. If a case leaves only the tables that `create_schema` makes, their rows are deleted and
/// another case gets the database.
pub struct Databases<M, B> {
    connect: fn(&Scratch) -> Result<B, BoxError>,
    pool: Arc<Pool<B>>,
    model: PhantomData<fn() -> M>,
}

struct Pool<B> {
    /// The collections that `create_schema` makes.
    schema: OnceLock<Result<Vec<Document>, String>>,
    free: Mutex<Vec<(Scratch, B)>>,
}

/// Databases for the type [`Mongo`] itself.
pub fn natively<M: DomainModel>() -> Databases<M, Mongo> {
    Databases::new(|scratch| Ok(scratch.mongo()))
}

impl<M: DomainModel, B: Backend + Clone> Databases<M, B> {
    /// Databases that the back end connects to by this function.
    pub fn new(connect: fn(&Scratch) -> Result<B, BoxError>) -> Self {
        let pool = Pool { schema: OnceLock::new(), free: Mutex::new(Vec::new()) };
        Self { connect, pool: Arc::new(pool), model: PhantomData }
    }

    /// Creates the schema once, to record what it consists of.
    fn schema(&self) -> Result<Vec<Document>, BoxError> {
        let scratch = Scratch::new()?;
        let backend = (self.connect)(&scratch)?;
        Longevity::<M, _>::open(backend.clone())?.create_schema()?;
        let name = scratch.name().to_owned();
        let schema = driver(scratch.server(), |client| async move { schema_of(&client.database(&name)).await })?;
        self.pool.put(scratch, backend);
        Ok(schema)
    }
}

impl<M: DomainModel, B: Backend + Clone> Fixture for Databases<M, B> {
    type Backend = B;
    type Guard = Box<dyn Any>;

    fn set_up(&self) -> Result<(B, Box<dyn Any>), BoxError> {
        let scratch = Scratch::new()?;
        Ok(((self.connect)(&scratch)?, Box::new(scratch)))
    }

    fn set_up_for_schema(&self) -> Result<(B, Box<dyn Any>), BoxError> {
        let schema = self.pool.schema.get_or_init(|| self.schema().map_err(|error| error.to_string()));
        schema.as_ref().map_err(String::as_str)?;
        let (scratch, backend) = match self.pool.take() {
            Some(free) => free,
            None => {
                let scratch = Scratch::new()?;
                let backend = (self.connect)(&scratch)?;
                (scratch, backend)
            }
        };
        let lent = Some((scratch, backend.clone()));
        Ok((backend, Box::new(Lent { pool: Arc::clone(&self.pool), lent })))
    }
}

impl<B> Pool<B> {
    fn take(&self) -> Option<(Scratch, B)> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, scratch: Scratch, backend: B) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push((scratch, backend));
    }

    /// Deletes all rows. Returns whether the database is then like a new one with its schema.
    async fn clear(&self, database: &Database) -> mongodb::error::Result<bool> {
        let found = schema_of(database).await?;
        if !matches!(self.schema.get(), Some(Ok(schema)) if *schema == found) {
            return Ok(false);
        }
        for name in found.iter().filter_map(|table| table.get_str("name").ok()) {
            database.collection::<Document>(name).delete_many(doc! {}).await?;
        }
        Ok(true)
    }
}

/// A database that is cleared in the background after its case.
struct Lent<B: Send + 'static> {
    pool: Arc<Pool<B>>,
    lent: Option<(Scratch, B)>,
}

impl<B: Send + 'static> Drop for Lent<B> {
    fn drop(&mut self) {
        let Some((scratch, backend)) = self.lent.take() else { return };
        let pool = Arc::clone(&self.pool);
        send(scratch.server(), move |client| async move {
            match pool.clear(&client.database(scratch.name())).await {
                Ok(true) => pool.put(scratch, backend),
                Ok(false) => {}
                Err(error) => eprintln!("the database {} was not cleared: {error}", scratch.name()),
            }
        });
    }
}

/// The collections of a database, in the order of their names, each with its options and its indexes.
async fn schema_of(database: &Database) -> mongodb::error::Result<Vec<Document>> {
    let mut collections = batch(database, doc! { "listCollections": 1 }).await?;
    collections.sort_by(|one, other| one.get_str("name").ok().cmp(&other.get_str("name").ok()));
    let mut schema = Vec::new();
    for collection in collections {
        let name = collection.get_str("name").unwrap_or_default();
        let mut indexes = batch(database, doc! { "listIndexes": name }).await?;
        indexes.sort_by(|one, other| one.get_str("name").ok().cmp(&other.get_str("name").ok()));
        let options = collection.get("options").cloned().unwrap_or_default();
        schema.push(doc! { "name": name, "options": options, "indexes": indexes });
    }
    Ok(schema)
}

/// The first batch of a command's cursor: it has room for more collections or indexes than any test model has.
async fn batch(database: &Database, command: Document) -> mongodb::error::Result<Vec<Document>> {
    let reply = database.run_command(command).await?;
    let listed = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    Ok(listed.into_iter().flatten().filter_map(|listed| listed.as_document().cloned()).collect())
}
