//! An installation into an archive and back, and every way an archive may be wrong.

use super::*;
use ganglion_kernel::Store as _;
use ganglion_kernel::port::FileRow;
use ganglion_store::{SqliteOptions, SqliteStore};
use std::path::PathBuf;
use std::sync::Arc;

const FILE_ID: &str = "00112233445566778899aabbccddeeff";
const LOST_ID: &str = "ffeeddccbbaa99887766554433221100";

fn now() -> Timestamp {
    "2022-06-27T01:03:00Z".parse().unwrap()
}

fn file(id: &str) -> FileRow {
    FileRow {
        id: id.to_owned(),
        name: "photo.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: 5,
        at: now(),
        case: None,
        sent: true,
        fingerprint: None,
    }
}

/// An installation that is open: a setting, a file that is there and one that is lost, a key.
fn installation(data: &Path) -> Arc<SqliteStore> {
    std::fs::create_dir_all(data).unwrap();
    let store = SqliteStore::open(&data.join(DATABASE), SqliteOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        store.setting_put("root", "1309").await.unwrap();
        store.file_put(&file(FILE_ID)).await.unwrap();
        store.file_put(&file(LOST_ID)).await.unwrap();
    });
    let parts = ganglion_server::file_parts(FILE_ID);
    for (part, bytes) in parts.iter().zip(["large", "small"]) {
        let path = data.join(FILES).join(part);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    std::fs::write(data.join(KEY), [7; 32]).unwrap();
    std::fs::write(data.join("log.key"), "signs the logs").unwrap();
    std::fs::write(data.join(WITNESSES), "somebody+1+x\n").unwrap();
    store
}

