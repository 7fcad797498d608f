//! Names of the user that shadow names that generated code could use.
#![allow(dead_code, unused_macros, non_camel_case_types, non_upper_case_globals)]
#![deny(warnings)]

use longevity::{Component as DeriveComponent, KeyVal as DeriveKeyVal, PersistentType as DerivePersistentType};
use longevity::DomainModel as DeriveDomainModel;
use serde::{Deserialize, Serialize};

struct Vec;
struct String;
struct Box;
struct Option;
struct Some;
struct None;
struct Result;
struct Ok;
struct Err;
struct Clone;
struct Debug;
struct Default;
struct Self_;
struct Strategy;
struct Generate;
struct Generators;
struct BoxedStrategy;
struct Storable;
struct PersistentType;
struct Component;
const generators: u8 = 0;
const visitor: u8 = 0;
const runner: u8 = 0;
const strategy: u8 = 0;
const field_0: u8 = 0;
const field_1: u8 = 0;
const field_2: u8 = 0;
static kit: u8 = 0;
mod std {}
mod core {}
mod proptest {}
mod testkit {}

macro_rules! vec { () => { compile_error!("the user's own macro") } }
macro_rules! if_testkit { ($($any:tt)*) => { compile_error!("the user's own macro") } }
macro_rules! field { ($($any:tt)*) => { compile_error!("the user's own macro") } }
macro_rules! panic { ($($any:tt)*) => { compile_error!("the user's own macro") } }

#[derive(::core::clone::Clone, ::core::fmt::Debug, PartialEq, Eq, Hash, Serialize, Deserialize, DeriveKeyVal)]
#[key_val(User)]
struct Name(::std::string::String);

#[derive(::core::clone::Clone, ::core::fmt::Debug, PartialEq, Serialize, Deserialize, DeriveComponent)]
struct Profile {
    generators: i64,
    runner: u8,
    size: Size,
    shape: Shape,
}

#[derive(::core::clone::Clone, ::core::fmt::Debug, PartialEq, Serialize, Deserialize, DeriveComponent)]
enum Size {
    Large,
    Small,
}

#[derive(::core::clone::Clone, ::core::fmt::Debug, PartialEq, Serialize, Deserialize, DeriveComponent)]
enum Shape {
    Empty,
    Circle(f64),
}

#[derive(::core::clone::Clone, ::core::fmt::Debug, PartialEq, Serialize, Deserialize, DerivePersistentType)]
#[persistent(poly, props(name: Name), key(name))]
enum User {
    Member(Member),
}

#[derive(::core::clone::Clone, ::core::fmt::Debug, PartialEq, Serialize, Deserialize, DerivePersistentType)]
#[persistent(derived(User))]
struct Member {
    name: Name,
    profile: Profile,
    tags: ::std::vec::Vec<::std::string::String>,
}

#[derive(DeriveDomainModel)]
#[domain_model(User)]
struct Model;

fn main() {}
