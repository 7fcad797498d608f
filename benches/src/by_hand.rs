//! A store in memory for this one model, written by hand on hash maps and a B-tree index.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Email, User, Username};
use crate::work::username;

/// The tables. The caller locks them.
#[derive(Default)]
pub struct Tables {
    next_id: u64,
    /// The users by id, with the row's version.
    pub rows: HashMap<u64, (u64, User)>,
    by_username: HashMap<Username, u64>,
    by_email: HashMap<Email, u64>,
    /// The index on cats and user names.
    pub by_cats: BTreeMap<(i64, Username, u64), ()>,
}

/// A value with the id and the version, which its writer needs.
#[derive(Clone)]
pub struct State {
    id: u64,
    version: u64,
    /// The value.
    pub user: User,
}

impl Tables {
    /// Stores a user.
    pub fn create(&mut self, user: User) -> Result<State, &'static str> {
        if self.by_username.contains_key(username(&user)) {
            return Err("username taken");
        }
        if let User::Member(member) = &user
            && self.by_email.contains_key(&member.email)
        {
            return Err("email taken");
        }
        self.next_id += 1;
        let id = self.next_id;
        self.by_username.insert(username(&user).clone(), id);
        if let User::Member(member) = &user {
            self.by_email.insert(member.email.clone(), id);
            self.by_cats.insert((member.num_cats, member.username.clone(), id), ());
        }
        self.rows.insert(id, (0, user.clone()));
        Ok(State { id, version: 0, user })
    }

    /// The user of this name.
    pub fn get(&self, username: &Username) -> Option<State> {
        let id = *self.by_username.get(username)?;
        let (version, user) = self.rows.get(&id)?;
        Some(State { id, version: *version, user: user.clone() })
    }

    /// The member with this address.
    pub fn get_by_email(&self, email: &Email) -> Option<State> {
        let id = *self.by_email.get(email)?;
        let (version, user) = self.rows.get(&id)?;
        Some(State { id, version: *version, user: user.clone() })
    }

    /// Updates a member of whom only the number of cats has changed, as in the benchmark.
    pub fn update(&mut self, mut state: State) -> Result<State, &'static str> {
        let (version, user) = self.rows.get_mut(&state.id).ok_or("gone")?;
        if *version != state.version {
            return Err("changed");
        }
        if let (User::Member(old), User::Member(new)) = (&*user, &state.user) {
            self.by_cats.remove(&(old.num_cats, old.username.clone(), state.id));
            self.by_cats.insert((new.num_cats, new.username.clone(), state.id), ());
        }
        *version += 1;
        *user = state.user.clone();
        state.version = *version;
        Ok(state)
    }

    /// Deletes a user if it is unchanged since it was read.
    pub fn delete(&mut self, state: State) -> Result<(), &'static str> {
        match self.rows.get(&state.id) {
            None => return Err("gone"),
            Some((version, _)) if *version != state.version => return Err("changed"),
            Some(_) => {}
        }
        if let Some((_, user)) = self.rows.remove(&state.id) {
            self.by_username.remove(username(&user));
            if let User::Member(member) = user {
                self.by_email.remove(&member.email);
                self.by_cats.remove(&(member.num_cats, member.username, state.id));
            }
        }
        Ok(())
    }
}
