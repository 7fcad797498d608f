use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Component)]
struct Borrowed<'a> {
    name: &'a str,
}

#[derive(Clone, Copy, Component)]
union Both {
    left: u64,
}

#[derive(Clone, Copy, PersistentType)]
union Other {
    left: u64,
}

fn main() {}
