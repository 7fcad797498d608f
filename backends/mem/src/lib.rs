//! The in-memory back end of longevity.
/// The in-memory back end.
#[derive(Debug)]
pub struct Mem;
