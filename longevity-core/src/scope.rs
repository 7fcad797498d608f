//! The rows of one variant, as a repository of a derived type sees them.

/// The rows of one variant of a table. A back end may use the position or the discriminators, which belong to the variant at
/// that position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The variant's position in [`TableDefinition::variants`](crate::table::TableDefinition::variants).
    pub variant: usize,
    /// The discriminators of the rows: first the one that is written, then the aliases.
    pub discriminators: &'static [&'static str],
}

impl Scope {
    /// Whether a row with this discriminator is in the scope.
    pub fn contains(self, discriminator: Option<&str>) -> bool {
        discriminator.is_some_and(|name| self.discriminators.contains(&name))
    }
}
