use longevity::prelude::*;
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Ip(IpAddr);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Visit {
    from: IpAddr,
}

fn main() {}
