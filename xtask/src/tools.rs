//! The programs from outside cargo that the tasks need, and how each is had on Debian.
//!
//! It only looks and installs; what to do when one stays missing is the caller's decision.

use anyhow::Result;

use crate::shell;

/// Names the browser goes by, first match wins.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser for end-to-end tests: what `CHROMIUM` names, or the first one on the path.
pub fn browser() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok().filter(|path| std::path::Path::new(path).is_file());
    named.or_else(|| BROWSERS.iter().find(|name| shell::is_on_path(name)).map(|name| (*name).to_owned()))
}

/// Whether a font with Chinese glyphs is installed.
pub fn has_chinese_font() -> bool {
    let listed = shell::command("fc-list", &[":lang=zh", "family"]).output();
    listed.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
}

/// Whether `cargo nextest` can be called.
pub fn has_nextest() -> bool {
    shell::is_on_path("cargo-nextest")
}

/// Whether `cargo deny` can be called.
pub fn has_deny() -> bool {
    shell::is_on_path("cargo-deny")
}

/// How this user may install packages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Installer {
    /// Already the administrator.
    Root,
    /// `sudo` answers without a password.
    Sudo,
    /// Neither, or no apt on this machine.
    Unavailable,
}

/// Finds out how packages can be installed here.
pub fn installer() -> Installer {
    if !shell::is_on_path("apt-get") {
        return Installer::Unavailable;
    }
    let user = shell::command("id", &["-u"]).output();
    if user.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        Installer::Root
    } else if shell::succeeds("sudo", &["-n", "true"]) {
        Installer::Sudo
    } else {
        Installer::Unavailable
    }
}

/// Installs Debian packages, after one refresh of the package lists; the logs are `target/xtask/apt-*.log`.
pub fn apt_install(installer: Installer, packages: &[&str]) -> Result<bool> {
    let apt = |arguments: &[&str], log: &str| -> Result<bool> {
        let mut words: Vec<&str> = match installer {
            Installer::Sudo => vec!["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
            Installer::Root | Installer::Unavailable => vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
        };
        words.extend_from_slice(arguments);
        let log_path = shell::target_folder().join("xtask").join(log);
        Ok(shell::run_logged(shell::command(words[0], &words[1..]), &log_path)?.success)
    };
    // An unreachable mirror is not the end: the lists on the machine may be enough.
    let _lists_are_fresh = apt(&["update", "-q"], "apt-update.log")?;
    let mut install = vec!["install", "-y", "-q", "--no-install-recommends"];
    install.extend_from_slice(packages);
    apt(&install, "apt-install.log")
}
