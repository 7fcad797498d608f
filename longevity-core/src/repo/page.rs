//! Pages: windows on an order that keep their place while rows come and go.

use super::Repo;
use crate::backend::Backend;
use crate::engine::{Kind, ensure_within};
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::query::Query;
use crate::select::{Cursor, CursorKey, Place, Select, Way, query_of, rows_after};
use crate::state::PState;
use crate::value::Path;

/// A page of a query's results. Comes from [`Repo::page`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<P> {
    /// The states on the page, in the query's order.
    pub states: Vec<PState<P>>,
    /// Where the next page begins; `None` if no rows follow.
    pub next: Option<Cursor>,
    /// Where the page before this one ends; `None` if no rows precede it.
    pub previous: Option<Cursor>,
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// A page with as many rows as the query's limit. Without a cursor it is the first page; a cursor comes from another page
    /// of the same query.
    ///
    /// A page begins after the last row that was seen, wherever that row is now, and not after a number of rows. Rows that are
    /// added or removed elsewhere therefore neither hide a row nor show one twice. If an index has the order, a page costs what
    /// its own rows cost, however many come before it. Rows that the query's order leaves equal are ordered by their ids.
    ///
    /// Fails with [`Error::InvalidCursor`] if the cursor does not belong to this query, and with [`Error::InvalidQuery`] if the
    /// query has an offset.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3), member("cec", 3)]).await?;
    /// let m = Member::props();
    /// let query = || Member::query().order_by(m.num_cats.desc()).limit(2);
    ///
    /// let first = members.page(query(), None).await?;
    /// assert_eq!(first.states.len(), 2);
    /// members.delete(first.states[0].clone()).await?;
    ///
    /// // A cursor can leave the program as text and come back.
    /// let text = first.next.unwrap().to_string();
    /// let last = members.page(query(), Some(&text.into())).await?;
    /// assert_eq!(last.states[0].num_cats, 2);
    /// assert!(last.next.is_none() && last.previous.is_some());
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn page(&self, query: Query<P>, at: Option<&Cursor>) -> Result<Page<P>, Error> {
        let table = &self.table;
        let select = query.into_select();
        ensure_within(table.backend.name(), &select)?;
        if select.offset > 0 {
            let problem = "a page begins at its cursor: remove the offset from the query";
            return Err(Error::InvalidQuery { type_name: P::NAME, problem });
        }
        let key = table.options.cursor_key.map_or_else(CursorKey::of_process, Ok)?;
        let of = query_of(P::NAME, &select);
        let at = at.map(|cursor| cursor.open(&key, &of)).transpose()?;
        let way = at.as_ref().map_or(Way::Next, |(way, _)| *way);
        let mut wanted = select.clone();
        if way == Way::Previous {
            wanted.order.iter_mut().for_each(|by| by.direction = by.direction.reversed());
            wanted.ties = wanted.ties.reversed();
        }
        if let Some((_, place)) = &at {
            let after = rows_after(&table.definition, &wanted.order, wanted.ties, place);
            wanted.predicate = wanted.predicate.and(after);
        }
        // One row more than was asked for shows whether there are more.
        wanted.limit = select.limit.map(|limit| limit.saturating_add(1));
        let mut states = self.select(Kind::of::<P>().scoped_select(wanted)).await?;
        let is_more = select.limit.is_some_and(|limit| states.len() as u64 > limit);
        if is_more {
            states.pop();
        }
        if way == Way::Previous {
            states.reverse();
        }
        let cursor = |way: Way, state: Option<&PState<P>>| {
            let place = match (state, &at) {
                (Some(state), _) => place_of(&select, state),
                // An empty page has its own place: the pages in the other direction begin at the cursor itself.
                (None, Some((_, place))) => Place { inclusive: !place.inclusive, ..place.clone() },
                (None, None) => return Ok(None),
            };
            Cursor::new(&key, &of, way, &place).map(Some)
        };
        let came_from = at.is_some();
        let (before, after) = match way {
            Way::Next => (came_from, is_more),
            Way::Previous => (is_more, came_from),
        };
        let previous = if before { cursor(Way::Previous, states.first())? } else { None };
        let next = if after { cursor(Way::Next, states.last())? } else { None };
        Ok(Page { states, next, previous })
    }
}

/// Where a row is in the order.
fn place_of<P: PersistentType>(select: &Select, state: &PState<P>) -> Place {
    let value = |path: &Path| path.value_in(&|steps| state.value.value_at(steps)).to_value();
    let values = select.order.iter().map(|by| value(&by.path)).collect();
    Place { values, id: state.id(), inclusive: false }
}
