//! Personal values are sealed before they reach a row or the journal, by AES-256-GCM or SM4-GCM, under a key of the row's own. Destroying
//! that key erases the values everywhere they stand. Row keys are kept wrapped under a key of the installation; which one, its
//! name says that stands in front. Leaves out where those keys come from (the binary reads them) and who may see what.

pub use crate::cipher::Cipher;
use crate::cipher::NonceBytes;
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as B64;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A key.
pub type Key = [u8; 32];

/// How everything sealed begins, whatever the cipher.
const SEALED: &str = "sealed:";

/// A nonce that no other value under the same key has: the context names command and field.
fn nonce(context: &str) -> NonceBytes {
    let hash = Sha256::digest(context.as_bytes());
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&hash[..12]);
    nonce
}

/// Whether a stored text is sealed.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    Cipher::of(text).is_some()
}

/// Seals `clear` by AES-256-GCM. `context` must be different for every value sealed under `key`.
#[must_use]
pub fn seal(key: &Key, context: &str, clear: &str) -> Option<String> {
    seal_by(Cipher::Aes256Gcm, key, context, clear)
}

/// As [`seal`], by a cipher.
#[must_use]
pub fn seal_by(cipher: Cipher, key: &Key, context: &str, clear: &str) -> Option<String> {
    let mut bytes = clear.as_bytes().to_vec();
    let nonce = nonce(context);
    cipher.close(key, nonce, &mut bytes)?;
    let mut all = nonce.to_vec();
    all.extend(bytes);
    Some(format!("{}{}", cipher.prefix(), B64.encode(all)))
}

/// Opens a sealed text; `None` when it was sealed under another key or is damaged.
#[must_use]
pub fn open(key: &Key, sealed: &str) -> Option<String> {
    let (cipher, text) = Cipher::of(sealed)?;
    let all = B64.decode(text).ok()?;
    let (nonce, body) = all.split_first_chunk::<12>()?;
    String::from_utf8(cipher.open(key, *nonce, body.to_vec())?).ok()
}

/// Wraps a row key for storage. The nonce follows from row and key, so that a row whose key was destroyed and that gets another
/// one does not meet its old nonce again.
#[must_use]
pub fn wrap(master: &Key, row: &str, key: &Key) -> Option<String> {
    wrap_by(Cipher::Aes256Gcm, master, row, key)
}

/// As [`wrap`], by a cipher.
#[must_use]
pub fn wrap_by(cipher: Cipher, master: &Key, row: &str, key: &Key) -> Option<String> {
    seal_by(cipher, master, &format!("{row}/{}", B64.encode(Sha256::digest(key))), &B64.encode(key))
}

/// Unwraps a stored row key.
#[must_use]
pub fn unwrap(master: &Key, wrapped: &str) -> Option<Key> {
    B64.decode(open(master, wrapped)?).ok()?.try_into().ok()
}

/// The name of the key that has none in front of what it wrapped: the installation's master key.
pub const MASTER: &str = "master";

/// The keys that wrap row keys, by name.
pub type Named = Vec<(String, Key)>;

/// The keys of an installation that wrap row keys: the first wraps, every one of them still opens what it wrapped. So a new key is
/// put first, row keys are wrapped anew one by one, and nothing is unreadable meanwhile.
#[derive(Clone)]
pub struct Keyring {
    ring: Arc<Ring>,
    cipher: Cipher,
}

struct Ring {
    keys: ArcSwap<Named>,
    again: Option<Box<Again>>,
}

/// Reads the keys again; `None` when they cannot be read.
type Again = dyn Fn() -> Option<Named> + Send + Sync;

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Keyring").field(&self.names()).finish()
    }
}

impl From<Key> for Keyring {
    /// The ring of an installation with no key but its master key.
    fn from(master: Key) -> Keyring {
        Keyring::of(vec![(MASTER.to_owned(), master)])
    }
}

impl Keyring {
    /// A ring of these keys, for good.
    #[must_use]
    pub fn of(keys: Named) -> Keyring {
        Keyring::new(Ring { keys: ArcSwap::from_pointee(keys), again: None })
    }

    /// A ring that is read again when it meets a key it does not know, and when it is told to.
    #[must_use]
    pub fn reading(keys: Named, again: impl Fn() -> Option<Named> + Send + Sync + 'static) -> Keyring {
        Keyring::new(Ring { keys: ArcSwap::from_pointee(keys), again: Some(Box::new(again)) })
    }

    fn new(ring: Ring) -> Keyring {
        Keyring { ring: Arc::new(ring), cipher: Cipher::default() }
    }

    /// The same keys, sealing by another cipher.
    #[must_use]
    pub fn sealing_by(self, cipher: Cipher) -> Keyring {
        Keyring { cipher, ..self }
    }

    /// The cipher new values and row keys are sealed by.
    #[must_use]
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// Takes over the keys as they stand now.
    pub fn refresh(&self) {
        let fresh = self.ring.again.as_ref().and_then(|again| again()).filter(|keys| !keys.is_empty());
        if let Some(fresh) = fresh.filter(|fresh| *fresh != **self.ring.keys.load()) {
            self.ring.keys.store(Arc::new(fresh));
        }
    }

