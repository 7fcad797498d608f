//! A store for cases about one reference with integrity: rows that are targets, and rows that refer to them.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::BTreeMap;

use longevity_core::table::{Reference, TableDefinition};
use longevity_core::{DomainModel, Error, PState, RowId, Value};

use super::context::{BackendOf, CaseContext, Opened, Tested};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::random::runner;
use crate::references::{Given, ModelTable, Tables, UntypedRow, Wanted, applies, first_target, keys_at};
use crate::settings::Settings;
use crate::values::shown;

/// How many rows are drawn for one with a value in the reference.
const DRAWS: usize = 400;

/// A reference of a model, by the positions of the table that declares it and of the reference in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) table: usize,
    pub(crate) reference: usize,
}

/// A target, by its position among the given rows. Other given rows refer to the first ones only, so each of these is referred to
/// by the rows of the case alone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TargetRow {
    One,
    Other,
    /// It is not in the store.
    Missing,
}

/// A store with targets of a reference.
pub(crate) struct Scene<M: DomainModel, F: Fixture> {
    pub(crate) store: Opened<M, BackendOf<F>, F::Guard>,
    pub(crate) reference: Reference,
    tables: Tables<M, BackendOf<F>>,
    given: Given<M, BackendOf<F>>,
    source: usize,
    target: (usize, usize),
    /// The rows that refer, which collide in no key.
    sources: RefCell<Vec<UntypedRow>>,
    settings: Settings,
    case: String,
}

/// All rows of the tables at both ends, with their versions.
pub(crate) type SeenRows = BTreeMap<(usize, RowId), (u64, UntypedRow)>;

impl<M: DomainModel, F: Fixture> Scene<M, F> {
    /// A store for the reference. Its targets are of the variant at this position, or of any that it may lead to. There are rows of
    /// the target's other variant too, if it is given.
    pub(crate) fn new<T: Tested<M>>(
        context: &CaseContext<T, M, F>,
        at: At,
        target: Option<usize>,
        other: Option<usize>,
    ) -> Outcome<Self> {
        let tables = context.tables()?;
        let reference = tables[at.table].definition.references[at.reference].clone();
        let (target_table, first) = first_target(&tables, &reference)
            .ok_or_else(|| Stop::Skipped(format!("no row that {reference} could refer to can be created alone")))?;
        let target = (target_table, target.unwrap_or(first));
        let same_place = tables[at.table].definition.references.iter().filter(|it| it.place == reference.place);
        if same_place
            .filter(|it| it.scope.is_none() || reference.scope.is_none() || it.scope == reference.scope)
            .count()
            > 1
        {
            return Err(Stop::Skipped(format!("another reference is at {reference} too")));
        }
        let mut also = vec![target];
        also.extend(other.map(|variant| (target_table, variant)));
        let given = Given::new(&tables, at.table, &Wanted { also: &also }, context.settings())?;
        let store = context.open_empty()?;
        given.create(&store)?;
        let (settings, case) = (context.settings().clone(), context.case.clone());
        let sources = RefCell::default();
        Ok(Self { store, reference, tables, given, source: at.table, target, sources, settings, case })
    }

    pub(crate) fn source_table(&self) -> &ModelTable<M, BackendOf<F>> {
        &self.tables[self.source]
    }

    pub(crate) fn target_table(&self) -> &ModelTable<M, BackendOf<F>> {
        &self.tables[self.target.0]
    }

    /// The row of a target.
    pub(crate) fn target(&self, which: TargetRow) -> Outcome<&UntypedRow> {
        self.row_of(self.target.1, which)
    }

    /// The row of the variant of the target's table.
    pub(crate) fn row_of(&self, variant: usize, which: TargetRow) -> Outcome<&UntypedRow> {
        let rows = self.given.of((self.target.0, variant));
        let row = match which {
            TargetRow::One => rows.get(1),
            TargetRow::Other => rows.get(2),
            TargetRow::Missing => rows.last(),
        };
        row.ok_or_else(|| Stop::failed("a target was not made"))
    }

