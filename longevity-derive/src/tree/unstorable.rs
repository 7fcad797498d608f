//! Types that can be recognized as not storable from how they are written. The compiler would report them too, but several times
//! and without saying what to use instead.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type, TypePath};

use crate::names::text;

/// The part of the type that cannot be stored, and what to write instead.
pub(crate) fn unstorable(ty: &Type) -> Option<(TokenStream, String)> {
    let instead = match ty {
        Type::Path(path) => return of_path(path),
        Type::Group(group) => return unstorable(&group.elem),
        Type::Paren(paren) => return unstorable(&paren.elem),
        Type::Reference(_) | Type::Ptr(_) => "a stored type owns its data, so use `String`, `Vec` or `Box`",
        Type::Tuple(_) => "the parts of a tuple have no names, so use a struct that derives `Component`",
        Type::Array(_) | Type::Slice(_) => "use `Vec`, or `longevity::Bytes` for bytes",
        Type::FnPtr(_) | Type::TraitObject(_) | Type::ImplTrait(_) | Type::Never(_) => {
            "use a struct or an enum that derives `Component`"
        }
        _ => return None,
    };
    Some((ty.to_token_stream(), format!("`{}` cannot be stored: {instead}", text(ty))))
}

fn of_path(path: &TypePath) -> Option<(TokenStream, String)> {
    let segments = &path.path.segments;
    let last = segments.last()?;
    let name = last.ident.to_string();
    let alone = segments.len() == 1;
    let of_crate = |names: &[&str]| !alone && names.iter().any(|name| segments[0].ident == name);
    let has_arguments = !matches!(last.arguments, PathArguments::None);
    // A name without a path may be the user's own type, so only names that are unlikely for one count.
    let timestamp = match name.as_str() {
        "SystemTime" | "Instant" if segments.iter().any(|segment| segment.ident == "time") => true,
        "SystemTime" | "OffsetDateTime" => alone,
        "DateTime" => has_arguments,
        _ => false,
    } || of_crate(&["chrono", "jiff"])
        || (of_crate(&["time"]) && name.ends_with("DateTime"));
    let instead = match name.as_str() {
        "i128" | "u128" if alone => {
            "no store has 128-bit integers, so store the number as text, or as two numbers in a component"
        }
        _ if timestamp => {
            "its text does not sort in time order, so convert it to `longevity::Timestamp`, whose stored form always does"
        }
        _ => {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            return types.into_iter().find_map(unstorable);
        }
    };
    Some((path.to_token_stream(), format!("`{}` cannot be stored: {instead}", text(path))))
}
