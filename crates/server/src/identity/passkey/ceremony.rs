//! What a browser says about a passkey, and whether it holds: Web Authentication Level 3 (W3C), sections 7.1 and 7.2, for a relying
//! party that asks for no attestation and always for a verified person. Pure: no time, no store. Signatures are those of `ring`.
//!
//! Leaves out attestation: which maker built the device is nobody's business here.

use crate::sign;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ciborium::Value;
use ring::digest;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

/// Algorithms that are taken, as COSE numbers them, the one most devices have first.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];
/// Longest id of a passkey, bytes: the standard allows no more.
const ID_BYTES_MAX: usize = 1023;
/// Bytes of what an authenticator says before anything optional.
const HEAD_BYTES: usize = 37;
/// The person was there.
const PRESENT: u8 = 1;
/// The person was verified: by a finger, a face, a number only they know.
const VERIFIED: u8 = 1 << 2;
/// The passkey is kept in more than one place.
const BACKED_UP: u8 = 1 << 4;
/// A new passkey is described.
const DESCRIBED: u8 = 1 << 6;

/// What must have been signed.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The challenge, base64url.
    pub challenge: &'a str,
    /// Where our pages come from: `https://ganglion.example`.
    pub origin: &'a str,
    /// The name passkeys are bound to: `ganglion.example`.
    pub host: &'a str,
}

/// Why an answer does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no answer of a browser.
    #[error("the answer cannot be read")]
    Unreadable,
    /// It answers something else, or another page's question.
    #[error("the answer belongs to another question")]
    Other,
    /// Nobody was there, or nobody was verified.
    #[error("the person was not verified")]
    NotVerified,
    /// An algorithm that is not taken.
    #[error("the kind of key is not taken")]
    Algorithm,
    /// The signature is not that of the key.
    #[error("the signature is wrong")]
    Signature,
    /// The key was used less often than before: there are two of it.
    #[error("the passkey was copied")]
    Copied,
}

/// A public key. Numbers are bytes in base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alg", rename_all = "kebab-case")]
pub enum Key {
    /// ECDSA over P-256 with SHA-256.
    Es256 {
        /// The point, uncompressed.
        point: String,
    },
    /// Ed25519.
    Ed25519 {
        /// The point.
        x: String,
    },
    /// RSA (PKCS #1 1.5) with SHA-256.
    Rs256 {
        /// Modulus.
        n: String,
        /// Exponent.
        e: String,
    },
}

/// A passkey that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its id, base64url.
    pub id: String,
    /// Its public key.
    pub key: Key,
    /// How often it was used; 0 when it does not count.
    pub count: u32,
    /// It is kept in more than one place.
    pub backed_up: bool,
}

/// A signature by a passkey.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// What the browser says.
    pub client: &'a [u8],
    /// What the authenticator says.
    pub authenticator: &'a [u8],
    /// The signature over both.
    pub signature: &'a [u8],
}

