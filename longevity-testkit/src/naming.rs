//! The names of cases: `blogging::blog_post::retrieve by uri on mem`.

use crate::facade::Facade;

/// A Rust type's name in snake case.
pub(crate) fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (position, character) in characters.iter().enumerate() {
        let after_lower = position > 0 && !characters[position - 1].is_uppercase() && characters[position - 1] != '_';
        let before_lower = characters.get(position + 1).is_some_and(|next| next.is_lowercase());
        let inside = position > 0 && characters[position - 1] != '_';
        if character.is_uppercase() && inside && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

/// The name of a case.
pub(crate) fn case_name(model: &str, type_name: &str, operation: &str, backend: &str, facade: Facade) -> String {
    let (model, type_name, backend) = (snake_case(model), snake_case(type_name), snake_case(backend));
    format!("{model}::{type_name}::{operation} on {backend}{}", facade.suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_snake_case() {
        for (name, snake) in [
            ("BlogPost", "blog_post"),
            ("User", "user"),
            ("HTTPLog", "http_log"),
            ("V2Order", "v2_order"),
            ("a_B", "a_b"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
        assert_eq!(
            case_name("Blogging", "BlogPost", "retrieve by uri", "mem", Facade::Blocking),
            "blogging::blog_post::retrieve by uri on mem"
        );
        assert_eq!(
            case_name("Blogging", "User", "create", "sqlite", Facade::Async),
            "blogging::user::create on sqlite, async"
        );
    }
}
