//! An operation whose capability is declared absent is refused, whatever the back end could do, and the data stays as it was.

use longevity_core::{DomainModel, Error};

use super::context::{CaseContext, Tested};
use super::rows::all_rows;
use crate::decorate::WithoutCapabilities;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, ensure, ensure_eq};

pub(crate) fn refuse_absent<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open_decorated(WithoutCapabilities)?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    if context.given()?.is_some() {
        // A write that makes a reference is a transaction.
        let refused = repo.create(sample);
        ensure!(
            matches!(refused, Err(Error::Unsupported { operation: "transactions", .. })),
            "expected a refusal of a write that makes a reference, not {refused:?}"
        );
    } else {
        repo.create(sample)?;
    }
    let before = all_rows::<T, _, _>(&store)?;
    let refused = repo.create_many([other]);
    ensure!(
        matches!(refused, Err(Error::Unsupported { operation: "create_many", .. })),
        "expected a refusal of create_many, not {refused:?}"
    );
    let refused = repo.delete_where(T::query());
    ensure!(
        matches!(refused, Err(Error::Unsupported { operation: "delete_where", .. })),
        "expected a refusal of delete_where, not {refused:?}"
    );
    let refused = repo.explain(T::query());
    ensure!(
        matches!(refused, Err(Error::Unsupported { operation: "explain", .. })),
        "expected a refusal of explain, not {refused:?}"
    );
    let refused = [
        store.begin().map(drop),
        store.transaction(|tx| tx.repo::<T>().delete_where(T::query()).map(drop)),
        store.snapshot(|at| at.repo::<T>().count(T::query()).map(drop)),
    ];
    for refused in refused {
        ensure!(
            matches!(refused, Err(Error::Unsupported { operation: "transactions", .. })),
            "expected a refusal of transactions, not {refused:?}"
        );
    }
    ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after refusals");
    Ok(())
}