    /// Names of the keys, the one that wraps first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.ring.keys.load().iter().map(|(name, _)| name.clone()).collect()
    }

    /// The name of the key that wraps.
    #[must_use]
    pub fn current(&self) -> String {
        self.ring.keys.load().first().map(|(name, _)| name.clone()).unwrap_or_default()
    }

    /// The keys as they stand, the one that wraps first.
    pub(crate) fn named(&self) -> Named {
        Named::clone(&self.ring.keys.load())
    }

    fn key(&self, name: &str) -> Option<Key> {
        self.ring.keys.load().iter().find(|(one, _)| one == name).map(|(_, key)| *key)
    }

    /// Wraps the key of a row for storage, under the first key.
    #[must_use]
    pub fn wrap(&self, row: &str, key: &Key) -> Option<String> {
        let keys = self.ring.keys.load();
        let (name, own) = keys.first()?;
        let wrapped = wrap_by(self.cipher, own, row, key)?;
        Some(if name == MASTER { wrapped } else { format!("{name}:{wrapped}") })
    }

    /// Unwraps a stored row key; `None` when no key of the ring opens it.
    #[must_use]
    pub fn unwrap(&self, wrapped: &str) -> Option<Key> {
        let name = wrapped_by(wrapped);
        let own = self.key(name).or_else(|| {
            self.refresh();
            self.key(name)
        })?;
        unwrap(&own, &wrapped[wrapped.find(SEALED)?..])
    }
}

/// The name of the key that a stored row key is wrapped by.
#[must_use]
pub fn wrapped_by(wrapped: &str) -> &str {
    match wrapped.find(SEALED) {
        Some(at) if at > 0 => wrapped[..at].trim_end_matches(':'),
        _ => MASTER,
    }
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

    #[test]
    fn values_of_both_ciphers_open_whatever_is_set() {
        let named = || vec![("y2026".to_owned(), [8; 32]), (MASTER.to_owned(), [9; 32])];
        let (aes, sm4) = (Keyring::of(named()), Keyring::of(named()).sealing_by(Cipher::Sm4Gcm));
        let (old, new) = (aes.wrap("row", &[1; 32]).unwrap(), sm4.wrap("row", &[1; 32]).unwrap());
        assert!(old.starts_with("y2026:sealed:1:") && new.starts_with("y2026:sealed:2:"), "{old} {new}");
        assert_eq!((wrapped_by(&old), wrapped_by(&new)), ("y2026", "y2026"));
        for ring in [&aes, &sm4] {
            assert_eq!([ring.unwrap(&old), ring.unwrap(&new)], [Some([1; 32]); 2]);
        }
        let sealed = seal_by(sm4.cipher(), &[1; 32], "command/phone", "13912340000").unwrap();
        assert!(is_sealed(&sealed) && sealed.starts_with("sealed:2:"));
        assert_eq!(open(&[1; 32], &sealed).as_deref(), Some("13912340000"));
        assert_eq!(open(&[2; 32], &sealed), None);
        assert_eq!(open(&[1; 32], &sealed.replacen("sealed:2", "sealed:1", 1)), None, "the other cipher does not");
    }

    #[test]
    fn a_row_that_gets_another_key_does_not_meet_its_old_nonce() {
        let nonce = |key: &Key| wrap(&[9; 32], "row", key).unwrap()[9..25].to_owned();
        assert_ne!(nonce(&[1; 32]), nonce(&[2; 32]));
    }

    #[test]
    fn a_new_key_wraps_and_the_old_ones_still_open() {
        let (old, new) = ((MASTER.to_owned(), [9; 32]), ("y2026".to_owned(), [8; 32]));
        let before = Keyring::of(vec![old.clone()]);
        let kept = before.wrap("row", &[1; 32]).unwrap();
        assert_eq!((wrapped_by(&kept), unwrap(&[9; 32], &kept)), (MASTER, Some([1; 32])));
        let after = Keyring::of(vec![new.clone(), old]);
        assert_eq!(after.unwrap(&kept), Some([1; 32]));
        let fresh = after.wrap("row", &[1; 32]).unwrap();
        assert_eq!((wrapped_by(&fresh), after.unwrap(&fresh)), ("y2026", Some([1; 32])));
        assert_eq!(before.unwrap(&fresh), None, "a ring without the key does not open it");
        assert_eq!(Keyring::of(vec![new]).unwrap(&kept), None);
    }

    #[test]
    fn a_ring_that_meets_an_unknown_key_reads_its_keys_again() {
        let now = || vec![("y2026".to_owned(), [8; 32]), (MASTER.to_owned(), [9; 32])];
        let ring = Keyring::reading(vec![(MASTER.to_owned(), [9; 32])], move || Some(now()));
        let fresh = Keyring::of(now()).wrap("row", &[1; 32]).unwrap();
        assert_eq!(ring.current(), MASTER);
        assert_eq!(ring.unwrap(&fresh), Some([1; 32]));
        assert_eq!(ring.current(), "y2026");
        assert!(!format!("{ring:?}").contains("8, 8"), "keys are never printed");
    }
}
