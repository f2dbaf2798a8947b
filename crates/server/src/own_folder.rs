//! A folder of one run of the server, among those of other servers that share the installation's folder: for what is gone when
//! the run ends.

use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};

/// How long what a run left behind is kept: longer than any upload or batch lasts.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// Makes the folder `own` in `root`, and removes what runs that ended long ago left there.
///
/// # Errors
/// When the folder cannot be made.
pub fn own_folder(root: &Path, own: &str, now: Timestamp) -> std::io::Result<PathBuf> {
    let folder = root.join(own);
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let changed = entry.metadata().and_then(|about| about.modified());
        let is_old =
            changed.ok().and_then(|at| Timestamp::try_from(at).ok()).is_some_and(|at| now.duration_since(at) > KEPT);
        if is_old && entry.path() != folder {
            // What cannot be removed now is tried at the next start.
            let _ = std::fs::remove_dir_all(entry.path()).or_else(|_| std::fs::remove_file(entry.path()));
        }
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_leaves_what_other_servers_work_on_and_removes_what_is_old() {
        let root = tempfile::tempdir().unwrap();
        let one = own_folder(root.path(), "one", Timestamp::UNIX_EPOCH).unwrap();
        std::fs::write(one.join("half"), "x").unwrap();
        own_folder(root.path(), "two", Timestamp::UNIX_EPOCH).unwrap();
        assert!(one.join("half").is_file(), "another server still writes it");
        let much_later: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
        own_folder(root.path(), "three", much_later).unwrap();
        assert!(!one.exists());
        assert!(root.path().join("three").is_dir());
    }
}