struct Ground {
    folder: tempfile::TempDir,
    _store: Arc<SqliteStore>,
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let store = installation(&folder.path().join("city"));
        Ground { folder, _store: store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn backup(&self, to: &str, with_keys: bool) -> Result<Manifest> {
        let (data, to) = (self.path("city"), self.path(to));
        make(&Backup { data: &data, to: &to, with_keys, now: now() }, &mut |_, _| ())
    }

    fn restore(&self, from: &str, to: &str, keys: Option<&Path>) -> Result<Manifest> {
        let (from, data) = (self.path(from), self.path(to));
        restore(&Restoring { from: &from, data: &data, keys })
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_restored_equals_what_was_backed_up_while_it_was_in_use() {
    let ground = Ground::new();
    let made = ground.backup("one.zip", true).unwrap();
    assert_eq!((made.files.count, made.files.bytes, made.contents.rows("file")), (2, 10, 2));
    assert_eq!(made.files.missing.len(), 2, "a lost file is named: {:?}", made.files.missing);
    let restored = ground.restore("one.zip", "again", None).unwrap();
    assert_eq!(restored, made);
    let again = ground.path("again");
    assert_eq!(std::fs::read(again.join(KEY)).unwrap(), [7; 32]);
    assert_eq!(std::fs::read_to_string(again.join("log.key")).unwrap(), "signs the logs");
    assert_eq!(std::fs::read_to_string(again.join(WITNESSES)).unwrap(), "somebody+1+x\n");
    let part = &ganglion_server::file_parts(FILE_ID)[0];
    assert_eq!(std::fs::read(again.join(FILES).join(part)).unwrap(), b"large");
    assert_eq!((mode(&again), mode(&again.join(KEY)), mode(&again.join(DATABASE))), (0o700, 0o600, 0o600));
    assert_eq!(mode(&ground.path("one.zip")), 0o600);
    let store = SqliteStore::open(&again.join(DATABASE), SqliteOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(store.setting("root")).unwrap().as_deref(), Some("1309"));
    // The installation knows when it was last backed up, and nothing is left beside the archive.
    let noted = std::fs::read_to_string(ground.path("city").join(LAST_BACKUP)).unwrap();
    assert!(noted.contains("2022-06-27T01:03:00Z"), "{noted}");
    let left: Vec<_> = std::fs::read_dir(ground.folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("partial")), "{left:?}");
}

#[test]
fn a_backup_without_the_key_needs_the_right_one() {
    let ground = Ground::new();
    assert!(ground.backup("one.zip", false).unwrap().keys.iter().all(|key| !key.included));
    let refused = ground.restore("one.zip", "a", None).unwrap_err().to_string();
    assert!(refused.contains("--keys"), "{refused}");
    let other = ground.path("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join(KEY), [8; 32]).unwrap();
    let refused = ground.restore("one.zip", "a", Some(&other)).unwrap_err().to_string();
    assert!(refused.contains("is not the one of the installation"), "{refused}");
    assert!(!ground.path("a").join(DATABASE).exists());
    std::fs::write(other.join(KEY), [7; 32]).unwrap();
    ground.restore("one.zip", "a", Some(&other)).unwrap();
    assert!(!ground.path("a").join("log.key").exists(), "a key of the logs that is lost stays lost");
    ground.restore("one.zip", "b", Some(&ground.path("city"))).unwrap();
    assert_eq!(std::fs::read_to_string(ground.path("b").join("log.key")).unwrap(), "signs the logs");
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let ground = Ground::new();
    ground.backup("one.zip", true).unwrap();
    assert!(ground.backup("one.zip", true).unwrap_err().to_string().contains("is there already"));
    assert!(ground.restore("one.zip", "city", None).unwrap_err().to_string().contains("is there already"));
    let nowhere = Backup { data: &ground.path("nowhere"), to: &ground.path("two.zip"), with_keys: true, now: now() };
    assert!(make(&nowhere, &mut |_, _| ()).unwrap_err().to_string().contains("is no installation"));
    assert!(!ground.path("two.zip").exists());
}

/// Packs an archive anew with some entries changed.
fn repacked(ground: &Ground, to: &str, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) {
    let mut from = zip::ZipArchive::new(std::fs::File::open(ground.path("one.zip")).unwrap()).unwrap();
    let mut into = zip::ZipWriter::new(std::fs::File::create(ground.path(to)).unwrap());
    for at in 0..from.len() {
        let mut entry = from.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if let Some(bytes) = change(&name, bytes) {
            into.start_file(&name, zip::write::SimpleFileOptions::default()).unwrap();
            into.write_all(&bytes).unwrap();
        }
    }
    into.finish().unwrap();
}

#[test]
fn a_damaged_archive_is_refused_and_leaves_no_installation() {
    let ground = Ground::new();
    ground.backup("one.zip", true).unwrap();
    type Change = fn(&str, Vec<u8>) -> Option<Vec<u8>>;
    let changes: [(&str, Change, &str); 5] = [
        ("cut", |name, bytes| if name == DATABASE { None } else { Some(bytes) }, "is not in the archive"),
        ("manifest", |name, bytes| if name == MANIFEST { None } else { Some(bytes) }, "has no manifest"),
        (
            "database",
            |name, mut bytes| {
                if name == DATABASE {
                    *bytes.last_mut().unwrap() ^= 1;
                }
                Some(bytes)
            },
            "is damaged",
        ),
        (
            "file",
            |name, bytes| if name.starts_with(FILES) { Some(b"other".to_vec()) } else { Some(bytes) },
            "are not those of the manifest",
        ),
        (
            "newer",
            |name, bytes| {
                let newer = || String::from_utf8(bytes.clone()).unwrap().replace("\"format\": 1", "\"format\": 3");
                if name == MANIFEST { Some(newer().into_bytes()) } else { Some(bytes) }
            },
            "use the newer program",
        ),
    ];
    for (name, change, said) in changes {
        repacked(&ground, name, change);
        let to = format!("{name}-restored");
        let refused = format!("{:#}", ground.restore(name, &to, None).unwrap_err());
        assert!(refused.contains(said), "{name}: {refused}");
        let left = std::fs::read_dir(ground.path(&to)).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{name}");
    }
}

#[test]
fn a_manifest_that_says_something_else_is_refused() {
    let ground = Ground::new();
    ground.backup("one.zip", true).unwrap();
    repacked(&ground, "rows", |name, bytes| {
        let mut value: serde_json::Value = match name == MANIFEST {
            true => serde_json::from_slice(&bytes).unwrap(),
            false => return Some(bytes),
        };
        for table in value["contents"]["tables"].as_array_mut().unwrap() {
            if table["table"] == "file" {
                table["rows"] = 3.into();
            }
        }
        Some(serde_json::to_vec(&value).unwrap())
    });
    let refused = ground.restore("rows", "a", None).unwrap_err().to_string();
    assert!(refused.contains("table file: 2 rows") && refused.contains("against"), "{refused}");
}
