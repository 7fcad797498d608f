//! A binary form of values whose bytes sort as the values do, for the keys of indexes.
//!
//! Each value begins with a tag that ranks its kind, and no encoded value is a prefix of another, so values can simply follow
//! one another. Entries of an index that share their leading columns are therefore a range of bytes, a comparison is one
//! `memcmp`, and inverted bytes sort in descending order. The idea is that of FoundationDB's tuple layer
//! (<https://github.com/apple/foundationdb/blob/main/design/tuple.md>).
//!
//! Equal values have equal bytes. This makes the zeros the same, and all NaNs, so values cannot be decoded from here.
//!
//! ```
//! use longevity_core::Value;
//! use longevity_core::value::sortable::{Buffer, encode};
//!
//! let key = |value: Value| {
//!     let mut key = Buffer::new();
//!     encode(value.as_value_ref(), &mut key);
//!     key
//! };
//! assert!(key(Value::Int(-1)) < key(Value::Int(1)));
//! assert!(key(Value::Text("a".into())) < key(Value::Text("ab".into())));
//! ```

use smallvec::SmallVec;

use super::{Timestamp, Value, ValueRef};

/// Bytes under construction. Most keys are shorter than this, and never touch the heap.
pub type Buffer = SmallVec<[u8; 64]>;

/// Sorts above every tag and below every bound: a key that begins with some columns is less than these columns followed by this
/// byte.
pub const ABOVE: u8 = 0xff;
/// Ends text, bytes, lists, maps and records; below every tag and every escaped byte.
const END: u8 = 0x00;
/// Precedes the replacement of one of the bytes 0 and 1, which would otherwise look like an end or an escape.
const ESCAPE: u8 = 0x01;

/// The first byte of each kind of value, in the order of the kinds.
mod tag {
    pub(super) const NONE: u8 = 0x10;
    pub(super) const BOOL: u8 = 0x11;
    pub(super) const NEGATIVE: u8 = 0x12;
    pub(super) const INTEGER: u8 = 0x13;
    pub(super) const FLOAT: u8 = 0x14;
    pub(super) const CHAR: u8 = 0x15;
    pub(super) const TEXT: u8 = 0x16;
    pub(super) const BYTES: u8 = 0x17;
    pub(super) const UUID: u8 = 0x18;
    pub(super) const TIMESTAMP: u8 = 0x19;
    pub(super) const LIST: u8 = 0x1a;
    pub(super) const MAP: u8 = 0x1b;
    pub(super) const RECORD: u8 = 0x1c;
    pub(super) const VARIANT: u8 = 0x1d;
}

/// Sorts above every absent value and below every other. A range without a lower bound begins here, because it does not match
/// absent values.
pub const PRESENT: u8 = tag::BOOL;

/// Appends a value.
#[inline]
pub fn encode(value: ValueRef<'_>, out: &mut Buffer) {
    match value {
        ValueRef::None(depth) => out.extend_from_slice(&[tag::NONE, depth]),
        ValueRef::Bool(value) => out.extend_from_slice(&[tag::BOOL, u8::from(value)]),
        ValueRef::Int(value) => {
            out.push(if value < 0 { tag::NEGATIVE } else { tag::INTEGER });
            // Two's complement sorts correctly among the negative numbers and among the others.
            out.extend_from_slice(&value.to_be_bytes());
        }
        ValueRef::UInt(value) => {
            out.push(tag::INTEGER);
            out.extend_from_slice(&value.to_be_bytes());
        }
        ValueRef::Float(value) => {
            out.push(tag::FLOAT);
            out.extend_from_slice(&float_bits(value).to_be_bytes());
        }
        ValueRef::Char(value) => {
            out.push(tag::CHAR);
            out.extend_from_slice(&u32::from(value).to_be_bytes());
        }
        ValueRef::Text(value) => encode_bytes(tag::TEXT, value.as_bytes(), out),
        ValueRef::Bytes(value) => encode_bytes(tag::BYTES, value, out),
        ValueRef::Uuid(value) => {
            out.push(tag::UUID);
            out.extend_from_slice(value.as_bytes());
        }
        ValueRef::Timestamp(value) => encode_timestamp(value, out),
        ValueRef::Composite(value) => encode_composite(&value.to_value(), out),
    }
}

