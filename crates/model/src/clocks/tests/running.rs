//! A clock over its life: pauses, extensions, stop and reopen, readings, stored form, a changed calendar.

use super::*;
use crate::clocks::{Clock, ClockError, Left};

fn started(start: &str, text: &str) -> Clock {
    Clock::start(at(start), rule(text), &office())
}

fn left(clock: &Clock, now: &str) -> Left {
    clock.left(at(now), &office())
}

fn last(clock: &Clock) -> String {
    clock.due().and_then(|due| due.last_day).expect("running by days").to_string()
}

/// The reading in short: amount, then `!` overdue, `~` soon, `=` paused.
fn reading(clock: &Clock, now: &str) -> String {
    let left = left(clock, now);
    let flag = |on, sign| if on { sign } else { "" };
    format!("{}{}{}{}", left.length, flag(left.overdue, "!"), flag(left.soon, "~"), flag(left.paused, "="))
}

#[test]
fn working_days_run_down_to_the_last_and_over() {
    let clock = started("2022-06-06 09:00", "3 WD");
    let readings = [
        ("2022-06-06 10:00", "3 WD"),
        ("2022-06-07 10:00", "3 WD"),
        ("2022-06-08 10:00", "2 WD"),
        ("2022-06-09 23:59", "1 WD~"),
        ("2022-06-10 00:00", "1 WD!"),
        ("2022-06-12 12:00", "1 WD!"),
        ("2022-06-13 00:00", "2 WD!"),
    ];
    for (now, expected) in readings {
        assert_eq!(reading(&clock, now), expected, "{now}");
    }
    assert_eq!(clock.used(at("2022-06-08 10:00"), &office()), length("1 WD"));
}

#[test]
fn working_hours_run_down_by_the_minute() {
    let clock = started("2022-06-06 09:00", "4 WH");
    assert_eq!(reading(&clock, "2022-06-06 09:40"), "200 WM");
    let at_noon = left(&clock, "2022-06-06 13:00").length;
    assert_eq!((at_noon.amount(), at_noon.minutes()), (1, 0));
    assert_eq!(reading(&clock, "2022-06-06 14:11"), "49 WM");
    assert_eq!(reading(&clock, "2022-06-06 14:12"), "48 WM~");
    assert_eq!(reading(&clock, "2022-06-06 15:00"), "1 WM!");
    assert_eq!(reading(&clock, "2022-06-07 09:30"), "270 WM!");
    assert_eq!(clock.used(at("2022-06-06 09:40"), &office()), length("40 WM"));
}

#[test]
fn calendar_days_are_soon_on_the_last_working_day() {
    let clock = started("2022-09-20 09:00", "13 CD");
    assert_eq!(last(&clock), "2022-10-03");
    assert_eq!(reading(&clock, "2022-09-29 09:00"), "5 CD");
    assert_eq!(reading(&clock, "2022-09-30 09:00"), "4 CD~");
    let months = started("2022-06-06 09:00", "1 M");
    assert_eq!(reading(&months, "2022-06-06 10:00"), "30 CD");
    assert_eq!(reading(&months, "2022-07-07 10:00"), "1 CD!");
}

#[test]
fn a_pause_keeps_what_was_used_in_hours() {
    let office = office();
    let mut clock = started("2022-06-06 08:20", "8 WH");
    clock.pause(at("2022-06-06 12:00")).expect("running");
    assert_eq!((clock.due_at(), clock.is_paused()), (None, true));
    assert_eq!(clock.used(at("2022-06-07 15:00"), &office), length("220 WM"));
    assert_eq!(reading(&clock, "2022-06-07 15:00"), "260 WM=");
    clock.resume(at("2022-06-07 15:00"), &office).expect("paused");
    assert_eq!(clock.due_at(), Some(at("2022-06-08 09:20")));
    assert_eq!(reading(&clock, "2022-06-07 15:00"), "260 WM");
}

