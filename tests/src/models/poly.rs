//! A poly type whose variants hold structs: boxed ones, empty ones, renamed ones with aliases, and properties that siblings share
//! by name, with the same type or with different types.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Document)]
pub struct DocumentId(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Meta {
    pub title: String,
    pub pages: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    poly,
    table = "papers",
    props(id: DocumentId, meta: Meta, archived: bool),
    key(id),
    index(meta.title),
    index(archived, id)
)]
pub enum Document {
    #[persistent(discriminator = "letter", alias = "Post", alias = "Mail")]
    Letter(Letter),
    Invoice(Box<Invoice>),
    #[persistent(discriminator = "memo of 2024")]
    Memo(Memo),
}

/// The invoice also has `number`, of another type, and `sent`, of the same type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Document), index(number), index(sent))]
pub struct Letter {
    pub id: DocumentId,
    pub meta: Meta,
    pub archived: bool,
    pub number: String,
    pub sent: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Invoice)]
pub struct InvoiceNumber {
    pub year: i16,
    pub number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Document), key(invoice), index(number, sent), index(archived, meta.pages))]
pub struct Invoice {
    pub id: DocumentId,
    pub meta: Meta,
    pub archived: bool,
    pub invoice: InvoiceNumber,
    pub number: i64,
    pub sent: Option<Timestamp>,
    pub lines: Vec<String>,
}

/// Has only the shared properties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Document))]
pub struct Memo {
    pub id: DocumentId,
    pub meta: Meta,
    pub archived: bool,
}

/// A poly type of one variant, without keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
pub enum Event {
    Started(Started),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Event), index(at))]
pub struct Started {
    pub at: Timestamp,
}

#[derive(DomainModel)]
#[domain_model(Document, Event)]
pub struct Office;
