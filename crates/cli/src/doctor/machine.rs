//! The machine around an installation: who may read its files, room on the disk, fonts, clock and time zone, the last backup.

use super::{DATABASE, Examined, Finding};
use crate::backup::LAST_BACKUP;
use ganglion_documents::Fonts;
use ganglion_kernel::Store;
use ganglion_kernel::StoreError;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// Room below which writing will soon fail, bytes.
const FREE_BYTES_BAD: u64 = 256 << 20;
/// Room below which somebody should look, bytes.
const FREE_BYTES_WARN: u64 = 2 << 30;
/// Age of a backup after which somebody should look, hours.
const BACKUP_HOURS_MAX: i64 = 36;
/// How far ahead of the clock a journal line may be, seconds.
const AHEAD_SECONDS_MAX: i64 = 60;
/// Offset of the time that pages show, seconds.
const OFFSET_SECONDS: i32 = 8 * 3600;
/// Left behind by the services that keep a clock right.
const CLOCK_SERVICES: [&str; 4] =
    ["/run/systemd/timesync/synchronized", "/run/chrony", "/run/ntpd.pid", "/run/ntpsec/ntpd.pid"];

/// Every check that needs no store.
pub(super) fn checks(of: &Examined) -> Vec<Finding> {
    let mut findings = vec![disk(&of.data)];
    findings.extend(modes(&of.data));
    findings.push(backup(&of.data, of.now));
    findings.push(fonts());
    findings.push(zone(of.now));
    findings
}

fn disk(data: &Path) -> Finding {
    let Some(free) = ganglion_server::free_bytes(data) else {
        let found = format!("the room on the disk of {} is not known", data.display());
        return Finding::warn("disk", found, "see that the folder exists");
    };
    let database = std::fs::metadata(data.join(DATABASE)).map_or(0, |file| file.len());
    graded_disk(free, database)
}

/// Room against what is kept: a backup needs as much again as the database takes.
pub(super) fn graded_disk(free: u64, database: u64) -> Finding {
    let found = format!("{} MB free, the database takes {} MB", free >> 20, database >> 20);
    if free < FREE_BYTES_BAD {
        return Finding::bad("disk", found, "make room at once: the server refuses to write when the disk is full");
    }
    if free < FREE_BYTES_WARN.max(database) {
        let remedy = "make room, or put backups on another disk: a backup needs as much room as the database takes";
        return Finding::warn("disk", found, remedy);
    }
    Finding::ok("disk", found)
}

/// Who may read the folder and the key, and whether everything belongs to one user.
pub(super) fn modes(data: &Path) -> Vec<Finding> {
    let Ok(folder) = std::fs::metadata(data) else {
        let found = format!("{} cannot be read", data.display());
        return vec![Finding::bad("folder", found, "name the folder of the installation with --data")];
    };
    let mut findings = vec![folder_mode(folder.permissions().mode()), key_mode(data)];
    let names = [DATABASE, "ganglion.sqlite-wal", "ganglion.sqlite-shm", "master.key", "seal.keys", "log.key", "files"];
    let of_others = |name: &&str| std::fs::metadata(data.join(name)).is_ok_and(|file| file.uid() != folder.uid());
    let others: Vec<&str> = names.into_iter().filter(of_others).collect();
    if !others.is_empty() {
        let remedy = "chown them to the user of the folder; commands on an installation are run as that user";
        findings.push(Finding::bad("owner", format!("of another user: {}", others.join(", ")), remedy));
    }
    findings
}

fn folder_mode(mode: u32) -> Finding {
    match mode & 0o077 {
        0 => Finding::ok("folder", "only its owner reads it"),
        mode => Finding::warn(
            "folder",
            format!("others may get at it (mode has {mode:03o} for group and others)"),
            "chmod 700 on the folder: it holds what people reported",
        ),
    }
}

