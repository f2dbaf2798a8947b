//! Who somebody is and how they prove it: passwords and their rules, wrong tries and the waits they bring, a second factor,
//! passkeys, the sign-in of another provider, sessions as their owner sees them, and what is told of all this. Everything lies among the things kept, by account.
//!
//! Leaves out what somebody may do: that hangs on posts.

mod agent;
pub mod credential;
pub mod deputies;
pub mod lines;
pub mod openid;
pub mod passkey;
pub mod password;
pub mod second;
pub mod sessions;
pub mod setup;
mod slip;
pub mod totp;
pub mod tries;

pub use agent::short as agent_in_short;

use crate::error::Error;
use ganglion_kernel::port::Kept;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Kinds of things that are forgotten when they are due.
pub(crate) const TIMED: [&str; 10] = [
    lines::KINDS[0],
    lines::KINDS[1],
    sessions::KIND,
    tries::KINDS[0],
    tries::KINDS[1],
    setup::KIND,
    slip::KIND,
    crate::public::second_step::KIND,
    crate::residents::code::KIND,
    crate::residents::session::KIND,
];
/// Times a change is made again because somebody else changed the same thing meanwhile.
pub(crate) const SWAPS_MAX: usize = 16;

/// Reads a thing kept.
///
/// # Errors
/// When it is not what it should be.
pub(crate) fn read<T: DeserializeOwned>(kept: &Kept) -> Result<T, Error> {
    serde_json::from_str(&kept.body).map_err(|error| Error::Internal(format!("{} {}: {error}", kept.kind, kept.id)))
}

/// A thing to be kept.
///
/// # Errors
/// When it cannot be written as JSON.
pub(crate) fn kept<T: Serialize>((kind, id): (&str, String), due: Option<Timestamp>, body: &T) -> Result<Kept, Error> {
    let body = serde_json::to_string(body).map_err(|error| Error::Internal(format!("{kind}: {error}")))?;
    Ok(Kept { kind: kind.to_owned(), id, due, body })
}
