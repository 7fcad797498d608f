//! Imports between the files of each crate. No cycle of imports spans more than three files, so that a file can be read, moved and
//! changed with few others in mind. No cycle at all spans the modules at the top of core.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::sources;

/// The crates that are checked.
const CRATES: [&str; 8] = [
    "longevity",
    "longevity-core",
    "longevity-derive",
    "longevity-testkit",
    "longevity-mongod",
    "backends/mem",
    "backends/mongo",
    "backends/sqlite",
];

/// How many files may import each other.
const LARGEST_CYCLE: usize = 3;

/// A module, by the names that lead to it from the root of its crate.
type Module = Vec<String>;

/// The modules that each module imports.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// The cycles that are too large, one line for each.
pub(crate) fn mistakes(root: &Path) -> Result<Vec<String>, std::io::Error> {
    let mut mistakes = Vec::new();
    for name in CRATES {
        let files = files_of(&root.join(name).join("src"))?;
        let imports = imports(&files);
        let top = if name == "longevity-core" { at_the_top(&imports) } else { Imports::new() };
        let mut found: Vec<_> = cycles(&imports).into_iter().filter(|cycle| cycle.len() > LARGEST_CYCLE).collect();
        found.extend(cycles(&top));
        mistakes.extend(found.iter().map(|cycle| {
            let files: Vec<_> = cycle.iter().map(|module| module.join("/")).collect();
            format!("{name}: {} files import each other: {}", files.len(), files.join(", "))
        }));
    }
    Ok(mistakes)
}

/// The sources of a crate by their modules, without comments and tests. The root is left out: it exports what users name.
fn files_of(root: &Path) -> Result<BTreeMap<Module, String>, std::io::Error> {
    let mut files = BTreeMap::new();
    for path in sources::under(root, &["rs"])? {
        let relative = path.strip_prefix(root).unwrap_or(&path).with_extension("");
        let mut module: Module = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        if module != ["lib"] && module != ["main"] {
            files.insert(module, code_of(&fs::read_to_string(path)?));
        }
    }
    let tests: Vec<_> = files.keys().filter(|module| is_test(module, &files)).cloned().collect();
    tests.iter().for_each(|module| drop(files.remove(module)));
    Ok(files)
}

/// Whether a module, or one around it, is compiled for tests alone.
fn is_test(module: &Module, files: &BTreeMap<Module, String>) -> bool {
    (1..=module.len()).any(|length| {
        let (name, parent) = (&module[length - 1], &module[..length - 1]);
        name == "tests" || files.get(parent).is_some_and(|code| code.contains(&format!("cfg(test)] mod {name};")))
    })
}

/// The code on one line, without comments and without tests at its end.
fn code_of(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ").replace("pub(crate) mod", "mod")
}

fn imports(files: &BTreeMap<Module, String>) -> Imports {
    let of = |module: &Module, code: &str| {
        let named = named(module, code, files).into_iter().filter_map(|path| resolved(path, files));
        named.filter(|named| named != module).collect()
    };
    files.iter().map(|(module, code)| (module.clone(), of(module, code))).collect()
}

/// The paths that a module names within its crate, from the root.
fn named(module: &Module, code: &str, files: &BTreeMap<Module, String>) -> Vec<Module> {
    let mut named = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("::") {
        let start = rest[..at].rfind(|c: char| !is_of_name(c)).map_or(0, |before| before + 1);
        let (first, is_reexport) =
            (&rest[start..at], rest[..start].ends_with("pub use ") || rest[..start].ends_with("pub(crate) use "));
        let child: Module = module.iter().cloned().chain([first.to_owned()]).collect();
        let base = match first {
            "crate" => Some(Module::new()),
            "self" => Some(module.clone()),
            "super" => Some(module[..module.len().saturating_sub(1)].to_vec()),
            _ if files.contains_key(&child) && !is_reexport && !rest[..start].ends_with(':') => Some(child),
            _ => None,
        };
        let (paths, length) = paths(&rest[at + 2..]);
        for path in base.into_iter().flat_map(|base| paths.iter().map(move |path| joined(base.clone(), path))) {
            named.push(path);
        }
        rest = &rest[at + 2 + length..];
    }
    named
}

