//! Signatures as Standard Webhooks has them: HMAC-SHA-256 over id, time and body, with a secret both sides know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// How a secret begins.
const PREFIX: &str = "whsec_";

/// A secret from 32 random bytes, as it is handed over.
#[must_use]
pub fn secret(random: &[u8; 32]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(random))
}

/// The value of `webhook-signature`; `None` for a secret that is none.
#[must_use]
pub fn signature(secret: &str, id: &str, (seconds, body): (i64, &str)) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(tag.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the Standard Webhooks specification.
        let made = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            (1_614_265_330, "{\"test\": 2432232314}"),
        );
        assert_eq!(made.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature("secret", "a", (0, "")), None);
        assert!(signature(&secret(&[7; 32]), "a", (0, "")).is_some());
    }
}
