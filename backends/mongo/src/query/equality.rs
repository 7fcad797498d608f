//! Equality as an aggregation expression, for values that a filter's own operators do not compare as core does: components whose
//! fields have aliases, sets, which have no order, and maps.

use longevity_core::Value;
use longevity_core::encoding::is_object_key;
use longevity_core::storable::{Shape, ShapeFn, VariantShape};
use mongodb::bson::Bson;

use crate::encode::expression::{
    Expressions, all, any, element, entries, equal, get, has_type, is_absent, is_list, is_there, list, literal, one_of,
    size, within_options,
};
use crate::encode::location::{Field, names_of_variant};
use crate::encode::shape::{is_flat, strip_options};
use crate::encode::values::{keys_of, names_of_choice, of_type, scalar};

impl Expressions {
    /// Whether the stored value of a type equals the value.
    pub(crate) fn equals(&mut self, stored: Bson, shape: ShapeFn, value: &Value) -> Bson {
        let (options, shape) = strip_options(shape);
        self.equals_in_options(stored, options, shape, value)
    }

    /// Whether the stored value of a type within this many options equals the value.
    pub(crate) fn equals_in_options(&mut self, stored: Bson, options: usize, shape: ShapeFn, value: &Value) -> Bson {
        match value {
            Value::None(0) => is_absent(stored),
            Value::None(depth) if usize::from(*depth) < options => {
                let around = within_options(stored, usize::from(*depth) - 1);
                self.with(around, |_, around| {
                    // An option inside `None` is `None` too.
                    all(vec![has_type(around.clone(), "object"), has_type(within_options(around, 1), "null")])
                })
            }
            Value::None(_) => Bson::Boolean(false),
            value => self.equals_value(within_options(stored, options.saturating_sub(1)), &shape(), value),
        }
    }

    fn equals_value(&mut self, stored: Bson, shape: &Shape, value: &Value) -> Bson {
        match (shape, value) {
            (Shape::Struct { fields, .. }, Value::Record(values)) => self.with(stored, |this, stored| {
                let mut parts = vec![has_type(stored.clone(), "object")];
                for (name, value) in values {
                    match fields.iter().find(|field| field.step.name == *name) {
                        Some(known) => {
                            let held = this.field(&Field::of(known), stored.clone());
                            parts.push(this.equals(held, known.shape, value));
                        }
                        None => return Bson::Boolean(false),
                    }
                }
                all(parts)
            }),
            (Shape::List(held), Value::List(values)) => self.equals_list(stored, *held, values),
            (Shape::Set(held), Value::List(values)) => self.equals_set(stored, *held, values),
            (Shape::Map(key, held), Value::Map(entries)) if is_object_key(*key) => {
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
        self.with(stored, |this, stored| {
            let mut parts = vec![is_list(stored.clone()), has_size(list(stored.clone()), values.len())];
            for (position, value) in values.iter().enumerate() {
                parts.push(this.equals(element(list(stored.clone()), position), held, value));
            }
            all(parts)
        })
    }

    /// Whether the stored list has the same number of elements, and each of the values among them.
    fn equals_set(&mut self, stored: Bson, held: ShapeFn, values: &[Value]) -> Bson {
        self.with(stored, |this, stored| {
            let mut parts = vec![is_list(stored.clone()), has_size(list(stored.clone()), values.len())];
            for value in values {
                parts.push(this.any_equals(list(stored.clone()), held, value));
            }
            all(parts)
        })
    }

    fn any_equals(&mut self, elements: Bson, held: ShapeFn, value: &Value) -> Bson {
        self.any_of(elements, |this, element| this.equals(element, held, value))
    }

    fn equals_object(&mut self, stored: Bson, key: ShapeFn, held: ShapeFn, values: &[(Value, Value)]) -> Bson {
        let (_, key_shape) = strip_options(key);
        self.with(stored, |this, stored| {
            let mut parts = vec![has_type(stored.clone(), "object"), has_size(entries(stored.clone()), values.len())];
            for (key, value) in values {
                let keys = keys_of(&key_shape(), key);
                parts.push(this.equals_under(&stored, keys.iter().map(String::as_str), held, value));
            }
            all(parts)
        })
    }

    /// Whether the object has a field with any of these names, and the field equals the value.
    fn equals_under<'a>(
        &mut self,
        object: &Bson,
        names: impl Iterator<Item = &'a str>,
        held: ShapeFn,
        value: &Value,
    ) -> Bson {
        let under = names.map(|name| {
            let found = get(name, object.clone());
            all(vec![is_there(found.clone()), self.equals(found, held, value)])
        });
        let mut under: Vec<_> = under.collect();
        if under.len() == 1 { under.remove(0) } else { any(under) }
    }

    fn equals_pairs(&mut self, stored: Bson, key: ShapeFn, held: ShapeFn, entries: &[(Value, Value)]) -> Bson {
        self.with(stored, |this, stored| {
            let mut parts = vec![is_list(stored.clone()), has_size(list(stored.clone()), entries.len())];
            for (k, v) in entries {
                parts.push(this.any_of(list(stored.clone()), |this, pair| {
                    let part = |position| element(list(pair.clone()), position);
                    all(vec![this.equals(part(0), key, k), this.equals(part(1), held, v)])
                }));
            }
            all(parts)
        })
    }

    fn equals_variant(&mut self, stored: Bson, variant: &VariantShape, value: &Value) -> Bson {
        let names = names_of_variant(variant);
        let Some(held) = variant.holds else { return one_of(stored, names.map(Bson::from).collect()) };
        self.with(stored, |this, stored| {
            all(vec![has_type(stored.clone(), "object"), this.equals_under(&stored, names, held, value)])
        })
    }
}

fn has_size(elements: Bson, length: usize) -> Bson {
    equal(size(elements), Bson::Int64(i64::try_from(length).unwrap_or(i64::MAX)))
}
