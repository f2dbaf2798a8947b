//! Spreadsheets: tables people file and send on, and lists they hand in.

mod read;
mod write;

pub use read::{ReadError, ReadLimits, read};
pub use write::{Cell, Column, Kind, Table, TableWriter, WriteError, write};
