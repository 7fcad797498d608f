//! Handwritten queries for some models, one of each kind that a user would write. All suites of queries run them, along with
//! random queries of each type.

use longevity::Query;
use longevity::prelude::*;
use longevity::testkit::QuerySpec;

use crate::models::basics::{Basics, Optionals, Scalars};
use crate::models::blogging::{Blog, BlogPost, BlogUri, Blogging, Commenter, Member, User};
use crate::models::collections::{Collections, Colour, Lists, Maps, Sets};
use crate::models::components::{Components, Place, Thread};
use crate::models::keys::{Book, CardNumber, Library, Reader};
use crate::models::queries::{Bundle, Item, Shelf, Size, Storage, Thing};

/// Every comparison of basic types and of options of them, and lists of values.
pub fn basics() -> QuerySpec<Basics> {
    QuerySpec::new()
        .query::<Scalars>("below the median", |rows| {
            let s = Scalars::props();
            let below =
                s.signed_64.lt(rows.median(|row| row.signed_64)) & s.text.le(rows.median(|row| row.text.clone()));
            Scalars::query().filter(below)
        })
        .query("from the third to the tenth", |rows| {
            let nth = |n| rows.nth_smallest(n, |row: &Scalars| row.unsigned_64);
            Scalars::query().filter(Scalars::props().unsigned_64.between(nth(2), nth(9)))
        })
        .query("a float that occurs, and floats above it", |rows| {
            let float = rows.occurring(|row: &Scalars| row.float_64);
            let of = Scalars::props().float_64;
            Scalars::query().filter(of.eq(float) | of.gt(float))
        })
        .query("by time, up to an instant", |rows| {
            let at = Scalars::props().instant;
            Scalars::query().filter(at.le(rows.median(|row: &Scalars| row.instant))).order_by(at.asc())
        })
        .query("strings with a prefix", |rows| {
            let prefix = rows.prefix(|row: &Scalars| row.text.clone());
            Scalars::query().filter(Scalars::props().text.starts_with(prefix))
        })
        .query("one of some values, not all of which occur", |rows| {
            let of = |row: &Scalars| row.signed_32;
            let some = [rows.median(of), rows.nth_smallest(0, of), rows.missing(of), rows.median(of)];
            let among = Scalars::props().signed_32.is_in(some);
            Scalars::query().filter(among)
        })
        .query("none of the values that occur", |rows| {
            let texts: Vec<_> = rows.values().iter().map(|row: &Optionals| row.text.clone()).collect();
            Optionals::query().filter(Optionals::props().text.not_in(texts))
        })
        .query("no value, or a value other than one", |rows| {
            let o = Optionals::props();
            let some = rows.filter_map(|row: &Optionals| row.signed_64).median(|number| *number);
            Optionals::query().filter(o.signed_64.is_none() | o.signed_64.ne(some))
        })
        .query("options in options", |rows| {
            let o = Optionals::props();
            let twice = rows.occurring(|row: &Optionals| row.twice);
            Optionals::query().filter(o.twice.eq(twice) | o.twice.some().is_none()).order_by(o.twice.desc())
        })
}

/// Plain, poly and derived types; properties that are key values of other types; orders and windows.
pub fn blogging() -> QuerySpec<Blogging> {
    QuerySpec::new()
        .query::<Member>("members with many cats", |rows| {
            let m = Member::props();
            let many = m.num_cats.gt(rows.median(|member| member.num_cats));
            Member::query().filter(many).order_by(User::props().username.asc()).limit(10)
        })
        .query("a tagline in a component", |rows| {
            let tagline = Member::props().profile.tagline.clone();
            Member::query().filter(tagline.ge(rows.median(|member: &Member| member.profile.tagline.clone())))
        })
        .query("the second page of members", |_| {
            let m = Member::props();
            Member::query().order_by(m.num_cats.desc()).order_by(m.username.asc()).offset(10).limit(10)
        })
        .query("after the last page", |rows| {
            let all = rows.len() as u64;
            User::query().order_by(User::props().username.desc()).offset(all).limit(5)
        })
        .query("a limit of zero", |_| User::query().limit(0))
        .query("members with many cats, or commenters", |rows| {
            let cats = rows.of::<Member>().median(|member| member.num_cats);
            User::query().filter(Member::props().num_cats.ge(cats) | User::is::<Commenter>())
        })
        .query("everyone but members with many cats", |rows| {
            let cats = rows.of::<Member>().median(|member| member.num_cats);
            User::query().filter(!Member::props().num_cats.gt(cats)).order_by(User::props().username.asc())
        })
        .query("commenters by the poly type's property", |rows| {
            let name = rows.median(|commenter: &Commenter| commenter.username.clone());
            Commenter::query().filter(User::props().username.le(name))
        })
        // Key values of other types, on their own, in options, lists and sets, and within another key value.
        .query("posts of a blog", |rows| {
            let blog = rows.occurring(|post: &BlogPost| post.blog.clone());
            BlogPost::query().filter(BlogPost::props().blog.eq(blog)).order_by(BlogPost::props().published.desc())
        })
        .query("posts of an unknown blog", |rows| {
            let blog: BlogUri = rows.missing(|post: &BlogPost| post.blog.clone());
            BlogPost::query().filter(BlogPost::props().blog.eq(blog))
        })
        .query("posts under a part of their key", |rows| {
            let prefix = rows.prefix(|post: &BlogPost| post.uri.path.clone());
            BlogPost::query().filter(BlogPost::props().uri.path.starts_with(prefix))
        })
        .query("posts with an editor among the authors of another", |rows| {
            let authors = rows.filter_map(|post: &BlogPost| post.authors.first().cloned());
            let author = authors.occurring(Clone::clone);
            let post = BlogPost::props();
            BlogPost::query().filter(post.editor.eq(author.clone()) | post.authors.contains(author))
        })
        .query("blogs of an author", |rows| {
            let authors = rows.filter_map(|blog: &Blog| blog.authors.first().cloned());
            Blog::query().filter(Blog::props().authors.contains(authors.median(Clone::clone)))
        })
        .query("everything", |_| -> Query<Blog> { Blog::query().all() })
}

