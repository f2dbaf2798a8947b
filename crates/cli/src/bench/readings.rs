//! P20: readings of instruments judged, from the bytes of their messages on, against reading the same messages alone.

use super::{Line, instant};
use anyhow::{Result, ensure};
use ganglion_kernel::gauge::{Book, Taken, Topic, Verdict, readings};
use ganglion_model::pack::Readings;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::hint::black_box;

/// Messages, one reading each.
const MESSAGES: u32 = 1_000_000;
/// Instruments that send them.
const GAUGES: u32 = 8_000;
/// Readings that have to be taken in a second.
const GOAL: f64 = 20_000.0;

/// What instruments send: hourly, with one double, one wild value and one late reading in a hundred.
fn messages(from: Timestamp) -> Vec<(String, String)> {
    (0..MESSAGES)
        .map(|n| {
            let (gauge, round) = (n % GAUGES, i64::from(n / GAUGES));
            let hour = match n % 100 {
                7 if round > 0 => round - 1,
                8 if round > 30 => round - 30,
                _ => round,
            };
            let value = if n % 100 == 9 { 9e9 } else { 1000.0 + 3.5 * f64::from(n / GAUGES) };
            let at = from + SignedDuration::from_hours(hour);
            (format!("meters/M{gauge}/reading"), format!("{{\"ts\":\"{at}\",\"value\":{value}}}"))
        })
        .collect()
}

/// Measures.
///
/// # Errors
/// When what was judged cannot be right.
pub fn measure() -> Result<Line> {
    let limits = Readings {
        topic: "meters/{meter}/reading".to_owned(),
        at: Some("ts".to_owned()),
        value: Some("value".to_owned()),
        grows: true,
        hourly_most: Some(1000.0),
        gap_hours: Some(26),
        late_days: 30,
        ..Readings::default()
    };
    let from: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let now = from + SignedDuration::from_hours(i64::from(MESSAGES / GAUGES));
    let messages = messages(from);
    let begun = instant();
    for (_, payload) in &messages {
        black_box(serde_json::from_str::<Value>(payload)?);
    }
    let read = f64::from(MESSAGES) / begun.elapsed().as_secs_f64();
    let topic = Topic::parse(&limits.topic);
    let mut book = Book::new(GAUGES as usize);
    let (mut kept, mut held) = (0_u32, 0_u32);
    let begun = instant();
    for (name, payload) in &messages {
        let Some(key) = topic.as_ref().and_then(|topic| topic.key(name)) else { continue };
        for said in readings(&limits, payload.as_bytes(), now) {
            match book.take(&limits, key, (now, said.reading)) {
                Taken::Judged(Verdict::Kept(_)) => kept += 1,
                Taken::Judged(Verdict::Held) => held += 1,
                _ => {}
            }
        }
    }
    let judged = f64::from(MESSAGES) / begun.elapsed().as_secs_f64();
    ensure!(kept >= GAUGES && held > 0, "{kept} readings were kept and {held} held back: that cannot be");
    Ok(Line {
        id: "P20",
        what: format!("readings of {GAUGES} instruments judged, from their bytes on"),
        measured: judged,
        unit: "readings/s",
        baseline: "reading the JSON of the same messages alone".to_owned(),
        baseline_value: Some(read),
        ratio: Some(judged / read),
        goal: ">= 20,000 readings/s, memory bounded",
        reached: judged >= GOAL,
    })
}
