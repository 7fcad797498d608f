//! Among thousands of rows, most of them siblings: the server's profiler reports how many documents a query read.

use longevity::Query;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_tests::models::blogging::{Blogging, Commenter, Email, Member, Profile, User, Username};
use mongodb::bson::{Bson, doc};

use crate::place::{Place, first_batch};

const COMMENTERS: usize = 3000;
const MEMBERS: usize = 300;

fn member(number: usize) -> Member {
    Member {
        username: Username(format!("member {number:04}")),
        email: Email(format!("{number:04}@x")),
        profile: Profile { tagline: format!("tag {}", number % 30), image_uri: "same".into() },
        num_cats: (number % 10) as i64,
    }
}

/// A few members among many commenters.
fn filled(place: &Place) -> Longevity<Blogging, Mongo> {
    let store = place.store::<Blogging>();
    let users = (0..COMMENTERS).map(|number| {
        if number % (COMMENTERS / MEMBERS) == 0 {
            User::Member(member(number / (COMMENTERS / MEMBERS)))
        } else {
            User::Commenter(Commenter { username: Username(format!("commenter {number:04}")) })
        }
    });
    store.repo::<User>().create_many(users).unwrap();
    store
}

/// The last query on the collection: its plan, the documents that it read, and the documents that it returned.
fn last(place: &Place) -> (String, i64, i64) {
    let filter = doc! { "ns": format!("{}.user", place.scratch.name()), "op": { "$in": ["query", "command"] } };
    let seen = place.run(doc! { "find": "system.profile", "filter": filter, "sort": { "$natural": -1 }, "limit": 1 });
    let seen = first_batch(&seen).remove(0);
    let number = |name: &str| match seen.get(name) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        other => panic!("{name} is {other:?} in {seen}"),
    };
    let plan = seen.get_str("planSummary").unwrap().to_owned();
    let sorts = seen.get_bool("hasSortStage").unwrap_or(false);
    (format!("{plan}{}", if sorts { " and a sort" } else { "" }), number("docsExamined"), number("nreturned"))
}

#[test]
fn few_documents_are_read_for_few_rows() {
    let Some(place) = Place::new() else { return };
    let store = filled(&place);
    let (users, members, commenters) = (store.repo::<User>(), store.repo::<Member>(), store.repo::<Commenter>());
    place.run(doc! { "profile": 2 });
    let (u, m) = (User::props(), Member::props());
    let all = Member::query;
    let mut wrong = Vec::new();
    let mut ask = |what: &str, more_at_most: i64, plan: &str| {
        let (found, examined, returned) = last(&place);
        // Only a sort by the id can remain, which the index has after a column that is not fixed.
        let may_sort = ["an equality", "a range in order", "both", "some", "a prefix"].contains(&what);
        if examined > returned + more_at_most || !found.contains(plan) || (found.contains("sort") && !may_sort) {
            wrong.push(format!("{what}: {examined} documents for {returned} by {found}"));
        }
    };
    assert!(members.retrieve(&Email("0007@x".into())).unwrap().is_some());
    ask("a derived key", 0, "{ _type: 1, email: 1 }");
    assert!(users.retrieve(&Username("member 0007".into())).unwrap().is_some());
    ask("a poly key", 0, "{ username: 1 }");
    assert!(members.retrieve(&Username("member 0007".into())).unwrap().is_some());
    ask("a poly key in a derived repository", 0, "{ username: 1 }");
    assert!(members.retrieve(&Username("commenter 0001".into())).unwrap().is_none());
    ask("a sibling's key", 1, "{ username: 1 }");
    let mut of_members = |what: &str, query: Query<Member>, found: usize, plan: &str| {
        assert_eq!(members.find(query).unwrap().len(), found, "{what}");
        ask(what, 2, plan);
    };
    let cats = "{ _type: 1, num_cats: 1, username: 1, _id: 1 }";
    of_members("an equality", all().filter(m.num_cats.eq(3)), 30, "num_cats: 1");
    of_members("an equality in order", all().filter(m.num_cats.eq(3)).order_by(m.username.asc()), 30, cats);
    of_members("the first of them", all().filter(m.num_cats.eq(3)).order_by(m.username.asc()).limit(5), 5, cats);
    of_members("a range in order", all().filter(m.num_cats.ge(8)).order_by(m.num_cats.asc()), 60, cats);
    of_members(
        "a short range in order",
        all().filter(m.num_cats.gt(8)).order_by(m.num_cats.desc()).order_by(m.username.desc()),
        30,
        cats,
    );
    of_members("both", all().filter(m.num_cats.eq(3) & m.username.gt(Username("member 0200".into()))), 10, cats);
    of_members("a tag", all().filter(m.profile.tagline.eq("tag 3")), 10, "profile.tagline: 1");
    let some = ["member 0007", "member 0107", "nobody"].map(|name| Username(name.into()));
    of_members("some", all().filter(m.username.is_in(some)), 2, "username: 1");
    of_members("a prefix", all().filter(m.profile.tagline.starts_with("tag 1")), 110, "profile.tagline: 1");
    of_members("all", all(), 300, "{ _type: 1, _id: 1 }");
    of_members("the first", all().limit(7), 7, "{ _type: 1, _id: 1 }");
    assert_eq!(commenters.find(Commenter::query().limit(5)).unwrap().len(), 5);
    ask("the first siblings", 0, "{ _type: 1, _id: 1 }");
    let within = User::query().filter(m.num_cats.eq(3)).order_by(u.username.asc()).limit(5);
    assert_eq!(users.find(within).unwrap().len(), 5);
    ask("a derived property in the poly repository", 2, cats);
    assert_eq!(users.find(User::query().order_by(u.username.asc()).limit(5)).unwrap().len(), 5);
    ask("the first of all in order", 0, "{ username: 1 }");
    assert_eq!(members.count(all().filter(m.num_cats.eq(3))).unwrap(), 30);
    assert!(members.exists(all().filter(m.num_cats.eq(3))).unwrap());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
