//! Queries: typed properties and filters for the user, an untyped predicate for the back end, and the evaluator that
//! says what a predicate means.

/// Calls a macro with the parameters and the positions of a tuple, for tuples of up to eight.
macro_rules! for_each_tuple {
    ($of_tuple:ident) => {
        $of_tuple!(A 0);
        $of_tuple!(A 0, B 1);
        $of_tuple!(A 0, B 1, C 2);
        $of_tuple!(A 0, B 1, C 2, D 3);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
    };
}

mod cursor;
mod evaluate;
mod filter;
mod keyset;
mod length;
mod measure;
mod operand;
mod patch;
mod predicate;
mod projection;
mod prop;
mod select;
mod sum;
mod text;
mod variant;

pub use cursor::Cursor;
pub(crate) use cursor::{CursorKey, Way, query_of};
pub use evaluate::{Prepared, Subject, evaluate};
pub use filter::{Filter, InScopeOf, MixesWith, VariantsOf};
pub(crate) use keyset::{Place, behind};
pub use length::Length;
#[doc(hidden)]
pub use measure::{Accumulator, Part};
pub use measure::{Count, Max, Measure, Min, Total, count};
pub use operand::Operand;
pub use patch::{InPlace, Patch};
pub use predicate::{Predicate, TextTest, scope_of};
pub use projection::{ByType, Projected, Projection, To, by_type, to};
#[doc(hidden)]
pub use projection::{Source, Values, field};
pub use prop::Prop;
pub use select::{Direction, OfEveryRowOf, Order, OrderBy, Query, Select};
pub use sum::Number;
#[doc(hidden)]
pub use sum::Sum;
pub use variant::VariantProp;
