//! Figures as they were published with a notice or a document: in words, with place and period. Counts of few rows are not
//! told to the public.

use super::super::Look;
use super::super::facts::Fact;
use super::super::words::separated;
use super::TOLD_MIN;
use ganglion_indicators::When;
use ganglion_kernel::figures::is_stock;
use ganglion_model::clocks::local_date;
use ganglion_model::published::Published;

impl Look<'_> {
    /// What a published figure is called: its title, without place and period.
    #[must_use]
    pub fn published_title(&self, figure: &Published) -> String {
        let indicator = self.world.model.indicators.get(&figure.indicator);
        indicator.map_or_else(|| figure.indicator.clone(), |indicator| self.figure_title(indicator))
    }

    /// The unit behind it; none behind the words for no value.
    #[must_use]
    pub fn published_unit(&self, figure: &Published) -> String {
        if figure.value.is_none() {
            return String::new();
        }
        let indicator = self.world.model.indicators.get(&figure.indicator);
        indicator.map(|indicator| self.figure_unit(indicator)).unwrap_or_default()
    }

    /// Its digits, or a word where there are none.
    #[must_use]
    pub fn published_digits(&self, figure: &Published) -> String {
        figure.value.as_deref().map_or_else(|| self.t("not-available"), separated)
    }

    /// Its period in words; what is counted as it stands has the day it was counted on.
    #[must_use]
    pub fn published_period(&self, figure: &Published) -> String {
        let indicator = self.world.model.indicators.get(&figure.indicator);
        if indicator.is_some_and(|indicator| is_stock(&self.world.model, indicator)) {
            return self.say("published-as-of", &[("day", self.day(local_date(figure.at)).into())]);
        }
        When::parse(&figure.period).map_or_else(|| figure.period.clone(), |when| self.period(when))
    }

    /// As everybody sees it.
    #[must_use]
    pub fn published_fact(&self, figure: &Published) -> Fact {
        let args = [
            ("title", self.published_title(figure).into()),
            ("place", figure.place_name.as_str().into()),
            ("period", self.published_period(figure).into()),
        ];
        let value = if (1..TOLD_MIN).contains(&figure.rows) {
            self.say("published-untold", &[("least", TOLD_MIN.into())])
        } else {
            let unit = self.published_unit(figure);
            let digits = self.published_digits(figure);
            if unit.is_empty() { digits } else { format!("{digits} {unit}") }
        };
        Fact { label: self.say("published-figure", &args), value, ..Fact::default() }
    }
}
