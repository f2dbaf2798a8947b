//! Literate scenarios: Markdown files that say what a pack must do, run in memory against the same kernel that serves
//! people. The grammar is in `docs/packs/language.md`, section Scenarios.
//!
//! Left out: storage, HTTP, screens. A scenario sets its own clock and takes milliseconds.

mod check;
mod figure;
mod memory;
mod parse;
mod plans;
mod rows;
mod run;
mod send;
mod step;
#[cfg(test)]
mod tests;
mod then;
mod value;
mod wish;
mod world;

use ganglion_model::Model;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something in a scenario that is not as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Line in the file, from 1.
    pub line: usize,
    /// What the scenario says.
    pub expected: String,
    /// What is the case.
    pub found: String,
}

impl Finding {
    fn new(line: usize, expected: impl Into<String>, found: impl Into<String>) -> Finding {
        Finding { line, expected: expected.into(), found: found.into() }
    }
}

/// How one scenario went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its heading.
    pub title: String,
    /// Everything that failed; empty when it passed.
    pub findings: Vec<Finding>,
    /// Actions taken: process, state, action.
    pub taken: BTreeSet<(String, String, String)>,
}

/// Runs every scenario of a file, each on an empty installation of its own.
#[must_use]
pub fn run_file(model: &Arc<Model>, text: &str) -> Vec<Report> {
    parse::scenarios(text)
        .into_iter()
        .map(|scenario| {
            let (findings, taken) = run::run(model, &scenario);
            Report { title: scenario.title, findings, taken }
        })
        .collect()
}
