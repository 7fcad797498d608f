//! Documents of an older version of the model, with fields under aliases, or without fields that have a default. Filters, orders,
//! look-ups and keys agree with the decoded values, whether the schema or the documents were created first.

use longevity::backend::Value;
use longevity::backend::value::Comparison;
use longevity::backend::{Direction, OrderBy, Predicate, Select};
use longevity::blocking::Longevity;
use longevity::{Filter, MongoError, PersistentType, Query};
use mongodb::bson::{Bson, Document, doc};

use crate::place::{Place, own};

/// The same model twice, with and without keys and indexes.
macro_rules! model {
    ($name:ident: $persistent:meta) => {
        mod $name {
            use longevity::prelude::*;

            fn medium() -> i32 {
                5
            }

            fn nobody() -> Option<String> {
                Some("nobody".into())
            }

            fn blue() -> Colour {
                Colour::Blue
            }

            fn seventy() -> Serial {
                Serial(70)
            }

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Account)]
            pub(crate) struct Mail(pub(crate) String);

            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
            #[key_val(Account)]
            pub(crate) struct Serial(pub(crate) u64);

            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
            pub(crate) enum Colour {
                #[serde(alias = "azure")]
                Blue,
                #[serde(alias = "zinnober")]
                Crimson,
                Red,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
            pub(crate) struct Address {
                #[serde(alias = "town")]
                pub(crate) city: String,
                #[serde(default = "medium")]
                pub(crate) zip: i32,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
            pub(crate) enum Contact {
                #[serde(alias = "None")]
                Nobody,
                #[serde(alias = "Telephone")]
                Phone {
                    #[serde(alias = "no")]
                    number: String,
                },
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(poly, table = "account", props(email: Mail, level: i32), key(email))]
            pub(crate) enum Account {
                #[persistent(alias = "Human")]
                Person(Person),
                Robot(Robot),
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[$persistent]
            pub(crate) struct Person {
                #[serde(alias = "mail")]
                pub(crate) email: Mail,
                #[serde(default = "medium")]
                pub(crate) level: i32,
                #[serde(default = "nobody")]
                pub(crate) sponsor: Option<String>,
                #[serde(alias = "home")]
                pub(crate) address: Address,
                #[serde(default)]
                pub(crate) second: Option<Address>,
                #[serde(default = "blue", alias = "color")]
                pub(crate) colour: Colour,
                pub(crate) colours: Vec<Colour>,
                pub(crate) contact: Contact,
                pub(crate) by_colour: std::collections::BTreeMap<Colour, i32>,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
            #[persistent(derived(Account))]
            pub(crate) struct Robot {
                pub(crate) email: Mail,
                pub(crate) level: i32,
                #[serde(default = "seventy", alias = "number")]
                pub(crate) serial: Serial,
            }

            #[derive(DomainModel)]
            #[domain_model(Account)]
            pub(crate) struct Model;
        }
    };
}

model!(plain: persistent(derived(Account)));
model!(indexed: persistent(
    derived(Account), index(level), index(sponsor), index(address.city), index(address.zip, level), index(second.city), index(colour)
));

fn documents() -> Vec<Document> {
    let person = |name: &str, rest: Document| {
        let mut document = doc! { "_type": "Person", "_version": 0_i64, "email": name, "contact": "Nobody", "colours": [], "by_colour": {} };
        document.extend(rest);
        if document.contains_key("mail") {
            document.remove("email");
        }
        document
    };
    vec![
        person(
            "1",
            doc! { "level": 5, "sponsor": Bson::Null, "address": { "city": "b", "zip": 1 }, "colour": "Red", "colours": ["azure", "Red"] },
        ),
        person(
            "2",
            doc! { "_type": "Human", "address": { "town": "a" }, "color": "azure", "contact": { "Telephone": { "no": "1" } } },
        ),
        person(
            "",
            doc! { "mail": "3", "level": 4, "home": { "town": "c", "zip": 5 }, "colours": ["Blue", "Red"], "by_colour": { "azure": 1 } },
        ),
        person(
            "4",
            doc! { "home": { "city": "a", "zip": 2 }, "second": Bson::Null, "colour": "zinnober", "contact": { "Phone": { "number": "1" } }, "by_colour": { "Blue": 1 } },
        ),
        person(
            "5",
            doc! { "level": 6, "sponsor": "x", "address": { "city": "d" }, "second": { "town": "a" }, "colour": "Crimson", "contact": "None", "by_colour": { "Red": 1, "zinnober": 2 } },
        ),
        person(
            "6",
            doc! { "level": 7, "sponsor": "nobody", "address": { "city": "e", "zip": 6 }, "second": { "city": "a", "zip": 5 }, "colour": "Blue", "by_colour": { "Crimson": 2, "Red": 1 } },
        ),
        doc! { "_type": "Robot", "_version": 0_i64, "email": "7", "level": 5 },
        doc! { "_type": "Robot", "_version": 0_i64, "email": "8", "level": 6, "number": 8_i64 },
    ]
}

/// Checks that the filter finds the same rows in the same order as core's evaluation in memory.
macro_rules! agrees {
    ($version:ident, $place:expr) => {{
        use $version::*;
        let store = $place.store::<Model>();
        let memory = Longevity::<Model, longevity::Mem>::open(longevity::Mem::new()).unwrap();
        memory.create_schema().unwrap();
        let all = store.repo::<Account>().find(Account::query()).unwrap();
        memory.repo::<Account>().create_many(all.into_iter().map(|state| state.into_value())).unwrap();
        let p = Person::props();
        let address = |city: &str, zip: i32| Address { city: city.into(), zip };
        let map = |entries: &[(Colour, i32)]| entries.iter().copied().collect::<std::collections::BTreeMap<_, _>>();
        let mut filters: Vec<Filter<Person>> = vec![
            p.email.eq(Mail("1".into())),
            p.email.eq(Mail("3".into())),
            p.sponsor.eq("nobody".to_owned()),
            p.sponsor.eq(None),
            p.sponsor.gt("n".to_owned()),
            p.address.eq(address("a", 5)),
            p.address.eq(address("c", 5)),
            p.address.eq(address("a", 2)),
            p.second.eq(address("a", 5)),
            p.second.eq(None),
            p.contact.eq(Contact::Nobody),
            p.contact.eq(Contact::Phone { number: "1".into() }),
            p.colours.eq(vec![Colour::Blue, Colour::Red]),
            p.colours.contains(Colour::Blue),
            p.by_colour.eq(map(&[(Colour::Blue, 1)])),
            p.by_colour.eq(map(&[(Colour::Crimson, 2), (Colour::Red, 1)])),
            p.by_colour.eq(map(&[])),
            p.sponsor.is_in([Some("nobody".to_owned()), None]),
            p.sponsor.not_in([Some("nobody".to_owned())]),
            p.sponsor.ends_with("body"),
            p.sponsor.eq_ignore_case("NOBODY"),
            p.level.is_in([5, 7]),
            p.level.not_in([5, 7]),
            p.address.is_in([address("a", 5), address("d", 5)]),
            p.colour.is_in([Colour::Blue, Colour::Crimson]),
            p.colour.not_in([Colour::Crimson]),
            p.colours.len().eq(2),
            p.colours.is_empty(),
            p.by_colour.len().gt(1),
            p.contact.nobody.is(),
            p.contact.phone.is(),
            p.contact.phone.number.eq("1"),
            p.contact.phone.number.ne("1"),
            p.contact.phone.number.is_in(["1", "2"]),
            p.contact.phone.number.ge("1"),
            p.contact.phone.number.contains("1"),
        ];
        for colour in [Colour::Blue, Colour::Crimson, Colour::Red] {
            let entry = p.by_colour.entry(colour);
            filters.extend([p.by_colour.contains_key(colour), entry.eq(1), entry.lt(2), entry.is_in([None, Some(2)])]);
        }
        for level in 4..7 {
            filters.extend([
                p.level.eq(level),
                p.level.lt(level),
                p.level.le(level),
                p.level.gt(level),
                p.level.ge(level),
            ]);
            filters.extend([
                p.address.zip.eq(level),
                p.address.zip.lt(level),
                p.address.zip.ge(level),
                p.second.inner().zip.eq(level),
                p.second.inner().zip.gt(level - 1),
            ]);
        }
        for city in ["a", "b", "c"] {
            filters.extend([
                p.address.city.eq(city),
                p.address.city.le(city),
                p.address.city.is_in([city, "e"]),
                p.address.city.eq_ignore_case(city.to_uppercase()),
                p.address.city.contains(city),
                p.second.inner().city.ends_with(city),
                p.second.inner().city.eq(city),
                p.second.inner().city.gt(city),
            ]);
        }
        for colour in [Colour::Blue, Colour::Crimson, Colour::Red] {
            filters.push(p.colour.eq(colour));
        }
        let mut wrong: Vec<String> = Vec::new();
        let mut asked = 0;
        let mut ask = |what: String, query: Query<Person>| {
            asked += 1;
            let names =
                |found: Result<Vec<longevity::PState<Person>>, longevity::Error>| -> Result<Vec<String>, String> {
                    let found = found.map_err(|error| error.to_string())?;
                    Ok(found.into_iter().map(|state| state.into_value().email.0).collect())
                };
            let (found, expected) =
                (names(store.repo::<Person>().find(query.clone())), names(memory.repo::<Person>().find(query.clone())));
            let counts = (
                store.repo::<Person>().count(query.clone()).unwrap(),
                memory.repo::<Person>().count(query.clone()).unwrap(),
            );
            if found != expected || counts.0 != counts.1 {
                wrong.push(format!("{what}: {found:?} and not {expected:?}, {counts:?}"));
            }
        };
        for filter in filters {
            ask(format!("{filter:?}"), Person::query().filter(filter.clone()));
            ask(format!("!{filter:?}"), Person::query().filter(!filter.clone()));
        }
        let orders = [
            p.email.desc(),
            p.level.asc(),
            p.sponsor.asc(),
            p.address.city.asc(),
            p.address.zip.desc(),
            p.second.inner().city.asc(),
            p.contact.phone.number.desc(),
            p.by_colour.entry(Colour::Blue).asc(),
            p.by_colour.entry(Colour::Crimson).desc(),
        ];
        for (position, order) in orders.into_iter().enumerate() {
            ask(format!("order {position}"), Person::query().order_by(order));
        }
        // The typed query language has no order of a choice, but a tool may use one.
        for (direction, comparison) in [(Direction::Ascending, Comparison::Lt), (Direction::Descending, Comparison::Ge)]
        {
            let colour = || p.colour.path().clone();
            let by_colour = vec![OrderBy { path: colour(), direction }];
            let select = Select { order: by_colour, ..Person::query().into_select() };
            ask(format!("by colour, {direction:?}"), Query::from_select(select.clone()));
            let before = Predicate::Compare { path: colour(), comparison, operand: Value::Text("Crimson".into()) };
            ask(format!("colour {comparison:?}"), Query::from_select(Select::of(before)));
            let select = Select { order: vec![OrderBy { path: p.colours.path().clone(), direction }], ..select };
            let error = store.repo::<Person>().find(Query::from_select(select)).unwrap_err();
            assert!(matches!(error, longevity::Error::Unsupported { .. }), "{error}");
        }
        let p = Account::props();
        for level in 4..7 {
            let query = || Account::query().filter(p.level.ge(level)).order_by(p.level.asc()).order_by(p.email.desc());
            let names = |found: Vec<longevity::PState<Account>>| {
                found.into_iter().map(|state| format!("{:?}", state.into_value())).collect::<Vec<_>>()
            };
            assert_eq!(
                names(store.repo::<Account>().find(query()).unwrap()),
                names(memory.repo::<Account>().find(query()).unwrap())
            );
        }
        assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
        for (name, found) in [("1", 1), ("3", 1), ("7", 1), ("", 0)] {
            let name = Mail(name.into());
            assert_eq!(usize::from(store.repo::<Account>().retrieve(&name).unwrap().is_some()), found, "{name:?}");
        }
        assert!(store.repo::<Robot>().retrieve(&Mail("1".into())).unwrap().is_none());
        let taken = Robot { email: Mail("3".into()), level: 1, serial: Serial(1) };
        assert!(store.repo::<Robot>().create(taken).unwrap_err().is_duplicate_key());
    }};
}

fn rewriting() -> Option<Place> {
    let mut place = Place::new()?;
    place.mongo = place.mongo.clone().rewriting(true);
    Some(place)
}

fn with_documents() -> Option<Place> {
    let place = rewriting()?;
    place.insert("account", documents());
    Some(place)
}

#[test]
fn rows_that_are_older_than_the_schema() {
    let Some(place) = with_documents() else { return };
    agrees!(plain, &place);
}

#[test]
fn rows_that_are_older_than_the_schema_with_indexes() {
    let Some(place) = with_documents() else { return };
    agrees!(indexed, &place);
}

/// An older program continues to write.
#[test]
fn rows_that_come_after_the_schema() {
    let Some(place) = Place::new() else { return };
    place.store::<indexed::Model>();
    place.insert("account", documents());
    let store = place.opened::<indexed::Model>();
    let persons = store.repo::<indexed::Person>();
    assert_eq!(persons.retrieve_one(&indexed::Mail("3".into())).unwrap().level, 4);
    let p = indexed::Person::props();
    assert_eq!(persons.count(indexed::Person::query().filter(p.level.eq(5))).unwrap(), 3);
}

mod keyed {
    use longevity::prelude::*;

    fn seven() -> Number {
        Number(7)
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Ticket)]
    pub(crate) struct Number(pub(crate) u64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    pub(crate) struct Seat {
        #[serde(default = "seven", alias = "no")]
        pub(crate) number: Number,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(seat.number: Number))]
    pub(crate) struct Ticket {
        #[serde(alias = "place")]
        pub(crate) seat: Seat,
        pub(crate) text: String,
    }

    #[derive(DomainModel)]
    #[domain_model(Ticket)]
    pub(crate) struct Model;
}

#[test]
fn a_new_key_covers_defaults_and_aliases() {
    use keyed::{Model, Number, Seat, Ticket};
    let Some(place) = rewriting() else { return };
    let ticket = |text: &str, rest: Document| {
        let mut document = doc! { "_version": 3_i64, "text": text };
        document.extend(rest);
        document
    };
    place.insert(
        "ticket",
        vec![
            ticket("a", doc! { "place": { "no": 1 } }),
            ticket("b", doc! { "seat": { "no": 2 } }),
            ticket("c", doc! { "place": { "number": 3 } }),
            ticket("d", doc! { "place": {} }),
        ],
    );
    let repo = place.store::<Model>().repo::<Ticket>();
    for (number, text) in [(1, "a"), (2, "b"), (3, "c"), (7, "d")] {
        let state = repo.retrieve_one(&Number(number)).unwrap();
        assert_eq!((state.text.as_str(), state.row_version()), (text, 3));
        let taken = Ticket { seat: Seat { number: Number(number) }, text: "new".into() };
        assert!(repo.create(taken).unwrap_err().is_duplicate_key(), "{number}");
    }
    let state = repo.retrieve_one(&Number(1)).unwrap();
    repo.update(state.modify(|ticket| ticket.text = "z".into())).unwrap();
    assert_eq!(repo.retrieve_one(&Number(1)).unwrap().text, "z");
}

/// Two rows that lack the field have the same value for it.
#[test]
fn a_default_that_breaks_a_new_key_is_a_duplicate() {
    let Some(place) = rewriting() else { return };
    let ticket = |text: &str| doc! { "_version": 0_i64, "text": text, "seat": {} };
    place.insert("ticket", vec![ticket("a"), ticket("b")]);
    let error = own(place.opened::<keyed::Model>().create_schema());
    assert!(
        matches!(error, MongoError::DuplicateRows { ref index, .. } if index == "ticket.seat.number.key"),
        "{error}"
    );
}

mod choice {
    use longevity::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
    pub(crate) enum Colour {
        #[serde(alias = "azure", alias = "sky")]
        Blue,
        Red,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Pot)]
    pub(crate) struct Label {
        #[serde(alias = "color")]
        pub(crate) colour: Colour,
        pub(crate) number: i64,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(label))]
    pub(crate) struct Pot {
        pub(crate) label: Label,
    }

    #[derive(DomainModel)]
    #[domain_model(Pot)]
    pub(crate) struct Model;
}

