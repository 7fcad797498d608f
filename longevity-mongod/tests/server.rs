//! A single server keeps its promises: it is a primary with transactions, it is separate and light, and it is gone when dropped.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod support;

use longevity_mongod::Server;
use mongodb::bson::{Document, doc};
use support::{left_out, try_with_client, with_client};

#[test]
fn a_server_is_a_primary_with_transactions() {
    if left_out() {
        return;
    }
    let server = Server::builder().of_its_own().start().unwrap();
    with_client(&server.uri_of("letters"), async |client| {
        let database = client.default_database().unwrap();
        assert_eq!(database.name(), "letters");
        let hello = database.run_command(doc! { "hello": 1 }).await?;
        assert!(hello.get_bool("isWritablePrimary").unwrap(), "{hello}");

        let letters = database.collection::<Document>("letters");
        for keep in [true, false] {
            let mut session = client.start_session().await?;
            session.start_transaction().await?;
            letters.insert_one(doc! { "kept": keep }).session(&mut session).await?;
            if keep { session.commit_transaction().await? } else { session.abort_transaction().await? }
        }
        assert_eq!(letters.count_documents(doc! {}).await?, 1);
        assert_eq!(letters.find_one(doc! {}).await?.unwrap().get_bool("kept").ok(), Some(true));
        Ok(())
    });
}

#[test]
fn two_servers_at_once_are_separate() {
    if left_out() {
        return;
    }
    let start = || Server::builder().of_its_own().start().unwrap();
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(start);
        (start(), other.join().unwrap())
    });
    assert_ne!(one.uri(), other.uri());
    let insert =
        async |client: mongodb::Client| client.database("d").collection("c").insert_one(doc! {}).await.map(drop);
    let count =
        async |client: mongodb::Client| client.database("d").collection::<Document>("c").count_documents(doc! {}).await;
    with_client(one.uri(), insert);
    assert_eq!((with_client(one.uri(), count), with_client(other.uri(), count)), (1, 0));
}

#[test]
fn a_dropped_server_is_gone() {
    if left_out() {
        return;
    }
    let server = Server::builder().of_its_own().start().unwrap();
    let (pid, folder) = (server.pid().unwrap(), server.folder().unwrap());
    assert!(folder.join("log").is_file());
    drop(server);
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(pid).is_err());
    assert!(!folder.parent().unwrap().exists());
}

#[test]
fn a_server_accepts_fail_points() {
    if left_out() {
        return;
    }
    let server = Server::builder().of_its_own().start().unwrap();
    with_client(server.uri(), async |client| {
        let fail_inserts = doc! {
            "configureFailPoint": "failCommand",
            "mode": { "times": 1 },
            "data": { "failCommands": ["insert"], "errorCode": 50 },
        };
        client.database("admin").run_command(fail_inserts).await?;
        let collection = client.database("d").collection("c");
        assert!(collection.insert_one(doc! {}).await.is_err());
        collection.insert_one(doc! {}).await?;
        Ok(())
    });
}

#[test]
fn with_credentials_the_server_requires_them() {
    if left_out() {
        return;
    }
    let server = Server::builder().credentials("ann@home", "s:e/c?r#e%t").start().unwrap();
    let insert =
        async |client: mongodb::Client| client.database("d").collection("c").insert_one(doc! {}).await.map(drop);
    with_client(server.uri(), insert);
    with_client(&server.uri_of("d"), insert);
    let hosts = server.uri().split_once('@').unwrap().1;
    let refusal = try_with_client(&format!("mongodb://{}", hosts.replace("&authSource=admin", "")), insert);
    assert!(refusal.unwrap_err().to_string().contains("requires authentication"));
}

#[test]
fn a_server_can_be_used_inside_a_runtime() {
    if left_out() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { drop(Server::builder().of_its_own().start().unwrap()) });
}
