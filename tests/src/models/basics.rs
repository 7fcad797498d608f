//! Every basic type, on its own and optional, nested options among them.

use longevity::prelude::*;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Scalars)]
pub struct ScalarsId(pub Uuid);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    key(scalars_id),
    index(boolean),
    index(character, signed_64),
    index(unsigned_64),
    index(float_64),
    index(text),
    index(bytes),
    index(instant)
)]
pub struct Scalars {
    pub scalars_id: ScalarsId,
    pub boolean: bool,
    pub character: char,
    pub signed_8: i8,
    pub signed_16: i16,
    pub signed_32: i32,
    pub signed_64: i64,
    pub signed_size: isize,
    pub unsigned_8: u8,
    pub unsigned_16: u16,
    pub unsigned_32: u32,
    pub unsigned_64: u64,
    pub unsigned_size: usize,
    pub float_32: f32,
    pub float_64: f64,
    pub text: String,
    pub bytes: Bytes,
    pub uuid: Uuid,
    pub instant: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Optionals)]
pub struct OptionalsId(pub u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    key(optionals_id),
    index(boolean),
    index(signed_64),
    index(unsigned_64),
    index(float_64),
    index(text, signed_64),
    index(bytes),
    index(uuid),
    index(instant)
)]
pub struct Optionals {
    pub optionals_id: OptionalsId,
    pub boolean: Option<bool>,
    pub character: Option<char>,
    pub signed_64: Option<i64>,
    pub unsigned_64: Option<u64>,
    pub float_32: Option<f32>,
    pub float_64: Option<f64>,
    pub text: Option<String>,
    pub bytes: Option<Bytes>,
    pub uuid: Option<Uuid>,
    pub instant: Option<Timestamp>,
    pub twice: Option<Option<i64>>,
    pub thrice: Option<Option<Option<String>>>,
    pub boxed: Option<Box<i32>>,
}

#[derive(DomainModel)]
#[domain_model(Scalars, Optionals)]
pub struct Basics;