fn pot(colour: &str, number: i64) -> Document {
    doc! { "_version": 2_i64, "label": { "colour": colour, "number": number } }
}

/// To an index, the old and the new name of a choice are two values.
#[test]
fn a_key_has_choices_under_their_stored_names() {
    use choice::{Colour, Label, Model, Pot};
    let label = |colour, number| Label { colour, number };
    // Rows from before and after the key was created.
    for after in [false, true] {
        let Some(mut place) = Place::new() else { return };
        if after {
            place.store::<Model>();
        }
        let under_alias = doc! { "_version": 2_i64, "label": { "color": "sky", "number": 4 } };
        let old = if after { pot("sky", 4) } else { under_alias };
        place.insert("pot", vec![pot("azure", 1), pot("Blue", 2), pot("sky", 3), pot("Red", 1), old]);
        let before = place.documents("pot");
        let error = own(place.opened::<Model>().create_schema());
        assert!(matches!(&error, MongoError::OldRows { key, .. } if key == "pot.label.key"), "{error}");
        assert!(error.to_string().contains("Mongo::rewriting(true)"), "{error}");
        assert_eq!(place.documents("pot"), before);
        place.mongo = place.mongo.clone().rewriting(true);
        let pots = place.store::<Model>().repo::<Pot>();
        for number in 1..=4 {
            let state = pots.retrieve_one(&label(Colour::Blue, number)).unwrap();
            assert_eq!(state.row_version(), 2);
            let taken = Pot { label: label(Colour::Blue, number) };
            assert!(pots.create(taken).unwrap_err().is_duplicate_key(), "{number}");
        }
        let colours: Vec<_> =
            place.documents("pot").iter().map(|pot| pot.get_document("label").unwrap().clone()).collect();
        assert!(colours.iter().all(|label| matches!(label.get_str("colour"), Ok("Blue" | "Red"))), "{colours:?}");
        // Nothing is left to do, whether rewriting is allowed or not.
        place.mongo = place.mongo.clone().rewriting(false);
        place.store::<Model>();
    }
}

