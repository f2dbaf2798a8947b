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

/// The role of posts that administer an installation: the kernel's own, so that no pack can give it away. It counts where the post
/// stands at a county or above.
pub const ADMIN_ROLE: &str = "admin";

/// The role of posts that watch over those who administer: they read what is kept about accounts, who looked at personal values, and
/// who may do what, and change nothing (GB/T 22239-2019, 8.1.5.2). A pack declares it; it counts where the post stands at a county or
/// above.
pub const AUDIT_ROLE: &str = "audit_admin";

/// The role of posts that give out accounts, posts and keys of services, and nothing else of administration: the kernel's own, as
/// [`ADMIN_ROLE`]. From the first such post for a place on, whoever administers it runs the system and gives out nothing any more
/// (GB/T 22239-2019, 8.1.5.3). It counts where the post stands at a county or above.
pub const SECURITY_ROLE: &str = "security_admin";

/// Somebody who stands in for the holder of a post while they are away, and acts in it under their own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deputy {
    /// The post.
    pub post: PostId,
    /// Who stands in.
    pub account: AccountId,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Who said so.
    pub by: AccountId,
}

impl Deputy {
    /// Whether it counts on `day`.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.from <= day && day <= self.to
    }
}

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
    deputies: Vec<Deputy>,
    deputies_of: HashMap<PostId, Vec<usize>>,
    deputies_by: HashMap<AccountId, Vec<usize>>,
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

    /// The same posts with these deputies, in place of those before.
    #[must_use]
    pub fn with_deputies(self, deputies: impl IntoIterator<Item = Deputy>) -> Posts {
        let deputies: Vec<Deputy> = deputies.into_iter().collect();
        let mut deputies_of: HashMap<PostId, Vec<usize>> = HashMap::new();
        let mut deputies_by: HashMap<AccountId, Vec<usize>> = HashMap::new();
        for (index, one) in deputies.iter().enumerate() {
            deputies_of.entry(one.post.clone()).or_default().push(index);
            deputies_by.entry(one.account.clone()).or_default().push(index);
        }
        Posts { deputies, deputies_of, deputies_by, ..self }
    }

    /// Deputies of a post, also those whose days are over or still to come.
    pub fn deputies_of(&self, post: &PostId) -> impl Iterator<Item = &Deputy> {
        self.deputies_of.get(post).into_iter().flatten().filter_map(|index| self.deputies.get(*index))
    }

    /// Whether `account` stood in for the holder of a post on `day`.
    #[must_use]
    pub fn stands_in(&self, account: &AccountId, post: &PostId, day: Date) -> bool {
        self.deputies_of(post).any(|one| one.account == *account && one.valid_on(day))
    }

    /// Whether `account` may act in a post on `day`: holds it, or stands in for who does. Somebody stands in only while there is
    /// somebody to stand in for.
    #[must_use]
    pub fn acts_in(&self, account: &AccountId, post: &Post, day: Date) -> bool {
        let holds = post.account.as_ref() == Some(account);
        post.valid_on(day) && (holds || (post.account.is_some() && self.stands_in(account, &post.id, day)))
    }

    /// Posts an account may act in on `day`: those it holds, then those it stands in for.
    #[must_use]
    pub fn acting(&self, account: &AccountId, day: Date) -> Vec<&Post> {
        let mut all: Vec<&Post> = self.of(account).filter(|post| post.valid_on(day)).collect();
        for index in self.deputies_by.get(account).into_iter().flatten() {
            let post = self.deputies.get(*index).and_then(|one| self.get(&one.post));
            let acts = |post: &&Post| self.acts_in(account, post, day) && !all.iter().any(|one| one.id == post.id);
            if let Some(post) = post.filter(acts) {
                all.push(post);
            }
        }
        all
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

    #[test]
    fn a_deputy_acts_for_somebody_on_their_days_only() {
        let day = |n| date(2022, 6, n);
        let account = |name: &str| AccountId(name.to_owned());
        let post = |id: &str, holder: Option<&str>| Post {
            id: PostId(id.to_owned()),
            role: "handler".to_owned(),
            place: "130903001".parse().unwrap(),
            title: Text::default(),
            unit: Text::default(),
            account: holder.map(account),
            valid_from: date(2022, 1, 1),
            valid_to: Some(day(30)),
        };
        let deputy = |post: &str, from, to| Deputy {
            post: PostId(post.to_owned()),
            account: account("ben"),
            from: day(from),
            to: day(to),
            by: account("anna"),
        };
        let posts = Posts::new([post("a", Some("anna")), post("b", Some("ben")), post("c", None)]);
        let posts = posts.with_deputies([deputy("a", 10, 12), deputy("a", 12, 30), deputy("c", 1, 30)]);
        let acting = |n| posts.acting(&account("ben"), day(n)).iter().map(|post| post.id.0.clone()).collect::<Vec<_>>();
        assert_eq!(
            (acting(9), acting(10), acting(12)),
            (vec!["b".to_owned()], vec!["b".into(), "a".into()], acting(10))
        );
        assert_eq!(acting(30), Vec::<String>::new(), "the post is over");
        assert!(posts.stands_in(&account("ben"), &PostId("a".to_owned()), day(12)));
        assert!(!posts.stands_in(&account("anna"), &PostId("a".to_owned()), day(12)), "the holder is no deputy");
    }
}
