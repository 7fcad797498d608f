//! Expressions of the aggregation language: where a property is that no path leads to, and what a filter's own operators
//! cannot ask of it.
//!
//! Every value is a `$literal`, so that none is read as an expression. None of them fails, whatever is stored: the server
//! does not promise in which order it looks at the parts of a conjunction.

use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::{Value, ValueRef};
use mongodb::bson::{Bson, Document, doc};

use crate::encode::location::{Field, Location, Segment, SegmentKind};
use crate::encode::shape::{SOME, is_object};
use crate::encode::values::{of_type, scalar};

/// An expression, and the depth of variables that are in use.
pub(crate) struct Expressions {
    variables: usize,
}

pub(crate) fn literal(value: Bson) -> Bson {
    Bson::Document(doc! { "$literal": value })
}

/// The conjunction, without one in another: the server takes no document of more than a certain depth.
pub(crate) fn all(parts: Vec<Bson>) -> Bson {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Bson::Document(mut part) if part.len() == 1 && part.get_array("$and").is_ok() => {
                if let Some(Bson::Array(inner)) = part.remove("$and") {
                    flat.extend(inner);
                }
            }
            part => flat.push(part),
        }
    }
    Bson::Document(doc! { "$and": flat })
}

pub(crate) fn any(parts: Vec<Bson>) -> Bson {
    Bson::Document(doc! { "$or": parts })
}

pub(crate) fn equal(a: Bson, b: Bson) -> Bson {
    Bson::Document(doc! { "$eq": [a, b] })
}

pub(crate) fn one_of(value: Bson, these: Vec<Bson>) -> Bson {
    Bson::Document(doc! { "$in": [value, { "$literal": these }] })
}

fn type_of(value: Bson) -> Bson {
    Bson::Document(doc! { "$type": value })
}

pub(crate) fn has_type(value: Bson, name: &str) -> Bson {
    equal(type_of(value), Bson::from(name))
}

/// Whether it is null, or not there.
pub(crate) fn is_absent(value: Bson) -> Bson {
    Bson::Document(doc! { "$in": [type_of(value), ["missing", "null"]] })
}

pub(crate) fn is_there(value: Bson) -> Bson {
    Bson::Document(doc! { "$ne": [type_of(value), "missing"] })
}

pub(crate) fn either(condition: Bson, then: Bson, otherwise: Bson) -> Bson {
    Bson::Document(doc! { "$cond": [condition, then, otherwise] })
}

/// `name` is a stored name or a key: data, not an expression. Of what is no object it is not there, of null it is null.
pub(crate) fn get(name: &str, of: Bson) -> Bson {
    Bson::Document(doc! { "$getField": { "field": { "$literal": name }, "input": of } })
}

pub(crate) fn is_list(value: Bson) -> Bson {
    Bson::Document(doc! { "$isArray": [value] })
}

/// The list, or an empty one.
pub(crate) fn list(of: Bson) -> Bson {
    either(is_list(of.clone()), of, Bson::Array(Vec::new()))
}

/// The entries of the object, or none.
pub(crate) fn entries(of: Bson) -> Bson {
    let object = either(has_type(of.clone(), "object"), of, literal(Bson::Document(Document::new())));
    Bson::Document(doc! { "$objectToArray": object })
}

pub(crate) fn size(of: Bson) -> Bson {
    Bson::Document(doc! { "$size": of })
}

pub(crate) fn element(of: Bson, position: usize) -> Bson {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    Bson::Document(doc! { "$arrayElemAt": [of, position] })
}

pub(crate) fn within_options(mut value: Bson, options: usize) -> Bson {
    for _ in 0..options {
        value = get(SOME, value);
    }
    value
}

/// How many fields deep something is said again rather than given a name, which takes some of the depth that the server
/// allows.
const FIELDS: usize = 3;

