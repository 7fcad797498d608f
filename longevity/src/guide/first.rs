//! A first program: a poly type with a key of its own, and a derived type with a key, a component and indexes.
//!
//! A look-up returns an `Option<PState<User>>`, and a repository of members creates and updates a `PState<Member>`: the value,
//! with the row's id and version. A row of a derived type is also one of its poly type, so [`widen`](crate::PState::widen)
//! always succeeds; [`narrow`](crate::PState::narrow) returns the state unchanged if the row is of another type.
//!
//! ```
//! use longevity::prelude::*;
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
//! #[key_val(User)]
//! struct Username(String);
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
//! #[key_val(Member)]
//! struct Email(String);
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
//! struct Profile { tagline: String, image_uri: String }
//!
//! /// Poly: owns the table `user`, the key on `username`, and the discriminator.
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(poly, props(username: Username), key(username))]
//! enum User { Member(Member), Commenter(Commenter) }
//!
//! /// Derived: shares the table of `User`, adds a key and indexes of its own.
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(derived(User), key(email), index(profile.tagline), index(num_cats, username))]
//! struct Member { username: Username, email: Email, profile: Profile, num_cats: i64 }
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
//! #[persistent(derived(User))]
//! struct Commenter { username: Username }
//!
//! #[derive(DomainModel)]
//! #[domain_model(User)] // derived types come with their poly type
//! struct Blogging;
//!
//! # async fn program() -> Result<(), Error> {
//! let store = Longevity::<Blogging, _>::open(Mem::new()).await?;
//! store.create_schema().await?;
//! let users = store.repo::<User>();
//! let members = store.repo::<Member>();
//!
//! let ann: PState<Member> = members
//!     .create(Member {
//!         username: Username("ann".into()),
//!         email: Email("ann@example.com".into()),
//!         profile: Profile { tagline: "hi".into(), image_uri: "ann.png".into() },
//!         num_cats: 3,
//!     })
//!     .await?;
//! let same: Option<PState<User>> = users.retrieve(&Username("ann".into())).await?;
//! assert!(same.is_some());
//!
//! let m = Member::props();
//! let page: Vec<PState<Member>> = members
//!     .find(Member::query().filter(m.num_cats.gt(2) & m.profile.tagline.eq("hi")).order_by(m.username.asc()).limit(20))
//!     .await?;
//! assert_eq!(page.len(), 1);
//!
//! let ann = members.update(ann.modify(|m| m.num_cats += 1)).await?;
//! let user: PState<User> = ann.widen(); // `narrow::<Member>()` leads back, and may fail
//! users.delete(user).await?;
//! # Ok(())
//! # }
//! # longevity::blocking::block_on(program())?;
//! # Ok::<(), Error>(())
//! ```
