//! Runs a MongoDB to try things on until Enter is pressed: `cargo run -p longevity-mongod --example mongod`. With a number as its
//! argument, it runs a replica set of that many members.

use std::env;
use std::time::Instant;

use longevity_mongod::{ReplicaSet, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let (server, set);
    let uri = match env::args().nth(1) {
        None => {
            server = Server::start()?;
            server.uri().to_owned()
        }
        Some(members) => {
            set = ReplicaSet::builder().members(members.parse()?).start()?;
            set.uri()
        }
    };
    println!("{uri} after {} ms; press Enter to stop it", start.elapsed().as_millis());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
