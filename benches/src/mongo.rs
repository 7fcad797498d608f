//! A store for the one model of the benchmarks, written by hand on MongoDB's official driver. It has a typed collection, one flat
//! struct for both variants, which serde reads faster than a tagged enum or flattened fields, and an optimistic lock in the
//! filter of each write.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{self, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::{ClientOptions, IndexOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Collection, Cursor, IndexModel};
use serde::{Deserialize, Serialize};

use crate::model::{Commenter, Email, Member, Profile, User, Username};

/// The server's code for a duplicate value in a unique index.
const DUPLICATE: &str = "E11000";

/// A document, with the fields of both variants and the fields that only members have.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    _id: ObjectId,
    _type: Kind,
    _version: i64,
    username: Username,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_cats: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Kind {
    Member,
    Commenter,
}

/// A value with the id and the version, which its writer needs.
#[derive(Debug)]
pub struct State {
    pub(crate) id: ObjectId,
    pub(crate) version: i64,
    /// The value.
    pub user: User,
}

/// Why a write was refused.
#[derive(Debug)]
pub enum Refused {
    /// A key is taken, in the server's words.
    Duplicate(String),
    /// The row is gone.
    Gone,
    /// The row has another version.
    Changed,
}

/// The store.
#[derive(Debug)]
pub struct Mongo {
    pub(crate) client: Client,
    pub(crate) users: Collection<Stored>,
}

impl Mongo {
    /// Creates the collection and its indexes in a database. Writes are acknowledged by a majority, and reads see what a majority
    /// has.
    pub async fn create(uri: &str, database: &str) -> Self {
        let store = Self::open(uri, database).await;
        let of_members = || IndexOptions::builder().partial_filter_expression(doc! { "_type": "Member" });
        let indexes = [
            (doc! { "username": 1 }, IndexOptions::builder().unique(true).build()),
            (doc! { "_type": 1, "email": 1 }, of_members().unique(true).build()),
            (doc! { "_type": 1, "num_cats": 1, "username": 1, "_id": 1 }, of_members().build()),
            (doc! { "_type": 1, "_id": 1 }, IndexOptions::default()),
        ];
        let indexes = indexes.map(|(keys, options)| IndexModel::builder().keys(keys).options(options).build());
        store.users.create_indexes(indexes).await.unwrap();
        store
    }

    /// Opens the collection as it is.
    pub async fn open(uri: &str, database: &str) -> Self {
        let mut options = ClientOptions::parse(uri).await.unwrap();
        options.write_concern = Some(WriteConcern::majority());
        options.read_concern = Some(ReadConcern::majority());
        let client = Client::with_options(options).unwrap();
        let users: Collection<Stored> = client.database(database).collection("user");
        Self { client, users }
    }

    /// Inserts a row.
    pub async fn insert(&self, user: User) -> Result<State, Refused> {
        let stored = State { id: ObjectId::new(), version: 0, user }.into_stored();
        self.users.insert_one(&stored).await.map_err(refused)?;
        Ok(stored.into_state())
    }

    /// Inserts all rows or none.
    pub async fn insert_many(&self, users: Vec<User>) -> Result<Vec<State>, Refused> {
        let new = |user| State { id: ObjectId::new(), version: 0, user }.into_stored();
        let stored: Vec<_> = users.into_iter().map(new).collect();
        let mut session = self.client.start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        if let Err(error) = self.users.insert_many(&stored).session(&mut session).await {
            session.abort_transaction().await.unwrap();
            return Err(refused(error));
        }
        session.commit_transaction().await.unwrap();
        Ok(stored.into_iter().map(Stored::into_state).collect())
    }

    /// Finds a user by the poly type's key.
    pub async fn get(&self, username: &Username) -> Option<State> {
        let found = self.users.find_one(doc! { "username": &username.0 }).await;
        found.unwrap().map(Stored::into_state)
    }

    /// Finds a member by the member's key.
    pub async fn get_by_email(&self, email: &Email) -> Option<State> {
        let found = self.users.find_one(doc! { "_type": "Member", "email": &email.0 }).await;
        found.unwrap().map(Stored::into_state)
    }

    /// The first 20 members with at least this many cats, in the order of cats and user name.
    pub async fn with_cats(&self, cats: i64) -> Vec<State> {
        let found = self.users.find(doc! { "_type": "Member", "num_cats": { "$gte": cats } });
        let mut states = Vec::with_capacity(20);
        let cursor = found.sort(doc! { "num_cats": 1, "username": 1 }).limit(20).await;
        each(cursor.unwrap(), |state| states.push(state)).await;
        states
    }

