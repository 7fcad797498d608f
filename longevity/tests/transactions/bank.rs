//! A bank: a plain type, and a poly type with two derived ones.

use std::sync::LazyLock;

use longevity::backend::Backend;
use longevity::prelude::*;
use tokio::runtime::{Builder, Runtime};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Account)]
pub(crate) struct Number(pub(crate) u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(number), index(balance))]
pub(crate) struct Account {
    pub(crate) number: Number,
    pub(crate) balance: i64,
    /// An entry of each write, in the order of the writes.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Vault)]
pub(crate) struct Door(pub(crate) u32);

/// Like an account, but in a table of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(door))]
pub(crate) struct Vault {
    pub(crate) door: Door,
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Customer)]
pub(crate) struct Name(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Firm)]
pub(crate) struct Register(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(name: Name), key(name))]
pub(crate) enum Customer {
    Person(Person),
    Firm(Firm),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Customer), index(age))]
pub(crate) struct Person {
    pub(crate) name: Name,
    pub(crate) age: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Customer), key(register))]
pub(crate) struct Firm {
    pub(crate) name: Name,
    pub(crate) register: Register,
}

#[derive(Debug, DomainModel)]
#[domain_model(Account, Vault, Customer)]
pub(crate) struct Bank;

pub(crate) type Store<B> = Longevity<Bank, B>;

pub(crate) fn account(number: u32, balance: i64) -> Account {
    Account { number: Number(number), balance, notes: Vec::new() }
}

pub(crate) fn person(name: &str, age: i64) -> Person {
    Person { name: Name(name.into()), age }
}

pub(crate) fn firm(name: &str) -> Firm {
    Firm { name: Name(name.into()), register: Register(format!("register of {name}")) }
}

/// Asserts that both are the same state of the same row.
pub(crate) fn assert_same<P: std::fmt::Debug + PartialEq>(a: &PState<P>, b: &PState<P>) {
    assert_eq!((a.id(), a.row_version(), a.get()), (b.id(), b.row_version(), b.get()));
}

/// How many accounts and customers there are.
pub(crate) async fn counts<B: Backend>(bank: &Store<B>) -> (u64, u64) {
    let accounts = bank.repo::<Account>().count(Account::query().all()).await.unwrap();
    (accounts, bank.repo::<Customer>().count(Customer::query().all()).await.unwrap())
}

pub(crate) async fn balance<B: Backend>(bank: &Store<B>, number: u32) -> i64 {
    bank.repo::<Account>().retrieve_one(&Number(number)).await.unwrap().balance
}

pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap());

/// Runs a test on a bank in this store.
pub(crate) fn on<B: Backend, F: Future<Output = ()>>(backend: B, test: impl Fn(Store<B>) -> F) {
    on_with(Options::default(), backend, test);
}

pub(crate) fn on_with<B: Backend, F: Future<Output = ()>>(options: Options, backend: B, test: impl Fn(Store<B>) -> F) {
    RUNTIME.block_on(async {
        let bank = Store::open_with(backend, options).await.unwrap();
        bank.create_schema().await.unwrap();
        test(bank).await;
    });
}

pub(crate) fn any() -> AnyBackend {
    "mem:".parse().unwrap()
}
