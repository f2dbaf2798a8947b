//! Signing in by a provider of identities of the city (OpenID Connect): people are sent there with a code challenge (PKCE, RFC 7636),
//! a state and a number, and come back with a code, which the server exchanges for a signed token. The token names a person of the
//! provider; whom that is here was bound before, by the owner of the account or by whoever administers the installation. Nobody gets an account by it.

mod provider;
mod token;

pub use provider::{Memory, is_issuer};

use super::credential::{self, Credential};
use super::lines::What;
use super::{kept, read};
use crate::app::App;
use crate::error::Error;
use crate::limits::OPENID_SECONDS;
use crate::page::encode;
use crate::sign;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ganglion_kernel::Store;
use ganglion_model::AccountId;
use jiff::Timestamp;
use ring::digest;
use serde::{Deserialize, Serialize};
use token::{Claims, Expected, Fault};

/// How accounts are kept by whom the provider knows them as.
const OWNER: &str = "openid_owner";
/// What a browser holds while it is at the provider.
const PURPOSE: &str = "openid";
/// Where people come back.
pub const BACK: &str = "/sign-in/openid/back";

/// The provider of identities a deployment names.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenId {
    /// Its address, as it stands in its tokens.
    pub issuer: String,
    /// Whom it knows this installation as.
    pub client: String,
    /// The secret it gave the installation, if it did.
    pub secret: Option<String>,
    /// What people call it: stands on the button.
    pub name: String,
    /// Ways of recognising somebody (`acr` or `amr` of its tokens) that count as a second factor here.
    pub second: Vec<String>,
}

impl std::fmt::Debug for OpenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenId").field("issuer", &self.issuer).field("client", &self.client).finish_non_exhaustive()
    }
}

/// Whom the provider knows an account as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The provider.
    pub issuer: String,
    /// The person there.
    pub subject: String,
    /// Since when.
    pub since: Timestamp,
}

/// What a browser holds while it is at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    state: String,
    nonce: String,
    verifier: String,
    /// Where it goes on afterwards.
    pub next: String,
    /// The session whose account is to be bound, by its hash; none to sign in.
    pub binds: Option<String>,
}

/// Whom the provider recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The provider.
    pub issuer: String,
    /// The person there.
    pub subject: String,
    /// How that counts here.
    pub what: What,
}

/// The id an account is kept under for a person of a provider.
fn owner(issuer: &str, subject: &str) -> String {
    sign::digest(&format!("{}\n{subject}", issuer.trim_end_matches('/')))
}

/// Binds an account to a person of a provider, in place of the one before; `false` when that person has another account.
///
/// # Errors
/// Storage.
pub async fn bind(
    store: &dyn Store,
    account: &AccountId,
    (issuer, subject): (&str, &str),
    now: Timestamp,
) -> Result<bool, Error> {
    let id = owner(issuer, subject);
    if !store.kept_swap(&kept((OWNER, id.clone()), None, account)?, None).await? {
        let found = store.kept_one(OWNER, &id).await?;
        let known: Option<AccountId> = found.as_ref().map(read).transpose()?;
        if known.as_ref() != Some(account) {
            return Ok(false);
        }
    }
    let bound = Bound { issuer: issuer.to_owned(), subject: subject.to_owned(), since: now };
    let before =
        credential::change(store, account, |known: &mut Credential| known.bound.replace(bound.clone())).await?;
    if let Some(before) = before.map(|one| owner(&one.issuer, &one.subject)).filter(|before| *before != id) {
        store.kept_gone(&[(OWNER.to_owned(), before)]).await?;
    }
    Ok(true)
}

/// Binds an account to nobody any more; says whether it was bound.
///
/// # Errors
/// Storage.
pub async fn unbind(store: &dyn Store, account: &AccountId) -> Result<bool, Error> {
    let gone = credential::change(store, account, |known: &mut Credential| known.bound.take()).await?;
    if let Some(gone) = &gone {
        store.kept_gone(&[(OWNER.to_owned(), owner(&gone.issuer, &gone.subject))]).await?;
    }
    Ok(gone.is_some())
}

