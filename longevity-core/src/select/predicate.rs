//! Predicates: the untyped filters that a back end answers.

use crate::row::RowId;
use crate::scope::Scope;
use crate::table::ElementIndex;
use crate::value::{Comparison, Path, Value};

/// A filter as a back end sees it, over rows with a discriminator and stored fields. It knows nothing of poly types.
///
/// Logic is two-valued: every predicate is true or false for every row, and [`evaluate`](super::evaluate) defines which.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// True for every row.
    True,
    /// True for no row.
    False,
    /// The row is in the scope.
    Scope(Scope),
    /// The value at the path compares to the operand as [`satisfies`](crate::value::satisfies) defines.
    Compare {
        /// The path to the value.
        path: Path,
        /// The comparison.
        comparison: Comparison,
        /// The operand.
        operand: Value,
    },
    /// The value at the path equals one of the operands or, if negated, none of them. An absent value equals an operand that is
    /// absent at the same depth, and differs from all others.
    In {
        /// The path to the value.
        path: Path,
        /// The operands; may be empty.
        operands: Vec<Value>,
        /// Whether the value has to differ from all operands.
        negated: bool,
    },
    /// The text at the path passes the test. False for absent text.
    Text {
        /// The path to the text.
        path: Path,
        /// The test.
        test: TextTest,
        /// The operand of the test.
        text: Box<str>,
    },
    /// The list, set or map at the path contains an element that equals this one, or leads to a value that does. The elements of
    /// a map are its values.
    Contains {
        /// The path to the outermost list, set or map.
        path: Path,
        /// For each list, set or map, the path from one of its elements to the next one or to the value. One path of no steps if
        /// the elements themselves are compared; never empty.
        through: Vec<Path>,
        /// The element or value.
        element: Value,
    },
    /// The number of elements or entries of the list, set or map at the path compares to this number. If it is absent, so is
    /// its length, which differs from every number and is neither less nor greater.
    Length {
        /// The path to the list, set or map.
        path: Path,
        /// The comparison.
        comparison: Comparison,
        /// The number to compare with.
        length: u64,
    },
    /// The row's id compares to this id; for pages.
    Id {
        /// The comparison.
        comparison: Comparison,
        /// The id to compare with.
        id: RowId,
    },
    /// All parts are true; true if empty.
    And(Vec<Predicate>),
    /// At least one part is true; false if empty.
    Or(Vec<Predicate>),
    /// The part is false.
    Not(Box<Predicate>),
}

/// A test of text. Text is compared byte by byte: an accented letter as one character differs from the same letter composed of
/// two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// The text ends with the operand.
    EndsWith,
    /// The text contains the operand.
    Contains,
    /// The text equals the operand when case is ignored; see [`text`](crate::value::text) for what case means.
    EqIgnoreCase,
}

impl TextTest {
    /// Whether this text passes the test.
    pub fn holds(self, text: &str, operand: &str) -> bool {
        match self {
            Self::EndsWith => text.ends_with(operand),
            Self::Contains => text.contains(operand),
            Self::EqIgnoreCase => crate::value::text::eq_ignore_case(text, operand),
        }
    }
}

impl Predicate {
    /// True for the rows whose list or set at the path contains this element.
    pub fn contains(path: Path, element: Value) -> Self {
        Self::Contains { path, through: vec![Path::root()], element }
    }

    /// The value that the predicate asks for, if the index has an entry for each such value of a row in its scope.
    pub fn sought_in(&self, index: &ElementIndex) -> Option<&Value> {
        match self {
            Self::Contains { path, through, element } => {
                (index.path == *path && index.through == *through && !element.is_none()).then_some(element)
            }
            _ => None,
        }
    }

