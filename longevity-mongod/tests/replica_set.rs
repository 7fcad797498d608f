//! Members of a replica set can be killed and started again, and the set keeps working.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod support;

use std::time::Duration;

use longevity_mongod::ReplicaSet;
use mongodb::bson::{Document, doc};
use support::{left_out, with_client};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn another_member_takes_over_for_a_killed_or_paused_primary() {
    if left_out() {
        return;
    }
    let set = ReplicaSet::builder().members(3).election_timeout(Duration::from_secs(1)).start().unwrap();
    let insert = async |client: mongodb::Client| {
        let concern = mongodb::options::WriteConcern::majority();
        client.database("d").collection("c").insert_one(doc! {}).write_concern(concern).await.map(drop)
    };
    with_client(&set.uri(), insert);

    let first = set.primary().unwrap();
    let killed = &set.members()[first];
    let (pid, port) = (killed.pid(), killed.port());
    killed.kill().unwrap();
    assert_eq!(killed.pid(), None);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    let second = set.wait_for_primary(LIMIT).unwrap();
    assert_ne!(second, first);
    with_client(&set.uri(), insert);

    killed.start_again().unwrap();
    set.wait_for_all(LIMIT).unwrap();
    assert!(killed.pid().is_some() && killed.pid() != pid && killed.port() == port);
    with_client(&killed.uri(), async |client| {
        let nearest = mongodb::options::SelectionCriteria::ReadPreference(mongodb::options::ReadPreference::Nearest {
            options: Default::default(),
        });
        // A member is a secondary as soon as it has applied the writes before the vote, so the last write may arrive later.
        let collection = client.database("d").collection::<Document>("c");
        while collection.count_documents(doc! {}).selection_criteria(nearest.clone()).await? < 2 {}
        Ok(())
    });

    let second = set.primary().unwrap();
    set.members()[second].pause().unwrap();
    let third = set.wait_for_primary(LIMIT).unwrap();
    assert_ne!(third, second);
    set.members()[second].resume().unwrap();
    set.wait_for_all(LIMIT).unwrap();
    with_client(&set.uri(), insert);
}

#[test]
fn with_credentials_all_members_require_them() {
    if left_out() {
        return;
    }
    let set = ReplicaSet::builder().members(2).credentials("ann", "secret").start().unwrap();
    with_client(&set.uri_of("d"), async |client| {
        client.default_database().unwrap().collection("c").insert_one(doc! {}).await.map(drop)
    });
    assert!(set.members().iter().all(|member| member.uri().contains("ann:secret@")));
}
