//! Clocks in words: what is left, over or used, in the clock's own unit; sign and tone are the page's.

use super::{Arg, Look};
use ganglion_model::clocks::{Clock, Length, Unit};
use ganglion_model::pack::{ClockDef, OnOverdue, Process, Tone, promised_of};
use ganglion_model::row::Case;
use serde::Serialize;

/// What a clock says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClockView {
    /// `plenty`, `soon`, `overdue`, `paused`, `deemed`, `done` or `none`.
    pub kind: &'static str,
    /// The words.
    pub text: String,
    /// The limit, or both limits when they differ.
    pub limit: Option<String>,
    /// When it falls due.
    pub due: Option<String>,
    /// False when it rests on holidays not published yet.
    pub certain: bool,
}

/// A clock with its name and basis, for the card of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockCard {
    /// Which clock.
    pub label: String,
    /// What it says.
    #[serde(flatten)]
    pub clock: ClockView,
    /// The rule it rests on.
    pub basis: Option<String>,
    /// Extensions in words.
    pub extensions: Option<String>,
}

/// A length in words, by a text that is asked for with its numbers. From a working day's worth of hours on, minutes are
/// noise and left out.
pub(crate) fn amount_in(length: Length, say: impl Fn(&str, &[(&str, u32)]) -> String) -> String {
    const HOURS_WITH_MINUTES: u32 = 8;
    let (hours, minutes) = (length.amount(), length.minutes());
    let amount = |key: &str, amount: u32| say(key, &[("amount", amount)]);
    match length.unit() {
        Unit::WorkingDay => amount("clock-amount-working-days", hours),
        Unit::CalendarDay => amount("clock-amount-calendar-days", hours),
        Unit::Month => amount("clock-amount-months", hours),
        Unit::Year => amount("clock-amount-months", hours.saturating_mul(12)),
        Unit::WorkingHour | Unit::ClockHour if hours == 0 => amount("clock-amount-minutes", minutes),
        Unit::WorkingHour | Unit::ClockHour if minutes > 0 && hours < HOURS_WITH_MINUTES => {
            say("clock-amount-hours-minutes", &[("hours", hours), ("minutes", minutes)])
        }
        Unit::WorkingHour => amount("clock-amount-working-hours", hours),
        Unit::ClockHour => amount("clock-amount-clock-hours", hours),
    }
}

/// Days of hours from which hours are said as days.
const DAYS_OF_HOURS: u32 = 3;

/// Many hours as people say them: as days of the same kind, working days for working hours. Never as weeks: a week of five working
/// days would pass for one of seven, and cases beside each other would be told in two units. What is declared in days stays so,
/// because there every day counts; `per_day` are the hours of a working day.
fn rounded(length: Length, per_day: u32) -> Option<(&'static str, u32)> {
    let (per_day, key) = match length.unit() {
        Unit::WorkingHour => (per_day.max(1), "clock-amount-working-days"),
        Unit::ClockHour => (24, "clock-amount-calendar-days"),
        _ => return None,
    };
    let days = length.amount() / per_day;
    (days >= DAYS_OF_HOURS).then_some((key, days))
}

