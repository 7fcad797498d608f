//! The one-line macros. They name this crate by `$crate`, so that a user depends on the `longevity` crate alone.

/// The strategy of a field of this type; for generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! field {
    ($generators:expr, $type:ty) => {{
        #[allow(unused_imports, reason = "which of the two traits applies depends on the type")]
        use $crate::strategies::{FromOverride as _, FromType as _};
        #[allow(clippy::needless_borrow, reason = "the borrow decides which trait comes first")]
        let __strategy: $crate::BoxedStrategy<$type> =
            (&$crate::strategies::Field::<$type>::new()).strategy_of_field($generators);
        __strategy
    }};
}

/// Shows a type of a domain model, or a derived type of a poly type, to a visitor. Panics if the suite cannot run over it. For
/// generated code: a type without a strategy must not break the build of users who do not test.
#[doc(hidden)]
#[macro_export]
macro_rules! shown {
    (root $root:ty, $visitor:expr) => {{
        #[allow(unused_imports, reason = "which of the two traits applies depends on the type")]
        use $crate::strategies::{RootOfSuite as _, WithoutSuite as _};
        #[allow(clippy::needless_borrow, reason = "the borrow decides which trait comes first")]
        (&$crate::strategies::Field::<$root>::new()).show_root($visitor);
    }};
    (derived $poly:ty, $derived:ty, $visitor:expr) => {{
        #[allow(unused_imports, reason = "which of the two traits applies depends on the type")]
        use $crate::strategies::{DerivedOfSuite as _, WithoutSuite as _};
        #[allow(clippy::needless_borrow, reason = "the borrow decides which trait comes first")]
        (&$crate::strategies::Field::<($poly, $derived)>::new()).show_derived($visitor);
    }};
}

/// Shows a key value to a visitor, if it can be read alone; for generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! shown_key_val {
    ($key_val:ty, $visitor:expr) => {{
        #[allow(unused_imports, reason = "which of the two traits applies depends on the type")]
        use $crate::key_vals::{ReadableKeyVal as _, UnreadableKeyVal as _};
        #[allow(clippy::needless_borrow, reason = "the borrow decides which trait comes first")]
        (&$crate::strategies::Field::<$key_val>::new()).show_key_val($visitor);
    }};
}

/// One `#[test]` that runs all cases of [`RepoCrudSpec`](crate::RepoCrudSpec). It fails with the names and messages of the cases
/// that failed.
///
/// The back end is an expression that is evaluated again for each case, so that each has a store of its own. A third argument
/// configures the suite. A name in front of the model names the test, so that a module can hold several.
///
/// ```text
/// longevity::repo_crud_spec!(Blogging, Mem::new());
/// longevity::repo_crud_spec!(shop_on_mem: Shop, Mem::new(), |spec| spec.strategy::<Email>(|| emails()));
/// ```
#[macro_export]
macro_rules! repo_crud_spec {
    ($test:ident : $model:ty, $backend:expr $(,)?) => {
        $crate::repo_crud_spec!($test: $model, $backend, |spec| spec);
    };
    ($test:ident : $model:ty, $backend:expr, $configure:expr $(,)?) => {
        #[test]
        fn $test() {
            $crate::configured::<$model>($configure).run(|| $backend).assert_passed();
        }
    };
    ($model:ty, $backend:expr $(, $configure:expr)? $(,)?) => {
        $crate::repo_crud_spec!(repo_crud_spec: $model, $backend $(, $configure)?);
    };
}

/// The `main` of a test target with `harness = false`. It has one named test for each type, operation and key of each model.
///
/// It takes the arguments that `cargo test` passes on: filters, `--exact`, `--list`, `--test-threads`.
///
/// ```text
/// longevity::repo_crud_spec_main!(Blogging, Mem::new(); Shop, Mem::new(), |spec| spec.samples(20));
/// ```
///
/// With `facades` in front, all models use [`RepoCrudSpec::facades`](crate::RepoCrudSpec::facades):
///
/// ```text
/// longevity::repo_crud_spec_main!(facades: Facade::BOTH; Blogging, Mem::new(); Shop, Mem::new());
/// ```
#[macro_export]
macro_rules! repo_crud_spec_main {
    (facades: $facades:expr; $($model:ty, $backend:expr $(, $configure:expr)?);+ $(;)?) => {
        fn main() -> ::std::process::ExitCode {
            let mut harness = $crate::Harness::new();
            $(
                let spec = $crate::__configured_spec!($model $(, $configure)?).facades($facades);
                harness.add(spec.cases(|| $backend));
            )+
            harness.run()
        }
    };
    ($($model:ty, $backend:expr $(, $configure:expr)?);+ $(;)?) => {
        fn main() -> ::std::process::ExitCode {
            let mut harness = $crate::Harness::new();
            $(harness.add($crate::__configured_spec!($model $(, $configure)?).cases(|| $backend));)+
            harness.run()
        }
    };
}

/// One `#[test]` that runs all cases of [`QuerySpec`](crate::QuerySpec): random queries over each type of the model, and the
/// queries that a closure adds. It fails with the results that differ from the meaning of the queries.
///
/// The arguments are those of [`repo_crud_spec!`](crate::repo_crud_spec).
///
/// ```text
/// longevity::query_spec!(Blogging, Mem::new());
/// longevity::query_spec!(blogging_in_a_file: Blogging, in_a_file(), |spec| {
///     spec.query::<Member>("many cats", |rows| {
///         let m = Member::props();
///         Member::query().filter(m.num_cats.gt(rows.median(|member| member.num_cats)))
///     })
/// });
/// ```
#[macro_export]
macro_rules! query_spec {
    ($test:ident : $model:ty, $backend:expr $(,)?) => {
        $crate::query_spec!($test: $model, $backend, |spec| spec);
    };
    ($test:ident : $model:ty, $backend:expr, $configure:expr $(,)?) => {
        #[test]
        fn $test() {
            $crate::configured_queries::<$model>($configure).run(|| $backend).assert_passed();
        }
    };
    ($model:ty, $backend:expr $(, $configure:expr)? $(,)?) => {
        $crate::query_spec!(query_spec: $model, $backend $(, $configure)?);
    };
}

/// One `#[test]` that kills the writers of a model again and again; see [`CrashSpec`](crate::crash::CrashSpec).
///
/// The arguments are the test's name, with attributes in front if it has any; the model; a closure that opens the back end at a
/// place; a function that returns a new place; and, optionally, a closure that configures the spec:
///
/// ```text
/// longevity::crash_spec!(survives_kills: Blogging, |place| Sqlite::file(place), new_place, |spec| spec.threads(8));
/// ```
#[macro_export]
macro_rules! crash_spec {
    ($(#[$attribute:meta])* $test:ident : $model:ty, $open:expr, $place:expr $(,)?) => {
        $crate::crash_spec!($(#[$attribute])* $test: $model, $open, $place, |spec| spec);
    };
    ($(#[$attribute:meta])* $test:ident : $model:ty, $open:expr, $place:expr, $configure:expr $(,)?) => {
        #[test]
        $(#[$attribute])*
        fn $test() {
            let spec = $crate::crash::CrashSpec::<$model, _>::new($open);
            let spec = $crate::crash::configured(spec, $configure);
            spec.in_test(::std::module_path!(), ::std::stringify!($test)).run($place).assert_survived();
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __configured_spec {
    ($model:ty) => {
        $crate::RepoCrudSpec::<$model>::new()
    };
    ($model:ty, $configure:expr) => {
        $crate::configured::<$model>($configure)
    };
}
