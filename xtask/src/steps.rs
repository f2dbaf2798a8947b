//! The steps of `cargo xtask test`, in the order in which a failure is cheapest to learn of.
//!
//! A step starts programs and reads how they ended. How steps are chosen and shown is the business of `test.rs`.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::counts::{self, Counts};
use crate::stamp::files_under;
use crate::{generate, linked, postgres, setup, shell, tidy, tools};

/// One step.
pub struct Step {
    /// The name for `--only`.
    pub name: &'static str,
    /// What it does, for the line on the terminal.
    pub title: &'static str,
    /// Whether a tool from outside cargo is used.
    pub needs_setup: bool,
    /// Does it.
    pub run: fn() -> Result<Verdict>,
}

/// Every step, in order. `ui` comes before anything that compiles: the server embeds what it builds.
pub const STEPS: [Step; 11] = [
    Step { name: "fmt", title: "cargo fmt --check", needs_setup: false, run: format_check },
    Step { name: "tidy", title: "our own rules about the sources", needs_setup: false, run: tidy_check },
    Step { name: "generate", title: "generated files are current", needs_setup: false, run: generate_check },
    Step { name: "ui", title: "types and tests of the islands", needs_setup: true, run: islands },
    Step { name: "lint", title: "cargo clippy, warnings are errors", needs_setup: true, run: lint },
    Step { name: "unit", title: "cargo nextest run --workspace", needs_setup: true, run: unit_tests },
    Step { name: "postgres", title: "the server's tests and kills on PostgreSQL", needs_setup: true, run: on_postgres },
    Step { name: "doc", title: "examples in the documentation", needs_setup: false, run: doc_tests },
    Step { name: "packs", title: "check and scenarios of every pack", needs_setup: true, run: packs },
    Step { name: "e2e", title: "the built binary in a real browser", needs_setup: true, run: end_to_end },
    Step {
        name: "tree",
        title: "licences, sources and refused crates in the tree",
        needs_setup: false,
        run: dependency_tree,
    },
];

/// How a step ended.
pub struct Verdict {
    /// Whether all was well.
    pub success: bool,
    /// Tests counted, for the steps that have tests.
    pub counts: Option<Counts>,
    /// What to show when it failed.
    pub details: String,
}

impl Verdict {
    /// A step without tests of its own that went well.
    pub fn passed() -> Self {
        Self { success: true, counts: None, details: String::new() }
    }

    /// A step that failed before it could count anything.
    pub fn failed(details: String) -> Self {
        Self { success: false, counts: None, details }
    }

    /// What the step adds to the summary: a failed step is at least one failure.
    pub fn summed(&self) -> Counts {
        let counted = self.counts.unwrap_or_default();
        Counts { failed: counted.failed.max(u32::from(!self.success)), ..counted }
    }

    /// The counts for the end of the step's line.
    pub fn counted_text(&self) -> String {
        self.counts.map_or_else(String::new, |counts| format!(" {} passed, {} failed", counts.passed, counts.failed))
    }
}

/// Runs a program with its log in `target/xtask/<name>.log`; success is its status.
fn logged(name: &str, command: std::process::Command) -> Result<Verdict> {
    let outcome = shell::run_logged(command, &log_path(name))?;
    Ok(Verdict { success: outcome.success, counts: None, details: outcome.text })
}

/// As `logged`, for programs that end with counts: none at all is a failure too, for then nothing was tested.
fn counted(name: &str, command: std::process::Command) -> Result<Verdict> {
    let outcome = shell::run_logged(command, &log_path(name))?;
    let counts = counts::closing_counts(&outcome.text);
    let ran_any = counts.is_some_and(|counts| counts.passed > 0);
    let details = if ran_any { outcome.text } else { format!("{}\nno test ran", outcome.text) };
    Ok(Verdict {
        success: outcome.success && ran_any && counts.is_some_and(|counts| counts.failed == 0),
        counts,
        details,
    })
}