#[test]
fn two_names_of_a_choice_in_one_key_are_a_duplicate() {
    for after in [false, true] {
        let Some(place) = rewriting() else { return };
        if after {
            place.store::<choice::Model>();
        }
        place.insert("pot", vec![pot("azure", 1), pot("Blue", 2), pot("sky", 1)]);
        let before = place.documents("pot");
        let error = own(place.opened::<choice::Model>().create_schema());
        assert!(matches!(&error, MongoError::DuplicateRows { index, .. } if index == "pot.label.key"), "{error}");
        assert_eq!(place.documents("pot"), before);
    }
}

/// A value that is not an object cannot hold the default. Someone has to repair the row.
#[test]
fn a_field_gets_a_default_only_within_an_object() {
    let ticket = |text: &str, seat: Option<Bson>| {
        let mut document = doc! { "_version": 0_i64, "text": text };
        document.extend(seat.map(|seat| ("seat".to_owned(), seat)));
        document
    };
    let wrong = [None, Some(Bson::Int32(5)), Some(Bson::Null), Some(Bson::from("x"))];
    let wrong = wrong.into_iter().chain([Some(Bson::from(vec![Bson::from(doc! {})]))]);
    for wrong in wrong {
        let Some(place) = rewriting() else { return };
        place.insert("ticket", vec![ticket("a", Some(doc! {}.into())), ticket("b", wrong.clone())]);
        let before = place.documents("ticket").remove(1);
        place.opened::<keyed::Model>().create_schema().unwrap();
        let after = place.documents("ticket");
        assert_eq!(after[0].get_document("seat").unwrap(), &doc! { "number": 7_i64 });
        assert_eq!(after[1], before, "{wrong:?}");
    }
}
