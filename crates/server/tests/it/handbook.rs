//! The handbook of every pack that ships speaks to people: titles and words of the screens, no name of the language.

use ganglion_model::{Lang, Model};
use std::path::{Path, PathBuf};

fn shipped() -> (Model, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.retain(|dir| dir.join("pack.yaml").is_file());
    dirs.sort();
    let names = dirs.iter().map(|dir| dir.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let (model, findings) = ganglion_pack::compile_folders(&dirs).unwrap();
    (model.unwrap_or_else(|| panic!("{findings}")), names)
}

fn cells(page: &str) -> impl Iterator<Item = &str> {
    let rows = page.lines().filter(|line| line.starts_with('|') && !line.contains("---"));
    rows.flat_map(|row| row.split('|')).map(str::trim).filter(|cell| !cell.is_empty())
}

/// Words of a page outside its drawings, split where a name of the language could not go on.
fn words(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    prose.flat_map(|part| part.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))).collect()
}

#[test]
fn a_chinese_handbook_has_no_word_of_the_language() {
    let (model, packs) = shipped();
    for pack in &packs {
        let page = ganglion_server::handbook(&model, pack, Lang::Zh).unwrap().unwrap();
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let number = |text: &str| text.chars().any(|c| c.is_ascii_digit()) && !text.contains(char::is_alphabetic);
        let raw: Vec<&str> = cells(&page).filter(|cell| !chinese(cell) && !number(cell)).collect();
        assert!(raw.is_empty(), "{pack}: cells without a Chinese word: {raw:?}");
        let lower = |word: &&str| word.len() > 2 && word.starts_with(|c: char| c.is_ascii_lowercase());
        let raw: Vec<&str> = words(&page).into_iter().filter(lower).collect();
        assert!(raw.is_empty(), "{pack}: {raw:?}");
    }
}

#[test]
fn an_english_handbook_has_no_key_and_no_snake_case() {
    let (model, packs) = shipped();
    assert!(packs.len() > 4, "{packs:?}");
    for pack in &packs {
        let page = ganglion_server::handbook(&model, pack, Lang::En).unwrap().unwrap();
        let key = |word: &&str| ["handbook-", "level-", "clock-", "list-"].iter().any(|start| word.starts_with(start));
        let name = |word: &&str| word.contains('_') && word.starts_with(|c: char| c.is_ascii_lowercase());
        let raw: Vec<&str> = words(&page).into_iter().filter(|word| key(word) || name(word)).collect();
        assert!(raw.is_empty(), "{pack}: {raw:?}");
        assert!(page.contains("  [*] --> s1"), "{pack}: the drawing numbers its states:\n{page}");
    }
}
