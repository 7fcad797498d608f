//! Versions of a model on one table, on each back end.
#![allow(clippy::unwrap_used, reason = "tests and their helper functions may panic")]

use longevity::{Mem, Sqlite};
use longevity_tests::evolution as versions;
use longevity_tests::mongo::{Scratch, left_out};

mod in_memory {
    use super::*;

    #[test]
    fn a_key_that_is_no_longer_declared_holds_until_it_is_dropped() {
        versions::a_key_that_is_no_longer_declared_holds_until_it_is_dropped(Mem::new());
    }

    #[test]
    fn a_key_that_became_an_index_holds_until_it_is_dropped() {
        versions::a_key_that_became_an_index_holds_until_it_is_dropped(Mem::new());
    }

    #[test]
    fn a_key_whose_property_is_gone_holds_until_it_is_dropped() {
        versions::a_key_whose_property_is_gone_holds_until_it_is_dropped(Mem::new());
    }

    #[test]
    fn a_schema_that_is_refused_for_one_table_is_created_for_none() {
        versions::a_schema_that_is_refused_for_one_table_is_created_for_none(Mem::new());
    }

    #[test]
    fn a_property_that_changed_its_type_is_refused_by_name() {
        versions::a_property_that_changed_its_type_is_refused_by_name(Mem::new);
        versions::a_float_that_became_an_integer_is_refused_by_name(Mem::new());
    }

    #[test]
    fn a_required_property_that_existing_rows_lack_is_refused_by_name() {
        versions::a_required_property_that_existing_rows_lack_is_refused_by_name(Mem::new(), false);
    }
}

mod on_sqlite {
    use super::*;

    #[test]
    fn a_key_that_is_no_longer_declared_holds_until_it_is_dropped() {
        versions::a_key_that_is_no_longer_declared_holds_until_it_is_dropped(Sqlite::in_memory());
    }

    #[test]
    fn a_key_that_became_an_index_holds_until_it_is_dropped() {
        versions::a_key_that_became_an_index_holds_until_it_is_dropped(Sqlite::in_memory());
    }

    #[test]
    fn a_key_whose_property_is_gone_holds_until_it_is_dropped() {
        versions::a_key_whose_property_is_gone_holds_until_it_is_dropped(Sqlite::in_memory());
    }

    #[test]
    fn a_schema_that_is_refused_for_one_table_is_created_for_none() {
        versions::a_schema_that_is_refused_for_one_table_is_created_for_none(Sqlite::in_memory());
    }

    #[test]
    fn a_property_that_changed_its_type_is_refused_by_name() {
        versions::a_property_that_changed_its_type_is_refused_by_name(Sqlite::in_memory);
        versions::a_float_that_became_an_integer_is_refused_by_name(Sqlite::in_memory());
    }

    #[test]
    fn a_required_property_that_existing_rows_lack_is_refused_by_name() {
        versions::a_required_property_that_existing_rows_lack_is_refused_by_name(Sqlite::in_memory(), true);
    }
}

mod on_mongodb {
    use super::*;

    /// A database that is dropped after the test, unless MongoDB is left out.
    fn scratch() -> Option<Scratch> {
        if left_out("versions of a model on MongoDB").is_some() { None } else { Some(Scratch::new().unwrap()) }
    }

    #[test]
    fn a_key_that_is_no_longer_declared_holds_until_it_is_dropped() {
        let Some(scratch) = scratch() else { return };
        versions::a_key_that_is_no_longer_declared_holds_until_it_is_dropped(scratch.mongo());
    }

    #[test]
    fn a_key_that_became_an_index_holds_until_it_is_dropped() {
        let Some(scratch) = scratch() else { return };
        versions::a_key_that_became_an_index_holds_until_it_is_dropped(scratch.mongo());
    }

    #[test]
    fn a_key_whose_property_is_gone_holds_until_it_is_dropped() {
        let Some(scratch) = scratch() else { return };
        versions::a_key_whose_property_is_gone_holds_until_it_is_dropped(scratch.mongo());
    }

    #[test]
    fn a_property_that_changed_its_type_is_refused_by_name() {
        let Some(scratch) = scratch() else { return };
        let databases = std::cell::Cell::new(0);
        versions::a_property_that_changed_its_type_is_refused_by_name(|| {
            databases.set(databases.get() + 1);
            scratch.mongo().database(format!("{}_{}", scratch.name(), databases.get()))
        });
        let Some(scratch) = self::scratch() else { return };
        versions::a_float_that_became_an_integer_is_refused_by_name(scratch.mongo());
    }

    #[test]
    fn a_required_property_that_existing_rows_lack_is_refused_by_name() {
        let Some(scratch) = scratch() else { return };
        versions::a_required_property_that_existing_rows_lack_is_refused_by_name(scratch.mongo(), true);
    }
}
