//! What pages show, made from rows: pure functions over the world, rows and a language. No I/O, no HTTP, no HTML; the
//! shapes are those of `ui/pages/*.samples.yaml`. Words come from packs or from `ui/texts` through [`Say`].

pub mod case;
pub mod clock;
pub mod condition;
pub mod facts;
pub mod field;
pub mod figures;
pub mod form;
pub mod many;
pub mod mask;
mod needs;
pub mod options;
pub mod problems;
pub mod routing;
pub mod suggest;
pub mod timeline;
pub mod value;
pub mod words;

#[cfg(test)]
mod form_tests;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use crate::demo_picture;
use crate::staff::{ADMIN_ROLE, SECURITY_ROLE};
use ganglion_kernel::World;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Indicator, Rule, Source};
use ganglion_model::{AccountId, Lang, PlaceCode, PostId, RowKey, Shard, Text};
use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::RwLock;
use serde::Serialize;
use std::collections::BTreeMap;

/// A value inside a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// Words.
    Text(String),
    /// A number, so that a language can choose its plural.
    Number(i64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Arg {
        Arg::Number(number)
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Arg {
        Arg::Number(i64::from(number))
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Arg {
        Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Arg {
        Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// The words of `ui/texts` in one language.
pub trait Say: Sync {
    /// The text of `key`; the key itself when there is none.
    fn say(&self, key: &str, args: &[(&str, Arg)]) -> String;
    /// Whether there is a text of that key.
    fn has(&self, key: &str) -> bool;
    /// The language.
    fn lang(&self) -> Lang;
    /// What a row is called that a page has looked up, and where it leads.
    fn row(&self, _register: &str, _key: &str) -> Option<RowName> {
        None
    }
}

/// A row a page refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowName {
    /// What it is called.
    pub label: String,
    /// Its page.
    pub href: String,
}

/// Rows a page refers to, by register and key. The same key may stand for a row in each county.
#[derive(Debug, Default)]
pub struct RowNames(RwLock<BTreeMap<(String, String), ByShard>>);

/// Rows with the same key, by the county they lie in.
type ByShard = BTreeMap<Shard, RowName>;

impl RowNames {
    /// Whether a row has been looked up.
    #[must_use]
    pub fn knows(&self, (shard, register, key): &RowKey) -> bool {
        self.0.read().get(&(register.clone(), key.clone())).is_some_and(|of| of.contains_key(shard))
    }

    /// Keeps what a row is called.
    pub fn put(&self, (shard, register, key): RowKey, name: RowName) {
        self.0.write().entry((register, key)).or_default().insert(shard, name);
    }

    /// The row, if it is the only one with its key on this page.
    #[must_use]
    pub fn get(&self, register: &str, key: &str) -> Option<RowName> {
        let all = self.0.read();
        let of = all.get(&(register.to_owned(), key.to_owned()))?;
        of.values().next().filter(|_| of.len() == 1).cloned()
    }
}

/// Names of people by account, for those a page shows.
pub type People = BTreeMap<AccountId, String>;

/// Everything a view needs besides the rows it shows.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Packs, places, calendar, posts.
    pub world: &'a World,
    /// Words.
    pub say: &'a dyn Say,
    /// Now.
    pub now: Timestamp,
}

impl Look<'_> {
    /// A text without values.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.say.say(key, &[])
    }

    /// A text with values.
    #[must_use]
    pub fn say(&self, key: &str, args: &[(&str, Arg)]) -> String {
        self.say.say(key, args)
    }

    /// Words of a pack.
    #[must_use]
    pub fn text(&self, text: &Text) -> String {
        text.get(self.say.lang()).to_owned()
    }

    /// The civil day of now.
    #[must_use]
    pub fn today(&self) -> Date {
        local_date(self.now)
    }

    /// The name of a place today.
    #[must_use]
    pub fn place(&self, code: PlaceCode) -> String {
        self.world.places.name(code, self.today())
    }

    /// From the county down, joined; places above counties give their own name.
    #[must_use]
    pub fn place_path(&self, code: PlaceCode) -> String {
        let path: Vec<String> =
            self.world.places.path(code, self.today()).into_iter().map(|place| place.name.clone()).collect();
        if path.is_empty() { self.place(code) } else { path.join(" · ") }
    }

    /// The title of a post with its place; its id when it no longer exists.
    #[must_use]
    pub fn post(&self, id: &PostId) -> String {
        self.world.posts.get(id).map_or_else(
            || id.to_string(),
            |post| {
                let (place, title) = (self.place(post.place), self.post_title(post));
                // Many units are called after the place they stand in.
                if title.starts_with(&place) { title } else { format!("{place} · {title}") }
            },
        )
    }

    /// The title of a post: unit and title as far as given, else the title of its role.
    #[must_use]
    pub fn post_title(&self, post: &ganglion_model::Post) -> String {
        let (unit, title) = (self.text(&post.unit), self.text(&post.title));
        let title = if title.is_empty() { self.role(&post.role) } else { title };
        if unit.is_empty() || title.contains(&unit) { title } else { format!("{unit} · {title}") }
    }

    /// The title of a role: of a pack, or of the kernel's own.
    #[must_use]
    pub fn role(&self, role: &str) -> String {
        match self.world.model.roles.get(role) {
            Some(role) => self.text(&role.title),
            None if role == ADMIN_ROLE => self.t("role-admin"),
            None if role == SECURITY_ROLE => self.t("role-security"),
            None => role.to_owned(),
        }
    }

    /// What an indicator is called. One that counts what breaks a rule says so: by the rule's title alone it would read as
    /// if so many kept it.
    #[must_use]
    pub fn figure_title(&self, indicator: &Indicator) -> String {
        match self.world.model.rule_counted_by(&indicator.name) {
            Some(rule) => self.say("figure-rule", &[("rule", self.text(&rule.title).into())]),
            None => self.text(&indicator.title),
        }
    }

    /// The unit behind a figure; rows or cases where a rule's violations are counted.
    #[must_use]
    pub fn figure_unit(&self, indicator: &Indicator) -> String {
        match self.world.model.rule_counted_by(&indicator.name) {
            Some(rule) => self.rule_unit(rule),
            None => self.text(&indicator.unit),
        }
    }

    /// What a rule looks at is counted in.
    #[must_use]
    pub fn rule_unit(&self, rule: &Rule) -> String {
        self.t(if matches!(rule.over, Source::Process(_)) { "rule-unit-cases" } else { "rule-unit-rows" })
    }
}

/// A link with words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkView {
    /// Words.
    pub label: String,
    /// Address.
    pub href: String,
    /// Is it the page that is shown?
    pub current: bool,
}

/// A picture with its small version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Photo {
    /// The picture.
    pub href: String,
    /// The small one.
    pub thumb_href: String,
    /// What it shows; empty: the page numbers it.
    pub alt: String,
}

impl Photo {
    /// The picture kept under a file id.
    #[must_use]
    pub fn of(id: &str) -> Photo {
        if let Some(href) = demo_picture::href(id) {
            return Photo { thumb_href: href.clone(), href, alt: String::new() };
        }
        Photo { href: format!("/files/{id}"), thumb_href: format!("/files/{id}/thumb"), alt: String::new() }
    }
}
