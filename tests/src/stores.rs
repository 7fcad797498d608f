//! The stores that the suites run on, as one type: a test reaches each back end as a program does that chooses it by an address.

use std::any::Any;

use longevity::testkit::Fixture;
use longevity::{AnyBackend, BoxError, DomainModel, Durability, Sqlite};

use crate::databases::Databases;

/// A kind of store. Each store is empty at first, and is removed with its guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A store in memory.
    Mem,
    /// SQLite without a file.
    SqliteInMemory,
    /// SQLite in a file, in a directory of its own.
    SqliteInAFile,
    /// SQLite in a file, without waiting for the disk, for tests that do not depend on it.
    SqliteUnsynced,
    /// A database of the process's MongoDB server.
    Mongo,
    /// A database of that server whose collections have validators.
    MongoValidated,
}

impl Store {
    /// The name of the store in names of cases.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mem => "mem",
            Self::SqliteInMemory => "sqlite in memory",
            Self::SqliteInAFile => "sqlite in a file",
            Self::SqliteUnsynced => "sqlite in a file, unsynced",
            Self::Mongo => "mongo",
            Self::MongoValidated => "mongo, validated",
        }
    }

    /// A fixture with a store for each case of a model.
    pub fn fixture<M: DomainModel>(self) -> impl Fixture<Backend = AnyBackend> {
        let databases = match self {
            Self::Mongo => Some(Databases::new(|scratch| Ok(scratch.uri().parse()?))),
            Self::MongoValidated => {
                Some(Databases::new(|scratch| Ok(AnyBackend::Mongo(scratch.mongo().validation(true)))))
            }
            Self::Mem | Self::SqliteInMemory | Self::SqliteInAFile | Self::SqliteUnsynced => None,
        };
        Stores::<M> { store: self, databases }
    }

    fn set_up(self) -> Result<(AnyBackend, Box<dyn Any>), BoxError> {
        match self {
            Self::Mem => Ok(("mem:".parse()?, Box::new(()))),
            Self::SqliteInMemory => Ok(("sqlite::memory:".parse()?, Box::new(()))),
            Self::SqliteInAFile => {
                let directory = tempfile::tempdir()?;
                let address = format!("sqlite:{}", directory.path().join("store.db").display());
                Ok((address.parse()?, Box::new(directory)))
            }
            Self::SqliteUnsynced => {
                let directory = tempfile::tempdir()?;
                let sqlite = Sqlite::file(directory.path().join("store.db")).durability(Durability::Normal);
                Ok((AnyBackend::Sqlite(sqlite), Box::new(directory)))
            }
            Self::Mongo | Self::MongoValidated => Err("its databases are set up by the fixture of a model".into()),
        }
    }
}

struct Stores<M> {
    store: Store,
    databases: Option<Databases<M, AnyBackend>>,
}

impl<M: DomainModel> Fixture for Stores<M> {
    type Backend = AnyBackend;
    type Guard = Box<dyn Any>;

    fn set_up(&self) -> Result<(AnyBackend, Box<dyn Any>), BoxError> {
        self.databases.as_ref().map_or_else(|| self.store.set_up(), Databases::set_up)
    }

    fn set_up_for_schema(&self) -> Result<(AnyBackend, Box<dyn Any>), BoxError> {
        self.databases.as_ref().map_or_else(|| self.store.set_up(), Databases::set_up_for_schema)
    }
}
