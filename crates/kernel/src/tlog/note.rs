//! Signed notes (c2sp.org/signed-note) with Ed25519, and the timestamped cosignatures of witnesses
//! (c2sp.org/tlog-cosignature): keys as text, signing, reading and checking.

use super::LogError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// Longest note that is read, bytes.
pub const NOTE_BYTES_MAX: usize = 65_536;
/// Most signatures of one note that are read.
const SIGNATURES_MAX: usize = 64;

/// What a key signs: the first byte of its public key as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The text of a note: how a log signs its checkpoints.
    Log,
    /// The text and the time it was seen: how a witness signs them.
    Witness,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            KeyKind::Log => 1,
            KeyKind::Witness => 4,
        }
    }
}

/// A public key with its name, written `name+id+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyKey {
    /// Name: the origin of the log, or the witness.
    pub name: String,
    /// What it signs.
    pub kind: KeyKind,
    /// Ed25519 public key.
    pub public: [u8; 32],
}

fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let hash: [u8; 32] =
        Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(public).finalize().into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

fn hex(id: [u8; 4]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a name may stand in a signature line.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl VerifyKey {
    /// The first four bytes of every signature line of this key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.kind.byte(), &self.public)
    }

    /// Reads a key from its text.
    ///
    /// # Errors
    /// When it is none, or its parts do not belong together.
    pub fn parse(text: &str) -> Result<VerifyKey, LogError> {
        let wrong = |reason| LogError::malformed("the public key", reason);
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is written name+id+key"));
        };
        let bytes = B64.decode(key).map_err(|_| wrong("its last part is no base64"))?;
        let (kind, public) = bytes.split_first().ok_or_else(|| wrong("its last part is empty"))?;
        let kind = match kind {
            1 => KeyKind::Log,
            4 => KeyKind::Witness,
            _ => return Err(wrong("only Ed25519 keys of logs (1) and witnesses (4) are known")),
        };
        let public = public.try_into().map_err(|_| wrong("an Ed25519 key has 32 bytes"))?;
        let key = VerifyKey { name: name.to_owned(), kind, public };
        if !is_name(name) || hex(key.id()) != id.to_ascii_lowercase() {
            return Err(wrong("name, id and key do not belong together"));
        }
        Ok(key)
    }

    /// Whether `signature` is one of this key over `text`; for a witness, the time it states, seconds since 1970.
    fn holds(&self, text: &str, signature: &[u8]) -> Option<u64> {
        let (message, time, bytes) = match self.kind {
            KeyKind::Log => (text.to_owned(), 0, signature),
            KeyKind::Witness => {
                let (time, bytes) = signature.split_first_chunk::<8>()?;
                let time = u64::from_be_bytes(*time);
                (cosigned(text, time), time, bytes)
            }
        };
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        key.verify(message.as_bytes(), bytes).ok().map(|()| time)
    }
}

impl fmt::Display for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind.byte()];
        bytes.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, hex(self.id()), B64.encode(bytes))
    }
}

/// What a witness signs.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A private key with its name. It never shows its secret except in [`SigningKey::to_private`].
pub struct SigningKey {
    name: String,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.name)
    }
}

