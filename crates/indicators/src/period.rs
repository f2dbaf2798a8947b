//! Days and months as the integers counters are keyed by.

use ganglion_model::pack::Against;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// The period of one counter: a civil day, a civil month, or no period for stocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Period {
    /// Stocks: what holds now.
    Now,
    /// Days since 1970-01-01 in +08:00.
    Day(i32),
    /// Months since January of the year 0.
    Month(i32),
}

impl Period {
    /// The day as a number.
    #[must_use]
    pub fn day_number(date: Date) -> i32 {
        (date - EPOCH).get_days()
    }

    /// The civil day of a number; the epoch when it is out of range.
    #[must_use]
    pub fn date(day: i32) -> Date {
        EPOCH.checked_add(jiff::Span::new().days(day)).unwrap_or(EPOCH)
    }

    /// The month of a day.
    #[must_use]
    pub fn month_of(day: i32) -> i32 {
        let date = Period::date(day);
        i32::from(date.year()) * 12 + i32::from(date.month()) - 1
    }

    /// First day of a month.
    #[must_use]
    pub fn first_day(month: i32) -> i32 {
        let (year, month0) = (month.div_euclid(12), month.rem_euclid(12));
        let date = Date::new(i16::try_from(year).unwrap_or(1970), i8::try_from(month0 + 1).unwrap_or(1), 1);
        Period::day_number(date.unwrap_or(EPOCH))
    }

    /// One integer for storage: 0 for stocks, days as they are (positive), months negative.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Period::Now => 0,
            Period::Day(day) => day,
            Period::Month(month) => -month,
        }
    }
}

/// Days from `from` to before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First day.
    pub from: Date,
    /// First day after.
    pub to: Date,
}

impl Span {
    /// The span just before it, as long: whole months before whole months, otherwise days before days.
    #[must_use]
    pub fn previous(self) -> Span {
        let months = i32::from(self.to.year() - self.from.year()) * 12 + i32::from(self.to.month() - self.from.month());
        let whole = self.from.day() == 1 && self.to.day() == 1 && months > 0;
        let by = if whole {
            jiff::Span::new().months(months)
        } else {
            jiff::Span::new().days((self.to - self.from).get_days())
        };
        self.back(by)
    }

    /// The same days a year earlier.
    #[must_use]
    pub fn last_year(self) -> Span {
        self.back(jiff::Span::new().years(1))
    }

    fn back(self, by: jiff::Span) -> Span {
        let back = |day: Date| day.checked_sub(by).unwrap_or(day);
        Span { from: back(self.from), to: back(self.to) }
    }

    /// What a figure over it is compared with.
    #[must_use]
    pub fn against(self, against: Against) -> Span {
        match against {
            Against::Previous => self.previous(),
            Against::LastYear => self.last_year(),
        }
    }

    /// Its days as numbers, `[from, to)`.
    #[must_use]
    pub fn days(self) -> (i32, i32) {
        (Period::day_number(self.from), Period::day_number(self.to))
    }

    /// Splits into whole months and the days left over at both ends.
    #[must_use]
    pub fn split(self) -> (Vec<i32>, Vec<(i32, i32)>) {
        let (from, to) = (Period::day_number(self.from), Period::day_number(self.to));
        if from >= to {
            return (Vec::new(), Vec::new());
        }
        let first = if self.from.day() == 1 { Period::month_of(from) } else { Period::month_of(from) + 1 };
        let end = Period::month_of(to);
        if first >= end {
            return (Vec::new(), vec![(from, to)]);
        }
        let ends = [(from, Period::first_day(first)), (Period::first_day(end), to)];
        ((first..end).collect(), ends.into_iter().filter(|(a, b)| a < b).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_span_knows_what_came_before_it() {
        let span = |from, to| Span { from, to };
        let may = span(date(2022, 5, 1), date(2022, 6, 1));
        assert_eq!(span(date(2022, 6, 1), date(2022, 7, 1)).previous(), may);
        assert_eq!(may.last_year(), span(date(2021, 5, 1), date(2021, 6, 1)));
        let year = span(date(2021, 1, 1), date(2022, 1, 1));
        assert_eq!(year.previous(), year.last_year());
        let week = span(date(2022, 6, 8), date(2022, 6, 15));
        assert_eq!(week.previous(), span(date(2022, 6, 1), date(2022, 6, 8)));
    }

    #[test]
    fn spans_split_into_months_and_ends() {
        let split = |from, to| Span { from, to }.split();
        let month = |y: i32, m: i32| y * 12 + m - 1;
        let day = Period::day_number;
        assert_eq!(split(date(2022, 6, 1), date(2022, 7, 1)), (vec![month(2022, 6)], vec![]));
        let (months, days) = split(date(2021, 12, 30), date(2022, 3, 3));
        assert_eq!(months, vec![month(2022, 1), month(2022, 2)]);
        assert_eq!(
            days,
            vec![(day(date(2021, 12, 30)), day(date(2022, 1, 1))), (day(date(2022, 3, 1)), day(date(2022, 3, 3)))]
        );
        assert_eq!(split(date(2022, 6, 2), date(2022, 6, 9)).0, Vec::<i32>::new());
        assert_eq!(split(date(2022, 6, 2), date(2022, 6, 2)), (vec![], vec![]));
    }
}
