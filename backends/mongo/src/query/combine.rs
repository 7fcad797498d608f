//! Filters made of filters.

use mongodb::bson::{Document, doc};

use crate::encode::own_fields::ID;

/// A filter that matches no row.
pub(crate) fn nothing() -> Document {
    doc! { ID: { "$in": [] } }
}

/// Whether the filter is [`nothing`].
pub(crate) fn is_nothing(filter: &Document) -> bool {
    // This is called for each part of each filter, so it does not create a filter to compare with.
    let is_empty = |condition: &Document| condition.len() == 1 && condition.get_array("$in").is_ok_and(Vec::is_empty);
    filter.len() == 1 && filter.get_document(ID).is_ok_and(is_empty)
}

/// A filter that matches the other rows.
pub(crate) fn negated(filter: Document) -> Document {
    if is_nothing(&filter) {
        Document::new()
    } else if filter.is_empty() {
        nothing()
    } else {
        doc! { "$nor": [filter] }
    }
}

/// The disjunction.
pub(crate) fn any_of(mut filters: Vec<Document>) -> Document {
    filters.retain(|filter| !is_nothing(filter));
    match filters.len() {
        0 => nothing(),
        1 => filters.remove(0),
        _ => doc! { "$or": filters },
    }
}

/// The conjunction.
pub(crate) fn all_of(filters: impl IntoIterator<Item = Document>) -> Document {
    filters.into_iter().fold(Conjunction::default(), Conjunction::and).into_filter()
}

/// A growing conjunction. Conditions on different fields go into one document.
#[derive(Default)]
pub(crate) struct Conjunction {
    filter: Document,
    others: Vec<Document>,
}

impl Conjunction {
    pub(crate) fn and(mut self, filter: Document) -> Self {
        if self.filter.is_empty() {
            self.filter = filter;
        } else if !filter.keys().any(|key| self.filter.contains_key(key)) {
            self.filter.extend(filter);
        } else {
            self.others.push(filter);
        }
        self
    }

    pub(crate) fn into_filter(self) -> Document {
        if self.others.is_empty() {
            return self.filter;
        }
        doc! { "$and": std::iter::once(self.filter).chain(self.others).collect::<Vec<_>>() }
    }
}
