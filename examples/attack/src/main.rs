//! Loads MITRE ATT&CK into one poly persistent type with twelve derived types, and shows what one can do with it.
//!
//! Exit status: 0 if every line was loaded, 1 if lines were refused (each is reported with its number, the rest is
//! loaded), 2 if the file cannot be read or the arguments are wrong.

#![expect(unreachable_pub, reason = "a program: `pub` is what its other rooms may use")]

mod load;
mod model;
mod source;
mod tour;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use console::style;
use longevity::blocking::Longevity;
use longevity::prelude::*;

use model::Attack;
use source::Source;

/// Load MITRE ATT&CK into a store and look around in it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// A file of JSON objects, one a line, plain or gzipped; ATT&CK 18.1 if not given.
    file: Option<PathBuf>,

    /// Print the domain model as a Mermaid class diagram, and stop.
    #[arg(long)]
    diagram: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.diagram {
        print!("{}", Attack::description().to_mermaid());
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{} {error}", style("error:").red().bold());
            ExitCode::from(2)
        }
    }
}

/// Loads and shows; gives the number of lines refused.
fn run(arguments: &Arguments) -> Result<usize, Box<dyn std::error::Error>> {
    let source = match &arguments.file {
        Some(path) => Source::open(path)?,
        None => Source::shipped(),
    };
    println!("\n{} into memory", style(&source.name).bold());

    let store = Longevity::<Attack, _>::open_with(Mem::new(), Options::default().timestamps(true))?;
    store.create_schema()?;

    let start = Instant::now();
    let loaded = load::load(&store, source)?;
    let seconds = start.elapsed().as_secs_f64();
    print!("{} objects in {seconds:.2} s", style(tour::grouped(loaded.objects)).green().bold());
    match loaded.refused.len() {
        0 => println!(", no line refused"),
        lines => println!(", {} refused:", style(lines).red().bold()),
    }
    for refusal in &loaded.refused {
        eprintln!("  {} {}", style(format!("line {}:", refusal.line)).red(), refusal.reason);
    }
    tour::tour(&store)?;
    Ok(loaded.refused.len())
}
