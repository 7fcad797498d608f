//! The structure of stored types, built once per type and never dropped. A shape is made again at every level of every call,
//! which is too slow for documents.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::shape::{FieldShape, ScalarType, Shape, ShapeFn};
use crate::value::Value;

/// One type in a layout. Newtypes and boxes leave no trace in a document, and have no node.
pub(super) enum Node {
    Scalar(ScalarType),
    /// The aliases of the choices, each with the stored name.
    Choice(Vec<(&'static str, &'static str)>),
    Optional(Link),
    List(Link),
    Set(Link),
    Map(MapNode),
    Struct(Vec<FieldNode>),
    Enum(Vec<VariantNode>),
}

/// A link from a node to a part of it. It is filled when all nodes exist, because recursive types lead back.
#[derive(Default)]
pub(super) struct Link {
    node: OnceLock<&'static Node>,
    plan: OnceLock<&'static Node>,
}

impl Link {
    /// The node. `None` never occurs, but the types cannot rule it out.
    pub(super) fn node(&self) -> Option<&'static Node> {
        self.node.get().copied()
    }

    /// The node within all options, if the stored form of anything at or below it differs from serde's.
    pub(super) fn plan(&self) -> Option<&'static Node> {
        self.plan.get().copied()
    }
}

pub(super) struct MapNode {
    /// Whether the entries are an array of pairs, because the keys are not text.
    pub(super) pairs: bool,
    pub(super) key: Link,
    pub(super) value: Link,
}

pub(super) struct FieldNode {
    pub(super) serde_name: &'static str,
    pub(super) names: Names,
    pub(super) held: Link,
    pub(super) absent: Option<fn() -> Value>,
}

/// The names by which a field is read.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) stored: &'static str,
    pub(super) aliases: &'static [&'static str],
}

impl Names {
    #[inline]
    pub(super) fn has(self, name: &str) -> bool {
        name == self.stored || self.aliases.contains(&name)
    }
}

pub(super) struct VariantNode {
    pub(super) names: Names,
    /// `None` for a unit.
    pub(super) held: Option<Link>,
}

/// What the encoding changes in serde's form of a type, if anything. For generated code.
#[derive(Clone, Copy)]
pub struct Plan(pub(super) &'static Node);

/// Holds the plan of one type. For generated code.
pub struct PlanCell(OnceLock<Option<Plan>>);

impl PlanCell {
    /// A cell without a plan.
    #[expect(clippy::new_without_default, reason = "it is used in a static")]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The plan of the type with this shape, which has to be the same in every call.
    #[inline]
    pub fn get(&self, shape: ShapeFn) -> Option<Plan> {
        *self.0.get_or_init(|| plan(shape))
    }
}

/// The plan of a type, at the cost of one look-up in a map.
pub fn plan(shape: ShapeFn) -> Option<Plan> {
    root(shape).link.plan().map(Plan)
}

/// What is kept for a type: the link to its node, and facts that are computed once.
#[derive(Default)]
pub(super) struct Root {
    pub(super) link: Link,
    /// Whether its documents could be too deep.
    pub(super) may_be_too_deep: OnceLock<bool>,
}

/// What is kept for the type with this shape.
pub(super) fn root(shape: ShapeFn) -> &'static Root {
    static ROOTS: Mutex<Option<HashMap<usize, &'static Root>>> = Mutex::new(None);
    // A panic while the lock was held left a map with one entry more or less, which is still usable.
    let mut roots = ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    roots.get_or_insert_default().entry(shape as usize).or_insert_with(|| Layout::default().build(shape))
}

/// A layout under construction: nodes by the address of their shape function. A function may have several addresses, and then
/// has several nodes; two functions with one address have the same code, and therefore the same shape.
#[derive(Default)]
struct Layout {
    drafts: Vec<Draft>,
    known: HashMap<usize, usize>,
}

struct Draft {
    node: Node,
    /// The positions of the links' drafts, in the order of the links.
    below: Vec<usize>,
    /// Whether the draft has a plan for a reason of its own.
    planned: bool,
}

