//! What a message says: the key of the instrument in its topic, and readings in its payload: a bare number, an object, or
//! several objects that an instrument kept while it had no line. Any bytes give readings or nothing.

use super::Reading;
use ganglion_model::clocks::instant_of;
use ganglion_model::pack::Readings;
use jiff::Timestamp;
use serde_json::Value;

/// Readings of one message, at most.
pub const MESSAGE_READINGS_MAX: usize = 1000;
/// Longest key of an instrument, bytes.
const KEY_BYTES_MAX: usize = 200;
/// From here on a number of an instant counts milliseconds: as seconds it would lie in the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// A topic with the place of the key: `meters/{meter}/reading`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    before: String,
    after: String,
}

impl Topic {
    /// Reads a topic as a pack writes it: one whole level in braces.
    #[must_use]
    pub fn parse(text: &str) -> Option<Topic> {
        let (before, rest) = text.split_once('{')?;
        let (name, after) = rest.split_once('}')?;
        let whole = (before.is_empty() || before.ends_with('/')) && (after.is_empty() || after.starts_with('/'));
        let plain = !format!("{before}{name}{after}").contains(['{', '}', '#', '+', '\0']);
        (whole && plain && !name.is_empty()).then(|| Topic { before: before.to_owned(), after: after.to_owned() })
    }

    /// The filter to subscribe to.
    #[must_use]
    pub fn filter(&self) -> String {
        format!("{}+{}", self.before, self.after)
    }

    /// The key in a topic that fits.
    #[must_use]
    pub fn key<'t>(&self, topic: &'t str) -> Option<&'t str> {
        let key = topic.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        (!key.is_empty() && key.len() <= KEY_BYTES_MAX && !key.contains('/')).then_some(key)
    }
}

/// A reading with the value as it was written, so that nothing is lost on the way to its row.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// When and what.
    pub reading: Reading,
    /// The value as it was written.
    pub text: String,
}

/// The readings of a payload that arrives at `now`; none of what cannot be read.
#[must_use]
pub fn readings(limits: &Readings, payload: &[u8], now: Timestamp) -> Vec<Said> {
    let Ok(value) = serde_json::from_slice::<Value>(payload) else { return Vec::new() };
    match &value {
        Value::Array(items) => {
            items.iter().take(MESSAGE_READINGS_MAX).filter_map(|item| reading(limits, item, now)).collect()
        }
        one => reading(limits, one, now).into_iter().collect(),
    }
}

fn reading(limits: &Readings, item: &Value, now: Timestamp) -> Option<Said> {
    let value = match &limits.value {
        Some(key) => item.get(key)?,
        None => item,
    };
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
    let at = match &limits.at {
        Some(key) => instant(item.get(key)?)?,
        None => now,
    };
    Some(Said { reading: Reading { at, value }, text })
}

/// An instant as instruments write it: a text, or seconds or milliseconds since 1970.
fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => instant_of(text),
        Value::Number(number) => {
            let number = number.as_i64()?;
            let at = match number.abs() >= MILLISECONDS_FROM {
                true => Timestamp::from_millisecond(number),
                false => Timestamp::from_second(number),
            };
            at.ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(at: Option<&str>, value: Option<&str>) -> Readings {
        Readings { at: at.map(str::to_owned), value: value.map(str::to_owned), ..Readings::default() }
    }

    #[test]
    fn the_key_is_one_whole_level_of_the_topic() {
        let topic = Topic::parse("meters/{meter}/reading").unwrap();
        assert_eq!(topic.filter(), "meters/+/reading");
        for (text, key) in [
            ("meters/M-1/reading", Some("M-1")),
            ("meters//reading", None),
            ("meters/a/b/reading", None),
            ("meters/M-1", None),
            ("other/M-1/reading", None),
        ] {
            assert_eq!(topic.key(text), key, "{text}");
        }
        assert_eq!(Topic::parse("{well}").unwrap().key("W1"), Some("W1"));
        for bad in ["meters/reading", "meters/x{meter}/r", "{a}/{b}", "m/{}/r", "m/#/{a}", "m/{a", "m/{a}x"] {
            assert_eq!(Topic::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn payloads_are_read_as_instruments_send_them() {
        let now: Timestamp = "2022-06-27T01:00:00Z".parse().unwrap();
        let both = limits(Some("ts"), Some("v"));
        for (payload, wanted) in [
            (r#"{"ts": "2022-06-27T08:00:00+08:00", "v": 12.50}"#, Some(("2022-06-27T00:00:00Z", "12.5"))),
            (r#"{"ts": "2022-06-27 08:00:00", "v": "12.50"}"#, Some(("2022-06-27T00:00:00Z", "12.50"))),
            (r#"{"ts": 1656288000, "v": 3}"#, Some(("2022-06-27T00:00:00Z", "3"))),
            (r#"{"ts": 1656288000000, "v": 3}"#, Some(("2022-06-27T00:00:00Z", "3"))),
            (r#"{"v": 3}"#, None),
            (r#"{"ts": 1656288000, "v": "NaN"}"#, None),
            (r#"{"ts": 1656288000, "v": null}"#, None),
            (r#"{"ts": true, "v": 1}"#, None),
            ("3", None),
            ("", None),
            ("{", None),
        ] {
            let said = readings(&both, payload.as_bytes(), now).pop();
            let told = said.map(|one| (one.reading.at.to_string(), one.text));
            assert_eq!(told.as_ref().map(|(at, text)| (at.as_str(), text.as_str())), wanted, "{payload}");
        }
        let bare = readings(&limits(None, None), b" 7.25 ", now);
        assert_eq!(bare, [Said { reading: Reading { at: now, value: 7.25 }, text: "7.25".to_owned() }]);
        let many = format!("[{}]", vec!["1"; MESSAGE_READINGS_MAX + 5].join(","));
        assert_eq!(readings(&limits(None, None), many.as_bytes(), now).len(), MESSAGE_READINGS_MAX);
        assert!(readings(&both, &[0xff, 0x00], now).is_empty());
    }
}
