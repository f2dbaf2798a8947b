//! Words and signs into a tree, by recursive descent: OR binds least, NOT most.

use super::lex::{Token, tokens};
use super::{CHARS_MAX, Compare, Expr, Literal, Side, Wrong};
use crate::ogc::crs::Crs;
use ganglion_geo::geometry::Bounds;
use jiff::Timestamp;
use jiff::civil::Date;

/// Brackets that may stand inside each other.
const DEPTH_MAX: usize = 32;
/// Values of one list.
const VALUES_MAX: usize = 200;
/// How the geometry of a feature is called.
pub const GEOMETRY: &str = "geometry";

struct Reader<'n> {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    end: usize,
    names: &'n [&'n str],
    crs: Crs,
}

/// Reads a filter over properties called `names`; boxes and points are written in `crs`.
///
/// # Errors
/// [`Wrong`].
pub fn parse(text: &str, names: &[&str], crs: Crs) -> Result<Expr, Wrong> {
    if text.chars().count() > CHARS_MAX {
        return Err(Wrong::TooMuch);
    }
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens, at: 0, depth: 0, end: text.chars().count() + 1, names, crs };
    let expr = reader.any()?;
    if reader.at == reader.tokens.len() { Ok(expr) } else { Err(reader.wrong()) }
}