fn joined(mut base: Module, path: &[String]) -> Module {
    for name in path {
        if name == "super" {
            base.pop();
        } else if name != "self" {
            base.push(name.clone());
        }
    }
    base
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths that code begins with, and how long they are: several if a group in braces comes.
fn paths(code: &str) -> (Vec<Module>, usize) {
    if let Some(group) = code.strip_prefix('{') {
        let (mut all, mut length) = (Vec::new(), 1);
        loop {
            let rest = &group[length - 1..];
            match rest.chars().next() {
                None => return (all, length),
                Some('}') => return (all, length + 1),
                Some(c) if is_of_name(c) => {
                    let (paths, read) = paths(rest);
                    all.extend(paths);
                    length += read;
                }
                Some(c) => length += c.len_utf8(),
            }
        }
    }
    let end = code.find(|c: char| !is_of_name(c)).unwrap_or(code.len());
    let name = code[..end].to_owned();
    match code[end..].strip_prefix("::") {
        Some(rest) => {
            let (paths, length) = paths(rest);
            let all = paths.into_iter().map(|path| [name.clone()].into_iter().chain(path).collect());
            (all.collect(), end + 2 + length)
        }
        None => (vec![vec![name]], end),
    }
}

/// The module that a path leads to, through what modules export of those below them.
fn resolved(mut path: Module, files: &BTreeMap<Module, String>) -> Option<Module> {
    loop {
        let length = (1..=path.len()).rev().find(|length| files.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let code = &files[module];
        let below = rest.first().and_then(|name| {
            let children = files.keys().filter(|other| other.len() == length + 1 && other.starts_with(module));
            children.into_iter().find(|child| exports(code, &child[length], name))
        });
        match below {
            Some(child) => path = child.iter().cloned().chain(rest.iter().cloned()).collect(),
            None => return Some(module.to_vec()),
        }
    }
}

/// Whether a module's code exports this name from the module below it.
fn exports(code: &str, below: &str, name: &str) -> bool {
    let uses = [format!("pub use {below}::"), format!("pub(crate) use {below}::")];
    let mut named = uses.iter().flat_map(|start| code.split(start.as_str()).skip(1)).flat_map(|rest| paths(rest).0);
    named.any(|path| path.last().is_some_and(|last| last == name))
}

/// The imports between the modules at the top.
fn at_the_top(imports: &Imports) -> Imports {
    let mut top = Imports::new();
    for (module, named) in imports {
        let own = vec![module[0].clone()];
        let others = named.iter().map(|other| vec![other[0].clone()]).filter(|other| *other != own);
        top.entry(own.clone()).or_default().extend(others);
    }
    top
}

/// The largest sets of modules that import each other, directly or through others.
fn cycles(imports: &Imports) -> Vec<Vec<&Module>> {
    let reached: BTreeMap<_, _> = imports.keys().map(|module| (module, reached(module, imports))).collect();
    let mut cycles = BTreeSet::new();
    for (module, others) in &reached {
        let cycle: Vec<_> = others
            .iter()
            .copied()
            .filter(|other| reached.get(other).is_some_and(|back| back.contains(module)))
            .collect();
        if cycle.len() > 1 {
            cycles.insert(cycle);
        }
    }
    cycles.into_iter().collect()
}

fn reached<'a>(module: &Module, imports: &'a Imports) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = imports.get(module).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(imports.get(module).into_iter().flatten());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str) -> Module {
        path.split('/').map(str::to_owned).collect()
    }

    fn cycle_of(sources: &[(&str, &str)]) -> Vec<usize> {
        let files = sources.iter().map(|(path, source)| (module(path), code_of(source))).collect();
        cycles(&imports(&files)).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_cycle_is_found_through_every_form_of_an_import() {
        let by =
            |import: &str| cycle_of(&[("a", import), ("b", "use crate::c::C;"), ("c", "fn c() { crate::a::f() }")]);
        for import in
            ["use crate::b::B;", "use super::b::B;", "use crate::{d::D, b::{B, f}};", "fn f() { crate::b::f() }"]
        {
            assert_eq!(by(import), [3], "{import}");
        }
        for none in ["// use crate::b::B;", "use std::b::B;", "#[cfg(test)]\nmod tests { use crate::b::B; }"] {
            assert!(by(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_name_that_a_module_exports_is_imported_from_where_it_is() {
        let parent = "mod low; mod high; pub use low::Low; pub(crate) use high::{High, f};";
        assert!(cycle_of(&[("p", parent), ("p/low", ""), ("p/high", "use super::Low;")]).is_empty());
        assert_eq!(cycle_of(&[("p", parent), ("p/low", "use super::f;"), ("p/high", "use crate::p::Low;")]), [2]);
        assert_eq!(cycle_of(&[("p", "mod low; use low::Low;"), ("p/low", "use super::own;")]), [2]);
    }

    #[test]
    fn modules_for_tests_alone_do_not_count() {
        let files = [("a", "#[cfg(test)]\nmod checks;"), ("a/checks", ""), ("a/tests", ""), ("a/other", "")];
        let files = files.iter().map(|(path, source)| (module(path), code_of(source))).collect();
        let tests = ["a", "a/checks", "a/tests", "a/other"].map(|path| is_test(&module(path), &files));
        assert_eq!(tests, [false, true, true, false]);
    }
}
