//! The class diagram of a domain model.

use std::fmt::{self, Write};

use super::{Description, KeyDescription, PropertyDescription, ReferenceDescription};
use crate::shape::{FieldShape, Shape};
use crate::table::{Check, OnDelete};

pub(super) fn class_diagram(description: &Description) -> String {
    let mut diagram = Diagram::default();
    // Writing to a string cannot fail.
    let _ = diagram.model(description);
    diagram.text
}

#[derive(Default)]
struct Diagram {
    text: String,
}

impl Diagram {
    fn model(&mut self, description: &Description) -> fmt::Result {
        writeln!(self.text, "classDiagram")?;
        for described in &description.types {
            let stereotype = if described.poly { "poly" } else { "persistent" };
            self.class(described.name, stereotype, &described.properties, &described.keys, &described.indexes)?;
            for derived in &described.derived {
                let stereotype = format!("derived, {}", derived.discriminator);
                self.class(derived.name, &stereotype, &derived.properties, &derived.keys, &derived.indexes)?;
                writeln!(self.text, "    {} <|-- {}", described.name, derived.name)?;
                self.references(derived.name, &derived.references)?;
            }
            self.references(described.name, &described.references)?;
        }
        for component in &description.components {
            self.component(component)?;
        }
        self.identified(description)
    }

    fn class(
        &mut self,
        name: &str,
        stereotype: &str,
        properties: &[PropertyDescription],
        keys: &[KeyDescription],
        indexes: &[Vec<String>],
    ) -> fmt::Result {
        writeln!(self.text, "    class {name} {{")?;
        writeln!(self.text, "        <<{stereotype}>>")?;
        for property in properties {
            writeln!(self.text, "        {} {}", generic(&property.type_name), property.name)?;
        }
        for key in keys {
            let kind = if key.primary.is_some() { "primary key" } else { "key" };
            writeln!(self.text, "        {kind}({})", key.property)?;
        }
        for index in indexes {
            writeln!(self.text, "        index({})", index.join(", "))?;
        }
        writeln!(self.text, "    }}")
    }

    fn component(&mut self, shape: &Shape) -> fmt::Result {
        match shape {
            Shape::Choice { name, choices, .. } => {
                writeln!(self.text, "    class {name} {{")?;
                writeln!(self.text, "        <<choice>>")?;
                for choice in choices {
                    writeln!(self.text, "        {choice}")?;
                }
            }
            Shape::Newtype { name, key_of, inner } => {
                self.open(name, *key_of, "newtype")?;
                writeln!(self.text, "        {}", generic(&inner().type_name()))?;
            }
            Shape::Struct { name, key_of, fields } => {
                self.open(name, *key_of, "component")?;
                self.fields(fields)?;
            }
            Shape::Enum { name, variants } => {
                writeln!(self.text, "    class {name} {{")?;
                writeln!(self.text, "        <<poly component>>")?;
                for variant in variants {
                    match variant.holds.map(|holds| holds()) {
                        None => writeln!(self.text, "        {}", variant.name)?,
                        Some(Shape::Struct { name: "", fields, .. }) => {
                            let fields: Vec<_> = fields.iter().map(|field| field.name).collect();
                            writeln!(self.text, "        {}({})", variant.name, fields.join(", "))?;
                        }
                        Some(inner) => {
                            writeln!(self.text, "        {}({})", variant.name, generic(&inner.type_name()))?
                        }
                    }
                }
            }
            _ => return Ok(()),
        }
        writeln!(self.text, "    }}")
    }

    fn open(&mut self, name: &str, key_of: Option<&str>, otherwise: &str) -> fmt::Result {
        writeln!(self.text, "    class {name} {{")?;
        match key_of {
            Some(_) => writeln!(self.text, "        <<key value>>"),
            None => writeln!(self.text, "        <<{otherwise}>>"),
        }
    }

    fn fields(&mut self, fields: &[FieldShape]) -> fmt::Result {
        for field in fields {
            writeln!(self.text, "        {} {}", generic(&(field.shape)().type_name()), field.name)?;
        }
        Ok(())
    }

    /// An arrow from the type to each type that it refers to with integrity.
    fn references(&mut self, name: &str, references: &[ReferenceDescription]) -> fmt::Result {
        for ReferenceDescription { property, target, on_delete, check } in references {
            let mut label = property.clone();
            match on_delete {
                OnDelete::Restrict => {}
                OnDelete::Cascade => label.push_str(", cascade"),
                OnDelete::SetNone => label.push_str(", set none"),
                OnDelete::Remove => label.push_str(", remove"),
            }
            if *check == Check::AtCommit {
                label.push_str(", at commit");
            }
            writeln!(self.text, "    {name} --> {target} : {label}")?;
        }
        Ok(())
    }

    /// A dashed arrow from each key value to the type that it identifies.
    fn identified(&mut self, description: &Description) -> fmt::Result {
        for component in &description.components {
            if let Shape::Newtype { name, key_of: Some(of), .. } | Shape::Struct { name, key_of: Some(of), .. } =
                component
            {
                writeln!(self.text, "    {name} ..> {of} : identifies")?;
            }
        }
        Ok(())
    }
}

/// The type in Mermaid's syntax, which writes generics between tildes.
fn generic(type_name: &str) -> String {
    type_name.replace(['<', '>'], "~")
}
