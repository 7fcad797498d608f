//! A relay between the driver and the server that records the commands.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use mongodb::bson::Document;

/// `OP_MSG`: <https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>
const MESSAGE: i32 = 2013;
/// The length of a message up to its first section: the header, the flags, and the kind of the section.
const HEADER: usize = 16 + 4 + 1;

/// Listens on its own port until the process ends.
pub(crate) struct Relay {
    port: u16,
    seen: Arc<Mutex<Vec<Document>>>,
}

impl Relay {
    /// Relays to the server at this address.
    pub(crate) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::default();
        let commands = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                let (mut back_from, mut back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut back_from, &mut back_to);
                    let _ = back_to.shutdown(Shutdown::Both);
                });
                let commands = Arc::clone(&commands);
                thread::spawn(move || {
                    let _ = forward(client, &server, &commands);
                    let _ = server.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port, seen }
    }

    /// The relay's address.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The commands on a collection since the last call.
    pub(crate) fn take(&self, collection: &str) -> Vec<Document> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        // A command that requests more rows begins with the number of the cursor.
        let is_on = |command: &Document| {
            let on = if command.contains_key("getMore") { command.get("collection") } else { command.values().next() };
            on.and_then(|value| value.as_str()) == Some(collection)
        };
        seen.retain(is_on);
        seen
    }
}

/// Copies message by message until one side closes the connection.
fn forward(mut from: TcpStream, mut to: &TcpStream, seen: &Mutex<Vec<Document>>) -> std::io::Result<()> {
    loop {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let mut message = length.to_vec();
        message.resize(u32::from_le_bytes(length) as usize, 0);
        from.read_exact(&mut message[4..])?;
        if message[12..16] == MESSAGE.to_le_bytes() && message[HEADER - 1] == 0 {
            let command = Document::from_reader(&message[HEADER..]).unwrap();
            seen.lock().unwrap().push(command);
        }
        to.write_all(&message)?;
    }
}
