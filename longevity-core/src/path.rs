//! Where a property is: the stored names of the fields from a persistent type down to a value.

use std::fmt;

use smallvec::SmallVec;

/// One step of a [`Path`]: a field by its stored name.
///
/// Steps are compared by the hash of the name, which is computed at compile time; the derive refuses two fields of one
/// struct whose names hash alike. The same field name is the same step in every struct, which is how a poly type's
/// property finds its field in each variant.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The stored name of the field.
    pub name: &'static str,
    /// [`hash_name`] of the name.
    pub hash: u64,
}

impl Step {
    /// The step to the field with this stored name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, hash: hash_name(name) }
    }
}

/// The 64-bit FNV-1a hash of a field's name
/// (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>).
pub const fn hash_name(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut position = 0;
    while position < bytes.len() {
        hash = (hash ^ bytes[position] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        position += 1;
    }
    hash
}

/// The way from a persistent type to one of its values: `profile.tagline`. Options, boxes and newtypes on the way take
/// no step of their own.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Path(SmallVec<[&'static Step; 4]>);

impl Path {
    /// The path of no steps: the persistent itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// This path and one step more.
    pub fn then(&self, step: &'static Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[&'static Step] {
        &self.0
    }

    /// Whether `self` is `other` or leads through it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

/// The stored names with dots between them.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            f.write_str(step.name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}