impl Reader<'_> {
    fn wrong(&self) -> Wrong {
        Wrong::At(self.tokens.get(self.at).map_or(self.end, |(at, _)| *at))
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).map(|(_, token)| token.clone())?;
        self.at += 1;
        Some(token)
    }

    /// Whether a keyword comes next, which is then behind.
    fn word(&mut self, word: &str) -> bool {
        let is_next =
            matches!(self.tokens.get(self.at), Some((_, Token::Word(next))) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.tokens.get(self.at), Some((_, Token::Sign(next))) if *next == sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn need(&self, is_there: bool) -> Result<(), Wrong> {
        if is_there { Ok(()) } else { Err(self.wrong()) }
    }

    fn need_sign(&mut self, sign: &str) -> Result<(), Wrong> {
        let found = self.sign(sign);
        self.need(found)
    }

    fn any(&mut self) -> Result<Expr, Wrong> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Wrong::TooMuch);
        }
        let mut parts = vec![self.all()?];
        while self.word("OR") {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(joined(parts, Expr::Or))
    }

    fn all(&mut self) -> Result<Expr, Wrong> {
        let mut parts = vec![self.one()?];
        while self.word("AND") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Expr::And))
    }

    fn one(&mut self) -> Result<Expr, Wrong> {
        if self.word("NOT") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(Wrong::TooMuch);
            }
            let inner = self.one()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.sign("(") {
            let inner = self.any()?;
            self.need_sign(")")?;
            return Ok(inner);
        }
        if self.word("S_INTERSECTS") {
            return self.touches();
        }
        let side = self.side()?;
        self.predicate(side)
    }

    /// What is said of a side: a comparison, or that it stands among values.
    fn predicate(&mut self, side: Side) -> Result<Expr, Wrong> {
        const COMPARES: [(&str, Compare); 6] = [
            ("=", Compare::Equal),
            ("<>", Compare::Unequal),
            ("<=", Compare::AtMost),
            (">=", Compare::AtLeast),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        for (sign, compare) in COMPARES {
            if self.sign(sign) {
                return Ok(Expr::Compare(side, compare, self.side()?));
            }
        }
        let name = match side {
            Side::Property(name) => name,
            Side::Literal(Literal::Truth(truth)) => return Ok(Expr::Truth(truth)),
            Side::Literal(_) => return Err(self.wrong()),
        };
        if self.word("IS") {
            let is_not = self.word("NOT");
            let found = self.word("NULL");
            self.need(found)?;
            return Ok(unless(is_not, Expr::IsNull(name)));
        }
        let is_not = self.word("NOT");
        if self.word("IN") {
            return Ok(unless(is_not, Expr::In(name, self.list()?)));
        }
        if self.word("BETWEEN") {
            let low = self.literal()?;
            let found = self.word("AND");
            self.need(found)?;
            return Ok(unless(is_not, Expr::Between(name, low, self.literal()?)));
        }
        let found = self.word("LIKE");
        self.need(found)?;
        match self.next() {
            Some(Token::Text(pattern)) => Ok(unless(is_not, Expr::Like(name, pattern))),
            _ => Err(self.wrong()),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>, Wrong> {
        self.need_sign("(")?;
        let mut values = vec![self.literal()?];
        while self.sign(",") {
            values.push(self.literal()?);
        }
        self.need_sign(")")?;
        if values.len() > VALUES_MAX { Err(Wrong::TooMuch) } else { Ok(values) }
    }

    fn literal(&mut self) -> Result<Literal, Wrong> {
        match self.side()? {
            Side::Literal(literal) => Ok(literal),
            Side::Property(_) => Err(self.wrong()),
        }
    }

    fn side(&mut self) -> Result<Side, Wrong> {
        let wrong = self.wrong();
        let name = match self.next() {
            Some(Token::Text(text)) => return Ok(Side::Literal(Literal::Text(text))),
            Some(Token::Number(number)) => return Ok(Side::Literal(Literal::Number(number))),
            Some(Token::Name(name)) => name,
            Some(Token::Word(word)) => match word.to_ascii_uppercase().as_str() {
                "TRUE" => return Ok(Side::Literal(Literal::Truth(true))),
                "FALSE" => return Ok(Side::Literal(Literal::Truth(false))),
                "DATE" => return self.called(|text| text.parse::<Date>().ok().map(Literal::Day)),
                "TIMESTAMP" => return self.called(|text| text.parse::<Timestamp>().ok().map(Literal::Instant)),
                _ => word,
            },
            Some(Token::Sign(_)) | None => return Err(wrong),
        };
        let is_offered = self.names.contains(&name.as_str());
        if is_offered { Ok(Side::Property(name)) } else { Err(Wrong::Name(name)) }
    }

    /// `('…')` after the word for a day or an instant.
    fn called(&mut self, read: impl Fn(&str) -> Option<Literal>) -> Result<Side, Wrong> {
        self.need_sign("(")?;
        let wrong = self.wrong();
        let literal = match self.next() {
            Some(Token::Text(text)) => read(&text).ok_or(wrong)?,
            _ => return Err(wrong),
        };
        self.need_sign(")")?;
        Ok(Side::Literal(literal))
    }

    /// `(geometry, BBOX(w,s,e,n))` or `(geometry, POINT(x y))`.
    fn touches(&mut self) -> Result<Expr, Wrong> {
        self.need_sign("(")?;
        match self.next() {
            Some(Token::Word(name) | Token::Name(name)) if name == GEOMETRY => {}
            Some(Token::Word(name) | Token::Name(name)) => return Err(Wrong::Name(name)),
            _ => return Err(self.wrong()),
        }
        self.need_sign(",")?;
        let bounds = if self.word("BBOX") {
            self.corners(true)?
        } else {
            let found = self.word("POINT");
            self.need(found)?;
            self.corners(false)?
        };
        self.need_sign(")")?;
        Ok(Expr::Touches(bounds))
    }

    fn corners(&mut self, is_box: bool) -> Result<Bounds, Wrong> {
        self.need_sign("(")?;
        let wrong = self.wrong();
        let mut numbers = Vec::new();
        loop {
            match self.next() {
                Some(Token::Number(number)) => numbers.push(number),
                _ => return Err(wrong),
            }
            if is_box && self.sign(",") {
                continue;
            }
            if self.sign(")") {
                break;
            }
        }
        let given = match numbers.as_slice() {
            [x, y] if !is_box => [*x, *y, *x, *y],
            [a, b, c, d] if is_box => [*a, *b, *c, *d],
            [a, b, _, c, d, _] if is_box => [*a, *b, *c, *d],
            _ => return Err(wrong),
        };
        Ok(self.crs.bounds(given))
    }
}

fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            join(parts)
        }
        (None, _) => Expr::Truth(true),
    }
}

