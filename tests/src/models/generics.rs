//! Generic components, and a generic persistent type.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Range<T> {
    pub from: T,
    pub to: Option<T>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub enum Either<A, B> {
    Left(A),
    Right(B),
    Both { left: A, right: B },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Labelled<T>(pub T);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Booking)]
pub struct BookingId(pub u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(booking_id), index(period.from))]
pub struct Booking {
    pub booking_id: BookingId,
    pub period: Range<Timestamp>,
    pub prices: Vec<Range<f64>>,
    pub guest: Either<String, Range<i64>>,
    pub label: Labelled<Labelled<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(number))]
pub struct Envelope<T> {
    pub number: i64,
    pub content: T,
    pub more: Vec<T>,
}

#[derive(DomainModel)]
#[domain_model(Booking, Envelope<Range<String>>)]
pub struct Generics;
