//! The calendar itself: totals, look-ups against a plain walk over days, overlays, bad files, and office hours.

use super::*;
use crate::clocks::OfficeHours;
use jiff::ToSpan;

fn year_total(calendar: &Calendar, year: i16) -> u32 {
    calendar.working_days_between(Date::constant(year, 1, 1), Date::constant(year, 12, 31))
}

#[test]
fn working_days_of_each_listed_year() {
    let calendar = office().calendar;
    let totals: Vec<u32> = (2020..=2026).map(|year| year_total(&calendar, year)).collect();
    assert_eq!(totals, [249, 250, 249, 249, 251, 248, 248]);
}

#[test]
fn look_ups_agree_with_a_walk_over_every_day() {
    let calendar = office().calendar;
    let (mut day, mut seen) = (date("2018-12-25"), 0);
    let first = day;
    while day < date("2028-02-01") {
        if calendar.is_working_day(day) {
            seen += 1;
            assert_eq!(calendar.working_day_from(first.yesterday().expect("in range"), seen), day);
            assert_eq!(calendar.working_day_from(day, 0), day);
        }
        assert_eq!(calendar.working_days_between(first, day), u32::try_from(seen).expect("positive"), "{day}");
        day = day.tomorrow().expect("in range");
    }
}

#[test]
fn steps_back_and_forth_meet() {
    let calendar = office().calendar;
    assert_eq!(calendar.working_day_from(date("2022-10-10"), -3), date("2022-09-30"));
    assert_eq!(calendar.working_day_from(date("2022-10-05"), -1), date("2022-09-30"));
    assert_eq!(calendar.working_day_from(date("2022-10-05"), 1), date("2022-10-08"));
    assert_eq!(calendar.working_day_from(date("2022-10-05"), 0), date("2022-10-08"));
}

#[test]
fn years_that_are_not_listed_are_uncertain_and_keep_weekends() {
    let calendar = office().calendar;
    assert!(calendar.is_certain(date("2020-01-01")) && calendar.is_certain(date("2026-12-31")));
    assert!(!calendar.is_certain(date("2019-12-31")) && !calendar.is_certain(date("2027-01-01")));
    assert!(calendar.is_working_day(date("2027-10-01")), "a Friday");
    assert!(!calendar.is_working_day(date("2027-10-02")), "a Saturday");
    assert_eq!(calendar.name(date("2022-10-01")), Some("国庆节"));
    assert_eq!(calendar.name(date("2022-10-20")), None);
}

#[test]
fn a_spill_over_day_does_not_list_its_year() {
    let text = "date,kind,name\n2023-05-01,holiday,a\n2023-10-02,holiday,b\n2024-01-01,holiday,c\n";
    let calendar = Calendar::parse(text).expect("clean");
    assert!(calendar.is_certain(date("2023-07-01")));
    assert!(!calendar.is_certain(date("2024-01-01")));
    assert!(!calendar.is_working_day(date("2024-01-01")));
}

#[test]
fn an_overlay_wins_over_the_days_below() {
    let base = office().calendar;
    let extra = "date,kind,name\n2022-07-18,holiday,flood\n2022-07-17,workday,flood\n2027-03-10,holiday,local\n";
    let place = base.overlay("130930", extra).expect("clean");
    assert!(!place.is_working_day(date("2022-07-18")) && place.is_working_day(date("2022-07-17")));
    assert_eq!(year_total(&place, 2022), 249);
    assert_eq!(year_total(&place, 2027), year_total(&base, 2027) - 1);
    assert!(!place.is_certain(date("2027-03-10")));
    assert!(place.version().starts_with(base.version()) && place.version().contains("+130930."));
    let back = place.overlay("again", "date,kind,name\n2022-10-03,workday,duty\n").expect("weekdays are allowed");
    assert!(back.is_working_day(date("2022-10-03")));
}

#[test]
fn the_version_names_the_content_not_its_order() {
    let one = Calendar::parse("date,kind,name\n2022-10-01,holiday,a\n2022-01-01,holiday,b\n").expect("clean");
    let same = Calendar::parse("\u{feff}date,kind,name\r\n2022-01-01,holiday,b\r\n\r\n2022-10-01,holiday,a\r\n")
        .expect("clean");
    let other = Calendar::parse("date,kind,name\n2022-01-01,holiday,b\n2022-10-02,holiday,a\n").expect("clean");
    assert_eq!(one.version(), same.version());
    assert_ne!(one.version(), other.version());
}

#[test]
fn every_bad_line_is_named() {
    let text = "date,kind,name\n2022-13-01,holiday,a\n2022-01-01,holiday\n2022-01-02,off,a\n2022-01-03,holiday,a\n\
                2022-01-03,holiday,b\n2022-01-04,workday,c\n20220105,holiday,d\n2022-01-08,workday,e\n";
    let error = Calendar::parse(text).expect_err("bad lines");
    let lines: Vec<usize> = error.lines.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [2, 3, 4, 6, 7, 8]);
    assert!(error.to_string().starts_with("line 2: `2022-13-01` is not a date"));
    assert_eq!(Calendar::parse("").expect_err("no header").lines[0].line, 1);
    assert_eq!(Calendar::parse("date,kind,name\n").expect_err("no day").lines.len(), 1);
}

#[test]
fn office_hours_read_and_refuse() {
    let hours: OfficeHours = " 08:00-12:00, 14:00-18:00 ".parse().expect("hours");
    assert_eq!((hours.to_string().as_str(), hours.seconds_per_day()), ("08:00-12:00,14:00-18:00", 8 * 3600));
    assert!("00:00-24:00".parse::<OfficeHours>().is_ok());
    for bad in ["", "08:00", "8:00-12:00", "12:00-08:00", "08:00-12:00,11:00-13:00", "08:00-24:30", "08:60-12:00", "-"]
    {
        assert!(bad.parse::<OfficeHours>().is_err(), "{bad}");
    }
}

#[test]
fn working_seconds_agree_with_a_walk_by_minutes() {
    let office = office();
    let (start, mut now, mut minutes) = (at("2022-09-29 07:15"), at("2022-09-29 07:15"), 0);
    while now < at("2022-10-10 09:00") {
        assert_eq!(office.hours.working_seconds(start, now, &office.calendar), minutes * 60, "{now}");
        let local = crate::clocks::local_date(now);
        let hour = now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).hour();
        let open = (8..12).contains(&hour) || (14..18).contains(&hour);
        minutes += i64::from(open && office.calendar.is_working_day(local));
        now += 1.minute();
    }
    assert_eq!(office.hours.after(start, 8 * 3600, &office.calendar), at("2022-09-29 18:00"));
    assert_eq!(office.hours.after(start, 16 * 3600 + 60, &office.calendar), at("2022-10-08 08:01"));
    assert_eq!(office.hours.after(start, 0, &office.calendar), start);
}
