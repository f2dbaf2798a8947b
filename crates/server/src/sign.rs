//! Keyed hashes for what the server hands out and later recognises: form tokens, proofs of a reporter, query codes, file
//! ids. Each use has a name of its own, so that a value of one use is never good for another.

use ganglion_kernel::seal::Key;
use ring::hmac;

/// What a value is for.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    /// Token of a form.
    Csrf,
    /// A reporter's proof.
    Follow,
    /// The query code of a receipt.
    QueryCode,
    /// The owner of an upload.
    File,
    /// The link that switches to another post.
    Post,
    /// The address of a kiosk.
    Kiosk,
    /// Ids of requests other programs know.
    Open311,
    /// What an order of an outside system says.
    Order,
    /// A resident's telephone.
    Resident,
    /// A code sent to it.
    ResidentCode,
    /// What a resident's session seals it under.
    ResidentSession,
    /// The number devices with passkeys know an account by.
    Passkey,
}

impl Use {
    fn name(self) -> &'static str {
        match self {
            Use::Csrf => "csrf",
            Use::Follow => "follow",
            Use::QueryCode => "query-code",
            Use::File => "file",
            Use::Post => "post",
            Use::Kiosk => "kiosk",
            Use::Open311 => "open311",
            Use::Order => "order",
            Use::Resident => "resident",
            Use::ResidentCode => "resident-code",
            Use::ResidentSession => "resident-session",
            Use::Passkey => "passkey",
        }
    }
}

/// HMAC-SHA-256 of `parts` for one use.
#[must_use]
pub fn sign(master: &Key, what: Use, parts: &[&str]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, master);
    let mut context = hmac::Context::with_key(&key);
    context.update(what.name().as_bytes());
    for part in parts {
        // The length goes first so that ("ab", "c") and ("a", "bc") differ.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let tag = context.sign();
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    // Every request makes some: formatting byte by byte would take longer than hashing.
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Whether two texts are equal, in a time that does not say where they differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// SHA-256 of a text, hex: how tokens are kept.
#[must_use]
pub fn digest(text: &str) -> String {
    digest_of(text.as_bytes())
}

/// The same of bytes.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// Letters and digits that are not mistaken for one another.
const CODE_LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The query code of a number: eight characters that only this installation can make.
#[must_use]
pub fn query_code(master: &Key, number: &str) -> String {
    sign(master, Use::QueryCode, &[number])[..8]
        .iter()
        .map(|byte| char::from(CODE_LETTERS[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_one_use_is_not_good_for_another() {
        let key = [7; 32];
        assert_ne!(sign(&key, Use::Csrf, &["a"]), sign(&key, Use::Follow, &["a"]));
        assert_ne!(sign(&key, Use::Csrf, &["ab", "c"]), sign(&key, Use::Csrf, &["a", "bc"]));
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }

    #[test]
    fn query_codes_are_eight_clear_characters() {
        let code = query_code(&[7; 32], "SB-1");
        assert_eq!(code.len(), 8);
        assert!(!code.contains(['0', 'O', '1', 'I']));
        assert_ne!(code, query_code(&[8; 32], "SB-1"));
    }
}
