//! The rows to which the rows of writers refer. They are in the store before a writer begins, and no writer changes them.

use std::marker::PhantomData;

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::{Error, InModel, PersistentType, refers};

use super::table::Values;
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::outcome::{Outcome, Stop};
use crate::pool::Pools;
use crate::references::{Given, Tables, Wanted, first_target, tables_of};
use crate::settings::Settings;

/// The targets; `None` if no type of the model declares references. They are the same in every process of a run.
pub(super) fn targets_of<M: SpecModel, B: Backend>(values: &Values) -> Result<Option<Given<M, B>>, Error> {
    let mut found = Referring { tables: None, of: PhantomData };
    M::visit(&mut found);
    found.tables.map(|tables| given(&tables()?, values)).transpose().map_err(invalid::<M>)
}

fn given<M: SpecModel, B: Backend>(tables: &Tables<M, B>, values: &Values) -> Outcome<Given<M, B>> {
    let references = tables.iter().flat_map(|table| &table.definition.references);
    let also: Vec<_> = references.filter_map(|reference| first_target(tables, reference)).collect();
    let settings = Settings {
        generators: values.generators.clone(),
        samples: values.samples,
        seed: values.seed,
        facades: Vec::new(),
        store: None,
        pools: Pools::default(),
    };
    Given::new(tables, 0, &Wanted { also: &also }, &settings)
}

/// Creates the targets, if an earlier process has not done so. All of them are created in one transaction.
pub(super) fn create_targets<M: SpecModel, B: Backend>(
    targets: &Given<M, B>,
    store: &Longevity<M, B>,
) -> Result<(), Error> {
    let create = || if targets.is_in(store)? { Ok(()) } else { targets.create(store).map(drop) };
    create().map_err(invalid::<M>)
}

fn invalid<M: SpecModel>(stop: Stop) -> Error {
    let problem = format!("rows to which others refer cannot be created: {}", stop.into_message());
    Error::InvalidModel { type_name: M::NAME, problem }
}

/// Makes the tables of the model.
type TablesOf<M, B> = fn() -> Outcome<Tables<M, B>>;

/// Finds out whether any type declares references.
struct Referring<M, B: Backend> {
    tables: Option<TablesOf<M, B>>,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel, B: Backend> Referring<M, B> {
    fn add<P: SpecRoot>(&mut self) {
        // The branch is not compiled for types that refer to nothing.
        if const { refers::<P>() } {
            self.tables = Some(tables_of::<M, B>);
        }
    }
}

impl<M: SpecModel, B: Backend> SpecVisitor<M> for Referring<M, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    // Its poly type has its references.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
    }
}
