//! Values that a store may keep apart from the documents, because a key or an index needs them: reading them alone agrees with
//! the decoded persistents, bit for bit, at the edges of each type.

use std::fmt::Debug;

use longevity::Storable;
use longevity::backend::Backend;
use longevity::backend::Value;
use longevity::blocking::{Longevity, Repo};
use longevity::prelude::*;
use longevity::query::{Prop, count};
use uuid::Uuid;

use crate::aggregates::{identical, value};
use crate::model::{Colour, Dice};
use crate::stores::{Question, everywhere};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Sample)]
struct Number(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Place {
    colour: Colour,
    height: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    key(number),
    index(flag, letter),
    index(small, short, int, long),
    index(little, unsigned_short, unsigned_int, unsigned_long),
    index(single),
    index(double),
    index(text, bytes),
    index(uuid),
    index(instant),
    index(colour, maybe),
    index(maybe_text),
    index(maybe_twice),
    index(place.colour),
    index(place.height)
)]
struct Sample {
    number: Number,
    flag: bool,
    letter: char,
    small: i8,
    short: i16,
    int: i32,
    long: i64,
    little: u8,
    unsigned_short: u16,
    unsigned_int: u32,
    unsigned_long: u64,
    single: f32,
    double: f64,
    text: String,
    bytes: Bytes,
    uuid: Uuid,
    instant: Timestamp,
    colour: Colour,
    maybe: Option<i64>,
    maybe_text: Option<String>,
    maybe_twice: Option<Option<i64>>,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(size: u64, weight: Option<f64>), index(weight))]
enum Item {
    Box(Box_),
    Sack(Sack),
}

/// The only variant with a column for its size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item), index(size), index(sides))]
struct Box_ {
    size: u64,
    weight: Option<f64>,
    sides: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item), index(label))]
struct Sack {
    size: u64,
    weight: Option<f64>,
    label: String,
}

#[derive(Debug, DomainModel)]
#[domain_model(Sample, Item)]
struct Edges;

const DOUBLES: [f64; 12] = [
    f64::NEG_INFINITY,
    f64::MIN,
    -1.5,
    -5e-324,
    -0.0,
    0.0,
    5e-324,
    0.1,
    9_007_199_254_740_993.0,
    f64::MAX,
    f64::INFINITY,
    f64::NAN,
];

/// A NaN with unusual bits.
fn odd_nan() -> f64 {
    f64::from_bits(0xfff8_0000_0000_0123)
}

fn double(dice: &mut Dice) -> f64 {
    if dice.below(8) == 0 { odd_nan() } else { dice.one_of(&DOUBLES) }
}

fn text(dice: &mut Dice) -> String {
    dice.one_of(&["", "a", "A", "ab", "a\0b", "\0", "é", "e\u{301}", "😀", "\u{ffff}", "10", "9", " a", "null"])
        .to_owned()
}

fn sample(number: usize, dice: &mut Dice) -> Sample {
    let singles =
        [f32::MIN, -0.0, 0.0, f32::MIN_POSITIVE, 0.1, 1e-45, f32::MAX, f32::INFINITY, f32::from_bits(0x7fc0_0001)];
    let seconds = [-377_705_023_201, -62_167_219_201, -62_167_219_200, -1, 0, 1, 1_700_000_000, 253_402_207_200];
    let instant = match dice.below(6) {
        0 => Timestamp::MIN,
        1 => Timestamp::MAX,
        _ => {
            let seconds = dice.one_of(&seconds);
            Timestamp::from_unix(seconds, dice.one_of(&[0, 1, 999_999_999]) * seconds.signum() as i32)
                .unwrap_or(Timestamp::MIN)
        }
    };
    Sample {
        // The numbers are on both sides of the largest signed integer.
        number: Number((i64::MAX as u64 - 30).wrapping_add(number as u64)),
        flag: dice.below(2) == 0,
        letter: dice.one_of(&['\0', 'a', 'ß', '\u{10ffff}']),
        small: dice.one_of(&[i8::MIN, -1, 0, i8::MAX]),
        short: dice.one_of(&[i16::MIN, -1, 0, i16::MAX]),
        int: dice.one_of(&[i32::MIN, -1, 0, i32::MAX]),
        long: dice.one_of(&[i64::MIN, i64::MIN + 1, -1, 0, i64::MAX]),
        little: dice.one_of(&[0, 1, u8::MAX]),
        unsigned_short: dice.one_of(&[0, 1, u16::MAX]),
        unsigned_int: dice.one_of(&[0, 1, u32::MAX]),
        unsigned_long: dice.one_of(&[0, 9, i64::MAX as u64, i64::MAX as u64 + 1, 10_000_000_000_000_000_000, u64::MAX]),
        single: dice.one_of(&singles),
        double: double(dice),
        text: text(dice),
        bytes: dice.one_of(&[&[][..], &[0], &[0, 0], &[1, 255], b"text"]).to_vec().into(),
        uuid: dice.one_of(&[Uuid::nil(), Uuid::max(), Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)]),
        instant,
        colour: dice.one_of(&[Colour::Red, Colour::DarkBlue]),
        maybe: dice.one_of(&[None, Some(i64::MIN), Some(0), Some(7)]),
        maybe_text: (dice.below(3) > 0).then(|| text(dice)),
        maybe_twice: dice.one_of(&[None, Some(None), Some(Some(0)), Some(Some(-1))]),
        place: Place {
            colour: dice.one_of(&[Colour::Red, Colour::DarkBlue]),
            height: (dice.below(3) > 0).then(|| double(dice)),
        },
    }
}

