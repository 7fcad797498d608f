//! The cost of a wide model to its user: how long it takes to build, compared with the same types with serde alone, and how long
//! the conformance suite takes over it. Crates are written into the target folder, and cargo builds them. The measured time is
//! the processor time of cargo and everything that it starts, which other work on the machine changes little.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use longevity_wide::{Flavour, Model, Size, longevity_program, serde_program, source};

use crate::cargo;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) const USAGE: &str = "cargo xtask wide build|suite";

/// `build` compares builds, `suite` measures the conformance suite.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let done = match arguments {
        [what] if what == "build" => build(),
        [what] if what == "suite" => suite(),
        _ => Err(format!("usage: {USAGE}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A crate in the target folder.
struct Crate {
    flavour: Flavour,
    name: &'static str,
    folder: PathBuf,
    target: PathBuf,
}

/// The cost of a build: the seconds of each step, and the bytes of the release binary.
struct Cost {
    steps: Vec<(&'static str, f64)>,
    binary: u64,
}

fn build() -> Result<()> {
    let [serde, longevity] = crates()?;
    let (serde, longevity) = (serde.measure()?, longevity.measure()?);
    println!("\n| | serde alone | longevity | ratio |\n| --- | --- | --- | --- |");
    for ((step, alone), (_, with)) in serde.steps.iter().zip(&longevity.steps) {
        println!("| {step}, CPU seconds | {alone:.1} | {with:.1} | {:.1} |", with / alone.max(0.01));
    }
    let megabytes = |bytes| bytes as f64 / 1e6;
    let (alone, with) = (megabytes(serde.binary), megabytes(longevity.binary));
    println!("| release binary, MB | {alone:.2} | {with:.2} | {:.1} |", with / alone.max(0.01));
    Ok(())
}

fn suite() -> Result<()> {
    let [_, longevity] = crates()?;
    longevity.write(false)?;
    longevity.cargo(&["test", "--no-run"])?;
    for test in ["sizes", "repo_crud_spec", "query_spec"] {
        longevity.cargo(&["test", "--test", test, "--", "--nocapture"])?;
    }
    Ok(())
}

fn crates() -> Result<[Crate; 2]> {
    let metadata = cargo().args(["locate-project", "--workspace", "--message-format", "plain"]).output()?;
    let manifest = PathBuf::from(String::from_utf8(metadata.stdout)?.trim());
    let root = manifest.parent().ok_or("cargo names no workspace")?.to_owned();
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("wide");
    let of = |flavour, name: &'static str| -> Result<Crate> {
        let made = Crate { flavour, name, folder: target.join(name), target: target.join("build") };
        made.write_manifest(&root)?;
        Ok(made)
    };
    Ok([of(Flavour::Serde, "wide_serde")?, of(Flavour::Longevity, "wide_longevity")?])
}

impl Crate {
    fn measure(&self) -> Result<Cost> {
        // This removes what an earlier run left of the crate, and builds its dependencies.
        self.write_nothing()?;
        for step in [&["check"][..], &["build"], &["build", "--release"]] {
            self.cargo(step)?;
        }
        self.write(false)?;
        let mut steps = vec![
            ("check", self.cargo(&["check"])?),
            ("debug build", self.cargo(&["build"])?),
            ("release build", self.cargo(&["build", "--release"])?),
        ];
        let binary = fs::metadata(self.target.join("release").join(self.name))?.len();
        self.cargo(&["run"])?;
        self.write(true)?;
        steps.push(("debug build after a change of one field", self.cargo(&["build"])?));
        Ok(Cost { steps, binary })
    }

    /// The processor time of a run of cargo, in seconds.
    fn cargo(&self, arguments: &[&str]) -> Result<f64> {
        println!("== {}: cargo {}", self.name, arguments.join(" "));
        let before = seconds_of_children()?;
        let mut cargo = cargo();
        let (command, rest) = arguments.split_first().ok_or("no command")?;
        cargo.arg(command).arg("--quiet").arg("--target-dir").arg(&self.target).args(rest);
        let status = cargo.current_dir(&self.folder).status()?;
        if !status.success() {
            return Err(format!("cargo {} failed in {}", arguments.join(" "), self.folder.display()).into());
        }
        let seconds = seconds_of_children()? - before;
        println!("== {}: cargo {}: {seconds:.1} CPU seconds", self.name, arguments.join(" "));
        Ok(seconds)
    }

    fn write_manifest(&self, root: &Path) -> Result<()> {
        let dependencies = match self.flavour {
            Flavour::Serde => "serde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n".to_owned(),
            Flavour::Longevity => {
                let path = root.join("longevity");
                let path = path.display();
                format!(
                    "longevity = {{ path = {path:?}, default-features = false, features = [\"sqlite\", \"blocking\"] }}\n\
                     serde = {{ version = \"1\", features = [\"derive\"] }}\n\n[dev-dependencies]\n\
                     longevity = {{ path = {path:?}, features = [\"testkit\"] }}\nserde_json = \"1\"\n",
                    path = path.to_string()
                )
            }
        };
        let name = self.name;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependencies}"
        );
        write(&self.folder.join("Cargo.toml"), &manifest)?;
        // The crate uses the versions with which this workspace is tested.
        fs::copy(root.join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        Ok(())
    }

    /// A crate without types, whose build builds only the dependencies.
    fn write_nothing(&self) -> Result<()> {
        write(&self.folder.join("src/lib.rs"), "")?;
        write(&self.folder.join("src/main.rs"), "fn main() {}\n")
    }

    fn write(&self, edited: bool) -> Result<()> {
        let model = Model::new(Size::WHOLE);
        write(&self.folder.join("src/lib.rs"), &source(&model, self.flavour, edited))?;
        let program = match self.flavour {
            Flavour::Serde => serde_program(&model),
            Flavour::Longevity => longevity_program(&model),
        };
        write(&self.folder.join("src/main.rs"), &program)?;
        if self.flavour == Flavour::Longevity {
            for (name, test) in [("repo_crud_spec", REPO_CRUD_SPEC), ("query_spec", QUERY_SPEC), ("sizes", SIZES)] {
                write(&self.folder.join("tests").join(name).with_extension("rs"), test)?;
            }
        }
        Ok(())
    }
}

const REPO_CRUD_SPEC: &str = "longevity::repo_crud_spec!(wide_longevity::Health, longevity::Mem::new());\n";

const QUERY_SPEC: &str = "longevity::query_spec!(wide_longevity::Health, longevity::Mem::new());\n";

/// The size of the generated rows.
const SIZES: &str = include_str!("wide_sizes.txt");

/// Writes a file unless it has this content already.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, text)?)
}

/// The user and system processor time, in seconds, of all processes that this process has started and that have ended. It is the
/// sum of the sixteenth and the seventeenth value that Linux reports for a process (`man 5 proc_pid_stat`), in hundredths of a
/// second.
fn seconds_of_children() -> Result<f64> {
    let no_linux =
        |error: io::Error| format!("cannot read the processor times that Linux reports in /proc/self/stat: {error}");
    let stat = fs::read_to_string("/proc/self/stat").map_err(no_linux)?;
    // The second value is a name in parentheses, which may contain any character.
    let (_, rest) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name in it")?;
    let hundredths: std::result::Result<Vec<f64>, _> =
        rest.split_whitespace().skip(13).take(2).map(str::parse).collect();
    Ok(hundredths?.iter().sum::<f64>() / 100.0)
}