#[test]
fn a_pause_moves_a_period_by_the_working_days_inside_it() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "5 WD");
    assert_eq!(last(&clock), "2022-06-13");
    clock.pause(at("2022-06-08 16:00")).expect("running");
    assert_eq!(reading(&clock, "2022-06-10 09:00"), "4 WD=");
    clock.resume(at("2022-06-13 09:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-06-16", "three working days later: the 8th, 9th and 10th");
    assert_eq!(reading(&clock, "2022-06-13 09:00"), "4 WD");
    clock.pause(at("2022-06-13 10:00")).expect("running");
    clock.resume(at("2022-06-13 18:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-06-16", "a pause inside one day moves nothing");
}

#[test]
fn a_pause_on_the_last_day_leaves_that_day() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "1 WD");
    clock.pause(at("2022-06-07 17:00")).expect("running");
    clock.resume(at("2022-06-20 10:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-06-20");
    assert_eq!(reading(&clock, "2022-06-20 10:00"), "1 WD~");
}

#[test]
fn a_pause_on_the_day_of_the_event_counts_from_the_day_after() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "2 WD");
    clock.pause(at("2022-06-06 10:00")).expect("running");
    clock.resume(at("2022-06-09 10:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-06-10", "the 9th counts: the event was days ago");
}

#[test]
fn a_pause_on_the_days_a_period_rolled_over_still_counts() {
    let office = office();
    let mut clock = started("2022-06-10 09:00", "15 CD roll");
    clock.pause(at("2022-06-26 09:00")).expect("not due before Monday");
    clock.resume(at("2022-07-04 09:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-07-04", "the 25th of June and eight days, a Sunday, rolled");
}

#[test]
fn what_is_late_stays_late_through_a_pause() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "1 WD");
    clock.pause(at("2022-06-08 09:00")).expect("running");
    assert_eq!(clock.due_at(), Some(at("2022-06-08 00:00")));
    assert!(clock.is_overdue(at("2022-06-08 10:00")) && left(&clock, "2022-06-09 09:00").paused);
    clock.resume(at("2022-06-20 09:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-06-07");
}

#[test]
fn extended_once_and_refused_twice() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "20 WD");
    clock.extend(length("10 WD"), at("2022-06-20 09:00"), &office).expect("in time");
    assert_eq!(last(&clock), last_day("2022-06-06", "30 WD"));
    assert_eq!(clock.times_extended(), 1, "what the process compares with its own limit");
    let before = clock.clone();
    let mut month = started("2022-06-06 09:00", "1 M");
    month.extend(length("30 CD"), at("2022-06-20 09:00"), &office).expect("days beside months");
    assert_eq!(last(&month), "2022-08-05", "6 July and thirty days");
    assert_eq!(clock.extend(length("10 WD"), at("2022-07-19 00:00"), &office), Err(ClockError::Overdue));
    assert_eq!(clock, before);
    clock.extend(length("1 WD"), at("2022-07-18 23:59"), &office).expect("in time to the last second");
}

#[test]
fn an_extension_in_another_unit_is_counted_on_from_where_the_limit_ends() {
    let office = office();
    // Monday 14:00 and four working hours end on Tuesday at 09:30; one working day more is all of Wednesday.
    let mut hours = started("2022-06-06 15:30", "4 WH");
    assert_eq!(hours.due_at(), Some(at("2022-06-07 09:30")));
    hours.extend(length("1 WD"), at("2022-06-07 09:00"), &office).expect("in time");
    assert_eq!((hours.due_at(), last(&hours).as_str()), (Some(at("2022-06-09 00:00")), "2022-06-08"));
    assert_eq!(reading(&hours, "2022-06-08 16:00"), "2 WH~", "shown in the limit's unit");
    // Thursday is the last of three working days; two working hours more are the first two of Friday.
    let mut days = started("2022-06-06 09:00", "3 WD");
    days.extend(length("2 WH"), at("2022-06-07 09:00"), &office).expect("in time");
    assert_eq!(days.due_at(), Some(at("2022-06-10 10:00")));
    assert_eq!(days.due().and_then(|due| due.last_day), None, "it ends within a day");
    let readings = [
        ("2022-06-08 10:00", "2 WD"),
        ("2022-06-09 10:00", "1 WD~"),
        ("2022-06-10 09:00", "1 WH~"),
        ("2022-06-10 10:00", "1 WD!"),
    ];
    for (now, shown) in readings {
        assert_eq!(reading(&days, now), shown, "{now}");
    }
    assert_eq!(days.end_with(length("1 WD"), &office).at, at("2022-06-13 10:00"), "days first, then the hours");
}

