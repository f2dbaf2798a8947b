//! Taking out of a free text what leads to a person: numbers of telephones, identity and bank cards, addresses of mail. Names
//! cannot be told from other words, so a process publishes its descriptions only when its pack says so.

use jiff::civil::Date;

/// What stands for what was taken out.
const GONE: &str = "***";
/// Characters of a day.
const DAY_CHARS: usize = 10;
/// Digits from which on a number may be a person's.
const DIGITS_MIN: usize = 7;

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('\u{ff10}'..='\u{ff19}').contains(&c)
}

fn is_mail(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '@')
}

/// A run of characters from `at` on that satisfy `keeps`.
fn run(chars: &[char], at: usize, keeps: impl Fn(char) -> bool) -> &[char] {
    let rest = chars.get(at..).unwrap_or_default();
    let length = rest.iter().position(|c| !keeps(*c)).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

/// A run of digits with single signs between them, its last sign left out; the final `X` of an identity number counts.
fn number(chars: &[char], at: usize) -> &[char] {
    let long = run(chars, at, |c| is_digit(c) || matches!(c, '-' | ' ' | '\u{2014}'));
    let used = long.iter().rposition(|c| is_digit(*c)).map_or(0, |last| last + 1);
    let is_id = used == 17 && chars.get(at + used).is_some_and(|c| matches!(c, 'x' | 'X'));
    chars.get(at..at + used + usize::from(is_id)).unwrap_or_default()
}

/// A day at `at`, as machines write it and people copy it.
fn day(chars: &[char], at: usize) -> Option<String> {
    let text: String = chars.get(at..at + DAY_CHARS)?.iter().collect();
    let ends = !chars.get(at + DAY_CHARS).copied().is_some_and(is_digit);
    (ends && text.parse::<Date>().is_ok()).then_some(text)
}

/// The text without such numbers and addresses; days stay.
#[must_use]
pub fn scrubbed(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let word = run(&chars, at, is_mail);
        let inner = word.iter().skip(1).rev().skip(1).any(|c| *c == '@');
        if inner {
            out.push_str(GONE);
            at += word.len();
        } else if let Some(day) = day(&chars, at).filter(|_| is_digit(c)) {
            out.push_str(&day);
            at += DAY_CHARS;
        } else if is_digit(c) {
            let found = number(&chars, at);
            let is_long = found.iter().filter(|c| is_digit(**c)).count() >= DIGITS_MIN;
            if is_long {
                out.push_str(GONE);
            } else {
                out.extend(found);
            }
            at += found.len().max(1);
        } else {
            out.push(c);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_mail_go_and_the_rest_stays() {
        for (text, wanted) in [
            ("请打13912345678联系", "请打***联系"),
            ("电话 0317-2021234，门牌12号", "电话 ***，门牌12号"),
            ("身份证130903199001010016丢失", "身份证***丢失"),
            ("13090319900101001X", "***"),
            ("１３９１２３４５６７８", "***"),
            ("139 1234 5678!", "***!"),
            ("2022-06-27 8点", "2022-06-27 8点"),
            ("写信 a.b@example.com 谢谢", "写信 *** 谢谢"),
            ("3个垃圾桶 @ 路口", "3个垃圾桶 @ 路口"),
            ("", ""),
        ] {
            assert_eq!(scrubbed(text), wanted, "{text}");
        }
    }
}
