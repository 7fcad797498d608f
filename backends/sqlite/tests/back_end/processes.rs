//! Several processes on one file.

use std::process::Stdio;

use longevity::blocking::Longevity;
use longevity::{PersistentType, Sqlite};
use longevity_tests::models::keys::{Library, Ticket, TicketId};

use crate::child;
use crate::place::{Place, assert_intact};

/// Each process writes numbers of its own, and a few that both write.
#[test]
fn every_acknowledged_write_of_two_processes_is_stored() {
    let test = "processes::every_acknowledged_write_of_two_processes_is_stored";
    if let Some(path) = child::role() {
        let store = Longevity::<Library, _>::open(Sqlite::file(path)).unwrap();
        // Both processes find no schema.
        store.create_schema().unwrap();
        let tickets = store.repo::<Ticket>();
        let own: u32 = std::env::var("LONGEVITY_TEST_NUMBER").unwrap().parse().unwrap();
        std::thread::scope(|threads| {
            for thread in 0..2 {
                let tickets = &tickets;
                threads.spawn(move || {
                    for at in 0..150 {
                        let id = if at % 10 == 0 { at } else { 10_000 * own + 1000 * thread + at };
                        match tickets.create(Ticket { ticket_id: TicketId { id } }) {
                            Ok(_) => println!("\nwritten {id}"),
                            Err(error) => assert!(error.is_duplicate_key() && id < 1000, "{error:?}"),
                        }
                    }
                });
            }
        });
        return;
    }
    let place = Place::new();
    let children = [1, 2].map(|number| {
        let mut command = child::command(test, place.path());
        command.env("LONGEVITY_TEST_NUMBER", number.to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let mut told: Vec<u32> = Vec::new();
    for child in children {
        let printed = child::passed(child.wait_with_output().unwrap());
        told.extend(printed.lines().filter_map(|line| line.strip_prefix("written ")?.parse::<u32>().ok()));
    }
    let found = place.store::<Library>().repo::<Ticket>().find(Ticket::query()).unwrap();
    let mut found: Vec<_> = found.into_iter().map(|state| state.ticket_id.id).collect();
    found.sort_unstable();
    told.sort_unstable();
    assert_eq!(found, told);
    assert_eq!(found.len(), 2 * 2 * 135 + 15);
    assert_intact(&place.raw());
}
