//! The stores that answer the questions.

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_tests::mongo::Scratch;

/// A question to a store. Every back end has to give the same answer.
pub(crate) trait Question<M: DomainModel> {
    fn ask<B: Backend>(&self, store: &Longevity<M, B>);
}

pub(crate) fn everywhere<M: DomainModel>(question: &impl Question<M>) {
    fn on<M: DomainModel, B: Backend>(backend: B, question: &impl Question<M>) {
        let store = Longevity::<M, _>::open(backend).unwrap();
        store.create_schema().unwrap();
        question.ask(&store);
    }
    on(Mem::new(), question);
    on(Sqlite::in_memory(), question);
    if longevity_mongod::left_out() {
        println!("MongoDB: LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
        return;
    }
    let scratch = Scratch::new().unwrap();
    on(scratch.mongo(), question);
}
