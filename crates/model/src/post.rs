//! Posts: a role at a place, dated, held by an account. Permissions hang here, never on people.

use crate::id::{AccountId, PostId};
use crate::place::PlaceCode;
use crate::text::Text;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

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
///
/// A city has several for every village: what finds them says where in the list they stand and repeats no id.
#[derive(Clone, Debug, Default)]
pub struct Posts {
    /// In id order.
    list: Vec<Post>,
    by_id: Positions,
    by_account: Positions,
    /// Places with positions in the list, in order.
    by_place: Vec<(PlaceCode, u32)>,
    deputies: Vec<Deputy>,
    deputies_of: HashMap<PostId, Vec<usize>>,
    deputies_by: HashMap<AccountId, Vec<usize>>,
}

/// Hashes of texts with positions in a list, in order. Two texts may have one hash: whoever looks compares them.
#[derive(Clone, Debug, Default)]
struct Positions(Vec<(u64, u32)>);

impl Positions {
    fn new<'a>(texts: impl Iterator<Item = (&'a str, u32)>) -> Positions {
        let mut all: Vec<_> = texts.map(|(text, position)| (hash_of(text), position)).collect();
        all.sort_unstable();
        all.shrink_to_fit();
        Positions(all)
    }

    /// Positions of this text, and seldom of another one, ascending.
    fn of(&self, text: &str) -> impl Iterator<Item = usize> {
        equal(&self.0, hash_of(text))
    }
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The positions beside `key` in what is in order.
fn equal<K: Ord + Copy>(all: &[(K, u32)], key: K) -> impl Iterator<Item = usize> {
    let from = all.partition_point(|(one, _)| *one < key);
    all[from..].iter().take_while(move |(one, _)| *one == key).map(|(_, position)| *position as usize)
}

impl Posts {
    /// From rows; a later row with the same id replaces the earlier.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = Post>) -> Posts {
        let mut list: Vec<Post> = rows.into_iter().collect();
        // The later of two comes first and stays.
        list.reverse();
        list.sort_by(|one, other| one.id.cmp(&other.id));
        list.dedup_by(|next, stays| next.id == stays.id);
        list.shrink_to_fit();
        let each = || list.iter().zip(0_u32..);
        let by_id = Positions::new(each().map(|(post, at)| (post.id.0.as_str(), at)));
        let by_account = each().filter_map(|(post, at)| Some((post.account.as_ref()?.0.as_str(), at)));
        let by_account = Positions::new(by_account);
        let of_people = each().filter(|(post, _)| !post.is_service());
        let mut by_place: Vec<_> = of_people.map(|(post, at)| (post.place, at)).collect();
        by_place.sort_unstable();
        by_place.shrink_to_fit();
        Posts { list, by_id, by_account, by_place, ..Posts::default() }
    }

    /// The post `id`.
    #[must_use]
    pub fn get(&self, id: &PostId) -> Option<&Post> {
        self.by_id.of(&id.0).filter_map(|at| self.list.get(at)).find(|post| post.id == *id)
    }

    /// Posts that stand exactly at `place`, in id order.
    pub fn at(&self, place: PlaceCode) -> impl Iterator<Item = &Post> {
        equal(&self.by_place, place).filter_map(|at| self.list.get(at))
    }

    /// Posts that stand at `place` or inside it, in id order.
    pub fn inside(&self, place: PlaceCode) -> impl Iterator<Item = &Post> {
        let from = self.by_place.partition_point(|(one, _)| *one < place);
        let held = self.by_place[from..].iter().take_while(|(one, _)| place.holds(*one));
        let mut found: Vec<u32> = held.map(|(_, at)| *at).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|at| self.list.get(at as usize))
    }

    /// Posts an account holds, in id order.
    pub fn of(&self, account: &AccountId) -> impl Iterator<Item = &Post> {
        let all = self.by_account.of(&account.0).filter_map(|at| self.list.get(at));
        all.filter(move |post| post.account.as_ref() == Some(account))
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
    fn posts_are_found_by_id_place_and_holder_and_a_later_row_replaces_an_earlier_one() {
        let post = |id: &str, place: &str, account: Option<&str>| Post {
            id: PostId(id.to_owned()),
            role: "handler".to_owned(),
            place: place.parse().unwrap(),
            title: Text::default(),
            unit: Text::default(),
            account: account.map(|account| AccountId(account.to_owned())),
            valid_from: date(2022, 1, 1),
            valid_to: None,
        };
        let (here, there) = ("130903001", "130903002");
        let posts = Posts::new([
            post("c", here, Some("anna")),
            post("a", here, Some("anna")),
            post("b", here, Some("ben")),
            post("b", there, Some("anna")),
            post("d", there, None),
        ]);
        let ids = |posts: Vec<&Post>| posts.iter().map(|post| post.id.0.clone()).collect::<String>();
        assert_eq!(ids(posts.all().collect()), "abcd");
        assert_eq!(ids(posts.at(here.parse().unwrap()).collect()), "ac");
        assert_eq!(ids(posts.at(there.parse().unwrap()).collect()), "bd");
        assert_eq!(ids(posts.at("130903".parse().unwrap()).collect()), "");
        assert_eq!(ids(posts.inside("130903".parse().unwrap()).collect()), "abcd");
        assert_eq!(ids(posts.inside(there.parse().unwrap()).collect()), "bd");
        assert_eq!(ids(posts.inside("130904".parse().unwrap()).collect()), "");
        assert_eq!(ids(posts.of(&AccountId("anna".to_owned())).collect()), "abc");
        assert_eq!(ids(posts.of(&AccountId("ben".to_owned())).collect()), "", "replaced");
        assert_eq!(posts.get(&PostId("b".to_owned())).unwrap().place.to_string(), there);
        assert!(posts.get(&PostId("e".to_owned())).is_none());
    }

    #[test]
    fn two_texts_with_one_hash_are_told_apart_by_whoever_looks() {
        let same = Positions(vec![(7, 0), (7, 1), (8, 2)]);
        assert_eq!(equal(&same.0, 7).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(equal(&same.0, 9).count() + equal(&same.0, 6).count(), 0);
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
