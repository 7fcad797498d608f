//! Patches of one row by its key have the same result whether they are made in place or after a look at the row.

use std::collections::{BTreeMap, BTreeSet};

use longevity::Patch;
use longevity::backend::Backend;
use longevity::backend::Value;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;

use crate::stores::{Question, everywhere};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Device)]
struct Serial(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    poly,
    props(serial: Serial, label: Option<String>, count: i32, tags: Vec<String>, place: Place),
    key(serial),
    index(count)
)]
enum Device {
    Lamp(Lamp),
    Sensor(Sensor),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Lamp)]
struct Socket(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Device), key(socket), index(small, wide))]
struct Lamp {
    serial: Serial,
    label: Option<String>,
    count: i32,
    tags: Vec<String>,
    place: Place,
    socket: Socket,
    small: i8,
    long: i64,
    wide: u64,
    ratio: f64,
    single: f32,
    lit_at: Timestamp,
    maybe: Option<Option<i64>>,
    marks: BTreeMap<String, u16>,
    kinds: BTreeSet<Kind>,
    grid: Vec<Vec<Option<u8>>>,
    mode: Mode,
    // A property that only later versions of the model have.
    #[serde(default, alias = "older")]
    newer: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Device))]
struct Sensor {
    serial: Serial,
    label: Option<String>,
    count: i32,
    tags: Vec<String>,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Place {
    #[serde(rename = "city-of")]
    #[component(name = "city")]
    city: String,
    floor: Option<Floor>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Floor {
    number: i16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Kind {
    Warm,
    #[serde(alias = "Chilly")]
    Cold,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Mode {
    Off,
    Dimmed { to: u8 },
}

#[derive(Debug, DomainModel)]
#[domain_model(Device)]
struct Home;

fn place() -> Place {
    Place { city: "Ulm".into(), floor: Some(Floor { number: 2 }) }
}

fn serial(number: u32) -> Serial {
    Serial(format!("$S.{number}"))
}

fn lamp(number: u32) -> Lamp {
    Lamp {
        serial: serial(number),
        label: None,
        count: 1,
        tags: vec!["a".into()],
        place: place(),
        socket: Socket(number),
        small: 100,
        long: i64::MAX - 5,
        wide: u64::MAX - 5,
        ratio: 0.5,
        single: 0.1,
        lit_at: Timestamp::from_unix(1, 2).unwrap(),
        maybe: None,
        marks: [("x".to_owned(), 1)].into(),
        kinds: [Kind::Cold].into(),
        grid: vec![vec![None]],
        mode: Mode::Dimmed { to: 3 },
        newer: 4,
    }
}

fn sensor(number: u32) -> Sensor {
    Sensor { serial: serial(number), label: Some("s".into()), count: -1, tags: Vec::new(), place: place() }
}

type Case = (Patch<Lamp>, fn(&mut Lamp));

/// Each patch with its effect on a lamp.
fn of_lamps() -> Vec<Case> {
    let (d, l) = (Device::props(), Lamp::props());
    vec![
        (d.count.increment(5).of(), |lamp| lamp.count += 5),
        (d.count.increment(-5).of() & l.small.increment(27), |lamp| (lamp.count, lamp.small) = (-4, 127)),
        (l.small.set(-128), |lamp| lamp.small = -128),
        (l.small.increment(-100), |lamp| lamp.small = 0),
        (l.long.increment(5), |lamp| lamp.long = i64::MAX),
        (l.long.increment(-5) & l.long.increment(10), |lamp| lamp.long = i64::MAX),
        (l.wide.increment(5_u64), |lamp| lamp.wide = u64::MAX),
        (l.wide.set(0_u64), |lamp| lamp.wide = 0),
        (l.ratio.increment(0.25), |lamp| lamp.ratio = 0.75),
        (l.ratio.set(f64::NAN) & l.single.increment(0.2_f32), |lamp| (lamp.ratio, lamp.single) = (f64::NAN, 0.1 + 0.2)),
        (l.single.set(-0.0_f32), |lamp| lamp.single = -0.0),
        (l.lit_at.set(Timestamp::from_unix(-1, -999_999_999).unwrap()), |lamp| {
            lamp.lit_at = Timestamp::from_unix(-1, -999_999_999).unwrap();
        }),
        (l.label.set("$label"), |lamp| lamp.label = Some("$label".into())),
        (l.maybe.set(Some(None::<i64>)), |lamp| lamp.maybe = Some(None)),
        (l.maybe.set(Some(Some(7))), |lamp| lamp.maybe = Some(Some(7))),
        (l.maybe.increment(Some(Some(1))), |_| {}),
        (l.tags.push("$b"), |lamp| lamp.tags.push("$b".into())),
        (l.tags.push("b") & l.tags.push("c"), |lamp| lamp.tags.extend(["b".to_owned(), "c".to_owned()])),
        (l.tags.set(Vec::<String>::new()), |lamp| lamp.tags.clear()),
        (l.grid.push(vec![Some(1), None]), |lamp| lamp.grid.push(vec![Some(1), None])),
        (l.kinds.push(Kind::Warm), |lamp| {
            lamp.kinds.insert(Kind::Warm);
        }),
        (l.kinds.push(Kind::Cold), |_| {}),
        (l.marks.entry("x").increment(2_u16), |lamp| *lamp.marks.get_mut("x").unwrap() += 2),
        (l.marks.entry("$y.z").set(Some(2_u16)), |lamp| {
            lamp.marks.insert("$y.z".into(), 2);
        }),
        (l.marks.set(BTreeMap::from([("a.b".to_owned(), 3)])), |lamp| lamp.marks = [("a.b".to_owned(), 3)].into()),
        (l.mode.set(Mode::Off), |lamp| lamp.mode = Mode::Off),
        (l.mode.dimmed.to.increment(1_u8), |lamp| lamp.mode = Mode::Dimmed { to: 4 }),
        (d.place.city.set("Köln").of(), |lamp| lamp.place.city = "Köln".into()),
        (d.place.set(Place { city: String::new(), floor: None }).of(), |lamp| {
            lamp.place = Place { city: String::new(), floor: None };
        }),
        (d.place.floor.some().number.increment(1_i16).of(), |lamp| lamp.place.floor = Some(Floor { number: 3 })),
        (d.place.floor.set(None::<Floor>).of() & d.place.city.set("c").of(), |lamp| {
            lamp.place = Place { city: "c".into(), floor: None };
        }),
        (l.newer.increment(1), |lamp| lamp.newer += 1),
        (l.socket.set(Socket(77)), |lamp| lamp.socket = Socket(77)),
        (d.serial.set(Serial("new".into())).of(), |lamp| lamp.serial = Serial("new".into())),
    ]
}

fn value(lamp: &Lamp) -> Value {
    lamp.value_at(&[]).to_value()
}

struct ByKey;

impl Question<Home> for ByKey {
    fn ask<B: Backend>(&self, store: &Longevity<Home, B>) {
        let (devices, lamps) = (store.repo::<Device>(), store.repo::<Lamp>());
        let cases = || of_lamps().into_iter().zip(10..);
        lamps.create_many(cases().map(|(_, number)| lamp(number))).unwrap();
        devices.create_many((1..5).map(|number| Device::Sensor(sensor(number)))).unwrap();
        for ((patch, change), number) in cases() {
            let mut expected = lamp(number);
            change(&mut expected);
            let what = format!("{}: {patch:?}", B::NAME);
            let patched = match number % 2 {
                0 => lamps.patch_by(&serial(number), patch).unwrap(),
                _ => lamps.patch_by(&Socket(number), patch).unwrap(),
            };
            let patched = patched.unwrap_or_else(|| panic!("{what} found none"));
            assert!(value(patched.get()).is_identical(&value(&expected)), "{what}: {:?}", patched.get());
            assert_eq!(patched.row_version(), 1, "{what}");
            let found = lamps.retrieve_one(&expected.serial).unwrap();
            assert!(value(found.get()).is_identical(&value(&expected)), "{what}: {:?}", found.get());
            assert_eq!((found.id(), found.row_version()), (patched.id(), 1), "{what}");
            // The lamp is found by the indexes and by values that are compared in their stored form.
            let (l, tags) = (Lamp::props(), expected.tags.clone());
            let same = l.small.eq(expected.small) & l.wide.eq(expected.wide) & l.tags.eq(tags);
            let same = same & l.place.eq(expected.place.clone()) & l.mode.eq(expected.mode.clone());
            let same = same & l.kinds.eq(expected.kinds.clone()) & l.marks.eq(expected.marks.clone());
            let found = lamps.find(Lamp::query().filter(same)).unwrap();
            assert!(found.iter().any(|state| state.id() == patched.id()), "{what}");
            assert!(lamps.retrieve(&expected.socket).unwrap().is_some(), "{what}");
            // The returned state can be updated.
            lamps.update(patched.modify(|lamp| lamp.count = 0)).unwrap();
        }
    }
}

#[test]
fn a_patch_by_key_has_the_described_effect() {
    everywhere(&ByKey);
}

struct Refused;

impl Question<Home> for Refused {
    fn ask<B: Backend>(&self, store: &Longevity<Home, B>) {
        let (devices, lamps) = (store.repo::<Device>(), store.repo::<Lamp>());
        lamps.create_many([lamp(1), lamp(2)]).unwrap();
        devices.create(Device::Sensor(sensor(3))).unwrap();
        let (d, l) = (Device::props(), Lamp::props());
        let before = devices.find(Device::query()).unwrap();
        let patch = |patch: Patch<Lamp>| lamps.patch_by(&serial(1), patch);

        for (patched, text) in [
            (patch(l.small.increment(28)), "cannot patch small of Lamp: the result is not a value of its type: "),
            (
                patch(l.small.increment(i8::MIN) & l.small.increment(-101)),
                "cannot patch small of Lamp: the result is not a value of its type: ",
            ),
            (patch(l.long.increment(6)), "cannot patch long of Lamp: the sum is out of the range of its type"),
            (patch(l.wide.increment(6_u64)), "cannot patch wide of Lamp: the sum is out of the range of its type"),
            (patch(l.socket.set(Socket(2))), "Lamp with socket = 2 already exists"),
            (patch(d.serial.set(serial(3)).of()), "Device with serial = \"$S.3\" already exists"),
            (patch(d.count.increment(1).of() & l.socket.set(Socket(2))), "Lamp with socket = 2 already exists"),
        ] {
            let error = patched.unwrap_err().to_string();
            assert!(error.starts_with(text), "{}: {error:?} is not {text:?}", B::NAME);
        }
        // A server's message about it may be cut off in the middle of a character.
        for long in ["é".repeat(400), format!("x{}", "é".repeat(400))].map(Serial) {
            let taken = lamps.create(Lamp { serial: long.clone(), ..lamp(7) }).unwrap();
            let error = patch(d.serial.set(long.clone()).of()).unwrap_err();
            assert!(error.is_duplicate_key(), "{}: {error}", B::NAME);
            lamps.delete(taken).unwrap();
        }
        // No row has the key, or a sibling has it.
        assert!(lamps.patch_by(&serial(9), d.count.increment(1)).unwrap().is_none());
        assert!(lamps.patch_by(&serial(3), d.count.increment(1)).unwrap().is_none());
        let after = devices.find(Device::query()).unwrap();
        let seen = |states: &[longevity::PState<Device>]| -> Vec<_> {
            states.iter().map(|state| (state.id(), state.row_version(), state.get().clone())).collect()
        };
        assert_eq!(seen(&before), seen(&after), "{}", B::NAME);

        // Patches through the poly type apply to each row as its variant allows.
        patch_all(&devices);
    }
}

fn patch_all<B: Backend>(devices: &Repo<Device, B>) {
    let d = Device::props();
    for number in 1..=3 {
        let patch = d.count.increment(1) & d.tags.push("t") & d.place.city.set("Bonn");
        let patched = devices.patch_by(&serial(number), patch).unwrap().unwrap();
        assert_eq!(patched.row_version(), 1);
        let expected = match number {
            3 => {
                let sensor = sensor(3);
                Device::Sensor(Sensor { count: 0, tags: vec!["t".into()], place: bonn(sensor.place.clone()), ..sensor })
            }
            _ => {
                let lamp = lamp(number);
                let tags = vec!["a".to_owned(), "t".to_owned()];
                Device::Lamp(Lamp { count: 2, tags, place: bonn(lamp.place.clone()), ..lamp })
            }
        };
        assert_eq!(*patched.get(), expected);
    }
}

fn bonn(place: Place) -> Place {
    Place { city: "Bonn".into(), ..place }
}

#[test]
fn a_failed_patch_changes_nothing_and_says_why() {
    everywhere(&Refused);
}

mod figures {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Figure)]
    pub(super) struct Id(pub(super) i64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly, props(id: Id, size: Option<i64>), key(id))]
    pub(super) enum Figure {
        Circle { id: Id, size: Option<i64> },
        Square(Box<Square>),
        Line(Line),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Figure))]
    pub(super) struct Square {
        pub(super) id: Id,
        pub(super) size: Option<i64>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(Figure))]
    pub(super) struct Line {
        pub(super) size: Option<i64>,
        pub(super) id: Id,
    }

    #[derive(Debug, DomainModel)]
    #[domain_model(Figure)]
    pub(super) struct Figures;
}

