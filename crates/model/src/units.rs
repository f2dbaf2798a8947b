//! Units of measurement: the table shipped in `data/units`, reading what people type (`12 mu`, full-width digits, a
//! thousand-myriad prefix) and converting exactly. Left out: compound units, which stand in the table as their own rows.

use crate::text::Text;
use rust_decimal::Decimal;
use std::sync::LazyLock;

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name in packs.
    pub code: String,
    /// What it is called.
    pub title: Text,
    /// Units of one dimension convert into each other.
    pub dimension: String,
    /// Size in the base unit of the dimension: numerator.
    num: Decimal,
    /// Denominator.
    den: Decimal,
    /// Spellings, plain and lower case.
    names: Vec<String>,
}

/// Dimension of the rows that may stand before a unit.
const PREFIX: &str = "prefix";
/// Prefixes from here on make a unit of their own.
const MYRIAD: u32 = 10_000;
/// The sign that stands before an amount of money.
const YUAN_SIGN: char = '\u{a5}';

static TABLE: LazyLock<Vec<Unit>> = LazyLock::new(|| {
    let rows = include_str!("../../../data/units/units.csv").lines().skip(1);
    rows.filter_map(row).collect()
});

fn row(line: &str) -> Option<Unit> {
    let cells: Vec<&str> = line.split(',').collect();
    let [code, zh, en, dimension, num, den, names] = cells.as_slice() else {
        return None;
    };
    Some(Unit {
        code: (*code).to_owned(),
        title: Text::new(*zh, *en),
        dimension: (*dimension).to_owned(),
        num: decimal(num)?,
        den: decimal(den)?,
        names: names.split(';').map(str::to_owned).collect(),
    })
}

/// The unit called `code` in packs.
#[must_use]
pub fn unit(code: &str) -> Option<&'static Unit> {
    TABLE.iter().find(|unit| unit.code == code && unit.dimension != PREFIX)
}

/// All units, without prefixes.
pub fn all() -> impl Iterator<Item = &'static Unit> {
    TABLE.iter().filter(|unit| unit.dimension != PREFIX)
}

impl Unit {
    /// The factor from this unit into `to`, as numerator and denominator; `None` across dimensions.
    #[must_use]
    pub fn factor(&self, to: &Unit) -> Option<(Decimal, Decimal)> {
        if self.dimension != to.dimension {
            return None;
        }
        Some((self.num.checked_mul(to.den)?, self.den.checked_mul(to.num)?))
    }

    /// `amount` of this unit in `to`; `None` across dimensions and for amounts too large to be kept.
    #[must_use]
    pub fn convert(&self, amount: Decimal, to: &Unit) -> Option<Decimal> {
        if self.code == to.code {
            return Some(amount);
        }
        let (num, den) = self.factor(to)?;
        amount.checked_mul(num)?.checked_div(den).map(|value| value.normalize())
    }

    /// Whether its name has a large prefix already, so that another before it could mean two things.
    fn is_myriad(&self) -> bool {
        let large = |prefix: &&Unit| prefix.dimension == PREFIX && prefix.num >= Decimal::from(MYRIAD);
        TABLE.iter().filter(large).any(|prefix| self.title.zh.starts_with(&prefix.title.zh))
    }
}

/// Why a typed amount was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// There is no number, or one written in a way that could mean two things.
    NotANumber,
    /// No unit is spelled like this.
    UnknownUnit(String),
    /// The unit measures something else.
    OtherDimension(&'static Unit),
    /// A prefix alone, where the declared unit has one already.
    Unclear,
    /// More digits than can be kept.
    TooLarge,
}

/// An amount as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typed {
    /// In the declared unit.
    pub amount: Decimal,
    /// Whether another unit was named, so that the amount was worked out.
    pub converted: bool,
    /// Whether any unit or prefix was named.
    pub named: bool,
}

