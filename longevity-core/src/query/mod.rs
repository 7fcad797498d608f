//! Queries as users write them: what properties are asked, filters, orders, figures, projections and changes. What they come to
//! is a [`Select`], which back ends see.

mod comparisons;
mod filter;
mod length;
mod measure;
mod operand;
mod patch;
mod projection;
mod queries;
mod text;
mod variant;

#[doc(no_inline)]
pub use crate::backend::InPlace;
pub use crate::select::{
    Cursor, Direction, OrderBy, Predicate, Prepared, Select, Subject, TextTest, evaluate, scope_of,
};
#[doc(no_inline)]
pub use crate::storable::Prop;
pub use filter::{Filter, InScopeOf, MixesWith};
pub use length::Length;
#[doc(hidden)]
pub use measure::{Accumulator, Part};
pub use measure::{Count, Max, Measure, Min, Total, count};
pub use operand::Operand;
pub use patch::Patch;
pub use projection::{ByType, Projected, Projection, To, by_type, to};
#[doc(hidden)]
pub use projection::{Source, Values, field};
pub use queries::{OfEveryRowOf, Order, Query};
pub use variant::VariantProp;
