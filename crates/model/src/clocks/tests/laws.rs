//! Laws that hold for every clock: order, sums, pauses.

use super::*;
use crate::clocks::{Clock, Unit, local_date};
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;
use std::sync::LazyLock;

static OFFICE: LazyLock<Office> = LazyLock::new(office);

fn instant() -> impl Strategy<Value = Timestamp> {
    // Seconds from 2019-06 to 2028-02: both ends of the calendar are crossed.
    (1_560_000_000_i64..1_833_000_000).prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

fn unit() -> impl Strategy<Value = Unit> {
    use Unit::*;
    prop::sample::select(vec![WorkingDay, CalendarDay, WorkingHour, ClockHour, Month, Year])
}

fn any_rule() -> impl Strategy<Value = Rule> {
    (1_u32..60, unit(), any::<bool>(), any::<bool>()).prop_map(|(amount, unit, day_after, roll)| Rule {
        length: Length::new(amount, unit),
        day_after,
        roll,
    })
}

/// Rules whose clock loses nothing to rolling.
fn plain_rule() -> impl Strategy<Value = Rule> {
    let units = vec![Unit::WorkingDay, Unit::CalendarDay, Unit::WorkingHour, Unit::ClockHour];
    (1_u32..60, prop::sample::select(units)).prop_map(|(amount, unit)| Rule::new(Length::new(amount, unit)))
}

fn count(length: Length) -> u32 {
    if length.unit().is_hours() { length.amount() * 60 + length.minutes() } else { length.amount() }
}

/// An instant before the clock falls due, `share` thousandths of the way there.
fn on_the_way(clock: &Clock, share: i64) -> Timestamp {
    let (start, due) = (clock.started_at().as_second(), clock.due_at().expect("running").as_second());
    Timestamp::from_second(start + (due - start) * share / 1000).expect("in range")
}

fn later(start: Timestamp, seconds: i64) -> Timestamp {
    start + SignedDuration::from_secs(seconds)
}

proptest! {
    #[test]
    fn due_never_comes_earlier_for_a_later_start(start in instant(), more in 0_i64..5_000_000, rule in any_rule()) {
        let (one, other) = (due(start, rule, &OFFICE), due(later(start, more), rule, &OFFICE));
        prop_assert!(one.at <= other.at);
    }

    #[test]
    fn due_lies_after_the_start_and_grows_with_the_length(start in instant(), rule in any_rule()) {
        let more = Rule { length: Length::new(rule.length.amount() + 1, rule.length.unit()), ..rule };
        let one = due(start, rule, &OFFICE).at;
        prop_assert!(one > start);
        prop_assert!(one <= due(start, more, &OFFICE).at);
    }

    #[test]
    fn working_days_and_rolled_days_end_on_a_working_day(start in instant(), rule in any_rule()) {
        let last = due(start, rule, &OFFICE).last_day;
        let works = last.is_none_or(|day| OFFICE.calendar.is_working_day(day));
        prop_assert!(works || !(rule.roll || rule.length.unit() == Unit::WorkingDay));
    }

    #[test]
    fn exactly_n_working_days_lie_between(start in instant(), n in 1_u32..300) {
        let last = due(start, Rule::new(Length::new(n, Unit::WorkingDay)), &OFFICE).last_day.expect("days");
        let first = local_date(start).tomorrow().expect("in range");
        prop_assert_eq!(OFFICE.calendar.working_days_between(first, last), n);
    }

    #[test]
    fn used_and_left_make_the_whole_until_it_passes(start in instant(), rule in plain_rule(), after in 0_i64..4_000_000) {
        let clock = Clock::start(start, rule, &OFFICE);
        let now = later(start, after);
        let left = clock.left(now, &OFFICE);
        if !left.overdue {
            let used = clock.used(now, &OFFICE);
            prop_assert_eq!(count(used) + count(left.length), count(rule.length));
        }
    }

    #[test]
    fn used_never_shrinks(start in instant(), rule in any_rule(), gaps in prop::collection::vec(0_i64..400_000, 6)) {
        let mut clock = Clock::start(start, rule, &OFFICE);
        let (mut now, mut used) = (start, 0);
        for (turn, gap) in gaps.into_iter().enumerate() {
            now = later(now, gap);
            let reading = count(clock.used(now, &OFFICE));
            prop_assert!(reading >= used);
            used = reading;
            if turn % 2 == 0 { clock.pause(now).expect("running") } else { clock.resume(now, &OFFICE).expect("paused") }
            prop_assert_eq!(count(clock.used(now, &OFFICE)), used);
        }
    }

    #[test]
    fn a_pause_of_no_time_changes_nothing(start in instant(), rule in any_rule(), after in 0_i64..9_000_000) {
        let mut clock = Clock::start(start, rule, &OFFICE);
        let before = clock.due();
        let now = later(start, after);
        clock.pause(now).expect("running");
        clock.resume(now, &OFFICE).expect("paused");
        prop_assert_eq!(clock.due(), before);
    }

    #[test]
    fn a_pause_of_k_working_days_moves_due_by_k(
        start in instant(), n in 1_u32..40, share in 0_i64..1000, long in 0_i64..3_000_000,
    ) {
        let mut clock = Clock::start(start, Rule::new(Length::new(n, Unit::WorkingDay)), &OFFICE);
        let before = clock.due().and_then(|due| due.last_day).expect("days");
        let from = on_the_way(&clock, share);
        let to = later(from, long);
        let left = clock.left(from, &OFFICE).length;
        clock.pause(from).expect("running");
        clock.resume(to, &OFFICE).expect("paused");
        let first = local_date(from).max(local_date(start).tomorrow().expect("in range"));
        let k = OFFICE.calendar.working_days_between(first, local_date(to).yesterday().expect("in range"));
        let moved = if k == 0 { before } else { OFFICE.calendar.working_day_from(before, i32::try_from(k).expect("small")) };
        prop_assert_eq!(clock.due().and_then(|due| due.last_day), Some(moved));
        prop_assert_eq!(clock.left(to, &OFFICE).length, left, "what was left is left");
    }

    #[test]
    fn a_pause_in_hours_gives_back_exactly_its_working_seconds(
        start in instant(), n in 1_u32..80, share in 0_i64..1000, long in 0_i64..1_000_000,
    ) {
        let mut clock = Clock::start(start, Rule::new(Length::new(n, Unit::WorkingHour)), &OFFICE);
        let from = on_the_way(&clock, share);
        let to = later(from, long);
        let inside = OFFICE.hours.working_seconds(from, to, &OFFICE.calendar);
        clock.pause(from).expect("running");
        clock.resume(to, &OFFICE).expect("paused");
        let whole = OFFICE.hours.working_seconds(start, clock.due_at().expect("running"), &OFFICE.calendar);
        prop_assert_eq!(whole, i64::from(n) * 3600 + inside);
    }

    #[test]
    fn an_extension_equals_the_longer_limit(start in instant(), rule in any_rule(), more in 1_u32..40) {
        let unit = rule.length.unit();
        let mut clock = Clock::start(start, rule, &OFFICE);
        clock.extend(Length::new(more, unit), start, &OFFICE).expect("in time");
        let whole = Rule { length: Length::new(rule.length.amount() + more, unit), ..rule };
        prop_assert_eq!(clock.due(), Some(due(start, whole, &OFFICE)));
    }

    #[test]
    fn stored_text_reads_back(start in instant(), rule in any_rule(), after in 0_i64..400_000) {
        let mut clock = Clock::start(start, rule, &OFFICE);
        clock.pause(later(start, after)).expect("running");
        let text = serde_json::to_string(&clock).expect("json");
        prop_assert_eq!(serde_json::from_str::<Clock>(&text).expect("reads back"), clock);
        prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
    }

    #[test]
    fn office_hours_and_their_inverse_agree(start in instant(), seconds in 1_i64..2_000_000) {
        let end = OFFICE.hours.after(start, seconds, &OFFICE.calendar);
        prop_assert_eq!(OFFICE.hours.working_seconds(start, end, &OFFICE.calendar), seconds);
        prop_assert_eq!(OFFICE.hours.working_seconds(start, end - 1.second(), &OFFICE.calendar), seconds - 1);
    }
}
