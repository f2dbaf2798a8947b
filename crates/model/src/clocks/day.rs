//! Day numbers and seconds at the fixed offset +08:00. Mainland China keeps one zone and has no summer time, so no zone
//! database is read; a day is a plain count from 1970-01-01 and every conversion is integer arithmetic.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

/// Seconds in one day; +08:00 has no leap hours.
pub(super) const DAY: i64 = 86_400;
const OFFSET: i64 = 8 * 3_600;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Whole seconds since the epoch, rounded down so that an instant never moves forward.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

/// The instant of a second count; counts outside what a timestamp can hold stop at its ends.
pub(super) fn timestamp(seconds: i64) -> Timestamp {
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(seconds).unwrap_or(end)
}

/// The local day of a second count.
pub(super) fn day_of_second(seconds: i64) -> i64 {
    (seconds + OFFSET).div_euclid(DAY)
}

/// Seconds since local midnight.
pub(super) fn second_of_day(seconds: i64) -> i64 {
    (seconds + OFFSET).rem_euclid(DAY)
}

/// The second at which a local day begins.
pub(super) fn start_of_day(day: i64) -> i64 {
    day * DAY - OFFSET
}

/// Day number of a date.
pub(super) fn day_of_date(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

/// Date of a day number; numbers outside the years a date can hold stop at its ends.
pub(super) fn date_of_day(day: i64) -> Date {
    EPOCH.saturating_add(SignedDuration::from_hours(day.saturating_mul(24)))
}

/// The civil date at +08:00 of an instant.
pub fn local_date(at: Timestamp) -> Date {
    date_of_day(day_of_second(seconds(at)))
}

/// The time of day at +08:00 of an instant, `09:30`: as fields of type `time` keep it.
pub fn local_clock(at: Timestamp) -> String {
    let minutes = second_of_day(seconds(at)) / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The instant at which a civil day begins at +08:00.
pub fn midnight(date: Date) -> Timestamp {
    timestamp(start_of_day(day_of_date(date)))
}

/// An instant with a zone, or a time of the clocks here, as other systems write it: `2022-06-27 09:05:06`, `2022/06/27 09:05`.
pub fn instant_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let at: DateTime = text.replace('/', "-").parse().ok()?;
    let (hours, minutes, seconds) = (i64::from(at.hour()), i64::from(at.minute()), i64::from(at.second()));
    midnight(at.date()).checked_add(SignedDuration::from_secs(hours * 3600 + minutes * 60 + seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_other_systems_write_them() {
        for (said, wanted) in [
            ("2022-06-27T09:05:06+08:00", Some("2022-06-27T01:05:06Z")),
            ("2022-06-27T01:05:06Z", Some("2022-06-27T01:05:06Z")),
            (" 2022-06-27 09:05:06 ", Some("2022-06-27T01:05:06Z")),
            ("2022/06/27 09:05", Some("2022-06-27T01:05:00Z")),
            ("2022-06-27", Some("2022-06-26T16:00:00Z")),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(instant_of(said).map(|at| at.to_string()).as_deref(), wanted, "{said}");
        }
    }
}
