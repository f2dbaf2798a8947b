//! What the provider of identities says of itself: where people are sent, where a code is exchanged, with which keys it signs
//! (OpenID Connect Discovery 1.0). Asked over TLS only, or on this machine where the provider itself is; nothing is followed, and an
//! answer is short and quick or none. Remembered for an hour.

use super::OpenId;
use super::token::Jwk;
use crate::app::App;
use crate::events::send::{Answered, Target, call, request_to, target};
use crate::limits::{OPENID_AGAIN_SECONDS, OPENID_BYTES_MAX, OPENID_FRESH_SECONDS};
use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use bytes::Bytes;
use http_body_util::Full;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::Arc;

/// Where it says so.
const DISCOVERY: &str = "/.well-known/openid-configuration";
const OK: u16 = 200;

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Exchanged {
    id_token: String,
}

/// A provider as it described itself.
pub struct Provider {
    /// Its name, which stands in every token.
    pub issuer: String,
    /// Where people are sent.
    pub authorization: String,
    token: Target,
    /// The secret goes into the body and not into a header.
    secret_in_body: bool,
    /// Its keys.
    pub keys: Vec<Jwk>,
    asked_at: Timestamp,
}

/// The provider as it was last described.
#[derive(Default)]
pub struct Memory(Mutex<Option<Arc<Provider>>>);

/// Whether an address is one of this machine, over plain HTTP.
fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An address that may be asked: over TLS, or on this machine where the provider is.
fn endpoint(url: &str, issuer: &str) -> Result<Target, String> {
    let plain = |url: &str| target(url, true).filter(|target| !target.tls && is_local(&target.host));
    let found = target(url, false).or_else(|| plain(issuer).and_then(|_| plain(url)));
    found.ok_or_else(|| format!("{url} is no address that may be asked: only https is"))
}

/// Whether an issuer is one that may be named: over TLS, or on this machine.
#[must_use]
pub fn is_issuer(issuer: &str) -> bool {
    !issuer.contains('?') && endpoint(issuer, issuer).is_ok()
}

async fn ask(
    target: &Target,
    method: &str,
    (headers, body): (&[(header::HeaderName, String)], String),
) -> Result<Answered, String> {
    let mut request = request_to(target, method).header(header::ACCEPT, "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
    // Providers stand inside as well; which one is asked, the deployment says and nobody else.
    call(target, true, request, OPENID_BYTES_MAX).await
}

async fn got<T: DeserializeOwned>(target: &Target) -> Result<T, String> {
    let (status, body) = ask(target, "GET", (&[], String::new())).await?;
    if status != OK {
        return Err(format!("the answer was {status}"));
    }
    serde_json::from_slice(&body).map_err(|error| format!("the answer cannot be read: {error}"))
}

async fn discovered(openid: &OpenId, now: Timestamp) -> Result<Provider, String> {
    let issuer = openid.issuer.as_str();
    let address = endpoint(&format!("{}{DISCOVERY}", issuer.trim_end_matches('/')), issuer)?;
    let said: Metadata = got(&address).await?;
    if said.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
        return Err(format!("the provider calls itself {} and not {issuer}", said.issuer));
    }
    endpoint(&said.authorization_endpoint, issuer)?;
    let keys: Keys = got(&endpoint(&said.jwks_uri, issuer)?).await?;
    // Kinds of keys nobody here knows stand beside those that are used.
    let keys = keys.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
    let methods = &said.token_endpoint_auth_methods_supported;
    let takes = |method: &str| methods.iter().any(|one| one == method);
    Ok(Provider {
        token: endpoint(&said.token_endpoint, issuer)?,
        secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
        issuer: said.issuer,
        authorization: said.authorization_endpoint,
        keys,
        asked_at: now,
    })
}

impl Provider {
    /// Exchanges a code for a token.
    ///
    /// # Errors
    /// In words for the log.
    pub async fn exchange(&self, openid: &OpenId, form: &[(&str, &str)]) -> Result<String, String> {
        let encode = crate::page::encode;
        let mut form = form.to_vec();
        let mut headers = vec![(header::CONTENT_TYPE, "application/x-www-form-urlencoded".to_owned())];
        match &openid.secret {
            Some(secret) if !self.secret_in_body => {
                let both = format!("{}:{}", encode(&openid.client), encode(secret));
                headers.push((header::AUTHORIZATION, format!("Basic {}", B64.encode(both))));
            }
            Some(secret) => form.extend([("client_id", openid.client.as_str()), ("client_secret", secret.as_str())]),
            None => form.push(("client_id", openid.client.as_str())),
        }
        let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let (status, body) = ask(&self.token, "POST", (&headers, pairs.join("&"))).await?;
        if status != OK {
            return Err(format!("the code was not exchanged, the answer was {status}"));
        }
        let said: Exchanged =
            serde_json::from_slice(&body).map_err(|error| format!("the answer holds no ID token: {error}"))?;
        Ok(said.id_token)
    }
}

impl App {
    /// The provider as it describes itself. `anew`: a key is missing, so it is asked again unless that was a moment ago.
    ///
    /// # Errors
    /// In words for the log.
    pub async fn openid_provider(&self, openid: &OpenId, anew: bool) -> Result<Arc<Provider>, String> {
        let now = self.clock.now();
        let good_for = if anew { OPENID_AGAIN_SECONDS } else { OPENID_FRESH_SECONDS };
        let known = self.openid.0.lock().clone();
        if let Some(known) = known.filter(|known| now.duration_since(known.asked_at).as_secs() < good_for) {
            return Ok(known);
        }
        let fresh = Arc::new(discovered(openid, now).await?);
        *self.openid.0.lock() = Some(fresh.clone());
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_is_asked_and_plain_addresses_on_this_machine_alone() {
        let asks = |url: &str, issuer: &str| endpoint(url, issuer).is_ok();
        assert!(asks("https://id.example/token", "https://id.example"));
        assert!(asks("https://elsewhere.example/token", "https://id.example"), "some providers have several names");
        assert!(!asks("http://id.example/token", "https://id.example"));
        assert!(!asks("http://127.0.0.1:9/token", "https://id.example"), "nothing of this machine for others");
        assert!(asks("http://127.0.0.1:9/token", "http://127.0.0.1:9"));
        assert!(!asks("http://10.1.2.3/token", "http://127.0.0.1:9"));
        for issuer in ["https://id.example/realms/city", "http://localhost:9000", "http://[::1]:9000"] {
            assert!(is_issuer(issuer), "{issuer}");
        }
        for none in
            ["http://id.example", "id.example", "https://id.example?a=1", "https://a@id.example", "file:///etc", ""]
        {
            assert!(!is_issuer(none), "{none}");
        }
    }
}
