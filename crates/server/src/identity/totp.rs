//! Codes of a second factor that follow the time: RFC 6238 over HMAC-SHA-1 with six digits every thirty seconds, which is what
//! authenticator apps take without being told more. Pure: time and secret are handed in, and the step that was used last.

use data_encoding::BASE32_NOPAD;
use ganglion_model::units::half_width;
use jiff::Timestamp;
use ring::hmac;

/// Bytes of a secret: as many as the hash has, as RFC 4226 (4) recommends.
pub const SECRET_BYTES: usize = 20;
/// How long one code stands, seconds.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const DIGITS: u32 = 6;
/// Steps by which the clock of a phone may be off, to either side.
const SKEW_STEPS: u64 = 1;

/// The number of the step at an instant.
#[must_use]
pub fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.as_second() / STEP_SECONDS).unwrap_or(0)
}

/// The code of a step: RFC 4226 (5.3).
#[must_use]
pub fn code(secret: &[u8], step: u64, digits: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = bytes.last().map_or(0, |last| usize::from(last & 15));
    let four = bytes.iter().skip(at).take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    let number = (four & 0x7fff_ffff) % 10_u32.pow(digits);
    format!("{number:0width$}", width = digits as usize)
}

/// The step whose code was typed, if it is one of now and later than `last`, the step that was used before: a code that was seen
/// over somebody's shoulder is worth nothing once it was used.
#[must_use]
pub fn step_of(secret: &[u8], typed: &str, now: Timestamp, last: Option<u64>) -> Option<u64> {
    let typed: String = half_width(typed).chars().filter(|c| !c.is_whitespace()).collect();
    let now = step_at(now);
    // Every step is looked at, so that the time does not say which one it was.
    let steps = now.saturating_sub(SKEW_STEPS)..=now + SKEW_STEPS;
    let fits = |step: &u64| crate::sign::same(&code(secret, *step, DIGITS), &typed);
    let newest = steps.filter(fits).fold(None, |_, step| Some(step));
    newest.filter(|step| last.is_none_or(|last| *step > last))
}

/// The secret as people type it into an app, in groups of four.
#[must_use]
pub fn spelled(secret: &[u8]) -> String {
    let text = BASE32_NOPAD.encode(secret);
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(letter);
    }
    out
}

/// The address a square code leads an app to. `issuer` is what the app lists it under.
#[must_use]
pub fn address(secret: &[u8], issuer: &str, account: &str) -> String {
    let encode = crate::page::encode;
    format!(
        "otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        encode(issuer),
        encode(account),
        BASE32_NOPAD.encode(secret),
        encode(issuer)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// RFC 6238, appendix B: the rows of SHA-1.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(SECRET, step_at(at(seconds)), 8), expected, "{seconds}");
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn counted_codes_are_those_of_the_older_standard() {
        let expected =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, expected) in (0..).zip(expected) {
            assert_eq!(code(SECRET, step, 6), expected);
        }
    }

    #[test]
    fn a_code_is_good_for_its_own_time_and_its_neighbours_and_once() {
        let now = at(1_111_111_111);
        let own = step_at(now);
        let typed = |step| code(SECRET, step, DIGITS);
        for step in [own - 1, own, own + 1] {
            assert_eq!(step_of(SECRET, &typed(step), now, None), Some(step));
        }
        for step in [own - 2, own + 2] {
            assert_eq!(step_of(SECRET, &typed(step), now, None), None);
        }
        assert_eq!(step_of(SECRET, &typed(own), now, Some(own)), None, "used before");
        assert_eq!(step_of(SECRET, &typed(own - 1), now, Some(own)), None, "older than the one that was used");
        assert_eq!(step_of(SECRET, &typed(own + 1), now, Some(own)), Some(own + 1));
        let spaced = format!(" {} {} ", &typed(own)[..3], &typed(own)[3..]);
        assert_eq!(step_of(SECRET, &spaced, now, None), Some(own), "as apps show it");
        for nothing in ["", "12345", "abcdef", "1234567"] {
            assert_eq!(step_of(SECRET, nothing, now, None), None);
        }
    }

    #[test]
    fn the_secret_is_spelled_as_apps_read_it() {
        // RFC 4648, section 10.
        assert_eq!(spelled(b"foobar"), "MZXW 6YTB OI");
        let address = address(b"foobar", "Ganglion 沧州", "anna");
        assert!(
            address.starts_with("otpauth://totp/Ganglion%20%E6%B2%A7%E5%B7%9E:anna?secret=MZXW6YTBOI&"),
            "{address}"
        );
    }
}
