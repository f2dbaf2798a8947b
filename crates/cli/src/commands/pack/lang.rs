//! In which language findings are printed: the one asked for, else that of the terminal.

use ganglion_model::Lang;

/// What a terminal says its language in, what counts most first.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// Reads `--lang`.
///
/// # Errors
/// When it is no language of the product.
pub fn parse(tag: &str) -> Result<Lang, String> {
    Lang::parse(tag).ok_or_else(|| "write zh-CN or en".to_owned())
}

/// The language to print in.
#[expect(clippy::disallowed_methods, reason = "this binary is the one reader of the environment")]
pub fn of(asked: Option<Lang>) -> Lang {
    asked.unwrap_or_else(|| of_terminal(|name| std::env::var(name).ok()))
}

fn of_terminal(read: impl Fn(&str) -> Option<String>) -> Lang {
    let set = VARIABLES.iter().find_map(|name| read(name).filter(|value| !value.is_empty()));
    set.and_then(|tag| Lang::parse(&tag)).unwrap_or(Lang::En)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_says_its_language_and_english_is_the_rest() {
        let said = |pairs: &[(&str, &str)]| {
            of_terminal(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(said(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(said(&[("LC_ALL", "en_GB.UTF-8"), ("LANG", "zh_CN.UTF-8")]), Lang::En);
        assert_eq!(said(&[("LC_ALL", ""), ("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(said(&[("LANG", "C.UTF-8")]), Lang::En);
        assert_eq!(said(&[]), Lang::En);
        assert_eq!(of(Some(Lang::Zh)), Lang::Zh);
        assert!(parse("zh-CN").is_ok() && parse("en").is_ok() && parse("de").is_err());
    }
}
