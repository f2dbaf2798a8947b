//! Passkeys of an account: keys a phone, a computer or a stick holds and uses only after it has verified the person. So one is a
//! second factor after the password, and by itself as good as both. Kept beside the account's other means, with an index by the id
//! of the passkey for those who sign in without typing a name.

pub mod ceremony;

use super::credential::{self, Credential};
use super::{kept, read};
use crate::app::App;
use crate::error::Error;
use crate::limits::{PASSKEY_SECONDS, PASSKEYS_MAX};
use crate::sign::{self, Use};
use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ceremony::{ALGORITHMS, Expected, Fault, Key, Signed};
use ganglion_kernel::Store;
use ganglion_model::AccountId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;

/// How the accounts of passkeys are kept, by the hash of the passkey's id.
const OWNER: &str = "passkey_owner";
/// What a browser holds while a passkey is made.
const MAKING: &str = "passkey-made";
/// What a browser holds while one signs in.
const SIGNING: &str = "passkey-signed";

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its id, base64url.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Its public key.
    pub key: Key,
    /// How often it was used; 0 when it does not count.
    pub count: u32,
    /// It is kept in more than one place, by the maker of the device or a password manager.
    #[serde(default)]
    pub backed_up: bool,
    /// Since when.
    pub since: Timestamp,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Timestamp>,
}

impl Passkey {
    /// Its name in addresses.
    #[must_use]
    pub fn handle(&self) -> String {
        sign::digest(&self.id)[..16].to_owned()
    }
}

/// The pages passkeys are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Where they come from: `https://ganglion.example`.
    pub origin: String,
    /// Their name: `ganglion.example`.
    pub host: String,
}

impl Pages {
    /// The pages of an address, if browsers give passkeys to such: a name reached over TLS, or `localhost`.
    #[must_use]
    pub fn of(public_url: &str) -> Option<Pages> {
        let uri: Uri = public_url.parse().ok()?;
        let scheme = uri.scheme_str()?;
        let host = uri.host()?.to_lowercase();
        let local = host == "localhost" || host.ends_with(".localhost");
        let usual = match scheme {
            "https" => 443,
            "http" if local => 80,
            _ => return None,
        };
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return None;
        }
        let port = uri.port_u16().filter(|port| *port != usual).map(|port| format!(":{port}"));
        Some(Pages { origin: format!("{scheme}://{host}{}", port.unwrap_or_default()), host })
    }
}

/// What a browser holds in the middle of a ceremony.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    challenge: String,
    /// Whose passkey it is to be; nobody's in particular when no name was typed.
    account: Option<AccountId>,
}

/// What the script sends when a passkey was made; bytes in base64url.
#[derive(Deserialize)]
struct MadeAnswer {
    client: String,
    attested: String,
}

/// What the script sends when a passkey signed; bytes in base64url.
#[derive(Deserialize)]
struct SignedAnswer {
    id: String,
    client: String,
    authenticator: String,
    signature: String,
    #[serde(default)]
    user: Option<String>,
}

/// What came of an answer of a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It holds, for this account.
    Fits(AccountId),
    /// It does not; the account it was for, when there is one.
    Wrong(Option<AccountId>),
    /// It came too late, or for the second time.
    Late,
}

fn bytes(text: &str) -> Result<Vec<u8>, Fault> {
    B64.decode(text.trim_end_matches('=')).map_err(|_| Fault::Unreadable)
}

/// Removes passkeys of an account: the one with this handle, or all of them. Gives how many.
///
/// # Errors
/// Storage.
pub async fn forget(store: &dyn Store, account: &AccountId, handle: Option<&str>) -> Result<usize, Error> {
    let gone = credential::change(store, account, |known: &mut Credential| {
        let goes = |one: &Passkey| handle.is_none_or(|handle| one.handle() == handle);
        let (gone, left): (Vec<Passkey>, Vec<Passkey>) = known.passkeys.drain(..).partition(goes);
        known.passkeys = left;
        gone
    })
    .await?;
    let owners: Vec<(String, String)> = gone.iter().map(|one| (OWNER.to_owned(), sign::digest(&one.id))).collect();
    store.kept_gone(&owners).await?;
    Ok(gone.len())
}