impl Layout {
    fn build(mut self, shape: ShapeFn) -> &'static Root {
        let position = self.add(shape);
        // A node above a node with a plan has one too. Recursive types need more than one pass.
        while self.spread() {}
        let planned: Vec<_> = self.drafts.iter().map(|draft| draft.planned).collect();
        let (nodes, below): (Vec<_>, Vec<_>) = self.drafts.into_iter().map(|draft| (draft.node, draft.below)).unzip();
        let nodes: &'static [Node] = Box::leak(nodes.into_boxed_slice());
        let connect = |link: &Link, position: usize| {
            // Each link is set once.
            let _ = link.node.set(&nodes[position]);
            if planned[position] {
                let mut inner = position;
                while let (Node::Optional(_), Some(next)) = (&nodes[inner], below[inner].first()) {
                    inner = *next;
                }
                let _ = link.plan.set(&nodes[inner]);
            }
        };
        for (node, below) in nodes.iter().zip(&below) {
            node.links().into_iter().zip(below).for_each(|(link, position)| connect(link, *position));
        }
        let root: &'static Root = Box::leak(Box::default());
        connect(&root.link, position);
        root
    }

    fn spread(&mut self) -> bool {
        let mut changed = false;
        for position in 0..self.drafts.len() {
            let draft = &self.drafts[position];
            if !draft.planned && draft.below.iter().any(|below| self.drafts[*below].planned) {
                self.drafts[position].planned = true;
                changed = true;
            }
        }
        changed
    }

    /// The position of the type's draft.
    fn add(&mut self, shape: ShapeFn) -> usize {
        if let Some(position) = self.known.get(&(shape as usize)) {
            return *position;
        }
        let (addresses, shape) = inside_newtypes(shape);
        let position = self.drafts.len();
        let (node, below, planned) = draft(shape);
        self.drafts.push(Draft { node, below: Vec::new(), planned });
        self.known.extend(addresses.into_iter().map(|address| (address, position)));
        for shape in below {
            let below = self.add(shape);
            self.drafts[position].below.push(below);
        }
        position
    }
}

/// The first shape that is not a newtype, and the addresses on the path to it.
fn inside_newtypes(shape: ShapeFn) -> (Vec<usize>, Shape) {
    let mut addresses = vec![shape as usize];
    let mut shape = shape();
    while let Shape::Newtype { inner, .. } = shape {
        addresses.push(inner as usize);
        shape = inner();
    }
    (addresses, shape)
}

/// Whether a map whose keys have this shape is stored as an object. Otherwise, it is stored as a list of pairs.
pub fn is_object_key(key: ShapeFn) -> bool {
    match inside_newtypes(key).1 {
        Shape::Scalar(scalar) => !scalar.is_float(),
        Shape::Choice { .. } => true,
        _ => false,
    }
}

/// The node of a shape that is not a newtype, the shapes that its links lead to, and whether its stored form differs from
/// serde's.
fn draft(shape: Shape) -> (Node, Vec<ShapeFn>, bool) {
    match shape {
        Shape::Scalar(scalar) => (Node::Scalar(scalar), Vec::new(), false),
        Shape::Choice { aliases, .. } => (Node::Choice(aliases), Vec::new(), false),
        Shape::Newtype { inner, .. } | Shape::Optional(inner) => (Node::Optional(Link::default()), vec![inner], false),
        Shape::List(element) => (Node::List(Link::default()), vec![element], false),
        Shape::Set(element) => (Node::Set(Link::default()), vec![element], false),
        Shape::Map(key, value) => {
            let pairs = !is_object_key(key);
            let node = MapNode { pairs, key: Link::default(), value: Link::default() };
            (Node::Map(node), vec![key, value], pairs)
        }
        Shape::Struct { fields, .. } => {
            let node = |field: &FieldShape| FieldNode {
                serde_name: field.serde_name,
                names: Names { stored: field.step.name, aliases: field.aliases },
                held: Link::default(),
                absent: field.absent,
            };
            let renamed = fields.iter().any(|field| field.serde_name != field.step.name);
            (Node::Struct(fields.iter().map(node).collect()), fields.iter().map(|field| field.shape).collect(), renamed)
        }
        Shape::Enum { variants, .. } => {
            let below = variants.iter().filter_map(|variant| variant.holds).collect();
            let variants = variants.into_iter().map(|variant| VariantNode {
                names: Names { stored: variant.serde_name, aliases: variant.aliases },
                held: variant.holds.map(|_| Link::default()),
            });
            (Node::Enum(variants.collect()), below, false)
        }
    }
}

impl Node {
    pub(super) fn links(&self) -> Vec<&Link> {
        match self {
            Self::Scalar(_) | Self::Choice(_) => Vec::new(),
            Self::Optional(link) | Self::List(link) | Self::Set(link) => vec![link],
            Self::Map(map) => vec![&map.key, &map.value],
            Self::Struct(fields) => fields.iter().map(|field| &field.held).collect(),
            Self::Enum(variants) => variants.iter().filter_map(|variant| variant.held.as_ref()).collect(),
        }
    }

    /// The plan of the elements of a list or a set.
    pub(super) fn element_plan(&self) -> Option<&'static Self> {
        match self {
            Self::List(link) | Self::Set(link) => link.plan(),
            _ => None,
        }
    }

    /// The plan of the variant's content.
    pub(super) fn variant_plan(&self, name: &str) -> Option<&'static Self> {
        let Self::Enum(variants) = self else { return None };
        variants.iter().find(|variant| variant.names.has(name))?.held.as_ref()?.plan()
    }
}
