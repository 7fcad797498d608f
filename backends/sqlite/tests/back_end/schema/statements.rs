//! The complete statements that create a schema, as the documentation shows them.

use longevity::backend::Backend;
use longevity::{PersistentType, Sqlite};
use longevity_tests::models::blogging::{Blog, BlogPost, Blogging, Commenter, Email, Member, Profile, User, Username};

use crate::place::Place;

const USER: &str = r#"CREATE TABLE "user" (
  "_id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "_type" TEXT NOT NULL,
  "_version" INTEGER NOT NULL,
  "_layout" INTEGER NOT NULL,
  "_created_at" TEXT,
  "_updated_at" TEXT,
  "username" TEXT,
  "Member.email" TEXT,
  "Member.profile.tagline" TEXT,
  "Member.num_cats" INTEGER,
  "_doc" TEXT NOT NULL,
  CONSTRAINT "_rows" CHECK (CASE "_type"
    WHEN 'Member' THEN ("_layout" = 1766348271 AND "username" NOTNULL AND "Member.email" NOTNULL AND "Member.profile.tagline" NOTNULL AND "Member.num_cats" NOTNULL)
    WHEN 'Commenter' THEN ("_layout" = 1458737376 AND "username" NOTNULL)
    ELSE 0 END)
) STRICT;
CREATE UNIQUE INDEX "user.username.key" ON "user" ("username");
CREATE UNIQUE INDEX "user.Member.email.key" ON "user" ("_type", "Member.email") WHERE "_type" = 'Member';
CREATE INDEX "user.Member.profile.tagline.index" ON "user" ("_type", "Member.profile.tagline") WHERE "_type" = 'Member';
CREATE INDEX "user.Member.num_cats+username.index" ON "user" ("_type", "Member.num_cats", "username") WHERE "_type" = 'Member';
CREATE INDEX "user._type.index" ON "user" ("_type" || '');
"#;
const BLOG: &str = r#"CREATE TABLE "blog" (
  "_id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "_version" INTEGER NOT NULL,
  "_layout" INTEGER NOT NULL,
  "_created_at" TEXT,
  "_updated_at" TEXT,
  "uri" TEXT,
  "title" TEXT,
  "_doc" TEXT NOT NULL,
  CONSTRAINT "_rows" CHECK ("_layout" = 409616796 AND "uri" NOTNULL AND "title" NOTNULL)
) STRICT;
CREATE UNIQUE INDEX "blog.uri.key" ON "blog" ("uri");
CREATE INDEX "blog.title.index" ON "blog" ("title");
"#;
const BLOG_POST: &str = r#"CREATE TABLE "blog_post" (
  "_id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "_version" INTEGER NOT NULL,
  "_layout" INTEGER NOT NULL,
  "_created_at" TEXT,
  "_updated_at" TEXT,
  "uri.blog" TEXT,
  "uri.path" TEXT,
  "blog" TEXT,
  "published" TEXT,
  "_doc" TEXT NOT NULL,
  CONSTRAINT "_rows" CHECK ("_layout" = 1614948777 AND "uri.blog" NOTNULL AND "uri.path" NOTNULL AND "blog" NOTNULL AND ("published" NOTNULL AND "published" GLOB '*Z'))
) STRICT;
CREATE UNIQUE INDEX "blog_post.uri.key" ON "blog_post" ("uri.blog", "uri.path");
CREATE INDEX "blog_post.blog+published.index" ON "blog_post" ("blog", "published");
"#;

fn statements<P: PersistentType>(place: &Place) -> String {
    let sqlite: Sqlite = place.sqlite();
    let store = sqlite_store(&sqlite);
    let (_, table) = store.table::<P>().unwrap();
    sqlite.block_on(sqlite.schema_of(table)).unwrap().join(";\n") + ";\n"
}

fn sqlite_store(sqlite: &Sqlite) -> longevity::Longevity<Blogging, Sqlite> {
    longevity::blocking::block_on(longevity::Longevity::open(sqlite.clone())).unwrap()
}

#[test]
fn the_schema_of_the_blogging_example() {
    let place = Place::new();
    place.store::<Blogging>();
    assert_eq!(statements::<User>(&place), USER);
    assert_eq!(statements::<Blog>(&place), BLOG);
    assert_eq!(statements::<BlogPost>(&place), BLOG_POST);
}

#[test]
fn an_existing_schema_is_not_changed() {
    let place = Place::new();
    let username = Username("ann".into());
    let profile = Profile { tagline: "hi".into(), image_uri: "x".into() };
    let ann = Member { username: username.clone(), email: Email("a@x".into()), profile, num_cats: 2 };
    let store = place.store::<Blogging>();
    store.repo().create(ann).unwrap();
    let before = place.dump();
    let changes = |connection: &rusqlite::Connection| -> i64 {
        connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).unwrap()
    };
    let version = changes(&place.raw());
    store.create_schema().unwrap();
    place.store::<Blogging>();
    assert_eq!((place.dump(), changes(&place.raw())), (before, version));
    assert!(store.repo::<Commenter>().retrieve(&username).unwrap().is_none());
}