    /// The key value of a target.
    pub(crate) fn key(&self, which: TargetRow) -> Outcome<Value> {
        self.key_of(self.target(which)?)
    }

    pub(crate) fn key_of(&self, row: &UntypedRow) -> Outcome<Value> {
        let key = self.target_table().key(&self.reference, row);
        key.ok_or_else(|| Stop::failed("the target has no such key"))
    }

    /// The state of a target, as its repository reads it.
    pub(crate) fn target_state<T: Tested<M>>(&self, which: TargetRow) -> Outcome<PState<T>> {
        let row = self.target(which)?;
        let states = self.store.repo::<T>().find(T::query())?;
        let state = states.into_iter().find(|state| {
            state.get().variant() == row.variant && crate::values::whole(state.get()).is_identical(&row.value)
        });
        state.ok_or_else(|| Stop::failed(format!("{} does not find a row that was created", T::NAME)))
    }

    /// A row that refers to these key values, to several of them only if its property can hold several. It is of the variant at
    /// this position, or of any that has the reference.
    pub(crate) fn source(&self, variant: Option<usize>, keys: &[Value]) -> Outcome<UntypedRow> {
        let table = self.source_table();
        let variants = (0..table.definition.variants.len()).filter(|variant| applies(&self.reference, *variant));
        let variants: Vec<_> = variants.filter(|other| variant.is_none_or(|variant| variant == *other)).collect();
        let mut chance = runner(self.settings.seed, &format!("{}::{keys:?}", self.case));
        for draw in 0..DRAWS {
            let drawn = table.draw(variants[draw % variants.len()], &self.settings.generators, &mut chance)?;
            let enough = if self.reference.place.through.is_empty() || draw > DRAWS / 2 { 1 } else { 2 };
            if keys_at(&self.reference.place, &drawn.value).len() < enough {
                continue;
            }
            let row = self.given.anchored_to(drawn, &|reference| {
                if reference.name == self.reference.name { keys.to_vec() } else { self.given.first_keys(reference) }
            });
            let Some(row) = row else { continue };
            let held = keys_at(&self.reference.place, &row.value);
            let collides = self.sources.borrow().iter().any(|other| table.collide(other, &row));
            if !collides && keys.iter().take(enough).all(|key| held.contains(key)) {
                self.sources.borrow_mut().push(row.clone());
                return Ok(row);
            }
        }
        let (name, reference) = (table.name(), &self.reference);
        Err(Stop::Skipped(format!("the strategy of {name} generates no row with a value in {reference}")))
    }

    /// The row of the table that declares the reference, with another value; `None` if its type refuses the value.
    pub(crate) fn changed(&self, row: &UntypedRow, change: impl FnOnce(&mut Value)) -> Option<UntypedRow> {
        let mut row = row.clone();
        change(&mut row.value);
        self.source_table().normal(&row)
    }

    /// Creates a row of the table that declares the reference.
    pub(crate) fn create_source(&self, row: &UntypedRow) -> Outcome<RowId> {
        self.created(self.source_table(), row)
    }

    /// Creates a row of the target's table.
    pub(crate) fn create_target(&self, row: &UntypedRow) -> Outcome<RowId> {
        self.created(self.target_table(), row)
    }

    fn created(&self, table: &ModelTable<M, BackendOf<F>>, row: &UntypedRow) -> Outcome<RowId> {
        let created = self.store.transaction(|tx| table.create(&tx, std::slice::from_ref(row)))?;
        created.first().copied().ok_or_else(|| Stop::failed("nothing was created"))
    }

    /// The position of a row of the table that declares the reference in [`SeenRows`].
    pub(crate) fn in_source(&self, id: RowId) -> (usize, RowId) {
        (self.source, id)
    }

    /// The position of a row of the target's table.
    pub(crate) fn in_target(&self, id: RowId) -> (usize, RowId) {
        (self.target.0, id)
    }

