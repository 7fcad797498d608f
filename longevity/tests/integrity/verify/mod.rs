//! The check of whole stores, and their mending. Each kind of damage is made by hand on each back end that can have it.

mod by_hand;
mod model;

use std::collections::BTreeMap;

use longevity::backend::Backend;
use longevity::prelude::*;
use longevity::verify::{Damage, DamageKind, Fixed, Fixing, Mend, PlanStep, Progress, Verified};

use model::{
    Cat, Dog, Forum, Owner, Pet, Pets, Post, Sighting, Tag, Thread, Topic, TopicId, Vote, cat, loose, name, older,
    owner,
};

on_stores_again! {
    [mem sqlite mongo]
    a_sound_store_has_no_damage,
    references_of_deleted_targets_are_mended,
    undeclared_references_are_found,
    undeclared_references_are_found_where_no_path_leads,
    rows_of_unknown_types_are_found,
    a_row_that_cannot_be_mended_does_not_keep_others,
    mending_can_be_begun_again,
}

async fn open<M: DomainModel, B: Backend>(backend: B) -> Longevity<M, B> {
    let store = Longevity::<M, _>::open(backend).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

/// Two owners, a cat of each, and a dog.
async fn stocked<B: Backend>(backend: B) -> Longevity<Pets, B> {
    let store = open::<Pets, _>(backend).await;
    store.repo::<Owner>().create_many(["ann", "bob"].map(owner)).await.unwrap();
    let friends = ["ann", "bob"].map(name).into();
    let first = Cat { friends, vet: Some(name("bob")), rival: Some(Tag(2)), ..cat(1, "ann") };
    let seen = vec![Sighting::Nobody, Sighting::Person { who: name("ann") }];
    let second = Cat { seen, ..cat(2, "ann") };
    store.repo::<Cat>().create_many([first, second]).await.unwrap();
    store.repo::<Dog>().create(Dog { tag: Tag(3), barks: 7 }).await.unwrap();
    store
}

/// The damages, without the progress.
async fn damages<M: DomainModel, B: Backend>(store: &Longevity<M, B>) -> Vec<Damage> {
    let mut damages = Vec::new();
    let mut verification = store.verify();
    while let Some(found) = verification.next().await {
        if let Verified::Damage(damage) = found.unwrap() {
            damages.push(damage);
        }
    }
    damages
}

/// Mends everything in this way, and returns what was mended.
async fn fix<M: DomainModel, B: Backend>(store: &Longevity<M, B>, mend: Mend) -> Vec<Fixed> {
    let mut plan = store.verify().plan().await.unwrap();
    plan.steps_mut().for_each(|step| step.choose(mend).unwrap());
    all(store.fix(plan)).await
}

/// What is reported, without the progress.
async fn all(mut fixing: Fixing) -> Vec<Fixed> {
    let mut all = Vec::new();
    while let Some(fixed) = fixing.next().await {
        match fixed.unwrap() {
            Fixed::Progress(_) => {}
            fixed => all.push(fixed),
        }
    }
    all
}

fn mended(fixed: &[Fixed]) -> usize {
    fixed.iter().filter(|fixed| matches!(fixed, Fixed::Mended(..))).count()
}

async fn delete_owner<B: Backend>(backend: B, owner: &str) {
    let owners = open::<loose::Pets, _>(backend).await.repo::<Owner>();
    owners.delete(owners.retrieve_one(&name(owner)).await.unwrap()).await.unwrap();
}

async fn a_sound_store_has_no_damage<B: Backend>(again: impl Fn() -> B) {
    let store = stocked(again()).await;
    let (mut rows, mut done) = (BTreeMap::new(), 0);
    let mut verification = store.verify();
    while let Some(found) = verification.next().await {
        let Verified::Progress(Progress { type_name, rows: count, done: is_done, .. }) = found.unwrap() else {
            panic!("there is no damage")
        };
        rows.insert(type_name, count);
        done += u32::from(is_done);
    }
    assert_eq!(rows, BTreeMap::from([("Owner", 2), ("Pet", 3)]));
    assert_eq!(done, 2);
    assert!(store.verify().plan().await.unwrap().is_empty());
}

async fn references_of_deleted_targets_are_mended<B: Backend>(again: impl Fn() -> B) {
    let store = stocked(again()).await;
    delete_owner(again(), "bob").await;
    let found = damages(&store).await;
    let subjects: Vec<_> = found.iter().map(|damage| (damage.kind, &*damage.subject, damage.mends()[0])).collect();
    assert_eq!(
        subjects,
        [(DamageKind::Dangling, "friends[]", Mend::Remove), (DamageKind::Dangling, "vet", Mend::SetNone)]
    );
    let row = found[0].row.unwrap();
    assert_eq!(found[1].to_string(), format!("vet of Cat {row} refers to the Owner \"bob\", which does not exist"));

    let plan = store.verify().plan().await.unwrap();
    assert_eq!(plan.to_string(), "Cat.friends[]: 1 dangling: remove\nCat.vet: 1 dangling: set none\n");
    assert_eq!(mended(&all(store.fix(plan.clone())).await), 2);
    let first = store.repo::<Cat>().retrieve_one(&Tag(1)).await.unwrap();
    assert_eq!((first.friends.len(), &first.vet, first.row_version()), (1, &None, 1));
    assert!(damages(&store).await.is_empty());
    // The plan does nothing more.
    assert!(all(store.fix(plan)).await.is_empty());

    // A required reference is left, unless the row is to be deleted.
    delete_owner(again(), "ann").await;
    let mut plan = store.verify().plan().await.unwrap();
    let wrong = plan.steps_mut().find(|step| step.first.subject == "owner").unwrap().choose(Mend::SetNone);
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "this damage cannot be mended by `set none`: choose one of leave, delete"
    );
    assert!(plan.steps().any(|step| step.first.subject == "owner" && step.mend() == Mend::Leave && step.count == 2));
    let fixed = fix(&store, Mend::Delete).await;
    // Each of the two cats has two damages, which are gone with it.
    assert_eq!(mended(&fixed), 4);
    assert_eq!(store.repo::<Pet>().count(Pet::query().all()).await.unwrap(), 1);
    assert!(damages(&store).await.is_empty());
}

