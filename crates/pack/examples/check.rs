//! Checks pack folders that belong together and prints all findings: `cargo run -p ganglion-pack --example check DIR…`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program for the terminal")]

use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let (model, findings) = ganglion_pack::compile_folders(&folders)?;
    print!("{findings}");
    println!("{} errors, {} warnings", findings.errors(), findings.warnings());
    Ok(if model.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
