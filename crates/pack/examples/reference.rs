//! Prints `docs/packs/reference.md`; `cargo xtask generate` writes it where it belongs.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unused_imports, reason = "shares its parts with the tests")]
#![expect(clippy::print_stdout, reason = "what is printed is the page")]

#[path = "../tests/it/findings.rs"]
mod findings;
#[path = "../tests/it/packs.rs"]
mod packs;
#[path = "../tests/it/reference.rs"]
mod reference;

fn main() {
    print!("{}", reference::page());
}
