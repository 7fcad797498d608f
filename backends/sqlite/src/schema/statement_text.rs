//! The text of the statements that create tables, which SQLite keeps.

/// How the constraint of a foreign key begins: its name follows.
pub(crate) const START: &str = "CONSTRAINT ";
/// What is before its columns.
pub(crate) const KIND: &str = " FOREIGN KEY ";
/// What is before its target.
pub(crate) const REFERENCES: &str = " REFERENCES ";
/// How it ends.
pub(crate) const END: &str = " DEFERRABLE INITIALLY DEFERRED";
/// The end of the statement of a table.
pub(crate) const CLOSING: &str = ") STRICT";
/// The end of the statement of a side table.
pub(crate) const CLOSING_OF_SIDE_TABLES: &str = ") STRICT, WITHOUT ROWID";

/// The statement of a table without its foreign keys.
pub(crate) fn bare(sql: &str) -> String {
    without(sql, |_| true)
}

/// The statement of a table without those of its foreign keys for which the function is true. SQLite has rewritten the statement
/// if a column or a check was added or dropped, so the constraints are found by their own text alone.
pub(crate) fn without(sql: &str, drop: impl Fn(&str) -> bool) -> String {
    let mut bare = sql.to_owned();
    let mut searched = 0;
    while let Some(kind) = bare[searched..].find(KIND).map(|at| searched + at) {
        let start = bare[..kind].rfind(START).filter(|start| is_ours(&bare[start + START.len()..kind]));
        let end = bare[kind..].find(END).map(|at| kind + at + END.len());
        searched = match (start, end) {
            (Some(start), Some(end)) if drop(&bare[kind..end]) => {
                let before = bare[..start].trim_end();
                let before = before.strip_suffix(',').unwrap_or(before).len();
                bare.replace_range(before..end, "");
                before
            }
            (Some(_), Some(end)) => end,
            _ => kind + KIND.len(),
        };
    }
    bare
}

/// Whether this is the quoted name of a reference, and nothing else.
fn is_ours(name: &str) -> bool {
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.ends_with(".reference") && !inner.replace("\"\"", "").contains('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "CONSTRAINT \"cat.owner.reference\" FOREIGN KEY (\"owner\") REFERENCES \"owner\" (\"name\") \
                       DEFERRABLE INITIALLY DEFERRED";

    #[test]
    fn foreign_keys_are_taken_out_of_a_statement_and_nothing_else() {
        let bare = |end: &str| format!("CREATE TABLE \"cat\" (\n  \"owner\" TEXT,\n  CONSTRAINT x CHECK (1){end}");
        for (with, without_it) in [
            (String::new(), String::new()),
            (format!(",\n  {KEY}"), String::new()),
            (format!(",\n  {KEY},\n  {KEY}"), String::new()),
            (format!(",\n  {KEY}, CONSTRAINT y CHECK (2)"), ", CONSTRAINT y CHECK (2)".to_owned()),
        ] {
            for closing in ["\n) STRICT", ") STRICT"] {
                assert_eq!(without(&bare(&(with.clone() + closing)), |_| true), bare(&(without_it.clone() + closing)));
            }
        }
        // A discriminator is any text.
        let tricky = "CREATE TABLE x (y TEXT, CONSTRAINT \"_rows\" CHECK (y <> ' FOREIGN KEY ')";
        assert_eq!(without(&format!("{tricky},\n  {KEY}\n) STRICT"), |_| true), format!("{tricky}\n) STRICT"));
        let kept = format!("{tricky},\n  {KEY}\n) STRICT");
        assert_eq!(without(&kept, |key| key.contains("\"vet\"")), kept);
    }
}