    /// The path of a predicate that tests the value at one path; `None` for any other predicate.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Compare { path, .. }
            | Self::In { path, .. }
            | Self::Text { path, .. }
            | Self::Contains { path, .. }
            | Self::Length { path, .. } => Some(path),
            Self::True | Self::False | Self::Scope(_) | Self::Id { .. } | Self::And(_) | Self::Or(_) | Self::Not(_) => {
                None
            }
        }
    }

    /// The comparison of a property that is within this number of the options around the value at the path. It is absent where
    /// one of these options is `None`.
    pub(crate) fn compare(path: &Path, options: u8, comparison: Comparison, operand: Value) -> Self {
        match (comparison, &operand) {
            // The absent values of all depths count as one.
            (Comparison::Eq, Value::None(0)) if options > 0 => Self::among(path, options, [operand], false),
            (Comparison::Ne, Value::None(0)) if options > 0 => Self::among(path, options, [operand], true),
            _ => Self::Compare { path: path.clone(), comparison, operand: operand.in_options(options) },
        }
    }

    /// The predicate that such a property equals one of the values, or none of them.
    pub(crate) fn among(path: &Path, options: u8, values: impl IntoIterator<Item = Value>, negated: bool) -> Self {
        let mut operands = Vec::new();
        for value in values {
            if let Value::None(0) = value {
                operands.extend((0..options).map(Value::None));
            }
            operands.push(value.in_options(options));
        }
        Self::In { path: path.clone(), operands, negated }
    }

    /// True where both are true. Flattens nested conjunctions, so that a chain of `&` is one node and a planner sees all
    /// conjuncts at once.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, other) | (other, Self::True) => other,
            (Self::And(these), Self::And(those)) => Self::And(joined(these, those)),
            (Self::And(these), other) => Self::And(joined(these, vec![other])),
            (this, Self::And(those)) => Self::And(joined(vec![this], those)),
            (this, other) => Self::And(joined(vec![this], vec![other])),
        }
    }

    /// True where at least one is true. Flattens like [`and`](Self::and), and joins equalities of one property into one
    /// predicate that an index can answer.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, other) | (other, Self::False) => other,
            (this, other) if this.equals_one_of().is_some_and(|path| other.equals_one_of() == Some(path)) => {
                let (path, operands) = this.into_operands();
                Self::In { path, operands: longer_first(operands, other.into_operands().1), negated: false }
            }
            (Self::Or(these), Self::Or(those)) => Self::Or(longer_first(these, those)),
            (Self::Or(these), other) => Self::Or(longer_first(these, vec![other])),
            (this, Self::Or(those)) => Self::Or(longer_first(vec![this], those)),
            (this, other) => Self::Or(vec![this, other]),
        }
    }

    /// The property of a predicate that requires it to equal one of some values.
    fn equals_one_of(&self) -> Option<&Path> {
        match self {
            Self::Compare { path, comparison: Comparison::Eq, .. } | Self::In { path, negated: false, .. } => {
                Some(path)
            }
            _ => None,
        }
    }

    /// That property and the values.
    fn into_operands(self) -> (Path, Vec<Value>) {
        match self {
            Self::Compare { path, operand, .. } => (path, vec![operand]),
            Self::In { path, operands, .. } => (path, operands),
            _ => (Path::root(), Vec::new()),
        }
    }

    /// True where the predicate is false. Two negations cancel.
    pub fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::True => Self::False,
            Self::False => Self::True,
            other => Self::Not(Box::new(other)),
        }
    }

    /// The form of the predicate in a query over more variants than it was written for. Each test of a value is false for rows
    /// outside the scope. The tests are scoped one by one, so that the negation of one is true for such rows.
    pub fn scoped_to(self, scope: Scope) -> Self {
        match self {
            Self::True | Self::False | Self::Scope(_) | Self::Id { .. } => self,
            Self::Compare { .. }
            | Self::In { .. }
            | Self::Text { .. }
            | Self::Contains { .. }
            | Self::Length { .. } => Self::Scope(scope).and(self),
            Self::And(parts) => {
                let (mut conjuncts, mut is_scoped) = (Vec::with_capacity(parts.len() + 1), false);
                for part in parts {
                    match part.scoped_to(scope) {
                        // A conjunction needs its scope only once.
                        Self::And(scoped) => {
                            let has_scope = scoped.first() == Some(&Self::Scope(scope));
                            conjuncts.extend(scoped.into_iter().skip(usize::from(has_scope && is_scoped)));
                            is_scoped |= has_scope;
                        }
                        Self::True => {}
                        part => conjuncts.push(part),
                    }
                }
                match conjuncts.len() {
                    0 => Self::True,
                    1 => conjuncts.remove(0),
                    _ => Self::And(conjuncts),
                }
            }
            Self::Or(parts) => Self::Or(parts.into_iter().map(|part| part.scoped_to(scope)).collect()),
            Self::Not(part) => Self::Not(Box::new(part.scoped_to(scope))),
        }
    }

    /// The number of levels: a test has one, and a combination has one more than the deepest of its parts.
    pub fn levels(&self) -> usize {
        let (mut levels, mut left) = (1, vec![(self, 1)]);
        // Without recursion, because the predicate may have any depth.
        while let Some((predicate, level)) = left.pop() {
            levels = levels.max(level);
            match predicate {
                Self::And(parts) | Self::Or(parts) => left.extend(parts.iter().map(|part| (part, level + 1))),
                Self::Not(part) => left.push((part, level + 1)),
                _ => {}
            }
        }
        levels
    }

    /// The conjuncts at the top: the parts of an `And`, or the predicate itself.
    pub fn conjuncts(&self) -> &[Predicate] {
        match self {
            Self::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }
}

/// The scope of all rows for which a conjunction is true, if one of its parts is a scope.
pub fn scope_of(conjuncts: &[Predicate]) -> Option<Scope> {
    conjuncts.iter().find_map(|part| match part {
        Predicate::Scope(scope) => Some(*scope),
        Predicate::True
        | Predicate::False
        | Predicate::Compare { .. }
        | Predicate::In { .. }
        | Predicate::Text { .. }
        | Predicate::Contains { .. }
        | Predicate::Length { .. }
        | Predicate::Id { .. }
        | Predicate::And(_)
        | Predicate::Or(_)
        | Predicate::Not(_) => None,
    })
}

/// Joins two lists at the cost of the shorter one, as a filter may grow at either end. The order makes no difference.
fn longer_first<T>(mut these: Vec<T>, mut those: Vec<T>) -> Vec<T> {
    if these.len() < those.len() {
        std::mem::swap(&mut these, &mut those);
    }
    these.append(&mut those);
    these
}

/// Joins the conjuncts. A scope that is first in one of the lists is first in the result.
fn joined(these: Vec<Predicate>, those: Vec<Predicate>) -> Vec<Predicate> {
    let is_scope = |part: Option<&Predicate>| matches!(part, Some(Predicate::Scope(_)));
    let (longer, shorter) = if these.len() < those.len() { (&those, &these) } else { (&these, &those) };
    // This moves all other parts, but happens only once to a conjunction.
    let scope = (!is_scope(longer.first()) && is_scope(shorter.first())).then_some(longer.len());
    let mut conjuncts = longer_first(these, those);
    if let Some(scope) = scope {
        conjuncts[..=scope].rotate_right(1);
    }
    conjuncts
}