fn log_path(name: &str) -> PathBuf {
    shell::target_folder().join("xtask").join(format!("{name}.log"))
}

fn format_check() -> Result<Verdict> {
    logged("fmt", shell::cargo(&["fmt", "--all", "--check", "--", "--color", "never"]))
}

fn tidy_check() -> Result<Verdict> {
    let findings = tidy::findings(&shell::repository_root())?;
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Ok(if lines.is_empty() { Verdict::passed() } else { Verdict::failed(lines.join("\n")) })
}

fn generate_check() -> Result<Verdict> {
    let stale = generate::stale()?;
    let remedy = "run `cargo xtask generate`; not up to date:";
    Ok(if stale.is_empty() { Verdict::passed() } else { Verdict::failed(format!("{remedy}\n{}", stale.join("\n"))) })
}

/// The build itself is a step of the set-up; here are the type check and, where there are any, the unit tests.
fn islands() -> Result<Verdict> {
    let folder = shell::repository_root().join("ui");
    if !folder.join("package.json").is_file() {
        return Ok(Verdict::failed("there is no ui/package.json".to_owned()));
    }
    if !setup::islands_are_current()? {
        let log = std::fs::read_to_string(log_path("ui-build")).unwrap_or_default();
        return Ok(Verdict::failed(format!("{log}\nthe set-up could not build the islands")));
    }
    let in_ui = |program: &str, arguments: &[&str]| {
        let mut command = shell::command(program, arguments);
        command.current_dir(&folder);
        command
    };
    let types = logged("ui-types", in_ui("npx", &["--no-install", "tsc", "--noEmit"]))?;
    if !types.success || !folder.join("node_modules/vitest").is_dir() {
        return Ok(types);
    }
    let mut tests = in_ui("npx", &["--no-install", "vitest", "run"]);
    tests.env("NO_COLOR", "1");
    counted("ui-tests", tests)
}

/// A pass of its own and not a wrapper around the build: docs/decisions/0005-lint-pass.md has the measurements.
fn lint() -> Result<Verdict> {
    logged("lint", shell::cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
}

fn unit_tests() -> Result<Verdict> {
    if !tools::has_nextest() {
        return Ok(Verdict::failed("cargo-nextest is missing: cargo install --locked cargo-nextest".to_owned()));
    }
    let profile = if std::env::var_os("CI").is_some() { "ci" } else { "default" };
    let tests = shell::cargo(&["nextest", "run", "--workspace", "--profile", profile, "--color", "never"]);
    counted("unit", postgres::told(tests)?)
}

/// The tests of the server that run on any database, and a server that is killed under load. The tests of the store run over
/// both databases wherever they run.
fn on_postgres() -> Result<Verdict> {
    let profile = if std::env::var_os("CI").is_some() { "ci" } else { "default" };
    let which = ["-E", "package(ganglion-server) and kind(test)"];
    let mut tests = shell::cargo(&["nextest", "run", "--workspace", "--profile", profile, "--color", "never"]);
    tests.args(which).env("GANGLION_TEST_DATABASE", "postgres");
    let tested = counted("postgres", postgres::told(tests)?)?;
    if !tested.success {
        return Ok(tested);
    }
    let built = build_binary()?;
    if !built.success {
        return Ok(built);
    }
    let binary = shell::ganglion_binary("debug").display().to_string();
    let drilled = logged("postgres-kill", shell::command(&binary, &["drill", "kill", "--runs", "3", "--postgres"]))?;
    Ok(if drilled.success { tested } else { drilled })
}

/// Nextest does not run examples in comments; cargo does, but builds for minutes only to find that there are none.
fn doc_tests() -> Result<Verdict> {
    let crates = shell::repository_root().join("crates");
    let mut any = false;
    for path in files_under(&crates)?.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let source = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        any = any || has_doc_example(&source);
    }
    if !any {
        return Ok(Verdict::passed());
    }
    let outcome = shell::run_logged(shell::cargo(&["test", "--workspace", "--doc"]), &log_path("doc"))?;
    let counts = counts::summed_counts(&outcome.text);
    Ok(Verdict { success: outcome.success, counts, details: outcome.text })
}

