//! The collector of mistakes. All mistakes of an item are reported together, each at the user's own token.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes of one item, in the order in which they were found. Mistakes that are dropped without [`finish`](Self::finish)
/// would be lost, so that is a panic in debug builds.
#[derive(Default)]
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    finished: bool,
}

impl Errors {
    /// Reports a mistake on these tokens. The message says what to write instead.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.found.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports a mistake at this span.
    pub(crate) fn at(&mut self, span: Span, message: impl Display) {
        self.found.push(syn::Error::new(span, message));
    }

    /// The value of a result; an error is kept.
    pub(crate) fn ok<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.found.push(error)).ok()
    }

    /// Whether there are any mistakes.
    pub(crate) fn any(&self) -> bool {
        !self.found.is_empty()
    }

    /// The tokens that make the compiler print the mistakes.
    pub(crate) fn finish(mut self) -> TokenStream {
        self.finished = true;
        std::mem::take(&mut self.found).into_iter().map(syn::Error::into_compile_error).collect()
    }

    /// Drops the mistakes, if they are reported elsewhere.
    pub(crate) fn discard(mut self) {
        self.finished = true;
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(
            self.finished || std::thread::panicking(),
            "the mistakes of a derive were not reported: call `finish`"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_reported_in_order() {
        let mut errors = Errors::default();
        errors.at(Span::call_site(), "first");
        assert_eq!(errors.ok(syn::parse_str::<syn::Ident>("1")), None);
        assert!(errors.any());
        let tokens = errors.finish().to_string();
        assert_eq!(tokens.matches("compile_error").count(), 2);
        assert!(tokens.find("first") < tokens.find("expected identifier"));
    }

    #[cfg(debug_assertions)]
    #[test]
    #[should_panic(expected = "call `finish`")]
    fn mistakes_that_are_not_reported_are_a_panic() {
        let mut errors = Errors::default();
        errors.at(Span::call_site(), "lost");
    }

    #[test]
    fn mistakes_can_be_discarded() {
        let mut errors = Errors::default();
        errors.at(Span::call_site(), "reported elsewhere");
        errors.discard();
    }
}
