//! Telling code, comments, strings and tests of a Rust source apart, well enough for rules about words.
//!
//! This is a scanner, not a parser: it knows where a string or a comment ends and where a test module's braces close,
//! and nothing else of the language.

/// What a stretch of source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Neither comment nor literal text.
    Code,
    /// A line or block comment, doc comments included.
    Comment,
    /// The inside of a string literal.
    Text,
    /// A character literal.
    Character,
}

/// A Rust source with the kind of each byte and whether it belongs to tests.
pub struct Source<'a> {
    text: &'a str,
    kinds: Vec<Kind>,
    in_test: Vec<bool>,
}

impl<'a> Source<'a> {
    /// Reads a source; everything counts as test code when `path` is a test file.
    pub fn read(path: &str, text: &'a str) -> Self {
        let kinds = kinds_of(text.as_bytes());
        let says_so = text.lines().any(|line| line == "#![cfg(test)]");
        let all_test = path.contains("/tests/") || path.ends_with("/tests.rs") || says_so;
        let mut source = Self { text, kinds, in_test: vec![all_test; text.len()] };
        source.mark_test_modules();
        source
    }

    /// The text with everything but `kind` outside tests blanked, so that lines and columns stay what they were.
    pub fn only(&self, kind: Kind) -> String {
        self.blanked(|at| self.kinds[at] == kind && !self.in_test[at])
    }

    /// The text without its tests.
    pub fn without_tests(&self) -> String {
        self.blanked(|at| !self.in_test[at])
    }

    /// String literals outside tests: line, counted from 1, and content.
    pub fn literals(&self) -> Vec<(usize, &'a str)> {
        let mut found = Vec::new();
        let mut start = None;
        for at in 0..=self.text.len() {
            let inside = at < self.text.len() && self.kinds[at] == Kind::Text && !self.in_test[at];
            match (start, inside) {
                (None, true) => start = Some(at),
                (Some(begin), false) => {
                    found.push((self.line_of(begin), &self.text[begin..at]));
                    start = None;
                }
                _ => {}
            }
        }
        found
    }

    fn line_of(&self, at: usize) -> usize {
        1 + self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
    }

    fn blanked(&self, keep: impl Fn(usize) -> bool) -> String {
        let kept = self.text.char_indices().map(|(at, c)| if c == '\n' || keep(at) { c } else { ' ' });
        kept.collect()
    }

    fn mark_test_modules(&mut self) {
        let code = self.blanked_bytes();
        for attribute in ["#[cfg(test)]", "#[cfg(all(test"] {
            let mut from = 0;
            while let Some(at) = find(&code, attribute.as_bytes(), from) {
                let end = item_end(&code, at + attribute.len());
                self.in_test[at..end].fill(true);
                from = end;
            }
        }
    }

    /// As `only(Code)`, but byte for byte, so that positions can be used as they are.
    fn blanked_bytes(&self) -> Vec<u8> {
        let bytes = self.text.bytes().zip(&self.kinds);
        bytes.map(|(byte, kind)| if *kind == Kind::Code { byte } else { b' ' }).collect()
    }
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// Where the item after an attribute ends: behind its closing brace, or behind the semicolon of one without a body.
fn item_end(code: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(from) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn kinds_of(bytes: &[u8]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let (kind, content, next) = stretch(bytes, at);
        kinds[content.start.min(bytes.len())..content.end.min(bytes.len())].fill(kind);
        at = next.max(at + 1);
    }
    kinds
}

/// What begins at `at`: its kind, the bytes that are its content, and where to go on.
fn stretch(bytes: &[u8], at: usize) -> (Kind, std::ops::Range<usize>, usize) {
    let rest = &bytes[at..];
    let after_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if rest.starts_with(b"//") {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length);
        return (Kind::Comment, at..end, end);
    }
    if rest.starts_with(b"/*") {
        let end = block_comment_end(bytes, at);
        return (Kind::Comment, at..end, end);
    }
    if rest[0] == b'"' {
        let end = plain_string_end(bytes, at + 1);
        return (Kind::Text, at + 1..end, end + 1);
    }
    if rest[0] == b'r' && (!after_word || bytes[at - 1] == b'b') {
        let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let closing = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            let start = at + hashes + 2;
            let end = find(bytes, &closing, start).unwrap_or(bytes.len());
            return (Kind::Text, start..end, end + closing.len());
        }
    }
    let character = if rest[0] == b'\'' { char_literal_length(rest) } else { None };
    match character {
        Some(length) => (Kind::Character, at..at + length, at + length),
        None => (Kind::Code, at..at, at + 1),
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn plain_string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

/// The length of a character literal, or `None` when the quote begins a lifetime.
fn char_literal_length(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return rest[3..].iter().position(|byte| *byte == b'\'').map(|length| length + 4);
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(5)]);
    let first = match text {
        Ok(text) => text.chars().next(),
        Err(error) => std::str::from_utf8(&rest[1..1 + error.valid_up_to()]).ok().and_then(|text| text.chars().next()),
    }?;
    (rest.get(1 + first.len_utf8()) == Some(&b'\'')).then(|| first.len_utf8() + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(text: &str) -> Vec<&str> {
        Source::read("a.rs", text).literals().into_iter().map(|(_, literal)| literal).collect()
    }

    #[test]
    fn strings_of_every_form_are_found() {
        assert_eq!(literals(r##"f("a\"b", r#"c"d"#, b"e", br"f", r"g\")"##), ["a\\\"b", "c\"d", "e", "f", "g\\"]);
    }

    #[test]
    fn quotes_in_characters_and_comments_open_nothing() {
        assert_eq!(
            literals("let q = '\"'; let e = '\\''; // \"no\n/* \"no /* deep */ \" */ g::<'a>(\"yes\", '中')"),
            ["yes"]
        );
    }

    #[test]
    fn test_modules_are_left_out_up_to_their_own_brace() {
        let text = "fn a() { \"}\"; }\n#[cfg(test)]\nmod tests { fn b() { x.unwrap(); '{'; } }\nfn c() {}\n";
        let source = Source::read("crates/model/src/a.rs", text);
        assert!(!source.only(Kind::Code).contains("unwrap"));
        assert!(source.only(Kind::Code).contains("fn c()"));
        assert_eq!(source.without_tests().lines().count(), text.lines().count());
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_ends_at_the_semicolon() {
        let code = Source::read("a.rs", "#[cfg(test)]\nmod tests;\nfn c() {}\n").only(Kind::Code);
        assert!(code.contains("fn c()") && !code.contains("mod tests"));
        assert!(!Source::read("crates/a/src/b/tests.rs", "fn d() {}").only(Kind::Code).contains("fn d"));
    }
}
