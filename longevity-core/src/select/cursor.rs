//! Cursors: places in an order that leave the program as text and come back, perhaps changed.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::place::Place;
use super::{OrderBy, Select};
use crate::error::Error;
use crate::row::RowId;
use crate::value::{Timestamp, Value};

/// The place where a page begins. Comes from [`Page`](crate::Page) and is passed to [`Repo::page`](crate::Repo::page). In
/// between it can be text, with letters, digits, `-` and `_`.
///
/// A cursor holds the values by which the rows are ordered. It is sealed but not encrypted: anyone who has it can read them. A
/// cursor that was changed, or that is used with another query, is refused with [`Error::InvalidCursor`]. Other processes
/// accept it if their stores have the same [`cursor_key`](crate::Options::cursor_key).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

/// The direction of a page from its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    Next,
    Previous,
}

/// The content that is sealed. Changing it needs another [`VERSION`].
#[derive(Serialize, Deserialize)]
struct Content {
    way: Way,
    inclusive: bool,
    id: u128,
    values: Vec<Bound>,
}

/// A single value.
#[derive(Serialize, Deserialize)]
enum Bound {
    None(u8),
    Bool(bool),
    Int(i64),
    UInt(u64),
    /// The number's bits, because NaN has many.
    Float(u64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(u128),
    Timestamp(i64, i32),
}

/// The first byte of a cursor's content.
const VERSION: u8 = 1;
/// The length of a seal in bytes.
const SEAL: usize = 16;

/// The key that seals cursors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CursorKey(pub(crate) [u8; 32]);

impl CursorKey {
    /// The key of this process, chosen at random.
    pub(crate) fn of_process() -> Result<Self, Error> {
        static KEY: OnceLock<CursorKey> = OnceLock::new();
        if let Some(key) = KEY.get() {
            return Ok(*key);
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .map_err(|_| invalid("the system has no random numbers to seal it with: set `Options::cursor_key`"))?;
        Ok(*KEY.get_or_init(|| Self(key)))
    }

    /// The seal of the content and of the query that it belongs to.
    fn seal(&self, content: &[u8], of: &str) -> Hmac<Sha256> {
        let mut padded = [0; 64];
        padded[..self.0.len()].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&padded.into());
        mac.update(&(content.len() as u64).to_le_bytes());
        mac.update(content);
        mac.update(of.as_bytes());
        mac
    }
}

/// Does not show the key.
impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey")
    }
}

impl Cursor {
    pub(crate) fn new(key: &CursorKey, of: &str, way: Way, place: &Place) -> Result<Self, Error> {
        let values = place.values.iter().map(Bound::of).collect::<Option<_>>();
        let values = values.ok_or_else(|| invalid("the query orders by a value that no cursor can hold"))?;
        let content = Content { way, inclusive: place.inclusive, id: place.id.as_u128(), values };
        let mut bytes = vec![VERSION];
        bytes.extend(postcard::to_allocvec(&content).map_err(|_| invalid("its values cannot be serialized"))?);
        let seal = key.seal(&bytes, of).finalize().into_bytes();
        bytes.extend_from_slice(&seal[..SEAL]);
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The direction of the page and the place, if the cursor belongs to this query.
    pub(crate) fn open(&self, key: &CursorKey, of: &str) -> Result<(Way, Place), Error> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| invalid("it is not the text of a cursor"))?;
        let split = bytes.len().checked_sub(SEAL).and_then(|at| bytes.split_at_checked(at));
        let (content, seal) = split.ok_or_else(|| invalid("it is too short"))?;
        key.seal(content, of).verify_truncated_left(seal).map_err(|_| {
            invalid(
                "it was changed, or it belongs to another query, or to a store with another cursor key; without \
                 `Options::cursor_key` each process has its own",
            )
        })?;
        let unreadable = || invalid("it was made by another version of the program");
        let Some((&VERSION, content)) = content.split_first() else { return Err(unreadable()) };
        let Content { way, inclusive, id, values } = postcard::from_bytes(content).map_err(|_| unreadable())?;
        let values = values.into_iter().map(Bound::into_value).collect::<Option<_>>().ok_or_else(unreadable)?;
        Ok((way, Place { values, id: RowId::from_u128(id), inclusive }))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn invalid(problem: &'static str) -> Error {
    Error::InvalidCursor { problem }
}

/// The part of the query that is sealed together with a cursor's content: all but the window.
pub(crate) fn query_of(type_name: &str, select: &Select) -> String {
    let Select { predicate, order, ties, .. } = select;
    let order: Vec<_> = order.iter().map(|OrderBy { path, direction }| (path, direction)).collect();
    format!("{type_name} {predicate:?} {order:?} {ties:?}")
}

impl Bound {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::None(depth) => Self::None(*depth),
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::UInt(value) => Self::UInt(*value),
            Value::Float(value) => Self::Float(value.to_bits()),
            Value::Char(value) => Self::Char(*value),
            Value::Text(value) => Self::Text(value.to_string()),
            Value::Bytes(value) => Self::Bytes(value.to_vec()),
            Value::Uuid(value) => Self::Uuid(value.as_u128()),
            Value::Timestamp(value) => Self::Timestamp(value.unix_seconds(), value.subsec_nanoseconds()),
            Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Variant(..) => return None,
        })
    }

    fn into_value(self) -> Option<Value> {
        Some(match self {
            Self::None(depth) => Value::None(depth),
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::UInt(value) => Value::UInt(value),
            Self::Float(bits) => Value::Float(f64::from_bits(bits)),
            Self::Char(value) => Value::Char(value),
            Self::Text(value) => Value::Text(value.into()),
            Self::Bytes(value) => Value::Bytes(value.into()),
            Self::Uuid(value) => Value::Uuid(uuid::Uuid::from_u128(value)),
            Self::Timestamp(seconds, nanoseconds) => Value::Timestamp(Timestamp::from_unix(seconds, nanoseconds)?),
        })
    }
}

