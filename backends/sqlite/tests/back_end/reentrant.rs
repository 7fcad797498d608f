//! The receiver of rows may call the store that it gets them from.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use longevity::backend::{Backend, Session};
use longevity::backend::{Predicate, Select};
use longevity::blocking::Longevity;
use longevity::{RootType, Sqlite};
use longevity_tests::models::keys::{Library, Ticket, TicketId};

use crate::place::Place;

#[test]
fn a_receiver_of_rows_calls_the_store() {
    let place = Place::new();
    for sqlite in [Sqlite::in_memory(), place.sqlite()] {
        let store = Longevity::<Library, _>::open(sqlite.clone()).unwrap();
        store.create_schema().unwrap();
        store.repo().create_many((0..3).map(|id| Ticket { ticket_id: TicketId { id } })).unwrap();
        let (sender, counts) = mpsc::channel();
        // It runs in a thread, because a deadlock would never end.
        std::thread::spawn(move || {
            let definition = Arc::new(Ticket::definition().table().unwrap());
            let table = sqlite.block_on(sqlite.open(&[definition])).unwrap().remove(0);
            let mut give = |_: &longevity::backend::Row<_>| {
                sender.send(sqlite.block_on(sqlite.count(&table, Predicate::True))?).unwrap();
                Ok(())
            };
            let select = Select::of(Predicate::True);
            sqlite.block_on(sqlite.find_each(&table, select, &mut give)).unwrap();
        });
        for _ in 0..3 {
            assert_eq!(counts.recv_timeout(Duration::from_secs(20)), Ok(3));
        }
    }
}