impl App {
    fn openid_back(&self) -> String {
        format!("{}{BACK}", self.settings.public_url)
    }

    /// Where a browser is sent, and what it holds meanwhile. `binds`: the session whose account is to be bound.
    ///
    /// # Errors
    /// In words for the log, when the provider does not say where that is; the outer one when that cannot be sealed.
    pub async fn openid_send(
        &self,
        openid: &OpenId,
        (next, binds): (&str, Option<&str>),
    ) -> Result<Result<(String, String), String>, Error> {
        let provider = match self.openid_provider(openid, false).await {
            Ok(provider) => provider,
            Err(reason) => return Ok(Err(reason)),
        };
        let random = || B64.encode(self.clock.key());
        let sent = Sent {
            state: random(),
            nonce: random(),
            verifier: random(),
            next: next.to_owned(),
            binds: binds.map(str::to_owned),
        };
        let challenge = B64.encode(digest::digest(&digest::SHA256, sent.verifier.as_bytes()));
        let back = self.openid_back();
        let query = [
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", openid.client.as_str()),
            ("redirect_uri", back.as_str()),
            ("state", sent.state.as_str()),
            ("nonce", sent.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let joint = if provider.authorization.contains('?') { '&' } else { '?' };
        let to = format!("{}{joint}{}", provider.authorization, query.join("&"));
        Ok(Ok((to, self.slip(PURPOSE, OPENID_SECONDS, &sent)?)))
    }

    /// What the browser held that came back with this state; nothing when it is another one, or came too late.
    #[must_use]
    pub fn openid_sent(&self, held: &str, state: &str) -> Option<Sent> {
        self.slip_open::<Sent>(PURPOSE, held).filter(|sent| sign::same(&sent.state, state))
    }

    /// Exchanges the code a browser came back with; gives whom the provider recognised.
    ///
    /// # Errors
    /// In words for the log, when nobody is to be believed.
    pub async fn openid_recognised(&self, openid: &OpenId, sent: &Sent, code: &str) -> Result<Recognised, String> {
        let provider = self.openid_provider(openid, false).await?;
        let back = self.openid_back();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back.as_str()),
            ("code_verifier", sent.verifier.as_str()),
        ];
        let id_token = provider.exchange(openid, &form).await?;
        let read = |provider: &provider::Provider| {
            let expected = Expected {
                issuer: &provider.issuer,
                client: &openid.client,
                nonce: &sent.nonce,
                now_seconds: self.clock.now().as_second(),
            };
            token::read(&id_token, &provider.keys, expected)
        };
        let claims: Claims = match read(&provider) {
            // Keys are changed from time to time.
            Err(Fault::UnknownKey) => read(self.openid_provider(openid, true).await?.as_ref()),
            said => said,
        }
        .map_err(|fault| fault.to_string())?;
        let second = claims.ways().any(|way| openid.second.iter().any(|one| one == way));
        let what = if second { What::InByOpenidWithSecond } else { What::InByOpenid };
        Ok(Recognised { issuer: provider.issuer.clone(), subject: claims.sub, what })
    }

    /// The account of a person of a provider.
    ///
    /// # Errors
    /// Storage.
    pub async fn openid_account(&self, issuer: &str, subject: &str) -> Result<Option<AccountId>, Error> {
        let found = self.store.kept_one(OWNER, &owner(issuer, subject)).await?;
        let account: Option<AccountId> = found.as_ref().map(read).transpose()?;
        let Some(account) = account else { return Ok(None) };
        // The index says who it may be; what stands beside the account decides.
        let known = credential::of(self.store.as_ref(), &account).await?;
        let bound = known.bound.is_some_and(|bound| owner(&bound.issuer, &bound.subject) == owner(issuer, subject));
        Ok(bound.then_some(account))
    }
}