#[test]
fn a_pause_within_an_extension_in_another_unit_moves_its_end() {
    let office = office();
    let mut clock = started("2022-06-06 15:30", "4 WH");
    clock.extend(length("2 WD"), at("2022-06-07 09:00"), &office).expect("in time");
    assert_eq!(last(&clock), "2022-06-09");
    clock.pause(at("2022-06-08 10:00")).expect("running");
    assert_eq!(reading(&clock, "2022-06-20 10:00"), "14 WH=", "two working days less the hours of the first");
    clock.resume(at("2022-06-13 10:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-06-14", "three working days were not used up");
    assert_eq!(clock.used(at("2022-06-13 10:00"), &office), length("750 WM"), "the hours up to the pause");
}

#[test]
fn an_extension_is_one_period_with_the_limit_and_rolls_once() {
    let office = office();
    let mut petition = started("2022-06-06 09:00", "60 CD roll");
    petition.extend(length("30 CD"), at("2022-07-01 09:00"), &office).expect("in time");
    assert_eq!(last(&petition), last_day("2022-06-06", "90 CD roll"));
    let mut months = started("2022-01-31 09:00", "1 M");
    months.extend(length("1 Y"), at("2022-02-01 09:00"), &office).expect("months and years mix");
    assert_eq!(last(&months), "2023-02-28");
}

#[test]
fn an_extension_while_paused_takes_effect_on_resumption() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "2 WD");
    clock.pause(at("2022-06-07 09:00")).expect("running");
    clock.extend(length("1 WD"), at("2022-06-07 10:00"), &office).expect("not overdue");
    assert_eq!((clock.due_at(), reading(&clock, "2022-06-07 10:00")), (None, "3 WD=".to_owned()));
    clock.resume(at("2022-06-08 09:00"), &office).expect("paused");
    assert_eq!(last(&clock), "2022-06-10");
}

#[test]
fn stopped_in_time_or_not_and_frozen() {
    let mut early = started("2022-06-06 09:00", "1 WD");
    assert_eq!(early.on_time(), None);
    early.stop(at("2022-06-07 23:59")).expect("running");
    assert_eq!(early.on_time(), Some(true));
    assert_eq!(reading(&early, "2023-01-01 00:00"), "1 WD~");
    assert_eq!(early.stop(at("2022-06-08 00:00")), Err(ClockError::Stopped));
    let mut late = started("2022-06-06 09:00", "1 WD");
    late.stop(at("2022-06-08 00:00")).expect("running");
    assert_eq!((late.on_time(), late.stopped_at()), (Some(false), Some(at("2022-06-08 00:00"))));
    let mut paused = started("2022-06-06 09:00", "1 WD");
    paused.pause(at("2022-06-07 09:00")).expect("running");
    paused.stop(at("2022-06-30 09:00")).expect("running");
    assert_eq!(paused.on_time(), Some(true));
}

#[test]
fn reopened_the_time_between_is_a_pause() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "4 WH");
    assert_eq!(clock.reopen(at("2022-06-06 10:00"), &office), Err(ClockError::Running));
    clock.stop(at("2022-06-06 10:00")).expect("running");
    clock.reopen(at("2022-06-08 10:00"), &office).expect("stopped");
    assert_eq!(clock.due_at(), Some(at("2022-06-08 15:00")));
    let mut late = started("2022-06-06 09:00", "1 WH");
    late.stop(at("2022-06-06 11:00")).expect("running");
    late.reopen(at("2022-06-08 10:00"), &office).expect("stopped");
    assert!(late.is_overdue(at("2022-06-08 10:00")));
}

