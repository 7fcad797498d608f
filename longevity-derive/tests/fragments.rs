//! Models that a user's `macro_rules!` writes. Whichever kind of fragment passes a part in, the model is the same as the one
//! written by hand.
#![allow(
    clippy::unwrap_used,
    clippy::duplicated_attributes,
    reason = "a test may panic; properties are in several indexes"
)]

use longevity::{DomainModel, HasVariant, PersistentType, RootType};

mod by_hand {
    use longevity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(User)]
    pub(crate) struct Username(pub(crate) String);

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Member, crate = "longevity")]
    pub(crate) struct Email(pub(crate) String);

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
    #[key_val(Blog)]
    pub(crate) struct Id {
        #[key_val(name = "stored")]
        pub(crate) region: String,
        pub(crate) number: i64,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    #[component(crate = "longevity")]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Profile {
        #[component(name = "stored")]
        pub(crate) tag_line: Option<String>,
        #[serde(rename = "renamed", alias = "old")]
        pub(crate) images: Vec<String>,
        #[serde(default)]
        pub(crate) link_count: i64,
        pub(crate) account: Account,
        pub(crate) mood: Mood,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    #[component(crate = "longevity")]
    pub(crate) struct Account {
        pub(crate) email: Email,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
    #[serde(rename_all = "camelCase")]
    pub(crate) enum Mood {
        #[serde(rename = "renamed", alias = "old")]
        Good,
        Bad {
            why: String,
        },
        Mixed(Vec<String>),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(poly)]
    #[persistent(props(username: Username), key(username), index(username), table = "people", module = "old")]
    pub(crate) enum User {
        #[persistent(discriminator = "code", alias = "old")]
        Member(Box<Member>),
        #[persistent(discriminator = "renamed")]
        Commenter(Commenter),
        #[persistent(index(radius))]
        Circle {
            #[persistent(name = "stored")]
            username: Username,
            radius: i64,
        },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(User))]
    #[persistent(key(profile.account.email: Email), index(profile.tag_line), index(num_cats))]
    pub(crate) struct Member {
        #[persistent(name = "stored")]
        pub(crate) username: Username,
        pub(crate) profile: Profile,
        pub(crate) num_cats: i64,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(derived(User), index(num_cats, dogs))]
    pub(crate) struct Commenter {
        #[persistent(name = "stored")]
        pub(crate) username: Username,
        pub(crate) num_cats: i64,
        #[serde(default)]
        pub(crate) dogs: i64,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
    #[persistent(primary_key(id, partition(region)), table = "blogs", index(profile.link_count))]
    pub(crate) struct Blog {
        pub(crate) id: Id,
        pub(crate) profile: Profile,
    }

    #[derive(DomainModel)]
    #[domain_model(User, Blog)]
    pub(crate) struct Blogging;
}

/// Each fragment is used wherever its kind is allowed: a whole attribute, an entry of it, a type, a string, a name, an
/// expression.
macro_rules! models {
    (
        attributes: $poly:meta, $held:meta, $id:meta, $model:meta, $component:meta, $projected:meta;
        entries: $props:meta, $key:meta, $nested:meta, $by_profile:meta, $derived:meta, $primary:meta, $tagged:meta, $named:meta,
            $cased:meta, $default:meta, $radius:meta;
        types: $text:ty, $texts:ty, $perhaps:ty, $number:ty, $user:ty, $boxed:ty, $member:ty, $profile:ty, $email:ty;
        path: $blog:path;
        literals: $people:literal, $code:literal, $stored:literal, $renamed:literal, $old:literal, $longevity:literal;
        expressions: $blogs:expr, $crate_name:expr, $name:expr;
        names: $field:ident, $shape:ident;
        tree: $dogs:tt;
        visibility: $vis:vis,
    ) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[$id]
        $vis struct Username($vis $text);

        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val($member, crate = $longevity)]
        $vis struct Email($vis $text);

        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
        #[key_val($blog)]
        $vis struct Id {
            #[key_val(name = $stored)]
            $vis region: $text,
            $vis number: $number,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
        #[$component]
        #[serde($cased)]
        $vis struct Profile {
            #[component(name = $stored)]
            $vis tag_line: $perhaps,
            #[serde(rename = $renamed, alias = $old)]
            $vis images: $texts,
            #[serde($default)]
            $vis link_count: $number,
            $vis account: Account,
            $vis mood: Mood,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
        #[component(crate = $crate_name)]
        $vis struct Account {
            $vis email: $email,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
        #[serde($cased)]
        $vis enum Mood {
            #[serde(rename = $renamed, alias = $old)]
            Good,
            Bad { why: $text },
            Mixed($texts),
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[$poly]
        #[persistent($props, $key, index(username), table = $people, module = $old)]
        $vis enum User {
            #[persistent(discriminator = $code, alias = $old)]
            Member($boxed),
            #[persistent($tagged)]
            Commenter(Commenter),
            #[persistent($radius)]
            $shape {
                #[persistent(name = $stored)]
                username: Username,
                radius: $number,
            },
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[$held]
        #[persistent(key(profile.account.email: $email), $by_profile, index($field))]
        $vis struct Member {
            #[persistent(name = $stored)]
            $vis username: Username,
            $vis profile: $profile,
            $vis $field: $number,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent($derived, index($field, $dogs))]
        $vis struct Commenter {
            #[persistent($named)]
            $vis username: Username,
            $vis $field: $number,
            #[serde($default)]
            $vis $dogs: $number,
        }

        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
        #[persistent($primary, table = $blogs, $nested)]
        $vis struct Blog {
            $vis id: Id,
            $vis profile: $profile,
        }

        #[derive(DomainModel)]
        #[$model]
        $vis struct Blogging;

        #[derive(DomainModel)]
        #[domain_model($user, $blog, crate = $longevity)]
        $vis struct OfTypes;

        #[derive(Debug, PartialEq, Projected)]
        #[projected($member, crate = $longevity)]
        $vis struct Owner {
            $vis $field: $number,
            #[projected($name)]
            $vis name: Username,
        }

        #[derive(Debug, PartialEq, Projected)]
        #[$projected]
        $vis struct Named {
            #[projected($name.clone())]
            $vis name: Username,
        }
    };
}

mod by_macro {
    use longevity::prelude::*;

    models! {
        attributes: persistent(poly), persistent(derived(User)), key_val(User), domain_model(User, Blog),
            component(crate = "longevity"), projected(Member);
        entries: props(username: Username), key(username), index(profile.link_count), index(profile.tag_line), derived(User),
            primary_key(id, partition(region)), discriminator = "renamed", name = "stored", rename_all = "camelCase", default,
            index(radius);
        types: String, Vec<String>, Option<String>, i64, User, Box<Member>, Member, Profile, Email;
        path: Blog;
        literals: "people", "code", "stored", "renamed", "old", "longevity";
        expressions: "blogs", "longevity", User::props().username;
        names: num_cats, Circle;
        tree: dogs;
        visibility: pub(crate),
    }
}

#[test]
fn a_model_out_of_fragments_is_the_one_that_is_written_by_hand() {
    // The two models have different types and functions, so type ids and addresses are left out.
    let told = |model: &dyn std::fmt::Debug| {
        let text = format!("{model:#?}").replace("OfTypes", "Blogging");
        let lines = text.lines().filter(|line| !line.contains("0x") && !line.contains("TypeId("));
        lines.collect::<Vec<_>>().join("\n")
    };
    let same = |left: &dyn std::fmt::Debug, right: &dyn std::fmt::Debug| assert_eq!(told(left), told(right));
    same(&by_macro::User::definition(), &by_hand::User::definition());
    same(&by_macro::Blog::definition(), &by_hand::Blog::definition());
    same(&by_macro::Blogging::description(), &by_hand::Blogging::description());
    same(&by_macro::OfTypes::description(), &by_hand::Blogging::description());
    let rust_names = [by_macro::Member::NAME, by_macro::old::Circle::NAME];
    assert_eq!(rust_names, [by_hand::Member::NAME, by_hand::old::Circle::NAME]);
}

#[test]
fn a_variant_with_a_boxed_struct_out_of_a_fragment_is_boxed() {
    use by_macro::{Account, Email, Member, Mood, Named, Owner, Profile, User, Username};

    fn is_projected<T: longevity::Projected<Member>>() {}
    is_projected::<Owner>();
    is_projected::<Named>();
    let account = Account { email: Email("ann@a".into()) };
    let mood = Mood::Bad { why: "rain".into() };
    let profile = Profile { tag_line: None, images: Vec::new(), link_count: 1, account, mood };
    let member = Member { username: Username("ann".into()), profile, num_cats: 2 };
    let user = <User as HasVariant<Member>>::wrap(member.clone());
    assert!(matches!(&user, User::Member(boxed) if **boxed == member));
    assert_eq!(HasVariant::<Member>::extract(user), Ok(member));
}
