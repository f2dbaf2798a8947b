//! People and what belongs to them: accounts, sessions, uploaded files, notices, and who looked at personal values.

use ganglion_model::{AccountId, CaseId, PostId, Shard, Text};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Name, unique.
    pub id: AccountId,
    /// What the person is called.
    pub name: String,
    /// argon2id hash; `None` cannot sign in with a password.
    pub password: Option<String>,
    /// May it sign in?
    pub active: bool,
}

/// A session, found by the hash of its token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// Account.
    pub account: AccountId,
    /// Post it acts in.
    pub post: Option<PostId>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// An uploaded file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileRow {
    /// Id: hex of 16 random bytes.
    pub id: String,
    /// Name given by the uploader, for display only.
    pub name: String,
    /// Type found by looking inside.
    pub media_type: String,
    /// Bytes.
    pub bytes: u64,
    /// When.
    pub at: Timestamp,
    /// The case it belongs to, once it does.
    pub case: Option<(Shard, CaseId)>,
    /// Named in a command on its way: a case may rest on it even when nothing was tied to it, so it is never cleaned up.
    #[serde(default)]
    pub sent: bool,
    /// A perceptual hash of a picture, for finding the same photo again.
    pub fingerprint: Option<u64>,
}

/// A line of the access log: who saw personal values in clear, for which case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// When.
    pub at: Timestamp,
    /// Shard.
    pub shard: Shard,
    /// Case.
    pub case: CaseId,
    /// Post.
    pub post: PostId,
    /// Account.
    pub account: AccountId,
    /// Fields seen.
    pub fields: Vec<String>,
    /// What it was for, where that was asked; empty: for the case itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
}

/// What is no longer needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Sessions that ended before this instant.
    pub sessions: Timestamp,
    /// Outcomes recorded before it.
    pub answers: Timestamp,
    /// Files that came before it, belong to no case and were never sent.
    pub files: Timestamp,
    /// Most rows of each kind at once.
    pub rows_max: u32,
}

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Sessions.
    pub sessions: usize,
    /// Recorded outcomes.
    pub answers: usize,
    /// Files, whose bytes the caller removes.
    pub files: Vec<String>,
}

/// A notice to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whom.
    pub post: PostId,
    /// Shard of the journal line.
    pub shard: Shard,
    /// The line.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The case.
    pub case: CaseId,
    /// The step that told it.
    pub action: String,
    /// The clock it is about, if a clock told it.
    pub clock: Option<String>,
    /// Words of the pack; empty: those of the step.
    pub text: Text,
}

/// Notices kept for one post; older ones go.
pub const TOLD_MAX: u32 = 200;
