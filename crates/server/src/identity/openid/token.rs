//! What a provider of identities says of somebody: an ID token (OpenID Connect Core 1.0, section 2), a JWS in compact form (RFC 7515)
//! signed with one of its keys (RFC 7517). Pure: time is an argument. Signatures are those of `ring`; only algorithms with a public
//! key are taken, so that neither `none` nor a secret we share stands for the provider.

use crate::limits::OPENID_SKEW_SECONDS;
use crate::sign;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest name of a person at a provider, bytes: the standard allows no more.
const SUBJECT_BYTES_MAX: usize = 255;

/// A key of a provider; numbers are bytes in base64url.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    used_for: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// What a token says, as far as it matters here.
#[derive(Deserialize)]
pub struct Claims {
    iss: String,
    /// Whom the provider knows the person as.
    pub sub: String,
    aud: OneOrMany,
    exp: i64,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

impl Claims {
    /// How the person was recognised there, in the words of the provider.
    pub fn ways(&self) -> impl Iterator<Item = &str> {
        self.acr.iter().chain(&self.amr).map(String::as_str)
    }
}

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who signed it.
    pub issuer: &'a str,
    /// For whom.
    pub client: &'a str,
    /// The number it was asked for with.
    pub nonce: &'a str,
    /// Now, seconds since 1970.
    pub now_seconds: i64,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no token, or says too little.
    #[error("the token cannot be read")]
    Unreadable,
    /// An algorithm that is not taken.
    #[error("the token is signed in a way that is not taken")]
    Algorithm,
    /// No key of the provider is the one it names.
    #[error("the key of the token is not known")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature of the token is wrong")]
    Signature,
    /// Another provider's, for somebody else, or an answer to another question.
    #[error("the token was made for something else")]
    Other,
    /// Its time is over, or has not come.
    #[error("the token is not of now")]
    Time,
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    B64.decode(text).ok()
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, Fault> {
    let bytes = bytes(part).ok_or(Fault::Unreadable)?;
    serde_json::from_slice(&bytes).map_err(|_| Fault::Unreadable)
}

/// Reads a token signed by one of `keys`.
///
/// # Errors
/// See [`Fault`].
pub fn read(token: &str, keys: &[Jwk], expected: Expected<'_>) -> Result<Claims, Fault> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Unreadable)?;
    let (header, body) = signed.split_once('.').ok_or(Fault::Unreadable)?;
    let signature = bytes(signature).ok_or(Fault::Unreadable)?;
    let header: Header = json(header)?;
    if header.crit.is_some() {
        return Err(Fault::Algorithm);
    }
    let algorithm = algorithm(&header.alg).ok_or(Fault::Algorithm)?;
    let fits = |key: &&Jwk| {
        key.kty == algorithm.kty
            && key.crv.as_deref() == algorithm.crv
            && key.used_for.as_deref().is_none_or(|used| used == "sig")
            && key.alg.as_deref().is_none_or(|alg| alg == header.alg)
            && (header.kid.is_none() || key.kid == header.kid)
    };
    let mut known = keys.iter().filter(fits).peekable();
    if known.peek().is_none() {
        return Err(Fault::UnknownKey);
    }
    if !known.any(|key| verified(&algorithm, key, signed.as_bytes(), &signature) == Some(true)) {
        return Err(Fault::Signature);
    }
    let claims: Claims = json(body)?;
    checked(&claims, expected)?;
    Ok(claims)
}

/// A way to sign, and the keys it takes.
struct Algorithm {
    kty: &'static str,
    crv: Option<&'static str>,
    how: How,
}

enum How {
    Rsa(&'static RsaParameters),
    Point(&'static dyn VerificationAlgorithm),
}

fn algorithm(name: &str) -> Option<Algorithm> {
    let rsa = |how: &'static RsaParameters| Algorithm { kty: "RSA", crv: None, how: How::Rsa(how) };
    let point =
        |kty, crv, how: &'static dyn VerificationAlgorithm| Algorithm { kty, crv: Some(crv), how: How::Point(how) };
    Some(match name {
        "RS256" => rsa(&RSA_PKCS1_2048_8192_SHA256),
        "PS256" => rsa(&RSA_PSS_2048_8192_SHA256),
        "ES256" => point("EC", "P-256", &ECDSA_P256_SHA256_FIXED),
        "ES384" => point("EC", "P-384", &ECDSA_P384_SHA384_FIXED),
        "EdDSA" | "Ed25519" => point("OKP", "Ed25519", &ED25519),
        _ => return None,
    })
}

/// Whether a signature is that of a key; `None` when the key cannot be read.
fn verified(algorithm: &Algorithm, key: &Jwk, signed: &[u8], signature: &[u8]) -> Option<bool> {
    let part = |part: &Option<String>| bytes(part.as_deref()?);
    let checked = match algorithm.how {
        How::Rsa(how) => RsaPublicKeyComponents { n: part(&key.n)?, e: part(&key.e)? }.verify(how, signed, signature),
        How::Point(how) => {
            let point = match algorithm.kty {
                "EC" => [vec![4], part(&key.x)?, part(&key.y)?].concat(),
                _ => part(&key.x)?,
            };
            UnparsedPublicKey::new(how, point).verify(signed, signature)
        }
    };
    Some(checked.is_ok())
}

/// Core 1.0, section 3.1.3.7.
fn checked(claims: &Claims, expected: Expected<'_>) -> Result<(), Fault> {
    let (for_us, others) = match &claims.aud {
        OneOrMany::One(one) => (one == expected.client, false),
        OneOrMany::Many(all) => (all.iter().any(|one| one == expected.client), all.len() > 1),
    };
    let by_us = claims.azp.as_deref().map_or(!others, |azp| azp == expected.client);
    let asked = claims.nonce.as_deref().is_some_and(|nonce| sign::same(nonce, expected.nonce));
    if claims.iss != expected.issuer || !for_us || !by_us || !asked {
        return Err(Fault::Other);
    }
    let early = claims.iat.is_some_and(|at| at > expected.now_seconds + OPENID_SKEW_SECONDS);
    if early || claims.exp <= expected.now_seconds - OPENID_SKEW_SECONDS {
        return Err(Fault::Time);
    }
    if claims.sub.trim().is_empty() || claims.sub.len() > SUBJECT_BYTES_MAX {
        return Err(Fault::Unreadable);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
