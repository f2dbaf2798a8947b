//! Deadline arithmetic: which days and hours count, when a period ends, and how a running clock is paused, extended and
//! stopped. Pure: every instant is an argument, every calendar is passed in, the zone is the fixed offset +08:00.
//!
//! Left out on purpose: who may pause or extend and how often (the process decides), what happens when a limit passes
//! (timers and effects), and the words shown on a screen.

mod calendar;
mod calendar_csv;
mod day;
mod deadline;
mod hours;
mod length;
mod reading;
mod rule;
mod running;
#[cfg(test)]
mod tests;
mod until;

pub use calendar::Calendar;
pub use calendar_csv::{BadDay, BadLine, CalendarError};
pub use day::{instant_of, local_clock, local_date, midnight};
pub use deadline::{Deadline, Office, due};
pub use hours::{HoursError, OfficeHours};
pub use length::{Length, LengthError, Unit};
pub use reading::Left;
pub use rule::Rule;
pub use running::{Change, Clock, ClockError};
pub use until::{Ends, EndsError, clock_until, last_stretch, too_late_before};
