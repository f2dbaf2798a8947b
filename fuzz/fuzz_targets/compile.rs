//! libFuzzer's way into the target.
#![no_main]

use ganglion_fuzz::{Files, base, check};
use std::path::Path;
use std::sync::LazyLock;

static BASE: LazyLock<Files> =
    LazyLock::new(|| base(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs")).expect("the packs that ship"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(&BASE, data));
