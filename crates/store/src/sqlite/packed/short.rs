//! Texts without what their row says in columns of its own: each such part becomes one control character. Canonical JSON has no control
//! characters, so the text comes back as it was, to the byte.

use jiff::Timestamp;
use memchr::memmem;
use std::fmt::Write as _;
use uuid::Uuid;

/// Bytes below this are marks.
const MARKS_END: u8 = 0x20;
/// Parts shorter than this are left where they stand.
const PART_MIN: usize = 4;

/// Parts that columns of a row say: the first is written as 1, the second as 2, and so on. Nothing may ever change about how a part is
/// written out: rows of many years rest on it.
#[derive(Debug)]
pub(super) struct Parts([String; 4]);

impl Parts {
    /// Of a journal line: its case, its command, its instant in quotes, and how every line ends.
    pub(super) fn of_line(case: Option<[u8; 16]>, command: [u8; 16], at_us: i64, (seq, shard): (u64, u32)) -> Parts {
        let mut at = String::new();
        if let Ok(instant) = Timestamp::from_microsecond(at_us) {
            // Writing to a text does not fail.
            let _ = write!(at, "\"{instant}\"");
        }
        let case = case.map(hyphenated).unwrap_or_default();
        Parts([case, hyphenated(command), at, format!("\"seq\":{seq},\"shard\":{shard}}}")])
    }

    /// Of the body of a case: its id and its number.
    pub(super) fn of_case(id: [u8; 16], number: &str) -> Parts {
        Parts([hyphenated(id), number.to_owned(), String::new(), String::new()])
    }

    fn marked(&self) -> impl Iterator<Item = (u8, &[u8])> {
        (1..).zip(self.0.iter().map(String::as_bytes))
    }

    /// A text with marks in place of the parts; `None` when it holds a control character already.
    pub(super) fn shorten(&self, text: &str) -> Option<Vec<u8>> {
        let mut short = text.as_bytes().to_vec();
        if next_mark(&short).is_some() {
            return None;
        }
        for (mark, part) in self.marked().filter(|(_, part)| part.len() >= PART_MIN) {
            let found: Vec<usize> = memmem::find_iter(&short, part).collect();
            if found.is_empty() {
                continue;
            }
            let mut next = Vec::with_capacity(short.len());
            let mut from = 0;
            for at in found {
                next.extend_from_slice(&short[from..at]);
                next.push(mark);
                from = at + part.len();
            }
            next.extend_from_slice(&short[from..]);
            short = next;
        }
        Some(short)
    }

    /// The text that was shortened; `None` when it holds a mark that means nothing.
    pub(super) fn lengthen(&self, short: &[u8]) -> Option<Vec<u8>> {
        let mut text = Vec::with_capacity(short.len() + 200);
        let mut rest = short;
        while let Some(at) = next_mark(rest) {
            text.extend_from_slice(&rest[..at]);
            let part = usize::from(rest[at]).checked_sub(1)?;
            text.extend_from_slice(self.0.get(part)?.as_bytes());
            rest = &rest[at + 1..];
        }
        text.extend_from_slice(rest);
        Some(text)
    }
}

/// Where the next mark stands. Blocks without one are passed by whole: a body has some thousand bytes and two marks.
fn next_mark(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 32;
    let has_none = |block: &[u8]| block.iter().fold(true, |none, byte| none & (*byte >= MARKS_END));
    let passed = bytes.chunks_exact(BLOCK).take_while(|block| has_none(block)).count() * BLOCK;
    bytes[passed..].iter().position(|byte| *byte < MARKS_END).map(|at| passed + at)
}

fn hyphenated(id: [u8; 16]) -> String {
    Uuid::from_bytes(id).hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CASE: [u8; 16] =
        [0x01, 0xa2, 0x1d, 0xbc, 0x8d, 0x7b, 0x76, 0x6d, 0xa1, 0x2c, 0x14, 0x59, 0x0b, 0x9b, 0x59, 0x56];

    /// Rows of many years rest on these very letters: a library that writes one of them otherwise must not be used here.
    #[test]
    fn parts_are_written_out_as_they_were_on_the_first_day() {
        let parts = Parts::of_line(Some(CASE), [0xff; 16], 1_772_068_525_000_000, (7, 130_928));
        let text = "{\"at\":\"2026-02-26T01:15:25Z\",\"case\":\"01a21dbc-8d7b-766d-a12c-14590b9b5956\",\"command\":\
                    \"ffffffff-ffff-ffff-ffff-ffffffffffff\",\"seq\":7,\"shard\":130928}";
        let short = parts.shorten(text).unwrap();
        assert_eq!(short, b"{\"at\":\x03,\"case\":\"\x01\",\"command\":\"\x02\",\x04");
        assert_eq!(parts.lengthen(&short).unwrap(), text.as_bytes());
        let odd = Parts::of_line(None, CASE, -1, (1, 0));
        assert_eq!(odd.0[2], "\"1969-12-31T23:59:59.999999Z\"");
        assert_eq!(Parts::of_case(CASE, "W-1").shorten("\"W-1\"").unwrap(), b"\"W-1\"", "too short to be worth a mark");
    }

    #[test]
    fn a_text_with_control_characters_is_not_shortened_and_an_unknown_mark_is_refused() {
        let parts = Parts::of_case(CASE, "AJ-130928203-2026-000005");
        assert_eq!(parts.shorten("a\u{1}b"), None);
        assert_eq!(parts.lengthen(b"a\x05b"), None);
        assert_eq!(parts.lengthen(b"a\x00b"), None);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "[ -~村1-9\"{}:]{0,80}", number in "[A-Z0-9-]{0,9}", at in any::<usize>()) {
            let parts = Parts::of_case(CASE, &number);
            let mut text = text;
            let at = text.char_indices().map(|(at, _)| at).nth(at % 80).unwrap_or(0);
            text.insert_str(at, &number);
            let short = parts.shorten(&text).unwrap();
            prop_assert_eq!(parts.lengthen(&short).unwrap(), text.into_bytes());
        }
    }
}