impl Look<'_> {
    /// How much is left, over or used, in words: see [`rounded`].
    fn rounded_amount(&self, length: Length) -> String {
        let per_day = u32::try_from(self.world.office.hours.seconds_per_day() / 3600).unwrap_or(1);
        match rounded(length, per_day) {
            None => self.amount(length),
            Some((key, amount)) => self.say(key, &[("amount", amount.into())]),
        }
    }

    /// A length in words; see [`amount_in`].
    #[must_use]
    pub fn amount(&self, length: Length) -> String {
        amount_in(length, |key, args| {
            let args: Vec<(&str, Arg)> = args.iter().map(|(name, number)| (*name, Arg::from(*number))).collect();
            self.say(key, &args)
        })
    }

    /// The limit, or what is promised and the limit when both run.
    fn limit(&self, case: &Case, def: &ClockDef, clock: &Clock) -> String {
        let text = self.amount(clock.rule().length);
        let key = if def.promise && def.promised.is_none() { "clock-promised" } else { "clock-statutory" };
        let whole = self.say(key, &[("text", text.into())]);
        let Some(promised) = case.clocks.get(&promised_of(&def.name)) else { return whole };
        let text = self.amount(promised.rule().length);
        let promised = self.say("clock-promised", &[("text", text.into())]);
        self.say("clock-both", &[("promised", promised.into()), ("limit", whole.into())])
    }

    /// What one clock of a case says now.
    #[must_use]
    pub fn clock(&self, process: &Process, case: &Case, def: &ClockDef) -> ClockView {
        let Some(clock) = case.clocks.get(&def.name) else {
            return ClockView { kind: "none", ..no_clock() };
        };
        let office = &self.world.office;
        let left = clock.left(self.now, office);
        let used = || self.rounded_amount(clock.used(self.now, office));
        let say = |key: &str, text: String| self.say(key, &[("text", text.into())]);
        let deemed = deemed_action(process, case, def);
        let (kind, text) = match (deemed, clock.on_time()) {
            (Some(outcome), _) => {
                ("deemed", self.say("clock-deemed", &[("outcome", self.text(&outcome.title).into())]))
            }
            (None, Some(true)) => ("done", say("clock-done-on-time", used())),
            (None, Some(false)) => ("done", say("clock-done-late", self.rounded_amount(left.length))),
            (None, None) if left.overdue => ("overdue", say("clock-over", self.rounded_amount(left.length))),
            (None, None) if left.paused => ("paused", say("clock-paused", used())),
            (None, None) if left.soon => ("soon", say("clock-left", self.rounded_amount(left.length))),
            (None, None) => ("plenty", say("clock-left", self.rounded_amount(left.length))),
        };
        let due = clock.due();
        ClockView {
            kind,
            text,
            limit: Some(self.limit(case, def, clock)),
            due: due.filter(|_| clock.stopped_at().is_none()).map(|due| {
                // A period of days ends with its last day; naming the next midnight would mislead.
                due.last_day.map_or_else(|| self.when(due.at), |day| self.day(day))
            }),
            certain: due.is_none_or(|due| due.certain),
        }
    }

    /// The clock a list shows.
    #[must_use]
    pub fn main_clock(&self, process: &Process, case: &Case) -> ClockView {
        main_clock(process, case).map_or_else(no_clock, |def| self.clock(process, case, def))
    }

    /// Every clock of a case, those that run first.
    #[must_use]
    pub fn clock_cards(&self, process: &Process, case: &Case) -> Vec<ClockCard> {
        // A window that is over bounds nothing any more.
        let is_shown = |name: &String, clock: &Clock| {
            !case.windows.contains(name) || (clock.stopped_at().is_none() && !clock.is_overdue(self.now))
        };
        let mut named: Vec<(&Clock, &ClockDef)> = case
            .clocks
            .iter()
            .filter(|(name, clock)| is_shown(name, clock))
            .filter_map(|(name, clock)| Some((clock, process.clocks.get(name)?)))
            .collect();
        named.sort_by_key(|(clock, _)| (clock.stopped_at().is_some(), clock.due_at().is_none(), clock.due_at()));
        named
            .into_iter()
            .map(|(clock, def)| ClockCard {
                label: self.text(&def.title),
                clock: self.clock(process, case, def),
                basis: Some(self.text(&def.basis)).filter(|basis| !basis.is_empty()),
                extensions: self.extensions(clock),
            })
            .collect()
    }

    /// Extensions in words; `None` when there were none.
    #[must_use]
    pub fn extensions(&self, clock: &Clock) -> Option<String> {
        let granted: Vec<String> = clock.extensions().iter().map(|by| self.amount(*by)).collect();
        (!granted.is_empty()).then(|| {
            self.say("clock-extended", &[("times", granted.len().into()), ("text", granted.join(" + ").into())])
        })
    }
}

fn no_clock() -> ClockView {
    ClockView { kind: "none", text: String::new(), limit: None, due: None, certain: true }
}

/// The action the system took when this clock fell due, if it decides by silence and did.
fn deemed_action<'a>(process: &'a Process, case: &Case, def: &ClockDef) -> Option<&'a ganglion_model::pack::Action> {
    let OnOverdue::Act(name) = &def.on_overdue else {
        return None;
    };
    case.fired.iter().find(|fired| **fired == def.name)?;
    process.states.values().flat_map(|state| &state.actions).find(|action| action.name == *name)
}

/// Running clocks that bind now come first, by due time: those promised to the reporter and those this very state began.
/// Others that still run (a time in which something may be asked for) say little once their state is left behind, so a
/// settled case shows how its promise was kept instead.
fn main_clock<'a>(process: &'a Process, case: &Case) -> Option<&'a ClockDef> {
    let defs = || case.clocks.iter().filter_map(|(name, clock)| Some((clock, process.clocks.get(name)?)));
    let running = || defs().filter(|(clock, def)| clock.stopped_at().is_none() && !case.windows.contains(&def.name));
    let binds = |def: &ClockDef| def.promise || def.from.contains(&case.state);
    let settled = process.states.get(&case.state).is_some_and(|state| matches!(state.tone, Tone::Done | Tone::Ended));
    let earliest = |only_binding: bool| {
        running()
            .filter(|(clock, def)| clock.due_at().is_some() && (!only_binding || binds(def)))
            .min_by_key(|(clock, _)| clock.due_at())
            .map(|(_, def)| def)
    };
    let kept = || {
        defs()
            .filter(|(clock, def)| settled && def.promise && clock.stopped_at().is_some())
            .max_by_key(|(clock, _)| clock.started_at().max(clock.due_at().unwrap_or(clock.started_at())))
            .map(|(_, def)| def)
    };
    let paused = || running().find(|(clock, _)| clock.due_at().is_none()).map(|(_, def)| def);
    let last = || defs().max_by_key(|(clock, _)| clock.stopped_at()).map(|(_, def)| def);
    earliest(true).or_else(paused).or_else(kept).or_else(|| earliest(false)).or_else(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_hours_are_said_as_days_of_their_kind_and_never_as_weeks() {
        let hours = |amount, unit| rounded(Length::new(amount, unit), 8);
        assert_eq!(hours(23, Unit::WorkingHour), None, "every hour counts");
        assert_eq!(hours(24, Unit::WorkingHour), Some(("clock-amount-working-days", 3)));
        assert_eq!(hours(1483, Unit::WorkingHour), Some(("clock-amount-working-days", 185)));
        assert_eq!(hours(71, Unit::ClockHour), None);
        assert_eq!(hours(75, Unit::ClockHour), Some(("clock-amount-calendar-days", 3)));
        assert_eq!(hours(24 * 28, Unit::ClockHour), Some(("clock-amount-calendar-days", 28)));
        assert_eq!(hours(600, Unit::WorkingDay), None, "what is declared in days stays so");
    }
}
