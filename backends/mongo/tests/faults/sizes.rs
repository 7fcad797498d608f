//! Documents of the largest size and depth that MongoDB accepts, and with one more byte and one more level.

use longevity::{Error, PersistentType};
use longevity_mongod::Server;
use longevity_tests::mongo::Scratch;
use mongodb::bson::{RawBsonRef, RawDocument, RawDocumentBuf, doc};

use crate::model::{Big, Faults, Nest, Title};
use crate::place::{in_a_runtime, store};

const LARGEST: usize = 16 * 1024 * 1024;
const DEEPEST: usize = 100;

fn big(title: &str, length: usize) -> Big {
    Big { title: Title(title.into()), text: "x".repeat(length), nest: None }
}

fn deep(title: &str, levels: usize) -> Big {
    // The document is a level, and `null` is not.
    let nest = (1..levels).fold(None, |inner, _| Some(Nest { inner: inner.map(Box::new) }));
    Big { title: Title(title.into()), text: String::new(), nest }
}

#[track_caller]
fn assert_too_large(error: &Error, says: &str) {
    match error {
        Error::TooLarge { type_name: "Big", limit } => assert!(limit.contains(says), "{limit}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_document_of_16_mib_and_one_byte_more() {
    in_a_runtime(|| async {
        // The cache of the other servers is too small for a write of this size and its copies.
        let server = Server::builder().of_its_own().start().unwrap();
        let client = mongodb::Client::with_uri_str(server.uri()).await.unwrap();
        let larger = doc! { "setParameter": 1, "wiredTigerEngineRuntimeConfig": "cache_size=1GB" };
        client.database("admin").run_command(larger).await.unwrap();
        let store = store::<Faults>(server.uri_of("sizes")).await;
        let bigs = store.repo::<Big>();
        bigs.create(big("a", 0)).await.unwrap();
        let raw = client.database("sizes").collection::<RawDocumentBuf>("big");
        let empty = raw.find_one(doc! {}).await.unwrap().unwrap().as_bytes().len();
        let most = LARGEST - empty;

        let state = bigs.create(big("b", most)).await.unwrap();
        assert_too_large(&bigs.create(big("c", most + 1)).await.unwrap_err(), "16 MiB");
        let state = bigs.update(state.set(big("b", most - 7))).await.unwrap();
        let state = bigs.update(state.set(big("b", most))).await.unwrap();
        let refused = bigs.update(state.set(big("b", most + 1))).await.unwrap_err();
        assert_too_large(refused.error(), "16 MiB");
        // This is far larger than a command can be.
        let refused = bigs.update(refused.into_state().set(big("b", 2 * most))).await.unwrap_err();
        assert_too_large(refused.error(), "16 MiB");
        // This is slightly too large, because longevity's own fields and the update add to the document.
        let refused = bigs.update(refused.into_state().set(big("b", most + 20))).await.unwrap_err();
        assert_too_large(refused.error(), "16 MiB");
        let stored = bigs.retrieve_one(&Title("b".into())).await.unwrap();
        assert_eq!((stored.text.len(), stored.row_version()), (most, 2));

        bigs.create_many([big("d", most), big("e", most)]).await.unwrap();
        let refused = bigs.create_many([big("f", 1), big("g", most + 1), big("h", 1)]).await.unwrap_err();
        assert_too_large(&refused, "16 MiB");
        assert_eq!(raw.count_documents(doc! {}).await.unwrap(), 4, "a, b, d and e");
        for title in ["b", "d", "e"] {
            let found = bigs.find(Big::query().filter(Big::props().title.eq(Title(title.into())))).await.unwrap();
            assert_eq!(found[0].text.len(), most);
            bigs.delete(found.into_iter().next().unwrap()).await.unwrap();
        }
    });
}

fn levels(document: &RawDocument) -> usize {
    let of_value = |value: RawBsonRef<'_>| match value {
        RawBsonRef::Document(document) => levels(document),
        RawBsonRef::Array(_) => panic!("the document contains no list"),
        _ => 0,
    };
    1 + document.iter().map(|field| of_value(field.unwrap().1)).max().unwrap_or_default()
}

#[test]
fn a_document_of_100_levels_and_one_level_more() {
    // The thread has the same stack as a worker of tokio.
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(of_100_levels).unwrap();
    worker.join().unwrap();
}

fn of_100_levels() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let store = store::<Faults>(scratch.uri()).await;
        let bigs = store.repo::<Big>();
        let state = bigs.create(deep("a", DEEPEST)).await.unwrap();
        // The document is read as raw bytes, because the driver's tree of values needs more stack than the repositories do.
        let raw = scratch.database().collection::<RawDocumentBuf>("big");
        assert_eq!(levels(&raw.find_one(doc! {}).await.unwrap().unwrap()), DEEPEST);
        let state = bigs.update(state.set(deep("a", DEEPEST - 1))).await.unwrap();
        let state = bigs.update(state.set(deep("a", DEEPEST))).await.unwrap();
        bigs.create_many([deep("b", DEEPEST), deep("c", 1)]).await.unwrap();
        assert_too_large(&bigs.create(deep("d", DEEPEST + 1)).await.unwrap_err(), "100 levels");
        assert_too_large(&bigs.create_many([deep("d", 1), deep("e", DEEPEST + 1)]).await.unwrap_err(), "100 levels");
        let refused = bigs.update(state.set(deep("a", DEEPEST + 1))).await.unwrap_err();
        assert_too_large(refused.error(), "100 levels");
        let found = bigs.find(Big::query().order_by(Big::props().title.asc())).await.unwrap();
        let found: Vec<_> = found.into_iter().map(longevity::PState::into_value).collect();
        assert_eq!(found, [deep("a", DEEPEST), deep("b", DEEPEST), deep("c", 1)]);
        assert_eq!(bigs.retrieve_one(&Title("b".into())).await.unwrap().into_value(), deep("b", DEEPEST));
    });
}
