//! Every template tried with made-up values before a pack is used: what Typst says is a finding with file, line and column.

use super::sample;
use ganglion_documents::{Print, Problem, Template};
use ganglion_model::Model;
use ganglion_model::pack::{Bulletin, Document};
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
    let documents = model.documents.values().flat_map(|one| of_document(model, one));
    let bulletins = model.bulletins.values().flat_map(|one| of_bulletin(model, one));
    documents.chain(bulletins).collect::<BTreeSet<TemplateFinding>>().into_iter().collect()
}

fn of_document(model: &Model, document: &Document) -> Vec<TemplateFinding> {
    let made = sample::Made::of(model, document);
    let paper = Paper { model, pack: &document.pack, name: &document.name, path: &document.template };
    let template = paper.template();
    let (Some(template), Some(made)) = (template, made) else {
        return Vec::new();
    };
    let doc = sample::doc(document, ("1", "0"));
    let figures = document.figures.iter().map(|shown| &shown.name);
    let offered: Vec<&str> = document.fields.iter().chain(&document.clear).chain(figures).map(String::as_str).collect();
    let offered = offered.join(", ");
    let mut found = Vec::new();
    for every in [true, false] {
        let data = sample::data(model, document, made, (every, sample::WORDS));
        let print = Print { data: &data, doc: &doc, day: sample::DAY, ident: "sample" };
        let problems = ganglion_documents::check(&template, print);
        let remedy = match every {
            true => format!("`data` has {offered}"),
            false => "a field that was not filled in is none: test it with `if data.x != none`".to_owned(),
        };
        found.extend(problems.into_iter().map(|problem| paper.finding(problem, &remedy)));
        // What fails with everything there fails without as well: say it once.
        if !found.is_empty() {
            break;
        }
    }
    found
}

fn of_bulletin(model: &Model, bulletin: &Bulletin) -> Vec<TemplateFinding> {
    let paper = Paper { model, pack: &bulletin.pack, name: &bulletin.name, path: &bulletin.template };
    let Some(template) = paper.template() else { return Vec::new() };
    let (data, doc) = (sample::figures(model, bulletin), sample::head(bulletin));
    let print = Print { data: &data, doc: &doc, day: sample::DAY, ident: "sample" };
    let remedy = format!("`data` has rows, {}", bulletin.figures.join(", "));
    ganglion_documents::check(&template, print).into_iter().map(|problem| paper.finding(problem, &remedy)).collect()
}

/// A template under trial.
struct Paper<'a> {
    model: &'a Model,
    pack: &'a str,
    name: &'a str,
    path: &'a str,
}

impl Paper<'_> {
    fn template(&self) -> Option<Template> {
        Template::new(&self.model.papers.get(self.pack)?.files, self.path)
    }

    fn finding(&self, problem: Problem, remedy: &str) -> TemplateFinding {
        let path = if problem.file.is_empty() { self.path.to_owned() } else { problem.file };
        let papers = self.model.papers.get(self.pack);
        let text = papers.and_then(|papers| papers.files.get(&path)).map(String::as_str).unwrap_or_default();
        let shown = papers.map(|papers| papers.shown.as_str()).unwrap_or_default();
        let line = text.lines().nth(problem.line.saturating_sub(1) as usize).unwrap_or_default();
        TemplateFinding {
            file: if shown.is_empty() { path } else { format!("{shown}/{path}") },
            line: problem.line,
            column: problem.column,
            message: format!("`{}` cannot be made: {}", self.name, problem.message),
            remedy: Some(problem.hints.first().cloned().unwrap_or_else(|| remedy.to_owned())),
            source: line.to_owned(),
        }
    }
}
