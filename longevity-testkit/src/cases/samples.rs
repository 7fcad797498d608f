//! Generated values for a case, which are distinct in every key of their table.

use std::cell::OnceCell;

use longevity_core::table::TableDefinition;
use longevity_core::{DomainModel, PersistentType};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::context::{CaseContext, Tested};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop};
use crate::pool::positions;
use crate::random::runner;
use crate::references::UntypedRow;
use crate::settings::Settings;
use crate::values::{collide, whole};

/// How many values are drawn for each sample, before a strategy counts as exhausted.
const DRAWS: usize = 60;

impl<M: DomainModel, T: Tested<M>, F: Fixture> CaseContext<T, M, F> {
    /// Values, as many as the suite is configured for.
    pub(crate) fn samples(&self) -> Outcome<Vec<T>> {
        self.some_samples(self.settings().samples)
    }

    /// Two values.
    pub(crate) fn pair(&self) -> Outcome<(T, T)> {
        let [a, b] = self.some_samples(2)?.try_into().map_err(|_| Stop::failed("there are not two samples"))?;
        Ok((a, b))
    }

    /// `wanted` values that collide in no key, of the variants in turn. There may be fewer, but at least two. They differ in more
    /// than their keys if possible.
    pub(crate) fn some_samples(&self, wanted: usize) -> Outcome<Vec<T>> {
        let definition = self.definition()?;
        let variants = match T::SCOPE {
            Some(_) => 1,
            None => definition.variants.len().max(1),
        };
        let share = wanted.div_ceil(variants);
        let samples = self.drawn(wanted, |chosen, value| {
            chosen.iter().filter(|other| other.variant() == value.variant()).count() < share
                && !chosen.iter().any(|other| whole(other).is_identical(&whole(value)))
        })?;
        if samples.len() < 2 {
            return Err(Stop::Skipped(format!(
                "the strategy of {} gives fewer than two values with distinct keys ({}): give it another with \
                 `spec.strategy::<..>(..)`",
                T::NAME,
                self.keys().iter().map(|key| key.property).collect::<Vec<_>>().join(", ")
            )));
        }
        Ok(samples)
    }

    /// At most `wanted` values of each of these variants, which collide in no key.
    pub(crate) fn samples_of_variants(&self, variants: &[usize], wanted: usize) -> Outcome<Vec<Vec<T>>> {
        let mut of_variants: Vec<Vec<T>> = variants.iter().map(|_| Vec::new()).collect();
        let count = |chosen: &[T], variant| chosen.iter().filter(|other: &&T| other.variant() == variant).count();
        let samples = self.drawn(wanted * variants.len(), |chosen, value| {
            variants.contains(&value.variant()) && count(chosen, value.variant()) < wanted
        })?;
        for value in samples {
            if let Some(position) = variants.iter().position(|variant| *variant == value.variant()) {
                of_variants[position].push(value);
            }
        }
        Ok(of_variants)
    }

    /// At most `wanted` values that collide in no key. Prefers values for which `welcome` is true; other values are used only if
    /// there are fewer than two of those.
    fn drawn(&self, wanted: usize, welcome: impl Fn(&[T], &T) -> bool) -> Outcome<Vec<T>> {
        let definition = self.definition()?;
        let Settings { generators, seed, pools, .. } = self.settings();
        let strategy = OnceCell::new();
        let draw = |chance: &mut TestRunner| draw(strategy.get_or_init(|| T::rows(generators)), chance);
        let pool = pools.of::<T>();
        let mut chance = runner(*seed, &self.case);
        let name = format!("{}::{}", M::NAME, T::NAME);
        // The shared rows come first, then rows of this case alone.
        let mut positions = positions(&mut chance);
        let (mut chosen, mut spare) = (Vec::new(), Vec::new());
        for _ in 0..wanted * DRAWS + 200 {
            if chosen.len() == wanted {
                break;
            }
            let value = match positions.next() {
                Some(position) => pool.row(position, *seed, &name, draw)?,
                None => draw(&mut chance)?,
            };
            let Some(value) = self.anchored(value)? else { continue };
            if fits(definition, &chosen, &value) {
                if welcome(&chosen, &value) { &mut chosen } else { &mut spare }.push(value);
            }
        }
        // There are no more welcome values: the type has one value, or the strategy leaves variants out.
        for value in spare {
            if chosen.len() < wanted && fits(definition, &chosen, &value) && chosen.len() < 2 {
                chosen.push(value);
            }
        }
        Ok(chosen)
    }

    /// The value with references to what is given. `None` if it collides with a given row, or needs one that is not given.
    fn anchored(&self, value: T) -> Outcome<Option<T>> {
        let Some(given) = self.given()? else { return Ok(Some(value)) };
        let row = UntypedRow { variant: value.variant(), value: whole(&value) };
        let anchored = given.anchored(row);
        Ok(anchored.and_then(|row| T::of_value::<F::Backend>(row.variant, row.value).ok()))
    }
}

fn draw<T: std::fmt::Debug + 'static>(strategy: &impl Strategy<Value = T>, chance: &mut TestRunner) -> Outcome<T> {
    match strategy.new_tree(chance) {
        Ok(tree) => Ok(tree.current()),
        Err(reason) => Err(Stop::failed(format!("the strategy generates no value: {reason}"))),
    }
}

fn fits<T: PersistentType>(definition: &TableDefinition, chosen: &[T], value: &T) -> bool {
    !chosen.iter().any(|other| collide(definition, other, value))
}
