//! What a line of a `then` block asks, and what a clock shows.

use super::plans;
use super::run::{Running, clock as shown_at};
use super::step::instant;
use ganglion_model::clocks::{Clock, Length, Unit};
use ganglion_model::row::Case;
use jiff::civil::Date;

/// A line, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// The case the next lines are about.
    On(String),
    /// The refusal of the last step.
    Refused(String),
    /// `figure NAME at CODE in PERIOD: VALUE`.
    Figure(Figure),
    /// `rank NAME at CODE in PERIOD: N of M`.
    Rank(Figure),
    /// `target NAME at CODE: DONE of TARGET, N %`.
    Target(String, String, String),
    /// `plan NAME at CODE [on DATE] [{form}] [row KEY]: PARTS`.
    Plan(plans::Line),
    /// `row REGISTER KEY [on DATE]: {fields}`.
    Row(String, String, Option<Date>, String),
    /// `violations RULE at CODE: COUNT`.
    Violations(String, String, String),
    /// `proposal REGISTER KEY: STATE`.
    Proposal(String, String, String),
    /// `WHO sees FIELD of REGISTER KEY: VALUE`.
    SeesOf(String, String, (String, String), String),
    /// `opened PROCESS as NAME`: turns to the newest case of that process opened out of this one.
    Opened(String, String),
    /// `newest PROCESS at CODE as NAME`: turns to the case of that process at that place that was opened last.
    Newest(String, String, String),
    /// `WHO sees FIELD: VALUE`.
    Sees(String, String, String),
    /// `state`, `place`, `assignee` and other single things: which, and what is expected.
    Plain(String, String),
    /// A number by name.
    Number(String, String),
    /// A counter.
    Count(String, String),
    /// A field.
    Field(String, String),
    /// A mark: who left it.
    Mark(String, String),
    /// A tie: the other case.
    Link(String, String),
    /// Who may take an action.
    May(String, String),
    /// A clock.
    Clock(String, String),
    /// The newest document of a kind.
    Document(String, String),
    /// `document NAME of REGISTER KEY: PARTS`.
    DocumentOf(String, (String, String), String),
    /// `figure NAME in notice NAME: VALUE`, or `in document NAME`: as it was published.
    Published(String, String, String),
}

/// A figure asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Indicator.
    pub indicator: String,
    /// Only this part of its dimension.
    pub part: Option<String>,
    /// Place.
    pub place: String,
    /// Day, month or year; absent for stocks.
    pub period: Option<String>,
    /// What is expected.
    pub said: String,
}

const PLAIN: [&str; 14] = [
    "state",
    "level",
    "place",
    "channel",
    "version",
    "moved",
    "routed",
    "near",
    "told",
    "assignee",
    "assisting",
    "taken_at",
    "rule",
    "position",
];
const KNOWN: &str = "state, place, taken_at, level, number, assignee, assisting, channel, moved, routed, rule, near, position, told, refused, count NAME, \
     field NAME, mark NAME, link KIND, document NAME [of REGISTER KEY], who may ACTION, WHO sees FIELD [of REGISTER KEY], NAME clock, \
     row REGISTER KEY [on DATE], proposal REGISTER KEY, violations RULE at CODE, figure NAME at CODE \
     in PERIOD by PART, figure NAME in notice|document NAME, rank NAME at CODE in PERIOD, target NAME at CODE, plan NAME at CODE [on DATE] {form} [row KEY], each with `:` and a value; on NAME; opened PROCESS as NAME; newest PROCESS at CODE as NAME";

/// Reads a line.
///
/// # Errors
/// The lines there are.
pub fn read(text: &str) -> Result<Read, String> {
    let known = || KNOWN.to_owned();
    // A clock may be called `plan`.
    if text.starts_with("plan ") && !text.starts_with("plan clock:") {
        return plans::read(text).map(Read::Plan);
    }
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["on", name] => return Ok(Read::On(name.trim_end_matches(':').to_owned())),
        ["newest", process, "at", place, "as", name] => {
            return Ok(Read::Newest((*process).to_owned(), (*place).to_owned(), (*name).to_owned()));
        }
        ["opened", process, "as", name] => return Ok(Read::Opened((*process).to_owned(), (*name).to_owned())),
        _ => {}
    }
    let (left, said) = text.split_once(':').ok_or_else(known)?;
    let said = said.trim().to_owned();
    let words: Vec<&str> = left.split_whitespace().collect();
    let own = |word: &&str| (*word).to_owned();
    let bare = |key: &&str| key.trim_matches('"').to_owned();
    Ok(match words.as_slice() {
        ["refused"] => Read::Refused(said),
        ["number"] => Read::Number("report".to_owned(), said),
        [plain] if PLAIN.contains(plain) => Read::Plain(own(plain), said),
        ["number", name] => Read::Number(own(name), said),
        ["count", name] => Read::Count(own(name), said),
        ["field", name] => Read::Field(own(name), said),
        ["mark", name] => Read::Mark(own(name), said),
        ["link", kind] => Read::Link(own(kind), said),
        ["row", register, key] => Read::Row(own(register), bare(key), None, said),
        ["row", register, key, "on", day] => {
            Read::Row(own(register), bare(key), Some(day.parse().map_err(|_| known())?), said)
        }
        ["violations", rule, "at", place] => Read::Violations(own(rule), own(place), said),
        ["proposal", register, key] => Read::Proposal(own(register), bare(key), said),
        [who, "sees", field, "of", register, key] => {
            Read::SeesOf(own(who), own(field), (own(register), bare(key)), said)
        }
        [who, "sees", field] => Read::Sees(own(who), own(field), said),
        ["who", "may", action] => Read::May(own(action), said),
        ["document", name] => Read::Document(own(name), said),
        ["document", name, "of", register, key] => Read::DocumentOf(own(name), (own(register), bare(key)), said),
        [name, "clock"] => Read::Clock(own(name), said),
        ["figure", name, "in", "notice" | "document", of] => Read::Published(own(name), own(of), said),
        ["figure", name, rest @ ..] => Read::Figure(figure(name, rest, said).ok_or_else(known)?),
        ["rank", name, rest @ ..] => Read::Rank(figure(name, rest, said).ok_or_else(known)?),
        ["target", name, "at", place] => Read::Target(own(name), own(place), said),
        _ => return Err(known()),
    })
}

