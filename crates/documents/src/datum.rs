//! What is handed to a template: plain values, days and pictures. Left out: where they come from.

use std::collections::BTreeMap;
use typst::foundations::{Array, Bytes, Datetime, Dict, IntoValue as _, Str, Value};

/// A value a template reads. A field without a value is [`Datum::Empty`], never missing, so that a template can ask for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// No value: `none` in Typst.
    Empty,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// A text as it is to be read.
    Text(String),
    /// A civil day: year, month, day. A Typst `datetime`, so that the template chooses how it is written.
    Day(i32, u8, u8),
    /// Several values.
    List(Vec<Datum>),
    /// Values by name.
    Table(BTreeMap<String, Datum>),
    /// A picture as SVG text, as bytes for Typst's `image`.
    Picture(String),
}

impl Datum {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Datum {
        Datum::Text(text.into())
    }

    /// Values by name.
    #[must_use]
    pub fn table<'a>(entries: impl IntoIterator<Item = (&'a str, Datum)>) -> Datum {
        Datum::Table(entries.into_iter().map(|(name, datum)| (name.to_owned(), datum)).collect())
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Datum::Empty => Value::None,
            Datum::Flag(flag) => Value::Bool(*flag),
            Datum::Whole(number) => Value::Int(*number),
            Datum::Text(text) => Value::Str(Str::from(text.as_str())),
            Datum::Day(year, month, day) => {
                Datetime::from_ymd(*year, *month, *day).map_or(Value::None, typst::foundations::IntoValue::into_value)
            }
            Datum::List(items) => items.iter().map(Datum::value).collect::<Array>().into_value(),
            Datum::Table(entries) => entries
                .iter()
                .map(|(name, datum)| (Str::from(name.as_str()), datum.value()))
                .collect::<Dict>()
                .into_value(),
            Datum::Picture(svg) => Bytes::from_string(svg.clone()).into_value(),
        }
    }
}
