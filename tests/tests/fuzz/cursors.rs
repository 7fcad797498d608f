//! Strings that are derived from sealed cursors.

use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_tests::models::blogging::{Blogging, Email, Member, Profile, Username};

const TROUBLE: &[&str] = &["=", "-", "_", "+", "/", "AAAA", "____", ".", " ", "\0", "é", "%3D", "AQ"];

#[test]
fn cursors_of_any_form_are_accepted_or_refused() {
    let options = Options::default().cursor_key([7; 32]);
    let store = Longevity::<Blogging, _>::open_with(Mem::new(), options).unwrap();
    store.create_schema().unwrap();
    let members = store.repo::<Member>();
    for number in 0..6_i64 {
        let profile = Profile { tagline: "\u{1f980}".repeat(number as usize), image_uri: String::new() };
        let (username, email) = (Username(format!("name {number}")), Email(format!("{number}@a")));
        members.create(Member { username, email, profile, num_cats: number / 2 }).unwrap();
    }
    let m = Member::props();
    let by_cats = || Member::query().order_by(m.num_cats.desc()).limit(2);
    let by_text = || Member::query().order_by(m.profile.tagline.asc()).order_by(m.num_cats.asc()).limit(3);
    let first =
        [members.page(by_cats(), None).unwrap().next.unwrap(), members.page(by_text(), None).unwrap().next.unwrap()];
    let second = members.page(by_cats(), Some(&first[0])).unwrap();
    let texts = [&first[0], &first[1], &second.next.unwrap(), &second.previous.unwrap()].map(ToString::to_string);
    super::run("cursors", |chance| {
        let of = chance.below(texts.len());
        let mut bytes = texts[of].as_bytes().to_vec();
        if !chance.is_one_in(16) {
            chance.change(&mut bytes, TROUBLE);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let taken = members.page(if of == 1 { by_text() } else { by_cats() }, Some(&text.clone().into()));
        assert_eq!(
            taken.is_ok(),
            text == texts[of] || (of != 1 && texts.iter().skip(2).any(|other| text == *other)),
            "{text}"
        );
        taken.is_ok()
    });
}
