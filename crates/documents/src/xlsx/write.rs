//! Tables as XLSX: title, notes, header with units, frozen above the rows, number formats, totals. Rows are written as they
//! come and never held, so a table of a million rows needs no more memory than one of ten.

use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError};
use std::io::Write;

/// Rows a sheet can hold below its header.
const ROWS_MAX: u32 = 1_048_000;
/// Longest text a cell can hold.
const CELL_CHARS_MAX: usize = 32_767;
/// Characters no name of a sheet may have.
const NOT_IN_NAMES: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];
/// Longest name of a sheet.
const NAME_CHARS_MAX: usize = 31;

/// How the values of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; also numbers that are names (codes, telephones).
    Text,
    /// A number with this many decimals and separated thousands.
    Number(u8),
    /// A share given as a fraction (0.964), shown in percent with this many decimals.
    Percent(u8),
    /// A civil day.
    Day,
    /// A moment, in the time of the place.
    Moment,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Title.
    pub title: String,
    /// Unit, shown below the title; may be empty.
    pub unit: String,
    /// How values are written.
    pub kind: Kind,
    /// Width in characters.
    pub width: f64,
    /// Whether the last row adds it up.
    pub total: bool,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub fn text(title: impl Into<String>) -> Column {
        Column { title: title.into(), unit: String::new(), kind: Kind::Text, width: 18.0, total: false }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(title: impl Into<String>, unit: impl Into<String>, decimals: u8) -> Column {
        Column { title: title.into(), unit: unit.into(), kind: Kind::Number(decimals), width: 14.0, total: false }
    }
}

/// A value. Texts are written as texts whatever they begin with, so none is ever run as a formula.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// Year, month, day.
    Day(u16, u8, u8),
    /// Year, month, day, hour, minute.
    Moment(u16, u8, u8, u8, u8),
}

/// What stands above the rows.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Title above the table and name of the sheet.
    pub title: &'a str,
    /// Lines between title and header (period, place, who took it and when).
    pub notes: &'a [String],
    /// Columns.
    pub columns: &'a [Column],
    /// The word in front of the totals.
    pub total: &'a str,
}

/// Why a table was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// More rows than a sheet holds.
    #[error("a sheet holds {ROWS_MAX} rows")]
    TooManyRows,
    /// What the library said.
    #[error("the table could not be written: {0}")]
    Xlsx(#[from] XlsxError),
}

/// A table in the making: rows are pushed one by one, then it is finished.
pub struct TableWriter {
    book: Workbook,
    columns: Vec<Column>,
    formats: Vec<Format>,
    total: String,
    first_row: u32,
    row: u32,
}

impl TableWriter {
    /// Begins with title, notes and header.
    ///
    /// # Errors
    /// When the temporary file cannot be made.
    pub fn new(table: &Table<'_>) -> Result<TableWriter, WriteError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet_with_constant_memory()?;
        sheet.set_name(sheet_name(table.title))?;
        let header_row = head(sheet, table)?;
        let first_row = header_row + 1;
        sheet.set_freeze_panes(first_row, 0)?;
        sheet.set_repeat_rows(header_row, header_row)?;
        if table.columns.len() > 6 {
            sheet.set_landscape();
        }
        sheet.set_print_fit_to_pages(1, 0);
        let formats = table.columns.iter().map(|column| format_of(column.kind)).collect();
        let columns = table.columns.to_vec();
        Ok(TableWriter { book, columns, formats, total: table.total.to_owned(), first_row, row: first_row })
    }

    /// Adds a row; cells beyond the columns are left out.
    ///
    /// # Errors
    /// When the sheet is full or the disk is.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), WriteError> {
        if self.row - self.first_row >= ROWS_MAX {
            return Err(WriteError::TooManyRows);
        }
        let (row, sheet) = (self.row, self.book.worksheet_from_index(0)?);
        for ((at, cell), format) in (0_u16..).zip(cells).zip(&self.formats) {
            put(sheet, (row, at), cell, format)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Rows written so far.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.row - self.first_row
    }

