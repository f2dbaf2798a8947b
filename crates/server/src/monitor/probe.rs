//! Looking at the server: whether the store answers, how far jobs and clocks are behind, how much room there is. What is found is
//! judged here too, so that a probe and an alert mean the same.

use crate::app::App;
use crate::jobs::BY_CURSOR;
use crate::limits::{
    DISK_FREE_BYTES_MIN, HALL_LISTENERS_MAX, JOB_TURNS_MISSED_MAX, LIVE_LISTENERS_MAX, TIMERS_BEHIND_SECONDS_MAX,
};
use ganglion_kernel::StoreError;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::Path;

/// Name of the database in the folder of an installation, and what lies beside it.
const DATABASE_FILES: [&str; 2] = ["ganglion.sqlite", "ganglion.sqlite-wal"];
/// Where a backup notes when it was made; it is written by `ganglion backup`.
const LAST_BACKUP: &str = "last-backup.json";

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// What the store said, when it did not answer.
    pub store: Option<String>,
    /// How late the oldest due clock is.
    pub timers_behind: SignedDuration,
    /// Journal lines each job has not read.
    pub lag: Vec<(&'static str, u64)>,
    /// Time since each job's last good turn.
    pub jobs: Vec<(&'static str, SignedDuration)>,
    /// Those of them that missed too many turns.
    pub jobs_behind: Vec<&'static str>,
    /// Free room where the data lie; `None` when the system does not say.
    pub free_bytes: Option<u64>,
    /// Size of the database with its log.
    pub kept_bytes: Option<u64>,
    /// Memory this program holds.
    pub memory_bytes: Option<u64>,
    /// Screens that listen.
    pub listeners: u64,
    /// Time since the last backup that is known of.
    pub backup_age: Option<SignedDuration>,
    /// The server is stopping.
    pub stopping: bool,
}

impl Probe {
    /// Looks.
    pub(super) async fn of(app: &App) -> Probe {
        let now = app.clock.now();
        let folder = &app.settings.data_dir;
        let mut probe = Probe {
            free_bytes: free_bytes(folder),
            kept_bytes: kept_bytes(folder),
            memory_bytes: memory_bytes(),
            listeners: listeners(app),
            backup_age: backup_age(folder, now),
            stopping: *app.stopping.borrow(),
            ..Probe::default()
        };
        for (job, turns) in app.meter.jobs() {
            let since = now.duration_since(turns.last);
            let most = turns.every_seconds.saturating_mul(JOB_TURNS_MISSED_MAX).saturating_add(60);
            if since > SignedDuration::from_secs(i64::try_from(most).unwrap_or(i64::MAX)) {
                probe.jobs_behind.push(job);
            }
            probe.jobs.push((job, since));
        }
        probe.store = probe.ask(app, now).await.err().map(|error| error.to_string());
        probe
    }

    /// What only the store knows.
    async fn ask(&mut self, app: &App, now: Timestamp) -> Result<(), StoreError> {
        if let Some(oldest) = app.store.timers_due(now, 1).await?.first() {
            self.timers_behind = now.duration_since(oldest.at);
        }
        let shards = app.store.positions().await?;
        for job in BY_CURSOR {
            let mut lines = 0;
            for (shard, head) in &shards {
                lines += head.saturating_sub(app.store.cursor(job, *shard).await?);
            }
            self.lag.push((job, lines));
        }
        Ok(())
    }

    /// Every check: its name, whether it holds, and what to say.
    fn checks(&self) -> Vec<(&'static str, bool, String)> {
        let free = self.free_bytes;
        let lag = self.lag.iter().map(|(job, lines)| format!("{job} {lines}")).collect::<Vec<_>>().join(", ");
        vec![
            ("running", !self.stopping, if self.stopping { "stopping" } else { "" }.to_owned()),
            ("store", self.store.is_none(), self.store.clone().unwrap_or_default()),
            (
                "clocks",
                self.timers_behind.as_secs() <= TIMERS_BEHIND_SECONDS_MAX,
                format!("the oldest due clock is {} s late", self.timers_behind.as_secs()),
            ),
            (
                "jobs",
                self.jobs_behind.is_empty(),
                format!("behind: [{}]; journal lines not read: {lag}", self.jobs_behind.join(", ")),
            ),
            (
                "disk",
                free.is_none_or(|free| free >= DISK_FREE_BYTES_MIN),
                free.map_or_else(String::new, |free| format!("{} MB free", free / 1_000_000)),
            ),
        ]
    }

    /// Whether the server can do its work.
    pub(super) fn is_ready(&self) -> bool {
        self.checks().iter().all(|(_, holds, _)| *holds)
    }

    /// As shown to those who keep the server running.
    pub(super) fn shown(&self) -> Value {
        let one = |(check, holds, say): (&str, bool, String)| json!({ "check": check, "ok": holds, "say": say });
        json!({ "ready": self.is_ready(), "checks": self.checks().into_iter().map(one).collect::<Vec<_>>() })
    }
}

/// Room that is left for this user on the file system of a folder, bytes; `None` when the system does not say.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(folder).ok()?;
    room.f_bavail.checked_mul(room.f_frsize)
}

fn kept_bytes(folder: &Path) -> Option<u64> {
    let sizes = DATABASE_FILES.iter().filter_map(|name| std::fs::metadata(folder.join(name)).ok());
    Some(sizes.map(|file| file.len()).sum::<u64>()).filter(|bytes| *bytes > 0)
}

/// Resident memory, as Linux tells it.
fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn listeners(app: &App) -> u64 {
    let taken = |most: usize, gate: &tokio::sync::Semaphore| most.saturating_sub(gate.available_permits()) as u64;
    taken(LIVE_LISTENERS_MAX, &app.live_listeners) + taken(HALL_LISTENERS_MAX, &app.hall_listeners)
}

/// Time since the backup that noted itself in the folder.
fn backup_age(folder: &Path, now: Timestamp) -> Option<SignedDuration> {
    let text = std::fs::read_to_string(folder.join(LAST_BACKUP)).ok()?;
    let noted: Value = serde_json::from_str(&text).ok()?;
    let at: Timestamp = noted.get("at")?.as_str()?.parse().ok()?;
    Some(now.duration_since(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_alone_makes_the_server_unready() {
        assert!(Probe::default().is_ready());
        let late = SignedDuration::from_secs(TIMERS_BEHIND_SECONDS_MAX + 1);
        let bad = [
            Probe { store: Some("gone".to_owned()), ..Probe::default() },
            Probe { timers_behind: late, ..Probe::default() },
            Probe { jobs_behind: vec!["tell"], ..Probe::default() },
            Probe { free_bytes: Some(DISK_FREE_BYTES_MIN - 1), ..Probe::default() },
            Probe { stopping: true, ..Probe::default() },
        ];
        for probe in bad {
            assert!(!probe.is_ready(), "{probe:?}");
            let failing = probe.checks().into_iter().filter(|(_, holds, _)| !holds).count();
            assert_eq!(failing, 1, "{probe:?}");
        }
    }

    #[test]
    fn the_machine_tells_its_memory_and_the_room_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(memory_bytes().is_some_and(|bytes| bytes > 1_000_000));
        assert!(free_bytes(folder.path()).is_some());
        assert_eq!(free_bytes(&folder.path().join("missing")), None);
        let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        assert_eq!(backup_age(folder.path(), now), None);
        std::fs::write(folder.path().join(LAST_BACKUP), r#"{"at":"2022-06-26T01:00:00Z"}"#).unwrap();
        assert_eq!(backup_age(folder.path(), now), Some(SignedDuration::from_hours(24)));
    }
}
