//! Names that all packs installed together share. What two packs both declare is refused, with both packs and both places
//! named, since nobody reads the other pack while writing this one. Left out: roles and lists, which packs may share as long
//! as they say the same (`lower::header`).

use crate::load::Loaded;
use crate::sink::{At, Sink};
use crate::yaml::{Key, Node};
use std::collections::BTreeMap;

/// Where a name was declared first.
struct First<'a> {
    what: &'static str,
    pack: &'a str,
    at: At,
}

/// Registers and processes are named in the same places (`of:` of a measure, `over:` of a rule), so that they share names.
const ROWS: &str = "register or process";

struct Claims<'a> {
    sink: &'a Sink,
    seen: BTreeMap<(&'static str, &'a str), First<'a>>,
}

impl<'a> Claims<'a> {
    /// Takes `name` for `pack` among the names of `among`.
    fn take(&mut self, among: &'static str, what: &'static str, pack: &'a str, (at, name): (At, &'a str)) {
        let Some(first) = self.seen.get(&(among, name)) else {
            self.seen.insert((among, name), First { what, pack, at });
            return;
        };
        let there = self.sink.shown(first.at);
        let same = first.what == what;
        if first.pack == pack {
            let message = if same {
                format!("the {what} `{name}` is declared a second time; the first is in {there}")
            } else {
                format!("`{name}` is a {} already, in {there}; whoever names it could mean both", first.what)
            };
            self.sink.error_help(at, "duplicate-name", message, "give one of them another name");
            return;
        }
        let message = if same {
            format!("the packs {} and {pack} both declare the {what} `{name}`; the other is in {there}", first.pack)
        } else {
            format!("`{name}` is a {what} of the pack {pack} and a {} of the pack {} ({there})", first.what, first.pack)
        };
        let remedy = format!(
            "packs installed together share these names: call this one {pack}_{name}, or write `requires: [{}]` and use \
             what is there",
            first.pack
        );
        self.sink.error_help(at, "duplicate-name", message, remedy);
    }

    /// Takes every name under `key`.
    fn under(&mut self, what: &'static str, pack: &'a str, (node, key): (Option<&'a Node>, &str)) {
        let entries: &'a [(Key, Node)] = node.and_then(|node| node.get(key)).map(Node::entries).unwrap_or_default();
        for (name, _) in entries {
            self.take(what, what, pack, (name.at, &name.text));
        }
    }
}

/// Reports what is declared twice among `packs`.
pub fn check(sink: &Sink, packs: &[Loaded]) {
    let mut claims = Claims { sink, seen: BTreeMap::new() };
    for pack in packs {
        for (what, nodes) in [("register", &pack.registers), ("process", &pack.processes)] {
            for name in nodes.iter().filter_map(|node| node.get(what)) {
                if let Some(text) = name.text() {
                    claims.take(ROWS, what, &pack.name, (name.at, text));
                }
            }
        }
        for (what, key) in [("document", "documents"), ("bulletin", "bulletins"), ("table", "tables")] {
            claims.under(what, &pack.name, (pack.documents.as_ref(), key));
        }
        for (what, key) in [("measure", "measures"), ("indicator", "indicators"), ("target", "targets")] {
            claims.under(what, &pack.name, (pack.indicators.as_ref(), key));
        }
        claims.under("rule", &pack.name, (pack.rules.as_ref(), "rules"));
        claims.under("plan", &pack.name, (pack.plans.as_ref(), "plans"));
    }
}
