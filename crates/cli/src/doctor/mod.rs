//! Examining an installation: what is well, what is not, and what to do about each. It only reads, and it may be run while the server
//! works. What a check needs that an earlier one found missing is not checked.

mod machine;
mod rows;
#[cfg(test)]
mod tests;

use crate::city::world;
use crate::database::DatabaseArgs;
use ganglion_kernel::{Store, World};
use ganglion_server::packs::installed;
use ganglion_store::backup::file_ids;
use ganglion_store::{PgServer, PgStore, SqliteStore, integrity, schema};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Name of the database in an installation's folder.
const DATABASE: &str = "ganglion.sqlite";
/// Up to this size every index of the database is compared with its table, bytes; beyond it only when asked.
const INDEXES_BYTES_MAX: u64 = 1 << 30;

/// What is examined.
pub struct Examined {
    /// Folder of the installation.
    pub data: PathBuf,
    /// Its database.
    pub database: DatabaseArgs,
    /// Folder with `data/` and `packs/`.
    pub home: PathBuf,
    /// Every journal, counter and index instead of a sample.
    pub whole: bool,
    /// Now.
    pub now: Timestamp,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// All is well.
    Ok,
    /// It works, but somebody should look.
    Warn,
    /// Something is broken or about to be.
    Bad,
}

/// The outcome of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Which check.
    pub check: &'static str,
    /// How it came out.
    pub grade: Grade,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing is to be done.
    pub remedy: String,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Finding {
        Finding { check, grade: Grade::Ok, found: found.into(), remedy: String::new() }
    }

    fn warn(check: &'static str, found: impl Into<String>, remedy: &str) -> Finding {
        Finding { check, grade: Grade::Warn, found: found.into(), remedy: remedy.to_owned() }
    }

    fn bad(check: &'static str, found: impl Into<String>, remedy: &str) -> Finding {
        Finding { check, grade: Grade::Bad, found: found.into(), remedy: remedy.to_owned() }
    }
}

/// Examines an installation; gives a finding for every check that could be made.
pub async fn examine(of: &Examined) -> Vec<Finding> {
    let mut findings = machine::checks(of);
    if let Some(url) = &of.database.database {
        on_a_server(of, url, &mut findings).await;
        return findings;
    }
    let database = of.data.join(DATABASE);
    if !database.is_file() {
        let found = format!("there is no {DATABASE} in {}", of.data.display());
        findings.push(Finding::bad(
            "database",
            found,
            "name the folder that `ganglion import places` filled, with --data",
        ));
        return findings;
    }
    let (shape, usable) = schema_check(&database);
    findings.push(shape);
    findings.push(integrity_check(&database, of.whole));
    findings.push(shipped_packs(&of.home));
    if !usable {
        return findings;
    }
    match SqliteStore::look(&database) {
        Ok(store) => {
            let files = rows::files(&of.data, file_ids(&database));
            looked(of, (store.as_ref(), files), &mut findings).await;
        }
        Err(error) => findings.push(Finding::bad(
            "database",
            error.to_string(),
            "see that this user may read the folder and every file in it",
        )),
    }
    findings
}

/// What needs the store, and then what needs the world as well.
async fn looked(of: &Examined, (port, files): (&dyn Store, Finding), findings: &mut Vec<Finding>) {
    findings.push(machine::clock(port, of.now).await);
    findings.push(rows::timers(port, of.now).await);
    findings.push(rows::key(port, &of.data).await);
    findings.push(files);
    findings.push(rows::journal(port, of.whole).await);
    let (packs, world) = installed_packs(port, &of.home).await;
    findings.push(packs);
    let Some(world) = world else { return };
    findings.push(rows::figures(port, &world, of.whole).await);
    if of.whole {
        findings.push(rows::replayed(port, &world).await);
    }
}

/// Examines an installation on PostgreSQL. Errors of opening it say what to do.
async fn on_a_server(of: &Examined, url: &str, findings: &mut Vec<Finding>) {
    findings.push(shipped_packs(&of.home));
    let store = match PgStore::look(url, of.database.options()).await {
        Ok(store) => store,
        Err(error) => return findings.push(Finding::bad("database", error.to_string(), "")),
    };
    match store.server().await {
        Ok(server) => {
            let place = format!("{}, layout {}", of.database.named(&of.data), store.layout().as_str());
            findings.extend(graded_server(
                &server,
                &place,
                of.database.database_readers + of.database.database_writers,
            ));
        }
        Err(error) => findings.push(Finding::bad("database", error.to_string(), "see that the server answers")),
    }
    let files = rows::files(&of.data, store.file_ids().await);
    looked(of, (store.as_ref(), files), findings).await;
}

