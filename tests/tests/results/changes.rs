//! Patches, and updates and deletes by query, change all rows or none, stay in scope, and lose no writes of others.

use longevity::backend::Backend;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;
use longevity::{PState, Patch};

use crate::model::{Club, Coach, Dice, Person, Player, person};
use crate::stores::{Question, everywhere};

fn states<P: PersistentType, B: Backend>(repo: &Repo<P, B>) -> Vec<PState<P>> {
    repo.find(P::query()).unwrap()
}

fn same<P: PersistentType + PartialEq>(a: &PState<P>, b: &PState<P>) -> bool {
    let value = |state: &PState<P>| state.get().value_at(&[]).to_value();
    a.id() == b.id() && a.row_version() == b.row_version() && value(a).is_identical(&value(b))
}

struct ByQuery;

impl Question<Club> for ByQuery {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let mut dice = Dice::new(21);
        let (people, players) = (store.repo::<Person>(), store.repo::<Player>());
        people.create_many((0..60).map(|_| person(&mut dice))).unwrap();
        let (u, p) = (Person::props(), Player::props());

        type Change = (Patch<Player>, fn(&mut Player));
        let patches: Vec<Change> = vec![
            (p.name.set("new"), |player| player.name = "new".into()),
            (p.level.increment(Some(Some(5))), |player| {
                player.level = player.level.map(|level| level.map(|level| level + 5))
            }),
            (p.level.set(None::<Option<i64>>), |player| player.level = None),
            (p.level.set(Some(None::<i64>)), |player| player.level = Some(None)),
            (p.score.increment(0.5), |player| player.score = player.score.map(|score| score + 0.5)),
            (p.tags.push("z") & p.tags.push("z"), |player| {
                player.tags.extend(["z".to_owned(), "z".to_owned()]);
            }),
            (p.marks.entry("new").set(Some(1)), |player| {
                player.marks.insert("new".into(), 1);
            }),
            (p.marks.entry("new").increment(2), |player| {
                player.marks.entry("new".into()).and_modify(|mark| *mark += 2);
            }),
            (p.marks.entry(".").set(None), |player| {
                player.marks.remove(".");
            }),
            (p.contact.post.code.set(Some(7)), |player| {
                if let crate::model::Contact::Post { code, .. } = &mut player.contact {
                    *code = Some(7);
                }
            }),
            (p.contact.email.set("c@d".to_owned()), |player| {
                if let crate::model::Contact::Email(email) = &mut player.contact {
                    *email = "c@d".into();
                }
            }),
            (u.team.city.set("Bonn").of() & p.team.name.set("greens"), |player| {
                (player.team.city, player.team.name) = (Some("Bonn".into()), "greens".into());
            }),
        ];
        for (round, (patch, change)) in patches.into_iter().enumerate() {
            let filter =
                [p.size.gt(5_u64), p.size.le(7_u64), p.team.name.eq("reds") | p.tags.is_empty()][round % 3].clone();
            let found: Vec<_> = players.find(Player::query().filter(filter.clone())).unwrap();
            let found: Vec<_> = found.iter().map(PState::id).collect();
            let before = states(&people);
            let rows = players.update_where(Player::query().filter(filter), patch.clone()).unwrap();
            assert_eq!(rows, found.len() as u64, "{} {patch:?}", B::NAME);
            for (before, after) in before.into_iter().zip(states(&people)) {
                if !found.contains(&before.id()) {
                    assert!(same(&before, &after), "{} {patch:?}: {after:?} was changed, but not found", B::NAME);
                    continue;
                }
                assert_eq!(after.row_version(), before.row_version() + 1);
                let expected = before.modify(|person| {
                    if let Person::Player(player) = person {
                        change(player);
                    }
                });
                let value = |state: &PState<Person>| state.get().value_at(&[]).to_value();
                assert!(value(&after).is_identical(&value(&expected)), "{}: {after:?} is not {expected:?}", B::NAME);
            }
            // The indexes are up to date.
            let by_index = players.count(Player::query().filter(p.level.ge(Some(Some(0))))).unwrap();
            let levels = states(&players).iter().filter(|player| player.level.flatten() >= Some(0)).count();
            assert_eq!(by_index, levels as u64);
        }
    }
}

#[test]
fn a_patch_changes_what_the_query_finds_and_nothing_else() {
    everywhere(&ByQuery);
}

struct Deletes;

impl Question<Club> for Deletes {
    fn ask<B: Backend>(&self, store: &Longevity<Club, B>) {
        let mut dice = Dice::new(22);
        let (people, players) = (store.repo::<Person>(), store.repo::<Player>());
        people.create_many((0..40).map(|_| person(&mut dice))).unwrap();
        let p = Player::props();
        let (all, coaches) =
            (states(&players).len() as u64, people.count(Person::query().filter(Person::is::<Coach>())));
        let least = players.find(Player::query().order_by(p.size.asc()).limit(3)).unwrap();
        assert_eq!(players.delete_where(Player::query().order_by(p.size.asc()).limit(3)).unwrap(), 3);
        let left = states(&players);
        assert!(least.iter().all(|gone| left.iter().all(|state| state.id() != gone.id())));
        assert_eq!(players.delete_where(Player::query().filter(p.size.gt(u64::MAX))).unwrap(), 0);
        assert_eq!(players.delete_where(Player::query()).unwrap(), all - 3);
        assert_eq!(people.count(Person::query()).unwrap(), coaches.unwrap(), "{}: no sibling is deleted", B::NAME);
        assert_eq!(people.delete_where(Person::query()).unwrap(), people_left(all, 40));
    }
}

