//! The parts that all benchmarks share: the choice of rows, and a digest of what was read.

use std::hash::{Hash, Hasher};

use crate::model::{Email, User, Username};

/// The scattered numbers of `count` rows out of `rows`.
pub fn picks(count: u64, rows: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |pick| pick.wrapping_mul(7_919) % rows)
}

/// The poly type's key.
pub fn username(user: &User) -> &Username {
    match user {
        User::Member(member) => &member.username,
        User::Commenter(commenter) => &commenter.username,
    }
}

/// A member's key.
pub fn email(user: &User) -> Option<&Email> {
    match user {
        User::Member(member) => Some(&member.email),
        User::Commenter(_) => None,
    }
}

/// Adds a user that was read to the digest.
pub fn digest(hasher: &mut impl Hasher, user: &User) {
    username(user).hash(hasher);
    if let User::Member(member) = user {
        member.email.hash(hasher);
        member.profile.tagline.hash(hasher);
        member.profile.tags.hash(hasher);
        member.num_cats.hash(hasher);
    }
}
