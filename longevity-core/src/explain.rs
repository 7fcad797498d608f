//! How a query is answered.

use std::fmt;

use crate::select::{Predicate, Select, scope_of};
use crate::table::{Index, TableDefinition};

/// How a back end answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What finds the rows.
    pub access: Access,
    /// Whether the rows come in order, so that nothing is sorted.
    pub ordered_by_access: bool,
    /// The table.
    pub table: String,
    /// What the back end itself says, if it says more.
    pub details: Option<String>,
    /// What is to be said against it: that no index serves the filter, or the order where there is no filter, so that every row of
    /// the type is looked at. That rows which an index found are sorted is said by `ordered_by_access`. The repository finds this; a back end leaves it out. [`Options::require_indexes`](crate::Options::require_indexes) makes an error of
    /// it.
    ///
    /// ```
    #[doc = include_str!("../doc/open.txt")]
    /// let m = Member::props();
    /// let plan = members.explain(Member::query().filter(m.profile.is_none())).await?;
    /// assert_eq!(plan.warning.unwrap(), "no index serves the filter: every row of the type is looked at");
    ///
    /// let store = Longevity::<Blogging, _>::open_with(Mem::new(), Options::default().require_indexes(true)).await?;
    /// store.create_schema().await?;
    /// let members = store.repo::<Member>();
    /// let refused = members.find(Member::query().filter(m.profile.is_none())).await.unwrap_err();
    /// assert!(matches!(refused, Error::NotIndexed { .. }));
    /// assert!(members.find(Member::query().filter(m.num_cats.gt(2))).await.is_ok());
    #[doc = include_str!("../doc/close.txt")]
    /// ```
    pub warning: Option<String>,
}

/// What finds the rows of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// A key or an index, by its name.
    Index {
        /// The name.
        name: String,
        /// How many of its leading columns are fixed by equality.
        equal_columns: usize,
        /// Whether the next column is bounded by a range.
        range: bool,
    },
    /// Every row of the table.
    Scan,
    /// No row can match, so none is read.
    Nothing,
}

impl Explanation {
    /// The index that serves the query.
    pub fn index(&self) -> Option<&str> {
        match &self.access {
            Access::Index { name, .. } => Some(name),
            _ => None,
        }
    }

    /// With what is to be said against it.
    pub(crate) fn warned(self, definition: &TableDefinition, select: &Select) -> Self {
        let conjuncts = select.predicate.conjuncts();
        let is_scope = |part: &Predicate| matches!(part, Predicate::True | Predicate::Scope(_));
        let filtered = !conjuncts.iter().all(is_scope);
        let bounded = match &self.access {
            Access::Index { equal_columns, range, .. } => *equal_columns > 0 || *range,
            Access::Scan => false,
            Access::Nothing => true,
        };
        let unserved = match (filtered, bounded) {
            (true, false) => Some("filter"),
            (false, false) if !self.ordered_by_access && !has_order(definition, select) => Some("order"),
            (true, true) | (false, _) => None,
        };
        let warning = unserved.map(|what| format!("no index serves the {what}: every row of the type is looked at"));
        Self { warning, ..self }
    }
}

/// Whether an index is declared that has all rows of the query's scope in the order, but perhaps for its ties: sorting may cost
/// less than to go by it, where it holds many others too.
fn has_order(definition: &TableDefinition, select: &Select) -> bool {
    let scope = scope_of(select.predicate.conjuncts());
    let Some(first) = select.order.first() else { return true };
    let starts_with = |index: &Index| {
        let column = index.columns.first().and_then(|column| definition.columns.get(*column));
        column.is_some_and(|column| column.path == first.path)
    };
    let holds_all = |index: &&Index| index.scope.is_none() || index.scope == scope;
    definition.indexes.iter().filter(holds_all).any(starts_with)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.access {
            Access::Index { name, equal_columns, range } => {
                write!(f, "index {name}")?;
                match (equal_columns, range) {
                    (0, false) => write!(f, ", whole")?,
                    (0, true) => write!(f, ", range")?,
                    (columns, false) => write!(f, ", {columns} equal")?,
                    (columns, true) => write!(f, ", {columns} equal and a range")?,
                }
            }
            Access::Scan => write!(f, "scan of table {}", self.table)?,
            Access::Nothing => f.write_str("nothing to read: no row can match")?,
        }
        if !self.ordered_by_access {
            f.write_str("; then sort")?;
        }
        if let Some(warning) = &self.warning {
            write!(f, "; {warning}")?;
        }
        match &self.details {
            Some(details) => write!(f, "\n{details}"),
            None => Ok(()),
        }
    }
}
