//! Changes of many rows are checked only when they are complete: key values may shift, be swapped and be mirrored, whichever row
//! comes first and whatever the variants are.

use longevity::backend::Backend;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;
use longevity::query::Query;

use crate::stores::{Question, everywhere};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Song)]
struct Slot {
    list: String,
    pos: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Sung)]
struct Number(i64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(slot: Slot, sign: i64), key(slot))]
enum Song {
    Sung(Sung),
    Played(Played),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Song), key(number))]
struct Sung {
    slot: Slot,
    sign: i64,
    number: Number,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Song))]
struct Played {
    slot: Slot,
    sign: i64,
}

#[derive(DomainModel)]
#[domain_model(Song)]
struct Music;

/// Songs at the positions 0 to 4 of one list, every other one sung, and one in another list.
fn fill<B: Backend>(store: &Longevity<Music, B>) -> Repo<Song, B> {
    let repo = store.repo::<Song>();
    repo.delete_where(Song::query().all()).unwrap();
    let song = |list: &str, pos| {
        let slot = Slot { list: list.to_owned(), pos };
        match pos % 2 {
            0 => Song::Sung(Sung { slot, sign: 1, number: Number(pos) }),
            _ => Song::Played(Played { slot, sign: 1 }),
        }
    };
    repo.create_many((0..5).map(|pos| song("a", pos)).chain([song("b", 1)])).unwrap();
    repo
}

fn positions<B: Backend>(repo: &Repo<Song, B>) -> Vec<i64> {
    let p = Song::props().slot;
    let rows = repo.project(Song::query().filter(p.list.eq("a")), &p.pos).unwrap();
    // Each song is found by its key, and by no other.
    for pos in -9..20 {
        let found = repo.retrieve(&Slot { list: "a".to_owned(), pos }).unwrap();
        assert_eq!(found.is_some(), rows.contains(&pos), "{pos} on {}", B::NAME);
    }
    rows
}

struct Shifts;

impl Question<Music> for Shifts {
    fn ask<B: Backend>(&self, store: &Longevity<Music, B>) {
        let p = Song::props().slot;
        let of_a = || Song::query().filter(p.list.eq("a"));
        let from = |pos| of_a().filter(p.pos.ge(pos));
        for downwards in [false, true] {
            let order = |query: Query<Song>| query.order_by(if downwards { p.pos.desc() } else { p.pos.asc() });
            let repo = fill(store);
            assert_eq!(repo.update_where(order(from(2)), p.pos.increment(1)).unwrap(), 3);
            assert_eq!(positions(&repo), [0, 1, 3, 4, 5], "{}", B::NAME);
            assert_eq!(repo.update_where(order(of_a()), p.pos.increment(-1)).unwrap(), 5);
            assert_eq!(positions(&repo), [-1, 0, 2, 3, 4], "{}", B::NAME);
            // A real duplicate, whichever row is first: the error names the key, and nothing is changed.
            let error = repo.update_where(order(of_a()), p.pos.set(7)).unwrap_err();
            assert!(error.is_duplicate_key(), "{error}");
            let error = repo.update_where(order(from(2)), p.pos.increment(-2)).unwrap_err();
            assert!(error.to_string().contains(r#"slot = ("a", 0)"#), "{error} on {}", B::NAME);
            assert_eq!(positions(&repo), [-1, 0, 2, 3, 4], "{}", B::NAME);
        }
        // A derived type's own key, and a repository that does not see the conflicting row.
        let (repo, sung) = (fill(store), store.repo::<Sung>());
        let numbers = Sung::props().number;
        assert_eq!(
            sung.update_where(Sung::query().all(), numbers.inner().set(Number(9))).map_err(|e| e.is_duplicate_key()),
            Err(true)
        );
        assert!(
            sung.update_where(Sung::query().filter(p.list.eq("a")), p.pos.increment(1)).unwrap_err().is_duplicate_key()
        );
        assert_eq!(sung.update_where(Sung::query().filter(p.list.eq("a")), p.pos.increment(2)).unwrap(), 3);
        assert_eq!(positions(&repo), [2, 1, 4, 3, 6], "{}", B::NAME);
        // The row versions are those of an update.
        let states = repo.find(Song::query().filter(p.list.eq("a"))).unwrap();
        assert_eq!(states.iter().map(PState::row_version).collect::<Vec<_>>(), [1, 0, 1, 0, 1], "{}", B::NAME);
    }
}

#[test]
fn positions_of_a_key_shift_up_and_down() {
    everywhere(&Shifts);
}
