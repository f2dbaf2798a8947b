//! Which days are worked. A bit for every day of the listed years with running counts, so that "the n-th working day
//! after" is two look-ups however far away it lies; outside the listed years Monday to Friday are worked.
//!
//! Reading the CSV is in `calendar_csv`; office hours are in `hours`.

use super::calendar_csv::{CalendarError, Row, read};
use super::day::{date_of_day, day_of_date};
use jiff::civil::Date;

/// A dated calendar of working days. Immutable: a changed calendar is a new value with another `version`.
///
/// Basis: the holiday measures of the State Council and its yearly notice of bridge and make-up days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    version: String,
    /// First and last day held in `words`.
    first: i64,
    last: i64,
    words: Vec<u64>,
    /// Working days up to the day before each word, on the scale of `weekdays`.
    before: Vec<i64>,
    /// Working days up to `last`, on the same scale.
    total: i64,
    /// Unbroken runs of days in years whose notice is listed, in order.
    certain: Vec<(i64, i64)>,
    names: Vec<(i64, Box<str>)>,
}

/// Monday-to-Friday days up to and including `day`, counted from a Monday just before 1970.
fn weekdays(day: i64) -> i64 {
    let since_monday = day + 3;
    5 * since_monday.div_euclid(7) + (since_monday.rem_euclid(7) + 1).min(5)
}

/// The day whose `weekdays` count is `count`: the inverse on Monday to Friday.
fn weekday(count: i64) -> i64 {
    7 * (count - 1).div_euclid(5) + (count - 1).rem_euclid(5) - 3
}

pub(super) fn is_weekday(day: i64) -> bool {
    (day + 3).rem_euclid(7) < 5
}

