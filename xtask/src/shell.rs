//! Starting other programs: where the repository is, a clean environment, logs on disk, and no process left behind.
//!
//! It does not decide which programs run; the tasks do.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Set for every program we start, so that whatever outlives its step can be found again by its environment, even a
/// browser that moved itself into a session of its own.
const RUN_MARK: &str = "GANGLION_XTASK_RUN";

/// The folder that holds the workspace's `Cargo.toml`.
pub fn repository_root() -> PathBuf {
    let own_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    own_folder.parent().unwrap_or(own_folder).to_path_buf()
}

/// Where cargo puts what it builds; `CARGO_TARGET_DIR` moves it.
pub fn target_folder() -> PathBuf {
    let root = repository_root();
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// The built server binary of a profile folder (`debug` or `release`).
pub fn ganglion_binary(profile_folder: &str) -> PathBuf {
    target_folder().join(profile_folder).join("ganglion")
}

/// A program to be started at the root of the repository, without standard input.
///
/// What `cargo run` told this process about its own package is taken out again: build scripts that watch those
/// variables (ring's does) would otherwise be rebuilt each time a developer changes between `cargo` and `cargo xtask`.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(repository_root()).stdin(Stdio::null()).env(RUN_MARK, run_mark());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let about_this_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"];
        if about_this_package.iter().any(|prefix| text.starts_with(prefix)) || text == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(&name);
        }
    }
    command
}

/// The cargo that started us, or the one on the path.
pub fn cargo(arguments: &[&str]) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), arguments)
}

/// What a program that ran to its end left.
pub struct Outcome {
    /// Whether it ended with status 0.
    pub success: bool,
    /// Standard output and standard error, in the order they were written.
    pub text: String,
}

/// Runs a program to its end with everything it says in `log_path`, then ends whatever it left running.
pub fn run_logged(mut command: Command, log_path: &Path) -> Result<Outcome> {
    if let Some(folder) = log_path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    }
    let log = File::create(log_path).with_context(|| format!("making the log {}", log_path.display()))?;
    let errors = log.try_clone().context("sharing the log between both outputs")?;
    let status = command.stdout(log).stderr(errors).status().with_context(|| format!("starting {command:?}"))?;
    end_leftovers();
    let text = String::from_utf8_lossy(&fs::read(log_path)?).into_owned();
    Ok(Outcome { success: status.success(), text })
}

/// Runs a program to its end with its output on our terminal.
pub fn run_shown(mut command: Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("starting {command:?}"))
}

/// Runs a program quietly and says whether it ended well; a program that cannot be started did not.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let quiet = command(program, arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Whether a program of that name is on the path.
pub fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|folders| std::env::split_paths(&folders).any(|folder| folder.join(program).is_file()))
}

/// Says what begins; the end of the line is for how it ended.
pub fn say_start(what: &str) {
    print!("{what} ... ");
    // A terminal that cannot be flushed loses a progress line and nothing else.
    let _shown = std::io::stdout().flush();
}

/// The last `lines` lines of what a program said.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// On Ctrl-C or SIGTERM: end what we started, then ourselves.
pub fn end_children_on_signal() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("listening for Ctrl-C and SIGTERM")?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            end_leftovers();
            std::process::exit(130);
        }
    });
    Ok(())
}

/// How a task tells the shell that it failed: the chain of causes on one line, without a backtrace.
pub fn exit_code(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends every process that still carries the mark of this run, and returns how many there were.
pub fn end_leftovers() -> usize {
    end_marked(&run_mark())
}

fn end_marked(mark: &str) -> usize {
    let wanted = format!("{RUN_MARK}={mark}");
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let mut ended = 0;
    for process in processes.flatten() {
        let name = process.file_name().to_string_lossy().into_owned();
        if name.parse::<u32>().is_err() {
            continue;
        }
        let Ok(environment) = fs::read(process.path().join("environ")) else {
            continue;
        };
        if environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()) {
            // Not through `command`: the messenger would carry the mark itself. The shell's own `kill` is always there.
            let sent = Command::new("sh").args(["-c", &format!("kill -KILL {name}")]).stderr(Stdio::null()).status();
            ended += usize::from(sent.is_ok_and(|status| status.success()));
        }
    }
    ended
}

/// Differs between two runs at the same time: each ends only its own.
fn run_mark() -> String {
    std::process::id().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;

    #[test]
    fn a_process_that_left_its_group_is_still_found_and_ended() {
        let mark = format!("{}-left-behind", run_mark());
        let mut waiter = command("sh", &["-c", "echo started; read line"]);
        waiter.env(RUN_MARK, &mark).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut left_behind = waiter.spawn().unwrap();
        let _kept_open = left_behind.stdin.take();
        // `spawn` may return before the kernel has put the new environment in place; what the program says comes after.
        let mut said = String::new();
        BufReader::new(left_behind.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!((said.as_str(), end_marked(&mark)), ("started\n", 1));
        assert!(!left_behind.wait().unwrap().success());
    }

    #[test]
    fn output_and_failure_of_a_program_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let script = command("sh", &["-c", "echo said; echo wrong >&2; exit 3"]);
        let outcome = run_logged(script, &folder.path().join("deep/step.log")).unwrap();
        assert!(!outcome.success);
        assert_eq!(outcome.text, "said\nwrong\n");
    }

    #[test]
    fn a_program_that_is_not_there_does_not_succeed() {
        assert!(!is_on_path("no-such-program-anywhere"));
        assert!(!succeeds("no-such-program-anywhere", &[]));
    }
}
