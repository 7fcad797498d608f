//! Changes of many rows by hand. The rows are read, changed, and written in one transaction if each is unchanged.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use mongodb::ClientSession;
use mongodb::bson::{self, RawArrayBuf, RawDocumentBuf, cstr, doc};

use crate::model::{Member, User};
use crate::mongo::{Mongo, State};

/// The number of statements in one command, which is about 5 MB with these rows.
const STATEMENTS: usize = 10_000;

/// The user names that are changed in one transaction: from the first name, up to but not including the second name.
pub type Range = (String, String);

impl Mongo {
    async fn members(&self, (from, to): &Range) -> Vec<State> {
        let mut states = Vec::new();
        let filter = doc! { "_type": "Member", "username": { "$gte": from, "$lt": to } };
        let found = self.users.find(filter).sort(doc! { "_id": 1 }).batch_size(4_000).await;
        crate::mongo::each(found.unwrap(), |state| states.push(state)).await;
        states
    }

    async fn changed(&self, range: &Range, change: impl Fn(&mut Member)) -> Vec<State> {
        let mut states = self.members(range).await;
        for state in &mut states {
            if let User::Member(member) = &mut state.user {
                change(member);
            }
        }
        states
    }

    async fn begun(&self) -> ClientSession {
        let mut session = self.client.start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        session
    }

    /// Changes the rows with as few commands as possible.
    pub async fn change_members(&self, range: &Range, change: impl Fn(&mut Member)) -> u64 {
        let states = self.changed(range, change).await;
        let statement = |state: State| {
            let filter = doc! { "_id": state.id, "_version": state.version };
            let stored = State { version: state.version + 1, ..state }.into_stored();
            let mut statement = RawDocumentBuf::new();
            statement.append(cstr!("q"), RawDocumentBuf::try_from(&filter).unwrap());
            statement.append(cstr!("u"), bson::serialize_to_raw_document_buf(&stored).unwrap());
            statement
        };
        self.in_bulk("update", "updates", states.into_iter().map(statement)).await
    }

    /// Deletes the rows with as few commands as possible.
    pub async fn delete_members(&self, range: &Range) -> u64 {
        let states = self.members(range).await;
        let statement = |state: State| {
            let statement = doc! { "q": { "_id": state.id, "_version": state.version }, "limit": 1 };
            RawDocumentBuf::try_from(&statement).unwrap()
        };
        self.in_bulk("delete", "deletes", states.into_iter().map(statement)).await
    }

    async fn in_bulk(&self, command: &str, list: &str, mut statements: impl Iterator<Item = RawDocumentBuf>) -> u64 {
        let mut session = self.begun().await;
        let mut rows = 0;
        loop {
            let mut all = RawArrayBuf::new();
            statements.by_ref().take(STATEMENTS).for_each(|statement| all.push(statement));
            if all.is_empty() {
                break;
            }
            let mut document = RawDocumentBuf::new();
            document.append(bson::raw::CString::try_from(command).unwrap(), self.users.name());
            document.append(bson::raw::CString::try_from(list).unwrap(), all);
            let database = self.client.database(&self.users.namespace().db);
            let reply = database.run_raw_command(document).session(&mut session).await.unwrap();
            rows += u64::try_from(reply.get_i32("n").unwrap()).unwrap();
        }
        session.commit_transaction().await.unwrap();
        rows
    }

    /// Changes the rows with a command per row.
    pub async fn change_members_one_by_one(&self, range: &Range, change: impl Fn(&mut Member)) -> u64 {
        let states = self.changed(range, change).await;
        let mut session = self.begun().await;
        let mut rows = 0;
        for state in states {
            let filter = doc! { "_id": state.id, "_version": state.version };
            let stored = State { version: state.version + 1, ..state }.into_stored();
            rows += self.users.replace_one(filter, &stored).session(&mut session).await.unwrap().matched_count;
        }
        session.commit_transaction().await.unwrap();
        rows
    }

    /// Deletes the rows with a command per row.
    pub async fn delete_members_one_by_one(&self, range: &Range) -> u64 {
        let states = self.members(range).await;
        let mut session = self.begun().await;
        let mut rows = 0;
        for state in states {
            let filter = doc! { "_id": state.id, "_version": state.version };
            rows += self.users.delete_one(filter).session(&mut session).await.unwrap().deleted_count;
        }
        session.commit_transaction().await.unwrap();
        rows
    }
}
