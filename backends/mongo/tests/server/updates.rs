//! Updates on MongoDB are plain replacements where that is enough. These tests check what they preserve.

use longevity::Options;
use longevity::blocking::{Longevity, Repo};
use longevity_tests::models::blogging::{Blogging, Commenter, Username};
use longevity_tests::models::keys::{Flag, FlagId, Library};

use crate::place::Place;

fn flags(place: &Place, options: Options) -> Repo<Flag, longevity::Mongo> {
    let store = Longevity::<Library, _>::open_with(place.mongo.clone(), options).unwrap();
    store.create_schema().unwrap();
    store.repo()
}

fn flag() -> Flag {
    Flag { flag_id: FlagId(true), text: String::new() }
}

#[test]
fn a_store_without_timestamps_keeps_existing_timestamps() {
    let Some(place) = Place::new() else { return };
    let timed = flags(&place, Options::default().timestamps(true));
    let plain = flags(&place, Options::default());
    let created = timed.create(flag()).unwrap();
    let state = plain.retrieve_one(&FlagId(true)).unwrap();
    let state = plain.update(state.modify(|flag| flag.text = "x".into())).unwrap();
    assert_eq!(state.row_version(), 1);
    let found = timed.retrieve_one(&FlagId(true)).unwrap();
    assert_eq!((found.text.as_str(), found.row_version()), ("x", 1));
    assert_eq!((found.created_at(), found.updated_at()), (created.created_at(), created.updated_at()));
    assert!(created.created_at().is_some());
}

#[test]
fn a_row_without_timestamps_gets_one_at_its_first_update() {
    let Some(place) = Place::new() else { return };
    let plain = flags(&place, Options::default());
    let timed = flags(&place, Options::default().timestamps(true));
    plain.create(flag()).unwrap();
    let state = timed.retrieve_one(&FlagId(true)).unwrap();
    let updated_at = timed.update(state).unwrap().updated_at();
    assert!(updated_at.is_some());
    // The store without timestamps updates the row, and the timestamps stay.
    let state = plain.retrieve_one(&FlagId(true)).unwrap();
    plain.update(state.modify(|flag| flag.text = "x".into())).unwrap();
    assert_eq!(timed.retrieve_one(&FlagId(true)).unwrap().updated_at(), updated_at);
}

/// The server cuts off the value in its message, in the middle of a character.
#[test]
fn a_long_duplicate_key_is_reported() {
    let Some(place) = Place::new() else { return };
    let options = Options::default().timestamps(true);
    let store = Longevity::<Blogging, _>::open_with(place.mongo.clone(), options).unwrap();
    store.create_schema().unwrap();
    let commenters = store.repo::<Commenter>();
    let commenter = |name: &str| Commenter { username: Username(name.to_owned()) };
    for long in (0..4).map(|bytes| format!("{}{}", "x".repeat(bytes), "🦀".repeat(400))) {
        commenters.create(commenter(&long)).unwrap();
        let state = commenters.create(commenter(&long.replace('🦀', "c"))).unwrap();
        let refused = commenters.update(state.set(commenter(&long))).unwrap_err();
        assert!(refused.is_duplicate_key(), "{}", refused.error());
        assert!(refused.error().to_string().starts_with("User with username = "), "{}", refused.error());
    }
}
