//! What a search by words asks of storage and gets back: a page of what was found, best first, and where the next begins.

use crate::port::StoreError;
use crate::port_cases::CaseFilter;
use async_trait::async_trait;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, PlaceCode, Shard};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Where the next page begins: how well the last one shown fits, and its number in the index, which grows with what is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundAfter {
    /// How well it fits: the larger the better; -1 where words stand apart that were typed together, see [`crate::words::apart`].
    /// Else, of a case: 1 where a word is said more than once, 0 else, and always where the newest are asked for. Of a row: 1 where what was typed stands in it as whole words, 0 where something only begins so, and always where
    /// Chinese alone was typed. It says nothing beside another search, and nothing about others than the one it belongs to.
    pub score: i64,
    /// Its number in the index.
    pub doc: i64,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// Where it stands.
    pub at: FoundAfter,
    /// What it is.
    pub what: T,
}

/// A page of what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPage<T> {
    /// Best first, and of those that fit alike the newest.
    pub found: Vec<Found<T>>,
    /// Where to go on, if there is more to look at. Where many have the words a page looks at so many of them and no more, so that
    /// it may hold few, or none, and still have a next one.
    pub next: Option<FoundAfter>,
}

impl<T> Default for FoundPage<T> {
    fn default() -> FoundPage<T> {
        FoundPage { found: Vec::new(), next: None }
    }
}

/// Which rows a search finds: those that hold the words and hold on a day, of registers as far as somebody reads in them.
#[derive(Clone, Debug, PartialEq)]
pub struct RowSearch {
    /// Registers, each with the place whose rows are looked at; `None`: all of them.
    pub registers: Vec<(String, Option<PlaceCode>)>,
    /// The versions that hold on this day.
    pub on: Date,
    /// What was typed, see [`crate::words::terms`].
    pub words: String,
}

/// What rows are searched by now: register and key, and the words; without them the row is found no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowWords {
    /// Register.
    pub register: String,
    /// Key.
    pub key: String,
    /// See [`crate::words::of_row`].
    pub words: Option<String>,
}

/// A step of making words anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordsMade<K> {
    /// How many were gone through.
    pub count: u32,
    /// The last of them; `None`: there are no more.
    pub last: Option<K>,
}

/// Searching by words: the part of the storage port a store may do without. Then lists of cases are searched all the same, newest
/// first, and rows are searched one register at a time.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// A page of the cases that hold the words of a filter: those that say a word more than once first, the newest of each first; or
    /// with `true` the newest; last those where words stand apart that were typed together. `None`: the filter has no words, or the store has no index of them.
    async fn cases_found(
        &self,
        (filter, newest): (&CaseFilter, bool),
        after: Option<FoundAfter>,
        limit: u32,
    ) -> Result<Option<FoundPage<Case>>, StoreError> {
        let _ = (filter, newest, after, limit);
        Ok(None)
    }
    /// A page of the rows kept by place that hold the words: those that have what was typed as whole words first, then those that only
    /// begin so, last those where words stand apart that were typed together; the newest of each first.
    async fn rows_found(
        &self,
        search: &RowSearch,
        after: Option<FoundAfter>,
        limit: u32,
    ) -> Result<FoundPage<Record>, StoreError> {
        let _ = (search, after, limit);
        Ok(FoundPage::default())
    }
    /// Writes the words of cases anew, whatever stands in the index, `limit` of them in the order of their keys; words are
    /// written only if the case still stands as it was read, so that one that changes meanwhile keeps its new words.
    async fn case_words_again(
        &self,
        after: Option<(Shard, CaseId)>,
        limit: u32,
        words: &(dyn for<'c> Fn(&'c Case) -> String + Sync),
    ) -> Result<WordsMade<(Shard, CaseId)>, StoreError> {
        let _ = (after, limit, words);
        Ok(WordsMade { count: 0, last: None })
    }
    /// The same for rows kept by place; `words` is given every version of a row.
    async fn row_words_again(
        &self,
        after: Option<&RowKey>,
        limit: u32,
        words: &(dyn for<'r> Fn(&'r [Record]) -> Option<String> + Sync),
    ) -> Result<WordsMade<RowKey>, StoreError> {
        let _ = (after, limit, words);
        Ok(WordsMade { count: 0, last: None })
    }
}
