//! The conformance suites over the model of these tests.

use longevity::prelude::*;

use super::model::Site;

longevity::repo_crud_spec!(every_operation: Site, Mem::new());
longevity::query_spec!(every_query: Site, Mem::new());
