//! Which models the agreement of back ends is tested with: a test of each, whatever the back ends.

/// A test per model of random histories, `$agrees::<Model>()`.
#[macro_export]
macro_rules! histories {
    ($agrees:ident) => {
        $crate::tests_of_models! { $agrees:
            plain_poly_and_derived_types: blogging::Blogging,
            several_keys_that_hold_components: keys::Library,
            inline_variants: poly_inline::Drawing,
            keys_of_poly_and_derived_types: poly_keys::Traffic,
            primary_keys: primary_keys::PrimaryKeys,
            renamed_fields: renames::Renames,
            collections: collections::Collections,
            components: components::Components,
            indexes_of_several_properties: indexes::Indexes,
            aliases: poly::Office,
            variants_and_entries: queries::Storage,
        }
    };
}

/// A test per model of random queries, `$agrees::<Model>()`.
#[macro_export]
macro_rules! queries {
    ($agrees:ident) => {
        $crate::tests_of_models! { $agrees:
            queries_of_plain_poly_and_derived_types: blogging::Blogging,
            queries_of_basic_types: basics::Basics,
            queries_of_collections: collections::Collections,
            queries_of_components: components::Components,
            queries_of_variants_and_entries: queries::Storage,
            queries_of_indexes: indexes::Indexes,
            queries_of_keys: keys::Library,
            queries_of_keys_of_poly_types: poly_keys::Traffic,
            queries_of_keywords: keywords::Keywords,
            queries_of_aliases: poly::Office,
            queries_of_inline_variants: poly_inline::Drawing,
            queries_of_primary_keys: primary_keys::PrimaryKeys,
            queries_of_renamed_fields: renames::Renames,
            queries_of_generic_types: generics::Generics,
            queries_of_types_in_modules: modules::Household,
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_models {
    ($agrees:ident: $($name:ident: $module:ident::$model:ident,)*) => {
        $(
            #[test]
            fn $name() {
                $agrees::<$crate::models::$module::$model>();
            }
        )*
    };
}