/// Lists, sets and maps: what they contain, how many elements, and under which key.
pub fn collections() -> QuerySpec<Collections> {
    QuerySpec::new()
        .query("lists with one of two strings", |rows| {
            let first = rows.filter_map(|row: &Lists| row.texts.first().cloned()).median(String::clone);
            Lists::query().filter(Lists::props().texts.contains_any([first.as_str(), "not there"]))
        })
        .query("lists that contain none", |_| Lists::query().filter(Lists::props().options.contains(None)))
        .query("long and empty lists", |_| {
            let l = Lists::props();
            Lists::query().filter(l.texts.len().ge(2) | l.optional.is_empty())
        })
        .query("sets with all of some numbers", |rows| {
            let numbers = rows.filter_map(|row: &Sets| (row.numbers.len() > 1).then(|| row.numbers.clone()));
            let all: Vec<_> = numbers.values().first().into_iter().flatten().copied().collect();
            Sets::query().filter(Sets::props().numbers.contains_all(all))
        })
        .query("maps by the value under a key", |rows| {
            let entry = |row: &Maps| row.numbers.iter().next().map(|(key, number)| (key.clone(), *number));
            let (key, number) = rows.filter_map(entry).values()[0].clone();
            let under = Maps::props().numbers.entry(key);
            Maps::query().filter(under.le(number)).order_by(under.desc())
        })
        .query("maps without a key", |_| {
            let m = Maps::props();
            Maps::query().filter(!m.by_choice.contains_key(Colour::Red) & m.by_choice.entry(Colour::Blue).is_none())
        })
        .query("a component in a map", |rows| {
            let x = rows.filter_map(|row: &Maps| row.points.get("").map(|point| point.x));
            let x = if x.is_empty() { 0 } else { x.median(|x| *x) };
            Maps::query().filter(Maps::props().points.entry("").some().x.ge(x))
        })
}

/// Components, newtypes, choices, variants of poly components.
pub fn components() -> QuerySpec<Components> {
    QuerySpec::new()
        .query("a component in an option", |rows| {
            let city = |place: &Place| place.second.as_ref().and_then(|address| address.city.clone());
            let city = rows.filter_map(city).occurring(String::clone);
            Place::query().filter(Place::props().second.some().city.eq(city))
        })
        .query::<Place>("a whole component", |rows| {
            let address = rows.values()[0].address.clone();
            Place::query().filter(Place::props().address.eq(&address) | Place::props().others.contains(&address))
        })
        .query("newtypes", |rows| {
            let p = Place::props();
            let cold = p.temperature.le(rows.median(|place: &Place| place.temperature.clone()));
            let homepage = rows.occurring(|place| place.address.homepage.clone());
            Place::query().filter(cold & p.address.homepage.ne(homepage)).order_by(p.temperature.asc())
        })
        .query("choices", |rows| {
            let p = Place::props();
            let day = rows.occurring(|place: &Place| place.open_on);
            Place::query().filter(p.open_on.eq(day) | p.days.contains(day) | p.closed_on.is_in([day]))
        })
        .query("variants of a poly component", |_| {
            let contact = Thread::props().contact;
            let thread =
                contact.phone.starts_with("") | contact.unknown.is() | contact.post.some().street.number.is_none();
            Thread::query().filter(thread & !contact.proxy.is())
        })
        .query("a variant within a variant", |_| {
            let t = Thread::props();
            Thread::query()
                .filter(t.formula.sum.left.inner().constant.is_some() | t.second.some().person.addresses.len().gt(0))
        })
        .query("components within themselves", |rows| {
            let chain = Thread::props().chain;
            let link = rows.median(|thread: &Thread| thread.chain.link);
            Thread::query().filter(chain.link.lt(link)).order_by(chain.link.desc()).offset(1)
        })
}

