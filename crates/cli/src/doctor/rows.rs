//! What is stored: the journal against its roots, counters against rows, the key against what it sealed, files against rows, clocks
//! that nobody acted on.

use super::Finding;
use crate::keys::KeyArgs;
use ganglion_kernel::merkle::Frontier;
use ganglion_kernel::port::{CaseFilter, CaseOrder, Head};
use ganglion_kernel::seal::{Key, wrapped_by};
use ganglion_kernel::{Store, StoreError, World, journal as lines};
use ganglion_model::Shard;
use ganglion_server::file_parts;
use ganglion_store::rebuild::figures_equal;
use ganglion_store::replay::replay;
use ganglion_store::{SqliteOptions, SqliteStore};
use jiff::Timestamp;
use std::path::Path;

/// Journal lines read at a time.
const LINES_AT_ONCE: u32 = 5_000;
/// Lines whose journals are gone through from the first, unless all are asked for.
const SAMPLE_LINES: u64 = 200_000;
/// Last lines read of every other journal.
const TAIL_LINES: u64 = 2_000;
/// Counties whose counters are compared with their rows, unless all are asked for.
const SAMPLE_SHARDS: usize = 2;
/// Newest cases among which a sealed one is looked for.
const CASES_LOOKED_AT: u32 = 200;
/// How late a clock may be, seconds.
const LATE_SECONDS_MAX: i64 = 600;

const RESTORE: &str =
    "keep the folder as it is, restore the last backup elsewhere, and compare what came after it by hand";

/// Clocks that are due and that nobody acted on.
pub(super) async fn timers(store: &dyn Store, now: Timestamp) -> Finding {
    let check = "due clocks";
    match store.timers_due(now, 1).await {
        Ok(due) => match due.first().map(|timer| now.duration_since(timer.at).as_secs()) {
            Some(late) if late > LATE_SECONDS_MAX => {
                let remedy = "start the server; if it runs, look in its log for the job `timers`";
                Finding::warn(check, format!("the oldest is {late} s late"), remedy)
            }
            _ => Finding::ok(check, "none waits"),
        },
        Err(error) => Finding::bad(check, error.to_string(), RESTORE),
    }
}

/// Whether the key opens what was sealed.
pub(super) async fn key(store: &dyn Store, data: &Path) -> Finding {
    let remedy = "put back the `master.key` of this installation: personal values cannot be read with another";
    let master: Option<Key> = std::fs::read(data.join("master.key")).ok().and_then(|bytes| bytes.try_into().ok());
    let Some(master) = master else {
        return Finding::bad("key", "master.key is missing or is no key of 32 bytes", remedy);
    };
    let ring = match KeyArgs::default().ring(data, master) {
        Ok(ring) => ring,
        Err(error) => return Finding::bad("key", format!("{error:#}"), remedy),
    };
    match sealed(store).await {
        Ok(Some(wrapped)) if !ring.names().iter().any(|name| name == wrapped_by(&wrapped)) => {
            let found =
                format!("the newest sealed case is wrapped by `{}`, which comes from elsewhere", wrapped_by(&wrapped));
            Finding::ok("key", found)
        }
        Ok(Some(wrapped)) if ring.unwrap(&wrapped).is_some() => Finding::ok("key", "it opens the newest sealed case"),
        Ok(Some(_)) => Finding::bad("key", "it does not open the newest sealed case", remedy),
        Ok(None) => Finding::ok("key", "no case with sealed values yet"),
        Err(error) => Finding::bad("key", error.to_string(), RESTORE),
    }
}

async fn sealed(store: &dyn Store) -> Result<Option<String>, StoreError> {
    let newest = store.cases(&CaseFilter::default(), CaseOrder::Opened, None, CASES_LOOKED_AT).await?;
    for case in newest {
        if let Some(wrapped) = store.key(case.shard, case.id).await? {
            return Ok(Some(wrapped));
        }
    }
    Ok(None)
}

/// Whether every file that rows speak of is there.
pub(super) fn files(data: &Path, ids: Result<Vec<String>, StoreError>) -> Finding {
    let ids = match ids {
        Ok(ids) => ids,
        Err(error) => return Finding::bad("files", error.to_string(), RESTORE),
    };
    let parts = ids.iter().flat_map(|id| file_parts(id));
    let missing = parts.filter(|part| !data.join("files").join(part).is_file()).count();
    match missing {
        0 => Finding::ok("files", format!("{} uploads are there", ids.len())),
        missing => Finding::bad(
            "files",
            format!("{missing} files of {} uploads are not there", ids.len()),
            "look for them in backups: unpack `files/` of an older archive into the folder",
        ),
    }
}

/// Whether the journals give the roots that were kept: from the first line, or for large ones by a sample the last lines alone.
pub(super) async fn journal(store: &dyn Store, whole: bool) -> Finding {
    match walked(store, whole).await {
        Ok(Ok(said)) => Finding::ok("journal", said),
        Ok(Err(wrong)) => Finding::bad("journal", wrong, RESTORE),
        Err(error) => Finding::bad("journal", error.to_string(), RESTORE),
    }
}

