//! The guide's table of the forms of filters on every back end. Each cell is queried, compared with core's meaning, and
//! explained; the documented table must be the result.

use std::collections::BTreeMap;

use longevity::PState;
use longevity::backend::Backend;
use longevity::backend::{Select, Subject, evaluate};
use longevity::blocking::Longevity;
use longevity::prelude::*;

use crate::model::{Club, Coach, Dice, Person, Player, person};

/// A form, and the same condition on a property that has an index, if there is one.
struct Form {
    name: &'static str,
    query: Asked,
}

enum Asked {
    Player(Query<Player>),
    Person(Query<Person>),
}

fn forms() -> Vec<Form> {
    let (u, p) = (Person::props(), Player::props());
    let of_player = |name, filter: Filter<Player>| Form { name, query: Asked::Player(Player::query().filter(filter)) };
    let of_person = |name, filter: Filter<Person>| Form { name, query: Asked::Person(Person::query().filter(filter)) };
    let level = |number| Some(Some(number));
    vec![
        of_player("`eq`", p.level.eq(level(7))),
        of_player("`ne`", p.level.ne(level(7))),
        of_player("`lt`, `le`, `gt`, `ge`", p.level.lt(level(7))),
        of_player("`between`", p.level.between(level(-3), level(0))),
        of_player("`is_in`", p.level.is_in([level(7), level(-3)])),
        of_player("`not_in`", p.level.not_in([level(7), level(-3)])),
        of_person("`is_none`", u.score.is_none()),
        of_person("`is_some`", u.score.is_some()),
        of_person("`starts_with`", u.team.name.starts_with("re")),
        of_person("`ends_with`", u.team.name.ends_with("eds")),
        of_person("`contains`, of text", u.team.name.contains("ed")),
        of_person("`eq_ignore_case`", u.team.name.eq_ignore_case("REDS")),
        of_person("a choice, `eq`", u.team.colour.eq(crate::model::Colour::Red)),
        of_person(
            "a component, `eq`",
            u.team.eq(crate::model::Team { name: "reds".into(), city: None, colour: crate::model::Colour::Red }),
        ),
        of_player("`contains`, of a list or set", p.tags.contains("x")),
        of_player("`contains_any`", p.tags.contains_any(["x", "z"])),
        of_player("`contains_all`", p.tags.contains_all(["x", "y"])),
        of_player("`is_empty`", p.tags.is_empty()),
        of_player("`len()`", p.tags.len().gt(1)),
        of_player("`contains_key`", p.marks.contains_key("a")),
        of_player("`entry(key)`", p.marks.entry(".").ge(1)),
        of_player("a variant, `is`", p.contact.none.is()),
        of_player("a field of a variant", p.contact.post.city.eq("Ulm")),
        of_player("`&`", p.level.eq(level(7)) & p.tags.contains("x")),
        of_player("`\\|`", p.level.eq(level(7)) | p.level.eq(level(0))),
        of_player("`!`", !p.level.eq(level(7))),
        of_person("`is::<D>()`", Person::is::<Coach>()),
        of_person("`is_any_of::<(A, B)>()`", Person::is_any_of::<(Coach, Player)>()),
        of_person("`is_none_of::<(A,)>()`", Person::is_none_of::<(Player,)>()),
        of_person("a derived type's property", p.level.eq(level(7)).widen()),
    ]
}

/// Checks that the store finds what core does, and reports whether it uses an index.
fn cell<B: Backend>(store: &Longevity<Club, B>, form: &Form) -> &'static str {
    let (warning, found, expected) = match &form.query {
        Asked::Player(query) => {
            let repo = store.repo::<Player>();
            let all = repo.find(Player::query()).unwrap();
            let plan = repo.explain(query.clone()).unwrap();
            (plan.warning, ids(&repo.find(query.clone()).unwrap()), expected_ids(&all, query.select(), |_| "Player"))
        }
        Asked::Person(query) => {
            let repo = store.repo::<Person>();
            let all = repo.find(Person::query()).unwrap();
            let plan = repo.explain(query.clone()).unwrap();
            let name = |person: &Person| if matches!(person, Person::Coach(_)) { "Coach" } else { "Player" };
            (plan.warning, ids(&repo.find(query.clone()).unwrap()), expected_ids(&all, query.select(), name))
        }
    };
    assert_eq!(found, expected, "{} {}", B::NAME, form.name);
    assert!(!expected.is_empty(), "{}: no row is found", form.name);
    if warning.is_some() { "looks" } else { "index" }
}

fn ids<P>(states: &[PState<P>]) -> Vec<longevity::RowId> {
    states.iter().map(PState::id).collect()
}

fn expected_ids<P: PersistentType>(
    all: &[PState<P>],
    select: &Select,
    name: impl Fn(&P) -> &'static str,
) -> Vec<longevity::RowId> {
    let holds = |state: &&PState<P>| {
        let row = Subject { id: state.id(), discriminator: Some(name(state.get())) };
        evaluate(&select.predicate, row, &|steps| state.get().value_at(steps))
    };
    all.iter().filter(holds).map(PState::id).collect()
}

fn column<B: Backend>(backend: B) -> Vec<&'static str> {
    let store = Longevity::<Club, _>::open(backend).unwrap();
    store.create_schema().unwrap();
    let mut dice = Dice::new(41);
    store.repo::<Person>().create_many((0..200).map(|_| person(&mut dice))).unwrap();
    forms().iter().map(|form| cell(&store, form)).collect()
}

#[test]
fn the_table_of_forms_agrees_with_the_back_ends() {
    let mut columns = BTreeMap::from([("1 memory", column(Mem::new())), ("2 SQLite", column(Sqlite::in_memory()))]);
    if longevity_mongod::left_out() {
        println!("MongoDB: LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
        return;
    }
    let scratch = longevity_tests::mongo::Scratch::new().unwrap();
    columns.insert("3 MongoDB", column(scratch.mongo()));
    let mut table =
        format!("| form |{}\n", columns.keys().map(|name| format!(" {} |", &name[2..])).collect::<String>());
    table += &format!("| --- |{}\n", " --- |".repeat(columns.len()));
    for (position, form) in forms().iter().enumerate() {
        let cells: String = columns.values().map(|column| format!(" {} |", column[position])).collect();
        table += &format!("| {} |{cells}\n", form.name);
    }
    let documented = include_str!("../../../longevity/src/guide/forms.md");
    assert_eq!(documented, table, "longevity/src/guide/forms.md should be:\n{table}");
}