/// Whether it is a path, a variable, or a field of one, down to so many.
fn is_short(value: &Bson, fields: usize) -> bool {
    match value {
        Bson::String(_) => true,
        Bson::Document(value) => {
            let of = value.get_document("$getField").ok().and_then(|field| field.get("input"));
            fields > 0 && of.is_some_and(|of| is_short(of, fields - 1))
        }
        _ => false,
    }
}

impl Expressions {
    pub(crate) fn new() -> Self {
        Self { variables: 0 }
    }

    /// What says a value several times, which is computed once, and is once in the expression: it may hold others like it.
    pub(crate) fn with(&mut self, value: Bson, say: impl FnOnce(&mut Self, Bson) -> Bson) -> Bson {
        if is_short(&value, FIELDS) {
            return say(self, value);
        }
        let name = self.variable();
        let said = say(self, Bson::String(format!("$${name}")));
        self.variables -= 1;
        Bson::Document(doc! { "$let": { "vars": { name: value }, "in": said } })
    }

    fn variable(&mut self) -> String {
        self.variables += 1;
        format!("e{}", self.variables)
    }

    /// Whether the condition holds of any of the elements.
    pub(crate) fn any_of(&mut self, elements: Bson, holds: impl FnOnce(&mut Self, Bson) -> Bson) -> Bson {
        let name = self.variable();
        let condition = holds(self, Bson::String(format!("$${name}")));
        self.variables -= 1;
        Bson::Document(doc! { "$anyElementTrue": [{ "$map": { "input": elements, "as": name, "in": condition } }] })
    }

    /// The value of a field, under whichever of its names, or what documents without it have.
    pub(crate) fn field(&mut self, field: &Field, of: Bson) -> Bson {
        if field.aliases.is_empty() && field.absent.is_none() && !field.is_presence {
            return get(&field.name, of);
        }
        self.with(of, |_, of| {
            let branch = |name| {
                let held = get(name, of.clone());
                doc! { "case": is_there(held.clone()), "then": held }
            };
            let names: Vec<_> = std::iter::once(&field.name).chain(&field.aliases).map(|name| branch(name)).collect();
            let absent = field.absent.as_ref().map_or(Bson::Null, |absent| of_type(field.shape, absent));
            let (otherwise, nowhere) = match field.is_presence {
                true => (Bson::from("$$REMOVE"), Bson::from("$$REMOVE")),
                false => (literal(absent), Bson::Null),
            };
            let of_object = Bson::Document(doc! { "$switch": { "branches": names, "default": otherwise } });
            either(has_type(of, "object"), of_object, nowhere)
        })
    }

    /// The value of the pair with the key.
    fn of_pair(&mut self, of: Bson, shape: ShapeFn, key: &Value) -> Bson {
        let pairs = self.with(of, |_, of| list(of));
        let name = self.variable();
        let its_key = self.with(list(Bson::String(format!("$${name}"))), |_, pair| element(pair, 0));
        let is_it = self.equals(its_key, shape, key);
        self.variables -= 1;
        let found = Bson::Document(doc! { "$filter": { "input": pairs, "as": name, "cond": is_it } });
        self.with(element(found, 0), |_, pair| {
            either(is_list(pair.clone()), element(list(pair), 1), Bson::from("$$REMOVE"))
        })
    }

    /// What is stored at the end of the way.
    fn found(&mut self, location: &Location) -> Bson {
        let (path, rest) = location.plain_way();
        let mut value = Bson::String(path.map_or_else(|| "$$ROOT".to_owned(), |path| format!("${path}")));
        for Segment { options, kind } in rest {
            let around = within_options(value, options.saturating_sub(1));
            value = match kind {
                SegmentKind::Field(field) => self.field(field, around),
                SegmentKind::Unit(names) => {
                    let names = names.iter().copied().map(Bson::from).collect();
                    either(one_of(around, names), literal(Bson::Document(Document::new())), Bson::Null)
                }
                SegmentKind::Pair { shape, key } => self.of_pair(around, *shape, key),
            };
        }
        value
    }

