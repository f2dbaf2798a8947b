//! The fuzz target of `fuzz/`, run here over its corpus and a bounded number of made-up inputs, with the memory it took. A
//! hang is ended by the runner of the tests.

#[path = "../../../../fuzz/src/lib.rs"]
#[allow(dead_code, reason = "the target has more ways in than the tests use")]
pub mod target;

use crate::packs::folder;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::path::PathBuf;

/// Made-up inputs in one run of the suite.
const INPUTS: u32 = 96;
/// Kilobytes this process may take at most: the packs that ship take a few dozen thousand.
const PEAK_KB_MAX: u64 = 400_000;

/// The most memory this process ever held, in kilobytes.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(folder("../../../fuzz/corpus/compile")).unwrap().flatten();
    files.map(|file| (file.path(), std::fs::read(file.path()).unwrap())).collect()
}

#[test]
fn any_bytes_are_read_without_a_panic_and_in_bounded_memory() {
    let shipped = target::base(&folder("../../../packs")).unwrap();
    let corpus = corpus();
    assert!(corpus.len() >= 8, "every kind of input is in the corpus");
    for (path, data) in &corpus {
        eprintln!("{}", path.display());
        target::check(&shipped, data);
    }
    // Edits of small packs, which use everything: each takes milliseconds.
    let base = target::base(&folder("base")).unwrap();
    // The same inputs on every machine: a failure here is found again.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = ProptestConfig { cases: INPUTS, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let any_input = (0_u8..8, prop::collection::vec(any::<u8>(), 0..400));
    runner
        .run(&any_input, |(kind, rest)| {
            target::check(&base, &[&[kind], rest.as_slice()].concat());
            Ok(())
        })
        .unwrap();
    let peak = peak_kb();
    assert!(peak <= PEAK_KB_MAX, "{peak} kB");
}

#[test]
fn inputs_reach_behind_the_reader_of_yaml() {
    let base = target::base(&folder("../../../packs")).unwrap();
    let same = target::packs(&base, &[2, 0, 0]);
    assert_eq!(same.len(), base.len() - 1, "a file is missing");
    let mut codes = std::collections::BTreeSet::new();
    for n in 0_u32..24 {
        let noise = (0_u32..60).map(|at| (n * 7919 + at).wrapping_mul(2_654_435_761).to_le_bytes()[3]);
        let data: Vec<u8> = std::iter::once(5).chain(noise).collect();
        let files = target::packs(&base, &data);
        codes.extend(crate::packs::findings(&files).iter().map(|finding| finding.code.to_string()));
    }
    codes.retain(|code| !["yaml", "missing-file", "not-utf8"].contains(&code.as_str()));
    assert!(codes.len() > 1, "findings of other kinds than a bad file: {codes:?}");
}