fn encode_composite(value: &Value, out: &mut Buffer) {
    match value {
        Value::List(values) => {
            out.push(tag::LIST);
            values.iter().for_each(|value| encode_composite(value, out));
            out.push(END);
        }
        Value::Map(entries) => {
            out.push(tag::MAP);
            for (key, value) in entries {
                encode_composite(key, out);
                encode_composite(value, out);
            }
            out.push(END);
        }
        Value::Record(fields) => {
            out.push(tag::RECORD);
            for (name, value) in fields {
                encode_bytes(tag::TEXT, name.as_bytes(), out);
                encode_composite(value, out);
            }
            out.push(END);
        }
        Value::Variant(name, value) => {
            out.push(tag::VARIANT);
            encode_bytes(tag::TEXT, name.as_bytes(), out);
            encode_composite(value, out);
        }
        plain => encode(plain.as_value_ref(), out),
    }
}

#[inline]
fn encode_bytes(tag: u8, bytes: &[u8], out: &mut Buffer) {
    out.push(tag);
    // The loop does not end early, so that many bytes are compared in one step.
    if bytes.iter().fold(false, |any, byte| any | (*byte <= ESCAPE)) {
        for byte in bytes {
            match *byte {
                0 => out.extend_from_slice(&[ESCAPE, 1]),
                ESCAPE => out.extend_from_slice(&[ESCAPE, 2]),
                byte => out.push(byte),
            }
        }
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(END);
}

fn encode_timestamp(value: Timestamp, out: &mut Buffer) {
    // Before the epoch the fraction counts downwards. With seconds rounded down, it always counts upwards.
    let (mut seconds, mut nanoseconds) = (value.unix_seconds(), value.subsec_nanoseconds());
    if nanoseconds < 0 {
        seconds -= 1;
        nanoseconds += 1_000_000_000;
    }
    out.push(tag::TIMESTAMP);
    out.extend_from_slice(&(seconds ^ i64::MIN).to_be_bytes());
    out.extend_from_slice(&nanoseconds.to_be_bytes());
}

/// Bits that sort as the numbers do: all NaNs are equal and come first, and the zeros are equal.
#[inline]
fn float_bits(value: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    if value.is_nan() {
        return 0;
    }
    // Adding a positive zero makes a negative zero positive, and changes no other number.
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The number of bytes that the first `columns` values take.
#[inline]
pub fn length_of(columns: usize, bytes: &[u8]) -> usize {
    (0..columns).fold(0, |start, _| start + length_of_one(&bytes[start..]))
}

#[inline]
fn length_of_one(bytes: &[u8]) -> usize {
    let Some(tag) = bytes.first() else { return 0 };
    let length = match *tag {
        tag::NONE | tag::BOOL => 2,
        tag::NEGATIVE | tag::INTEGER | tag::FLOAT => 9,
        tag::CHAR => 5,
        tag::UUID => 17,
        tag::TIMESTAMP => 13,
        tag::TEXT | tag::BYTES => bytes.iter().position(|byte| *byte == END).map_or(bytes.len(), |end| end + 1),
        tag::VARIANT => {
            let name = 1 + length_of_one(&bytes[1..]);
            name + length_of_one(&bytes[name..])
        }
        _ => {
            let mut end = 1;
            while bytes.get(end).is_some_and(|byte| *byte != END) {
                end += length_of_one(&bytes[end..]);
            }
            end + 1
        }
    };
    length.min(bytes.len())
}

#[cfg(test)]
mod tests;