impl SigningKey {
    /// The key of a seed.
    ///
    /// # Errors
    /// When the name may not stand in a signature line.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<SigningKey, LogError> {
        let wrong = |reason| LogError::malformed("the private key", reason);
        if !is_name(name) {
            return Err(wrong("its name is empty, or has a space or a plus"));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| wrong("it is no Ed25519 seed"))?;
        Ok(SigningKey { name: name.to_owned(), seed, pair })
    }

    /// Reads `PRIVATE+KEY+name+id+key`, the form other programs keep such keys in.
    ///
    /// # Errors
    /// When it is none, or its parts do not belong together.
    pub fn parse(text: &str) -> Result<SigningKey, LogError> {
        let wrong = |reason| LogError::malformed("the private key", reason);
        let rest = text.trim().strip_prefix("PRIVATE+KEY+").ok_or_else(|| wrong("it begins PRIVATE+KEY+"))?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is written PRIVATE+KEY+name+id+key"));
        };
        let bytes = B64.decode(key).map_err(|_| wrong("its last part is no base64"))?;
        let seed = match bytes.split_first() {
            Some((1, seed)) => seed.try_into().map_err(|_| wrong("an Ed25519 seed has 32 bytes"))?,
            _ => return Err(wrong("only Ed25519 keys (1) are known")),
        };
        let key = SigningKey::from_seed(name, seed)?;
        if hex(key.public(KeyKind::Log).id()) != id.to_ascii_lowercase() {
            return Err(wrong("name, id and key do not belong together"));
        }
        Ok(key)
    }

    /// The secret as text, to be kept where only its owner can read it.
    #[must_use]
    pub fn to_private(&self) -> String {
        let mut bytes = vec![KeyKind::Log.byte()];
        bytes.extend_from_slice(&self.seed);
        format!("PRIVATE+KEY+{}+{}+{}", self.name, hex(self.public(KeyKind::Log).id()), B64.encode(bytes))
    }

    /// The same secret under another name.
    ///
    /// # Errors
    /// As [`SigningKey::from_seed`].
    pub fn named(&self, name: &str) -> Result<SigningKey, LogError> {
        SigningKey::from_seed(name, self.seed)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key that checks what this one signs.
    #[must_use]
    pub fn public(&self, kind: KeyKind) -> VerifyKey {
        let mut public = [0; 32];
        public.iter_mut().zip(self.pair.public_key().as_ref()).for_each(|(to, from)| *to = *from);
        VerifyKey { name: self.name.clone(), kind, public }
    }

    /// Signs a text as a log.
    #[must_use]
    pub fn sign(&self, text: &str) -> Signature {
        let mut bytes = self.public(KeyKind::Log).id().to_vec();
        bytes.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        Signature { name: self.name.clone(), bytes }
    }

    /// Signs a text as a witness that saw it at `time`, seconds since 1970.
    #[must_use]
    pub fn cosign(&self, text: &str, time: u64) -> Signature {
        let mut bytes = self.public(KeyKind::Witness).id().to_vec();
        bytes.extend_from_slice(&time.to_be_bytes());
        bytes.extend_from_slice(self.pair.sign(cosigned(text, time).as_bytes()).as_ref());
        Signature { name: self.name.clone(), bytes }
    }
}

/// A signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Key id, then what the key made.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Reads one line, with or without its end.
    fn parse(line: &str) -> Option<Signature> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = B64.decode(encoded).ok().filter(|bytes| bytes.len() > 4)?;
        is_name(name).then(|| Signature { name: name.to_owned(), bytes })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "— {} {}", self.name, B64.encode(&self.bytes))
    }
}

