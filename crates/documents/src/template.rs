//! A template and the files beside it, parsed once and used for any number of documents.

use std::collections::BTreeMap;
use typst::diag::{Severity, SourceDiagnostic};
use typst::foundations::Bytes;
use typst::syntax::{DiagSpan, FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::{World, WorldExt as _};

/// Where templates import seal, code and other helpers from.
pub const HELPERS_PATH: &str = "/ganglion.typ";
const HELPERS: &str = include_str!("assets/ganglion.typ");

/// What Typst has to say about a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the file below the pack's folder; empty when it concerns no file.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, in characters.
    pub column: u32,
    /// Typst's sentence.
    pub message: String,
    /// Typst's advice, if it has any.
    pub hints: Vec<String>,
}

/// A template with everything it may read; cheap to clone.
#[derive(Clone)]
pub struct Template {
    main: FileId,
    sources: BTreeMap<String, Source>,
    files: BTreeMap<String, Bytes>,
}

fn id_of(path: &str) -> Option<FileId> {
    Some(RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).ok()?).intern())
}

impl Template {
    /// The template at `main` among `files` (paths below the pack's folder); `None` when it is not there.
    #[must_use]
    pub fn new(files: &BTreeMap<String, String>, main: &str) -> Option<Template> {
        let mut template = Template { main: id_of(main)?, sources: BTreeMap::new(), files: BTreeMap::new() };
        files.get(main)?;
        let helpers = (HELPERS_PATH, HELPERS);
        for (path, text) in files.iter().map(|(path, text)| (path.as_str(), text.as_str())).chain([helpers]) {
            let Some(id) = id_of(path) else { continue };
            let key = id.get().vpath().get_without_slash().to_owned();
            template.files.insert(key.clone(), Bytes::from_string(text.to_owned()));
            if path.ends_with(".typ") {
                template.sources.insert(key, Source::new(id, text.to_owned()));
            }
        }
        Some(template)
    }

    pub(crate) fn main(&self) -> FileId {
        self.main
    }

    pub(crate) fn source(&self, id: FileId) -> Option<Source> {
        let path = id.get();
        let own = matches!(path.root(), VirtualRoot::Project);
        self.sources.get(path.vpath().get_without_slash()).filter(|_| own).cloned()
    }

    pub(crate) fn file(&self, id: FileId) -> Option<Bytes> {
        let path = id.get();
        let own = matches!(path.root(), VirtualRoot::Project);
        self.files.get(path.vpath().get_without_slash()).filter(|_| own).cloned()
    }
}

/// Errors among what Typst said, with their places.
pub(crate) fn problems<'a>(world: &dyn World, said: impl IntoIterator<Item = &'a SourceDiagnostic>) -> Vec<Problem> {
    said.into_iter().filter(|one| one.severity == Severity::Error).map(|one| problem(world, one)).collect()
}

fn problem(world: &dyn World, said: &SourceDiagnostic) -> Problem {
    // An error inside a helper is reported where the template called it.
    let own = |span: &DiagSpan| span.id().is_some_and(|id| id.get().vpath().get_with_slash() != HELPERS_PATH);
    let calls = said.trace.iter().map(|point| DiagSpan::from(point.span));
    let span = std::iter::once(said.span).chain(calls).find(own).unwrap_or(said.span);
    let place = span.id().and_then(|id| {
        let source = world.source(id).ok()?;
        let start = world.range(span)?.start;
        let (line, column) = source.lines().byte_to_line_column(start)?;
        Some((id.get().vpath().get_without_slash().to_owned(), line, column))
    });
    let (file, line, column) = place.unwrap_or_default();
    let from_one = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
    Problem {
        file,
        line: from_one(line),
        column: from_one(column),
        message: said.message.to_string(),
        hints: said.hints.iter().map(|hint| hint.v.to_string()).collect(),
    }
}
