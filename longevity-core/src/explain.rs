//! Explanations: how a back end answers a query.

use std::fmt;

use crate::select::{Predicate, Select, scope_of};
use crate::table::{Index, TableDefinition};

/// How a back end answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The index or the scan that finds the rows.
    pub access: Access,
    /// Whether the rows come in order, so that nothing has to be sorted.
    pub ordered_by_access: bool,
    /// The table.
    pub table: String,
    /// The back end's own explanation, if it has one.
    pub details: Option<String>,
    /// A warning if no index serves the filter, or the order where there is no filter, so that every row of the type is looked
    /// at. Whether rows that an index found are sorted is in `ordered_by_access`. The repository sets the warning; a back end
    /// leaves it `None`. [`Options::require_indexes`](crate::Options::require_indexes) makes it an error.
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

/// How the rows of a query are found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Through a key or an index.
    Index {
        /// The name of the key or index.
        name: String,
        /// How many of its leading columns are fixed by equality.
        equal_columns: usize,
        /// Whether the next column is bounded by a range.
        range: bool,
    },
    /// By looking at every row of the table.
    Scan,
    /// No row can match, so none is read.
    Nothing,
}

impl Explanation {
    /// The name of the index that serves the query.
    pub fn index(&self) -> Option<&str> {
        match &self.access {
            Access::Index { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The explanation with its warning.
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

/// Whether a declared index has all rows of the query's scope in its order, except perhaps for ties. Sorting may still cost
/// less than using the index, if the index holds many other rows too.
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