/// A text with signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is signed, its last newline included.
    pub text: String,
    /// By whom.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note; nothing in it is trusted before [`Note::signed_by`] says so.
    ///
    /// # Errors
    /// When the bytes are no note.
    pub fn parse(bytes: &[u8]) -> Result<Note, LogError> {
        let wrong = |reason| LogError::malformed("the signed note", reason);
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(wrong("it is longer than 64 KiB"));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8"))?;
        if all.contains(|c: char| c < ' ' && c != '\n') {
            return Err(wrong("it has control characters"));
        }
        let (text, lines) = all.rsplit_once("\n\n").ok_or_else(|| wrong("no empty line parts text and signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or_else(|| wrong("its last line does not end"))?;
        let signatures: Option<Vec<Signature>> = lines.split('\n').map(Signature::parse).collect();
        let signatures = signatures.ok_or_else(|| wrong("a line after the text is no signature"))?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(wrong("it has too many signatures"));
        }
        Ok(Note { text: format!("{text}\n"), signatures })
    }

    /// Whether `key` signed the text; for a witness, the time it states, seconds since 1970.
    ///
    /// # Errors
    /// [`LogError::Unsigned`] when there is no signature of the key, [`LogError::BadSignature`] when one does not hold.
    pub fn signed_by(&self, key: &VerifyKey) -> Result<u64, LogError> {
        let id = key.id();
        let of_key = |one: &&Signature| one.name == key.name && one.bytes.starts_with(&id);
        let mut time = None;
        for one in self.signatures.iter().filter(of_key) {
            let bytes = one.bytes.get(id.len()..).unwrap_or_default();
            let held = key.holds(&self.text, bytes).ok_or_else(|| LogError::BadSignature(key.name.clone()))?;
            time = time.max(Some(held));
        }
        time.ok_or_else(|| LogError::Unsigned(key.name.clone()))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|one| write!(f, "{one}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of the reference implementation (golang.org/x/mod/sumdb/note).
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_of_the_reference_implementation_is_read_and_checked() {
        let key = VerifyKey::parse(PETER).unwrap();
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(note.signed_by(&key), Ok(0));
        assert_eq!((key.to_string().as_str(), note.to_string().as_str()), (PETER, NOTE));
        let changed = Note::parse(NOTE.replace("your problem,", "our problem,").as_bytes()).unwrap();
        assert_eq!(changed.signed_by(&key), Err(LogError::BadSignature("PeterNeumann".to_owned())));
        let other = SigningKey::from_seed("PeterNeumann", [3; 32]).unwrap().public(KeyKind::Log);
        assert_eq!(note.signed_by(&other), Err(LogError::Unsigned("PeterNeumann".to_owned())), "same name, other key");
    }

    #[test]
    fn keys_come_back_from_their_text_and_never_show_their_secret() {
        let key = SigningKey::from_seed("city.example/log/130903", [7; 32]).unwrap();
        let again = SigningKey::parse(&key.to_private()).unwrap();
        assert_eq!(again.public(KeyKind::Log), key.public(KeyKind::Log));
        assert_eq!(format!("{key:?}"), "SigningKey(city.example/log/130903)");
        let public = key.public(KeyKind::Witness);
        assert_eq!(VerifyKey::parse(&public.to_string()).unwrap(), public);
        let renamed = public.to_string().replace("130903", "130904");
        assert!(VerifyKey::parse(&renamed).is_err(), "the id belongs to the name");
        assert!(SigningKey::from_seed("two words", [7; 32]).is_err());
    }

    #[test]
    fn a_witness_signs_the_text_with_the_time() {
        let log = SigningKey::from_seed("log", [1; 32]).unwrap();
        let witness = SigningKey::from_seed("witness", [2; 32]).unwrap();
        let text = "log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        let signatures = vec![log.sign(text), witness.cosign(text, 1_679_315_147)];
        let note = Note { text: text.to_owned(), signatures };
        let note = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(note.signed_by(&witness.public(KeyKind::Witness)), Ok(1_679_315_147));
        assert_eq!(note.signed_by(&log.public(KeyKind::Log)), Ok(0));
        assert!(note.signed_by(&witness.public(KeyKind::Log)).is_err(), "a cosignature is no signature of a log");
    }

    /// Signed and cosigned by `aics-tlog` 0.2.1 (PyPI), which has nothing of ours in it, with the seeds of the test below.
    const THEIRS: &str = "city.example/log/130903\n10\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n\
        — city.example/log/130903 n5yNvzsyY6UKj/cDb8X+zv7aZMnnfmodxQ8JIPEzbyA1ATXSv3s1zc54jFtMyuN0x7BgeD+vxj2zKUw/kCtCGOFRPgk=\n\
        — witness.example/w1 qkoJ0QAAAABlU/EAlWgatQ0CVvVm7qdVZ9bMAgppltXmG3Q175GJBm8jzyUmGeKK86sSOujI+edDrGd3knBXSyvWzaDODvx23HaGDQ==\n";

    #[test]
    fn a_checkpoint_signed_and_cosigned_by_another_program_is_the_one_we_would_write() {
        let log = SigningKey::from_seed("city.example/log/130903", [4; 32]).unwrap();
        let witness = SigningKey::from_seed("witness.example/w1", [7; 32]).unwrap();
        let note = Note::parse(THEIRS.as_bytes()).unwrap();
        assert_eq!(note.signed_by(&log.public(KeyKind::Log)), Ok(0));
        assert_eq!(note.signed_by(&witness.public(KeyKind::Witness)), Ok(1_700_000_000));
        let public = witness.public(KeyKind::Witness).to_string();
        assert_eq!(
            public, "witness.example/w1+aa4a09d1+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs",
            "as theirs writes it"
        );
        let ours = vec![log.sign(&note.text), witness.cosign(&note.text, 1_700_000_000)];
        assert_eq!(Note { text: note.text.clone(), signatures: ours }.to_string(), THEIRS);
        let later = Note::parse(THEIRS.replace("\n10\n", "\n11\n").as_bytes()).unwrap();
        assert!(later.signed_by(&witness.public(KeyKind::Witness)).is_err(), "it is for this size and no other");
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for wrong in ["", "text\n", "text\n\n", "text\n\n— name\n", "text\n\n— name AAAA", "te\txt\n\n— n AAAAAAAA\n"]
        {
            assert!(Note::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert!(Note::parse(&[b'x'; NOTE_BYTES_MAX + 1]).is_err());
    }
}
