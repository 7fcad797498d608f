//! MongoDB's own plans: each declared key and index serves its purpose, even where another index looks cheaper.

mod busy;
mod declared;