struct OfEveryVariant;

impl Question<figures::Figures> for OfEveryVariant {
    fn ask<B: Backend>(&self, store: &Longevity<figures::Figures, B>) {
        use figures::{Figure, Id, Line, Square};
        let figures = store.repo::<Figure>();
        let all = |size: i64| {
            let size = |id: i64| Some(size + id);
            [
                Figure::Circle { id: Id(1), size: size(1) },
                Figure::Square(Box::new(Square { id: Id(2), size: size(2) })),
                Figure::Line(Line { id: Id(3), size: size(3) }),
            ]
        };
        let found = || -> Vec<Figure> {
            figures.find(Figure::query()).unwrap().into_iter().map(|state| state.into_value()).collect()
        };
        figures.create_many(all(0)).unwrap();
        let f = Figure::props();
        assert_eq!(figures.update_where(Figure::query().all(), f.size.increment(Some(10))).unwrap(), 3);
        assert_eq!(found(), all(10));
        for id in 1..=3 {
            figures.patch_by(&Id(id), f.size.increment(Some(10))).unwrap().unwrap();
            figures.patch_by(&Id(id), f.size.set(Some(id + 30))).unwrap().unwrap();
        }
        assert_eq!(found(), all(30));
    }
}

#[test]
fn boxed_and_inline_variants_keep_their_form() {
    everywhere(&OfEveryVariant);
}

