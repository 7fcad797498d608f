//! Merges two groups and their relationships into one group, in a transaction.

use longevity::backend::Backend;
use longevity::blocking::{Longevity, Transaction};
use longevity::prelude::*;

use crate::model::*;
use crate::tour::{Outcome, grouped, heading};

/// The values that a merge changed, as they were before.
struct Merged {
    group: Group,
    into: Group,
    moved: Vec<Relationship>,
    /// Relationships that the other group has too.
    dropped: Vec<Relationship>,
}

/// Why a merge fails.
enum Refused {
    ByHand(Box<Merged>),
    Store(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Tries a merge, does it, and reverts it.
pub fn two_become_one<B: Backend>(store: &Longevity<Attack, B>) -> Outcome {
    heading("Two groups become one, or nothing happens", "store.transaction(|tx| ..)");
    let (id, into) = (GroupId("G0034".into()), GroupId("G0007".into()));
    let groups = store.repo::<Group>();
    let (Some(_), Some(_)) = (groups.retrieve(&id)?, groups.retrieve(&into)?) else {
        println!("  this file has no groups G0034 and G0007");
        return Ok(());
    };
    let show = |what: &str, (moved, dropped): (usize, usize)| -> Outcome {
        let all = groups.count(Group::query().all())?;
        let relationships = store.repo::<Relationship>().count(Relationship::query().all())?;
        let left = format!("{all} groups, {} relationships", grouped(relationships));
        println!("  {what:<9} {moved} relationships moved, {dropped} dropped; {left}");
        Ok(())
    };
    // Everything is done and then refused, so the transaction is rolled back.
    match store.transaction(|tx| Err::<(), _>(Refused::ByHand(Box::new(merge(&tx, &id, &into)?)))) {
        Ok(()) => {}
        Err(Refused::ByHand(merged)) => show("refused:", merged.figures())?,
        Err(Refused::Store(error)) => return Err(error),
    }
    let merged = store.transaction(|tx| merge(&tx, &id, &into))?;
    show("merged:", merged.figures())?;
    store.transaction(|tx| take_back(&tx, &merged))?;
    show("and back:", merged.figures())
}

impl Merged {
    fn figures(&self) -> (usize, usize) {
        (self.moved.len(), self.dropped.len())
    }
}

fn merge<B: Backend>(tx: &Transaction<Attack, B>, id: &GroupId, into: &GroupId) -> Outcome<Merged> {
    let (groups, relationships) = (tx.repo::<Group>(), tx.repo::<Relationship>());
    let (group, target) = (groups.retrieve_one(id)?, groups.retrieve_one(into)?);
    let (mut moved, mut dropped) = (Vec::new(), Vec::new());
    let r = Relationship::props();
    let of_group = r.source_ref.eq(&group.id) | r.target_ref.eq(&group.id);
    for relationship in relationships.find(Relationship::query().filter(of_group))? {
        let end = |end: &StixId| if *end == group.id { target.id.clone() } else { end.clone() };
        let (source, other) = (end(&relationship.source_ref), end(&relationship.target_ref));
        let same =
            r.source_ref.eq(&source) & r.target_ref.eq(&other) & r.relationship_type.eq(relationship.relationship_type);
        if relationships.exists(Relationship::query().filter(same))? {
            dropped.push(relationships.delete(relationship)?);
            continue;
        }
        moved.push(relationship.get().clone());
        relationships.update(relationship.modify(|it| (it.source_ref, it.target_ref) = (source, other)))?;
    }
    let into = target.get().clone();
    groups.update(target.modify(|target| target.aliases.extend(group.aliases.iter().cloned())))?;
    Ok(Merged { group: groups.delete(group)?, into, moved, dropped })
}

fn take_back<B: Backend>(tx: &Transaction<Attack, B>, merged: &Merged) -> Outcome {
    let (groups, relationships) = (tx.repo::<Group>(), tx.repo::<Relationship>());
    groups.create(merged.group.clone())?;
    groups.update(groups.retrieve_one(&merged.into.external_id)?.set(merged.into.clone()))?;
    for relationship in &merged.moved {
        relationships.update(relationships.retrieve_one(&relationship.id)?.set(relationship.clone()))?;
    }
    relationships.create_many(merged.dropped.iter().cloned())?;
    Ok(())
}