    /// Every row, in the order of the ids.
    pub async fn all(&self) -> Vec<State> {
        let mut states = Vec::new();
        self.each(|state| states.push(state)).await;
        states
    }

    /// The same rows, one by one.
    pub async fn each(&self, give: impl FnMut(State)) {
        each(self.users.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap(), give).await;
    }

    /// The number of rows.
    pub async fn count(&self) -> u64 {
        self.users.count_documents(doc! {}).await.unwrap()
    }

    /// Replaces the row if it is unchanged.
    pub async fn update(&self, state: State) -> Result<State, Refused> {
        let filter = doc! { "_id": state.id, "_version": state.version };
        let stored = State { version: state.version + 1, ..state }.into_stored();
        let replaced = self.users.replace_one(filter, &stored).await.map_err(refused)?;
        self.found(stored._id, replaced.matched_count).await?;
        Ok(stored.into_state())
    }

    /// Reads two rows, changes them, and writes them, in a transaction.
    pub async fn change_both(&self, names: [&Username; 2], change: impl Fn(&mut User)) {
        let mut session = self.client.start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        let mut states = Vec::with_capacity(2);
        for name in names {
            let found = self.users.find_one(doc! { "username": &name.0 }).session(&mut session).await;
            states.push(found.unwrap().unwrap().into_state());
        }
        for mut state in states {
            change(&mut state.user);
            let filter = doc! { "_id": state.id, "_version": state.version };
            let stored = State { version: state.version + 1, ..state }.into_stored();
            let replaced = self.users.replace_one(filter, &stored).session(&mut session).await.unwrap();
            assert_eq!(replaced.matched_count, 1);
        }
        session.commit_transaction().await.unwrap();
    }

    /// Inserts rows one by one in one transaction.
    pub async fn insert_each(&self, users: Vec<User>) {
        let mut session = self.client.start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        for user in users {
            let stored = State { id: ObjectId::new(), version: 0, user }.into_stored();
            self.users.insert_one(&stored).session(&mut session).await.unwrap();
        }
        session.commit_transaction().await.unwrap();
    }

    /// Deletes the row if it is unchanged.
    pub async fn delete(&self, state: State) -> Result<User, Refused> {
        let deleted = self.users.delete_one(doc! { "_id": state.id, "_version": state.version }).await.unwrap();
        self.found(state.id, deleted.deleted_count).await?;
        Ok(state.user)
    }

    /// Checks that a write found its row, or says why it did not.
    async fn found(&self, id: ObjectId, rows: u64) -> Result<(), Refused> {
        if rows == 1 {
            return Ok(());
        }
        let there = self.users.find_one(doc! { "_id": id }).await.unwrap();
        Err(if there.is_some() { Refused::Changed } else { Refused::Gone })
    }
}

/// Reads a cursor without the allocation per document that its stream would cost.
pub(crate) async fn each(mut cursor: Cursor<Stored>, mut give: impl FnMut(State)) {
    while cursor.advance().await.unwrap() {
        give(bson::deserialize_from_slice::<Stored>(cursor.current().as_bytes()).unwrap().into_state());
    }
}

fn refused(error: DriverError) -> Refused {
    let text = error.to_string();
    assert!(text.contains(DUPLICATE), "{text}");
    Refused::Duplicate(text)
}

impl State {
    pub(crate) fn into_stored(self) -> Stored {
        let Self { id: _id, version: _version, user } = self;
        match user {
            User::Member(Member { username, email, profile, num_cats }) => Stored {
                _id,
                _type: Kind::Member,
                _version,
                username,
                email: Some(email),
                profile: Some(profile),
                num_cats: Some(num_cats),
            },
            User::Commenter(Commenter { username }) => {
                Stored { _id, _type: Kind::Commenter, _version, username, email: None, profile: None, num_cats: None }
            }
        }
    }
}

impl Stored {
    fn into_state(self) -> State {
        let Self { _id: id, _type, _version: version, username, email, profile, num_cats } = self;
        let user = match _type {
            Kind::Member => User::Member(Member {
                username,
                email: email.unwrap(),
                profile: profile.unwrap(),
                num_cats: num_cats.unwrap(),
            }),
            Kind::Commenter => User::Commenter(Commenter { username }),
        };
        State { id, version, user }
    }
}