/// Reads `text` as an amount of `declared`: a number, then nothing, a prefix, a unit, or both.
///
/// # Errors
/// Why it cannot be read.
pub fn read(text: &str, declared: &'static Unit) -> Result<Typed, Misread> {
    let text = half_width(text.trim()).to_lowercase();
    let (signed, text) = text.strip_prefix(YUAN_SIGN).map_or((false, text.as_str()), |rest| (true, rest.trim()));
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | ',' | ' ');
    let end = text.find(|c: char| !is_number(c)).unwrap_or(text.len());
    let amount = grouped(text[..end].trim()).ok_or(Misread::NotANumber)?;
    match (signed, text[end..].trim()) {
        (true, "") => scaled(amount, &YUAN_SIGN.to_string(), declared),
        (true, _) if declared.dimension != "money" => Err(Misread::NotANumber),
        (_, words) => scaled(amount, words, declared),
    }
}

fn scaled(amount: Decimal, words: &str, declared: &'static Unit) -> Result<Typed, Misread> {
    if words.is_empty() {
        return Ok(Typed { amount, converted: false, named: false });
    }
    let (factor, unit) = match named(words) {
        Some(unit) => (Decimal::ONE, Some(unit)),
        None => prefixed(words)?,
    };
    if unit.is_none() && declared.is_myriad() {
        return Err(Misread::Unclear);
    }
    let unit = unit.unwrap_or(declared);
    if unit.dimension != declared.dimension {
        return Err(Misread::OtherDimension(unit));
    }
    // Nobody typed the digits behind the point that a prefix leaves: 3.6 times ten thousand is 36000, not 36000.0.
    let amount =
        if factor == Decimal::ONE { amount } else { amount.checked_mul(factor).ok_or(Misread::TooLarge)?.normalize() };
    let converted = unit.code != declared.code;
    let amount = unit.convert(amount, declared).ok_or(Misread::TooLarge)?;
    Ok(Typed { amount, converted, named: true })
}

/// A plain number with a large prefix and nothing else, such as 3.6 ten thousands; `None` for anything else, also without a prefix.
#[must_use]
pub fn with_prefix(text: &str) -> Option<Decimal> {
    let text = half_width(text.trim());
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | ',' | ' ')))?;
    let (number, words) = text.split_at(end);
    match prefixed(words.trim()) {
        Ok((factor, None)) => grouped(number.trim())?.checked_mul(factor).map(|number| number.normalize()),
        _ => None,
    }
}

fn named(words: &str) -> Option<&'static Unit> {
    all().find(|unit| unit.code == words || unit.names.iter().any(|name| name == words))
}

fn prefixed(words: &str) -> Result<(Decimal, Option<&'static Unit>), Misread> {
    for prefix in TABLE.iter().filter(|unit| unit.dimension == PREFIX) {
        for name in &prefix.names {
            let Some(rest) = words.strip_prefix(name.as_str()).map(str::trim) else { continue };
            if rest.is_empty() {
                return Ok((prefix.num, None));
            }
            if let Some(unit) = named(rest) {
                return Ok((prefix.num, Some(unit)));
            }
        }
    }
    Err(Misread::UnknownUnit(words.to_owned()))
}

/// A number that may have separators between thousands, and nowhere else: `1,5` could mean two things and is no number.
fn grouped(text: &str) -> Option<Decimal> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mut groups = whole.split([',', ' ']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let good = rest.iter().all(|group| group.len() == 3) && (rest.is_empty() || (1..=3).contains(&first.len()));
    if !good || part.is_some_and(|part| part.is_empty() || part.len() > 20) {
        return None;
    }
    decimal(&format!("{sign}{first}{}{}", rest.concat(), part.map(|part| format!(".{part}")).unwrap_or_default()))
}

/// A plain decimal: digits, at most one point, a sign. No exponent, no separators.
#[must_use]
pub fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

/// Full-width digits, letters and signs of a Chinese keyboard as their plain forms.
#[must_use]
pub fn half_width(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{ffe5}' => '\u{a5}',
        '\u{3000}' | '\u{a0}' => ' ',
        other => other,
    };
    text.chars().map(plain).collect()
}