async fn undeclared_references_are_found<B: Backend>(again: impl Fn() -> B) {
    let store = stocked(again()).await;
    let cats = store.repo::<Cat>();
    cats.delete(cats.retrieve_one(&Tag(2)).await.unwrap()).await.unwrap();
    let other = Cat { seen: vec![Sighting::Person { who: name("zed") }, Sighting::Nobody], ..cat(4, "ann") };
    cats.create(other).await.unwrap();
    let found = damages(&store).await;
    let subjects: Vec<_> = found.iter().map(|damage| (damage.kind, &*damage.subject)).collect();
    let kind = DamageKind::DanglingUndeclared;
    assert_eq!(subjects, [(kind, "rival"), (kind, "seen[].Person.who")]);
    // Nothing is done about them without being chosen.
    let plan = store.verify().plan().await.unwrap();
    assert!(plan.steps().all(|step| step.mend() == Mend::Leave));
    assert!(all(store.fix(plan)).await.iter().all(|fixed| matches!(fixed, Fixed::Left(_))));

    let mut plan = store.verify().plan().await.unwrap();
    plan.steps_mut().find(|step| step.first.subject == "rival").unwrap().choose(Mend::SetNone).unwrap();
    assert_eq!(mended(&all(store.fix(plan)).await), 1);
    assert_eq!(cats.retrieve_one(&Tag(1)).await.unwrap().rival, None);
    assert_eq!(mended(&fix(&store, Mend::Delete).await), 1);
    assert!(damages(&store).await.is_empty());
}

/// In the keys of maps, and in types within themselves.
async fn undeclared_references_are_found_where_no_path_leads<B: Backend>(again: impl Fn() -> B) {
    let store = open::<Forum, _>(again()).await;
    let post = |about: u32, replies: Vec<Post>| Post { about: Some(TopicId(about)), replies };
    let thread = |posts: Vec<Post>, votes: &[u32]| Thread {
        posts,
        votes: votes.iter().map(|topic| (Vote { on: TopicId(*topic), round: 1 }, 5)).collect(),
    };
    store.repo::<Topic>().create_many([1, 2].map(|id| Topic { id: TopicId(id) })).await.unwrap();
    let sound = post(1, vec![post(2, vec![post(1, vec![])]), post(2, vec![])]);
    let damaged = post(1, vec![post(2, vec![post(1, vec![]), post(7, vec![])]), post(2, vec![])]);
    let threads = store.repo::<Thread>();
    threads.create(thread(vec![sound.clone(), sound.clone()], &[1, 2])).await.unwrap();
    assert!(damages(&store).await.is_empty());
    threads.create(thread(vec![sound.clone(), damaged], &[1])).await.unwrap();
    threads.create(thread(vec![sound, post(9, vec![])], &[2, 8])).await.unwrap();
    let found = damages(&store).await;
    let mut subjects: Vec<_> = found.iter().map(|damage| (&*damage.subject, damage.mends().len())).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, [("posts[].about", 3), ("posts[].replies[]..TopicId", 2), ("votes[key]", 2)]);
    assert!(found.iter().all(|damage| damage.kind == DamageKind::DanglingUndeclared));
    assert_eq!(mended(&fix(&store, Mend::Delete).await), 3);
    assert!(damages(&store).await.is_empty());
    assert_eq!(threads.count(Thread::query().all()).await.unwrap(), 1);
}

