//! CQL2 text in words and signs.

use super::Wrong;

/// A word or sign.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A keyword or a name.
    Word(String),
    /// A name between double quotes: never a keyword.
    Name(String),
    /// A text between single quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// `( ) , = <> < > <= >=`.
    Sign(&'static str),
}

/// Signs, the longer of two that begin alike first.
const SIGNS: [&str; 9] = ["<>", "<=", ">=", "(", ")", ",", "=", "<", ">"];

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | ':')
}

fn is_name(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit() || matches!(c, '.' | '-')
}

fn wrong(text: &str, rest: &str) -> Wrong {
    Wrong::At(text[..text.len() - rest.len()].chars().count() + 1)
}

/// The text up to the quote that ends it, with quotes that stand twice once, and what follows.
fn quoted(rest: &str, quote: char) -> Option<(String, &str)> {
    let mut said = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            said.push(c);
            continue;
        }
        match chars.peek() {
            Some((_, next)) if *next == quote => {
                said.push(quote);
                chars.next();
            }
            _ => return Some((said, &rest[at + c.len_utf8()..])),
        }
    }
    None
}

fn number(rest: &str) -> Option<(f64, &str)> {
    let signed = rest.trim_start_matches(['-', '+']);
    if rest.len() - signed.len() > 1 || !signed.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut end = rest.len() - signed.len();
    let mut before = '0';
    for c in signed.chars() {
        let goes_on = c.is_ascii_digit()
            || matches!(c, '.' | 'e' | 'E')
            || (matches!(before, 'e' | 'E') && matches!(c, '-' | '+'));
        if !goes_on {
            break;
        }
        end += c.len_utf8();
        before = c;
    }
    let found = rest[..end].parse::<f64>().ok().filter(|number| number.is_finite())?;
    Some((found, &rest[end..]))
}

/// Words and signs with the character each begins at, counted from one.
///
/// # Errors
/// Where something stands that begins none.
pub fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let at = text[..text.len() - rest.len()].chars().count() + 1;
        let unread = || wrong(text, rest);
        let (token, after) = if first == '\'' {
            let (said, after) = quoted(rest, '\'').ok_or_else(unread)?;
            (Token::Text(said), after)
        } else if first == '"' {
            let (said, after) = quoted(rest, '"').ok_or_else(unread)?;
            (Token::Name(said), after)
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), &rest[sign.len()..])
        } else if is_name_start(first) {
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            (Token::Word(rest[..end].to_owned()), &rest[end..])
        } else {
            let (number, after) = number(rest).ok_or_else(unread)?;
            (Token::Number(number), after)
        };
        found.push((at, token));
        rest = after.trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_names_and_numbers_are_told_apart() {
        let read = |text: &str| tokens(text).map(|all| all.into_iter().map(|(_, token)| token).collect::<Vec<_>>());
        let word = |text: &str| Token::Word(text.to_owned());
        assert_eq!(
            read("kind = 'it''s' AND \"a \"\"b\"\"\"<>-1.5e2").unwrap(),
            [
                word("kind"),
                Token::Sign("="),
                Token::Text("it's".to_owned()),
                word("AND"),
                Token::Name("a \"b\"".to_owned()),
                Token::Sign("<>"),
                Token::Number(-150.0),
            ]
        );
        assert_eq!(tokens("名称='井' ;"), Err(Wrong::At(8)));
        assert_eq!(tokens("a = 'open"), Err(Wrong::At(5)));
        for bad in ["--1", "1e999", "1.2.3", "\"a", "a = 1%"] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
        assert_eq!(tokens("  "), Ok(Vec::new()));
    }
}