fn item(dice: &mut Dice) -> Item {
    let size = dice.one_of(&[0, 7, i64::MAX as u64 + 1, u64::MAX]);
    let weight = (dice.below(3) > 0).then(|| double(dice));
    match dice.below(2) {
        0 => Item::Box(Box_ { size, weight, sides: dice.one_of(&[i64::MIN, 6, i64::MAX]) }),
        _ => Item::Sack(Sack { size, weight, label: text(dice) }),
    }
}

/// Checks everything that can be read of a property alone against the values of the decoded rows, in their order.
fn assert_read_alone<P, B, F, T>(repo: &Repo<P, B>, all: &[T], query: impl Fn() -> Query<P>, property: &Prop<F, T>)
where
    P: longevity::PersistentType,
    B: Backend,
    F: longevity::query::CoversRowsOf<P> + 'static,
    T: Storable + serde::de::DeserializeOwned + Debug + Send + 'static,
{
    identical(&repo.project(query(), property).unwrap(), all);
    // The first of several equal values represents them all.
    let mut groups: Vec<(Value, u64)> = Vec::new();
    for found in all.iter().map(value) {
        match groups.iter_mut().find(|(known, _)| *known == found) {
            Some((_, rows)) => *rows += 1,
            None => groups.push((found, 1)),
        }
    }
    groups.sort();
    let same = |found: Value, expected: &Value| assert!(found.is_identical(expected), "{found:?} is not {expected:?}");
    let distinct = repo.distinct(query(), property).unwrap();
    assert_eq!(distinct.len(), groups.len());
    distinct.iter().zip(&groups).for_each(|(found, (expected, _))| same(value(found), expected));
    let grouped = repo.group(query(), property, count()).unwrap();
    assert_eq!(grouped.len(), groups.len());
    for ((found, rows), (expected, in_all)) in grouped.iter().zip(&groups) {
        same(value(found), expected);
        assert_eq!(rows, in_all);
    }
}

struct EachType;

impl Question<Edges> for EachType {
    fn ask<B: Backend>(&self, store: &Longevity<Edges, B>) {
        let mut dice = Dice::new(5);
        let samples = store.repo::<Sample>();
        samples.create_many((0..120).map(|number| sample(number, &mut dice))).unwrap();
        let s = Sample::props();
        let finds = |query: Query<Sample>| -> Vec<Sample> {
            samples.find(query).unwrap().into_iter().map(|state| state.into_value()).collect()
        };
        // The queries are by id, by an index in an order, and in a window.
        let queries: [fn() -> Query<Sample>; 3] = [
            Sample::query,
            || Sample::query().filter(Sample::props().long.ge(0)).order_by(Sample::props().text.desc()),
            || Sample::query().order_by(Sample::props().double.asc()).offset(7).limit(60),
        ];
        for query in queries {
            let all = finds(query());
            assert!(all.len() > 20);
            macro_rules! each {
                ($($($field:ident).+),*) => {$(
                    let values: Vec<_> = all.iter().map(|sample| sample.$($field).+.clone()).collect();
                    assert_read_alone(&samples, &values, query, &s.$($field).+);
                )*};
            }
            each!(number, flag, letter, small, short, int, long, little, unsigned_short, unsigned_int, unsigned_long);
            each!(single, double, text, bytes, uuid, instant, colour, maybe, maybe_text, maybe_twice);
            each!(place.colour, place.height, place);
            // Several properties, with and without columns, are read at once.
            let rows = samples.project(query(), (&s.double, &s.place, &s.number, &s.single)).unwrap();
            for (row, sample) in rows.iter().zip(&all) {
                identical(&[row.0], &[sample.double]);
                identical(std::slice::from_ref(&row.1), std::slice::from_ref(&sample.place));
                assert_eq!(row.2, sample.number);
                identical(&[row.3], &[sample.single]);
            }
        }
    }
}

#[test]
fn values_at_the_edges_of_each_type_are_read_exactly() {
    everywhere(&EachType);
}

struct Sums;

