//! Every key and every index serves the queries that it is declared for.

use longevity_core::backend::Backend;
use longevity_core::backend::{Predicate, Select};
use longevity_core::query::Query;
use longevity_core::table::{Index, TableDefinition};
use longevity_core::value::Comparison;
use longevity_core::{Access, DomainModel, Error, PersistentType};

use super::context::{CaseContext, Tested};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure};
use crate::values::values_in;

pub(crate) fn uses_index<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    position: usize,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    if !store.asynchronous().backend().capabilities().explain {
        let refused = repo.explain(T::query());
        ensure!(matches!(refused, Err(Error::Unsupported { .. })), "expected a refusal, not {refused:?}");
        return Ok(());
    }
    let definition = context.definition()?;
    let index = &definition.indexes[position];
    let samples = context.samples_of_variants(&variants::<T>(index, definition), 6)?;
    for sample in samples.iter().flatten() {
        repo.create(sample.clone())?;
    }
    // An index may treat absent values differently.
    let present = |values: &Vec<longevity_core::Value>| !values.iter().any(longevity_core::Value::is_none);
    let Some(values) = samples.iter().flatten().filter_map(|sample| values_in(definition, index, sample)).find(present)
    else {
        return Err(Stop::Skipped(format!("no sample has a value in each column of {}", index.name)));
    };
    let scope = match (T::SCOPE, index.scope) {
        (None, Some(scope)) => Predicate::Scope(scope),
        _ => Predicate::True,
    };
    let predicate = index.columns.iter().zip(values).fold(scope, |predicate, (column, operand)| {
        let path = definition.columns[*column].path.clone();
        predicate.and(Predicate::Compare { path, comparison: Comparison::Eq, operand })
    });
    let select = Select::of(predicate);
    let explanation = repo.explain(Query::from_select(select))?;
    let Access::Index { name, equal_columns, .. } = &explanation.access else {
        return Err(Stop::failed(format!("{} does not serve its query: {explanation}", index.name)));
    };
    if *name == index.name {
        ensure!(*equal_columns >= index.columns.len(), "{name} is not used with all its columns: {explanation}");
        return Ok(());
    }
    // Another index also serves if its leading column is among the columns of this one.
    let other = definition.indexes.iter().find(|other| other.name == *name);
    let serves = other.is_some_and(|other| other.columns.first().is_some_and(|first| index.columns.contains(first)));
    ensure!(serves && *equal_columns > 0, "{} does not serve its query: {explanation}", index.name);
    Ok(())
}

/// The variants whose rows are in the index, and are of the type.
fn variants<T: PersistentType>(index: &Index, definition: &TableDefinition) -> Vec<usize> {
    let of_type = |variant: &usize| T::SCOPE.is_none_or(|scope| scope.variant == *variant);
    let of_index = index.scope.map_or_else(|| (0..definition.variants.len()).collect(), |scope| vec![scope.variant]);
    of_index.into_iter().filter(of_type).collect()
}
