//! The programs that use the model. With every type they do the least that a user's program does.

use std::fmt::Write;

use crate::model::Model;
use crate::names::snake_case;

/// The program with serde alone, which writes each type to JSON and reads it back.
pub fn serde_program(model: &Model) -> String {
    let mut text = "use wide_serde::*;\n\nfn main() -> Result<(), serde_json::Error> {\n".to_owned();
    for (poly, records) in model.polys() {
        for (name, _) in &model.records[records] {
            let _ = writeln!(
                text,
                "    let json = serde_json::to_string(&{name}::sample())?;\n    \
                 assert_eq!(serde_json::from_str::<{name}>(&json)?, {name}::sample());\n    \
                 let json = serde_json::to_string(&{poly}::{name}({name}::sample()))?;\n    \
                 assert_eq!(serde_json::from_str::<{poly}>(&json)?, {poly}::{name}({name}::sample()));"
            );
        }
    }
    text + "    Ok(())\n}\n"
}

/// The program with longevity on SQLite, which creates, retrieves, finds, updates and deletes each type, and finds each poly
/// type.
pub fn longevity_program(model: &Model) -> String {
    let mut text = "use longevity::blocking::Longevity;\nuse longevity::prelude::*;\nuse longevity::{Error, Sqlite};\n\
         use wide_longevity::*;\n\ntype Store = Longevity<Health, Sqlite>;\n"
        .to_owned();
    let mut calls = String::new();
    for (poly, records) in model.polys() {
        for (name, _) in &model.records[records] {
            let function = snake_case(name);
            let _ = writeln!(
                text,
                "\nfn {function}(store: &Store) -> Result<(), Error> {{\n    \
                     let repo = store.repo::<{name}>();\n    \
                     let created = repo.create({name}::sample())?;\n    \
                     let retrieved = repo.retrieve(&created.get().number)?;\n    \
                     assert_eq!(retrieved.as_ref().map(PState::get), Some(created.get()));\n    \
                     let record = {name}::props();\n    \
                     let found = repo.find({name}::query().filter(record.active.eq(true) & record.recorded_on.gt(5)))?;\n    \
                     assert_eq!(found.len(), 1);\n    \
                     let updated = repo.update(created.modify(|record| record.recorded_on += 1))?;\n    \
                     repo.delete(updated)?;\n    Ok(())\n}}"
            );
            let _ = writeln!(calls, "    {function}(&store)?;");
        }
        let _ = writeln!(calls, "    assert!(store.repo::<{poly}>().find({poly}::query())?.is_empty());");
    }
    let _ = writeln!(
        text,
        "\nfn main() -> Result<(), Error> {{\n    let store = Store::open(Sqlite::in_memory())?;\n    \
         store.create_schema()?;\n{calls}    Ok(())\n}}"
    );
    text
}
