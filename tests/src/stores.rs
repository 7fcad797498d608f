//! The stores that the suites run on, as one type: each back end as a program reaches it that chooses by an address.

use std::any::Any;

use longevity::testkit::{Fixture, with_guard};
use longevity::{AnyBackend, BoxError, Durability, Sqlite};

use crate::mongo::Scratch;

/// A kind of store. Each one that is set up is empty, and gone with its guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In memory.
    Mem,
    /// SQLite without a file.
    SqliteInMemory,
    /// SQLite in a file, in a directory of its own.
    SqliteInAFile,
    /// The same, for what does not depend on the disk: no write waits for it.
    SqliteUnsynced,
    /// A database of the process's MongoDB server.
    Mongo,
    /// The same, whose server checks each document.
    MongoValidated,
}

impl Store {
    /// What the names of cases call it.
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

    /// A new store for each case.
    pub fn fixture(self) -> impl Fixture<Backend = AnyBackend> {
        with_guard(move || self.set_up())
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
            Self::Mongo => {
                let scratch = Scratch::new()?;
                Ok((scratch.uri().parse()?, Box::new(scratch)))
            }
            Self::MongoValidated => {
                let scratch = Scratch::new()?;
                Ok((AnyBackend::Mongo(scratch.mongo().validation(true)), Box::new(scratch)))
            }
        }
    }
}
