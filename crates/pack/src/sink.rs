//! Where findings gather while packs are read: places in files, one list, no duplicates, bounded.

use crate::finding::{Finding, Findings, Severity};
use crate::trace::{Seen, Trace};
use crate::yaml::Node;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// Most findings of one run; more would help nobody and a hostile file could make any number.
pub const MAX_FINDINGS: usize = 2000;

/// Findings that mean nothing while a file cannot be read, because that file may declare what they miss.
const ABOUT_NAMES: [&str; 20] = [
    "unknown-pack",
    "unknown-role",
    "unknown-who",
    "unknown-list",
    "unknown-register",
    "unknown-process",
    "unknown-state",
    "unknown-mark",
    "unknown-clock",
    "unknown-count",
    "unknown-field",
    "unknown-measure",
    "unknown-document",
    "unknown-indicator",
    "unknown-code",
    "unknown-row",
    "unknown-action",
    "not-required",
    "role-has-no-level",
    "state-never-occurs",
];

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Which file, as given by [`Sink::file`].
    pub file: usize,
    /// Line from 1.
    pub line: u32,
    /// Column from 1 in characters.
    pub column: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    at: At,
    severity: Severity,
    code: &'static str,
    message: String,
    remedy: Option<String>,
}

/// Gathers findings. Shared by reference: reading and checking only ever add.
#[derive(Default)]
pub struct Sink {
    files: RefCell<Vec<(String, String)>>,
    found: RefCell<BTreeSet<Found>>,
    unread: Cell<bool>,
    trace: Option<RefCell<Trace>>,
}

impl Sink {
    /// A sink that also notes how each node is read; see [`crate::trace`].
    pub fn tracing() -> Sink {
        Sink { trace: Some(RefCell::default()), ..Sink::default() }
    }

    /// Notes something about how the node at `at` is read. Costs nothing unless this sink traces.
    pub fn saw(&self, at: At, note: impl FnOnce(&mut Seen)) {
        if let Some(trace) = &self.trace {
            note(trace.borrow_mut().nodes.entry(at).or_default());
        }
    }

    /// Notes the content of a file.
    pub fn saw_file(&self, file: usize, node: &Node) {
        if let Some(trace) = &self.trace {
            let shown = self.files.borrow().get(file).map(|(shown, _)| shown.clone()).unwrap_or_default();
            trace.borrow_mut().roots.push((shown, node.clone()));
        }
    }

    /// What was noted.
    pub fn into_trace(self) -> Trace {
        self.trace.map(RefCell::into_inner).unwrap_or_default()
    }
    /// Registers a file under the path shown to the author.
    pub fn file(&self, shown: &str, text: &str) -> usize {
        let mut files = self.files.borrow_mut();
        files.push((shown.to_owned(), text.to_owned()));
        files.len() - 1
    }

    /// Whether an error was found so far.
    pub fn has_errors(&self) -> bool {
        self.found.borrow().iter().any(|found| found.severity == Severity::Error)
    }

    /// Whether something of this kind was found so far.
    pub fn has(&self, code: &str) -> bool {
        self.found.borrow().iter().any(|found| found.code == code)
    }

    /// A place as shown to the author.
    pub fn shown(&self, at: At) -> String {
        let files = self.files.borrow();
        let file = files.get(at.file).map(|(shown, _)| shown.as_str()).unwrap_or_default();
        format!("{file}, line {}", at.line)
    }

    /// Notes that a file could not be read, so that what it declares is not known.
    pub fn unread(&self) {
        self.unread.set(true);
    }

    /// An error without a remedy.
    pub fn error(&self, at: At, code: &'static str, message: impl Into<String>) {
        self.add(at, Severity::Error, code, (message.into(), None));
    }

    /// An error with what to write instead.
    pub fn error_help(&self, at: At, code: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(at, Severity::Error, code, (message.into(), Some(remedy.into())));
    }

    /// A warning with what to write instead.
    pub fn warn(&self, at: At, code: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(at, Severity::Warning, code, (message.into(), Some(remedy.into())));
    }

    /// An error with a remedy only if there is one.
    pub fn error_maybe(&self, at: At, code: &'static str, message: impl Into<String>, remedy: Option<String>) {
        self.add(at, Severity::Error, code, (message.into(), remedy));
    }

    fn add(&self, at: At, severity: Severity, code: &'static str, (message, remedy): (String, Option<String>)) {
        let mut found = self.found.borrow_mut();
        if found.len() < MAX_FINDINGS {
            found.insert(Found { at, severity, code, message, remedy });
        }
    }

    /// Everything found, sorted by file, line and column, with the source lines.
    pub fn finish(self) -> Findings {
        let files = self.files.into_inner();
        let unread = self.unread.get();
        let mut all: Vec<Finding> = self
            .found
            .into_inner()
            .into_iter()
            .filter(|found| !(unread && ABOUT_NAMES.contains(&found.code)))
            .map(|found| {
                let (file, text) = files.get(found.at.file).cloned().unwrap_or_default();
                let line = found.at.line.saturating_sub(1) as usize;
                Finding {
                    file,
                    line: found.at.line,
                    column: found.at.column,
                    severity: found.severity,
                    code: found.code,
                    message: found.message,
                    remedy: found.remedy,
                    source: text.lines().nth(line).unwrap_or_default().to_owned(),
                }
            })
            .collect();
        all.sort_by(|a, b| (&a.file, a.line, a.column, a.severity).cmp(&(&b.file, b.line, b.column, b.severity)));
        Findings(all)
    }
}
