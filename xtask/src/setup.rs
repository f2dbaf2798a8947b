//! `cargo xtask setup`: what a fresh Debian machine with git, cargo and node still lacks.
//!
//! Every step is skipped when its result is already there. A step that cannot be done says what is missing and how to
//! get it, and the rest goes on: tests that need the missing thing fail later with the same name in their message.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use crate::shell;
use crate::stamp::Stamp;
use crate::tools::{self, Installer};

/// How much of the machine is to be set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What running the demonstration needs: the islands of the screens, fonts for letters.
    Screens,
    /// What the tests need as well: a browser, the test runner, PostgreSQL, the end-to-end packages.
    Everything,
}

/// How one step ended.
enum Done {
    /// Nothing to do; why.
    Already(&'static str),
    /// Done now; what.
    Now(String),
    /// Not possible here; what is missing and how to get it.
    Missing(String),
}

/// Runs the steps in order.
pub fn run(scope: Scope) -> Result<()> {
    shell::end_children_on_signal()?;
    steps(scope)
}

/// The steps themselves, for tasks that already listen for signals.
pub fn steps(scope: Scope) -> Result<()> {
    if scope == Scope::Everything {
        step("browser", browser)?;
        step("test runner", test_runner)?;
        step("PostgreSQL", postgres)?;
        step("broker of instruments", broker)?;
    }
    step("Chinese fonts", fonts)?;
    step("packages of ui/", || npm_packages("ui"))?;
    step("islands of ui/", build_islands)?;
    if scope == Scope::Everything {
        step("packages of tests/e2e/", || npm_packages("tests/e2e"))?;
        step("Python packages of tests/e2e/", python_packages)?;
    }
    Ok(())
}

fn step(title: &str, work: impl FnOnce() -> Result<Done>) -> Result<()> {
    let started = Instant::now();
    shell::say_start(&format!("setup: {title}"));
    let done = work()?;
    let seconds = started.elapsed().as_secs_f64();
    match done {
        Done::Already(why) => println!("{why}"),
        Done::Now(what) => println!("{what} ({seconds:.1} s)"),
        Done::Missing(what) => println!("MISSING: {what}"),
    }
    Ok(())
}

fn browser() -> Result<Done> {
    if tools::browser().is_some() {
        return Ok(Done::Already("already there"));
    }
    packages(&["chromium"], || tools::browser().is_some())
}

/// Its own cluster is not used, but the programs are: every run starts one of its own with them.
fn postgres() -> Result<Done> {
    if ganglion_cluster::is_installed() {
        return Ok(Done::Already("already there"));
    }
    packages(&["postgresql"], ganglion_cluster::is_installed)
}

/// Readings of instruments are tried with a broker that is not ours.
fn broker() -> Result<Done> {
    let is_there = || ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].iter().any(|path| Path::new(path).is_file());
    if is_there() {
        return Ok(Done::Already("already there"));
    }
    packages(&["mosquitto"], is_there)
}

/// Letters are printed with them, and the browser of the tests shows pages with them.
fn fonts() -> Result<Done> {
    if tools::has_chinese_font() {
        return Ok(Done::Already("already there"));
    }
    // fontconfig answers whether a font is there at all; it comes with chromium, but not on a machine that has another browser.
    packages(&["fontconfig", "fonts-noto-cjk"], tools::has_chinese_font)
}

/// Installs Debian packages; `is_there` says afterwards whether that helped.
fn packages(names: &[&str], is_there: fn() -> bool) -> Result<Done> {
    let wanted = names.join(" ");
    let installer = tools::installer();
    if installer == Installer::Unavailable {
        return Ok(Done::Missing(format!("{wanted}; needs root or sudo: apt-get install {wanted}")));
    }
    if tools::apt_install(installer, names)? && is_there() {
        Ok(Done::Now(format!("installed {wanted}")))
    } else {
        Ok(Done::Missing(format!("{wanted}; apt could not install them, see target/xtask/apt-install.log")))
    }
}

fn test_runner() -> Result<Done> {
    if tools::has_nextest() {
        return Ok(Done::Already("already there"));
    }
    let log_path = shell::target_folder().join("xtask/nextest-install.log");
    let install = shell::cargo(&["install", "--locked", "cargo-nextest"]);
    if shell::run_logged(install, &log_path)?.success {
        Ok(Done::Now("installed cargo-nextest".to_owned()))
    } else {
        Ok(Done::Missing("cargo-nextest; see target/xtask/nextest-install.log".to_owned()))
    }
}

