//! `ganglion pack install --data`: into a folder no server ever ran on, over an older version, with errors, and only to look.

use ganglion_kernel::packs::PackSet;
use ganglion_server::packs::installed_set;
use ganglion_store::{SqliteOptions, SqliteStore};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder with an installation in `data`, its home, and packs beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// Places are imported; what ships is what `names` name.
    fn new(names: &[&str]) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(place.path("home/packs")).unwrap();
        std::os::unix::fs::symlink(root().join("data"), place.path("home/data")).unwrap();
        for name in names {
            std::os::unix::fs::symlink(root().join("packs").join(name), place.path("home/packs").join(name)).unwrap();
        }
        place.run(&["import", "places", "--data", "data"], true);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the program says; it has to end well or badly as `well` says.
    fn run(&self, args: &[&str], well: bool) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ganglion"));
        let output = command
            .args(args)
            .current_dir(self.folder.path())
            .env("GANGLION_HOME", self.path("home"))
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), well, "{args:?}\n{said}");
        said
    }

    fn install(&self, more: &[&str], well: bool) -> String {
        self.run(&[&["pack", "install", "pumps", "--data", "data"], more].concat(), well)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}: {text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    fn set(&self) -> Option<PackSet> {
        let store = SqliteStore::open(&self.path("data/ganglion.sqlite"), SqliteOptions::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(installed_set(store.as_ref())).unwrap()
    }
}

#[test]
fn a_pack_goes_into_a_folder_and_looking_changes_nothing() {
    let place = Place::new(&["grid"]);
    place.run(&["pack", "new", "pumps", "--from", "register"], true);
    let said = place.install(&["--dry-run"], true);
    assert!(said.contains("`pumps` is new") && said.contains("nothing was changed"), "{said}");
    assert!(!said.contains("`grid` is new"), "what would ship is there already: {said}");
    assert_eq!(place.set(), None, "a look makes no set");

    let said = place.install(&[], true);
    assert!(said.contains("installed as set 2"), "the first set is what ships: {said}");
    let set = place.set().unwrap();
    assert_eq!(set.packs.keys().collect::<Vec<_>>(), ["grid", "pumps"]);
    assert!(set.packs["grid"].shipped && !set.packs["pumps"].shipped);

    let said = place.install(&[], true);
    assert!(said.contains("installed already as it is"), "{said}");

    // What came into the folder of packs since is for a server's start to take over, not for this.
    place.run(&["pack", "new", "home/packs/extra"], true);
    place.edit("pumps/pack.yaml", "version: \"0.1\"", "version: \"0.2\"");
    let said = place.install(&[], true);
    assert!(said.contains("installed as set 3"), "{said}");
    let set = place.set().unwrap();
    assert_eq!(set.packs.keys().collect::<Vec<_>>(), ["grid", "pumps"]);
    assert_eq!((set.packs["pumps"].version.as_str(), set.by.as_deref()), ("0.2", Some("ganglion pack install")));

    place.edit("pumps/pack.yaml", "roles:", "rolls:");
    let said = place.install(&[], false);
    assert!(
        said.contains("pumps/pack.yaml:") && said.contains("rolls") && said.contains("nothing was changed"),
        "{said}"
    );
    assert_eq!(place.set().unwrap().number, 3);
}

#[test]
fn findings_are_printed_in_the_language_asked_for() {
    let place = Place { folder: tempfile::tempdir().unwrap() };
    place.run(&["pack", "new", "pumps"], true);
    place.edit("pumps/pack.yaml", "roles:", "rolls:");
    let english = place.run(&["pack", "check", "pumps"], false);
    assert!(english.contains("has no key `rolls`") && english.contains("did you mean `roles`?"), "{english}");
    let chinese = place.run(&["pack", "check", "--lang", "zh-CN", "pumps"], false);
    assert!(chinese.contains("没有键 `rolls`") && chinese.contains("是否想写 `roles`？"), "{chinese}");
    assert!(chinese.contains("个错误") && !chinese.contains("has no key"), "{chinese}");
}

#[test]
fn a_folder_without_an_installation_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ganglion"));
    let command = command.args(["pack", "install", "pumps", "--data", "nothing"]).current_dir(folder.path());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("nothing is no installation"), "{said}");
}
