//! MongoDB's own plans: each declared key and index serves what it was declared for, also where others look cheaper.

mod busy;
mod declared;