#[test]
fn out_of_turn_is_refused() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "3 WD");
    assert_eq!(clock.resume(at("2022-06-06 10:00"), &office), Err(ClockError::NotPaused));
    clock.pause(at("2022-06-07 10:00")).expect("running");
    assert_eq!(clock.pause(at("2022-06-07 11:00")), Err(ClockError::Paused));
    clock.resume(at("2022-06-01 10:00"), &office).expect("a clock that jumped back counts as no time");
    assert_eq!(last(&clock), "2022-06-09");
}

#[test]
fn a_changed_calendar_moves_it_and_says_so() {
    let old: String =
        CALENDAR.lines().filter(|line| !line.starts_with("2026")).map(|line| format!("{line}\n")).collect();
    let (old, new) = (office_with(&old), office());
    let mut clock = Clock::start(at("2025-12-29 09:00"), rule("4 WD"), &old);
    assert_eq!((last(&clock).as_str(), clock.due().map(|due| due.certain)), ("2026-01-02", Some(false)));
    assert_eq!(clock.recompute(&old), None);
    let change = clock.recompute(&new).expect("the holiday moves it");
    assert_eq!((change.from, change.to.certain), (at("2026-01-03 00:00"), true));
    assert_eq!(change.to.last_day, Some(date("2026-01-05")));
    assert_eq!(clock.recompute(&new), None);
    let mut stopped = Clock::start(at("2025-12-29 09:00"), rule("4 WD"), &old);
    stopped.stop(at("2026-01-01 09:00")).expect("running");
    assert_eq!(stopped.recompute(&new), None, "a result is not revised");
}

#[test]
fn confirmation_alone_is_a_change() {
    let old: String =
        CALENDAR.lines().filter(|line| !line.starts_with("2026")).map(|line| format!("{line}\n")).collect();
    let mut clock = Clock::start(at("2026-03-02 09:00"), rule("2 WD"), &office_with(&old));
    let change = clock.recompute(&office()).expect("confirmed");
    assert_eq!((change.from, change.to.certain), (change.to.at, true));
}

#[test]
fn of_two_clocks_the_earlier_is_shown() {
    let statutory = started("2022-06-06 09:00", "20 WD");
    let promised = started("2022-06-06 09:00", "5 WD");
    let shown = [&statutory, &promised].into_iter().filter_map(Clock::due_at).min();
    assert_eq!(shown, promised.due_at());
}

#[test]
fn stored_small_and_read_back() {
    let office = office();
    let mut clock = started("2022-06-06 09:00", "20 WD");
    let text = serde_json::to_string(&clock).expect("json");
    assert_eq!(text, r#"{"s":1654477200,"r":"20 WD","d":1656950400}"#);
    clock.extend(length("10 WD"), at("2022-06-07 09:00"), &office).expect("in time");
    clock.pause(at("2022-06-08 09:00")).expect("running");
    let text = serde_json::to_string(&clock).expect("json");
    assert_eq!(text, r#"{"s":1654477200,"r":"20 WD","x":["10 WD"],"p":[[1654650000,null]]}"#);
    assert_eq!(serde_json::from_str::<Clock>(&text).expect("read back"), clock);
}

#[test]
fn lengths_and_rules_read_and_refuse() {
    for (text, same) in [("3wd", "3 WD"), ("90 min", "90 WM"), ("120 wm", "2 WH"), ("60 CM", "1 CH"), ("6m", "6 M")] {
        assert_eq!(length(text).to_string(), same);
    }
    for bad in ["", "3", "WD", "0 WD", "-3 WD", "1.5 WD", "3 days", "99999999999 WD", "20000000 WD", "3 h"] {
        assert!(bad.parse::<Length>().is_err(), "{bad}");
    }
    for text in ["30 CD", "30 CD roll", "5 WD same-day", "1 M same-day roll"] {
        assert_eq!(rule(text).to_string(), text);
    }
    assert_eq!(rule("1 M roll same-day"), rule("1 M same-day roll"));
    assert!("30 CD rolls".parse::<Rule>().is_err());
}
