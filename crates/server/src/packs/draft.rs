//! A version that is not installed yet: its sources beside those installed, compiled, compared.

use super::sources::{PackFiles, Sources};
use ganglion_model::Model;
use ganglion_model::pack::LengthFrom;
use ganglion_model::reads::is_counted_alike;
use ganglion_pack::{Difference, Findings, compile, diff};
use std::collections::BTreeSet;

/// A pack to take out.
pub type Removal = String;

/// A candidate for installation.
pub struct Draft {
    /// All sources as they would be.
    pub sources: Sources,
    /// Packs that are put in place.
    pub put: Vec<String>,
    /// Packs of `put` that follow the folder of packs that ship.
    pub shipped: bool,
    /// The model, unless there are errors.
    pub model: Option<Model>,
    /// Everything the compiler says.
    pub findings: Findings,
    /// What would change.
    pub differences: Vec<Difference>,
}

impl Draft {
    /// Puts packs in place of those of the same name and takes others out.
    #[must_use]
    pub fn new(installed: &Sources, old: &Model, put: Vec<(String, PackFiles)>, remove: &[Removal]) -> Draft {
        let mut sources = installed.clone();
        for name in remove {
            sources.0.remove(name);
        }
        let names = put.iter().map(|(name, _)| name.clone()).collect();
        sources.0.extend(put);
        let (model, findings) = compile(&sources.packs());
        let differences = model.as_ref().map(|model| diff(old, model)).unwrap_or_default();
        Draft { sources, put: names, shipped: false, model, findings, differences }
    }

    /// Measures that must be counted anew: their definition changed, or something they read.
    #[must_use]
    pub fn measures(old: &Model, new: &Model) -> Vec<String> {
        let names: BTreeSet<&String> = old.measures.keys().chain(new.measures.keys()).collect();
        names.into_iter().filter(|name| !is_counted_alike(name, old, new)).cloned().collect()
    }

    /// Clocks that are no more.
    #[must_use]
    pub fn clocks_gone(old: &Model, new: &Model) -> Vec<(String, String)> {
        let still = |process: &str, clock: &str| {
            new.processes.get(process).is_some_and(|process| process.clocks.contains_key(clock))
        };
        old.processes
            .values()
            .flat_map(|process| process.clocks.keys().map(move |clock| (process.name.clone(), clock.clone())))
            .filter(|(process, clock)| !still(process, clock))
            .collect()
    }

    /// Whether routing or clocks differ, so that a replay over past cases says something.
    #[must_use]
    pub fn is_replayable(old: &Model, new: &Model) -> bool {
        let length = |length: &LengthFrom| format!("{length:?}");
        new.processes.values().any(|process| {
            old.processes.get(&process.name).is_some_and(|before| {
                before.route != process.route
                    || before.clocks.len() != process.clocks.len()
                    || before
                        .clocks
                        .values()
                        .zip(process.clocks.values())
                        .any(|(a, b)| length(&a.length) != length(&b.length) || a.rule != b.rule || a.name != b.name)
            })
        }) || old.seeds != new.seeds
    }
}
