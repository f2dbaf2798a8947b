//! Personal values are sealed before they reach a row or the journal: AES-256-GCM under a key of the row's own. Destroying
//! that key erases the values everywhere they stand. Row keys are kept wrapped under the installation's master key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as B64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

/// A key.
pub type Key = [u8; 32];

const PREFIX: &str = "sealed:1:";

fn cipher(key: &Key) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

/// A nonce that no other value under the same key has: the context names command and field.
fn nonce(context: &str) -> [u8; 12] {
    let hash = Sha256::digest(context.as_bytes());
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&hash[..12]);
    nonce
}

/// Whether a stored text is sealed.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Seals `clear`. `context` must be different for every value sealed under `key`.
#[must_use]
pub fn seal(key: &Key, context: &str, clear: &str) -> Option<String> {
    let mut bytes = clear.as_bytes().to_vec();
    let nonce = nonce(context);
    cipher(key)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes).ok()?;
    let mut all = nonce.to_vec();
    all.extend(bytes);
    Some(format!("{PREFIX}{}", B64.encode(all)))
}

/// Opens a sealed text; `None` when it was sealed under another key or is damaged.
#[must_use]
pub fn open(key: &Key, sealed: &str) -> Option<String> {
    let all = B64.decode(sealed.strip_prefix(PREFIX)?).ok()?;
    let (nonce, body) = all.split_first_chunk::<12>()?;
    let mut body = body.to_vec();
    let clear = cipher(key)?.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut body).ok()?;
    String::from_utf8(clear.to_vec()).ok()
}

/// Wraps a row key for storage.
#[must_use]
pub fn wrap(master: &Key, row: &str, key: &Key) -> Option<String> {
    seal(master, row, &B64.encode(key))
}

/// Unwraps a stored row key.
#[must_use]
pub fn unwrap(master: &Key, wrapped: &str) -> Option<Key> {
    B64.decode(open(master, wrapped)?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_values_open_with_their_key_only() {
        let sealed = seal(&[1; 32], "command/phone", "13912340000").unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("1391"));
        assert_eq!(open(&[1; 32], &sealed).as_deref(), Some("13912340000"));
        assert_eq!(open(&[2; 32], &sealed), None);
        assert_eq!(open(&[1; 32], &sealed[..sealed.len() - 2]), None);
        let wrapped = wrap(&[9; 32], "row", &[1; 32]).unwrap();
        assert_eq!(unwrap(&[9; 32], &wrapped), Some([1; 32]));
    }
}
