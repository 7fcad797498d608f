//! Transactions: several writes that happen together or not at all, and several reads of one moment.
//!
//! | | |
//! | --- | --- |
//! | [`transaction`](crate::Longevity::transaction) | does work, all or nothing, and does it again after a conflict with another transaction |
//! | [`begin`](crate::Longevity::begin) | begins a transaction for code that is not a closure; it is not tried again |
//! | [`Transaction::transaction`](crate::Transaction::transaction) | a part of a transaction that may fail alone |
//! | [`snapshot`](crate::Longevity::snapshot) | reads of one moment |
//!
//! The examples are about accounts:
//!
//! ```
#![doc = include_str!("../../doc/accounts.txt")]
//! ```
//!
//! # From one account to another
//!
//! The work receives a [`Transaction`](crate::Transaction), which has the [repositories](crate::Transaction::repo) of all types,
//! with the same methods. They see what the transaction has written. No one else does, until it is committed.
//!
//! ```
#![doc = include_str!("../../doc/open_accounts.txt")]
//! async fn transfer(bank: &Longevity<Bank, Mem>, from: Number, to: Number, amount: i64) -> Result<(), Refused> {
//!     bank.transaction(async |tx| {
//!         let accounts = tx.repo::<Account>();
//!         let (source, target) = (accounts.retrieve_one(&from).await?, accounts.retrieve_one(&to).await?);
//!         if source.balance < amount {
//!             return Err(Refused::TooPoor); // nothing has happened
//!         }
//!         accounts.update(source.modify(|it| it.balance -= amount)).await.map_err(Error::from)?;
//!         accounts.update(target.modify(|it| it.balance += amount)).await.map_err(Error::from)?;
//!         tx.repo::<Transfer>().create(Transfer { from: from.clone(), to: to.clone(), amount }).await?;
//!         Ok(())
//!     })
//!     .await
//! }
//!
//! transfer(&bank, Number(1), Number(2), 30).await?;
//! assert!(matches!(transfer(&bank, Number(1), Number(2), 500).await, Err(Refused::TooPoor)));
//! assert_eq!(accounts.retrieve_one(&Number(1)).await?.balance, 70);
//! assert_eq!(transfers.count(Transfer::query().all()).await?, 1);
#![doc = include_str!("../../doc/close_accounts.txt")]
//! ```
//!
//! A state from a transaction is valid everywhere once the transaction is committed. Until then it is refused outside; if the
//! transaction is undone, it is refused for good. A state from a snapshot is valid everywhere at once.
//!
//! The error is of the work's own type: any type that can be made from [`Error`](crate::Error). An error, a panic and a dropped
//! future roll the transaction back, and leave nothing behind. A write that fails loses the transaction, even if the work
//! continues: no half of it is ever committed.
//!
//! # A counter that many raise
//!
//! After a conflict with another transaction, the work is done again. So it must be able to run twice: it is a closure that
//! cannot change what it captures, and it returns what it finds. [Options](crate::Options::transaction_tries) say how often and
//! for how long it is tried. A stale state from outside is an error of your program, and the work is not tried again: retrieve
//! the state in the transaction.
//!
//! ```
#![doc = include_str!("../../doc/open_accounts.txt")]
//! let raise = async || {
//!     bank.transaction(async |tx| {
//!         let accounts = tx.repo::<Account>();
//!         let first = accounts.retrieve_one(&Number(1)).await?;
//!         accounts.update(first.modify(|it| it.balance += 1)).await.map_err(Error::from)
//!     })
//!     .await
//! };
//! let (one, two) = futures_util::future::join(raise(), raise()).await;
//! (one?, two?);
//! assert_eq!(accounts.retrieve_one(&Number(1)).await?.balance, 102);
#![doc = include_str!("../../doc/close_accounts.txt")]
//! ```
//!
//! # Reads of one moment
//!
//! ```
#![doc = include_str!("../../doc/open_accounts.txt")]
//! let total = bank
//!     .snapshot(async |at| {
//!         let before = at.repo::<Account>().aggregate(Account::query().all(), a.balance.sum()).await?;
//!         accounts.create(Account { number: Number(3), balance: 5 }).await?; // another program, meanwhile
//!         let after = at.repo::<Account>().aggregate(Account::query().all(), a.balance.sum()).await?;
//!         assert_eq!(before, after);
//!         Ok::<_, Error>(after)
//!     })
//!     .await?;
//! assert_eq!(total, 100);
#![doc = include_str!("../../doc/close_accounts.txt")]
//! ```
//!
//! # A part that may fail
//!
//! ```
#![doc = include_str!("../../doc/open_accounts.txt")]
//! bank.transaction(async |tx| {
//!     let bonus = tx.transaction(async |tx| {
//!         tx.repo::<Account>().create(Account { number: Number(3), balance: 10 }).await?;
//!         tx.repo::<Account>().create(Account { number: Number(2), balance: 10 }).await // taken
//!     });
//!     assert!(bonus.await.unwrap_err().is_duplicate_key()); // and both are undone
//!     tx.repo::<Account>().create(Account { number: Number(4), balance: 1 }).await
//! })
//! .await?;
//! assert_eq!(accounts.count(Account::query().all()).await?, 3);
#![doc = include_str!("../../doc/close_accounts.txt")]
//! ```
//!
//! # What concurrent transactions can see
//!
//! Each line with a name is a test of that name.
//!
#![doc = include_str!("isolation.md")]
//!
//! MongoDB does not prevent write skew. To prevent it yourself, also write each row that your decision depends on: then two
//! transactions that depend on the same row conflict. If the decision depends on a query or on a missing row, keep one row for
//! that purpose, such as a counter or a lock, and have every such transaction write it.
//!
//! ```
#![doc = include_str!("../../doc/open_accounts.txt")]
//! bank.transaction(async |tx| {
//!     let accounts = tx.repo::<Account>();
//!     let (first, second) = (accounts.retrieve_one(&Number(1)).await?, accounts.retrieve_one(&Number(2)).await?);
//!     if first.balance + second.balance >= 100 {
//!         accounts.update(second).await.map_err(Error::from)?; // unchanged, so that no other transaction empties it meanwhile
//!         accounts.update(first.modify(|it| it.balance -= 100)).await.map_err(Error::from)?;
//!     }
//!     Ok::<_, Error>(())
//! })
//! .await?;
//! assert_eq!(accounts.retrieve_one(&Number(1)).await?.balance, 0);
#![doc = include_str!("../../doc/close_accounts.txt")]
//! ```
//!
//! # What to do after an error
//!
//! [`Error::kind`](crate::Error::kind) says of each error whether nothing happened, and whether trying again makes sense.
//!
#![doc = include_str!("errors.md")]
//!
//! # What it costs
//!
//! * In memory an open transaction holds no lock, so no one waits for it. It sees all tables as they were when it began, which
//!   takes time for each table and index, not for rows. At its commit it locks the tables that it has used, while it goes through
//!   what others have changed since and makes its own changes. The longer it is open, and the more is written meanwhile, the more
//!   likely it has to be done again. A long transaction among many short writes may never succeed: it gives up at its limits.
//!   Versions of rows that are overwritten or deleted in any table are kept until all transactions and snapshots end that began
//!   before; so memory grows with the writes while one is open.
//! * In memory, reads count as much as writes. A query over a whole table conflicts with each write to that table; a query by a
//!   key or by a filter conflicts only with writes of the rows that the key or the filter is about. After 256 different filters
//!   on a table, or after a write of a row that was gone or stale, the whole table counts as read.
//! * On SQLite an open transaction holds up every other write, and on a database in memory every read. So within a transaction
//!   wait for nothing else, such as a network or a user. A caller that waits for longer than the `busy_timeout` gets
//!   [`Busy`](crate::Error::Busy), which is not tried again. All rows of a query or of a stream in a transaction are held in
//!   memory. A snapshot of a file holds up no one, and keeps the file's log from being reused; its streams hold the ids of all
//!   their rows, and look each row up. A snapshot of a database in memory is a copy of it. If the file is synchronized, others
//!   may see a transaction a moment before it is safe from a loss of power.
//! * On MongoDB a transaction sees the moment of its first operation. A caller that writes what an open transaction has written
//!   is held up: a single operation waits on the server, and another transaction is done again. So within a transaction, write
//!   only through its own repositories. The server ends a transaction after a minute, and forgets a snapshot after five; then
//!   they fail. The rows of a query or of a stream in a transaction are held in memory. A change of many rows takes them out of
//!   the collection and puts them back, unless the type has no key except its primary key. A commit is one more command, which
//!   waits for a majority. The beginning of a snapshot is one more command, too.
//! * A transaction of two reads and two updates on a SQLite file took 1.10 times as long as the same by hand, and 100 creates
//!   in one transaction took 1.03 times as long.
//! * In memory, a transaction of two updates took 9.1 microseconds among 50,000 rows, where handwritten tables under one lock
//!   took 2.7; 100 creates in one transaction took 1.07 times as long as by hand.
