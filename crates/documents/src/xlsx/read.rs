//! A list somebody hands in as XLSX: the first sheet as rows of texts, within bounds. Days come as `2022-06-14`, whole numbers
//! without a point, so that a cell reads the same as in a CSV. Left out: what the cells mean.

use calamine::{DataRef, Reader as _, Xlsx};
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// What is read at most.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// Rows.
    pub rows_max: usize,
    /// Columns.
    pub columns_max: usize,
    /// Bytes of the file when unpacked: a small file can unpack to anything.
    pub unpacked_bytes_max: u64,
}

impl Default for ReadLimits {
    fn default() -> ReadLimits {
        ReadLimits { rows_max: 200_000, columns_max: 200, unpacked_bytes_max: 512 * 1024 * 1024 }
    }
}

/// Why a file was not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not an XLSX file, or a damaged one.
    #[error("this is no XLSX file that can be read: {0}")]
    NotXlsx(String),
    /// It has no sheet.
    #[error("the file has no sheet")]
    NoSheet,
    /// It unpacks to more than is read.
    #[error("the file unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// More rows than are taken.
    #[error("the first sheet has more than {0} rows")]
    TooManyRows(usize),
    /// More columns than are taken.
    #[error("the first sheet has more than {0} columns")]
    TooManyColumns(usize),
}

fn not_xlsx(error: impl std::fmt::Display) -> ReadError {
    ReadError::NotXlsx(error.to_string())
}

/// The first sheet of `bytes`: rows of texts, each as long as its last cell; row `n` of the sheet is item `n - 1`.
///
/// # Errors
/// See [`ReadError`].
pub fn read(bytes: &[u8], limits: ReadLimits) -> Result<Vec<Vec<String>>, ReadError> {
    unpacked(bytes, limits.unpacked_bytes_max)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(not_xlsx)?;
    let name = book.sheet_names().first().cloned().ok_or(ReadError::NoSheet)?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(not_xlsx)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(not_xlsx)? {
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        let (row, column) = (row as usize, column as usize);
        if row >= limits.rows_max {
            return Err(ReadError::TooManyRows(limits.rows_max));
        }
        if column >= limits.columns_max {
            return Err(ReadError::TooManyColumns(limits.columns_max));
        }
        if rows.len() <= row {
            rows.resize_with(row + 1, Vec::new);
        }
        if let Some(cells) = rows.get_mut(row) {
            cells.resize(cells.len().max(column + 1), String::new());
            cells[column] = text;
        }
    }
    Ok(rows)
}

/// Unpacks everything once without keeping it: what the file says about its own sizes proves nothing.
fn unpacked(bytes: &[u8], most: u64) -> Result<(), ReadError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(not_xlsx)?;
    let mut left = most;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(not_xlsx)?;
        let read = std::io::copy(&mut file.take(left + 1), &mut std::io::sink()).map_err(not_xlsx)?;
        left = left.checked_sub(read).ok_or(ReadError::TooLarge(most))?;
    }
    Ok(())
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => plain(*number),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(at) if at.is_duration() => plain(at.as_f64()),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => format!("{error:?}"),
        DataRef::Empty => String::new(),
    }
}

/// A number as somebody would type it: spreadsheets keep 12 as 12.0 and 0.3 as 0.30000000000000004.
fn plain(number: f64) -> String {
    let rounded = format!("{number:.10}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}
