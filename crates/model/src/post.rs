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

/// Begins the account a service key stands in: no person's account has a colon.
const SERVICE: &str = "key:";

/// The role of keys that act as another system and not as one of an organisation's posts: `api` in expressions and `by:`.
pub const SERVICE_ROLE: &str = "api";

/// The account that holds the post of a service key.
#[must_use]
pub fn service_account(key: &str) -> AccountId {
    AccountId(format!("{SERVICE}{key}"))
}

impl Post {
    /// Whether software with a key holds it. Such a post acts like any other, but nothing is given to it by a rule or a list.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.0.starts_with(SERVICE))
    }

    /// Whether it exists on `day`.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|to| day < to)
    }
}

/// All posts, in memory, by id and by place. Those of service keys are found by id and account only: nobody is offered them
/// and no rule chooses them.
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
            if !post.is_service() {
                posts.by_place.entry(post.place).or_default().push(index);
            }
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

    /// All posts of people, in id order.
    pub fn all(&self) -> impl Iterator<Item = &Post> {
        self.list.iter().filter(|post| !post.is_service())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_post_of_a_key_acts_and_is_never_chosen() {
        let post = |id: &str, account: AccountId| Post {
            id: PostId(id.to_owned()),
            role: "handler".to_owned(),
            place: "130903001".parse().unwrap(),
            title: Text::default(),
            unit: Text::default(),
            account: Some(account),
            valid_from: date(2022, 1, 1),
            valid_to: None,
        };
        let posts = Posts::new([post("a", AccountId("anna".to_owned())), post("b", service_account("county-app"))]);
        let ids = |posts: Vec<&Post>| posts.into_iter().map(|post| post.id.0.clone()).collect::<Vec<_>>();
        assert_eq!(ids(posts.at("130903001".parse().unwrap()).collect()), ["a"]);
        assert_eq!(ids(posts.all().collect()), ["a"]);
        assert_eq!(ids(posts.of(&service_account("county-app")).collect()), ["b"]);
        assert!(posts.get(&PostId("b".to_owned())).is_some_and(Post::is_service));
    }
}
