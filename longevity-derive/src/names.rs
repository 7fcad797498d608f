//! Names: how Rust names become stored names, which names cannot be stored, and what a misspelt name was meant to be.

use std::collections::HashMap;
use std::fmt::Display;

use proc_macro2::Span;
use quote::ToTokens;
use syn::Ident;
use syn::ext::IdentExt;

use crate::errors::Errors;

/// The name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The type as messages show it, without spaces between the tokens.
pub(crate) fn text(ty: &impl ToTokens) -> String {
    let text = ty.to_token_stream().to_string();
    text.replace(" :: ", "::").replace(" < ", "<").replace(" >", ">").replace(" ,", ",")
}

/// `BlogPost` as `blog_post`. A run of capitals is one word: `HTTPRequest` is `http_request`.
pub(crate) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (position, &char) in chars.iter().enumerate() {
        let before = position.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(position + 1);
        let begins_word = before.is_some_and(|before| {
            before != '_' && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
        });
        if char.is_uppercase() && begins_word {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }
    snake
}

/// The name in snake case, raw if it is a keyword.
pub(crate) fn snake_case_ident(ident: &Ident) -> Ident {
    let name = snake_case(&plain(ident));
    if let Ok(mut snake) = syn::parse_str::<Ident>(&name) {
        snake.set_span(ident.span());
        return snake;
    }
    match name.as_str() {
        // These cannot be raw identifiers.
        "self" | "super" | "crate" | "_" => Ident::new(&format!("{name}_"), ident.span()),
        name => Ident::new_raw(name, ident.span()),
    }
}

/// The hash by which a path finds a field. It has to be the same as `longevity_core::hash_name`.
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The stored names of one type's fields, which have to differ.
pub(crate) struct Distinct {
    known: HashMap<u64, String>,
}

impl Distinct {
    pub(crate) fn new() -> Self {
        Self { known: HashMap::new() }
    }

    /// Adds the stored name of a field, and reports a name that cannot be used.
    pub(crate) fn field(&mut self, name: &str, span: Span, attribute: &str, errors: &mut Errors) {
        let instead = format!("choose another with `#[{attribute}(name = \"..\")]`");
        if let Some(problem) = reserved(name, &['$', '_']) {
            errors.at(span, format_args!("the stored name `{}` {problem}: {instead}", name.escape_debug()));
        }
        match self.known.insert(hash(name), name.to_owned()) {
            Some(other) if other == name => {
                errors.at(span, format_args!("another field is stored as `{name}` too: {instead}"));
            }
            Some(other) => errors.at(
                span,
                format_args!(
                    "the stored names `{other}` and `{name}` have the same hash, by which paths find fields: {instead}"
                ),
            ),
            None => {}
        }
    }
}

/// Why the name cannot be stored.
pub(crate) fn reserved(name: &str, first: &[char]) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.contains('\0') {
        Some("contains a NUL, which stores take for the end of a name")
    } else if name.contains('.') {
        Some("contains a dot, which separates the names in a path")
    } else if first.contains(&'$') && name.starts_with('$') {
        Some("starts with `$`, which stores use for operators")
    } else if first.contains(&'_') && name.starts_with('_') {
        Some("starts with `_`, which is reserved for the fields that stores add")
    } else {
        None
    }
}

/// The names as they are listed in a sentence: `` `a`, `b` and `c` ``.
pub(crate) fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// `; did you mean ...?` if one of the names is close.
pub(crate) fn did_you_mean<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let closest = names.into_iter().map(|candidate| (distance(name, candidate), candidate)).min();
    match closest {
        Some((distance, candidate)) if distance <= 1 + name.chars().count() / 4 => {
            format!("; did you mean `{candidate}`?")
        }
        _ => String::new(),
    }
}

/// The number of characters that have to be inserted, removed or replaced (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_in_snake_case() {
        let cases = [("User", "user"), ("BlogPost", "blog_post"), ("HTTPRequest", "http_request"), ("A1B", "a1_b")];
        for (name, snake) in cases {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // A test vector of the draft that defines it.
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_slip_of_the_finger_is_recognized() {
        assert_eq!(did_you_mean("usrname", ["email", "username"]), "; did you mean `username`?");
        assert_eq!(did_you_mean("tagline", ["email", "username"]), "");
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed(["a"]), "`a`");
    }
}
