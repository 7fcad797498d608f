//! Files in every bad state: each gives an error that says what to do, and loses nothing.

mod files;
mod full;
mod locks;
mod permissions;
mod rows;

pub(crate) use files::note;
