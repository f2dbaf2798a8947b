//! What the reading code knows about each node: which keys a mapping takes, which must be there, what stands under them.
//!
//! The strict readers note it while they read (`Cx`, [`crate::cel::compile`]), so the schema and the reference that are
//! made from it say what the compiler does, with no second table to keep. Off unless a sink is made for it.

use crate::sink::At;
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};

/// What a value may look like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `{zh: …, en: …}` or a plain text.
    Text,
    /// true or false; what holds when it is left out.
    Flag(bool),
    /// A whole number within bounds.
    Whole(i64, i64),
    /// One of a few words.
    Word(BTreeSet<String>),
    /// One or several levels.
    Levels,
    /// One or several names.
    Names,
    /// An expression.
    Expression,
    /// Any single value.
    Scalar,
}

impl Form {
    /// One of `words`.
    pub fn word_of<'w>(words: impl IntoIterator<Item = &'w str>) -> Form {
        Form::Word(words.into_iter().map(str::to_owned).collect())
    }
}

/// A mapping as its reader knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// What it is called in findings.
    pub what: String,
    /// Keys it takes, in the reader's order.
    pub known: Vec<String>,
    /// Exactly one of them stands in it,
    pub one: bool,
    /// and beside it, if anything, these.
    pub beside: Vec<String>,
}

/// What was noted about one node.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// As a mapping.
    pub keys: Option<Keys>,
    /// Keys that must be there.
    pub needed: BTreeSet<String>,
    /// What stands under its keys.
    pub values: BTreeMap<String, BTreeSet<Form>>,
    /// What the node itself may look like.
    pub forms: BTreeSet<Form>,
}

impl Seen {
    /// It is a mapping with these keys.
    pub fn keys(&mut self, what: &str, known: &[&str]) {
        let keys = Keys { what: what.to_owned(), known: owned(known), one: false, beside: Vec::new() };
        self.keys = Some(keys);
    }

    /// It is a mapping with exactly one of the keys `known`, and those of `beside` that are wanted.
    pub fn one_key(&mut self, what: &str, known: &[&str], beside: &[&str]) {
        let known = owned(known).into_iter().chain(owned(beside)).collect();
        self.keys = Some(Keys { what: what.to_owned(), known, one: true, beside: owned(beside) });
    }

    /// `key` must be there.
    pub fn needs(&mut self, key: &str) {
        self.needed.insert(key.to_owned());
    }

    /// Under `key` stands a `form`.
    pub fn value(&mut self, key: &str, form: Form) {
        self.values.entry(key.to_owned()).or_default().insert(form);
    }

    /// The node itself is a `form`.
    pub fn form(&mut self, form: Form) {
        self.forms.insert(form);
    }
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// Everything noted while packs were read.
#[derive(Default)]
pub struct Trace {
    /// By place.
    pub nodes: BTreeMap<At, Seen>,
    /// Files with their content.
    pub roots: Vec<(String, Node)>,
}
