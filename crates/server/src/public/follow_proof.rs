//! A reporter's proof: that this browser has shown the number together with the phone's last digits, or the query code.
//! Kept in a cookie, signed, for two hours, for a few cases at a time.

use crate::limits::{FOLLOW_SECONDS, FOLLOWS_MAX};
use crate::sign::{self, Use};
use crate::web::Web;
use ganglion_model::{CaseId, Shard};
use uuid::Uuid;

/// Name of the cookie.
pub const COOKIE: &str = "follow";

/// A proof that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Shard.
    pub shard: Shard,
    /// Case.
    pub case: CaseId,
}

fn mac(web: &Web, case: &str, shard: &str, until: &str) -> String {
    sign::hex(&sign::sign(&web.app.master, Use::Follow, &[case, shard, until])[..16])
}

fn read(web: &Web, text: &str) -> Option<Proof> {
    let [case, shard, until, given] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
    if !sign::same(&mac(web, case, shard, until), given) || until.parse::<i64>().ok()? <= web.now.as_second() {
        return None;
    }
    Some(Proof { shard: Shard(shard.parse().ok()?), case: CaseId(Uuid::try_parse(case).ok()?) })
}

impl Web {
    /// The proofs this browser holds.
    #[must_use]
    pub fn proofs(&self) -> Vec<Proof> {
        self.follows.split('~').take(FOLLOWS_MAX).filter_map(|text| read(self, text)).collect()
    }

    /// Gives this browser a proof for `case`.
    pub fn add_proof(&self, shard: Shard, case: CaseId) {
        let (id, shard) = (case.0.simple().to_string(), shard.to_string());
        let until = (self.now.as_second() + FOLLOW_SECONDS).to_string();
        let fresh = format!("{id}.{shard}.{until}.{}", mac(self, &id, &shard, &until));
        let old = self.follows.split('~').filter(|text| read(self, text).is_some_and(|proof| proof.case != case));
        let all: Vec<&str> = std::iter::once(fresh.as_str()).chain(old).take(FOLLOWS_MAX).collect();
        self.set_cookie(COOKIE, &all.join("~"), Some(FOLLOW_SECONDS));
    }
}
