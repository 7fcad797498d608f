//! Checks that no top-level module of this crate imports, even through others, a module that imports it. Each module can
//! therefore be read and changed without the modules above it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The imports of each module.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The modules named after `crate::` in code, without comments and without tests at the end of a file.
fn named(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join("\n");
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let named: BTreeSet<_> = code.split("crate::").skip(1).map(name).collect();
    // A list of modules, or a name that the root exports, would hide the import.
    let is_module = |name: &String| name.starts_with(|c: char| c.is_ascii_lowercase());
    assert!(named.iter().all(is_module), "import from a module, one at a time: {named:?}");
    named
}

fn imports() -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut imports = Imports::new();
    for file in files {
        let module = file.strip_prefix(&root).unwrap().iter().next().unwrap().to_str().unwrap();
        let module = module.trim_end_matches(".rs").to_owned();
        // The root exports everything that users name, and this test names everything.
        if module != "lib" && module != "layers" {
            imports.entry(module).or_default().extend(named(&fs::read_to_string(&file).unwrap()));
        }
    }
    imports
}

/// Repeatedly removes the modules that import none of the remaining ones. The modules that are left are in a circle or above
/// one.
fn circles(mut imports: Imports) -> Imports {
    loop {
        let left: BTreeSet<_> = imports.keys().cloned().collect();
        let before = imports.len();
        imports.retain(|module, named| named.iter().any(|name| name != module && left.contains(name)));
        if imports.len() == before {
            return imports;
        }
    }
}

#[test]
fn no_modules_import_each_other() {
    let imports = imports();
    assert!(imports.len() > 20 && imports["backend"].contains("table"), "{imports:?}");
    let circles = circles(imports);
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_circle_is_found() {
    let of = |module: &str, named: &[&str]| (module.to_owned(), named.iter().map(|name| (*name).to_owned()).collect());
    let circle = [of("a", &["b"]), of("b", &["c"]), of("c", &["b", "d"]), of("d", &["d"])];
    assert_eq!(circles(circle.into()).len(), 3);
    assert!(circles([of("a", &["b", "c"]), of("b", &["c"]), of("c", &["Error"])].into()).is_empty());
}
