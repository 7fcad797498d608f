//! Queries: typed properties and filters for the user, an untyped predicate for the back end, and the evaluator that
//! says what a predicate means.

mod cursor;
mod evaluate;
mod filter;
mod keyset;
mod measure;
mod operand;
mod patch;
mod predicate;
mod projection;
mod prop;
mod select;
mod sum;

pub use cursor::Cursor;
pub(crate) use cursor::{CursorKey, Way, query_of};
pub use evaluate::{Subject, evaluate};
pub use filter::{Filter, InScopeOf, MixesWith, VariantsOf};
pub(crate) use keyset::{Place, behind};
pub(crate) use measure::{Accumulator, Part};
pub use measure::{Count, Max, Measure, Min, Total, count};
pub use operand::Operand;
pub use patch::Patch;
pub use predicate::{Predicate, TextTest};
pub(crate) use projection::Source;
pub use projection::{ByType, Projection, by_type};
pub use prop::{Length, Prop, VariantProp};
pub use select::{Direction, OfEveryRowOf, Order, OrderBy, Query, Select};
pub use sum::Number;
#[doc(hidden)]
pub use sum::Sum;
