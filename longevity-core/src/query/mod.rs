//! Queries as users write them: filters, orders, aggregates, projections and patches. They are translated to a
//! [`Select`](crate::backend::Select), which back ends see.

mod aggregate;
mod comparisons;
mod filter;
mod length;
mod operand;
mod patch;
mod projection;
mod queries;
mod text;
mod variant;

pub use crate::select::Cursor;
#[doc(no_inline)]
pub use crate::storable::Prop;
#[doc(hidden)]
pub use aggregate::{Accumulator, AggregateFunction};
pub use aggregate::{Aggregate, Count, Max, Min, Total, count};
pub use filter::{CombinesWith, Filter, FiltersRowsOf};
pub use length::Length;
pub use operand::Operand;
pub use patch::Patch;
pub use projection::{ByType, Projected, Projection, To, by_type, to};
#[doc(hidden)]
pub use projection::{Source, Values, field};
pub use queries::{CoversRowsOf, Order, Query};
#[doc(hidden)]
pub use variant::HeldFields;
pub use variant::VariantProp;
