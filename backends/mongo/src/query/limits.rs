//! The depth of a query that the server accepts. The server itself refuses a query only after it was sent, and writing a deep
//! query needs a deep stack.

use longevity_core::Error;
use mongodb::bson::{Bson, Document};

use crate::encode::location::Location;

/// The levels of a filter, or of the fields that are computed for an order. The server accepts
/// [200](https://github.com/mongodb/mongo/blob/master/src/mongo/bson/bson_depth.h) in a command and in a reply. The command
/// itself uses some of them, and an explanation repeats the filter within the plan.
const LEVELS: usize = 150;
/// The number of names in a path of an expression.
const NAMES: usize = 180;

fn too_large(limit: String) -> Error {
    Error::QueryTooLarge { backend: crate::NAME, limit }
}

/// The document, if the server accepts it as part of a command.
pub(crate) fn within_limits(document: Document) -> Result<Document, Error> {
    if document.values().all(|value| fits(value, LEVELS - 1)) {
        return Ok(document);
    }
    Err(too_large(format!("MongoDB takes a filter of at most {LEVELS} levels of BSON")))
}

fn fits(value: &Bson, room: usize) -> bool {
    match value {
        Bson::Document(held) => room > 0 && held.values().all(|value| fits(value, room - 1)),
        Bson::Array(held) => room > 0 && held.iter().all(|value| fits(value, room - 1)),
        _ => true,
    }
}

/// Fails if the path is too long for the server.
pub(crate) fn ensure_reachable(location: &Location) -> Result<(), Error> {
    if location.names() <= NAMES {
        return Ok(());
    }
    Err(too_large(format!("a path of MongoDB has at most {NAMES} names")))
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    #[test]
    fn a_document_is_within_limits_up_to_its_last_level() {
        let nested = |levels: usize| (1..levels).fold(doc! { "a": 1 }, |inner, _| doc! { "a": 1, "b": inner });
        assert!(within_limits(nested(LEVELS)).is_ok());
        assert!(matches!(within_limits(nested(LEVELS + 1)), Err(Error::QueryTooLarge { backend: "mongo", .. })));
        assert!(within_limits(doc! { "a": [nested(LEVELS - 2)] }).is_ok());
        assert!(within_limits(doc! { "a": [nested(LEVELS - 1)] }).is_err());
    }
}
