//! A store that requires indexes refuses queries that no index serves. It needs a back end that explains its plans.

use longevity::prelude::*;
use longevity::testkit::decorate::{Decorated, WithoutCapabilities};

use super::model::{Site, User, name, site};

#[test]
fn queries_that_no_index_serves_are_refused_and_the_rest_are_answered() {
    let (mem, _) = site();
    let store =
        longevity::blocking::Longevity::<Site, _>::open_with(mem, Options::default().require_indexes(true)).unwrap();
    let users = store.repo::<User>();
    let u = User::props();
    let served = || User::query().filter(u.username.eq(name("ann")));
    let not_served = || User::query().filter(u.visits.gt(0));
    assert_eq!(users.find(served()).unwrap().len(), 1);
    assert_eq!(users.count(served()).unwrap(), 1);
    assert!(users.exists(served()).unwrap());
    assert_eq!(users.stream(served()).count(), 1);
    assert_eq!(users.find(User::query().all()).unwrap().len(), 3);
    let refused = [
        users.find(not_served()).unwrap_err(),
        users.count(not_served()).unwrap_err(),
        users.exists(not_served()).unwrap_err(),
        users.page(not_served().limit(1), None).unwrap_err(),
        users.project(not_served(), &u.visits).unwrap_err(),
        users.delete_where(not_served()).unwrap_err(),
        users.stream(not_served()).next().unwrap().unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, Error::NotIndexed { .. }), "{error}");
    }
    assert_eq!(users.count(User::query().all()).unwrap(), 3);
}

#[test]
fn a_back_end_that_does_not_explain_cannot_require_indexes() {
    let (mem, _) = site();
    let decorated = Decorated::new(mem, WithoutCapabilities);
    let store =
        longevity::blocking::Longevity::<Site, _>::open_with(decorated, Options::default().require_indexes(true))
            .unwrap();
    let served = User::query().filter(User::props().username.eq(name("ann")));
    let error = store.repo::<User>().find(served).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains("required indexes"), "{error}");
}
