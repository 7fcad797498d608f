//! The depth of documents, computed from values without a document, for values that are not written through a serializer.

use super::layout::{self, Link, Node};
use super::reader::inside_options;
use crate::error::Error;
use crate::limits::DOCUMENT_LEVELS;
use crate::shape::ShapeFn;
use crate::value::Value;

/// The error for a document that is too deep.
pub fn too_deep(type_name: &'static str) -> Error {
    Error::TooLarge { type_name, limit: format!("at most {DOCUMENT_LEVELS} levels of nesting") }
}

/// The number of levels of arrays and objects in a document with a value of this type, as the encoder counts them.
pub(crate) fn levels_of(shape: ShapeFn, value: &Value) -> usize {
    of_node(layout::root(shape).link.node(), value)
}

fn of_link(link: &Link, value: &Value) -> usize {
    of_node(link.node(), value)
}

fn of_node(node: Option<&'static Node>, value: &Value) -> usize {
    let Some((options, node)) = node.and_then(inside_options) else { return value.levels() };
    let wrappers = usize::from(match value {
        Value::None(depth) => (*depth).min(options.saturating_sub(1)),
        _ => options.saturating_sub(1),
    });
    let deepest = |levels: &mut dyn Iterator<Item = usize>| levels.max().unwrap_or(0);
    wrappers
        + match (node, value) {
            (Node::List(held) | Node::Set(held), Value::List(values)) => {
                1 + deepest(&mut values.iter().map(|value| of_link(held, value)))
            }
            (Node::Map(map), Value::Map(entries)) if map.pairs => {
                let pairs =
                    entries.iter().map(|(key, value)| 1 + of_link(&map.key, key).max(of_link(&map.value, value)));
                1 + deepest(&mut { pairs })
            }
            (Node::Map(map), Value::Map(entries)) => {
                1 + deepest(&mut entries.iter().map(|(_, value)| of_link(&map.value, value)))
            }
            (Node::Struct(fields), Value::Record(values)) => {
                let of_field = |(name, value): &(&'static str, Value)| {
                    let known = fields.iter().find(|field| field.names.stored == *name);
                    known.map_or_else(|| value.levels(), |field| of_link(&field.held, value))
                };
                1 + deepest(&mut values.iter().map(of_field))
            }
            (Node::Enum(variants), Value::Variant(name, held)) => {
                match variants.iter().find(|variant| variant.names.stored == *name).map(|variant| &variant.held) {
                    Some(None) => 0,
                    Some(Some(link)) => 1 + of_link(link, held),
                    None => value.levels(),
                }
            }
            (_, value) => value.levels(),
        }
}

/// Whether documents of the type may have too many levels, because the type is recursive. Computed once for each type.
pub(crate) fn may_be_too_deep(shape: ShapeFn) -> bool {
    let root = layout::root(shape);
    *root.may_be_too_deep.get_or_init(|| leads_too_deep(&root.link))
}

fn leads_too_deep(link: &Link) -> bool {
    /// More levels than one type takes: a list of pairs has two.
    const OF_ONE_TYPE: usize = 2;
    let mut held: Vec<&'static Node> = link.node().into_iter().collect();
    for _ in 0..DOCUMENT_LEVELS / OF_ONE_TYPE {
        held = held.iter().flat_map(|node| node.links()).filter_map(Link::node).collect();
        held.sort_unstable_by_key(|node| std::ptr::from_ref(*node).addr());
        held.dedup_by_key(|node| std::ptr::from_ref(*node).addr());
        if held.is_empty() {
            return false;
        }
    }
    true
}