/// Rules over several fields, which decoding enforces.
mod ruled {
    use longevity::prelude::*;
    use serde::Deserializer;
    use serde::de::Error as _;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Trip)]
    pub(super) struct Id(pub(super) u8);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(key(id))]
    pub(super) struct Trip {
        pub(super) id: Id,
        pub(super) seats: Seats,
        pub(super) stops: Vec<String>,
    }

    /// No more seats are taken than there are.
    #[derive(Clone, Debug, PartialEq, Serialize, Component)]
    #[component(deserialized_by_hand)]
    pub(super) struct Seats {
        pub(super) taken: i32,
        pub(super) all: i32,
    }

    impl<'de> Deserialize<'de> for Seats {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            #[derive(Deserialize)]
            struct Unchecked {
                taken: i32,
                all: i32,
            }
            match Unchecked::deserialize(deserializer)? {
                Unchecked { taken, all } if taken <= all => Ok(Self { taken, all }),
                _ => Err(D::Error::custom("more seats are taken than there are")),
            }
        }
    }

    #[derive(Debug, DomainModel)]
    #[domain_model(Trip)]
    pub(super) struct Trips;
}

struct OfRules;

impl Question<ruled::Trips> for OfRules {
    fn ask<B: Backend>(&self, store: &Longevity<ruled::Trips, B>) {
        use ruled::{Id, Seats, Trip};
        let trips = store.repo::<Trip>();
        trips.create(Trip { id: Id(1), seats: Seats { taken: 1, all: 2 }, stops: Vec::new() }).unwrap();
        let t = Trip::props();
        let take = || t.seats.taken.increment(1) & t.stops.push("Ulm");
        trips.patch_by(&Id(1), take()).unwrap().unwrap();
        let error = trips.patch_by(&Id(1), take()).unwrap_err().to_string();
        assert!(error.ends_with("more seats are taken than there are"), "{}: {error}", B::NAME);
        let error = trips.update_where(Trip::query().all(), t.seats.all.set(0)).unwrap_err().to_string();
        assert!(error.ends_with("more seats are taken than there are"), "{}: {error}", B::NAME);
        let trip = trips.retrieve_one(&Id(1)).unwrap();
        let expected = Trip { id: Id(1), seats: Seats { taken: 2, all: 2 }, stops: vec!["Ulm".into()] };
        assert_eq!((trip.get(), trip.row_version()), (&expected, 1), "{}", B::NAME);
    }
}

#[test]
fn patches_obey_rules_that_decoding_enforces() {
    everywhere(&OfRules);
}
