//! Where the keys come from that wrap row keys: lines in a file or in the environment, each a name and 64 hexadecimal digits, the
//! first one wraps. The master key of the installation stands behind them always: it wrapped before there were others.

use crate::system::write_private;
use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use ganglion_kernel::seal::{Cipher, Key, Keyring, MASTER, Named};
use std::path::{Path, PathBuf};

/// The file in the folder of an installation.
pub const FILE: &str = "seal.keys";
/// Longest name of a key.
const NAME_CHARS_MAX: usize = 32;

/// Where the keys are.
#[derive(Args, Clone, Debug, Default)]
pub struct KeyArgs {
    /// File with the keys that wrap row keys, a line each: a name, a blank and 64 hexadecimal digits (`openssl rand -hex 32`); the
    /// first one wraps. Without it, and without GANGLION_KEYS, `seal.keys` in the folder of the installation, if it is there.
    #[arg(long, env = "GANGLION_KEYS_FILE")]
    pub keys_file: Option<PathBuf>,
    /// The same lines in the environment, so that the keys never lie on a disk. On a command line everybody would see them.
    #[arg(long, env = "GANGLION_KEYS", hide = true, hide_env_values = true)]
    pub keys: Option<String>,
    /// What new personal values and row keys are sealed by: `aes-256-gcm` or `sm4-gcm` (commercial cryptography). What was sealed by
    /// the other one is still opened.
    #[arg(long, env = "GANGLION_CIPHER", default_value = Cipher::default().name(), value_parser = cipher)]
    pub cipher: Cipher,
}

fn cipher(name: &str) -> Result<Cipher> {
    Cipher::parse(name).with_context(|| format!("`{name}` is no cipher: say aes-256-gcm or sm4-gcm"))
}

impl KeyArgs {
    /// The file that is read, when the environment does not hold the keys.
    pub fn file(&self, data: &Path) -> Option<PathBuf> {
        match (&self.keys, &self.keys_file) {
            (Some(_), _) => None,
            (None, Some(file)) => Some(file.clone()),
            (None, None) => Some(data.join(FILE)),
        }
    }

    /// The ring of an installation. A file is read again while the server runs, when it meets a key it does not know.
    ///
    /// # Errors
    /// When a named file is not there, or what stands in it is no list of keys.
    pub fn ring(&self, data: &Path, master: Key) -> Result<Keyring> {
        let Some(file) = self.file(data) else {
            let named = parse(self.keys.as_deref().unwrap_or_default()).context("GANGLION_KEYS")?;
            return Ok(Keyring::of(with_master(named, master)).sealing_by(self.cipher));
        };
        let named = match self.keys_file {
            Some(_) => read(&file)?.with_context(|| format!("{} is not there", file.display()))?,
            None => read(&file)?.unwrap_or_default(),
        };
        let ring = Keyring::reading(with_master(named, master), move || match read(&file) {
            Ok(named) => Some(with_master(named.unwrap_or_default(), master)),
            Err(error) => {
                tracing::error!(%error, "the keys could not be read again");
                None
            }
        });
        Ok(ring.sealing_by(self.cipher))
    }
}

fn with_master(mut named: Named, master: Key) -> Named {
    named.push((MASTER.to_owned(), master));
    named
}

/// The keys of a file; `None` when it is not there.
///
/// # Errors
/// When it cannot be read or is no list of keys.
pub fn read(path: &Path) -> Result<Option<Named>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).with_context(|| path.display().to_string()).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Reads lines of name and key; blank ones and those that begin with `#` are passed over.
fn parse(text: &str) -> Result<Named> {
    let mut named = Named::new();
    for (at, line) in text.split(['\n', ',']).map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = at + 1;
        let (name, digits) = line.split_once([' ', '\t']).with_context(|| format!("line {at} is not `name key`"))?;
        check_name(name).with_context(|| format!("line {at}"))?;
        ensure!(!named.iter().any(|(one, _)| one == name), "line {at}: there are two keys called {name}");
        let key = unhex(digits.trim()).with_context(|| format!("line {at}: a key is 64 hexadecimal digits"))?;
        named.push((name.to_owned(), key));
    }
    Ok(named)
}

/// Refuses a name that could not stand in front of a wrapped key.
///
/// # Errors
/// When it could not.
pub fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(
        !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(plain),
        "a key is called by small letters, digits and hyphens"
    );
    ensure!(name != MASTER && name != "sealed", "`{name}` is taken: choose another name");
    Ok(())
}

fn unhex(digits: &str) -> Option<Key> {
    let mut key = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(key)
}

