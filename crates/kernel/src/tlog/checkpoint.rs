//! Checkpoints (c2sp.org/tlog-checkpoint): which log, how many entries, which root.

use super::{LogError, Note, VerifyKey, decoded, encoded};
use crate::merkle::Hash;

/// The head of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, encoded(&self.root))
    }

    /// Reads the text of a note. Further lines are taken and not looked at.
    ///
    /// # Errors
    /// When it is no checkpoint.
    pub fn parse(text: &str) -> Result<Checkpoint, LogError> {
        let wrong = |reason| LogError::malformed("the checkpoint", reason);
        let text = text.strip_suffix('\n').ok_or_else(|| wrong("its last line does not end"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(wrong("it has origin, size and root, a line each"));
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(wrong("it has an empty line"));
        }
        let size = number(size).ok_or_else(|| wrong("its second line is no size"))?;
        let root = decoded(root).ok_or_else(|| wrong("its third line is no hash"))?;
        Ok(Checkpoint { origin: origin.to_owned(), size, root })
    }

    /// Reads a signed checkpoint of the log whose key this is: signed, and named as the key.
    ///
    /// # Errors
    /// When it is no checkpoint, is of another log, or the signature does not hold.
    pub fn open(note: &Note, key: &VerifyKey) -> Result<Checkpoint, LogError> {
        note.signed_by(key)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        if checkpoint.origin != key.name {
            return Err(LogError::malformed("the checkpoint", "its origin is not the name of the key that signed it"));
        }
        Ok(checkpoint)
    }
}

/// A number in decimal without leading zeros.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_from_its_text() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.text(), text);
        assert!(Checkpoint::parse(&format!("{text}more\n")).is_ok(), "further lines may follow");
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for wrong in
            [format!("o\n1\n{hash}"), format!("\n1\n{hash}\n"), format!("o\n01\n{hash}\n"), format!("o\n+1\n{hash}\n")]
        {
            assert!(Checkpoint::parse(&wrong).is_err(), "{wrong:?}");
        }
        assert!(Checkpoint::parse("o\n1\nAAAA\n").is_err() && Checkpoint::parse("o\n1\n").is_err());
        assert!(Checkpoint::parse(&format!("o\n1\n{hash}\n\nmore\n")).is_err());
    }
}