impl Calendar {
    /// Reads a national calendar: `date,kind,name` with kind `holiday` or `workday`. A year counts as listed when it has
    /// a holiday in each half; a neighbour year's spill-over days alone do not make it so.
    ///
    /// # Errors
    /// Every bad line, not only the first: columns, date, kind, a date listed twice, a make-up day on Monday to Friday.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let rows = read(text, true)?;
        let listed = listed_years(&rows);
        let years = match (listed.first(), listed.last()) {
            (Some(first), Some(last)) => format!("{first}-{last}"),
            _ => "none".to_owned(),
        };
        let version = format!("{years}.{:08x}", fingerprint(&rows));
        Ok(Self::build(version, rows, year_runs(&listed)))
    }

    /// This calendar with a place's or unit's own days laid over it (flood response, ethnic holidays). The overlay's
    /// rows win over the days below them and change nothing about which years are certain.
    ///
    /// # Errors
    /// Every bad line of the overlay, as in [`Calendar::parse`]; a `workday` on Monday to Friday is allowed here.
    pub fn overlay(&self, label: &str, text: &str) -> Result<Self, CalendarError> {
        let rows = read(text, false)?;
        let version = format!("{}+{label}.{:08x}", self.version, fingerprint(&rows));
        let mut merged = self.rows();
        merged.retain(|below| rows.iter().all(|row| row.day != below.day));
        merged.extend(rows);
        Ok(Self::build(version, merged, self.certain.clone()))
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(day, name): &(i64, Box<str>)| Row { day: *day, working: self.works(*day), name: name.clone() };
        self.names.iter().map(row).collect()
    }

    fn build(version: String, mut rows: Vec<Row>, certain: Vec<(i64, i64)>) -> Self {
        rows.sort_by_key(|row| row.day);
        let first = rows.first().map_or(0, |row| row.day);
        let last = rows.last().map_or(-1, |row| row.day);
        let count = usize::try_from(last - first + 1).unwrap_or(0);
        let mut words = vec![0_u64; count.div_ceil(64)];
        let mut set = |day: i64, working: bool| {
            let at = usize::try_from(day - first).unwrap_or(0);
            let bit = 1_u64 << (at % 64);
            if working { words[at / 64] |= bit } else { words[at / 64] &= !bit }
        };
        (first..=last).for_each(|day| set(day, is_weekday(day)));
        rows.iter().for_each(|row| set(row.day, row.working));
        let mut total = weekdays(first - 1);
        let mut before = Vec::with_capacity(words.len());
        for word in &words {
            before.push(total);
            total += i64::from(word.count_ones());
        }
        let names = rows.into_iter().map(|row| (row.day, row.name)).collect();
        Self { version, first, last, words, before, total, certain, names }
    }

    /// Names the exact content: listed years and a fingerprint, then each overlay's label and fingerprint.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the day is worked. Outside the listed years: Monday to Friday.
    pub fn is_working_day(&self, date: Date) -> bool {
        self.works(day_of_date(date))
    }

    /// Whether the notice for the day's year is listed. Results that depend on other years are unconfirmed.
    pub fn is_certain(&self, date: Date) -> bool {
        let day = day_of_date(date);
        self.certain_between(day, day)
    }

    /// The festival a listed day belongs to, in the words of the file.
    pub fn name(&self, date: Date) -> Option<&str> {
        let day = day_of_date(date);
        let at = self.names.binary_search_by_key(&day, |(named, _)| *named).ok()?;
        Some(&self.names[at].1)
    }

    /// Working days from `from` to `to`, both included; 0 when `to` is earlier.
    pub fn working_days_between(&self, from: Date, to: Date) -> u32 {
        let days = self.count(day_of_date(to)) - self.count(day_of_date(from) - 1);
        u32::try_from(days).unwrap_or(0)
    }

    /// The n-th working day after `date` (n > 0) or before it (n < 0). For 0: the day itself if worked, else the next.
    pub fn working_day_from(&self, date: Date, n: i32) -> Date {
        let day = day_of_date(date);
        let count = match n {
            0 => return date_of_day(self.at_or_after(day)),
            1.. => self.count(day) + i64::from(n),
            _ => self.count(day - 1) + i64::from(n) + 1,
        };
        date_of_day(self.nth(count))
    }

    pub(super) fn works(&self, day: i64) -> bool {
        match self.slot(day) {
            Some((word, bit)) => self.words[word] >> bit & 1 == 1,
            None => is_weekday(day),
        }
    }

    /// Working days up to and including `day`, on a scale whose zero has no meaning of its own.
    pub(super) fn count(&self, day: i64) -> i64 {
        match self.slot(day) {
            Some((word, bit)) => {
                let upto = self.words[word] & (u64::MAX >> (63 - bit));
                self.before[word] + i64::from(upto.count_ones())
            }
            None if day < self.first => weekdays(day),
            None => weekdays(day) - weekdays(self.last) + self.total,
        }
    }

    /// The working day whose `count` is `count`.
    pub(super) fn nth(&self, count: i64) -> i64 {
        if count > self.total {
            return weekday(count - self.total + weekdays(self.last));
        }
        let word = self.before.partition_point(|before| *before < count);
        if word == 0 {
            return weekday(count);
        }
        let mut bits = self.words[word - 1];
        for _ in 1..count - self.before[word - 1] {
            bits &= bits - 1;
        }
        let whole = i64::try_from((word - 1) * 64).unwrap_or(0);
        self.first + whole + i64::from(bits.trailing_zeros())
    }

    pub(super) fn at_or_after(&self, day: i64) -> i64 {
        if self.works(day) { day } else { self.nth(self.count(day) + 1) }
    }

    pub(super) fn certain_between(&self, from: i64, to: i64) -> bool {
        self.certain.iter().any(|(first, last)| *first <= from && to <= *last)
    }

    fn slot(&self, day: i64) -> Option<(usize, u32)> {
        if day < self.first || day > self.last {
            return None;
        }
        let at = u32::try_from(day - self.first).ok()?;
        Some((usize::try_from(at / 64).ok()?, at % 64))
    }
}

/// Years with a holiday in both halves, in order.
fn listed_years(rows: &[Row]) -> Vec<i16> {
    let mut halves: Vec<(i16, bool)> = Vec::new();
    for row in rows.iter().filter(|row| !row.working) {
        let date = date_of_day(row.day);
        halves.push((date.year(), date.month() > 6));
    }
    halves.sort_unstable();
    halves.dedup();
    halves.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect()
}

/// First and last days of each unbroken run of years.
fn year_runs(years: &[i16]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for year in years {
        let start = Date::new(*year, 1, 1).map_or(0, day_of_date);
        let end = Date::new(*year, 12, 31).map_or(0, day_of_date);
        match runs.last_mut() {
            Some(run) if run.1 + 1 == start => run.1 = end,
            _ => runs.push((start, end)),
        }
    }
    runs
}

/// A short fingerprint (FNV-1a) of the rows in date order: equal content, equal version, whatever the line endings.
fn fingerprint(rows: &[Row]) -> u32 {
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort_by_key(|row| row.day);
    let bytes = sorted
        .into_iter()
        .flat_map(|row| row.day.to_le_bytes().into_iter().chain([u8::from(row.working)]).chain(row.name.bytes()));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
