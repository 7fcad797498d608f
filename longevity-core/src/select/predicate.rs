//! The untyped filter that a back end answers.

use crate::row::RowId;
use crate::scope::Scope;
use crate::value::{Comparison, Path, Value};

/// A filter as a back end sees it: over rows with a discriminator and stored fields. It knows nothing of poly types.
///
/// Logic is two-valued: every node is true or false of every row, and [`evaluate`](super::evaluate) says which.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// True of every row.
    True,
    /// True of no row.
    False,
    /// The row is in the scope.
    Scope(Scope),
    /// The value at the path compares to the operand as [`satisfies`](crate::value::satisfies) says.
    Compare {
        /// Where the value is.
        path: Path,
        /// How it is compared.
        comparison: Comparison,
        /// What it is compared with.
        operand: Value,
    },
    /// The value at the path equals one of the operands, or, negated, none of them. An absent value equals an operand that
    /// is absent alike, and differs from all others.
    In {
        /// Where the value is.
        path: Path,
        /// What it is compared with; may be empty.
        operands: Vec<Value>,
        /// Whether it has to differ from all.
        negated: bool,
    },
    /// The text at the path passes the test; false of an absent one.
    Text {
        /// Where the text is.
        path: Path,
        /// What is asked of it.
        test: TextTest,
        /// What it is held against.
        text: Box<str>,
    },
    /// The list or set at the path holds an element that equals this one.
    Contains {
        /// Where the list or set is.
        path: Path,
        /// The element.
        element: Value,
    },
    /// The number of elements or entries of the list, set or map at the path compares to this one. That of an absent one is
    /// absent: it differs from every length, and is neither less nor greater.
    Length {
        /// Where the list, set or map is.
        path: Path,
        /// How the lengths are compared.
        comparison: Comparison,
        /// What its length is compared with.
        length: u64,
    },
    /// The row's id compares to this one; for pages.
    Id {
        /// How they are compared.
        comparison: Comparison,
        /// What it is compared with.
        id: RowId,
    },
    /// All are true; true when empty.
    And(Vec<Predicate>),
    /// Any is true; false when empty.
    Or(Vec<Predicate>),
    /// It is false.
    Not(Box<Predicate>),
}

/// A question about text. Texts are compared byte by byte, so that an accented letter and its parts in two characters
/// differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// It ends with this.
    EndsWith,
    /// It has this somewhere.
    Contains,
    /// It is this, whatever the case of the characters; see [`text`](crate::value::text) for what case means.
    EqIgnoreCase,
}

impl TextTest {
    /// Whether a text passes the test.
    pub fn holds(self, text: &str, operand: &str) -> bool {
        match self {
            Self::EndsWith => text.ends_with(operand),
            Self::Contains => text.contains(operand),
            Self::EqIgnoreCase => crate::value::text::eq_ignore_case(text, operand),
        }
    }
}

impl Predicate {
    /// The path that a question about a value is asked at; `None` if it asks nothing of a value, or several things.
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

    /// The comparison of a property that is within so many of the options around the value at the path: absent where one of
    /// them is `None`.
    pub(crate) fn compare(path: &Path, options: u8, comparison: Comparison, operand: Value) -> Self {
        match (comparison, &operand) {
            // Each of them is absent alike.
            (Comparison::Eq, Value::None(0)) if options > 0 => Self::among(path, options, [operand], false),
            (Comparison::Ne, Value::None(0)) if options > 0 => Self::among(path, options, [operand], true),
            _ => Self::Compare { path: path.clone(), comparison, operand: operand.in_options(options) },
        }
    }

    /// The question whether such a property equals one of the values, or none of them.
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

    /// Both are true. Flattens, so that a chain of `&` is one node and a planner sees all conjuncts at once.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, other) | (other, Self::True) => other,
            (Self::And(these), Self::And(those)) => Self::And(joined(these, those)),
            (Self::And(these), other) => Self::And(joined(these, vec![other])),
            (this, Self::And(those)) => Self::And(joined(vec![this], those)),
            (this, other) => Self::And(joined(vec![this], vec![other])),
        }
    }

    /// Either is true. Flattens like [`and`](Self::and), and makes one question of equalities of one property, which an index
    /// can answer.
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

    /// The property that is asked to be one of some values.
    fn equals_one_of(&self) -> Option<&Path> {
        match self {
            Self::Compare { path, comparison: Comparison::Eq, .. } | Self::In { path, negated: false, .. } => {
                Some(path)
            }
            _ => None,
        }
    }

    /// That property, and the values.
    fn into_operands(self) -> (Path, Vec<Value>) {
        match self {
            Self::Compare { path, operand, .. } => (path, vec![operand]),
            Self::In { path, operands, .. } => (path, operands),
            _ => (Path::root(), Vec::new()),
        }
    }

    /// It is false. Two negations cancel.
    pub fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::True => Self::False,
            Self::False => Self::True,
            other => Self::Not(Box::new(other)),
        }
    }

    /// The predicate as it reads in a query over more variants than it was written for: what it asks of a value is false of
    /// a row that is not in the scope. Each question is scoped by itself, so that a negation around one is true of
    /// such a row.
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
                        // A conjunction needs its scope once.
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

    /// How many levels it has: a question is one, and what is made of others is one more than the deepest of them.
    pub fn levels(&self) -> usize {
        let (mut levels, mut left) = (1, vec![(self, 1)]);
        // Without recursion: it may be of any depth.
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

/// The scope that all rows are in of which a conjunction is true, if one of its parts says so.
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

/// Both lists, for the price of the shorter: a filter may grow at either end. Which of them comes first makes no difference.
fn longer_first<T>(mut these: Vec<T>, mut those: Vec<T>) -> Vec<T> {
    if these.len() < those.len() {
        std::mem::swap(&mut these, &mut those);
    }
    these.append(&mut those);
    these
}

/// The conjuncts of both. A scope that is the first of either is the first of all.
fn joined(these: Vec<Predicate>, those: Vec<Predicate>) -> Vec<Predicate> {
    let is_scope = |part: Option<&Predicate>| matches!(part, Some(Predicate::Scope(_)));
    let (longer, shorter) = if these.len() < those.len() { (&those, &these) } else { (&these, &those) };
    // Then all others move, which happens once to a conjunction.
    let scope = (!is_scope(longer.first()) && is_scope(shorter.first())).then_some(longer.len());
    let mut conjuncts = longer_first(these, those);
    if let Some(scope) = scope {
        conjuncts[..=scope].rotate_right(1);
    }
    conjuncts
}