fn people_left(players: u64, all: u64) -> u64 {
    all - players
}

#[test]
fn a_delete_removes_what_the_query_finds_and_no_sibling() {
    everywhere(&Deletes);
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Account)]
struct Number(u8);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Account)]
struct Iban(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(iban), key(number), index(balance))]
struct Account {
    iban: Iban,
    number: Number,
    balance: i64,
    small: i8,
}

#[derive(Debug, DomainModel)]
#[domain_model(Account)]
struct Bank;

fn account(number: u8, balance: i64) -> Account {
    Account { iban: Iban(format!("DE{number}")), number: Number(number), balance, small: number as i8 }
}

struct AllOrNone;

impl Question<Bank> for AllOrNone {
    fn ask<B: Backend>(&self, store: &Longevity<Bank, B>) {
        let accounts = store.repo::<Account>();
        accounts.create_many([account(1, 10), account(2, 20), account(3, 30), account(100, 40)]).unwrap();
        let a = Account::props();
        let before = states(&accounts);
        let unchanged = |what: &str| {
            let after = states(&accounts);
            assert!(before.iter().zip(&after).all(|(a, b)| same(a, b)) && before.len() == after.len(), "{what}");
            assert_eq!(accounts.count(Account::query().filter(a.balance.ge(10))).unwrap(), 4, "{what}");
            for number in [1, 2, 3, 100] {
                assert!(accounts.retrieve(&Number(number)).unwrap().is_some(), "{what}");
            }
        };
        // The third row of the three meets the first: the writes of the first two are undone.
        let in_turn = Account::query().filter(a.number.ne(Number(100))).order_by(a.balance.asc());
        let patch = a.balance.increment(1) & a.number.set(Number(7));
        let error = accounts.update_where(in_turn, patch).unwrap_err();
        assert_eq!(error.to_string(), "Account with number = 7 already exists");
        unchanged("a duplicate key");

        let error = accounts.update_where(Account::query(), a.small.increment(100)).unwrap_err();
        assert!(matches!(&error, Error::InvalidPatch { path, .. } if path == "small"), "{error}");
        unchanged("out of the range of an i8");
        let error = accounts.update_where(Account::query(), a.balance.increment(i64::MAX)).unwrap_err();
        assert_eq!(error.to_string(), "cannot patch balance of Account: the sum is out of the range of its type");
        unchanged("out of the range of an i64");
        let error = accounts.update_where(Account::query(), a.iban.set(Iban("FR".into()))).unwrap_err();
        assert!(matches!(error, Error::UnstablePrimaryKey { .. }), "{error}");
        unchanged("another primary key");
    }
}

#[test]
fn a_failed_change_of_many_rows_changes_nothing() {
    everywhere(&AllOrNone);
}

struct OfOne;

impl Question<Bank> for OfOne {
    fn ask<B: Backend>(&self, store: &Longevity<Bank, B>) {
        let accounts = store.repo::<Account>();
        let a = Account::props();
        let state = accounts.create(account(1, 10)).unwrap();
        let patched = accounts.patch(state.clone(), a.balance.increment(5)).unwrap();
        assert_eq!((patched.balance, patched.row_version()), (15, 1));
        let refused = accounts.patch(state, a.balance.set(0)).unwrap_err();
        assert!(refused.is_write_conflict());
        assert_eq!(refused.into_state().balance, 10, "the state is returned unchanged");
        let refused = accounts.patch(patched.clone(), a.small.increment(127)).unwrap_err();
        assert!(matches!(refused.error(), Error::InvalidPatch { .. }));
        let by_key = accounts.patch_by(&Iban("DE1".into()), a.number.set(Number(9))).unwrap().unwrap();
        assert_eq!((by_key.number.clone(), by_key.row_version()), (Number(9), 2));
        assert!(accounts.patch_by(&Number(1), a.balance.set(0)).unwrap().is_none());
        let error = accounts.patch_by(&Number(9), a.iban.set(Iban("FR1".into()))).unwrap_err();
        assert!(matches!(error, Error::UnstablePrimaryKey { .. }), "{}: {error}", B::NAME);
        assert!(same(&accounts.retrieve_one(&Number(9)).unwrap(), &by_key));
    }
}

#[test]
fn a_patch_of_a_state_checks_its_version_and_a_patch_by_key_does_not() {
    everywhere(&OfOne);
}

struct WhileOthersWrite;

impl Question<Bank> for WhileOthersWrite {
    fn ask<B: Backend>(&self, store: &Longevity<Bank, B>) {
        const EACH: i64 = 20;
        let accounts = store.repo::<Account>();
        accounts.create_many((0..4).map(|number| account(number, 0))).unwrap();
        let a = Account::props();
        let increments =
            |mut increment: Box<dyn FnMut(u8) + Send>| move || (0..EACH as u8).for_each(|n| increment(n % 4));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let by_key = Box::new(|number| {
                    accounts.patch_by(&Number(number), Account::props().balance.increment(1)).unwrap();
                });
                scope.spawn(increments(by_key));
            }
            scope.spawn(increments(Box::new(|_| {
                let all = Account::query();
                assert_eq!(accounts.update_where(all, Account::props().balance.increment(1)).unwrap(), 4);
            })));
        });
        let sum = accounts.aggregate(Account::query(), a.balance.sum()).unwrap();
        assert_eq!(sum, i128::from(2 * EACH + 4 * EACH), "{}: no increment is lost or done twice", B::NAME);
    }
}

#[test]
fn no_write_of_another_caller_is_lost() {
    everywhere(&WhileOthersWrite);
}
