//! Advice for rows that cannot be decoded: which type refuses the value that was generated for it. Such a type has a
//! `Deserialize` with a rule that no derive knows.

use longevity_core::storable::Shape;
use longevity_core::table::TableDefinition;

use crate::outcome::Stop;

/// The reason why a case of this table stopped. If a row could not be decoded, this names the types that may refuse its values,
/// and says what to do.
pub(crate) fn with_advice(stop: Stop, definition: &TableDefinition) -> Stop {
    let Stop::Undecodable { type_name, path, message } = stop else { return stop };
    let variant = definition.variants.iter().find(|variant| variant.type_name == type_name);
    let refusing = variant.and_then(|variant| named_at((variant.shape)(), &path));
    let names = refusing.filter(|names| !names.is_empty()).unwrap_or_else(|| vec![type_name]);
    // A strategy of the outermost type makes the values within it too.
    let (name, any) = (names.first().copied().unwrap_or(type_name), names.join(" or "));
    Stop::Failed(format!(
        "{message}\n    if {any} refuses values by a rule of its own, as a handwritten `Deserialize` may do, generate values \
         that it accepts: `.strategy::<{name}>(|| ..)`"
    ))
}

/// The named types at the end of a path, which has the form of serde's errors, the outermost first; `None` if the path does not
/// fit the shape.
fn named_at(shape: Shape, path: &str) -> Option<Vec<&'static str>> {
    let (mut shape, mut names) = (shape, Vec::new());
    let mut steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty());
    loop {
        shape = match shape {
            Shape::Optional(inner) => inner(),
            Shape::Newtype { name, inner, .. } => {
                names.push(name);
                inner()
            }
            shape => {
                let Some(step) = steps.next() else {
                    match shape {
                        Shape::Struct { name, .. } | Shape::Enum { name, .. } | Shape::Choice { name, .. } => {
                            names.push(name)
                        }
                        _ => {}
                    }
                    names.retain(|name| !name.is_empty());
                    return Some(names);
                };
                names.clear();
                match shape {
                    Shape::List(element) | Shape::Set(element) | Shape::Map(_, element) => element(),
                    Shape::Struct { fields, .. } => (fields.iter().find(|field| field.serde_name == step)?.shape)(),
                    Shape::Enum { variants, .. } => (variants.iter().find(|held| held.serde_name == step)?.holds?)(),
                    _ => return None,
                }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use longevity::prelude::*;
    use longevity_core::storable::ScalarType;
    use longevity_core::{Error, RootType, RowId};

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    struct Owner {
        plate: Plate,
    }

    /// A type that accepts six capital letters only.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    struct Plate(String);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    struct Car {
        owners: Vec<Option<Owner>>,
    }

    fn decode(type_name: &'static str, path: &str) -> Stop {
        let source = "six capital letters".into();
        Error::Decode { type_name, id: RowId::from_u128(1), path: path.to_owned(), source }.into()
    }

    fn message_of(stop: Stop) -> String {
        match with_advice(stop, &Car::definition().table().unwrap()) {
            Stop::Failed(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_row_that_is_not_decoded_names_the_type_and_what_to_do() {
        let message = message_of(decode("Car", "owners[2].plate"));
        assert!(message.contains("six capital letters"), "{message}");
        assert!(message.contains("if Plate refuses values"), "{message}");
        assert!(message.contains("`.strategy::<Plate>(|| ..)`"), "{message}");
        // The row as a whole, and a path that fits no field.
        assert!(message_of(decode("Car", "")).contains("`.strategy::<Car>(|| ..)`"));
        assert!(message_of(decode("Car", "wheels")).contains("`.strategy::<Car>(|| ..)`"));
        assert_eq!(message_of(Stop::Failed("another".to_owned())), "another");
    }

    fn text() -> Shape {
        Shape::Scalar(ScalarType::String)
    }

    fn newtype() -> Shape {
        Shape::Newtype { name: "Plate", key_of: None, inner: text }
    }

    fn plates() -> Shape {
        Shape::List(|| Shape::Optional(newtype))
    }

    fn by_owner() -> Shape {
        Shape::Map(text, plates)
    }

    #[test]
    fn the_type_at_the_end_of_a_path_is_named() {
        assert_eq!(named_at(by_owner(), "ann[3]"), Some(vec!["Plate"]));
        assert_eq!(named_at(newtype(), ""), Some(vec!["Plate"]));
        // A type without a name, and a path that does not exist.
        assert_eq!(named_at(by_owner(), "ann"), Some(vec![]));
        assert_eq!(named_at(newtype(), "front"), None);
    }
}
