//! The conformance suite of longevity.
