//! The layouts as SQL: the planned layout, its alternatives, and the planned layout with one thing changed.

/// Where the values of keys and indexes are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// In columns that the writer fills.
    Written,
    /// In columns that SQLite computes from the document whenever they are read.
    Virtual,
    /// In columns that SQLite computes from the document when it is written.
    Stored,
    /// In the indexes only.
    Expressions,
}

#[derive(Clone, Copy)]
pub(crate) struct Options {
    pub(crate) keys: Keys,
    pub(crate) jsonb: bool,
    pub(crate) autoincrement: bool,
    /// The `CHECK` that a row has its variant's columns.
    pub(crate) check: bool,
    /// The number of variants, of which the member is the last. Each has two columns.
    pub(crate) variants: usize,
    pub(crate) strict: bool,
    /// Whether a derived type's index begins with the discriminator, which its `WHERE` fixes already.
    pub(crate) type_in_index: bool,
    /// Whether an update also sets the keys that it does not change.
    pub(crate) update_all: bool,
    /// Settings of the connection in addition to the usual ones.
    pub(crate) pragmas: &'static str,
}

/// The planned layout.
pub(crate) const PLANNED: Options = Options {
    keys: Keys::Written,
    jsonb: false,
    autoincrement: true,
    check: true,
    variants: 2,
    strict: true,
    type_in_index: true,
    update_all: false,
    pragmas: "",
};

/// A layout's statements. Their parameters have the same order in all layouts. The parameters for columns that a layout does not
/// write are left out.
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    /// The schema, with the settings that have to precede it.
    pub(crate) schema: String,
    /// Parameters: discriminator, document, user name, email, number of cats.
    pub(crate) insert: String,
    /// Parameter: user name.
    pub(crate) get: String,
    /// Parameter: the least number of cats.
    pub(crate) query: String,
    /// Parameters: id, version, document, number of cats, user name, email.
    pub(crate) update_cats: String,
    /// Parameters: id, version, document, number of cats, user name, email.
    pub(crate) update_document: String,
    pub(crate) scan: String,
    /// Parameter: tagline.
    pub(crate) filter: String,
}

impl Layout {
    pub(crate) fn new(name: &'static str, options: Options) -> Self {
        let (username, email, cats) = match options.keys {
            Keys::Expressions => ("(_doc ->> '$.username')", "(_doc ->> '$.email')", "(_doc ->> '$.num_cats')"),
            _ => (r#""username""#, r#""Member.email""#, r#""Member.num_cats""#),
        };
        let written = options.keys == Keys::Written;
        let document = if options.jsonb { "jsonb(?2)" } else { "?2" };
        let insert = match written {
            true => format!(
                r#"INSERT INTO "user" (_type, _version, _doc, "username", "Member.email", "Member.num_cats")
                   VALUES (?1, 0, {document}, ?3, ?4, ?5)"#
            ),
            false => format!(r#"INSERT INTO "user" (_type, _version, _doc) VALUES (?1, 0, {document})"#),
        };
        let set = |keys: &str| {
            let document = if options.jsonb { "jsonb(?3)" } else { "?3" };
            format!(r#"UPDATE "user" SET _version = ?2 + 1, _doc = {document}{keys} WHERE _id = ?1 AND _version = ?2"#)
        };
        let all_keys = r#", "Member.num_cats" = ?4, "username" = ?5, "Member.email" = ?6"#;
        let row = if options.jsonb { "_id, _version, _type, json(_doc)" } else { "_id, _version, _type, _doc" };
        Self {
            name,
            schema: schema(options, username, email, cats),
            insert,
            get: format!(r#"SELECT {row} FROM "user" WHERE {username} = ?1"#),
            query: format!(
                r#"SELECT {row} FROM "user" WHERE _type = 'Member' AND {cats} >= ?1 ORDER BY {cats}, {username} LIMIT 20"#
            ),
            update_cats: set(match (written, options.update_all) {
                (false, _) => "",
                (true, false) => r#", "Member.num_cats" = ?4"#,
                (true, true) => all_keys,
            }),
            update_document: set(if written && options.update_all { all_keys } else { "" }),
            scan: format!(r#"SELECT {row} FROM "user""#),
            filter: r#"SELECT count(*) FROM "user" WHERE _type = 'Member' AND _doc ->> '$.profile.tagline' = ?1"#
                .into(),
        }
    }
}

fn schema(options: Options, username: &str, email: &str, cats: &str) -> String {
    let (text, integer) = ("TEXT", "INTEGER");
    let column = |name: &str, kind: &str, path: &str, not_null: &str| match options.keys {
        Keys::Written => format!(r#""{name}" {kind}{not_null}, "#),
        Keys::Virtual => format!(r#""{name}" {kind} GENERATED ALWAYS AS (_doc ->> '$.{path}') VIRTUAL{not_null}, "#),
        Keys::Stored => format!(r#""{name}" {kind} GENERATED ALWAYS AS (_doc ->> '$.{path}') STORED{not_null}, "#),
        Keys::Expressions => String::new(),
    };
    let mut columns = column("username", text, "username", " NOT NULL");
    let mut check = String::from(r#"CASE "_type""#);
    for variant in 2..options.variants {
        columns += &column(&format!("V{variant}.a"), text, "a", "");
        columns += &column(&format!("V{variant}.b"), integer, "b", "");
        check += &format!(r#" WHEN 'V{variant}' THEN "V{variant}.a" NOTNULL AND "V{variant}.b" NOTNULL"#);
    }
    columns += &column("Member.email", text, "email", "");
    columns += &column("Member.num_cats", integer, "num_cats", "");
    check += r#" WHEN 'Member' THEN "Member.email" NOTNULL AND "Member.num_cats" NOTNULL"#;
    check += r#" WHEN 'Commenter' THEN 1 ELSE 0 END"#;
    let check = match options.check && options.keys != Keys::Expressions {
        true => format!(r#", CONSTRAINT "_variants" CHECK ({check})"#),
        false => String::new(),
    };
    let autoincrement = if options.autoincrement { " AUTOINCREMENT" } else { "" };
    let document = if options.jsonb { "BLOB" } else { "TEXT" };
    let strict = if options.strict { " STRICT" } else { "" };
    let kind = if options.type_in_index { r#""_type", "# } else { "" };
    let pragmas = options.pragmas;
    format!(
        r#"{pragmas}
           CREATE TABLE "user" ("_id" INTEGER PRIMARY KEY{autoincrement}, "_type" TEXT NOT NULL, "_version" INTEGER NOT NULL,
               "_created_at" TEXT, "_updated_at" TEXT, {columns}"_doc" {document} NOT NULL{check}){strict};
           CREATE UNIQUE INDEX "user.username.key" ON "user"({username});
           CREATE UNIQUE INDEX "user.Member.email.key" ON "user"({kind}{email}) WHERE "_type" = 'Member';
           CREATE INDEX "user.Member.num_cats+username.index" ON "user"({kind}{cats}, {username})
               WHERE "_type" = 'Member';"#
    )
}
