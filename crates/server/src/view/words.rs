//! Numbers, days and times as people read them, in +08:00.

use super::Look;
use ganglion_model::clocks::{local_date, midnight};
use jiff::Timestamp;
use jiff::civil::Date;

/// A whole number with separators: `1,474`.
#[must_use]
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        out.push('-');
    }
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count from the store.
#[must_use]
pub fn count(number: u64) -> String {
    thousands(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A shown figure with separators before the point: `10847.5` becomes `10,847.5`.
#[must_use]
pub fn separated(shown: &str) -> String {
    let (sign, digits) = shown.strip_prefix('-').map_or(("", shown), |digits| ("-", digits));
    let (whole, rest) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let whole = whole.parse::<i64>().map_or_else(|_| whole.to_owned(), thousands);
    rest.map_or_else(|| format!("{sign}{whole}"), |rest| format!("{sign}{whole}.{rest}"))
}

fn time_of_day(at: Timestamp) -> String {
    let seconds = at.as_second() - midnight(local_date(at)).as_second();
    format!("{:02}:{:02}", seconds / 3600, seconds % 3600 / 60)
}

/// Days that are a number of years, with or without their leap days, as those years.
fn whole_years(days: u32) -> Option<u32> {
    let (years, left) = (days / 365, days % 365);
    (years > 0 && left <= years / 4 + 1).then_some(years)
}

impl Look<'_> {
    /// How long something is kept that is declared in days: in years where those are whole.
    #[must_use]
    pub fn kept_for(&self, days: u32) -> String {
        match whole_years(days) {
            Some(years) => self.say("retention-years-text", &[("years", years.into())]),
            None => self.say("retention-days-text", &[("days", days.into())]),
        }
    }

    /// `2022-06-27 09:03`.
    #[must_use]
    pub fn date_time(&self, at: Timestamp) -> String {
        format!("{} {}", local_date(at), time_of_day(at))
    }

    /// What somebody looked for: the purpose they gave, else the text of a key.
    #[must_use]
    pub fn purpose(&self, given: &str, otherwise: &str) -> String {
        match given {
            "" => self.t(otherwise),
            given => self.say("purpose-looked-up", &[("purpose", given.into())]),
        }
    }

    /// Day and time: today and yesterday by name, the year left out when it is this one.
    #[must_use]
    pub fn when(&self, at: Timestamp) -> String {
        let (day, time) = (local_date(at), time_of_day(at));
        if day == self.today() {
            return self.say("at-today", &[("time", time.into())]);
        }
        if self.today().yesterday().is_ok_and(|yesterday| yesterday == day) {
            return self.say("at-yesterday", &[("time", time.into())]);
        }
        self.say("at-date-time", &[("date", self.day(day).into()), ("time", time.into())])
    }

    /// Only the time.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        time_of_day(at)
    }

    /// A day, the year left out when it is this one.
    #[must_use]
    pub fn day(&self, day: Date) -> String {
        if day.year() == self.today().year() {
            let (month, of_month) = (i64::from(day.month()), i64::from(day.day()));
            return self.say("date-day", &[("month", month.into()), ("day", of_month.into())]);
        }
        self.full_day(day)
    }

    /// A day with its year, as it stands in a record: there "1 December" could be any year's.
    #[must_use]
    pub fn full_day(&self, day: Date) -> String {
        // The year goes in as text: a number would be printed with separators.
        self.say(
            "date-full",
            &[
                ("year", day.year().to_string().into()),
                ("month", i64::from(day.month()).into()),
                ("day", i64::from(day.day()).into()),
            ],
        )
    }

    /// A month.
    #[must_use]
    pub fn month(&self, day: Date) -> String {
        self.say("date-month", &[("year", day.year().to_string().into()), ("month", i64::from(day.month()).into())])
    }
}

/// RFC 3339 in +08:00, for machines.
#[must_use]
pub fn iso(at: Timestamp) -> String {
    format!("{}T{}:{:02}+08:00", local_date(at), time_of_day(at), at.as_second().rem_euclid(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_years_are_said_as_years() {
        let said = [365, 1095, 1825, 1826, 3650, 3652, 10_957, 90, 730, 400].map(whole_years);
        let years = [Some(1), Some(3), Some(5), Some(5), Some(10), Some(10), Some(30), None, Some(2), None];
        assert_eq!(said, years);
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(-1474), "-1,474");
        assert_eq!(thousands(1_000_000), "1,000,000");
        assert_eq!(separated("10847.50"), "10,847.50");
        assert_eq!(separated("96.4"), "96.4");
    }

    #[test]
    fn times_are_those_of_beijing() {
        let at: Timestamp = "2022-06-26T17:03:09Z".parse().unwrap();
        assert_eq!(iso(at), "2022-06-27T01:03:09+08:00");
    }
}
