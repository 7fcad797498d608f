//! Keys: several on one type, of several fields, with components inside, inside components, and referring to other types; and a
//! type without keys.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Component)]
pub struct Isbn(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Component)]
pub enum Medium {
    Paper,
    Audio,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Component)]
pub struct Shelf {
    pub room: String,
    pub row: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Book)]
pub struct BookId {
    pub isbn: Isbn,
    pub medium: Medium,
    pub copy: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Book)]
pub struct Place {
    pub shelf: Shelf,
    pub position: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Book)]
pub struct Barcode(pub Bytes);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(book_id), key(place), key(barcode))]
pub struct Book {
    pub book_id: BookId,
    pub place: Place,
    pub barcode: Barcode,
    /// Key values of the same type, as references.
    pub previous: Option<BookId>,
    pub related: Vec<BookId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Reader)]
pub struct ReaderEmail(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Reader)]
pub struct CardNumber {
    pub year: i16,
    pub number: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Login {
    pub email: ReaderEmail,
    pub password: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Membership {
    pub card: CardNumber,
    pub login: Login,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(membership.login.email: ReaderEmail), key(membership.card: CardNumber), index(membership.card.year))]
pub struct Reader {
    pub membership: Membership,
    /// A key value of another type.
    pub reading: Option<BookId>,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Flag)]
pub struct FlagId(pub bool);

/// There are at most two rows of this type, because its key is a `bool`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(flag_id))]
pub struct Flag {
    pub flag_id: FlagId,
    pub text: String,
}

/// A key value that is a struct with a single field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Ticket)]
pub struct TicketId {
    pub id: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(ticket_id))]
pub struct Ticket {
    pub ticket_id: TicketId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
pub struct Note {
    pub text: String,
    pub about: Option<ReaderEmail>,
}

#[derive(DomainModel)]
#[domain_model(Book, Reader, Flag, Ticket, Note)]
pub struct Library;
