//! Where the values of a property are in a document, in SQL of SQLite's own JSON functions. Triggers are made of it, so that it
//! works in every program that opens the file.

use longevity_core::encoding::{Format, Json, is_object_key};
use longevity_core::storable::{FieldShape, ScalarType, Shape};
use longevity_core::table::{ElementColumn, each_value};
use longevity_core::{Path, Step, Value};

use crate::encode::column_value::{Representation, declared_type};
use crate::encode::row::DOC;
use crate::schema::names::{literal, quoted};

/// The place of values in the documents of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// The path to the value or to the outermost list, set or map.
    pub(crate) path: &'a Path,
    /// The paths from the elements of each list, set or map to the next one or to the value.
    pub(crate) through: &'a [Path],
    /// The single values of a value.
    pub(crate) columns: &'a [ElementColumn],
}

/// The values of a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Extraction {
    /// An expression. The values change only if it changes.
    pub(crate) head: String,
    /// The single values of each value.
    pub(crate) columns: Vec<String>,
    /// The tables with the elements; empty if no list, set or map is on the path.
    pub(crate) from: String,
    /// The condition for an element.
    pub(crate) filter: String,
    /// Whether a field or a variant on the path has several names.
    pub(crate) has_aliases: bool,
}

impl Extraction {
    /// The values of the row that SQL calls by this name, in a document of this shape. `None` if SQL cannot find them, or would
    /// find others than core: JSON may have another form than a column, and a document may leave out a default.
    pub(crate) fn of(shape: Shape, source: Source<'_>, row: &str) -> Option<Self> {
        let Source { path, through, columns } = source;
        let doc = format!("{row}.{}", quoted(DOC));
        // The document of a row that was edited by hand may be no JSON.
        let mut at = Place { base: format!("iif(json_valid({doc}), {doc}, NULL)"), ..Place::default() };
        let mut walk = Walk::default();
        let mut shape = walk.follow(shape, path.steps(), through, &mut at)?;
        let head = at.json();
        let (mut from, mut filter) = (Vec::new(), Vec::new());
        for (position, path) in through.iter().enumerate() {
            let element = format!("e{position}");
            let rest = &through[position + 1..];
            from.push(format!("json_each({}) AS {element}", at.json()));
            // A value that is no list and no object has itself as its element, without a key.
            filter.push(format!("{element}.key NOTNULL"));
            let of_type = |kinds: &str| format!("iif({element}.type IN ({kinds}), {element}.value, NULL)");
            let (held, place) = match shape {
                Shape::List(inner) | Shape::Set(inner) => (inner, Place::element(&element, of_type)),
                Shape::Map(key, inner) if is_object_key(key) => (inner, Place::element(&element, of_type)),
                Shape::Map(_, inner) => {
                    (inner, Place { base: of_type("'array'"), path: "[1]".to_owned(), direct: None })
                }
                _ => return None,
            };
            at = place;
            shape = walk.follow(held(), path.steps(), rest, &mut at)?;
        }
        let columns: Option<Vec<_>> = columns.iter().map(|column| walk.column(&shape, column, &at)).collect();
        let columns = columns?;
        // An absent value is NULL. A value of another type was written by another program.
        let is_one = |(column, value): (&ElementColumn, &String)| {
            let kinds = match declared_type(&column.shape, Representation::Plain) {
                "INTEGER" => "'integer'",
                "TEXT" => "'text'",
                _ => "'integer', 'text'",
            };
            format!("typeof({value}) IN ({kinds})")
        };
        filter.extend(source.columns.iter().zip(&columns).map(is_one));
        let has_aliases = walk.has_aliases;
        Some(Self { head, columns, from: from.join(", "), filter: filter.join(" AND "), has_aliases })
    }
}

/// A place in a value of JSON.
#[derive(Clone, Debug, Default)]
struct Place {
    /// An expression whose value is JSON.
    base: String,
    /// The path from there, without the leading `$`.
    path: String,
    /// The value itself, if it is that of an element and no path was added.
    direct: Option<String>,
}

impl Place {
    fn element(name: &str, of_type: impl Fn(&str) -> String) -> Self {
        Self { base: of_type("'array', 'object'"), path: String::new(), direct: Some(format!("{name}.value")) }
    }

    /// The value as JSON.
    fn json(&self) -> String {
        match self.path.is_empty() {
            true => self.base.clone(),
            false => format!("({} -> {})", self.base, literal(&format!("${}", self.path))),
        }
    }

    /// The value as a value of SQL.
    fn value(&self) -> String {
        match &self.direct {
            Some(direct) => direct.clone(),
            None => format!("({} ->> {})", self.base, literal(&format!("${}", self.path))),
        }
    }

