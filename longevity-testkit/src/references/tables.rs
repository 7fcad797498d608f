//! The tables of a model, with what the suite does in a table whose type it does not name.

use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::blocking::{Longevity, Transaction};
use longevity_core::table::{Reference, TableDefinition};
use longevity_core::{HasVariant, InModel, PersistentType, RowId, Value};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::outcome::{Outcome, Stop};
use crate::strategies::Generators;
use crate::values::whole;

/// A row without its type: the position of its variant, and its whole value.
#[derive(Clone, Debug)]
pub(crate) struct UntypedRow {
    pub(crate) variant: usize,
    pub(crate) value: Value,
}

impl PartialEq for UntypedRow {
    fn eq(&self, other: &Self) -> bool {
        self.variant == other.variant && self.value.is_identical(&other.value)
    }
}

/// Draws a row of a variant.
type Draw = fn(&Generators, &mut TestRunner) -> Outcome<Value>;

/// The tables of a model, in its order.
pub(crate) type Tables<M, B> = Arc<Vec<ModelTable<M, B>>>;

/// A table of a model.
pub(crate) struct ModelTable<M, B: Backend> {
    pub(crate) root: TypeId,
    pub(crate) definition: TableDefinition,
    draws: Vec<(usize, Draw)>,
    normal: fn(&UntypedRow) -> Option<UntypedRow>,
    create: fn(&Transaction<M, B>, &[UntypedRow]) -> Outcome<Vec<RowId>>,
    rows: fn(&Longevity<M, B>) -> Outcome<Vec<(RowId, u64, UntypedRow)>>,
    delete: fn(&Longevity<M, B>, RowId) -> Outcome,
}

impl<M, B: Backend> ModelTable<M, B> {
    /// A row of the variant at this position, as its own strategy makes it.
    pub(crate) fn draw(&self, variant: usize, generators: &Generators, chance: &mut TestRunner) -> Outcome<UntypedRow> {
        let draw = self.draws.iter().find(|(position, _)| *position == variant);
        let (_, draw) = draw.ok_or_else(|| Stop::failed(format!("{} has no variant {variant}", self.name())))?;
        Ok(UntypedRow { variant, value: draw(generators, chance)? })
    }

    /// The row as its type holds it; `None` if its type refuses the value.
    pub(crate) fn normal(&self, row: &UntypedRow) -> Option<UntypedRow> {
        (self.normal)(row)
    }

    /// Creates the rows in one operation.
    pub(crate) fn create(&self, tx: &Transaction<M, B>, rows: &[UntypedRow]) -> Outcome<Vec<RowId>> {
        (self.create)(tx, rows)
    }

    /// All rows, by id, with their versions.
    pub(crate) fn rows(&self, store: &Longevity<M, B>) -> Outcome<Vec<(RowId, u64, UntypedRow)>> {
        (self.rows)(store)
    }

    pub(crate) fn delete(&self, store: &Longevity<M, B>, id: RowId) -> Outcome {
        (self.delete)(store, id)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.definition.type_name
    }

    /// The references of rows of the variant at this position.
    pub(crate) fn references(&self, variant: usize) -> impl Iterator<Item = &Reference> {
        self.definition.references.iter().filter(move |reference| applies(reference, variant))
    }

    /// The key value of a row to which a reference leads.
    pub(crate) fn key(&self, reference: &Reference, row: &UntypedRow) -> Option<Value> {
        let index = &self.definition.indexes[self.definition.key(reference.target.key_val)?];
        Some(row.value.at(index.properties.first()?.steps()).to_value())
    }

    /// Whether the rows have the same value of a key.
    pub(crate) fn collide(&self, a: &UntypedRow, b: &UntypedRow) -> bool {
        let includes = |row: &UntypedRow, scope: Option<longevity_core::table::Scope>| {
            scope.is_none_or(|scope| scope.variant == row.variant)
        };
        let unique = self.definition.indexes.iter().filter(|index| index.is_unique());
        unique.filter(|index| includes(a, index.scope) && includes(b, index.scope)).any(|index| {
            let mut paths = index.columns.iter().map(|column| &self.definition.columns[*column].path);
            paths.all(|path| a.value.at(path.steps()).to_value() == b.value.at(path.steps()).to_value())
        })
    }
}

