//! The program runs without an asynchronous runtime.

#[test]
fn the_program_runs() {
    longevity::blocking::block_on(new_user::program()).unwrap();
}
