//! Row ids: object ids that ascend within a process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use longevity_core::RowId;
use mongodb::bson::oid::ObjectId;

/// The bits of an object id that count up. The 32 bits above them are seconds.
const COUNTER_BITS: u32 = 24;

/// A new object id, greater than all others that this process has made: seconds, five random bytes of the process, a counter.
///
/// The driver's own ids start their counter anywhere and wrap around, so the later of two ids in a second can be the smaller one.
pub(crate) fn next() -> ObjectId {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let floor = (seconds & u64::from(u32::MAX)) << COUNTER_BITS;
    let next = |last: u64| last.wrapping_add(1).max(floor);
    // The closure always returns a value, so there is no error.
    let (Ok(last) | Err(last)) = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    from_parts(next(last))
}

fn from_parts(number: u64) -> ObjectId {
    let [_, s0, s1, s2, s3, high, middle, low] = number.to_be_bytes();
    let [p0, p1, p2, p3, p4] = *process();
    ObjectId::from_bytes([s0, s1, s2, s3, p0, p1, p2, p3, p4, high, middle, low])
}

/// Five random bytes, which the driver chose and which stay the same for the life of the process.
fn process() -> &'static [u8; 5] {
    static PROCESS: OnceLock<[u8; 5]> = OnceLock::new();
    PROCESS.get_or_init(|| {
        let [_, _, _, _, p0, p1, p2, p3, p4, ..] = ObjectId::new().bytes();
        [p0, p1, p2, p3, p4]
    })
}

/// The row id with the same bytes, so that both kinds of ids have the same order.
pub(crate) fn row_id(id: ObjectId) -> RowId {
    let mut bytes = [0; 16];
    bytes[4..].copy_from_slice(&id.bytes());
    RowId::from_u128(u128::from_be_bytes(bytes))
}

/// The object id of a row; `None` if the row id comes from another store.
pub(crate) fn object_id(id: RowId) -> Option<ObjectId> {
    match id.as_u128().to_be_bytes() {
        [0, 0, 0, 0, bytes @ ..] => Some(ObjectId::from_bytes(bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_id_is_shown_as_the_shell_accepts_it() {
        let id = next();
        assert_eq!(row_id(id).to_string(), format!("#{}", id.to_hex()));
    }

    #[test]
    fn ids_ascend_and_come_back() {
        let ids: Vec<_> = (0..10_000).map(|_| next()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b && row_id(*a) < row_id(*b)));
        assert!(ids.iter().all(|id| object_id(row_id(*id)) == Some(*id)));
        assert_eq!(object_id(RowId::from_u128(u128::MAX)), None);
    }

    #[test]
    fn a_counter_that_is_full_takes_the_next_second() {
        let full = from_parts((1 << (COUNTER_BITS + 5)) - 1);
        let next = from_parts(1 << (COUNTER_BITS + 5));
        assert!(full < next);
        assert_eq!((full.bytes()[3], next.bytes()[3]), (31, 32));
    }
}
