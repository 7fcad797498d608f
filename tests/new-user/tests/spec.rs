//! The conformance suite on the user's own model, in one line.

longevity::repo_crud_spec!(new_user::Blogging, longevity::Mem::new());