#[derive(Deserialize)]
struct Client {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// Checks what the browser says.
fn client(expected: Expected<'_>, kind: &str, said: &[u8]) -> Result<(), Fault> {
    let client: Client = serde_json::from_slice(said).map_err(|_| Fault::Unreadable)?;
    let ours = client.kind == kind
        && sign::same(&client.challenge, expected.challenge)
        && client.origin == expected.origin
        && !client.cross_origin;
    ours.then_some(()).ok_or(Fault::Other)
}

/// What every authenticator says: its flags and how often the passkey was used.
fn head(expected: Expected<'_>, said: &[u8]) -> Result<(u8, u32), Fault> {
    let (bound_to, rest) = said.split_first_chunk::<32>().ok_or(Fault::Unreadable)?;
    let ([flags], rest) = rest.split_first_chunk::<1>().ok_or(Fault::Unreadable)?;
    let (count, _) = rest.split_first_chunk::<4>().ok_or(Fault::Unreadable)?;
    if bound_to.as_slice() != digest::digest(&digest::SHA256, expected.host.as_bytes()).as_ref() {
        return Err(Fault::Other);
    }
    if flags & (PRESENT | VERIFIED) != PRESENT | VERIFIED {
        return Err(Fault::NotVerified);
    }
    Ok((*flags, u32::from_be_bytes(*count)))
}

/// Reads a passkey that was just made.
///
/// # Errors
/// See [`Fault`].
pub fn made(expected: Expected<'_>, said: &[u8], attested: &[u8]) -> Result<Made, Fault> {
    client(expected, "webauthn.create", said)?;
    let attested: Value = ciborium::from_reader(attested).map_err(|_| Fault::Unreadable)?;
    let named = |(name, _): &&(Value, Value)| name.as_text() == Some("authData");
    let said = attested.as_map().and_then(|map| map.iter().find(named)).and_then(|(_, value)| value.as_bytes());
    let said = said.ok_or(Fault::Unreadable)?;
    let (flags, count) = head(expected, said)?;
    // Sixteen bytes name the model of the device; they are not looked at.
    let described = said.get(HEAD_BYTES + 16..).filter(|_| flags & DESCRIBED != 0).ok_or(Fault::Unreadable)?;
    let (length, rest) = described.split_first_chunk::<2>().ok_or(Fault::Unreadable)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || length > ID_BYTES_MAX {
        return Err(Fault::Unreadable);
    }
    let (id, key) = rest.split_at_checked(length).ok_or(Fault::Unreadable)?;
    let key: Value = ciborium::from_reader(key).map_err(|_| Fault::Unreadable)?;
    let key = public_key(key.as_map().ok_or(Fault::Unreadable)?)?;
    Ok(Made { id: B64.encode(id), key, count, backed_up: flags & BACKED_UP != 0 })
}

/// A key as COSE writes it (RFC 9052, RFC 8230): numbers name its parts.
fn public_key(map: &[(Value, Value)]) -> Result<Key, Fault> {
    let part = |name: i64| map.iter().find(|(key, _)| *key == Value::from(name)).map(|(_, value)| value);
    let number = |name: i64| part(name).and_then(Value::as_integer).map(i128::from);
    let bytes = |name: i64| part(name).and_then(Value::as_bytes).ok_or(Fault::Unreadable);
    match (number(1), number(3)) {
        (Some(2), Some(-7)) if number(-1) == Some(1) => {
            let (x, y) = (bytes(-2)?, bytes(-3)?);
            if x.len() != 32 || y.len() != 32 {
                return Err(Fault::Unreadable);
            }
            Ok(Key::Es256 { point: B64.encode([[4_u8].as_slice(), x.as_slice(), y.as_slice()].concat()) })
        }
        (Some(1), Some(-8)) if number(-1) == Some(6) => Ok(Key::Ed25519 { x: B64.encode(bytes(-2)?) }),
        (Some(3), Some(-257)) => Ok(Key::Rs256 { n: B64.encode(bytes(-1)?), e: B64.encode(bytes(-2)?) }),
        _ => Err(Fault::Algorithm),
    }
}

/// Checks a signature; gives how often the passkey was used by now. `before` is how often it had been.
///
/// # Errors
/// See [`Fault`].
pub fn signed(expected: Expected<'_>, (key, before): (&Key, u32), said: Signed<'_>) -> Result<u32, Fault> {
    client(expected, "webauthn.get", said.client)?;
    let (_, count) = head(expected, said.authenticator)?;
    let message = [said.authenticator, digest::digest(&digest::SHA256, said.client).as_ref()].concat();
    if !fits(key, &message, said.signature).ok_or(Fault::Unreadable)? {
        return Err(Fault::Signature);
    }
    // Many passkeys do not count and say 0 for ever.
    if count <= before && (count, before) != (0, 0) {
        return Err(Fault::Copied);
    }
    Ok(count)
}

/// Whether a signature is that of a key; `None` when the key cannot be read.
fn fits(key: &Key, message: &[u8], signature: &[u8]) -> Option<bool> {
    let bytes = |text: &String| B64.decode(text).ok();
    let checked = match key {
        Key::Es256 { point } => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, bytes(point)?).verify(message, signature)
        }
        Key::Ed25519 { x } => UnparsedPublicKey::new(&ED25519, bytes(x)?).verify(message, signature),
        Key::Rs256 { n, e } => RsaPublicKeyComponents { n: bytes(n)?, e: bytes(e)? }.verify(
            &RSA_PKCS1_2048_8192_SHA256,
            message,
            signature,
        ),
    };
    Some(checked.is_ok())
}

#[cfg(test)]
mod tests;
