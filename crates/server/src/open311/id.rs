//! Ids of requests as other programs know them: stable, and telling nothing of the case behind. A permutation of shard and
//! case by a Feistel network of four rounds over HMAC-SHA-256 (Luby and Rackoff 1988), so nothing has to be kept for it.

use crate::sign::{self, Use};
use ganglion_kernel::seal::Key;
use ganglion_model::{CaseId, Shard};
use uuid::Uuid;

/// Bytes of a shard and a case.
const BYTES: usize = 20;
const HALF: usize = BYTES / 2;
const ROUNDS: u8 = 4;

/// What an id is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request that anyone may read.
    Request,
    /// What a sender gets until somebody has looked.
    Token,
}

fn round(master: &Key, kind: Kind, number: u8, half: &[u8]) -> [u8; 32] {
    let kind = match kind {
        Kind::Request => "request",
        Kind::Token => "token",
    };
    sign::sign(master, Use::Open311, &[kind, &number.to_string(), &sign::hex(half)])
}

fn turned(master: &Key, kind: Kind, bytes: [u8; BYTES], rounds: impl Iterator<Item = u8>) -> [u8; BYTES] {
    let (mut left, mut right) = (bytes[..HALF].to_vec(), bytes[HALF..].to_vec());
    for number in rounds {
        let mask = round(master, kind, number, &right);
        let next: Vec<u8> = left.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
        left = std::mem::replace(&mut right, next);
    }
    // The halves change places at the end, so that the same network with its rounds reversed turns back.
    let mut out = [0; BYTES];
    out[..HALF].copy_from_slice(&right);
    out[HALF..].copy_from_slice(&left);
    out
}

/// The id of a case.
#[must_use]
pub fn of(master: &Key, kind: Kind, (shard, case): (Shard, CaseId)) -> String {
    let mut bytes = [0; BYTES];
    bytes[..4].copy_from_slice(&shard.0.to_be_bytes());
    bytes[4..].copy_from_slice(case.0.as_bytes());
    sign::hex(&turned(master, kind, bytes, 0..ROUNDS))
}

/// The case of an id; what was never given out leads to a case that does not exist, or to none.
#[must_use]
pub fn read(master: &Key, kind: Kind, text: &str) -> Option<(Shard, CaseId)> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|digits| digits.len() == 2 * BYTES)?;
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |byte, digit| (byte << 4) | digit);
    }
    let plain = turned(master, kind, bytes, (0..ROUNDS).rev());
    let (shard, case): ([u8; 4], [u8; 16]) = (plain[..4].try_into().ok()?, plain[4..].try_into().ok()?);
    Some((Shard(u32::from_be_bytes(shard)), CaseId(Uuid::from_bytes(case))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_case_and_tells_nothing_of_it() {
        let case = |n| (Shard(130_903), CaseId(Uuid::from_u128(n)));
        let id = of(&[7; 32], Kind::Request, case(5));
        assert_eq!(read(&[7; 32], Kind::Request, &id), Some(case(5)));
        assert_ne!(read(&[7; 32], Kind::Token, &id), Some(case(5)), "a token is no request");
        assert_ne!(read(&[8; 32], Kind::Request, &id), Some(case(5)));
        let next = of(&[7; 32], Kind::Request, case(6));
        let same = id.bytes().zip(next.bytes()).filter(|(a, b)| a == b).count();
        assert!(same < 12, "neighbours do not look alike: {id} {next}");
        for bad in ["", "zz", "00", &"0".repeat(41)] {
            assert_eq!(read(&[7; 32], Kind::Request, bad), None);
        }
    }
}
