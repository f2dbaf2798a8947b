//! A provider made of `ring`, and every token that must not pass.

use super::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example";
const NOW: i64 = 1_656_291_780;
const EXPECTED: Expected<'static> = Expected { issuer: ISSUER, client: "ganglion", nonce: "n-1", now_seconds: NOW };

/// A provider with one key of a curve.
struct Provider {
    pair: EcdsaKeyPair,
}

impl Provider {
    fn new() -> Provider {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Provider { pair }
    }

    fn key(&self, more: Value) -> Jwk {
        let point = self.pair.public_key().as_ref();
        let mut key = json!({
            "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
            "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]),
        });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(key).unwrap()
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", B64.encode(signature.as_ref()))
    }
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "one", "typ": "JWT" })
}

fn claims(more: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "sub": "u-77", "aud": "ganglion", "exp": NOW + 300, "iat": NOW, "nonce": "n-1",
        "acr": "urn:level:2", "amr": ["pwd", "otp"],
    });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

fn fault(token: &str, keys: &[Jwk]) -> Option<Fault> {
    read(token, keys, EXPECTED).err()
}

#[test]
fn a_token_of_the_provider_for_us_is_believed() {
    let provider = Provider::new();
    let keys = [Provider::new().key(json!({ "kid": "old" })), provider.key(json!({}))];
    let said = read(&provider.token(&header(), &claims(json!({}))), &keys, EXPECTED).unwrap();
    assert_eq!((said.sub.as_str(), said.ways().collect::<Vec<_>>()), ("u-77", vec!["urn:level:2", "pwd", "otp"]));
    let several = claims(json!({ "aud": ["ganglion", "other"], "azp": "ganglion" }));
    assert_eq!(fault(&provider.token(&header(), &several), &keys), None);
    let unnamed = json!({ "alg": "ES256" });
    assert_eq!(fault(&provider.token(&unnamed, &claims(json!({}))), &keys), None, "each key of the kind is tried");
    let late = claims(json!({ "exp": NOW - 59, "iat": NOW + 60 }));
    assert_eq!(fault(&provider.token(&header(), &late), &keys), None, "clocks are a little apart");
}

#[test]
fn an_edwards_key_is_taken() {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": B64.encode(pair.public_key().as_ref()) });
    let header = json!({ "alg": "EdDSA" }).to_string();
    let signed = format!("{}.{}", B64.encode(header), B64.encode(claims(json!({})).to_string()));
    let token = format!("{signed}.{}", B64.encode(pair.sign(signed.as_bytes()).as_ref()));
    assert_eq!(fault(&token, &[serde_json::from_value(key).unwrap()]), None);
}

#[test]
fn tokens_for_something_else_or_of_another_time_are_not_believed() {
    let provider = Provider::new();
    let keys = [provider.key(json!({}))];
    for (more, expected) in [
        (json!({ "iss": "https://id.example.evil" }), Fault::Other),
        (json!({ "aud": "other" }), Fault::Other),
        (json!({ "aud": [] }), Fault::Other),
        (json!({ "aud": ["ganglion", "other"] }), Fault::Other),
        (json!({ "azp": "other" }), Fault::Other),
        (json!({ "nonce": "n-2" }), Fault::Other),
        (json!({ "nonce": null }), Fault::Other),
        (json!({ "exp": NOW - 60 }), Fault::Time),
        (json!({ "iat": NOW + 61 }), Fault::Time),
        (json!({ "sub": " " }), Fault::Unreadable),
        (json!({ "sub": "x".repeat(256) }), Fault::Unreadable),
        (json!({ "exp": "tomorrow" }), Fault::Unreadable),
    ] {
        assert_eq!(fault(&provider.token(&header(), &claims(more.clone())), &keys), Some(expected), "{more}");
    }
}

#[test]
fn signatures_of_others_and_other_ways_to_sign_are_not_believed() {
    let provider = Provider::new();
    let keys = [provider.key(json!({}))];
    let good = provider.token(&header(), &claims(json!({})));
    let stranger = Provider::new().token(&header(), &claims(json!({})));
    assert_eq!(fault(&stranger, &keys), Some(Fault::Signature));
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(fault(&format!("{signed}."), &keys), Some(Fault::Signature));
    let body = B64.encode(claims(json!({ "sub": "somebody-else" })).to_string());
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    assert_eq!(fault(&format!("{head}.{body}.{signature}"), &keys), Some(Fault::Signature));
    for alg in ["none", "HS256", "RS512", "es256", ""] {
        let token = provider.token(&json!({ "alg": alg, "kid": "one" }), &claims(json!({})));
        assert_eq!(fault(&token, &keys), Some(Fault::Algorithm), "{alg}");
    }
    let critical = json!({ "alg": "ES256", "kid": "one", "crit": ["exp"] });
    assert_eq!(fault(&provider.token(&critical, &claims(json!({}))), &keys), Some(Fault::Algorithm));
    for more in [
        json!({ "kid": "two" }),
        json!({ "use": "enc" }),
        json!({ "alg": "ES384" }),
        json!({ "crv": "P-384" }),
        json!({ "kty": "RSA" }),
    ] {
        assert_eq!(fault(&good, &[provider.key(more.clone())]), Some(Fault::UnknownKey), "{more}");
    }
    for nothing in ["", "a", "a.b", "a.b.c", "..", "e30.e30.e30"] {
        assert_eq!(fault(nothing, &keys), Some(Fault::Unreadable), "{nothing}");
    }
}
