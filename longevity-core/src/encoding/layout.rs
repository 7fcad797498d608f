//! The structure of a stored type, built once per type and never dropped: shapes are made anew at every level of every
//! call, which is too slow for documents.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::shape::{FieldShape, ScalarType, Shape, ShapeFn};
use crate::value::Value;

/// One type in a layout. Newtypes and boxes leave no trace in a document, and have no node.
pub(super) enum Node {
    Scalar(ScalarType),
    /// The choices' aliases, each with the stored name.
    Choice(Vec<(&'static str, &'static str)>),
    Optional(Link),
    List(Link),
    Set(Link),
    Map(MapNode),
    Struct(Vec<FieldNode>),
    Enum(Vec<VariantNode>),
}

/// From a node to one of what it holds. Filled when all nodes are there, as recursive types lead back.
#[derive(Default)]
pub(super) struct Link {
    node: OnceLock<&'static Node>,
    plan: OnceLock<&'static Node>,
}

impl Link {
    /// The node; `None` never happens, but cannot be ruled out by types.
    pub(super) fn node(&self) -> Option<&'static Node> {
        self.node.get().copied()
    }

    /// The node behind all options, if anything at or below it is stored otherwise than serde has it.
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

/// The names under which a field is read.
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

/// What the encoding does to a type beyond serde's form of it, where it does anything. For generated code.
#[derive(Clone, Copy)]
pub struct Plan(pub(super) &'static Node);

/// Holds the plan of one type. For generated code.
pub struct PlanCell(OnceLock<Option<Plan>>);

impl PlanCell {
    /// Without a plan yet.
    #[expect(clippy::new_without_default, reason = "it stands in a static")]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The plan of the type with this shape, which is the same in every call.
    #[inline]
    pub fn get(&self, shape: ShapeFn) -> Option<Plan> {
        *self.0.get_or_init(|| plan(shape))
    }
}

/// The plan of a type: one look-up in a map.
pub fn plan(shape: ShapeFn) -> Option<Plan> {
    root(shape).link.plan().map(Plan)
}

/// What is kept of a type: the way to its node, and what was asked about it once.
#[derive(Default)]
pub(super) struct Root {
    pub(super) link: Link,
    /// Whether a document of it may be deeper than one may be.
    pub(super) may_be_too_deep: OnceLock<bool>,
}

/// What is kept of the type with this shape.
pub(super) fn root(shape: ShapeFn) -> &'static Root {
    static ROOTS: Mutex<Option<HashMap<usize, &'static Root>>> = Mutex::new(None);
    // Whoever panicked while holding the lock left a map with one entry more or less.
    let mut roots = ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    roots.get_or_insert_default().entry(shape as usize).or_insert_with(|| Layout::default().build(shape))
}

/// A layout under construction: nodes by the address of their shape function. One function may have several addresses,
/// and then several nodes; two functions of one address have one code, and so one shape.
#[derive(Default)]
struct Layout {
    drafts: Vec<Draft>,
    known: HashMap<usize, usize>,
}

struct Draft {
    node: Node,
    /// The positions of the links' drafts, in their order.
    below: Vec<usize>,
    /// Whether it has a plan for a reason of its own.
    planned: bool,
}

impl Layout {
    fn build(mut self, shape: ShapeFn) -> &'static Root {
        let position = self.add(shape);
        // What is above something with a plan has one too; recursive types need more than one pass.
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

/// The shape that is no newtype, and the addresses on the way to it.
fn inside_newtypes(shape: ShapeFn) -> (Vec<usize>, Shape) {
    let mut addresses = vec![shape as usize];
    let mut shape = shape();
    while let Shape::Newtype { inner, .. } = shape {
        addresses.push(inner as usize);
        shape = inner();
    }
    (addresses, shape)
}

/// The node of a shape that is no newtype, what its links lead to, and whether it is stored otherwise than serde has it.
fn draft(shape: Shape) -> (Node, Vec<ShapeFn>, bool) {
    match shape {
        Shape::Scalar(scalar) => (Node::Scalar(scalar), Vec::new(), false),
        Shape::Choice { aliases, .. } => (Node::Choice(aliases), Vec::new(), false),
        Shape::Newtype { inner, .. } | Shape::Optional(inner) => (Node::Optional(Link::default()), vec![inner], false),
        Shape::List(element) => (Node::List(Link::default()), vec![element], false),
        Shape::Set(element) => (Node::Set(Link::default()), vec![element], false),
        Shape::Map(key, value) => {
            let pairs = match inside_newtypes(key).1 {
                Shape::Scalar(scalar) => scalar.is_float(),
                Shape::Choice { .. } => false,
                _ => true,
            };
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

    /// The plan of what a list or a set holds.
    pub(super) fn element_plan(&self) -> Option<&'static Self> {
        match self {
            Self::List(link) | Self::Set(link) => link.plan(),
            _ => None,
        }
    }

    /// The plan of what the variant holds.
    pub(super) fn variant_plan(&self, name: &str) -> Option<&'static Self> {
        let Self::Enum(variants) = self else { return None };
        variants.iter().find(|variant| variant.names.has(name))?.held.as_ref()?.plan()
    }
}
