//! The period of a figure: a day, a month, a quarter, a year, or days from one to another; what came before it and the
//! row of periods it ends.

use crate::period::Span;
use jiff::civil::{Date, date};
use std::fmt;

/// A period as it stands in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `2022-06-27`
    Day(Date),
    /// `2022-06`, held as its first day.
    Month(Date),
    /// `2022-Q2`, held as its first day.
    Quarter(Date),
    /// `2022`, held as its first day.
    Year(Date),
    /// `2022-06-01..2022-06-15`, both days included.
    Days(Date, Date),
}

/// The longest span of days asked for, so that reading stays bounded: ten years.
const DAYS_MAX: i32 = 3660;

fn first_of_month(day: Date) -> Date {
    date(day.year(), day.month(), 1)
}

fn back(day: Date, by: jiff::Span) -> Date {
    day.checked_sub(by).unwrap_or(day)
}

fn on(day: Date, by: jiff::Span) -> Date {
    day.checked_add(by).unwrap_or(day)
}

fn months(n: i32) -> jiff::Span {
    jiff::Span::new().months(n)
}

fn days(n: i32) -> jiff::Span {
    jiff::Span::new().days(n)
}

impl When {
    /// The month of a day: what is shown when nothing is asked for.
    #[must_use]
    pub fn month_of(day: Date) -> When {
        When::Month(first_of_month(day))
    }

    /// Reads the form of an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<When> {
        if let Some((from, to)) = text.split_once("..") {
            let (from, to): (Date, Date) = (from.parse().ok()?, to.parse().ok()?);
            let length = (to - from).get_days();
            return (0..DAYS_MAX).contains(&length).then_some(When::Days(from, to));
        }
        let plausible = |day: Date| (1970..=2200).contains(&day.year()).then_some(day);
        let of = |year: &str, month: i8| Date::new(year.parse().ok()?, month, 1).ok().and_then(plausible);
        match text.len() {
            4 => Some(When::Year(of(text, 1)?)),
            7 if text.is_ascii() => match text.split_at(4) {
                (year, quarter) if quarter.starts_with("-Q") => {
                    let quarter: i8 = quarter[2..].parse().ok().filter(|n| (1..=4).contains(n))?;
                    Some(When::Quarter(of(year, quarter * 3 - 2)?))
                }
                (year, month) => Some(When::Month(of(year, month.strip_prefix('-')?.parse().ok()?)?)),
            },
            10 => plausible(text.parse().ok()?).map(When::Day),
            _ => None,
        }
    }

    /// Its days.
    #[must_use]
    pub fn span(self) -> Span {
        let (from, to) = match self {
            When::Day(day) => (day, on(day, days(1))),
            When::Month(first) => (first, on(first, months(1))),
            When::Quarter(first) => (first, on(first, months(3))),
            When::Year(first) => (first, on(first, months(12))),
            When::Days(from, to) => (from, on(to, days(1))),
        };
        Span { from, to }
    }

    /// The period just before it, of the same kind.
    #[must_use]
    pub fn previous(self) -> When {
        match self {
            When::Day(day) => When::Day(back(day, days(1))),
            When::Month(first) => When::Month(back(first, months(1))),
            When::Quarter(first) => When::Quarter(back(first, months(3))),
            When::Year(first) => When::Year(back(first, months(12))),
            When::Days(from, to) => {
                let length = (to - from).get_days() + 1;
                When::Days(back(from, days(length)), back(to, days(length)))
            }
        }
    }

    /// The same period a year earlier.
    #[must_use]
    pub fn last_year(self) -> When {
        let earlier = |day| back(day, months(12));
        match self {
            When::Day(day) => When::Day(earlier(day)),
            When::Month(first) => When::Month(earlier(first)),
            When::Quarter(first) => When::Quarter(earlier(first)),
            When::Year(first) => When::Year(earlier(first)),
            When::Days(from, to) => When::Days(earlier(from), earlier(to)),
        }
    }

    /// The periods of a trend, oldest first, this one last: 12 months, 8 quarters, 5 years, or the 30 days it ends.
    #[must_use]
    pub fn trend(self) -> Vec<When> {
        let back_from = |last: When, count: usize| {
            let mut all: Vec<When> =
                std::iter::successors(Some(last), |period| Some(period.previous())).take(count).collect();
            all.reverse();
            all
        };
        match self {
            When::Month(_) => back_from(self, 12),
            When::Quarter(_) => back_from(self, 8),
            When::Year(_) => back_from(self, 5),
            When::Day(day) | When::Days(_, day) => back_from(When::Day(day), 30),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Day(day) => write!(f, "{day}"),
            When::Month(first) => write!(f, "{:04}-{:02}", first.year(), first.month()),
            When::Quarter(first) => write!(f, "{:04}-Q{}", first.year(), (first.month() + 2) / 3),
            When::Year(first) => write!(f, "{:04}", first.year()),
            When::Days(from, to) => write!(f, "{from}..{to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_back_as_they_are_written() {
        for text in ["2022-06-27", "2022-06", "2022-Q2", "2022", "2022-06-01..2022-06-15"] {
            assert_eq!(When::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "22", "2022-13", "2022-Q5", "2022-06-31", "2022-06-15..2022-06-01", "日期二字", "1000"] {
            assert_eq!(When::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_came_before_has_the_same_shape() {
        let before = |text: &str| When::parse(text).unwrap().previous().to_string();
        assert_eq!(before("2022-01"), "2021-12");
        assert_eq!(before("2022-Q1"), "2021-Q4");
        assert_eq!(before("2022-03-01"), "2022-02-28");
        assert_eq!(before("2022-06-11..2022-06-20"), "2022-06-01..2022-06-10");
        assert_eq!(When::parse("2024-02-29").unwrap().last_year().to_string(), "2023-02-28");
        let trend: Vec<String> = When::parse("2022-06").unwrap().trend().iter().map(ToString::to_string).collect();
        assert_eq!((trend.len(), trend[0].as_str(), trend[11].as_str()), (12, "2021-07", "2022-06"));
    }
}