/// Whether rows of the variant at this position have the reference.
pub(crate) fn applies(reference: &Reference, variant: usize) -> bool {
    reference.scope.is_none_or(|scope| scope.variant == variant)
}

/// The tables of the model `M`.
pub(crate) fn tables_of<M: SpecModel, B: Backend>() -> Outcome<Tables<M, B>> {
    let mut found = Found { tables: Vec::new(), failure: None };
    M::visit(&mut found);
    match found.failure {
        Some(error) => Err(Stop::failed(format!("the model is invalid: {error}"))),
        None => Ok(Arc::new(found.tables)),
    }
}

struct Found<M, B: Backend> {
    tables: Vec<ModelTable<M, B>>,
    failure: Option<longevity_core::Error>,
}

impl<M: SpecModel, B: Backend> Found<M, B> {
    fn table<P: SpecRoot + InModel<M>>(&mut self, draws: Vec<(usize, Draw)>) {
        let definition = match P::definition().table() {
            Ok(definition) => definition,
            Err(error) => return self.failure = Some(error),
        };
        self.tables.push(ModelTable {
            root: TypeId::of::<P>(),
            definition,
            draws,
            normal: |row| Some(untyped(&typed::<P, B>(row).ok()?)),
            create: |tx, rows| {
                let values = rows.iter().map(typed::<P, B>).collect::<Outcome<Vec<_>>>()?;
                let states = tx.repo::<P>().create_many(values)?;
                Ok(states.iter().map(longevity_core::PState::id).collect())
            },
            rows: |store| {
                let states = store.repo::<P>().find(P::query())?;
                Ok(states.iter().map(|state| (state.id(), state.row_version(), untyped(state.get()))).collect())
            },
            delete: |store, id| {
                let repo = store.repo::<P>();
                let state = repo.find(P::query())?.into_iter().find(|state| state.id() == id);
                let state = state.ok_or_else(|| Stop::failed("a row that was created is not found"))?;
                repo.delete(state)?;
                Ok(())
            },
        });
    }
}

impl<M: SpecModel, B: Backend> SpecVisitor<M> for Found<M, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.table::<P>(vec![(0, |generators, chance| Ok(whole(&drawn::<P>(generators, chance)?)))]);
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        let mut draws = Draws(Vec::new(), PhantomData::<fn() -> M>);
        P::visit(&mut draws);
        self.table::<P>(draws.0);
    }

    // `Draws` visits it for its poly type.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
    }
}

/// Collects how rows of derived types are drawn.
struct Draws<M>(Vec<(usize, Draw)>, PhantomData<fn() -> M>);

impl<M> SpecVisitor<M> for Draws<M> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {}

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {}

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        let draw: Draw = |generators, chance| Ok(whole(&drawn::<D>(generators, chance)?));
        self.0.push((<P as HasVariant<D>>::SCOPE.variant, draw));
    }
}

fn drawn<T: SpecKeys>(generators: &Generators, chance: &mut TestRunner) -> Outcome<T> {
    match T::rows(generators).new_tree(chance) {
        Ok(tree) => Ok(tree.current()),
        Err(reason) => Err(Stop::failed(format!("the strategy of {} generates no value: {reason}", T::NAME))),
    }
}

fn untyped<P: PersistentType>(value: &P) -> UntypedRow {
    UntypedRow { variant: value.variant(), value: whole(value) }
}

fn typed<P: PersistentType, B: Backend>(row: &UntypedRow) -> Outcome<P> {
    P::of_value::<B>(row.variant, row.value.clone())
        .map_err(|failure| Stop::failed(format!("{} refuses a value that was made for it: {failure:?}", P::NAME)))
}
