//! Expressions of the aggregation language. They read a property to which no path leads, and test what a filter's own operators
//! cannot test.
//!
//! Every value is a `$literal`, so that no value is read as an expression. No expression fails, whatever is stored, because the
//! server does not promise in which order it evaluates the parts of a conjunction.

use longevity_core::encoding::is_object_key;
use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::{Value, ValueRef};
use mongodb::bson::{Bson, Document, doc};

use crate::encode::location::{Field, Location, Segment, SegmentKind};
use crate::encode::shape::SOME;
use crate::encode::values::{of_type, scalar};

/// Makes expressions, and knows the depth of the variables in use.
pub(crate) struct Expressions {
    variables: usize,
}

pub(crate) fn literal(value: Bson) -> Bson {
    Bson::Document(doc! { "$literal": value })
}

/// The conjunction, with nested conjunctions flattened, because the server limits the depth of a document.
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

/// Whether the value is null or missing.
pub(crate) fn is_absent(value: Bson) -> Bson {
    Bson::Document(doc! { "$in": [type_of(value), ["missing", "null"]] })
}

pub(crate) fn is_there(value: Bson) -> Bson {
    Bson::Document(doc! { "$ne": [type_of(value), "missing"] })
}

pub(crate) fn either(condition: Bson, then: Bson, otherwise: Bson) -> Bson {
    Bson::Document(doc! { "$cond": [condition, then, otherwise] })
}

/// `name` is a stored name or a key: data, not an expression. If `of` is not an object, the result is missing; if it is null, the
/// result is null.
pub(crate) fn get(name: &str, of: Bson) -> Bson {
    Bson::Document(doc! { "$getField": { "field": { "$literal": name }, "input": of } })
}

pub(crate) fn is_list(value: Bson) -> Bson {
    Bson::Document(doc! { "$isArray": [value] })
}

/// The value if it is a list, or an empty list.
pub(crate) fn list(of: Bson) -> Bson {
    either(is_list(of.clone()), of, Bson::Array(Vec::new()))
}

/// The entries of the value if it is an object, or an empty list.
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

/// The number of nested fields up to which a value is repeated instead of bound to a variable. A variable uses up some of the
/// depth that the server allows.
const FIELDS: usize = 3;

/// Whether the value is a path, a variable, or a field of a variable, up to that depth.
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

    /// An expression that uses a value several times. The value is computed once and occurs once, because it may contain such
    /// expressions itself.
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

    /// Whether the condition is true of any element.
    pub(crate) fn any_of(&mut self, elements: Bson, holds: impl FnOnce(&mut Self, Bson) -> Bson) -> Bson {
        let name = self.variable();
        let condition = holds(self, Bson::String(format!("$${name}")));
        self.variables -= 1;
        Bson::Document(doc! { "$anyElementTrue": [{ "$map": { "input": elements, "as": name, "in": condition } }] })
    }

    /// The value of a field under any of its names, or the value for documents without the field.
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

    /// The value of the pair with this key.
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

    /// The stored value at the location.
    fn found(&mut self, location: &Location) -> Bson {
        let (path, rest) = location.plain_prefix();
        self.follow(Bson::String(path.map_or_else(|| "$$ROOT".to_owned(), |path| format!("${path}"))), rest)
    }

    /// The stored value to which the segments lead from a stored value.
    fn follow(&mut self, from: Bson, segments: &[Segment]) -> Bson {
        let mut value = from;
        for Segment { options, kind } in segments {
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

    /// A property as it would be stored in the options around it.
    pub(crate) fn property(&mut self, location: &Location) -> Bson {
        let found = self.found(location);
        self.in_presence(found, location)
    }

    /// The same in a stored value.
    pub(crate) fn property_of(&mut self, of: Bson, location: &Location) -> Bson {
        let found = self.follow(of, &location.segments);
        self.in_presence(found, location)
    }

    fn in_presence(&mut self, found: Bson, location: &Location) -> Bson {
        if !location.has_presence_around_options() {
            return found;
        }
        self.with(found, |_, found| either(is_there(found.clone()), Bson::Document(doc! { SOME: found }), Bson::Null))
    }

    /// The value of a property inside all its options.
    pub(crate) fn value(&mut self, location: &Location) -> Bson {
        let found = self.found(location);
        inside_options(found, location)
    }

    /// The same in a stored value.
    pub(crate) fn value_of(&mut self, of: Bson, location: &Location) -> Bson {
        let found = self.follow(of, &location.segments);
        inside_options(found, location)
    }

    /// The value of a property inside all its options, with a choice under its stored name.
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

    /// A property in the form in which it sorts.
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

    /// An order comparison with a value. It is false for an absent value.
    pub(crate) fn compared(&mut self, location: &Location, operator: &str, operand: ValueRef<'_>) -> Bson {
        let value = self.value(location);
        self.with(value, |_, value| {
            let mut parts = vec![Bson::Document(doc! { operator: [value.clone(), literal(scalar(operand))] })];
            // In the order of all values, null and NaN come before all numbers.
            parts.push(Bson::Document(doc! { "$gt": [value.clone(), Bson::Null] }));
            if matches!(operand, ValueRef::Float(number) if !number.is_nan()) {
                parts.push(Bson::Document(doc! { "$ne": [value, literal(Bson::Double(f64::NAN))] }));
            } else if let ValueRef::Float(_) = operand {
                parts.push(equal(value, literal(Bson::Double(f64::NAN))));
            }
            all(parts)
        })
    }

    /// A comparison of the number of elements or entries. It is false for an absent value; `None` if the type has no length.
    pub(crate) fn length(&mut self, location: &Location, operator: &str, length: u64) -> Option<Bson> {
        let is_object = match (location.leaf)() {
            Shape::List(_) | Shape::Set(_) => false,
            Shape::Map(key, _) => is_object_key(key),
            Shape::Scalar(_)
            | Shape::Choice { .. }
            | Shape::Newtype { .. }
            | Shape::Optional(_)
            | Shape::Struct { .. }
            | Shape::Enum { .. } => return None,
        };
        // No list has that many elements.
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

fn inside_options(found: Bson, location: &Location) -> Bson {
    let options = location.options - usize::from(location.is_presence);
    within_options(found, options.saturating_sub(1))
}

/// A filter that is true where the expression is true.
pub(crate) fn filter(expression: Bson) -> Document {
    doc! { "$expr": expression }
}