impl App {
    /// The pages passkeys of this installation are bound to; `None` where browsers give none.
    #[must_use]
    pub fn passkey_pages(&self) -> Option<Pages> {
        Pages::of(&self.settings.public_url)
    }

    /// Whether an account signs in with passkeys here.
    #[must_use]
    pub fn has_passkeys(&self, known: &Credential) -> bool {
        !known.passkeys.is_empty() && self.passkey_pages().is_some()
    }

    /// The number by which devices know an account: it says nothing about the person.
    fn passkey_user(&self, account: &AccountId) -> String {
        B64.encode(sign::sign(&self.master, Use::Passkey, &[&account.0]))
    }

    fn challenge(&self) -> String {
        B64.encode(self.clock.key())
    }

    /// Asks a browser to make a passkey for an account: what its script is told, and what it holds meanwhile. Nothing where
    /// browsers make none.
    ///
    /// # Errors
    /// Storage.
    pub async fn passkey_make(
        &self,
        account: &AccountId,
        (name, site): (&str, &str),
    ) -> Result<Option<(Value, String)>, Error> {
        let Some(pages) = self.passkey_pages() else { return Ok(None) };
        let known = credential::of(self.store.as_ref(), account).await?;
        let asked = Asked { challenge: self.challenge(), account: Some(account.clone()) };
        let algorithms = ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
        let options = json!({
            "rp": { "id": pages.host, "name": site },
            "user": { "id": self.passkey_user(account), "name": account.0, "displayName": name },
            "challenge": asked.challenge,
            "pubKeyCredParams": algorithms,
            "timeout": PASSKEY_SECONDS * 1_000,
            "excludeCredentials": named(&known.passkeys),
            "authenticatorSelection": { "residentKey": "preferred", "userVerification": "required" },
            "attestation": "none",
        });
        Ok(Some((options, self.slip(MAKING, PASSKEY_SECONDS, &asked)?)))
    }

    /// Takes a passkey that was made for an account; says what is wrong with it otherwise. `held` is what the browser held.
    ///
    /// # Errors
    /// Storage.
    pub async fn passkey_made(
        &self,
        account: &AccountId,
        (held, answer): (&str, &str),
        name: &str,
    ) -> Result<Result<(), Fault>, Error> {
        let asked = self.slip_open::<Asked>(MAKING, held).filter(|asked| asked.account.as_ref() == Some(account));
        let (Some(pages), Some(asked)) = (self.passkey_pages(), asked) else { return Ok(Err(Fault::Other)) };
        let read = || {
            let answer: MadeAnswer = serde_json::from_str(answer).map_err(|_| Fault::Unreadable)?;
            let expected = Expected { challenge: &asked.challenge, origin: &pages.origin, host: &pages.host };
            ceremony::made(expected, &bytes(&answer.client)?, &bytes(&answer.attested)?)
        };
        let made = match read() {
            Ok(made) => made,
            Err(fault) => return Ok(Err(fault)),
        };
        if !self.slip_used(held, PASSKEY_SECONDS).await? {
            return Ok(Err(Fault::Other));
        }
        let owner = kept((OWNER, sign::digest(&made.id)), None, account)?;
        if !self.store.kept_swap(&owner, None).await? {
            return Ok(Err(Fault::Copied));
        }
        let passkey = Passkey {
            id: made.id,
            name: name.to_owned(),
            key: made.key,
            count: made.count,
            backed_up: made.backed_up,
            since: self.clock.now(),
            used: None,
        };
        credential::change(self.store.as_ref(), account, |known| {
            if known.passkeys.len() < PASSKEYS_MAX && !known.passkeys.iter().any(|one| one.id == passkey.id) {
                known.passkeys.push(passkey.clone());
            }
        })
        .await?;
        Ok(Ok(()))
    }

    /// Asks a browser for a passkey: of one account, or of whoever is there. Nothing where browsers give none.
    ///
    /// # Errors
    /// Storage.
    pub async fn passkey_ask(&self, account: Option<&AccountId>) -> Result<Option<(Value, String)>, Error> {
        let Some(pages) = self.passkey_pages() else { return Ok(None) };
        let allowed = match account {
            Some(account) => named(&credential::of(self.store.as_ref(), account).await?.passkeys),
            None => Vec::new(),
        };
        let asked = Asked { challenge: self.challenge(), account: account.cloned() };
        let options = json!({
            "rpId": pages.host,
            "challenge": asked.challenge,
            "timeout": PASSKEY_SECONDS * 1_000,
            "allowCredentials": allowed,
            "userVerification": "required",
        });
        Ok(Some((options, self.slip(SIGNING, PASSKEY_SECONDS, &asked)?)))
    }

