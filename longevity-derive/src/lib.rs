//! The derive macros of longevity.
