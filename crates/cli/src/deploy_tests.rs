//! The files in `deploy/` call this program as it is: a unit with a wrong argument would only show on somebody's server.

#![cfg(test)]

use crate::Cli;
use clap::Parser as _;
use std::path::Path;

/// The command lines of this program in a file: everything after its path up to a quote or the end of the line.
fn called(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("$$(date -I)", "2026-11-27");
    let after = text.split("/usr/bin/ganglion ").skip(1);
    let words = |rest: &str| {
        let line = rest.split(['\n', '\'']).next().unwrap();
        std::iter::once("ganglion").chain(line.split_whitespace()).map(str::to_owned).collect()
    };
    after.map(words).collect()
}

#[test]
fn units_and_the_container_call_the_program_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "service") {
            for words in called(&std::fs::read_to_string(&path).unwrap()) {
                let parsed = Cli::try_parse_from(&words);
                assert!(parsed.is_ok(), "{}: {:?}", path.display(), parsed.err().map(|error| error.to_string()));
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 3, "serve, backup and doctor");
    let container = std::fs::read_to_string(folder.join("Containerfile")).unwrap();
    let command = container.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let words: Vec<String> = serde_json::from_str(command).unwrap();
    assert!(Cli::try_parse_from(std::iter::once("ganglion".to_owned()).chain(words)).is_ok());
}
