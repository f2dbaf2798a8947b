//! An installation that is well, and one ailment at a time.

use super::machine::{backup, graded_disk, graded_zone, modes};
use super::*;
use crate::city::install::{City, install};
use crate::city::people::People;
use std::os::unix::fs::PermissionsExt as _;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn now() -> Timestamp {
    "2026-11-27T03:00:00Z".parse().unwrap()
}

/// An installation with the places of the demonstration and the packs that ship.
fn installation(data: &Path) {
    use ganglion_store::SqliteOptions;
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&data.join(DATABASE), SqliteOptions::default()).unwrap();
        let (city, people) = (City::read(&home()).unwrap(), People::read(&home()).unwrap());
        install(store.as_ref(), &home(), &city, &people).await.unwrap();
        let machine = crate::system::Machine::new();
        crate::system::master_key(data, &machine).unwrap();
        world::running(store, &home(), &machine).await.unwrap();
    });
}

fn examined(data: &Path, whole: bool) -> Vec<Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = ganglion_kernel::commit::WallClock::now(&crate::system::Machine::new());
    runtime.block_on(examine(&Examined {
        data: data.to_owned(),
        database: DatabaseArgs::of(None),
        home: home(),
        whole,
        now,
    }))
}

fn graded<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
    findings.iter().find(|one| one.check == check).unwrap_or_else(|| panic!("no {check} in {findings:?}"))
}

fn tamper(data: &Path, sql: &str) {
    rusqlite::Connection::open(data.join(DATABASE)).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn an_installation_that_is_well_has_nothing_broken_and_each_ailment_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    installation(data);
    let well = examined(data, true);
    let checks =
        ["schema", "integrity", "journal", "figures", "replay", "installed packs", "packs that ship", "key", "files"];
    for check in checks {
        assert_eq!(graded(&well, check).grade, Grade::Ok, "{well:?}");
    }
    assert_eq!(graded(&well, "backup").grade, Grade::Warn);

    std::fs::set_permissions(data.join("master.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(graded(&examined(data, false), "key file").grade, Grade::Bad);

    tamper(data, "DROP TRIGGER journal_keeps_lines; UPDATE journal SET entry = entry || ' ' WHERE seq = 1");
    let findings = examined(data, false);
    let journal = graded(&findings, "journal");
    assert!(journal.grade == Grade::Bad && journal.found.contains("/1 does not give"), "{journal:?}");

    tamper(data, "INSERT INTO migration (number, name, checksum) VALUES (999, 'later', 'x')");
    let findings = examined(data, false);
    let shape = graded(&findings, "schema");
    assert!(shape.grade == Grade::Bad && shape.remedy.contains("newer program"), "{shape:?}");
    assert!(findings.iter().all(|one| one.check != "journal"), "what cannot be understood is not read");
}

#[test]
fn a_folder_without_an_installation_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let findings = examined(folder.path(), false);
    assert_eq!(graded(&findings, "database").grade, Grade::Bad);
    let findings = examined(&folder.path().join("missing"), false);
    assert_eq!(graded(&findings, "folder").grade, Grade::Bad);
}

#[test]
fn what_the_machine_lacks_is_graded() {
    let grade = |free: u64, database: u64| graded_disk(free << 20, database << 20).grade;
    assert_eq!(
        [grade(100, 0), grade(1_000, 10), grade(9_000, 10_000), grade(9_000, 10)],
        [Grade::Bad, Grade::Warn, Grade::Warn, Grade::Ok]
    );
    assert_eq!(graded_zone(8 * 3600, true).grade, Grade::Ok);
    assert_eq!(graded_zone(0, true).grade, Grade::Warn);
    assert_eq!(graded_zone(8 * 3600, false).grade, Grade::Warn);
}

#[test]
fn modes_and_backups_are_graded() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let found = modes(data);
    assert_eq!(graded(&found, "folder").grade, Grade::Warn);
    assert_eq!(graded(&found, "key file").grade, Grade::Bad, "a key that is missing");
    assert_eq!(backup(data, now()).grade, Grade::Warn);
    std::fs::write(data.join(crate::backup::LAST_BACKUP), r#"{"at":"2026-11-26T18:00:00Z"}"#).unwrap();
    assert_eq!(backup(data, now()).grade, Grade::Ok);
    std::fs::write(data.join(crate::backup::LAST_BACKUP), r#"{"at":"2026-11-20T18:00:00Z"}"#).unwrap();
    assert_eq!(backup(data, now()).grade, Grade::Warn);
}

#[test]
fn a_server_of_postgresql_is_graded() {
    let good = PgServer {
        version: "15.4".to_owned(),
        waits_for_disk: true,
        connections_max: 100,
        bytes: 5_000_000,
        unfinished_indexes: Vec::new(),
    };
    let of = |server: &PgServer| graded_server(server, "db/city", 12);
    assert!(of(&good).iter().all(|one| one.grade == Grade::Ok), "{:?}", of(&good));
    let hasty = of(&PgServer { waits_for_disk: false, ..good.clone() });
    assert_eq!(graded(&hasty, "durability").grade, Grade::Bad);
    let narrow = of(&PgServer { connections_max: 15, ..good.clone() });
    assert_eq!(graded(&narrow, "connections").grade, Grade::Bad);
    let broken = of(&PgServer { unfinished_indexes: vec!["case_row_by_place".to_owned()], ..good });
    assert_eq!(graded(&broken, "indexes").grade, Grade::Bad);
}

#[test]
fn an_installation_on_postgresql_is_examined_and_not_changed() {
    if !ganglion_cluster::is_there() {
        return;
    }
    let database = ganglion_cluster::fresh("empty", |_| ()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let now = ganglion_kernel::commit::WallClock::now(&crate::system::Machine::new());
    let database_args = DatabaseArgs::of(Some(database.url()));
    let (data, home) = (folder.path().to_owned(), home());
    let examined = Examined { data, database: database_args.clone(), home, whole: true, now };
    let found = runtime.block_on(examine(&examined));
    let said = graded(&found, "database");
    assert!(said.grade == Grade::Bad && said.found.contains("ganglion migrate"), "{said:?}");
    runtime.block_on(async {
        let store = crate::database::Database::open(folder.path(), &database_args).await.unwrap().store();
        let (city, people) = (City::read(&examined.home).unwrap(), People::read(&examined.home).unwrap());
        install(store.as_ref(), &examined.home, &city, &people).await.unwrap();
        let machine = crate::system::Machine::new();
        crate::system::master_key(folder.path(), &machine).unwrap();
        world::running(store, &examined.home, &machine).await.unwrap();
    });
    let found = runtime.block_on(examine(&examined));
    for check in ["database", "connections", "indexes", "journal", "figures", "files", "replay"] {
        let grade = found.iter().find(|one| one.check == check).map(|one| one.grade);
        assert_eq!(grade, Some(Grade::Ok), "{check}: {found:?}");
    }
}
