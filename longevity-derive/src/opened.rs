//! Input that comes from a user's `macro_rules!`. Fragments such as `$ty:ty` and `$attribute:meta` arrive in groups without
//! delimiters, which the user did not write and the parsers do not expect.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens without such groups, at every depth, so that every parser sees what the user wrote. Only the expressions in
/// `#[projected(..)]` keep theirs, where the groups act as parentheses.
pub(crate) fn opened(tokens: TokenStream) -> TokenStream {
    let mut opened = TokenStream::new();
    let mut after_projected = false;
    for token in tokens {
        let is_projected = matches!(&token, TokenTree::Ident(ident) if *ident == "projected");
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                opened.extend(self::opened(group.stream()));
            }
            // A rebuilt group has a single span, which makes errors at its end less precise. So only groups with fragments are
            // rebuilt.
            TokenTree::Group(group) if !after_projected && has_fragments(group.stream()) => {
                let mut inside = Group::new(group.delimiter(), self::opened(group.stream()));
                inside.set_span(group.span());
                opened.extend([TokenTree::Group(inside)]);
            }
            other => opened.extend([other]),
        }
        after_projected = is_projected;
    }
    opened
}

fn has_fragments(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::None || has_fragments(group.stream()),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
