//! Equality as an expression of the aggregation language: of what a filter's own operators cannot compare as core does, a
//! component whose fields have aliases, a set in any order, a map.
//!
//! Every value is a `$literal`, so that none is read as an expression.

use longevity_core::storable::{Shape, ShapeFn, VariantShape};
use longevity_core::{Value, ValueRef};
use mongodb::bson::{Bson, Document, doc};

use crate::stored::{Crossing, Field, SOME, Stored, behind_options};
use crate::values::{is_flat, is_object, keys_of, names_of_choice, of_type, scalar};

/// An expression, and the depth of variables that are in use.
pub(crate) struct Expressions {
    variables: usize,
}

fn literal(value: Bson) -> Bson {
    Bson::Document(doc! { "$literal": value })
}

fn all(parts: Vec<Bson>) -> Bson {
    Bson::Document(doc! { "$and": parts })
}

fn equal(a: Bson, b: Bson) -> Bson {
    Bson::Document(doc! { "$eq": [a, b] })
}

fn one_of(value: Bson, these: Vec<Bson>) -> Bson {
    Bson::Document(doc! { "$in": [value, { "$literal": these }] })
}

fn type_of(value: Bson) -> Bson {
    Bson::Document(doc! { "$type": value })
}

fn has_type(value: Bson, name: &str) -> Bson {
    equal(type_of(value), Bson::from(name))
}

/// `name` is a stored name or a key: data, not an expression.
fn get(name: &str, of: Bson) -> Bson {
    Bson::Document(doc! { "$getField": { "field": { "$literal": name }, "input": of } })
}

fn list(of: Bson) -> Bson {
    Bson::Document(doc! { "$cond": [{ "$isArray": [of.clone()] }, of, []] })
}

fn object(of: Bson) -> Bson {
    Bson::Document(doc! { "$cond": [has_type(of.clone(), "object"), of, { "$literal": {} }] })
}

fn size(of: Bson) -> Bson {
    Bson::Document(doc! { "$size": of })
}

fn element(of: Bson, position: usize) -> Bson {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    Bson::Document(doc! { "$arrayElemAt": [of, position] })
}

fn within_options(mut value: Bson, options: usize) -> Bson {
    for _ in 0..options {
        value = get(SOME, value);
    }
    value
}

/// The value of a field, under whichever of its names, or what documents without it have.
fn field(field: &Field, of: Bson) -> Bson {
    if field.is_plain() {
        return get(field.stored, of);
    }
    let branch = |name: &&str| {
        let held = get(name, of.clone());
        doc! { "case": { "$ne": [type_of(held.clone()), "missing"] }, "then": held }
    };
    let names: Vec<_> = std::iter::once(&field.stored).chain(field.aliases).map(branch).collect();
    let absent = field.absent.as_ref().map_or(Bson::Null, |absent| of_type(field.shape, absent));
    let of_object = doc! { "$switch": { "branches": names, "default": literal(absent) } };
    Bson::Document(doc! { "$cond": [has_type(of.clone(), "object"), of_object, Bson::Null] })
}

/// A property as it is stored, with the options around it.
pub(crate) fn property(stored: &Stored) -> Bson {
    if stored.is_plain() {
        return Bson::String(format!("${}", stored.field()));
    }
    let mut value = Bson::from("$$ROOT");
    for Crossing { options, field: crossed } in &stored.crossings {
        value = field(crossed, within_options(value, options.saturating_sub(1)));
    }
    value
}

/// A property's value behind all options.
pub(crate) fn value(stored: &Stored) -> Bson {
    within_options(property(stored), stored.options.saturating_sub(1))
}

/// A comparison of order with a value, false of what is absent.
pub(crate) fn compared(stored: &Stored, operator: &str, operand: ValueRef<'_>) -> Bson {
    let value = value(stored);
    let mut parts = vec![Bson::Document(doc! { operator: [value.clone(), literal(scalar(operand))] })];
    // The order of all values has none and NaN below all numbers.
    parts.push(Bson::Document(doc! { "$gt": [value.clone(), Bson::Null] }));
    if matches!(operand, ValueRef::Float(number) if !number.is_nan()) {
        parts.push(Bson::Document(doc! { "$ne": [value, literal(Bson::Double(f64::NAN))] }));
    } else if let ValueRef::Float(_) = operand {
        parts.push(equal(value, literal(Bson::Double(f64::NAN))));
    }
    all(parts)
}

impl Expressions {
    pub(crate) fn new() -> Self {
        Self { variables: 0 }
    }

    /// Whether what is stored of a type equals the value.
    pub(crate) fn equals(&mut self, stored: Bson, shape: ShapeFn, value: &Value) -> Bson {
        let (options, shape) = behind_options(shape);
        self.equals_behind(stored, options, shape, value)
    }

    /// The same, with the options apart from the type.
    pub(crate) fn equals_behind(&mut self, stored: Bson, options: usize, shape: ShapeFn, value: &Value) -> Bson {
        match value {
            Value::None(0) => Bson::Document(doc! { "$in": [type_of(stored), ["missing", "null"]] }),
            Value::None(depth) if usize::from(*depth) < options => {
                let depth = usize::from(*depth);
                // What is in nothing is nothing, too.
                let around = within_options(stored, depth - 1);
                all(vec![has_type(around.clone(), "object"), has_type(within_options(around, 1), "null")])
            }
            Value::None(_) => Bson::Boolean(false),
            value => self.equals_value(within_options(stored, options.saturating_sub(1)), &shape(), value),
        }
    }

