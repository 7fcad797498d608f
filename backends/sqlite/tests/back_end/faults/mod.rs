//! Files in every bad state. Each causes an error that says what to do, and no data is lost.

mod files;
mod full;
mod locks;
mod permissions;
mod rows;

pub(crate) use files::note;
