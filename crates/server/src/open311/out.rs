//! Answers in the two formats of GeoReport v2: XML, and JSON in the "Spark" mapping (plain lists of plain objects).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Required by the specification.
    Xml,
    /// Optional.
    Json,
}

/// A name in an address with its format: `services.xml`.
#[must_use]
pub fn named(file: &str) -> Option<(&str, Format)> {
    let (name, end) = file.rsplit_once('.')?;
    match end {
        "xml" => Some((name, Format::Xml)),
        "json" => Some((name, Format::Json)),
        _ => None,
    }
}

/// A value of a record.
#[derive(Clone, Debug)]
pub enum Part {
    /// A text; an empty one is sent as nothing.
    Text(String),
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(u32),
    /// Yes or no.
    Flag(bool),
    /// Nothing.
    None,
    /// Records under the name of one.
    List(&'static str, Vec<Record>),
    /// Texts under the name of one.
    Texts(&'static str, Vec<String>),
}

/// Named values in the order of the specification.
pub type Record = Vec<(&'static str, Part)>;

impl From<Option<String>> for Part {
    fn from(text: Option<String>) -> Part {
        text.map_or(Part::None, Part::Text)
    }
}

/// A list of records, or one record where the specification has one.
#[derive(Clone, Debug)]
pub enum Body {
    /// `<services><service>…`: the name of the list and of one.
    List(&'static str, &'static str, Vec<Record>),
    /// `<discovery>…`.
    One(&'static str, Record),
}

fn json_of(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!(text),
        Part::Number(number) => json!(number),
        Part::Whole(number) => json!(number),
        Part::Flag(flag) => json!(flag),
        Part::None => Value::Null,
        Part::List(_, records) => records.iter().map(object).collect(),
        Part::Texts(_, texts) => json!(texts),
    }
}

/// A record as an object.
pub fn object(record: &Record) -> Value {
    Value::Object(record.iter().map(|(name, part)| ((*name).to_owned(), json_of(part))).collect::<Map<_, _>>())
}

/// A text as XML may hold it: signs escaped, characters XML 1.0 does not have left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

fn element(out: &mut String, name: &str, part: &Part) {
    // Writing to a String cannot fail.
    let _ = match part {
        Part::Text(text) => write!(out, "<{name}>{}</{name}>", escaped(text)),
        Part::Number(number) => write!(out, "<{name}>{number}</{name}>"),
        Part::Whole(number) => write!(out, "<{name}>{number}</{name}>"),
        Part::Flag(flag) => write!(out, "<{name}>{flag}</{name}>"),
        Part::None => write!(out, "<{name}/>"),
        Part::List(one, records) => {
            let _ = write!(out, "<{name}>");
            records.iter().for_each(|record| elements(out, one, record));
            write!(out, "</{name}>")
        }
        Part::Texts(one, texts) => {
            let _ = write!(out, "<{name}>");
            texts.iter().for_each(|text| element(out, one, &Part::Text(text.clone())));
            write!(out, "</{name}>")
        }
    };
}

fn elements(out: &mut String, name: &str, record: &Record) {
    let _ = write!(out, "<{name}>");
    record.iter().for_each(|(name, part)| element(out, name, part));
    let _ = write!(out, "</{name}>");
}

fn xml(body: &Body) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
    match body {
        Body::One(name, record) => elements(&mut out, name, record),
        Body::List(name, one, records) => element(&mut out, name, &Part::List(one, records.clone())),
    }
    out.push('\n');
    out
}

/// An answer. Anyone's page may read what anyone may read.
pub fn answer(format: Format, status: StatusCode, body: &Body) -> Response {
    let (media_type, text) = match format {
        Format::Xml => ("text/xml; charset=utf-8", xml(body)),
        Format::Json => {
            let value = match body {
                Body::One(_, record) => object(record),
                Body::List(_, _, records) => records.iter().map(object).collect(),
            };
            ("application/json; charset=utf-8", value.to_string())
        }
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// What went wrong, as the specification orders it: the status, and records of code and words.
#[derive(Clone, Debug)]
pub struct Fault {
    /// 400, 403 or 404; 429 for too many.
    pub status: StatusCode,
    /// What is wrong, one by one.
    pub said: Vec<String>,
}

impl Fault {
    /// One fault.
    pub fn new(status: StatusCode, said: impl Into<String>) -> Fault {
        Fault { status, said: vec![said.into()] }
    }

    /// It as an answer.
    pub fn answer(&self, format: Format) -> Response {
        let one = |said: &String| {
            vec![("code", Part::Whole(u32::from(self.status.as_u16()))), ("description", Part::Text(said.clone()))]
        };
        answer(format, self.status, &Body::List("errors", "error", self.said.iter().map(one).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_hold_the_same() {
        let record =
            || vec![("code", Part::Text("001".to_owned())), ("group", Part::None), ("metadata", Part::Flag(true))];
        let body = Body::List("services", "service", vec![record()]);
        assert_eq!(
            xml(&body),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<services><service><code>001</code><group/>\
             <metadata>true</metadata></service></services>\n"
        );
        assert_eq!(object(&record()), json!({ "code": "001", "group": null, "metadata": true }));
        assert_eq!(escaped("a<b>&\"c\u{1}\u{0}"), "a&lt;b&gt;&amp;&quot;c");
        assert_eq!(named("services.xml"), Some(("services", Format::Xml)));
        assert_eq!(named("01.02.json"), Some(("01.02", Format::Json)));
        assert_eq!((named("services"), named("services.csv")), (None, None));
    }
}