/// What is to be said about a server of PostgreSQL; `pooled` is how many connections reads and writes may take.
fn graded_server(server: &PgServer, place: &str, pooled: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    let found = format!("PostgreSQL {} at {place}, {} MB", server.version, server.bytes / 1_000_000);
    findings.push(Finding::ok("database", found));
    findings.push(if server.waits_for_disk {
        Finding::ok("durability", "a commit waits for the disk")
    } else {
        let remedy = "set fsync and synchronous_commit to on in postgresql.conf and reload it";
        Finding::bad("durability", "a commit does not wait for the disk: what was answered may be lost", remedy)
    });
    // One more is the bell between servers; three are kept for its administrators.
    let needed = pooled as u64 + 1 + 3;
    let found = format!("a server needs {needed} connections of {}", server.connections_max);
    findings.push(if needed <= server.connections_max {
        Finding::ok("connections", found)
    } else {
        let remedy = "raise max_connections of PostgreSQL, or lower --database-readers and --database-writers";
        Finding::bad("connections", found, remedy)
    });
    findings.push(if server.unfinished_indexes.is_empty() {
        Finding::ok("indexes", "every index is finished")
    } else {
        let found = format!("not finished: {}", server.unfinished_indexes.join(", "));
        Finding::bad("indexes", found, "make them anew with REINDEX INDEX in a quiet hour")
    });
    findings
}

fn schema_check(database: &Path) -> (Finding, bool) {
    let shape = match schema(database) {
        Ok(shape) => shape,
        Err(error) => {
            let remedy = "this is no database of this program, or it is damaged: restore the last backup";
            return (Finding::bad("schema", error.to_string(), remedy), false);
        }
    };
    let found = format!("version {}, this program knows {}", shape.found, shape.known);
    if let Some(number) = shape.changed {
        let found = format!("migration {number} is not the one of this program");
        return (Finding::bad("schema", found, "run the program this database was made with"), false);
    }
    if shape.found > shape.known {
        return (
            Finding::bad("schema", found, "run the newer program, or restore a backup from before the upgrade"),
            false,
        );
    }
    if shape.found < shape.known {
        let remedy = "make a backup, then start the server once: it brings the database up to date";
        return (Finding::warn("schema", found, remedy), false);
    }
    (Finding::ok("schema", found), true)
}

fn integrity_check(database: &Path, whole: bool) -> Finding {
    let bytes = std::fs::metadata(database).map_or(0, |file| file.len());
    let whole = whole || bytes <= INDEXES_BYTES_MAX;
    let how = if whole { "tables and indexes" } else { "tables; indexes with --whole" };
    match integrity(database, whole) {
        Ok(said) if said.is_empty() => Finding::ok("integrity", format!("sound: {how}")),
        Ok(said) => {
            let shown = said.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
            let remedy = "stop the server, keep the folder as it is, restore the last backup elsewhere, and have the disk examined";
            Finding::bad("integrity", shown, remedy)
        }
        Err(error) => Finding::bad("integrity", error.to_string(), "restore the last backup"),
    }
}

/// The packs that came with the program.
fn shipped_packs(home: &Path) -> Finding {
    let remedy = "name the folder with data/ and packs/ by --home, or mend what `ganglion pack check` names";
    match world::packs(&home.join("packs")) {
        Ok(model) => Finding::ok("packs that ship", format!("{} processes compile", model.processes.len())),
        Err(error) => Finding::warn("packs that ship", format!("{error:#}"), remedy),
    }
}

/// The packs that are installed, and the world by them.
async fn installed_packs(store: &dyn Store, home: &Path) -> (Finding, Option<World>) {
    let check = "installed packs";
    let remedy = "run the program they were installed with, or install packs that this one can read";
    let model = match installed(store).await {
        Ok(Some(found)) => found.model(),
        Ok(None) => {
            let said = "none yet: the packs that ship are installed when the server first starts";
            return (Finding::warn(check, said, "start the server once"), None);
        }
        Err(error) => Err(error),
    };
    let model = match model {
        Ok(model) => model,
        Err(error) => return (Finding::bad(check, error.to_string(), remedy), None),
    };
    let said =
        format!("set {}, {} processes, {} registers", model.number, model.processes.len(), model.registers.len());
    let office = match world::office(home) {
        Ok(office) => office,
        Err(error) => {
            let remedy = "name the folder with data/ and packs/ by --home";
            return (Finding::bad("calendar", format!("{error:#}"), remedy), None);
        }
    };
    match world::load(store, model, office).await {
        Ok(world) => (Finding::ok(check, said), Some(world)),
        Err(error) => (Finding::bad("places", format!("{error:#}"), "run `ganglion import places`"), None),
    }
}