fn figure(name: &str, rest: &[&str], said: String) -> Option<Figure> {
    let ["at", place, after @ ..] = rest else { return None };
    let (mut rest, mut period, mut part) = (after, None, None);
    loop {
        rest = match rest {
            [] => break,
            ["in", value, rest @ ..] => {
                period = Some((*value).to_owned());
                rest
            }
            ["by", value, rest @ ..] => {
                part = Some((*value).to_owned());
                rest
            }
            _ => return None,
        };
    }
    Some(Figure { indicator: name.to_owned(), part, place: (*place).to_owned(), period, said })
}

/// A clock against `paused, 1 wh 30 min used`: every part named must be so.
///
/// # Errors
/// What the clock shows, when a part is not so or cannot be read.
pub fn clock(running: &Running, case: &Case, name: &str, said: &str) -> Result<(String, String), String> {
    let known = running.at.setting.world.model.processes.get(&case.process);
    if !known.is_some_and(|process| process.clocks.contains_key(ganglion_model::pack::declared_of(name))) {
        return Err(format!("{} has no clock {name}", case.process));
    }
    let clock = case.clocks.get(name);
    let found = describe(running, clock);
    for part in said.split(',').map(str::trim) {
        match part_holds(running, clock, part) {
            Some(true) => {}
            Some(false) => return Err(found),
            None => {
                return Err(format!(
                    "{found}; `{part}` is none of running, paused, stopped, none, overdue, in time, \
                 late, extended N, due DATE TIME, length LENGTH, LENGTH used, LENGTH left, LENGTH over"
                ));
            }
        }
    }
    Ok((found.clone(), found))
}

fn part_holds(running: &Running, clock: Option<&Clock>, part: &str) -> Option<bool> {
    let (now, office) = (running.at.now, &running.at.setting.world.office);
    if matches!(part, "none" | "not started") {
        return Some(clock.is_none());
    }
    let is = |test: &dyn Fn(&Clock) -> bool| Some(clock.is_some_and(test));
    let stopped = |clock: &Clock| clock.stopped_at().is_some();
    match part {
        "running" => is(&|clock| !stopped(clock) && !clock.is_paused()),
        "paused" => is(&|clock| !stopped(clock) && clock.is_paused()),
        "stopped" => is(&stopped),
        "overdue" => is(&|clock| clock.is_overdue(now)),
        "in time" | "on time" => is(&|clock| !clock.is_overdue(now)),
        "late" => is(&|clock| clock.on_time() == Some(false)),
        _ => {
            if let Some(times) = part.strip_prefix("extended ") {
                let times: usize = if times == "once" { 1 } else { times.parse().ok()? };
                return is(&|clock| clock.times_extended() == times);
            }
            if let Some(at) = part.strip_prefix("due ") {
                let at = instant(at)?;
                return is(&|clock| clock.due_at() == Some(at));
            }
            if let Some(whole) = part.strip_prefix("length ") {
                let whole = length(whole)?;
                return is(&|clock| clock.rule().length == whole);
            }
            let (amount, what) = part.rsplit_once(' ')?;
            let amount = length(amount)?;
            let same = |one: Length| one == amount || (one.is_zero() && amount.is_zero());
            match what {
                "used" => is(&|clock| same(clock.used(now, office))),
                "left" => is(&|clock| !clock.is_overdue(now) && same(clock.left(now, office).length)),
                "over" => is(&|clock| clock.is_overdue(now) && same(clock.left(now, office).length)),
                _ => None,
            }
        }
    }
}

/// A length as in packs, with minutes behind hours: `1 wh 30 min`, `2 wd`, `90 wm`, `0 wh`.
fn length(text: &str) -> Option<Length> {
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [hours, unit, minutes, "min"] => {
            let minutes = hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?;
            match *unit {
                "wh" => Some(Length::working_minutes(minutes)),
                "ch" => Some(Length::clock_minutes(minutes)),
                _ => None,
            }
        }
        _ => Length::try_from(text.to_owned()).ok(),
    }
}

fn words(length: Length) -> String {
    let hours = match length.unit() {
        Unit::WorkingHour => "wh",
        Unit::ClockHour => "ch",
        _ => return length.to_string().to_lowercase(),
    };
    match (length.amount(), length.minutes()) {
        (amount, 0) => format!("{amount} {hours}"),
        (amount, minutes) => format!("{amount} {hours} {minutes} min"),
    }
}

fn describe(running: &Running, clock: Option<&Clock>) -> String {
    let Some(clock) = clock else { return "none".to_owned() };
    let (now, office) = (running.at.now, &running.at.setting.world.office);
    let state = match (clock.stopped_at(), clock.is_paused()) {
        (Some(_), _) => "stopped",
        (None, true) => "paused",
        (None, false) => "running",
    };
    let left = clock.left(now, office);
    let used = words(clock.used(now, office));
    let rest = if left.overdue { "over" } else { "left" };
    let due = clock.due_at().map_or_else(|| "no due time".to_owned(), |at| format!("due {}", shown_at(at)));
    format!(
        "{state}, {used} used, {} {rest}, {due}, length {}, extended {}",
        words(left.length),
        words(clock.rule().length),
        clock.times_extended()
    )
}