fn lines(named: &Named) -> String {
    let line = |(name, key): &(String, Key)| format!("{name} {}\n", crate::load::harness::hex(key));
    named.iter().map(line).collect()
}

/// Changes the keys of a file, which nobody else does meanwhile.
///
/// # Errors
/// When the file cannot be read or written, and those of `change`; the file is then as it was.
pub fn change(path: &Path, change: impl FnOnce(&mut Named) -> Result<()>) -> Result<()> {
    // The file itself is replaced by another. The one beside it stays, and is let go of when the process ends, however it ends; it is opened
    // for writing because folders shared by several machines (NFS) pass only such locks on.
    let beside = beside(path, ".lock");
    let waiting = std::fs::OpenOptions::new().create(true).append(true).open(&beside);
    let waiting = waiting.with_context(|| format!("opening {}", beside.display()))?;
    waiting.lock().with_context(|| format!("waiting for whoever changes {}", path.display()))?;
    let mut named = read(path)?.unwrap_or_default();
    change(&mut named)?;
    write(path, &named)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path with this behind its name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(end);
    PathBuf::from(beside)
}

/// Puts these keys in place of those in a file, all or none: a file beside it is written first and then takes its name.
fn write(path: &Path, named: &Named) -> Result<()> {
    let beside = beside(path, ".new");
    // Left by a run that was cut off.
    let _ = std::fs::remove_file(&beside);
    write_private(&beside, lines(named).as_bytes()).with_context(|| format!("writing {}", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("naming {}", path.display()))?;
    std::fs::File::open(folder_of(path)).and_then(|folder| folder.sync_all()).context("bringing the keys to the disk")
}

/// Adds a key in front of those in a file: from now on it wraps.
///
/// # Errors
/// When there is one of that name, or the file cannot be read or written.
pub fn add(path: &Path, name: &str, key: Key) -> Result<()> {
    check_name(name)?;
    change(path, |named| {
        if named.iter().any(|(one, _)| one == name) {
            bail!("there is a key called {name} in {} already: choose another name with --name", path.display());
        }
        named.insert(0, (name.to_owned(), key));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_lines_and_a_ring_reads_its_file_again() {
        let folder = tempfile::tempdir().unwrap();
        let args = KeyArgs::default();
        let ring = args.ring(folder.path(), [9; 32]).unwrap();
        assert_eq!(ring.names(), [MASTER]);
        let old = ring.wrap("row", &[1; 32]).unwrap();
        add(&folder.path().join(FILE), "y2026", [8; 32]).unwrap();
        assert!(add(&folder.path().join(FILE), "y2026", [7; 32]).is_err());
        ring.refresh();
        assert_eq!(ring.names(), ["y2026", MASTER]);
        assert_eq!(ring.unwrap(&old), Some([1; 32]));
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        let from_environment = KeyArgs { keys: Some(text), ..KeyArgs::default() };
        let same = from_environment.ring(folder.path(), [9; 32]).unwrap();
        assert_eq!(same.unwrap(&ring.wrap("row", &[2; 32]).unwrap()), Some([2; 32]));
    }

    #[test]
    fn keys_that_are_added_at_the_same_time_all_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        std::thread::scope(|scope| {
            for n in 0..8_u8 {
                let file = &file;
                scope.spawn(move || add(file, &format!("y{n}"), [n; 32]).unwrap());
            }
        });
        let mut names: Vec<String> = read(&file).unwrap().unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!(names, (0..8).map(|n| format!("y{n}")).collect::<Vec<_>>());
        change(&file, |_| bail!("another mind")).unwrap_err();
        assert_eq!(read(&file).unwrap().unwrap().len(), 8);
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused_with_its_line() {
        let said = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(said("# a note\ny2026").contains("line 2"));
        assert!(said("y2026 12").contains("64 hexadecimal digits"));
        assert!(said(&format!("master {}", "a".repeat(64))).contains("taken"));
        assert!(said(&format!("Y {}", "a".repeat(64))).contains("small letters"));
        let nowhere = KeyArgs { keys_file: Some("/nowhere/keys".into()), ..KeyArgs::default() };
        assert!(nowhere.ring(Path::new("/"), [9; 32]).is_err());
    }

    #[test]
    fn a_deployment_says_what_it_seals_by() {
        let folder = tempfile::tempdir().unwrap();
        let args = KeyArgs { cipher: cipher("sm4-gcm").unwrap(), ..KeyArgs::default() };
        let ring = args.ring(folder.path(), [9; 32]).unwrap();
        assert!(ring.wrap("row", &[1; 32]).unwrap().starts_with("sealed:2:"));
        assert!(cipher("rot13").unwrap_err().to_string().contains("sm4-gcm"));
    }
}
