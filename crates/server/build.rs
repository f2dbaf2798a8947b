//! Makes sure the folder of built scripts and styles exists, so that the program builds (and its pages work without
//! scripts) before anything was built in `ui/`; and builds again when what is embedded changes.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui");
    std::fs::create_dir_all(ui.join("dist"))?;
    for folder in ["pages", "layouts", "components", "texts", "dist"] {
        // Folders are watched as well as files, so that a new file is taken in.
        watch(&ui.join(folder))?;
    }
    Ok(())
}

fn watch(path: &Path) -> std::io::Result<()> {
    println!("cargo:rerun-if-changed={}", path.display());
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            watch(&entry?.path())?;
        }
    }
    Ok(())
}
