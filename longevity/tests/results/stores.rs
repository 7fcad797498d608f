//! The store that answers the questions.

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;

/// A question to a store. Every store has to give the same answer.
pub(crate) trait Question<M: DomainModel> {
    fn ask<B: Backend>(&self, store: &Longevity<M, B>);
}

pub(crate) fn everywhere<M: DomainModel>(question: &impl Question<M>) {
    let store = Longevity::<M, _>::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    question.ask(&store);
}