async fn walked(store: &dyn Store, whole: bool) -> Result<Result<String, String>, StoreError> {
    let mut shards = store.shards().await?;
    shards.sort_by_key(|(_, head)| head.seq);
    let (mut left, mut whole_lines, mut tail_lines) = (SAMPLE_LINES, 0, 0);
    for (shard, head) in &shards {
        let is_whole = whole || head.seq <= left;
        let from = if is_whole { 0 } else { head.seq.saturating_sub(TAIL_LINES) };
        if let Err(wrong) = walk(store, (*shard, head), from).await? {
            return Ok(Err(wrong));
        }
        if is_whole {
            left = left.saturating_sub(head.seq);
            whole_lines += head.seq;
        } else {
            tail_lines += head.seq - from;
        }
    }
    let said = format!("{whole_lines} lines give the roots that were kept");
    Ok(Ok(match tail_lines {
        0 => said,
        lines => format!("{said}; the last {lines} of longer journals are sound (all of them with --whole)"),
    }))
}

/// Goes through a journal after `from`; from the beginning the root is compared as well.
async fn walk(store: &dyn Store, (shard, head): (Shard, &Head), from: u64) -> Result<Result<(), String>, StoreError> {
    let (mut at, mut tree) = (from, Frontier::default());
    while at < head.seq {
        let page = store.lines_after(shard, at, LINES_AT_ONCE).await?;
        for line in page.iter().take_while(|line| line.seq <= head.seq) {
            if line.seq != at + 1 {
                return Ok(Err(format!("line {shard}/{} is missing", at + 1)));
            }
            if lines::hash(&line.canonical) != line.hash {
                return Ok(Err(format!("line {shard}/{} does not give the hash noted with it", line.seq)));
            }
            tree.push(line.hash);
            at = line.seq;
        }
        if page.is_empty() {
            return Ok(Err(format!("line {shard}/{} is missing", at + 1)));
        }
    }
    let is_other = from == 0 && tree != head.frontier;
    Ok(if is_other { Err(format!("the lines of shard {shard} do not give the root that was kept")) } else { Ok(()) })
}

/// Whether counters are what the rows give: in the counties with the fewest lines, or in all.
pub(super) async fn figures(store: &dyn Store, world: &World, whole: bool) -> Finding {
    let remedy = "keep the folder and tell the makers; `UPDATE setting SET value = '' WHERE name = 'figures_counted_by'` while the \
                  server is stopped has every figure counted anew at its next start";
    match compared(store, world, whole).await {
        Ok((compared, other)) if other.is_empty() => {
            Finding::ok("figures", format!("equal to the rows in {compared} shards"))
        }
        Ok((_, other)) => {
            Finding::bad("figures", format!("not what the rows give in shards {}", other.join(", ")), remedy)
        }
        Err(error) => Finding::bad("figures", error.to_string(), RESTORE),
    }
}

async fn compared(store: &dyn Store, world: &World, whole: bool) -> Result<(usize, Vec<String>), StoreError> {
    let mut shards = store.shards().await?;
    shards.sort_by_key(|(_, head)| head.seq);
    let most = if whole { shards.len() } else { SAMPLE_SHARDS };
    let mut other = Vec::new();
    for (shard, _) in shards.iter().take(most) {
        if !figures_equal(store, world, *shard).await? {
            other.push(shard.to_string());
        }
    }
    Ok((most.min(shards.len()), other))
}

/// Plays every journal again into an empty store and compares what comes out.
pub(super) async fn replayed(store: &dyn Store, world: &World) -> Finding {
    match replay_compared(store, world).await {
        Ok(Ok(lines)) => Finding::ok("replay", format!("{lines} lines give the same cases, counters and roots")),
        Ok(Err(wrong)) => Finding::bad("replay", wrong, RESTORE),
        Err(error) => Finding::bad("replay", format!("{error:#}"), RESTORE),
    }
}

async fn replay_compared(store: &dyn Store, world: &World) -> anyhow::Result<Result<u64, String>> {
    let scratch = tempfile::tempdir()?;
    let again = SqliteStore::open(&scratch.path().join("replay.sqlite"), SqliteOptions::default())?;
    again.set_durable(false)?;
    let done = replay(store, again.as_ref(), world).await?;
    // Rows that came with packs are counted and are no lines of a journal: they belong to the deployment as a whole.
    for one in done.iter().filter(|one| one.shard != Shard::DEPLOYMENT) {
        if store.cells_all(one.shard).await? != again.cells_all(one.shard).await? {
            return Ok(Err(format!("the journal of shard {} gives other counters", one.shard)));
        }
    }
    let all = CaseFilter::default();
    let (kept, given) = (store.case_count(&all).await?, again.case_count(&all).await?);
    if kept != given {
        return Ok(Err(format!("{kept} cases are kept, the journal gives {given}")));
    }
    Ok(Ok(done.iter().map(|one| one.lines).sum()))
}