    /// Writes the totals and the whole file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish<W: Write + Send>(mut self, to: W) -> Result<u32, WriteError> {
        let rows = self.rows();
        if rows > 0 && self.columns.iter().any(|column| column.total) {
            self.totals()?;
        }
        self.book.save_to_writer(to)?;
        Ok(rows)
    }

    fn totals(&mut self) -> Result<(), WriteError> {
        let (first, row) = (self.first_row + 1, self.row);
        let sheet = self.book.worksheet_from_index(0)?;
        let bold = Format::new().set_bold().set_border_top(FormatBorder::Thin);
        if self.columns.first().is_some_and(|column| !column.total) {
            sheet.write_string_with_format(row, 0, &self.total, &bold)?;
        }
        for ((at, column), format) in (0_u16..).zip(&self.columns).zip(&self.formats) {
            if column.total {
                let letters = column_letters(at);
                let format = format.clone().set_bold().set_border_top(FormatBorder::Thin);
                let sum = Formula::new(format!("=SUM({letters}{first}:{letters}{row})"));
                sheet.write_formula_with_format(row, at, sum, &format)?;
            }
        }
        Ok(())
    }
}

/// Writes a table in one go; gives the number of rows.
///
/// # Errors
/// See [`WriteError`].
pub fn write<W: Write + Send>(
    table: &Table<'_>,
    rows: impl IntoIterator<Item = Vec<Cell>>,
    to: W,
) -> Result<u32, WriteError> {
    let mut writer = TableWriter::new(table)?;
    for row in rows {
        writer.row(&row)?;
    }
    writer.finish(to)
}

/// Title, notes and header; gives the header's row.
fn head(sheet: &mut Worksheet, table: &Table<'_>) -> Result<u32, WriteError> {
    for (at, column) in (0_u16..).zip(table.columns) {
        sheet.set_column_width(at, column.width)?;
    }
    let title = Format::new().set_bold().set_font_size(16);
    sheet.write_string_with_format(0, 0, clipped(table.title), &title)?;
    let mut row = 1;
    let note = Format::new().set_font_color("#4A5A57");
    for line in table.notes {
        sheet.write_string_with_format(row, 0, clipped(line), &note)?;
        row += 1;
    }
    let header = Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_background_color("#F5F7F8")
        .set_border(FormatBorder::Thin);
    for (at, column) in (0_u16..).zip(table.columns) {
        let text = match column.unit.as_str() {
            "" => column.title.clone(),
            unit => format!("{}\n({unit})", column.title),
        };
        sheet.write_string_with_format(row, at, clipped(&text), &header)?;
    }
    Ok(row)
}

fn put(sheet: &mut Worksheet, (row, at): (u32, u16), cell: &Cell, format: &Format) -> Result<(), WriteError> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => sheet.write_string(row, at, clipped(text))?,
        Cell::Number(number) => sheet.write_number_with_format(row, at, *number, format)?,
        Cell::Day(year, month, day) => {
            let day = ExcelDateTime::from_ymd(*year, *month, *day)?;
            sheet.write_datetime_with_format(row, at, &day, format)?
        }
        Cell::Moment(year, month, day, hour, minute) => {
            let at_day = ExcelDateTime::from_ymd(*year, *month, *day)?.and_hms(u16::from(*hour), *minute, 0.0)?;
            sheet.write_datetime_with_format(row, at, &at_day, format)?
        }
    };
    Ok(())
}

fn format_of(kind: Kind) -> Format {
    let decimals =
        |places: u8| if places == 0 { String::new() } else { format!(".{}", "0".repeat(usize::from(places))) };
    match kind {
        Kind::Text => Format::new(),
        Kind::Number(places) => Format::new().set_num_format(format!("#,##0{}", decimals(places))),
        Kind::Percent(places) => Format::new().set_num_format(format!("0{}%", decimals(places))),
        Kind::Day => Format::new().set_num_format("yyyy-mm-dd"),
        Kind::Moment => Format::new().set_num_format("yyyy-mm-dd hh:mm"),
    }
}

fn sheet_name(title: &str) -> String {
    let name: String = title.chars().filter(|c| !NOT_IN_NAMES.contains(c)).take(NAME_CHARS_MAX).collect();
    let name = name.trim_matches('\'').trim().to_owned();
    if name.is_empty() { "1".to_owned() } else { name }
}

fn clipped(text: &str) -> String {
    text.chars().take(CELL_CHARS_MAX).collect()
}

/// `A`, `B` … `Z`, `AA` …
fn column_letters(at: u16) -> String {
    let mut letters = Vec::new();
    let mut rest = u32::from(at) + 1;
    while rest > 0 {
        let digit = (rest - 1) % 26;
        letters.push(char::from(b'A' + u8::try_from(digit).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_spreadsheets_call_them() {
        assert_eq!([0, 25, 26, 701, 702].map(column_letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