    /// All rows of the tables at both ends.
    pub(crate) fn rows(&self) -> Outcome<SeenRows> {
        let mut seen = SeenRows::new();
        for table in [self.source, self.target.0] {
            let rows = self.tables[table].rows(&self.store)?;
            seen.extend(rows.into_iter().map(|(id, version, row)| ((table, id), (version, row))));
        }
        Ok(seen)
    }

    /// Fails unless the error says that the key value has no row.
    pub(crate) fn ensure_dangling(&self, error: &Error, missing: &Value) -> Outcome {
        let Error::DanglingReference { type_name, property, target, key } = error else {
            return Err(Stop::failed(format!("expected a dangling reference, not: {error}")));
        };
        let reference = &self.reference;
        ensure_eq!(
            (*type_name, property),
            (reference.declared_by, &reference.to_string()),
            "the reference of the error"
        );
        ensure_eq!(*target, reference.target.type_name, "the target of the error");
        ensure_eq!(*key, shown(std::slice::from_ref(missing)), "the key value of the error");
        Ok(())
    }

    /// Fails unless the error says that one row refers to the key value.
    pub(crate) fn ensure_referenced(&self, error: &Error, referred: &Value) -> Outcome {
        let Error::Referenced { type_name, key, by, property, count } = error else {
            return Err(Stop::failed(format!("expected that rows refer to the row, not: {error}")));
        };
        let reference = &self.reference;
        ensure_eq!((*by, property), (reference.declared_by, &reference.to_string()), "the reference of the error");
        ensure_eq!(*type_name, reference.target.type_name, "the target of the error");
        ensure_eq!(*key, shown(std::slice::from_ref(referred)), "the key value of the error");
        ensure_eq!(*count, 1, "the number of rows that refer");
        Ok(())
    }
}

/// The value as a type of its table.
pub(crate) fn typed<T: Tested<M>, M, F: Fixture>(row: &UntypedRow) -> Outcome<T> {
    T::of_value::<BackendOf<F>>(row.variant, row.value.clone())
        .map_err(|failure| Stop::failed(format!("{} refuses a value that was made for it: {failure:?}", T::NAME)))
}

/// Fails unless the rows are the same.
pub(crate) fn ensure_rows(found: &SeenRows, expected: &SeenRows, what: &str) -> Outcome {
    for (at, (version, row)) in expected {
        let Some((found, now)) = found.get(at) else {
            return Err(Stop::failed(format!("{what}: the row {} is gone: {row:?}", at.1)));
        };
        ensure!(now == row, "{what}: the row {} is {now:?}, not {row:?}", at.1);
        ensure_eq!(found, version, "{what}: the version of the row {}", at.1);
    }
    let more = found.iter().find(|(at, _)| !expected.contains_key(at));
    ensure!(more.is_none(), "{what}: a row should not be there: {more:?}");
    Ok(())
}

/// Whether the reference is in a place that never changes: within the primary key.
pub(crate) fn is_fixed(definition: &TableDefinition, reference: &Reference) -> bool {
    let key = definition.primary_key.as_ref().map(|primary| &definition.indexes[primary.index]);
    key.is_some_and(|key| key.properties.iter().any(|property| property.overlaps(&reference.place.head)))
}

/// Whether the key to which the reference leads may change.
pub(crate) fn may_change(definition: &TableDefinition, reference: &Reference) -> bool {
    let primary = definition.primary_key.as_ref().map(|primary| definition.indexes[primary.index].key_val);
    primary != Some(Some(reference.target.key_val))
}

/// The key of the type to which the reference leads.
pub(crate) fn leads_to<M, T: Tested<M>>(reference: &Reference) -> bool {
    let in_scope = |scope: longevity_core::table::Scope| T::SCOPE.is_none_or(|own| own.variant == scope.variant);
    reference.target.root == TypeId::of::<T::Root>() && reference.target.scope.is_none_or(in_scope)
}
