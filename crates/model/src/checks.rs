//! Check characters of numbers people carry: citizen IDs (GB 11643) and unified social credit codes (GB 32100 with the
//! organisation code of GB 11714 inside). Left out: whether the place in a number exists, since it may have been abolished.

use jiff::civil::Date;

/// Why an ID number was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadId {
    /// Not 17 digits and a digit or `X`.
    Form,
    /// The 15 digits of the first generation.
    FirstGeneration,
    /// No such day.
    Birth,
    /// The check character does not fit: a slip of the pen.
    Check,
}

/// The day of birth in an 18-character ID number in capitals, when everything fits.
///
/// # Errors
/// What does not fit.
pub fn citizen_id(id: &str) -> Result<Date, BadId> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let bytes = id.as_bytes();
    if bytes.len() == 15 && bytes.iter().all(u8::is_ascii_digit) {
        return Err(BadId::FirstGeneration);
    }
    let last = |byte: &u8| byte.is_ascii_digit() || *byte == b'X';
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) || !last(&bytes[17]) {
        return Err(BadId::Form);
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    if bytes[17] != b"10X98765432"[(sum % 11) as usize] {
        return Err(BadId::Check);
    }
    let born = format!("{}-{}-{}", &id[6..10], &id[10..12], &id[12..14]);
    born.parse().map_err(|_| BadId::Birth)
}

/// Whether a unified social credit code in capitals is well formed and both of its check characters fit.
#[must_use]
pub fn credit_code(code: &str) -> bool {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let values: Option<Vec<usize>> = code.bytes().map(|byte| ALPHABET.iter().position(|one| *one == byte)).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else {
        return false;
    };
    let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    values[17] == (31 - sum % 31) % 31 && organisation(&code.as_bytes()[8..17])
}

/// The nine characters of an organisation code.
fn organisation(code: &[u8]) -> bool {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |byte: u8| if byte.is_ascii_digit() { u32::from(byte - b'0') } else { u32::from(byte - b'A') + 10 };
    let sum: u32 = code.iter().zip(WEIGHTS).map(|(byte, weight)| value(*byte) * weight).sum();
    let check = match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    };
    code.last() == Some(&check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_standards_pass() {
        for id in ["11010519491231002X", "440524188001010014", "139999199001010016", "139999199001010024"] {
            assert!(citizen_id(id).is_ok(), "{id}");
        }
        assert_eq!(citizen_id("139999201006150034"), Ok(jiff::civil::date(2010, 6, 15)));
        for code in ["91350100M000100Y43", "111399990000000197"] {
            assert!(credit_code(code), "{code}");
        }
    }

    #[test]
    fn every_single_slip_is_noticed() {
        let id = "139999199001010016";
        for at in 0..17 {
            for digit in b'0'..=b'9' {
                let mut bytes = id.as_bytes().to_vec();
                bytes[at] = digit;
                let typed = String::from_utf8(bytes).unwrap();
                assert_eq!(citizen_id(&typed).is_ok(), typed == id, "{typed}");
            }
        }
        let code = "91350100M000100Y43";
        for at in 0..18 {
            for digit in b"0123456789ABCDEFGHJKLMNPQRTUWXY" {
                let mut bytes = code.as_bytes().to_vec();
                bytes[at] = *digit;
                let typed = String::from_utf8(bytes).unwrap();
                assert_eq!(credit_code(&typed), typed == code, "{typed}");
            }
        }
    }

    #[test]
    fn other_numbers_are_told_apart() {
        assert_eq!(citizen_id("130903900101001"), Err(BadId::FirstGeneration));
        assert_eq!(citizen_id("11010519491331002X"), Err(BadId::Check));
        assert_eq!(citizen_id("1101051949123100"), Err(BadId::Form));
        assert_eq!(citizen_id("\u{8def}\u{8def}\u{8def}\u{8def}\u{8def}\u{8def}"), Err(BadId::Form));
        assert!(!credit_code("91350100M000100Y4") && !credit_code("91350100I000100Y43") && !credit_code(""));
    }
}
