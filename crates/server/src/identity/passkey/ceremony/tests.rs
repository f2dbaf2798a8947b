//! A device made of `ring`, as the standard describes one, and everything that must not pass.

use super::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

const CHALLENGE: &str = "bm90LXJhbmRvbQ";
const ORIGIN: &str = "https://ganglion.example";
const HOST: &str = "ganglion.example";
const EXPECTED: Expected<'static> = Expected { challenge: CHALLENGE, origin: ORIGIN, host: HOST };

/// A device with one key.
struct Device {
    pair: EcdsaKeyPair,
    flags: u8,
    count: u32,
    host: &'static str,
}

impl Device {
    fn new() -> Device {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        Device { pair, flags: PRESENT | VERIFIED, count: 7, host: HOST }
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        let mut said = digest::digest(&digest::SHA256, self.host.as_bytes()).as_ref().to_vec();
        said.push(self.flags | flags);
        said.extend(self.count.to_be_bytes());
        said
    }

    fn cose(&self, algorithm: i64) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |name: i64, value: Value| (Value::from(name), value);
        Value::Map(vec![
            part(1, Value::from(2)),
            part(3, Value::from(algorithm)),
            part(-1, Value::from(1)),
            part(-2, Value::Bytes(point[1..33].to_vec())),
            part(-3, Value::Bytes(point[33..].to_vec())),
        ])
    }

    /// What it gives for a new passkey, cut off after so many bytes.
    fn made(&self, algorithm: i64, cut: usize) -> Vec<u8> {
        let mut said = self.head(DESCRIBED);
        said.extend([0; 16]);
        said.extend([0, 3, 1, 2, 3]);
        ciborium::into_writer(&self.cose(algorithm), &mut said).unwrap();
        said.truncate(cut);
        let part = |name: &str, value: Value| (Value::from(name), value);
        let attested = Value::Map(vec![
            part("fmt", Value::from("none")),
            part("attStmt", Value::Map(Vec::new())),
            part("authData", Value::Bytes(said)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&attested, &mut bytes).unwrap();
        bytes
    }

    fn signature(&self, said: &[u8], client: &[u8]) -> Vec<u8> {
        let message = [said, digest::digest(&digest::SHA256, client).as_ref()].concat();
        self.pair.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec()
    }
}

fn says(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string().into_bytes()
}

fn create() -> Vec<u8> {
    says("webauthn.create", CHALLENGE, ORIGIN)
}

#[test]
fn a_passkey_is_read_as_it_was_made_and_signs_for_its_own_pages() {
    let mut device = Device::new();
    let made = made(EXPECTED, &create(), &device.made(-7, usize::MAX)).unwrap();
    assert_eq!((made.id.as_str(), made.count, made.backed_up), ("AQID", 7, false));
    let written = serde_json::to_string(&made.key).unwrap();
    assert!(written.contains("\"alg\":\"es256\"") && serde_json::from_str::<Key>(&written).unwrap() == made.key);
    device.count = 8;
    let client = says("webauthn.get", CHALLENGE, ORIGIN);
    let (said, check) = (device.head(0), |client: &[u8], said: &[u8], signature: &[u8], before| {
        signed(EXPECTED, (&made.key, before), Signed { client, authenticator: said, signature })
    });
    let signature = device.signature(&said, &client);
    assert_eq!(check(&client, &said, &signature, 7), Ok(8));
    assert_eq!(check(&client, &said, &signature, 8), Err(Fault::Copied));
    let mut bent = signature.clone();
    *bent.last_mut().unwrap() ^= 1;
    assert_eq!(check(&client, &said, &bent, 7), Err(Fault::Signature));
    let other = Device::new().signature(&said, &client);
    assert_eq!(check(&client, &said, &other, 7), Err(Fault::Signature));
    for (kind, challenge, origin) in [
        ("webauthn.create", CHALLENGE, ORIGIN),
        ("webauthn.get", "YW5vdGhlcg", ORIGIN),
        ("webauthn.get", CHALLENGE, "https://ganglion.example.evil"),
        ("webauthn.get", CHALLENGE, "http://ganglion.example"),
    ] {
        let client = says(kind, challenge, origin);
        let signature = device.signature(&said, &client);
        assert_eq!(check(&client, &said, &signature, 7), Err(Fault::Other), "{kind} {challenge} {origin}");
    }
    device.host = "elsewhere.example";
    let said = device.head(0);
    assert_eq!(check(&client, &said, &device.signature(&said, &client), 7), Err(Fault::Other));
}

#[test]
fn devices_that_do_not_count_say_nothing_for_ever() {
    let mut device = Device::new();
    device.count = 0;
    let made = made(EXPECTED, &create(), &device.made(-7, usize::MAX)).unwrap();
    let client = says("webauthn.get", CHALLENGE, ORIGIN);
    let said = device.head(0);
    let signature = device.signature(&said, &client);
    let signed = Signed { client: &client, authenticator: &said, signature: &signature };
    assert_eq!(super::signed(EXPECTED, (&made.key, 0), signed), Ok(0));
    assert_eq!(super::signed(EXPECTED, (&made.key, 3), signed), Err(Fault::Copied));
}

#[test]
fn nobody_there_another_key_and_bytes_cut_off_are_refused() {
    let mut device = Device::new();
    for flags in [0, PRESENT, VERIFIED] {
        device.flags = flags;
        assert_eq!(made(EXPECTED, &create(), &device.made(-7, usize::MAX)), Err(Fault::NotVerified), "{flags}");
    }
    device.flags = PRESENT | VERIFIED;
    assert_eq!(made(EXPECTED, &create(), &device.made(-9, usize::MAX)), Err(Fault::Algorithm));
    let whole = HEAD_BYTES + 16 + 5;
    for cut in 0..whole + 20 {
        assert_eq!(made(EXPECTED, &create(), &device.made(-7, cut)), Err(Fault::Unreadable), "{cut} bytes");
    }
    for nothing in [&b""[..], b"\xff", b"\xa0", b"\x80", b"null"] {
        assert_eq!(made(EXPECTED, &create(), nothing), Err(Fault::Unreadable));
    }
    assert_eq!(made(EXPECTED, b"{}", &device.made(-7, usize::MAX)), Err(Fault::Unreadable));
    let elsewhere = says("webauthn.create", CHALLENGE, "https://evil.example");
    assert_eq!(made(EXPECTED, &elsewhere, &device.made(-7, usize::MAX)), Err(Fault::Other));
}
