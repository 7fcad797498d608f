//! A primary key never changes, not even when a row becomes another variant.

use longevity_core::{DomainModel, Error};

use super::context::{CaseContext, Tested};
use super::rows::{ObservedRow, all_rows};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::values::{shown, values_in};

pub(crate) fn refuse_another<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let definition = context.definition()?;
    let (Some(primary), Some(key)) = (&definition.primary_key, context.primary_key()?) else {
        return Err(Stop::failed("the type has no primary key"));
    };
    let index = &definition.indexes[primary.index];
    let samples = context.samples()?;
    // Samples of a poly type are of several variants: these updates would morph.
    for (old, new) in samples.iter().zip(&samples[1..]) {
        let store = context.open()?;
        let repo = store.repo::<T>();
        let state = repo.create(old.clone())?;
        let before = all_rows::<T, _, _>(&store)?;
        for new in [new.clone(), key.copied(new, old.clone())] {
            let handed_in = state.clone().set(new.clone());
            let expected = ObservedRow::of(&handed_in);
            let Err(refused) = repo.update(handed_in) else {
                return Err(Stop::failed(format!("the primary key {} changed", index.property())));
            };
            let (error, handed_back) = refused.into_parts();
            let Error::UnstablePrimaryKey { type_name, key, from, to } = &error else {
                return Err(Stop::failed(format!("expected an unstable primary key, not: {error}")));
            };
            ensure_eq!((*type_name, key), (definition.type_name, &index.property()), "type and key of the error");
            let value_of = |value| values_in(definition, index, value).map(|values| shown(&values)).unwrap_or_default();
            ensure_eq!((from, to), (&value_of(old), &value_of(&new)), "the values of the error");
            ensure_eq!(ObservedRow::of(&handed_back), expected, "the state that is handed back");
            ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after a refused update");
        }
        ensure!(key.retrieve(&repo, old)?.is_some(), "the primary key does not find its row");
        ensure!(key.retrieve(&repo, new)?.is_none(), "the refused primary key finds a row");
    }
    Ok(())
}
