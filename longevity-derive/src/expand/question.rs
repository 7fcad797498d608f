//! A check in generated code that a struct has a field of some name and type, with an error text of its own if it does not.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Type};

/// The question whether a struct has a field.
pub(crate) struct Question<'a> {
    /// What distinguishes this question from others in the same place.
    pub(crate) label: String,
    /// The field's Rust name.
    pub(crate) field: String,
    pub(crate) ty: &'a Type,
    /// Whether the struct is named where the question is asked. Then nothing is inferred from where the answer is used: a struct
    /// without any derive would otherwise be asked for its fields too, and cause a second error.
    pub(crate) of_named: bool,
    /// The error if there is no such field. `{Self}` is the struct.
    pub(crate) missing: Answer,
    /// The error if the field has another type. `{Self}` is that type, `{__S}` is the struct.
    pub(crate) other_type: Answer,
}

/// An error text for the compiler to print.
pub(crate) struct Answer {
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) note: String,
}

impl Question<'_> {
    /// The function to call: `ask::<Struct, _>()` is the access to the field.
    pub(crate) fn ask(&self) -> Ident {
        quote::format_ident!("ask_for_{}", self.label)
    }

    /// The private traits of the question, and the function. The field's type is inferred, so that the message can name it.
    pub(crate) fn define(&self, krate: &TokenStream) -> TokenStream {
        let [has, is, later] = ["Has", "Is", "Later"].map(|kind| quote::format_ident!("{kind}_{}", self.label));
        let ask = self.ask();
        let (hash, ty) = (crate::names::hash(&self.field), self.ty);
        let Answer { message: missing, label: missing_label, note: missing_note } = &self.missing;
        let Answer { message: other, label: other_label, note: other_note } = &self.other_type;
        let answer = if self.of_named {
            // This type is known only after the field's type is.
            quote!(<__T as #later<#krate::FieldAccess<__S, #ty>>>::Access)
        } else {
            quote!(#krate::FieldAccess<__S, #ty>)
        };
        quote! {
            #[diagnostic::on_unimplemented(message = #missing, label = #missing_label, note = #missing_note)]
            trait #has<__T> {}

            #[diagnostic::do_not_recommend]
            impl<__S: #krate::HasField<#hash, __T>, __T> #has<__T> for __S {}

            #[diagnostic::on_unimplemented(message = #other, label = #other_label, note = #other_note)]
            trait #is<__S> {
                const ACCESS: #krate::FieldAccess<__S, #ty>;
            }

            #[diagnostic::do_not_recommend]
            impl<__S: #krate::HasField<#hash, #ty>> #is<__S> for #ty {
                const ACCESS: #krate::FieldAccess<__S, #ty> = #krate::FieldAccess::<__S, #ty>::of::<#hash>();
            }

            trait #later<__Access> {
                type Access;
            }

            impl<__T, __Access> #later<__Access> for __T {
                type Access = __Access;
            }

            const fn #ask<__S: #has<__T>, __T: #is<__S>>() -> #answer {
                __T::ACCESS
            }
        }
    }
}
