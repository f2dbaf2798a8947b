//! Posts: a role at a place, dated, held by an account. Permissions hang here, never on people.

use crate::id::{AccountId, PostId};
use crate::place::PlaceCode;
use crate::text::Text;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// One post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Id.
    pub id: PostId,
    /// Role of the packs.
    pub role: String,
    /// Where; its subtree is the post's scope.
    pub place: PlaceCode,
    /// What the holder is called.
    pub title: Text,
    /// The unit it belongs to.
    #[serde(default)]
    pub unit: Text,
    /// Who holds it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// First day.
    pub valid_from: Date,
    /// First day it no longer exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl Post {
    /// Whether it exists on `day`.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|to| day < to)
    }
}

/// All posts, in memory, by id and by place.
#[derive(Clone, Debug, Default)]
pub struct Posts {
    /// In id order; the maps say where in it.
    list: Vec<Post>,
    by_id: HashMap<PostId, usize>,
    by_place: HashMap<PlaceCode, Vec<usize>>,
    by_account: HashMap<AccountId, Vec<usize>>,
}

impl Posts {
    /// From rows; a later row with the same id replaces the earlier.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = Post>) -> Posts {
        let rows: BTreeMap<PostId, Post> = rows.into_iter().map(|post| (post.id.clone(), post)).collect();
        let mut posts = Posts { list: rows.into_values().collect(), ..Posts::default() };
        for (index, post) in posts.list.iter().enumerate() {
            posts.by_id.insert(post.id.clone(), index);
            posts.by_place.entry(post.place).or_default().push(index);
            if let Some(account) = &post.account {
                posts.by_account.entry(account.clone()).or_default().push(index);
            }
        }
        posts
    }

    /// The post `id`.
    #[must_use]
    pub fn get(&self, id: &PostId) -> Option<&Post> {
        self.list.get(*self.by_id.get(id)?)
    }

    /// Posts that stand exactly at `place`, in id order.
    pub fn at(&self, place: PlaceCode) -> impl Iterator<Item = &Post> {
        self.by_place.get(&place).into_iter().flatten().filter_map(|index| self.list.get(*index))
    }

    /// Posts an account holds, in id order.
    pub fn of(&self, account: &AccountId) -> impl Iterator<Item = &Post> {
        self.by_account.get(account).into_iter().flatten().filter_map(|index| self.list.get(*index))
    }

    /// All posts, in id order.
    pub fn all(&self) -> impl Iterator<Item = &Post> {
        self.list.iter()
    }
}
