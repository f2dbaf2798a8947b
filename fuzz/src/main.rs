//! `run COUNT [SEED]`: the target over made-up inputs, on stable. The input at work is kept in `fuzz/last`, so that one that
//! panics or hangs is there to be looked at; put it into `fuzz/corpus/compile` with the fix.

use ganglion_fuzz::{base, check};
use std::path::Path;

/// Longest input made.
const BYTES_MAX: u64 = 600;

/// A small generator: the same seed gives the same inputs everywhere.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1).filter_map(|arg| arg.parse::<u64>().ok());
    let (count, seed) = (args.next().unwrap_or(1000), args.next().unwrap_or(1));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = base(&here.join("../packs"))?;
    let last = here.join("last");
    let mut draw = Draw(seed);
    for n in 0..count {
        let length = draw.next() % BYTES_MAX;
        let data: Vec<u8> = (0..length).map(|_| draw.next().to_le_bytes()[0]).collect();
        std::fs::write(&last, &data)?;
        check(&files, &data);
        if n % 100 == 99 {
            println!("{} of {count}", n + 1);
        }
    }
    std::fs::remove_file(&last)?;
    println!("{count} inputs, none that panics");
    Ok(())
}
