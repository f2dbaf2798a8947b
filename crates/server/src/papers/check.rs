//! Every template tried with made-up values before a pack is used: what Typst says is a finding with file, line and column.

use super::sample;
use ganglion_documents::{Print, Problem, Template};
use ganglion_model::Model;
use ganglion_model::pack::Document;
use std::collections::BTreeSet;

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateFinding {
    /// File as shown to the author.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// Column from 1.
    pub column: u32,
    /// A sentence.
    pub message: String,
    /// What helps.
    pub remedy: Option<String>,
    /// The line it is about.
    pub source: String,
}

/// Tries every document of `model`: once with a value in every field, once only with those that always have one.
#[must_use]
pub fn check(model: &Model) -> Vec<TemplateFinding> {
    let found: BTreeSet<TemplateFinding> = model.documents.values().flat_map(|one| of_document(model, one)).collect();
    found.into_iter().collect()
}

fn of_document(model: &Model, document: &Document) -> Vec<TemplateFinding> {
    let papers = model.papers.get(&document.pack);
    let process = model.processes.get(&document.of);
    let template = papers.and_then(|papers| Template::new(&papers.files, &document.template));
    let (Some(template), Some(process)) = (template, process) else {
        return Vec::new();
    };
    let doc = sample::doc(document);
    let mut found = Vec::new();
    for every in [true, false] {
        let data = sample::data(model, document, process, every);
        let print = Print { data: &data, doc: &doc, day: sample::DAY, ident: "sample" };
        let problems = ganglion_documents::check(&template, print);
        found.extend(problems.into_iter().map(|problem| finding(model, document, problem, every)));
        // What fails with everything there fails without as well: say it once.
        if !found.is_empty() {
            break;
        }
    }
    found
}

fn finding(model: &Model, document: &Document, problem: Problem, every: bool) -> TemplateFinding {
    let path = if problem.file.is_empty() { document.template.clone() } else { problem.file };
    let papers = model.papers.get(&document.pack);
    let text = papers.and_then(|papers| papers.files.get(&path)).map(String::as_str).unwrap_or_default();
    let shown = papers.map(|papers| papers.shown.as_str()).unwrap_or_default();
    let line = text.lines().nth(problem.line.saturating_sub(1) as usize).unwrap_or_default();
    let offered: Vec<&str> = document.fields.iter().chain(&document.clear).map(String::as_str).collect();
    let remedy = match (problem.hints.first(), every) {
        (Some(hint), _) => hint.clone(),
        (None, true) => format!("`data` has {}", offered.join(", ")),
        (None, false) => "a field that was not filled in is none: test it with `if data.x != none`".to_owned(),
    };
    TemplateFinding {
        file: if shown.is_empty() { path } else { format!("{shown}/{path}") },
        line: problem.line,
        column: problem.column,
        message: format!("the document `{}` cannot be made: {}", document.name, problem.message),
        remedy: Some(remedy),
        source: line.to_owned(),
    }
}
