//! Where PostgreSQL's programs are, and as whom they run: it refuses to run as root.

use super::{ClusterError, quiet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who may own a server, in order of preference.
const OWNERS: [&str; 2] = ["postgres", "nobody"];

/// PostgreSQL's programs.
#[derive(Clone, Debug)]
pub struct Program {
    bin: PathBuf,
    /// User and group to become, when we are root.
    owner: Option<(u32, u32)>,
}

impl Program {
    /// Finds the newest that is installed.
    pub fn find() -> Result<Program, ClusterError> {
        let bin = bin().ok_or(ClusterError::NotInstalled)?;
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let owner = is_root.then(|| OWNERS.into_iter().find_map(ids)).flatten();
        Ok(Program { bin, owner })
    }

    /// Whether there is a program of this name on the path.
    pub fn is_on_path(name: &str) -> bool {
        on_path(|folder| folder.join(name).is_file()).is_some()
    }

    /// One of the programs, run as the owner.
    pub fn command(&self, name: &str) -> Command {
        self.as_owner(&self.bin.join(name).to_string_lossy())
    }

    /// Any program, run as the owner.
    pub fn as_owner(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command.current_dir("/");
        command
    }

    /// The folder of the programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// A fresh folder that belongs to the owner.
    pub fn temporary_folder(&self) -> Result<PathBuf, ClusterError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let what = "making a folder for PostgreSQL";
        let name = format!("ganglion-postgres-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        // A process of that number, long gone, may have left one.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).map_err(ClusterError::io(what))?;
        self.give(&folder)?;
        Ok(folder)
    }

    /// Gives a folder to the owner, and to nobody else.
    pub fn give(&self, folder: &Path) -> Result<(), ClusterError> {
        let what = "giving a folder to PostgreSQL";
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(ClusterError::io(what))?;
        match self.owner {
            Some((user, group)) => chown(folder, Some(user), Some(group)).map_err(ClusterError::io(what)),
            None => Ok(()),
        }
    }

    /// Makes the files of a server in `folder/data`.
    pub fn initdb(&self, folder: &Path) -> Result<(), ClusterError> {
        let what = "making a PostgreSQL cluster";
        let [input, output, errors] = quiet();
        let mut command = self.command("initdb");
        command.args(["--username=ganglion", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"]);
        command.arg(folder.join("data")).stdin(input).stdout(output).stderr(errors);
        let done = command.output().map_err(ClusterError::io(what))?;
        if done.status.success() {
            return Ok(());
        }
        Err(ClusterError::Failed { what, reason: String::from_utf8_lossy(&done.stderr).trim().to_owned() })
    }
}

/// Debian keeps one folder for each version; elsewhere the programs are on the path.
fn bin() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .collect();
    found.sort();
    let both = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    found.pop().map(|(_, bin)| bin).or_else(|| on_path(both))
}

/// The first folder on the path that has something.
fn on_path(has: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the path is where programs are looked for")]
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| has(folder))
}

/// The numbers of a user.
fn ids(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
