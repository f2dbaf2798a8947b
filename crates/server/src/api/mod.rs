//! The JSON interface for partners and load tests: open, act, list, read. A call carries a bearer token from sign-in;
//! cookies are not taken for what changes something, so no other site can make a browser call it. Errors are
//! `{error, fields, message}` in the language of `Accept-Language`.

pub(crate) mod act;
mod packs;
mod queue;
pub(crate) mod read;
mod sign_in;

pub use act::{act, open};
pub use packs::{list as packs, put as put_packs};
pub use queue::{next, waiting};
pub use read::{list, one};
pub use sign_in::sign_in;

/// Bytes of packs sent by programs.
pub const PACK_BYTES_MAX: usize = 32 << 20;

use crate::error::Error;
use axum::body::Bytes;
use serde::de::DeserializeOwned;

/// A body of JSON.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        tracing::debug!(line = error.line(), column = error.column(), "a body could not be read");
        Error::Unreadable("json")
    })
}
