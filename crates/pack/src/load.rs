//! From bytes to documents: which files of a pack are read as what, before names are resolved.

use crate::sink::{At, Sink};
use crate::source::PackSource;
use crate::yaml::{self, Node};
use std::collections::BTreeMap;

/// A pack whose files have been parsed.
pub struct Loaded {
    /// Name given in `pack.yaml`, or the folder's.
    pub name: String,
    /// Content of `pack.yaml`.
    pub header: Option<Node>,
    /// One node a register file.
    pub registers: Vec<Node>,
    /// One node a process file.
    pub processes: Vec<Node>,
    /// Content of `indicators.yaml`.
    pub indicators: Option<Node>,
    /// Content of `rules.yaml`.
    pub rules: Option<Node>,
    /// Content of `policy.yaml`.
    pub policy: Option<Node>,
    /// Content of `plans.yaml`.
    pub plans: Option<Node>,
    /// Content of `documents.yaml`.
    pub documents: Option<Node>,
    /// Templates and pictures of documents by path.
    pub papers: BTreeMap<String, String>,
    /// The folder as shown to the author.
    pub shown: String,
    /// Tables by path: the file's number in the sink, and the text.
    pub tables: BTreeMap<String, (usize, String)>,
}

/// What a path is read as.
enum Use {
    Header,
    Register,
    Process,
    Indicators,
    Rules,
    Policy,
    Plans,
    Documents,
    Paper,
    Table,
    Nothing,
}

fn use_of(path: &str) -> Use {
    let yaml = path.strip_suffix(".yaml");
    match yaml {
        Some("pack") => Use::Header,
        Some("indicators") => Use::Indicators,
        Some("rules") => Use::Rules,
        Some("policy") => Use::Policy,
        Some("plans") => Use::Plans,
        Some("documents") => Use::Documents,
        Some(rest) if rest.starts_with("registers/") && rest.matches('/').count() == 1 => Use::Register,
        Some(rest) if rest.starts_with("processes/") && rest.matches('/').count() == 1 => Use::Process,
        None if path.starts_with("data/") && path.ends_with(".csv") => Use::Table,
        None if path.starts_with("documents/") => Use::Paper,
        _ => Use::Nothing,
    }
}

impl Loaded {
    /// Parses all files of `source`; what cannot be read becomes a finding.
    pub fn load(sink: &Sink, source: &PackSource) -> Loaded {
        let folder = source.shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let mut loaded = Loaded {
            name: folder.to_owned(),
            header: None,
            registers: Vec::new(),
            processes: Vec::new(),
            indicators: None,
            rules: None,
            policy: None,
            plans: None,
            documents: None,
            papers: BTreeMap::new(),
            shown: source.shown.clone(),
            tables: BTreeMap::new(),
        };
        for (path, bytes) in &source.files {
            let shown = if source.shown.is_empty() { path.clone() } else { format!("{}/{path}", source.shown) };
            let used = use_of(path);
            if matches!(used, Use::Nothing) {
                stray(sink, &shown);
            } else if let Some((file, text)) = decode(sink, &shown, bytes) {
                loaded.take(sink, used, path, (file, text));
            }
        }
        loaded.check_header(sink, source);
        loaded
    }

    fn take(&mut self, sink: &Sink, used: Use, path: &str, (file, text): (usize, String)) {
        match used {
            Use::Header => self.header = yaml::parse(sink, file, &text),
            Use::Indicators => self.indicators = yaml::parse(sink, file, &text),
            Use::Rules => self.rules = yaml::parse(sink, file, &text),
            Use::Policy => self.policy = yaml::parse(sink, file, &text),
            Use::Plans => self.plans = yaml::parse(sink, file, &text),
            Use::Documents => self.documents = yaml::parse(sink, file, &text),
            Use::Paper => {
                self.papers.insert(path.to_owned(), text);
            }
            Use::Register => self.registers.extend(yaml::parse(sink, file, &text)),
            Use::Process => self.processes.extend(yaml::parse(sink, file, &text)),
            Use::Table => {
                self.tables.insert(path.to_owned(), (file, text));
            }
            Use::Nothing => {}
        }
    }

    fn check_header(&mut self, sink: &Sink, source: &PackSource) {
        match self.header.as_ref() {
            Some(header) => {
                if let Some(name) = header.get("pack").and_then(Node::text) {
                    name.clone_into(&mut self.name);
                }
            }
            None if !source.files.contains_key("pack.yaml") => {
                let file = sink.file(&format!("{}/pack.yaml", source.shown), "");
                let at = At { file, line: 1, column: 1 };
                sink.error_help(
                    at,
                    "missing-file",
                    "a pack needs a pack.yaml",
                    "create it with `pack:`, `version:` and `title:`",
                );
            }
            None => {}
        }
    }
}

fn decode(sink: &Sink, shown: &str, bytes: &Result<Vec<u8>, String>) -> Option<(usize, String)> {
    let start = |text: &str| At { file: sink.file(shown, text), line: 1, column: 1 };
    match bytes {
        Err(problem) => {
            sink.unread();
            sink.error(start(""), "unreadable-file", format!("this file cannot be read: {problem}"));
            None
        }
        Ok(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Some((sink.file(shown, text), text.to_owned())),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
                let at = At { line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1), ..start("") };
                sink.unread();
                sink.error_help(at, "not-utf8", "this file is not UTF-8 text", "save it as UTF-8");
                None
            }
        },
    }
}

fn stray(sink: &Sink, shown: &str) {
    let at = At { file: sink.file(shown, ""), line: 1, column: 1 };
    let remedy = "packs have pack.yaml, indicators.yaml, rules.yaml, policy.yaml, plans.yaml, documents.yaml, registers/*.yaml, processes/*.yaml, documents/*.typ and data/*.csv";
    sink.warn(at, "stray-file", "this file is read by nothing", remedy);
}