    /// A property as it would be stored in the options that are around it.
    pub(crate) fn property(&mut self, location: &Location) -> Bson {
        let found = self.found(location);
        if !location.has_presence_around_options() {
            return found;
        }
        self.with(found, |_, found| either(is_there(found.clone()), Bson::Document(doc! { SOME: found }), Bson::Null))
    }

    /// A property's value behind all options.
    pub(crate) fn value(&mut self, location: &Location) -> Bson {
        let options = location.options - usize::from(location.is_presence);
        within_options(self.found(location), options.saturating_sub(1))
    }

    /// The same, a choice by its stored name.
    pub(crate) fn key_value(&mut self, location: &Location) -> Bson {
        let value = self.value(location);
        let aliases = match (location.leaf)() {
            Shape::Choice { aliases, .. } if !aliases.is_empty() => aliases,
            _ => return value,
        };
        self.with(value, |_, value| {
            let branch = |(alias, name): (&str, &str)| {
                doc! { "case": equal(value.clone(), literal(alias.into())), "then": literal(name.into()) }
            };
            let branches: Vec<_> = aliases.into_iter().map(branch).collect();
            Bson::Document(doc! { "$switch": { "branches": branches, "default": value.clone() } })
        })
    }

    /// A property as it sorts.
    pub(crate) fn sort_value(&mut self, location: &Location) -> Bson {
        let property = self.property(location);
        if !location.has_aliases() {
            return property;
        }
        let name = self.key_value(location);
        self.with(name, |_, name| {
            let layers = 1..location.options;
            let in_options = layers.fold(name.clone(), |inner, _| Bson::Document(doc! { SOME: inner }));
            either(has_type(name, "string"), in_options, property)
        })
    }

    /// A comparison of order with a value, false of what is absent.
    pub(crate) fn compared(&mut self, location: &Location, operator: &str, operand: ValueRef<'_>) -> Bson {
        let value = self.value(location);
        self.with(value, |_, value| {
            let mut parts = vec![Bson::Document(doc! { operator: [value.clone(), literal(scalar(operand))] })];
            // The order of all values has none and NaN below all numbers.
            parts.push(Bson::Document(doc! { "$gt": [value.clone(), Bson::Null] }));
            if matches!(operand, ValueRef::Float(number) if !number.is_nan()) {
                parts.push(Bson::Document(doc! { "$ne": [value, literal(Bson::Double(f64::NAN))] }));
            } else if let ValueRef::Float(_) = operand {
                parts.push(equal(value, literal(Bson::Double(f64::NAN))));
            }
            all(parts)
        })
    }

    /// A comparison of the number of elements or entries, false of what is absent; `None` if it can have none.
    pub(crate) fn length(&mut self, location: &Location, operator: &str, length: u64) -> Option<Bson> {
        let is_object = match (location.leaf)() {
            Shape::List(_) | Shape::Set(_) => false,
            Shape::Map(key, _) => is_object(key),
            Shape::Scalar(_)
            | Shape::Choice { .. }
            | Shape::Newtype { .. }
            | Shape::Optional(_)
            | Shape::Struct { .. }
            | Shape::Enum { .. } => return None,
        };
        // Nothing has as many.
        let length = literal(Bson::Int64(i64::try_from(length).unwrap_or(i64::MAX)));
        let value = self.value(location);
        Some(self.with(value, |_, value| {
            let (is_there, held) = match is_object {
                true => (has_type(value.clone(), "object"), entries(value)),
                false => (is_list(value.clone()), list(value)),
            };
            all(vec![is_there, Bson::Document(doc! { operator: [size(held), length] })])
        }))
    }
}

/// The filter that is true where the expression is.
pub(crate) fn filter(expression: Bson) -> Document {
    doc! { "$expr": expression }
}
