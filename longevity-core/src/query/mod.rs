//! Queries: typed properties and filters for the user, an untyped predicate for the back end, and the evaluator that
//! says what a predicate means.

mod cursor;
mod evaluate;
mod filter;
mod keyset;
mod operand;
mod predicate;
mod prop;
mod select;

pub use cursor::Cursor;
pub(crate) use cursor::{CursorKey, Way, query_of};
pub use evaluate::{Subject, evaluate};
pub use filter::{Filter, InScopeOf, MixesWith, VariantsOf};
pub(crate) use keyset::{Place, behind};
pub use operand::Operand;
pub use predicate::{Predicate, TextTest};
pub use prop::{Length, Prop, VariantProp};
pub use select::{Direction, Order, OrderBy, OrdersQueryOver, Query, Select};
