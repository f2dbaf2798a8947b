//! The ciphers personal values are sealed with: AES-256-GCM, and SM4-GCM (GB/T 32907, RFC 8998) where a deployment says so. Which
//! one closed a value stands in front of it, so both are opened whatever is set. Leaves out keys and their names: see [`crate::seal`].

use crate::seal::Key;
use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, Nonce as GcmNonce};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use sm4::Sm4;

/// GCM over SM4: the construction is the same for every cipher with blocks of 128 bits, and the vector of RFC 8998 holds.
type Sm4Gcm = AesGcm<Sm4, U12>;

/// Bytes of a nonce.
pub(crate) type NonceBytes = [u8; 12];

/// A cipher that seals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cipher {
    /// AES with 256 bits.
    #[default]
    Aes256Gcm,
    /// SM4 with 128 bits, the block cipher of commercial cryptography.
    Sm4Gcm,
}

impl Cipher {
    const ALL: [Cipher; 2] = [Cipher::Aes256Gcm, Cipher::Sm4Gcm];

    /// What stands in front of everything it seals.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Cipher::Aes256Gcm => "sealed:1:",
            Cipher::Sm4Gcm => "sealed:2:",
        }
    }

    /// Its name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cipher::Aes256Gcm => "aes-256-gcm",
            Cipher::Sm4Gcm => "sm4-gcm",
        }
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Cipher> {
        Cipher::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The cipher of a sealed text, and what stands behind its prefix.
    #[must_use]
    pub fn of(text: &str) -> Option<(Cipher, &str)> {
        Cipher::ALL.into_iter().find_map(|one| Some((one, text.strip_prefix(one.prefix())?)))
    }

    /// Closes `body` in place and puts the tag behind it.
    pub(crate) fn close(self, key: &Key, nonce: NonceBytes, body: &mut Vec<u8>) -> Option<()> {
        match self {
            Cipher::Aes256Gcm => {
                aes(key)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), body).ok()
            }
            Cipher::Sm4Gcm => sm4(key)?.encrypt_in_place(&GcmNonce::<U12>::from(nonce), &[], body).ok(),
        }
    }

    /// Opens a body with its tag.
    pub(crate) fn open(self, key: &Key, nonce: NonceBytes, mut body: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Cipher::Aes256Gcm => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                aes(key)?.open_in_place(nonce, Aad::empty(), &mut body).ok().map(|clear| clear.to_vec())
            }
            Cipher::Sm4Gcm => {
                sm4(key)?.decrypt_in_place(&GcmNonce::<U12>::from(nonce), &[], &mut body).ok()?;
                Some(body)
            }
        }
    }
}

fn aes(key: &Key) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

/// SM4 takes 128 bits. They follow from the key by a hash, so that no key is ever used with two ciphers.
fn sm4(key: &Key) -> Option<Sm4Gcm> {
    let hash = Sha256::new().chain_update(b"ganglion sm4").chain_update(key).finalize();
    Sm4Gcm::new_from_slice(&hash[..16]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn sm4_gcm_is_that_of_rfc_8998() {
        // RFC 8998, appendix A.1.
        let cipher = Sm4Gcm::new_from_slice(&bytes("0123456789abcdeffedcba9876543210")).unwrap();
        let nonce: NonceBytes = bytes("00001234567800000000abcd").try_into().unwrap();
        let nonce = GcmNonce::<U12>::from(nonce);
        let beside = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let clear = bytes(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
             eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let closed = bytes(
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
             d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d\
             83de3541e4c2b58177e065a9bf7b62ec",
        );
        let mut body = clear.clone();
        cipher.encrypt_in_place(&nonce, &beside, &mut body).unwrap();
        assert_eq!(body, closed);
        cipher.decrypt_in_place(&nonce, &beside, &mut body).unwrap();
        assert_eq!(body, clear);
    }

    #[test]
    fn each_cipher_opens_what_it_closed_and_nothing_that_was_changed() {
        for cipher in Cipher::ALL {
            let mut body = b"13912340000".to_vec();
            cipher.close(&[1; 32], [2; 12], &mut body).unwrap();
            assert_eq!(body.len(), 11 + 16);
            assert_eq!(cipher.open(&[1; 32], [2; 12], body.clone()).as_deref(), Some(b"13912340000".as_slice()));
            assert_eq!(cipher.open(&[3; 32], [2; 12], body.clone()), None);
            body[0] ^= 1;
            assert_eq!(cipher.open(&[1; 32], [2; 12], body), None);
            assert_eq!(Cipher::parse(cipher.name()), Some(cipher));
        }
        assert_eq!(Cipher::parse("des"), None);
    }
}
