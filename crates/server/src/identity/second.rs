//! The second factor: a secret shared with an app, sealed under the master key; and codes for the day the phone is lost, each good
//! once, kept as hashes.

use super::credential::{self, Credential};
use super::totp;
use crate::app::App;
use crate::error::Error;
use crate::sign;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as B64;
use ganglion_kernel::seal;
use ganglion_model::AccountId;
use ganglion_model::units::half_width;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Codes for the day the phone is lost.
pub const RECOVERY_CODES: usize = 10;
/// Letters and digits that are not mistaken for one another.
const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// Letters of one of them.
const RECOVERY_CHARS: usize = 10;

/// A second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// The secret, sealed.
    pub sealed: String,
    /// Since when.
    pub since: Timestamp,
    /// The step whose code was used last: no code is good twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<u64>,
    /// Hashes of the codes for the day the phone is lost that were not used yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<String>,
}

/// What was given as the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// A code of the app.
    Code,
    /// One of the codes for the day the phone is lost; so many are left.
    Recovery(usize),
    /// Neither.
    Wrong,
}

/// A code without its dashes and spaces, in small letters.
fn plain(typed: &str) -> String {
    half_width(typed).chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

fn hashed(account: &AccountId, code: &str) -> String {
    // The code has nearly 50 random bits and is tried against the waits of wrong tries; the account keeps equal codes apart.
    sign::digest(&format!("recovery/{account}/{}", plain(code)))
}

impl App {
    /// The secret of a second factor in clear.
    fn second_secret(&self, second: &Second) -> Result<Vec<u8>, Error> {
        let clear = seal::open(&self.master, &second.sealed).and_then(|text| B64.decode(text).ok());
        clear.ok_or_else(|| Error::Internal("a second factor was sealed under another key".to_owned()))
    }

    /// Begins to set up a second factor; gives its secret, which is shown until it is confirmed. One that was begun before goes on.
    ///
    /// # Errors
    /// Storage.
    pub async fn second_begin(&self, account: &AccountId) -> Result<Vec<u8>, Error> {
        let random = self.clock.key();
        let now = self.clock.now();
        let secret = B64.encode(&random[..totp::SECRET_BYTES]);
        let context = format!("second/{account}/{}", sign::hex(&self.clock.key()[..12]));
        let sealed = seal::seal(&self.master, &context, &secret)
            .ok_or_else(|| Error::Internal("a second factor could not be sealed".to_owned()))?;
        let fresh = Second { sealed, since: now, last_step: None, recovery: Vec::new() };
        let begun = credential::change(self.store.as_ref(), account, |credential| {
            credential.pending.get_or_insert_with(|| fresh.clone()).clone()
        })
        .await?;
        self.second_secret(&begun)
    }

    /// Confirms a second factor that was begun with a code of the app; gives the codes for the day the phone is lost, or nothing
    /// when the code is wrong.
    ///
    /// # Errors
    /// Storage.
    pub async fn second_confirm(&self, account: &AccountId, typed: &str) -> Result<Option<Vec<String>>, Error> {
        let Some(pending) = credential::of(self.store.as_ref(), account).await?.pending else { return Ok(None) };
        let now = self.clock.now();
        let Some(step) = totp::step_of(&self.second_secret(&pending)?, typed, now, None) else { return Ok(None) };
        let codes = self.recovery_codes();
        let recovery: Vec<String> = codes.iter().map(|code| hashed(account, code)).collect();
        let confirmed = Second { since: now, last_step: Some(step), recovery, ..pending.clone() };
        let done = credential::change(self.store.as_ref(), account, |credential| {
            // Another window may have begun anew meanwhile.
            let same = credential.pending.as_ref() == Some(&pending);
            if same {
                credential.pending = None;
                credential.second = Some(confirmed.clone());
            }
            same
        })
        .await?;
        Ok(done.then_some(codes))
    }

    /// Other codes for the day the phone is lost, in place of those before; nothing without a second factor.
    ///
    /// # Errors
    /// Storage.
    pub async fn second_codes(&self, account: &AccountId) -> Result<Option<Vec<String>>, Error> {
        let codes = self.recovery_codes();
        let recovery: Vec<String> = codes.iter().map(|code| hashed(account, code)).collect();
        let done = credential::change(self.store.as_ref(), account, |credential| {
            credential.second.as_mut().map(|second| second.recovery.clone_from(&recovery)).is_some()
        })
        .await?;
        Ok(done.then_some(codes))
    }

    /// Takes what was given as the second factor: a code of the app or one of the others, each of them once.
    ///
    /// # Errors
    /// Storage.
    pub async fn second_take(&self, account: &AccountId, typed: &str) -> Result<Given, Error> {
        let Some(second) = credential::of(self.store.as_ref(), account).await?.second else { return Ok(Given::Wrong) };
        let secret = self.second_secret(&second)?;
        let now = self.clock.now();
        let code = hashed(account, typed);
        let used = |credential: &mut Credential| {
            let Some(known) = credential.second.as_mut().filter(|known| known.sealed == second.sealed) else {
                return Given::Wrong;
            };
            if let Some(step) = totp::step_of(&secret, typed, now, known.last_step) {
                known.last_step = Some(step);
                return Given::Code;
            }
            match known.recovery.iter().position(|one| sign::same(one, &code)) {
                Some(at) => {
                    known.recovery.remove(at);
                    Given::Recovery(known.recovery.len())
                }
                None => Given::Wrong,
            }
        };
        credential::change(self.store.as_ref(), account, used).await
    }

    /// Takes the second factor of an account away.
    ///
    /// # Errors
    /// Storage.
    pub async fn second_off(&self, account: &AccountId) -> Result<bool, Error> {
        credential::change(self.store.as_ref(), account, |credential| {
            credential.pending = None;
            credential.second.take().is_some()
        })
        .await
    }

    fn recovery_codes(&self) -> Vec<String> {
        (0..RECOVERY_CODES).map(|_| recovery_code(&self.clock.key())).collect()
    }
}

/// `7kq4m-x2dpc`: nearly fifty random bits.
fn recovery_code(random: &[u8; 32]) -> String {
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 31)]);
    let letters: String = random.iter().take(RECOVERY_CHARS).map(letter).collect();
    let (left, right) = letters.split_at(RECOVERY_CHARS / 2);
    format!("{left}-{right}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_for_a_lost_phone_are_read_however_they_are_typed() {
        let anna = AccountId("anna".to_owned());
        let code = recovery_code(&[9; 32]);
        assert_eq!(code.len(), 11);
        let loud = code.to_uppercase().replace('-', " ");
        assert_eq!(hashed(&anna, &code), hashed(&anna, &loud));
        assert_ne!(hashed(&anna, &code), hashed(&AccountId("ben".to_owned()), &code));
        assert!(!hashed(&anna, &code).contains(&code[..5]));
    }
}