async fn rows_of_unknown_types_are_found<B: Backend>(again: impl Fn() -> B) {
    let store = stocked(again()).await;
    let older = open::<older::Pets, _>(again()).await;
    let mut plan = older.verify().plan().await.unwrap();
    let is_unknown = |step: &&mut PlanStep| step.first.kind == DamageKind::UnknownDiscriminator;
    let step = plan.steps_mut().find(is_unknown).unwrap();
    assert_eq!((step.count, step.first.type_name, &*step.first.subject), (1, "Pet", "Dog"));
    assert_eq!(step.mend(), Mend::Leave);
    step.choose(Mend::Delete).unwrap();
    assert_eq!(mended(&all(older.fix(plan)).await), 1);
    assert_eq!(store.repo::<Pet>().count(Pet::query().all()).await.unwrap(), 2);
    assert_eq!(store.repo::<Dog>().count(Dog::query().all()).await.unwrap(), 0);
}

async fn a_row_that_cannot_be_mended_does_not_keep_others<B: Backend>(again: impl Fn() -> B) {
    let store = stocked(again()).await;
    let owners = store.repo::<Owner>();
    let with_mascot = |it| Owner { mascot: Some(Tag(99)), ..owner(it) };
    owners.delete(owners.retrieve_one(&name("bob")).await.unwrap()).await.unwrap();
    let ann = owners.retrieve_one(&name("ann")).await.unwrap();
    owners.update(ann.set(with_mascot("ann"))).await.unwrap();
    owners.create_many([with_mascot("bob"), with_mascot("cec")]).await.unwrap();
    let fixed = fix(&store, Mend::Delete).await;
    assert_eq!(mended(&fixed), 2);
    let failed: Vec<_> = fixed
        .iter()
        .filter_map(|fixed| match fixed {
            Fixed::Failed(damage, error) => Some((damage, error)),
            _ => None,
        })
        .collect();
    let [(damage, error)] = failed[..] else { panic!("{fixed:?}") };
    assert_eq!(damage.subject, "mascot");
    assert!(matches!(error, Error::Referenced { count: 2, .. }), "{error}");
    assert_eq!(owners.count(Owner::query().all()).await.unwrap(), 1);
}

async fn mending_can_be_begun_again<B: Backend>(again: impl Fn() -> B) {
    const CATS: u32 = 11_000;
    let store = stocked(again()).await;
    for start in (0..CATS).step_by(1000) {
        let cats = (start..start + 1000).map(|n| Cat { vet: Some(name("bob")), ..cat(100 + n, "ann") });
        store.repo::<Cat>().create_many(cats).await.unwrap();
    }
    delete_owner(again(), "bob").await;
    let plan = store.verify().plan().await.unwrap();
    assert_eq!(plan.steps().map(|step| step.count).sum::<u64>(), u64::from(CATS) + 2);
    let mut fixing = store.fix(plan.clone());
    let mut rows = Vec::new();
    while let Some(fixed) = fixing.next().await {
        match fixed.unwrap() {
            Fixed::Progress(Progress { type_name: "Pet", rows: count, .. }) => rows.push(count),
            Fixed::Mended(..) => break,
            _ => {}
        }
    }
    assert!(rows.iter().all(|rows| *rows < u64::from(CATS)), "{rows:?}");
    assert!(!rows.is_empty());
    drop(fixing);
    let left = store.verify().plan().await.unwrap().steps().map(|step| step.count).sum::<u64>();
    assert!(0 < left && left < u64::from(CATS), "{left}");
    let summary = store.fix(plan).finish().await.unwrap();
    assert_eq!((summary.mended, summary.left, summary.failed), (left, 0, 0));
    assert!(damages(&store).await.is_empty());
    assert_eq!(store.repo::<Cat>().count(Cat::query().filter(Cat::props().vet.ne(None))).await.unwrap(), 0);
}