/// Key values of several fields, with components in them, and within components.
pub fn keys() -> QuerySpec<Library> {
    QuerySpec::new()
        .query("by a whole key", |rows| {
            Book::query().filter(Book::props().book_id.eq(rows.occurring(|book: &Book| book.book_id.clone())))
        })
        .query("by some whole keys", |rows| {
            let keys = rows.values().iter().take(5).map(|book: &Book| book.place.clone());
            Book::query().filter(Book::props().place.is_in(keys))
        })
        .query("by a component of a key", |rows| {
            let b = Book::props();
            let shelf = rows.occurring(|book: &Book| book.place.shelf.clone());
            Book::query()
                .filter(b.place.shelf.eq(&shelf) | b.place.shelf.room.eq(&shelf.room))
                .order_by(b.place.position.asc())
        })
        .query("by the key of another row of the same type", |rows| {
            let b = Book::props();
            let previous = rows.filter_map(|book: &Book| book.previous.clone()).occurring(Clone::clone);
            Book::query().filter(b.previous.eq(&previous) | b.related.contains(&previous) | b.book_id.eq(&previous))
        })
        .query("by a key within a component", |rows| {
            let card = Reader::props().membership.card.clone();
            let median = rows.median(|reader: &Reader| reader.membership.card.year);
            let missing: CardNumber = rows.missing(|reader| reader.membership.card.clone());
            Reader::query().filter(card.year.le(median) & card.ne(missing)).order_by(card.number.desc()).limit(7)
        })
}

/// Values in variants and under keys, of plain, poly and derived types.
pub fn storage() -> QuerySpec<Storage> {
    QuerySpec::new()
        .query("by the value in a variant", |_| {
            let content = Shelf::props().content;
            let parts = content.parts.some().entry("a").is_some() | content.parts.some().len().ge(1);
            Shelf::query().filter(parts | content.sizes.some().contains(Size::Large) | content.perhaps.is_none())
        })
        .query("in the order of a variant", |_| {
            let content = Shelf::props().content;
            Shelf::query().order_by(content.liquid.litres.desc()).order_by(content.labelled.some().text.asc())
        })
        .query("through an entry, a variant and an entry", |_| {
            let small = Shelf::props().by_size.entry(Size::Small);
            Shelf::query().filter(small.some().labelled.some().weights.entry(0).ge(0.0) | small.some().nothing.is())
        })
        .query("in the order of an entry", |rows| {
            let shelf = rows.filter_map(|shelf: &Shelf| shelf.by_shelf.keys().next().cloned()).occurring(Clone::clone);
            let entry = Shelf::props().by_shelf.entry(shelf);
            Shelf::query().filter(entry.is_some()).order_by(entry.asc())
        })
        .query("one of several types", |rows| {
            let size = rows.of::<Bundle>().median(|bundle| bundle.size);
            let thing = Thing::props().size.eq(Size::Small);
            Item::query()
                .filter(Item::is::<Thing>() & thing | Bundle::props().size.gt(size))
                .order_by(Item::props().label.text.desc())
        })
        .query("things next to another", |rows| {
            let next = rows.filter_map(|thing: &Thing| thing.next_to.clone()).median(|id| id.shelf.clone());
            Thing::query().filter(Item::props().next_to.some().shelf.le(next) & !Item::is::<Bundle>())
        })
}

/// The number of random queries that a suite runs: the value of `LONGEVITY_QUERIES`, or else this number.
pub fn queries(otherwise: usize) -> usize {
    number("LONGEVITY_QUERIES", otherwise)
}

/// The number of steps of a long history: the value of `LONGEVITY_STEPS`, or else this number.
pub fn steps(otherwise: usize) -> usize {
    number("LONGEVITY_STEPS", otherwise)
}

#[expect(clippy::panic, reason = "a test panics if a setting is invalid")]
fn number(variable: &str, otherwise: usize) -> usize {
    match std::env::var(variable) {
        Err(_) => otherwise,
        Ok(number) => match number.parse() {
            Ok(number) => number,
            Err(_) => panic!("{variable} is not a number: {number:?}"),
        },
    }
}