    /// Continues to the member with one of these names; `None` if a path cannot contain a name.
    fn step(&mut self, name: &str, aliases: &[&str]) -> Option<()> {
        let names = || std::iter::once(&name).chain(aliases);
        if names().any(|name| name.contains(['"', '\\'])) {
            return None;
        }
        let path = |name: &str| format!("{}.\"{name}\"", self.path);
        if aliases.is_empty() {
            self.path = path(name);
        } else {
            let of = |name: &&str| format!("{} -> {}", self.base, literal(&format!("${}", path(name))));
            let all: Vec<_> = names().map(of).collect();
            (self.base, self.path) = (format!("coalesce({})", all.join(", ")), String::new());
        }
        self.direct = None;
        Some(())
    }
}

/// A walk through the shape of a document.
#[derive(Default)]
struct Walk {
    has_aliases: bool,
}

impl Walk {
    /// The shape at the end of the steps, without options and newtypes.
    fn follow(&mut self, shape: Shape, steps: &[&'static Step], through: &[Path], at: &mut Place) -> Option<Shape> {
        let mut shape = inside(shape, at)?;
        for (position, step) in steps.iter().enumerate() {
            let rest = &steps[position + 1..];
            let next = match &shape {
                Shape::Struct { fields, .. } if !step.is_variant => {
                    let field = fields.iter().find(|field| field.step.hash == step.hash)?;
                    if has_default(field, rest, through) {
                        return None;
                    }
                    self.has_aliases |= !field.aliases.is_empty();
                    at.step(field.step.name, field.aliases)?;
                    (field.shape)()
                }
                Shape::Enum { variants, .. } if step.is_variant => {
                    let variant = variants.iter().find(|variant| variant.serde_name == step.name)?;
                    self.has_aliases |= !variant.aliases.is_empty();
                    at.step(variant.serde_name, variant.aliases)?;
                    variant.holds?()
                }
                _ => return None,
            };
            shape = inside(next, at)?;
        }
        Some(shape)
    }

    /// A single value of the value at a place.
    fn column(&mut self, shape: &Shape, column: &ElementColumn, at: &Place) -> Option<String> {
        let mut at = at.clone();
        let end = self.follow(required(shape.clone())?, column.path.steps(), &[], &mut at)?;
        self.in_the_form_of_a_column(&required(end)?, at.value())
    }

    /// The value in the form that a column has; `None` if SQL cannot bring it into that form.
    fn in_the_form_of_a_column(&mut self, shape: &Shape, value: String) -> Option<String> {
        match shape {
            Shape::Scalar(scalar) => match scalar {
                // Columns sort: floats are integers there, and bytes are blobs, for which older versions of SQLite have no function.
                ScalarType::F32 | ScalarType::F64 | ScalarType::Bytes => None,
                // The years before 0 are counted from the first.
                ScalarType::Timestamp => Some(format!(
                    "iif({value} GLOB '-*', printf('-%06d-%s', 999999 - CAST(substr({value}, 2, 6) AS INTEGER), \
                     substr({value}, 9)), {value})"
                )),
                ScalarType::Bool
                | ScalarType::I8
                | ScalarType::I16
                | ScalarType::I32
                | ScalarType::I64
                | ScalarType::Isize
                | ScalarType::U8
                | ScalarType::U16
                | ScalarType::U32
                | ScalarType::U64
                | ScalarType::Usize
                | ScalarType::Char
                | ScalarType::String
                | ScalarType::Uuid => Some(value),
            },
            Shape::Choice { aliases, .. } if aliases.is_empty() => Some(value),
            // A column has the present name.
            Shape::Choice { aliases, .. } => {
                self.has_aliases = true;
                let names =
                    aliases.iter().map(|(alias, name)| format!(" WHEN {} THEN {}", literal(alias), literal(name)));
                Some(format!("CASE {value}{} ELSE {value} END", names.collect::<String>()))
            }
            Shape::Newtype { .. }
            | Shape::Optional(_)
            | Shape::List(_)
            | Shape::Set(_)
            | Shape::Map(..)
            | Shape::Struct { .. }
            | Shape::Enum { .. } => None,
        }
    }
}

/// Whether documents without the field have values at the end of the paths.
fn has_default(field: &FieldShape, rest: &[&'static Step], through: &[Path]) -> bool {
    let Some(absent) = field.absent else { return false };
    let mut found = false;
    each_value(&absent().at(rest).to_value(), through, &mut |_: &Value| found = true);
    found
}

/// The shape within newtypes and options, at the place of their content. An option in an option is an object.
fn inside(shape: Shape, at: &mut Place) -> Option<Shape> {
    let (mut shape, mut options) = (shape, 0);
    loop {
        shape = match shape {
            Shape::Newtype { inner, .. } => inner(),
            Shape::Optional(inner) => {
                options += 1;
                if options > 1 {
                    at.step(<Json as Format>::SOME, &[])?;
                }
                inner()
            }
            shape => return Some(shape),
        };
    }
}

/// The shape within newtypes; `None` for an option.
fn required(mut shape: Shape) -> Option<Shape> {
    loop {
        shape = match shape {
            Shape::Newtype { inner, .. } => inner(),
            Shape::Optional(_) => return None,
            shape => return Some(shape),
        };
    }
}
