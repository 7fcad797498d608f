//! The key values of a model's samples. Samples refer to them, so that references of a history find their targets now and then.

use std::any::TypeId;
use std::collections::HashSet;

use longevity_core::backend::Backend;
use longevity_core::table::Reference;
use longevity_core::{InModel, Value};

use crate::contract::SpecRoot;
use crate::plan::{PlanVisitor, TablePlan};
use crate::references::{UntypedRow, anchored};
use crate::values::whole;

/// A key value, with its type and with the variant and the table of the sample that has it.
struct SampleKey {
    root: TypeId,
    variant: usize,
    key_val: TypeId,
    value: Value,
}

/// The key values of all samples, and the types that own the tables to which references with integrity lead.
#[derive(Default)]
pub(super) struct SampleKeys {
    keys: Vec<SampleKey>,
    referenced: HashSet<TypeId>,
}

impl<M> PlanVisitor<M> for SampleKeys {
    fn table<P: SpecRoot + InModel<M>>(&mut self, plan: TablePlan<P>) {
        self.referenced.extend(plan.definition.references.iter().map(|reference| reference.target.root));
        for sample in plan.views.iter().flat_map(|view| &view.samples) {
            let variant = sample.variant();
            let keys = plan
                .definition
                .indexes
                .iter()
                .filter(|index| index.is_unique() && index.scope.is_none_or(|scope| scope.variant == variant));
            for index in keys {
                let (Some(key_val), Some(path)) = (index.key_val, index.properties.first()) else { continue };
                let value = sample.value_at(path.steps()).to_value();
                self.keys.push(SampleKey { root: TypeId::of::<P>(), variant, key_val, value });
            }
        }
    }
}

impl SampleKeys {
    /// Makes the samples of the plan refer to samples, and notes whether others refer to them.
    pub(super) fn refer<P: SpecRoot, B: Backend>(&self, plan: &mut TablePlan<P>) {
        plan.definition.is_referenced = self.referenced.contains(&TypeId::of::<P>());
        if plan.definition.references.is_empty() {
            return;
        }
        let definition = &plan.definition;
        for sample in plan.views.iter_mut().flat_map(|view| &mut view.samples) {
            let row = UntypedRow { variant: sample.variant(), value: whole(sample) };
            let row = anchored(definition, TypeId::of::<P>(), row, &|reference| self.targets(reference));
            if let Some(value) = row.and_then(|row| P::of_value::<B>(row.variant, row.value).ok()) {
                *sample = value;
            }
        }
    }

    fn targets(&self, reference: &Reference) -> Vec<Value> {
        let target = &reference.target;
        let keys = self.keys.iter().filter(|key| {
            (key.root, key.key_val) == (target.root, target.key_val)
                && target.scope.is_none_or(|scope| scope.variant == key.variant)
        });
        keys.map(|key| key.value.clone()).collect()
    }
}