    /// The account an answer is for, before anything is believed of it; `Err` when the browser was not asked, or long ago.
    ///
    /// # Errors
    /// Storage.
    pub async fn passkey_owner(&self, held: &str, answer: &str) -> Result<Result<Option<AccountId>, Fault>, Error> {
        let Some(asked) = self.slip_open::<Asked>(SIGNING, held) else { return Ok(Err(Fault::Other)) };
        if asked.account.is_some() {
            return Ok(Ok(asked.account));
        }
        let Ok(answer) = serde_json::from_str::<SignedAnswer>(answer) else { return Ok(Ok(None)) };
        let found = self.store.kept_one(OWNER, &sign::digest(answer.id.trim_end_matches('='))).await?;
        Ok(Ok(found.as_ref().map(read).transpose()?))
    }

    /// Takes the answer of a passkey of an account; notes that it was used.
    ///
    /// # Errors
    /// Storage.
    pub async fn passkey_take(&self, account: &AccountId, (held, answer): (&str, &str)) -> Result<Came, Error> {
        let Some(asked) = self.slip_open::<Asked>(SIGNING, held) else { return Ok(Came::Late) };
        let Some(pages) = self.passkey_pages() else { return Ok(Came::Late) };
        let wrong = Ok(Came::Wrong(Some(account.clone())));
        let Ok(answer) = serde_json::from_str::<SignedAnswer>(answer) else { return wrong };
        let known = credential::of(self.store.as_ref(), account).await?;
        let user = answer.user.as_deref().filter(|user| !user.is_empty());
        let named = user.is_none_or(|user| user.trim_end_matches('=') == self.passkey_user(account));
        let passkey = known.passkeys.iter().find(|one| one.id == answer.id.trim_end_matches('=')).filter(|_| named);
        let Some(passkey) = passkey else { return wrong };
        let check = || {
            let expected = Expected { challenge: &asked.challenge, origin: &pages.origin, host: &pages.host };
            let (client, authenticator) = (bytes(&answer.client)?, bytes(&answer.authenticator)?);
            let signature = bytes(&answer.signature)?;
            let said = Signed { client: &client, authenticator: &authenticator, signature: &signature };
            ceremony::signed(expected, (&passkey.key, passkey.count), said)
        };
        let count = match check() {
            Ok(count) => count,
            Err(fault) => {
                tracing::info!(%fault, "a passkey was refused");
                return wrong;
            }
        };
        if !self.slip_used(held, PASSKEY_SECONDS).await? {
            return Ok(Came::Late);
        }
        let (now, id) = (self.clock.now(), passkey.id.clone());
        let there = credential::change(self.store.as_ref(), account, |known| {
            let Some(one) = known.passkeys.iter_mut().find(|one| one.id == id) else { return false };
            (one.count, one.used) = (one.count.max(count), Some(now));
            true
        })
        .await?;
        Ok(if there { Came::Fits(account.clone()) } else { Came::Wrong(Some(account.clone())) })
    }
}

/// Passkeys as a browser is told of them.
fn named(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys.iter().map(|one| json!({ "type": "public-key", "id": one.id })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_names_that_browsers_count_as_safe() {
        let of = |url: &str| Pages::of(url).map(|pages| (pages.origin, pages.host));
        let pages = |origin: &str, host: &str| Some((origin.to_owned(), host.to_owned()));
        assert_eq!(of("https://Ganglion.example"), pages("https://ganglion.example", "ganglion.example"));
        assert_eq!(of("https://ganglion.example:443/"), pages("https://ganglion.example", "ganglion.example"));
        assert_eq!(of("https://ganglion.example:8443"), pages("https://ganglion.example:8443", "ganglion.example"));
        assert_eq!(of("http://localhost:8080"), pages("http://localhost:8080", "localhost"));
        for none in ["http://ganglion.example", "https://10.1.2.3", "https://[::1]:8443", "http://127.0.0.1:80", ""] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