/// Yuan as typed, in fen: separators, a currency sign and large prefixes are understood; more than two decimals are not money.
/// A bare number is yuan; `named` tells whether a unit stood beside it.
#[must_use]
pub fn fen(text: &str) -> Option<(i64, bool)> {
    let typed = read(text, unit("yuan")?).ok()?;
    let fen = typed.amount.checked_mul(Decimal::ONE_HUNDRED)?.normalize();
    (fen.scale() == 0).then(|| i64::try_from(fen.mantissa()).ok()).flatten().map(|fen| (fen, typed.named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str, code: &str) -> Result<String, Misread> {
        read(text, unit(code).unwrap()).map(|typed| typed.amount.normalize().to_string())
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = include_str!("../../../data/units/units.csv").lines().count() - 1;
        assert_eq!(TABLE.len(), rows);
        let mut names: Vec<&str> = TABLE.iter().flat_map(|unit| unit.names.iter().map(String::as_str)).collect();
        assert!(names.iter().all(|name| *name == name.to_lowercase() && *name == half_width(name)), "{names:?}");
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "a spelling stands twice");
    }

    #[test]
    fn amounts_convert_exactly() {
        let good = [
            ("12", "mu", "12"),
            ("12 亩", "mu", "12"),
            ("12mu", "mu", "12"),
            ("8000 m2", "mu", "12"),
            ("8,000 ㎡", "mu", "12"),
            ("74.43 亩", "m2", "49620"),
            ("74.43亩", "ha", "4.962"),
            ("35 ha", "mu", "525"),
            ("533.5万亩", "mu", "5335000"),
            ("533.5 万亩", "wan_mu", "533.5"),
            ("３．５公里", "m", "3500"),
            ("2 亿 m³", "wan_m3", "20000"),
            ("1.2万", "m3", "12000"),
            ("10 里", "km", "5"),
            ("-3 m", "m", "-3"),
            ("264万人次", "person_time", "2640000"),
            ("50 %", "percent", "50"),
        ];
        for (text, code, wanted) in good {
            assert_eq!(amount(text, code), Ok(wanted.to_owned()), "{text} as {code}");
        }
    }

    #[test]
    fn a_prefix_leaves_no_digits_that_nobody_typed() {
        let exact = |text: &str| read(text, unit("m3").unwrap()).map(|typed| typed.amount.to_string());
        assert_eq!(exact("3.6万"), Ok("36000".to_owned()));
        assert_eq!(exact("3.60 万 m³"), Ok("36000".to_owned()));
        assert_eq!(exact("3.60"), Ok("3.60".to_owned()), "what is typed in the unit itself stays as typed");
        let plain = |text: &str| with_prefix(text).map(|number| number.to_string());
        assert_eq!(plain("3.6万"), Some("36000".to_owned()));
        assert_eq!(plain("－1,200.5 万"), Some("-12005000".to_owned()));
        assert_eq!(plain("0.00001万"), Some("0.1".to_owned()));
        for text in ["36000", "3.6万元", "万", "3,6万", "3.6 mu"] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_unclear_is_not_guessed() {
        assert_eq!(amount("1,5", "m"), Err(Misread::NotANumber));
        assert_eq!(amount("", "m"), Err(Misread::NotANumber));
        assert_eq!(amount("亩", "mu"), Err(Misread::NotANumber));
        assert_eq!(amount("5 6", "m"), Err(Misread::NotANumber));
        assert_eq!(amount("1e3", "m"), Err(Misread::UnknownUnit("e3".to_owned())));
        assert_eq!(amount("5万", "wan_m3"), Err(Misread::Unclear));
        assert_eq!(amount("5 furlong", "m"), Err(Misread::UnknownUnit("furlong".to_owned())));
        assert!(matches!(amount("12 亩", "m3"), Err(Misread::OtherDimension(unit)) if unit.code == "mu"));
        assert_eq!(amount(&"9".repeat(40), "m"), Err(Misread::NotANumber));
        assert_eq!(amount(&format!("{}亿", "9".repeat(26)), "m"), Err(Misread::TooLarge));
    }

    #[test]
    fn money_is_yuan_on_paper_and_fen_in_storage() {
        let good = [
            ("12.5", 1250),
            ("¥1,234.56", 123_456),
            ("￥ 3", 300),
            ("1.2万元", 1_200_000),
            ("3亿", 30_000_000_000),
            ("-5 元", -500),
        ];
        for (text, wanted) in good {
            assert_eq!(fen(text).map(|(fen, _)| fen), Some(wanted), "{text}");
        }
        for text in ["1.234", "x", "12 亩", "", "¥", "999999999999999999999"] {
            assert_eq!(fen(text), None, "{text}");
        }
        assert_eq!(fen("5").map(|(_, named)| named), Some(false));
        assert_eq!(fen("5元").map(|(_, named)| named), Some(true));
    }
}