/// Whether a doc comment opens a code block that rustdoc would compile.
fn has_doc_example(source: &str) -> bool {
    let mut inside = false;
    for line in source.lines().map(str::trim_start) {
        let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            continue;
        };
        let Some(language) = text.trim().strip_prefix("```") else {
            continue;
        };
        if !inside && ["", "rust", "should_panic", "no_run", "compile_fail"].contains(&language) {
            return true;
        }
        inside = !inside;
    }
    false
}

/// Builds the one binary that the packs and the browser are tested with: the same that the demonstration runs.
fn build_binary() -> Result<Verdict> {
    logged("build", shell::cargo(&["build", "--package", "ganglion-cli", "--quiet"]))
}

fn packs() -> Result<Verdict> {
    let built = build_binary()?;
    if !built.success {
        return Ok(built);
    }
    let binary = shell::ganglion_binary("debug").display().to_string();
    let folders = tidy::pack_names(&shell::repository_root())?.into_iter().map(|name| format!("packs/{name}"));
    let folders: Vec<String> = folders.collect();
    let with_folders = |words: [&str; 2]| {
        let mut command = shell::command(&binary, &words);
        command.args(&folders);
        command
    };
    let checked = logged("pack-check", with_folders(["pack", "check"]))?;
    if !checked.success {
        return Ok(checked);
    }
    counted("pack-test", with_folders(["pack", "test"]))
}

fn end_to_end() -> Result<Verdict> {
    let Some(browser) = tools::browser() else {
        return Ok(Verdict::failed("no browser: apt-get install chromium, or set CHROMIUM to its path".to_owned()));
    };
    let built = build_binary()?;
    if !built.success {
        return Ok(built);
    }
    let mut run = shell::command("node", &["tests/e2e/run.mjs"]);
    run.env("GANGLION_BIN", shell::ganglion_binary("debug")).env("CHROMIUM", browser);
    counted("e2e", run)
}

fn dependency_tree() -> Result<Verdict> {
    let words = ["tree", "--workspace", "--edges", "normal,build", "--prefix", "none", "--format", linked::FORMAT];
    let listed = logged("tree", shell::cargo(&words))?;
    if !listed.success {
        return Ok(listed);
    }
    let path = shell::repository_root().join("deny.toml");
    let rules = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let found = linked::refused(&listed.details, &rules);
    if !found.is_empty() {
        return Ok(Verdict::failed(found.join("\n")));
    }
    // It looks further, at every feature and target; it is not installed for this alone, which takes minutes of building.
    match tools::has_deny() {
        true => logged("deny", shell::cargo(&["deny", "check", "licenses", "bans", "sources"])),
        false => Ok(Verdict::passed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_without_counts_is_one_failure() {
        assert_eq!(Verdict::failed(String::new()).summed(), Counts { passed: 0, failed: 1 });
        assert_eq!(Verdict::passed().summed(), Counts::default());
    }

    #[test]
    fn a_program_that_ran_no_test_fails() {
        let silent = counted("sample-silent", shell::command("true", &[])).unwrap();
        assert!(!silent.success);
        let one = counted("sample-one", shell::command("echo", &["1 passed, 0 failed"])).unwrap();
        assert!(one.success);
        assert_eq!(one.counts, Some(Counts { passed: 1, failed: 0 }));
    }

    #[test]
    fn doc_examples_are_told_from_other_blocks() {
        assert!(has_doc_example("/// ```\n/// let a = 1;\n/// ```"));
        assert!(has_doc_example("//! ```no_run\n//! ```"));
        assert!(!has_doc_example("//! ```text\n//! picture\n//! ```\nlet s = \"```\";"));
    }
}
