//! Generates the types of the slice.

use std::path::Path;

use longevity_wide::{Flavour, Model, Size, source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::var_os("OUT_DIR").ok_or("cargo did not set OUT_DIR")?;
    std::fs::write(Path::new(&folder).join("model.rs"), source(&Model::new(Size::SLICE), Flavour::Longevity, false))?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
