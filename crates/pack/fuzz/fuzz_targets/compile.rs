//! Any bytes as the files of a pack: no panic, bounded findings. The input is cut at zero bytes into the five files a
//! pack has; a corpus of shipped packs makes it deep (`corpus/compile`, one pack a file in that form).
#![no_main]

use ganglion_pack::{MAX_FINDINGS, PackSource, compile};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

const PATHS: [&str; 5] =
    ["pack.yaml", "processes/a.yaml", "registers/b.yaml", "indicators.yaml", "data/rows.csv"];

fuzz_target!(|data: &[u8]| {
    let parts = data.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let files: BTreeMap<String, Vec<u8>> = PATHS.iter().map(|path| (*path).to_owned()).zip(parts).collect();
    let Ok(pack) = PackSource::load("fuzz", &files) else { return };
    let (_, findings) = compile(&[pack]);
    assert!(findings.len() <= MAX_FINDINGS);
});
