//! A table for tests, and its rows.

use longevity_core::storable::{FieldShape, Shape};
use longevity_core::table::{Column, Index, Scope, TableDefinition, Variant};
use longevity_core::{Path, RowContent, Step, Storable, Value};

use crate::encode::document::SqliteDocument;

pub(crate) const NAME: &Step = &Step::new("name");
pub(crate) const NICK: &Step = &Step::new("nick");

fn shape() -> Shape {
    let field = |name, step| FieldShape::new(name, step, <String as Storable>::shape);
    Shape::Struct { name: "Member", key_of: None, fields: vec![field("name", NAME), field("nick", NICK)] }
}

/// Two types, each with a key, and one with an alias; `nick` has no column.
pub(crate) fn definition() -> TableDefinition {
    let types: [(&str, &[&str]); 2] = [("Member", &["Member"]), ("Person", &["Person", "People"])];
    let path = Path::root().then(NAME);
    let variant = |(name, discriminators): (&'static str, &'static [&'static str])| Variant {
        type_name: name,
        discriminators: Some(discriminators),
        shape,
    };
    let column =
        |at| Column { path: path.clone(), shape: <String as Storable>::shape(), optional: false, variant: Some(at) };
    let index = |at: usize| Index {
        name: format!("t.{}.name.key", types[at].0),
        properties: vec![path.clone()],
        declared_by: types[at].0,
        scope: Some(Scope { variant: at, discriminators: types[at].1 }),
        columns: vec![at],
        key_val: Some(std::any::TypeId::of::<String>()),
    };
    TableDefinition {
        name: "t".into(),
        type_name: "T",
        variants: types.map(variant).into(),
        columns: vec![column(0), column(1)],
        indexes: vec![index(0), index(1)],
        element_indexes: Vec::new(),
        primary_key: None,
        references: Vec::new(),
        is_referenced: false,
    }
}

pub(crate) fn content(name: &str, of: usize) -> RowContent<SqliteDocument> {
    let mut columns = vec![Value::NONE, Value::NONE];
    columns[of] = Value::Text(name.into());
    let discriminator = Some(["Member", "Person"][of].into());
    let mut doc = SqliteDocument::default();
    doc.set(&format!(r#"{{"name":"{name}","nick":"x"}}"#));
    RowContent { discriminator, doc, columns, written_at: None }
}
