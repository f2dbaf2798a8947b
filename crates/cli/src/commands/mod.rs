//! One file a command; each has `Args` for clap and a `run` that gives the exit code.

pub mod pack;
