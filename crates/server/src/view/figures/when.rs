//! Periods in words.

use ganglion_indicators::When;

impl super::super::Look<'_> {
    /// A period in words.
    #[must_use]
    pub fn period(&self, when: When) -> String {
        match when {
            When::Day(day) => self.day(day),
            When::Month(first) => self.month(first),
            When::Quarter(first) => self.say(
                "period-quarter",
                &[("year", first.year().to_string().into()), ("quarter", i64::from((first.month() + 2) / 3).into())],
            ),
            When::Year(first) => self.say("period-year", &[("year", first.year().to_string().into())]),
            When::Days(from, to) => {
                self.say("period-days", &[("from", self.day(from).into()), ("to", self.day(to).into())])
            }
        }
    }

    /// A period on the axis of a trend.
    #[must_use]
    pub fn period_short(&self, when: When) -> String {
        match when {
            When::Month(first) => self.t(&format!("month-{}", first.month())),
            When::Day(day) => format!("{}-{}", day.month(), day.day()),
            other => other.to_string(),
        }
    }
}