/// `npm ci` when the lock file is not the one that was installed last.
fn npm_packages(folder: &str) -> Result<Done> {
    let folder_path = shell::repository_root().join(folder);
    let lock_path = folder_path.join("package-lock.json");
    if !lock_path.is_file() {
        return Ok(Done::Already("none declared"));
    }
    let stamp = Stamp::of(&format!("npm-{}", folder.replace('/', "-")), &[lock_path])?;
    if stamp.is_current() && folder_path.join("node_modules").is_dir() {
        return Ok(Done::Already("already there"));
    }
    if !shell::is_on_path("npm") {
        return Ok(Done::Missing("npm; install node 20 or newer (apt-get install nodejs npm)".to_owned()));
    }
    let log_name = format!("npm-{}.log", folder.replace('/', "-"));
    let log_path = shell::target_folder().join("xtask").join(&log_name);
    let mut install = shell::command("npm", &["ci", "--no-audit", "--no-fund"]);
    install.current_dir(&folder_path);
    if !shell::run_logged(install, &log_path)?.success {
        return Ok(Done::Missing(format!("the packages of {folder}/; npm ci failed, see target/xtask/{log_name}")));
    }
    stamp.write()?;
    Ok(Done::Now("npm ci".to_owned()))
}

/// Clients and testers of our interfaces that are not ours, in an environment of their own that the specs look for.
fn python_packages() -> Result<Done> {
    let wanted = shell::repository_root().join("tests/e2e/requirements.txt");
    let folder = shell::repository_root().join("target/python");
    let python = folder.join("bin/python");
    let stamp = Stamp::of("python", std::slice::from_ref(&wanted))?;
    if stamp.is_current() && python.is_file() {
        return Ok(Done::Already("already there"));
    }
    let made = || shell::succeeds("python3", &["-m", "venv", &folder.to_string_lossy()]);
    // Debian's Python comes without the part that makes environments.
    if !made() {
        let asked = packages(&["python3-venv"], || true)?;
        if !made() {
            let told = "python3 -m venv does not work here; apt-get install python3-venv".to_owned();
            return Ok(if matches!(asked, Done::Missing(_)) { asked } else { Done::Missing(told) });
        }
    }
    let mut install = shell::command(&python.to_string_lossy(), &["-m", "pip", "install", "--quiet"]);
    install.args(["--disable-pip-version-check", "--retries", "2", "--requirement"]).arg(&wanted);
    let log_path = shell::target_folder().join("xtask/python-install.log");
    if !shell::run_logged(install, &log_path)?.success {
        let told = "the packages of tests/e2e/requirements.txt; pip failed, see target/xtask/python-install.log";
        return Ok(Done::Missing(told.to_owned()));
    }
    stamp.write()?;
    Ok(Done::Now("pip install".to_owned()))
}

/// Whether ui/dist was built from the sources as they are now.
pub fn islands_are_current() -> Result<bool> {
    let folder = shell::repository_root().join("ui");
    Ok(islands_stamp()?.is_current() && folder.join("dist").is_dir())
}

fn islands_stamp() -> Result<Stamp> {
    Stamp::of("ui-build", &[shell::repository_root().join("ui")])
}

/// `npm run build` in ui/ when any input changed.
fn build_islands() -> Result<Done> {
    let folder = shell::repository_root().join("ui");
    if !folder.join("package.json").is_file() {
        return Ok(Done::Already("none declared"));
    }
    if islands_are_current()? {
        return Ok(Done::Already("already built"));
    }
    let stamp = islands_stamp()?;
    if !folder.join("node_modules").is_dir() {
        return Ok(Done::Missing("the islands; screens work without them, as they do with scripts off".to_owned()));
    }
    let log_path: PathBuf = shell::target_folder().join("xtask/ui-build.log");
    let mut build = shell::command("npm", &["run", "build"]);
    build.current_dir(&folder);
    let outcome = shell::run_logged(build, &log_path)?;
    if !outcome.success {
        return Ok(Done::Missing("the islands; npm run build failed in ui/, see target/xtask/ui-build.log".to_owned()));
    }
    stamp.write()?;
    Ok(Done::Now("npm run build".to_owned()))
}