/// Accepts any text. Whether it is a cursor is checked when a page is asked for.
impl FromStr for Cursor {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::Predicate;

    const KEY: CursorKey = CursorKey([7; 32]);

    fn place() -> Place {
        let values = vec![
            Value::None(1),
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Float(-0.0),
            Value::Char('\u{10ffff}'),
            Value::Text("a\0é".into()),
            Value::Bytes([0, 255].into()),
            Value::Uuid(uuid::Uuid::from_u128(9)),
            Value::Timestamp(Timestamp::MIN),
        ];
        Place { values, id: RowId::from_u128(u128::MAX), inclusive: true }
    }

    #[test]
    fn a_cursor_is_its_text() {
        let cursor = Cursor::new(&KEY, "a query", Way::Next, &place()).unwrap();
        assert!(cursor.as_str().len() > 40);
        assert_eq!((cursor.as_str(), Cursor::from(cursor.to_string())), (&*cursor.to_string(), cursor.clone()));
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let cursor = Cursor::new(&KEY, "a query", Way::Previous, &place()).unwrap();
        assert!(cursor.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let text: Cursor = cursor.to_string().parse().unwrap();
        let (way, opened) = text.open(&KEY, "a query").unwrap();
        assert_eq!((way, &opened), (Way::Previous, &place()));
        assert!(opened.values.iter().zip(place().values).all(|(a, b)| a.is_identical(&b)));
    }

    #[test]
    fn a_cursor_that_was_changed_in_any_place_is_refused() {
        let cursor = Cursor::new(&KEY, "a query", Way::Next, &place()).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(cursor.as_str()).unwrap();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[position] ^= 1 << bit;
                let changed = Cursor(URL_SAFE_NO_PAD.encode(changed));
                assert!(matches!(changed.open(&KEY, "a query"), Err(Error::InvalidCursor { .. })), "{position}");
            }
        }
        for length in 0..bytes.len() {
            let short = Cursor(URL_SAFE_NO_PAD.encode(&bytes[..length]));
            assert!(short.open(&KEY, "a query").is_err());
        }
        for text in ["", "?", "AAAA", "é", &"A".repeat(100)] {
            assert!(text.parse::<Cursor>().unwrap().open(&KEY, "a query").is_err());
        }
    }

    #[test]
    fn a_cursor_of_another_query_or_another_key_is_refused() {
        let cursor = Cursor::new(&KEY, "a query", Way::Next, &place()).unwrap();
        assert!(cursor.open(&KEY, "another query").is_err());
        assert!(cursor.open(&CursorKey([8; 32]), "a query").is_err());
        assert_ne!(query_of("User", &Select::of(Predicate::True)), query_of("User", &Select::of(Predicate::False)),);
    }
}
