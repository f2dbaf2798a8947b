//! Deadlines of the handbook: counting rules, the table of 2022, and the borders of years and festivals.

use super::*;
use crate::clocks::{local_date, midnight};

#[test]
fn the_table_of_2022() {
    let table = [
        ("2022-06-02", "3 WD", "2022-06-08"),
        ("2022-04-29", "5 WD", "2022-05-10"),
        ("2022-09-30", "5 WD", "2022-10-12"),
        ("2022-09-20", "15 CD roll", "2022-10-08"),
        ("2022-06-10", "15 CD roll", "2022-06-27"),
        ("2022-06-06", "30 WD", "2022-07-18"),
        ("2022-06-06", "45 WD", "2022-08-08"),
        ("2022-07-10", "90 CD roll", "2022-10-08"),
    ];
    for (start, rule, last) in table {
        assert_eq!(last_day(start, rule), last, "{start} {rule}");
    }
}

#[test]
fn the_day_of_the_event_does_not_count() {
    assert_eq!(last_day("2022-06-06", "1 WD"), "2022-06-07");
    assert_eq!(last_day("2022-06-06", "1 WD same-day"), "2022-06-06");
    assert_eq!(last_day("2022-06-06", "1 CD"), "2022-06-07");
    assert_eq!(last_day("2022-06-06", "1 CD same-day"), "2022-06-06");
    assert_eq!(last_day("2022-06-11", "1 WD same-day"), "2022-06-13", "a Saturday");
}

#[test]
fn a_period_ends_when_its_last_day_is_over_whatever_the_hour_it_began() {
    for start in ["2022-06-06 00:00", "2022-06-06 09:30", "2022-06-06 23:59"] {
        assert_eq!(ends(start, "3 WD"), at("2022-06-10 00:00"));
        assert_eq!(ends(start, "3 CD"), at("2022-06-10 00:00"));
    }
}

#[test]
fn a_period_may_end_on_a_make_up_saturday() {
    assert_eq!(last_day("2022-04-29", "1 WD"), "2022-05-05");
    assert_eq!(last_day("2022-04-29", "3 WD"), "2022-05-07");
    assert_eq!(last_day("2022-09-30", "1 WD"), "2022-10-08");
    assert_eq!(last_day("2022-04-27", "10 CD roll"), "2022-05-07");
}

#[test]
fn only_a_rolling_period_moves_off_a_holiday() {
    assert_eq!(last_day("2022-09-20", "15 CD"), "2022-10-05");
    assert_eq!(last_day("2022-01-20", "12 CD roll"), "2022-02-07", "Spring Festival");
    assert_eq!(last_day("2022-09-05", "1 M roll"), "2022-10-08");
    assert_eq!(last_day("2021-10-02", "1 Y roll"), "2022-10-08");
}

#[test]
fn spring_festival_is_skipped() {
    assert_eq!(last_day("2022-01-28", "1 WD"), "2022-01-29", "a make-up Saturday");
    assert_eq!(last_day("2022-01-28", "2 WD"), "2022-01-30", "a make-up Sunday");
    assert_eq!(last_day("2022-01-28", "3 WD"), "2022-02-07");
    assert_eq!(ends("2022-01-30 17:00", "2 WH"), at("2022-02-07 09:00"));
}

#[test]
fn the_new_year_is_crossed() {
    assert_eq!(last_day("2021-12-30", "3 WD"), "2022-01-05");
    assert_eq!(last_day("2022-12-30", "1 WD"), "2023-01-03");
    assert_eq!(last_day("2021-12-20", "15 CD roll"), "2022-01-04");
    assert_eq!(last_day("2021-12-31", "2 M"), "2022-02-28");
    assert_eq!(ends("2021-12-31 17:30", "1 WH"), at("2022-01-04 08:30"));
}

#[test]
fn months_end_on_the_matching_day_or_the_last_of_the_month() {
    assert_eq!(last_day("2022-01-31", "1 M"), "2022-02-28");
    assert_eq!(last_day("2024-01-31", "1 M"), "2024-02-29");
    assert_eq!(last_day("2022-06-30", "1 M"), "2022-07-30");
    assert_eq!(last_day("2022-08-31", "6 M"), "2023-02-28");
    assert_eq!(last_day("2024-02-29", "1 Y"), "2025-02-28");
    assert_eq!(last_day("2024-02-29", "4 Y"), "2028-02-29");
    assert_eq!(last_day("2022-01-01", "1 M same-day"), "2022-01-31");
    assert_eq!(last_day("2022-03-01", "1 M same-day"), "2022-03-31");
    assert_eq!(last_day("2022-01-31", "1 M same-day"), "2022-02-28");
    assert_eq!(last_day("2022-06-01", "100 Y"), "2122-06-01");
}

#[test]
fn hours_count_from_the_instant_and_never_roll() {
    assert_eq!(ends("2022-06-06 09:00", "4 WH"), at("2022-06-06 15:00"));
    assert_eq!(ends("2022-06-06 11:30", "30 min"), at("2022-06-06 12:00"));
    assert_eq!(ends("2022-06-06 13:00", "30 WM"), at("2022-06-06 14:30"));
    assert_eq!(ends("2022-06-06 19:00", "90 min"), at("2022-06-07 09:30"));
    assert_eq!(ends("2022-06-10 17:00", "2 WH roll"), at("2022-06-13 09:00"));
    assert_eq!(ends("2022-06-10 08:00", "8 WH"), at("2022-06-10 18:00"));
    assert_eq!(ends("2022-10-01 10:00", "24 CH roll"), at("2022-10-02 10:00"));
    assert_eq!(ends("2022-10-01 10:00", "15 CM"), at("2022-10-01 10:15"));
}

#[test]
fn the_zone_is_eight_hours_ahead_whatever_the_machine_says() {
    let late_in_utc: Timestamp = "2022-06-06T16:30:00Z".parse().expect("a time");
    assert_eq!(local_date(late_in_utc), date("2022-06-07"));
    let deadline = due(late_in_utc, rule("1 WD"), &office());
    assert_eq!(deadline.last_day, Some(date("2022-06-08")));
    assert_eq!(deadline.at.to_string(), "2022-06-08T16:00:00Z");
    assert_eq!(midnight(date("1991-07-01")).to_string(), "1991-06-30T16:00:00Z", "no summer time of 1986 to 1991");
}

#[test]
fn a_result_that_rests_on_an_unlisted_year_is_unconfirmed() {
    let certain = |start: &str, text: &str| due(at(start), rule(text), &office()).certain;
    assert!(certain("2026-12-01 09:00", "20 WD"));
    assert!(!certain("2026-12-30 09:00", "5 WD"));
    assert!(!certain("2026-12-31 17:59", "1 WH"));
    assert!(!certain("2026-12-20 09:00", "15 CD roll"));
    assert!(certain("2026-12-20 09:00", "15 CD"), "no calendar is used");
    assert!(certain("2026-12-31 17:59", "48 CH"), "no calendar is used");
    assert!(certain("2019-12-20 09:00", "20 CD roll"), "only the last day is looked up");
}