/// The keys: the one of sealed values must be there, the one of the public logs is made at the first start.
fn key_mode(data: &Path) -> Finding {
    let open = |name: &&str| std::fs::metadata(data.join(name)).is_ok_and(|key| key.permissions().mode() & 0o077 != 0);
    let others: Vec<&str> = ["master.key", "seal.keys", "log.key"].into_iter().filter(open).collect();
    match std::fs::metadata(data.join("master.key")) {
        Ok(_) if others.is_empty() => Finding::ok("key file", "only its owner reads it"),
        Ok(_) => Finding::bad("key file", format!("others may read {}", others.join(", ")), "chmod 600 on it"),
        Err(error) => Finding::bad(
            "key file",
            format!("master.key: {error}"),
            "put the copy of the key back before the server starts: with a new key the sealed values stay unreadable",
        ),
    }
}

pub(super) fn backup(data: &Path, now: Timestamp) -> Finding {
    let remedy = "run `ganglion backup` every night and copy the file to another machine (docs/operations.md)";
    let at = std::fs::read_to_string(data.join(LAST_BACKUP)).ok().and_then(|text| {
        let noted: serde_json::Value = serde_json::from_str(&text).ok()?;
        noted.get("at")?.as_str()?.parse::<Timestamp>().ok()
    });
    match at {
        None => Finding::warn("backup", "none is known of", remedy),
        Some(at) => {
            let hours = now.duration_since(at).as_hours();
            let found = format!("the last one is {hours} hours old");
            if hours > BACKUP_HOURS_MAX { Finding::warn("backup", found, remedy) } else { Finding::ok("backup", found) }
        }
    }
}

fn fonts() -> Finding {
    let fonts = Fonts::of_system();
    let found = format!("{} fonts", fonts.len());
    if fonts.has_chinese() {
        return Finding::ok("fonts", format!("{found}, Chinese among them"));
    }
    let remedy = "apt-get install fonts-noto-cjk: without Chinese fonts no document is printed";
    Finding::bad("fonts", format!("{found}, none with Chinese characters"), remedy)
}

fn zone(now: Timestamp) -> Finding {
    let kept = CLOCK_SERVICES.iter().any(|path| Path::new(path).exists());
    let offset = TimeZone::system().to_offset(now);
    graded_zone(offset.seconds(), kept)
}

pub(super) fn graded_zone(offset_seconds: i32, kept: bool) -> Finding {
    let found = format!("the zone of the machine is {:+} h from UTC", f64::from(offset_seconds) / 3600.0);
    if !kept {
        let remedy = "install chrony or systemd-timesyncd: deadlines are counted by this clock";
        return Finding::warn("clock service", format!("{found}; nothing shows that the clock is kept right"), remedy);
    }
    if offset_seconds != OFFSET_SECONDS {
        let remedy = "timedatectl set-timezone Asia/Shanghai: pages and deadlines use that time whatever the zone, logs and timers do not";
        return Finding::warn("clock service", found, remedy);
    }
    Finding::ok("clock service", found)
}

/// Whether the clock has been behind what was already written.
pub(super) async fn clock(store: &dyn Store, now: Timestamp) -> Finding {
    match newest(store).await {
        Ok(Some(newest)) if newest.duration_since(now).as_secs() > AHEAD_SECONDS_MAX => Finding::bad(
            "clock",
            format!("the journal has a line of {newest}, the clock says {now}"),
            "set the clock right before anybody works: deadlines would be counted from a wrong day",
        ),
        Ok(newest) => {
            let said =
                newest.map_or_else(|| "no line yet".to_owned(), |at| format!("the newest journal line is of {at}"));
            Finding::ok("clock", said)
        }
        Err(error) => Finding::bad("clock", error.to_string(), "see the finding about the journal"),
    }
}

async fn newest(store: &dyn Store) -> Result<Option<Timestamp>, StoreError> {
    let mut newest = None;
    for (shard, head) in store.shards().await? {
        let last = store.entries_after(shard, head.seq.saturating_sub(1), 1).await?;
        newest = newest.max(last.first().map(|entry| entry.at));
    }
    Ok(newest)
}