impl Question<Edges> for Sums {
    fn ask<B: Backend>(&self, store: &Longevity<Edges, B>) {
        let mut dice = Dice::new(17);
        let samples = store.repo::<Sample>();
        let all: Vec<Sample> = (0..120).map(|number| sample(number, &mut dice)).collect();
        samples.create_many(all.clone()).unwrap();
        let (s, every) = (Sample::props(), Sample::query);

        let aggregates =
            samples.aggregate(every(), (s.long.sum(), s.unsigned_long.sum(), s.maybe.sum(), s.small.sum()));
        let sum = |of: fn(&Sample) -> i128| all.iter().map(of).sum::<i128>();
        let expected = (
            sum(|sample| sample.long.into()),
            sum(|sample| sample.unsigned_long.into()),
            sum(|sample| sample.maybe.unwrap_or_default().into()),
            sum(|sample| sample.small.into()),
        );
        assert_eq!(aggregates.unwrap(), expected);
        let aggregates =
            samples.aggregate(every(), (s.unsigned_long.min(), s.unsigned_long.max(), s.instant.min(), s.text.max()));
        let (least, greatest, first, last) = aggregates.unwrap();
        assert_eq!((least, greatest), (Some(0), Some(u64::MAX)));
        assert_eq!(first, all.iter().map(|sample| sample.instant).min());
        assert_eq!(last, all.iter().map(|sample| sample.text.clone()).max());

        // Of two zeros, the first one is the least, whatever its sign. NaN is less than everything.
        let zeros =
            samples.aggregate(every().filter(s.double.eq(0.0)), (s.double.min(), s.double.max(), s.double.sum()));
        let first = all.iter().map(|sample| sample.double).find(|double| *double == 0.0);
        let (least, greatest, sum) = zeros.unwrap();
        identical(&[least, greatest], &[first, first]);
        assert!(sum == 0.0 && sum.is_sign_positive());
        let first = all.iter().map(|sample| sample.double).find(|double| double.is_nan());
        identical(&[samples.aggregate(every(), s.double.min()).unwrap()], &[first]);
        let negative = every().filter(s.double.eq(0.0) & s.number.eq(negative_zero(&all)));
        let sum = samples.aggregate(negative, s.double.sum()).unwrap();
        assert!(sum == 0.0 && sum.is_sign_negative());
        assert_eq!(samples.aggregate(every(), count()).unwrap(), 120);
    }
}

fn negative_zero(all: &[Sample]) -> Number {
    let is_one = |sample: &&Sample| sample.double == 0.0 && sample.double.is_sign_negative();
    all.iter().find(is_one).unwrap().number.clone()
}

#[test]
fn aggregates_at_the_edges_of_each_type_are_exact() {
    everywhere(&Sums);
}

struct OneVariant;

impl Question<Edges> for OneVariant {
    fn ask<B: Backend>(&self, store: &Longevity<Edges, B>) {
        let mut dice = Dice::new(3);
        let (items, boxes, sacks) = (store.repo::<Item>(), store.repo::<Box_>(), store.repo::<Sack>());
        items.create_many((0..80).map(|_| item(&mut dice))).unwrap();
        // A row that changes to another variant loses the columns of its old variant.
        let moved = items.first(Item::query().filter(Item::is::<Box_>())).unwrap().unwrap();
        items.update(moved.set(Item::Sack(Sack { size: 7, weight: Some(-0.0), label: "moved".to_owned() }))).unwrap();
        let all: Vec<Item> = items.find(Item::query()).unwrap().into_iter().map(|state| state.into_value()).collect();

        let size = |item: &Item| match item {
            Item::Box(item) => item.size,
            Item::Sack(item) => item.size,
        };
        let weight = |item: &Item| match item {
            Item::Box(item) => item.weight,
            Item::Sack(item) => item.weight,
        };
        let (i, b, k) = (Item::props(), Box_::props(), Sack::props());
        assert_read_alone(&items, &all.iter().map(size).collect::<Vec<_>>(), Item::query, &i.size);
        assert_read_alone(&items, &all.iter().map(weight).collect::<Vec<_>>(), Item::query, &i.weight);
        assert_eq!(
            items.aggregate(Item::query(), i.size.sum()).unwrap(),
            all.iter().map(|item| i128::from(size(item))).sum()
        );

        let of_boxes = || all.iter().filter_map(|item| if let Item::Box(item) = item { Some(item) } else { None });
        let of_sacks = || all.iter().filter_map(|item| if let Item::Sack(item) = item { Some(item) } else { None });
        assert_read_alone(&boxes, &of_boxes().map(|item| item.size).collect::<Vec<_>>(), Box_::query, &b.size);
        assert_read_alone(&boxes, &of_boxes().map(|item| item.sides).collect::<Vec<_>>(), Box_::query, &b.sides);
        assert_read_alone(&boxes, &of_boxes().map(|item| item.weight).collect::<Vec<_>>(), Box_::query, &i.weight);
        assert_read_alone(
            &sacks,
            &of_sacks().map(|item| item.label.clone()).collect::<Vec<_>>(),
            Sack::query,
            &k.label,
        );
        assert_read_alone(&sacks, &of_sacks().map(|item| item.size).collect::<Vec<_>>(), Sack::query, &k.size);
    }
}

#[test]
fn a_column_of_one_variant_follows_its_rows() {
    everywhere(&OneVariant);
}
