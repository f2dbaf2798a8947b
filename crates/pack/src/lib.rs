//! YAML packs to the compiled model: read, resolve, check, lower; findings with file, line, column and remedy.
//!
//! Left out: running scenarios, installing packs over live data, and anything that happens to a case.

mod burden;
mod cel;
mod claims;
mod constant;
mod cx;
mod diff;
mod fact;
mod figures;
mod finding;
mod flow;
mod kind;
mod lint;
mod lists;
mod load;
mod lower;
mod names;
mod near;
mod plans;
mod reference;
mod said;
mod schema;
mod shape;
mod sink;
mod source;
mod specimen;
mod symbols;
mod table;
mod told;
mod trace;
mod yaml;

pub use burden::{Burden, burden};
pub use diff::{Difference, How, diff};
pub use finding::{Finding, Findings, Severity};
pub use reference::{Example, reference};
pub use said::said;
pub use schema::schemas;
pub use sink::MAX_FINDINGS;
pub use source::{Files, Folder, MAX_FILE_BYTES, MAX_FILES, PackSource};

use cx::Cx;
use ganglion_model::Model;
use load::Loaded;
use lower::seed::AllRows;
use sink::Sink;
use std::path::Path;
use symbols::Symbols;

/// Compiles packs that are installed together. The model is there only if no finding is an error.
#[must_use]
pub fn compile(packs: &[PackSource]) -> (Option<Model>, Findings) {
    let sink = Sink::default();
    let model = read(&sink, packs);
    let findings = sink.finish();
    let good = findings.errors() == 0;
    (good.then_some(model), findings)
}

/// Reads packs into a model; whatever is wrong goes to `sink`.
fn read(sink: &Sink, packs: &[PackSource]) -> Model {
    let loaded: Vec<Loaded> = packs.iter().map(|pack| Loaded::load(sink, pack)).collect();
    claims::check(sink, &loaded);
    let symbols = Symbols::collect(sink, &loaded);
    let mut model = Model::default();
    let mut rows = AllRows::new();
    for pack in &loaded {
        let cx = Cx { symbols: &symbols, sink, pack: &pack.name };
        lower_pack(cx, pack, &mut model, &mut rows);
    }
    for pack in &loaded {
        if let Some(node) = &pack.policy {
            lower::policy::lower(Cx { symbols: &symbols, sink, pack: &pack.name }, node, &mut model);
        }
    }
    model.apply_policy();
    lower::indicator::finish(&mut model);
    model.note_looks();
    lower::seed::finish(Cx { symbols: &symbols, sink, pack: "" }, rows, &mut model);
    let used = lint::lists_used(&loaded);
    for pack in &loaded {
        let cx = Cx { symbols: &symbols, sink, pack: &pack.name };
        flow::check(cx, pack, &model);
        figures::check(cx, pack, &model);
        plans::check(cx, pack, &model);
        // After errors half of it would look doubtful.
        if !sink.has_errors() {
            lint::check(cx, pack, &model, &used);
        }
    }
    fact::check(Cx { symbols: &symbols, sink, pack: "" }, &loaded, &mut model);
    model
}

/// Reads and compiles pack folders that are installed together.
///
/// # Errors
/// When a folder cannot be listed; whatever is wrong inside becomes findings.
pub fn compile_folders<P: AsRef<Path>>(folders: &[P]) -> std::io::Result<(Option<Model>, Findings)> {
    let packs: Vec<PackSource> =
        folders.iter().map(|folder| PackSource::folder(folder.as_ref())).collect::<Result<_, _>>()?;
    Ok(compile(&packs))
}

fn lower_pack(cx: Cx<'_>, pack: &Loaded, model: &mut Model, rows: &mut AllRows) {
    lower::header::lower(cx, pack, model);
    for node in &pack.registers {
        if let Some(register) = lower::register::lower(cx, node) {
            rows.insert(register.name.clone(), lower::seed::lower(cx, pack, node, &register));
            model.registers.insert(register.name.clone(), register);
        }
    }
    for node in &pack.processes {
        if let Some(process) = lower::process::lower(cx, node) {
            model.processes.insert(process.name.clone(), process);
        }
    }
    if let Some(node) = &pack.rules {
        lower::rule::lower(cx, node, model);
    }
    if let Some(node) = &pack.plans {
        lower::plan::lower(cx, node, model);
    }
    if let Some(node) = &pack.indicators {
        lower::indicator::lower(cx, node, model);
    }
    lower::document::lower(cx, pack, model);
}
