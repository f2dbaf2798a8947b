//! The `ganglion` binary.
fn main() {}
