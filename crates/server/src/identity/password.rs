//! What a password must be: the rules of graded protection, level 3 (GB/T 22239-2019, 8.1.4.1: complexity, changed at
//! intervals), in numbers an assessor asks for. Pure; comparing with earlier passwords is done where their hashes are.

use crate::limits::PASSWORD_BYTES_MAX;

/// Shortest password in characters.
pub const CHARS_MIN: usize = 10;
/// Kinds of characters out of four: small letters, capitals, digits, others.
pub const KINDS_MIN: usize = 3;
/// Earlier passwords that may not come again.
pub const REMEMBERED: usize = 5;
/// A name shorter than this says nothing when it stands in a password.
const NAME_CHARS_MIN: usize = 3;

/// What is tried first by everybody who guesses, in small letters.
const GUESSED: [&str; 14] = [
    "password", "passw0rd", "p@ssw0rd", "qwerty", "123456", "654321", "112233", "abc123", "abcd1234", "admin",
    "root123", "5201314", "woaini", "iloveyou",
];

/// What is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fewer than [`CHARS_MIN`] characters.
    Short,
    /// More bytes than are taken.
    Long,
    /// Fewer than [`KINDS_MIN`] kinds of characters.
    Kinds,
    /// The name of the account stands in it.
    Name,
    /// Something everybody guesses stands in it, or one character many times.
    Guessed,
    /// It was the password before.
    Before,
}

impl Fault {
    /// Key of its text.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Fault::Short => "password-short",
            Fault::Long => "password-long",
            Fault::Kinds => "password-kinds",
            Fault::Name => "password-name",
            Fault::Guessed => "password-guessed",
            Fault::Before => "password-before",
        }
    }
}

impl std::fmt::Display for Fault {
    /// For the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Short => write!(f, "a password has at least {CHARS_MIN} characters"),
            Fault::Long => write!(f, "a password has at most {PASSWORD_BYTES_MAX} bytes"),
            Fault::Kinds => {
                write!(f, "a password has {KINDS_MIN} of these: small letters, capitals, digits, other characters")
            }
            Fault::Name => f.write_str("the name of the account may not stand in the password"),
            Fault::Guessed => {
                f.write_str("what everybody guesses (123456, password, aaaa) may not stand in the password")
            }
            Fault::Before => write!(f, "the password may not be one of the last {REMEMBERED}"),
        }
    }
}

/// Everything that is wrong with a password for an account; nothing when it is good.
#[must_use]
pub fn faults(password: &str, account: &str) -> Vec<Fault> {
    let small = password.to_lowercase();
    let account = account.to_lowercase();
    let has = |is: fn(char) -> bool| usize::from(password.chars().any(is));
    let kinds = has(|c| c.is_ascii_lowercase())
        + has(|c| c.is_ascii_uppercase())
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_ascii_alphanumeric());
    let named = account.chars().count() >= NAME_CHARS_MIN && small.contains(&account);
    let guessed = GUESSED.iter().any(|piece| small.contains(piece)) || repeats(&small);
    [
        (password.chars().count() < CHARS_MIN, Fault::Short),
        (password.len() > PASSWORD_BYTES_MAX, Fault::Long),
        (kinds < KINDS_MIN, Fault::Kinds),
        (named, Fault::Name),
        (guessed, Fault::Guessed),
    ]
    .into_iter()
    .filter_map(|(is_so, fault)| is_so.then_some(fault))
    .collect()
}

/// Whether one character stands four times in a row.
fn repeats(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    letters.windows(4).any(|four| four.iter().all(|letter| Some(letter) == four.first()))
}

/// A password for somebody to begin with, from random bytes: groups of letters and digits that are easily read out and keep the
/// rules.
#[must_use]
pub fn first(random: &[u8; 32]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJ";
    const DIGITS: &[u8; 8] = b"23456789";
    let letter = |at: usize| char::from(LETTERS[usize::from(random[at] % 32)]);
    let digit = |at: usize| char::from(DIGITS[usize::from(random[at] % 8)]);
    let group = |from: usize| -> String { (from..from + 4).map(letter).chain([digit(from + 4)]).collect() };
    // Two fixed kinds so that chance cannot leave one out.
    format!("{}-{}-K{}", group(0), group(5), group(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_mixed_and_not_to_be_guessed() {
        for (password, expected) in [
            ("Roads4bridges", vec![]),
            ("roads-and-bridges-2026", vec![]),
            ("沧州的Daqiao桥梁好", vec![]),
            ("Ab3!", vec![Fault::Short]),
            ("correct horse battery", vec![Fault::Kinds]),
            ("Onlyletters", vec![Fault::Kinds]),
            ("Anna-is-9-years", vec![Fault::Name]),
            ("ANNA-is-9-years", vec![Fault::Name]),
            ("Password-of-9", vec![Fault::Guessed]),
            ("Wx7!123456!", vec![Fault::Guessed]),
            ("Wxxxx7!brook", vec![Fault::Guessed]),
            ("", vec![Fault::Short, Fault::Kinds]),
        ] {
            assert_eq!(faults(password, "anna"), expected, "{password}");
        }
        assert!(faults(&"aB3".repeat(200), "anna").contains(&Fault::Long));
        assert!(faults("Li-9-brook-sky", "li").is_empty(), "two letters stand in too many words");
    }

    #[test]
    fn passwords_to_begin_with_are_good_and_differ() {
        for seed in 0..=255_u8 {
            let password = first(&[seed; 32]);
            assert_eq!(faults(&password, "anna").into_iter().filter(|f| *f != Fault::Guessed).count(), 0, "{password}");
        }
        let mut random = [0; 32];
        random.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n * 7);
        assert!(faults(&first(&random), "anna").is_empty(), "{}", first(&random));
    }
}
