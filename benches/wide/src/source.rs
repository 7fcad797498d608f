//! The model as Rust source: the same types with serde alone, or with longevity.

use std::fmt::Write;

use crate::model::{Field, Form, Model, Of, Scalar, Sum, Type, Variant};

/// What the types derive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Only `Serialize` and `Deserialize`.
    Serde,
    /// Also the derives of longevity.
    Longevity,
}

/// The types of the model. Each has a `sample`, which is a small value with empty options, lists and maps. An edited model has
/// one more field in one component.
pub fn source(model: &Model, flavour: Flavour, edited: bool) -> String {
    let mut text = Source { model, flavour, text: String::new() };
    text.opening();
    for (position, (name, fields)) in model.structs.iter().enumerate() {
        let mut fields = fields.clone();
        if edited && position == 0 {
            let ty = Type { form: Form::Optional, of: Of::Scalar(Scalar::Text) };
            fields.push(Field { name: "amended_by".to_owned(), ty });
        }
        text.structure(name, &fields);
    }
    for sum in &model.enums {
        text.sum(sum);
    }
    for (poly, records) in model.polys() {
        text.poly(poly, &model.records[records]);
    }
    text.domain_model();
    text.text
}

struct Source<'a> {
    model: &'a Model,
    flavour: Flavour,
    text: String,
}

impl Source<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn with_longevity(&mut self, line: &str) {
        if self.flavour == Flavour::Longevity {
            self.line(line);
        }
    }

    fn opening(&mut self) {
        self.line("use std::collections::BTreeMap;\n");
        self.line(match self.flavour {
            Flavour::Serde => "use serde::{Deserialize, Serialize};",
            Flavour::Longevity => "use longevity::prelude::*;",
        });
    }

    fn derive(&mut self, common: &str, longevity: &str) {
        let more = if self.flavour == Flavour::Longevity { format!(", {longevity}") } else { String::new() };
        self.line(&format!("\n#[derive({common}, Serialize, Deserialize{more})]"));
    }

    fn named(&self, of: Of) -> &str {
        match of {
            Of::Scalar(Scalar::Text) => "String",
            Of::Scalar(Scalar::Flag) => "bool",
            Of::Scalar(Scalar::Count) => "u32",
            Of::Scalar(Scalar::Number) => "i64",
            Of::Scalar(Scalar::Real) => "f64",
            Of::Struct(at) => &self.model.structs[at].0,
            Of::Enum(at) => &self.model.enums[at].name,
        }
    }

    fn ty(&self, ty: Type) -> String {
        let of = self.named(ty.of);
        match ty.form {
            Form::One => of.to_owned(),
            Form::Boxed => format!("Box<{of}>"),
            Form::Optional => format!("Option<{of}>"),
            Form::OptionalBoxed => format!("Option<Box<{of}>>"),
            Form::List => format!("Vec<{of}>"),
            Form::Map => format!("BTreeMap<String, {of}>"),
        }
    }

    fn sample(&self, ty: Type) -> String {
        let one = match ty.of {
            Of::Scalar(Scalar::Text) => "\"some text\".to_owned()".to_owned(),
            Of::Scalar(Scalar::Flag) => "true".to_owned(),
            Of::Scalar(Scalar::Count) => "12".to_owned(),
            Of::Scalar(Scalar::Number) => "1_234_567".to_owned(),
            Of::Scalar(Scalar::Real) => "0.5".to_owned(),
            Of::Struct(_) | Of::Enum(_) => format!("{}::sample()", self.named(ty.of)),
        };
        match ty.form {
            Form::One => one,
            Form::Boxed => format!("Box::new({one})"),
            Form::Optional | Form::OptionalBoxed => "None".to_owned(),
            Form::List => "Vec::new()".to_owned(),
            Form::Map => "BTreeMap::new()".to_owned(),
        }
    }

    fn fields(&mut self, fields: &[Field], indent: &str, visible: &str) {
        for Field { name, ty } in fields {
            let line = format!("{indent}{visible}{name}: {},", self.ty(*ty));
            self.line(&line);
        }
    }

    fn samples(&self, fields: &[Field]) -> String {
        let mut samples = String::new();
        for Field { name, ty } in fields {
            let _ = write!(samples, "{name}: {}, ", self.sample(*ty));
        }
        samples
    }

    fn structure(&mut self, name: &str, fields: &[Field]) {
        self.derive("Clone, Debug, PartialEq", "Component");
        self.line(&format!("pub struct {name} {{"));
        self.fields(fields, "    ", "pub ");
        self.line("}");
        let samples = self.samples(fields);
        self.line(&format!(
            "\nimpl {name} {{\n    pub fn sample() -> Self {{\n        Self {{ {samples}}}\n    }}\n}}"
        ));
    }

    fn sum(&mut self, sum: &Sum) {
        let name = &sum.name;
        self.derive("Clone, Debug, PartialEq", "Component");
        self.line(&format!("pub enum {name} {{"));
        for (variant, held) in &sum.variants {
            match held {
                Variant::Unit => self.line(&format!("    {variant},")),
                Variant::Newtype(ty) => {
                    let line = format!("    {variant}({}),", self.ty(*ty));
                    self.line(&line);
                }
                Variant::Struct(fields) => {
                    self.line(&format!("    {variant} {{"));
                    self.fields(fields, "        ", "");
                    self.line("    },");
                }
            }
        }
        self.line("}");
        // The first variant is a unit.
        let first = &sum.variants[0].0;
        self.line(&format!("\nimpl {name} {{\n    pub fn sample() -> Self {{\n        Self::{first}\n    }}\n}}"));
    }

    fn poly(&mut self, poly: &str, records: &[(String, Vec<Field>)]) {
        self.derive("Clone, Debug, PartialEq, Eq, Hash", "KeyVal");
        self.with_longevity(&format!("#[key_val({poly})]"));
        self.line(&format!("pub struct {poly}Id(pub String);"));
        self.derive("Clone, Debug, PartialEq", "PersistentType");
        self.with_longevity(&format!("#[persistent(poly, props(number: {poly}Id), key(number))]"));
        self.line(&format!("pub enum {poly} {{"));
        for (name, _) in records {
            self.line(&format!("    {name}({name}),"));
        }
        self.line("}");
        for (position, (name, fields)) in records.iter().enumerate() {
            self.derive("Clone, Debug, PartialEq", "PersistentType");
            let index = if position % 3 == 0 { ", index(recorded_on)" } else { "" };
            self.with_longevity(&format!("#[persistent(derived({poly}){index})]"));
            self.line(&format!("pub struct {name} {{\n    pub number: {poly}Id,"));
            let fields: Vec<_> = Model::common_fields().into_iter().chain(fields.iter().cloned()).collect();
            self.fields(&fields, "    ", "pub ");
            self.line("}");
            let samples = self.samples(&fields);
            self.line(&format!(
                "\nimpl {name} {{\n    pub fn sample() -> Self {{\n        Self {{ number: {poly}Id(\"{name}\".to_owned()), \
                 {samples}}}\n    }}\n}}"
            ));
        }
    }

    fn domain_model(&mut self) {
        let polys = self.model.polys().map(|(poly, _)| poly).join(", ");
        self.with_longevity(&format!("\n#[derive(DomainModel)]\n#[domain_model({polys})]\npub struct Health;"));
    }
}