fn unless(is_not: bool, expr: Expr) -> Expr {
    if is_not { Expr::Not(Box::new(expr)) } else { expr }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Expr, Wrong> {
        parse(text, &["kind", "depth", "built"], Crs::Crs84)
    }

    fn property(name: &str) -> Side {
        Side::Property(name.to_owned())
    }

    #[test]
    fn what_binds_most_comes_first() {
        let kind =
            |text: &str| Expr::Compare(property("kind"), Compare::Equal, Side::Literal(Literal::Text(text.to_owned())));
        let wanted = Expr::Or(vec![kind("a"), Expr::And(vec![kind("b"), Expr::Not(Box::new(kind("c")))])]);
        assert_eq!(read("kind='a' or kind='b' AND NOT kind = 'c'"), Ok(wanted));
        assert_eq!(
            read("(kind='a' OR kind='b') AND TRUE"),
            Ok(Expr::And(vec![Expr::Or(vec![kind("a"), kind("b")]), Expr::Truth(true)]))
        );
    }

    #[test]
    fn every_kind_of_condition_is_read() {
        let text = |text: &str| Literal::Text(text.to_owned());
        assert_eq!(read("kind IN ('a', 'b')"), Ok(Expr::In("kind".into(), vec![text("a"), text("b")])));
        assert_eq!(
            read("depth NOT BETWEEN 1 AND 2"),
            Ok(Expr::Not(Box::new(Expr::Between("depth".into(), Literal::Number(1.0), Literal::Number(2.0)))))
        );
        assert_eq!(read("\"kind\" LIKE '井%'"), Ok(Expr::Like("kind".into(), "井%".into())));
        assert_eq!(read("built IS NOT NULL"), Ok(Expr::Not(Box::new(Expr::IsNull("built".into())))));
        let day = Side::Literal(Literal::Day("2022-06-27".parse().unwrap()));
        assert_eq!(read("built >= DATE('2022-06-27')"), Ok(Expr::Compare(property("built"), Compare::AtLeast, day)));
        let touches = read("S_INTERSECTS(geometry, BBOX(116,38,117,39))").unwrap();
        assert_eq!(touches.bounds(), Some([116.0, 38.0, 117.0, 39.0]));
        assert_eq!(read("s_intersects(geometry,POINT(116 38))"), Ok(Expr::Touches([116.0, 38.0, 116.0, 38.0])));
        let turned =
            parse("S_INTERSECTS(geometry, BBOX(38,116,39,117)) AND depth>1", &["depth"], Crs::Epsg4490).unwrap();
        assert_eq!(turned.bounds(), Some([116.0, 38.0, 117.0, 39.0]));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_pointed_into(text in "(kind|depth|AND|OR|NOT|IN|S_INTERSECTS|geometry|BBOX|DATE|[a-z'\"()=<>,0-9 .%井-]){0,40}") {
            if let Err(Wrong::At(at)) = read(&text) {
                proptest::prop_assert!((1..=text.chars().count() + 1).contains(&at), "{text}: {at}");
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_pointed_at() {
        assert_eq!(read("phone = '1'"), Err(Wrong::Name("phone".into())));
        assert_eq!(read("S_INTERSECTS(phone, POINT(1 1))"), Err(Wrong::Name("phone".into())));
        assert_eq!(read("kind = "), Err(Wrong::At(8)));
        assert_eq!(read("kind = 'a' kind"), Err(Wrong::At(12)));
        assert_eq!(read(&"(".repeat(100)), Err(Wrong::TooMuch));
        assert_eq!(read(&"NOT ".repeat(900)), Err(Wrong::TooMuch));
        assert_eq!(read(&"x".repeat(CHARS_MAX + 1)), Err(Wrong::TooMuch));
        for bad in
            ["", "kind", "'a'", "kind IN ()", "kind LIKE 1", "built > DATE('x')", "S_INTERSECTS(geometry, BBOX(1,2))"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