    fn equals_value(&mut self, stored: Bson, shape: &Shape, value: &Value) -> Bson {
        match (shape, value) {
            (Shape::Struct { fields, .. }, Value::Record(values)) => {
                let mut parts = vec![has_type(stored.clone(), "object")];
                for (name, value) in values {
                    match fields.iter().find(|field| field.step.name == *name) {
                        Some(known) => {
                            let held = field(&Field::of(known), stored.clone());
                            parts.push(self.equals(held, known.shape, value));
                        }
                        None => return Bson::Boolean(false),
                    }
                }
                all(parts)
            }
            (Shape::List(held), Value::List(values)) => self.equals_list(stored, *held, values),
            (Shape::Set(held), Value::List(values)) => self.equals_set(stored, *held, values),
            (Shape::Map(key, held), Value::Map(entries)) if is_object(*key) => {
                self.equals_object(stored, *key, *held, entries)
            }
            (Shape::Map(key, held), Value::Map(entries)) => self.equals_pairs(stored, *key, *held, entries),
            (Shape::Enum { variants, .. }, Value::Variant(name, value)) => {
                match variants.iter().find(|variant| variant.serde_name == *name) {
                    Some(variant) => self.equals_variant(stored, variant, value),
                    None => Bson::Boolean(false),
                }
            }
            (shape, value) => match names_of_choice(shape, value) {
                Some(names) => one_of(stored, names),
                None => equal(stored, literal(scalar(value.as_value_ref()))),
            },
        }
    }

    fn equals_list(&mut self, stored: Bson, held: ShapeFn, values: &[Value]) -> Bson {
        if is_flat(held) {
            let values = values.iter().map(|value| of_type(held, value)).collect();
            return equal(stored, literal(Bson::Array(values)));
        }
        let elements = list(stored.clone());
        let mut parts = vec![Bson::Document(doc! { "$isArray": [stored] }), has_size(&elements, values.len())];
        for (position, value) in values.iter().enumerate() {
            parts.push(self.equals(element(elements.clone(), position), held, value));
        }
        all(parts)
    }

    /// As many elements, and each of the values among them.
    fn equals_set(&mut self, stored: Bson, held: ShapeFn, values: &[Value]) -> Bson {
        let elements = list(stored.clone());
        let mut parts = vec![Bson::Document(doc! { "$isArray": [stored] }), has_size(&elements, values.len())];
        for value in values {
            parts.push(self.any_equals(elements.clone(), held, value));
        }
        all(parts)
    }

    /// Whether any element of what is stored as a list equals the value.
    pub(crate) fn contains(&mut self, stored: Bson, held: ShapeFn, value: &Value) -> Bson {
        self.any_equals(list(stored), held, value)
    }

    fn any_equals(&mut self, elements: Bson, held: ShapeFn, value: &Value) -> Bson {
        self.any(elements, |this, element| this.equals(element, held, value))
    }

    fn any(&mut self, elements: Bson, holds: impl FnOnce(&mut Self, Bson) -> Bson) -> Bson {
        let name = format!("e{}", self.variables);
        self.variables += 1;
        let condition = holds(self, Bson::String(format!("$${name}")));
        self.variables -= 1;
        Bson::Document(doc! { "$anyElementTrue": [{ "$map": { "input": elements, "as": name, "in": condition } }] })
    }

    fn equals_object(&mut self, stored: Bson, key: ShapeFn, held: ShapeFn, entries: &[(Value, Value)]) -> Bson {
        let keys = Bson::Document(doc! { "$objectToArray": object(stored.clone()) });
        let mut parts = vec![has_type(stored.clone(), "object"), has_size(&keys, entries.len())];
        let (_, key_shape) = behind_options(key);
        for (key, value) in entries {
            let under = keys_of(&key_shape(), key).into_iter().map(|key| {
                let found = get(&key, stored.clone());
                let there = Bson::Document(doc! { "$ne": [type_of(found.clone()), "missing"] });
                all(vec![there, self.equals(found, held, value)])
            });
            let under: Vec<_> = under.collect();
            parts.push(Bson::Document(doc! { "$or": under }));
        }
        all(parts)
    }

    fn equals_pairs(&mut self, stored: Bson, key: ShapeFn, held: ShapeFn, entries: &[(Value, Value)]) -> Bson {
        let pairs = list(stored.clone());
        let mut parts = vec![Bson::Document(doc! { "$isArray": [stored] }), has_size(&pairs, entries.len())];
        for (k, v) in entries {
            parts.push(self.any(pairs.clone(), |this, pair| {
                let pair = list(pair);
                all(vec![this.equals(element(pair.clone(), 0), key, k), this.equals(element(pair, 1), held, v)])
            }));
        }
        all(parts)
    }

    fn equals_variant(&mut self, stored: Bson, variant: &VariantShape, value: &Value) -> Bson {
        let names = std::iter::once(variant.serde_name).chain(variant.aliases.iter().copied());
        let Some(held) = variant.holds else { return one_of(stored, names.map(Bson::from).collect()) };
        let under = names.map(|name| {
            let found = get(name, stored.clone());
            let there = Bson::Document(doc! { "$ne": [type_of(found.clone()), "missing"] });
            all(vec![there, self.equals(found, held, value)])
        });
        let under: Vec<_> = under.collect();
        all(vec![has_type(stored, "object"), Bson::Document(doc! { "$or": under })])
    }
}

fn has_size(elements: &Bson, length: usize) -> Bson {
    equal(size(elements.clone()), Bson::Int64(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// The filter that is true where the expression is.
pub(crate) fn filter(expression: Bson) -> Document {
    doc! { "$expr": expression }
}
