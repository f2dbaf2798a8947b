//! A file somebody hands in, as rows of texts: XLSX, or CSV in UTF-8, UTF-16 or the encodings Chinese spreadsheets write. Any
//! bytes give rows or an error; sizes are bounded before anything is kept.

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};
use ganglion_documents::xlsx::{ReadLimits, read as read_xlsx};

/// Rows of a file.
pub const ROWS_MAX: usize = 200_000;
/// Columns of a file.
pub const COLUMNS_MAX: usize = 200;
/// Bytes of one cell that are kept.
pub const CELL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a file when unpacked.
const UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// A sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Rows; the first is line 1.
    pub rows: Vec<Vec<String>>,
}

/// Why a file was not read. Each has a text `table-<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableError {
    /// Neither XLSX nor text.
    NotATable,
    /// An XLSX file that is damaged, in the words of the reader.
    Xlsx(String),
    /// More rows or columns than are taken.
    TooLarge,
    /// Nothing in it.
    Empty,
}

impl TableError {
    /// Name of its text.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            TableError::NotATable => "not-a-table",
            TableError::Xlsx(_) => "xlsx",
            TableError::TooLarge => "too-large",
            TableError::Empty => "empty",
        }
    }
}

/// Reads a file.
///
/// # Errors
/// See [`TableError`].
pub fn read(bytes: &[u8]) -> Result<Sheet, TableError> {
    let rows = if bytes.starts_with(b"PK\x03\x04") { xlsx(bytes)? } else { csv_rows(&text(bytes)?)? };
    if rows.iter().all(|row| row.iter().all(|cell| cell.trim().is_empty())) {
        return Err(TableError::Empty);
    }
    Ok(Sheet { rows })
}

fn xlsx(bytes: &[u8]) -> Result<Vec<Vec<String>>, TableError> {
    use ganglion_documents::xlsx::ReadError;
    let limits = ReadLimits { rows_max: ROWS_MAX, columns_max: COLUMNS_MAX, unpacked_bytes_max: UNPACKED_BYTES_MAX };
    read_xlsx(bytes, limits).map_err(|error| match error {
        ReadError::TooLarge(_) | ReadError::TooManyRows(_) | ReadError::TooManyColumns(_) => TableError::TooLarge,
        other => TableError::Xlsx(other.to_string()),
    })
}

/// The text of a file: by its byte order mark, as UTF-8 if it is that, else as GB 18030, which holds GBK and GB 2312.
fn text(bytes: &[u8]) -> Result<String, TableError> {
    let whole = |encoding: &'static Encoding| {
        let (text, _, damaged) = encoding.decode(bytes);
        if damaged { Err(TableError::NotATable) } else { Ok(text.into_owned()) }
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => whole(UTF_16LE)?,
        [0xfe, 0xff, ..] => whole(UTF_16BE)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            std::str::from_utf8(rest).map(str::to_owned).map_err(|_| TableError::NotATable)?
        }
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => whole(GB18030)?,
        },
    };
    if text.contains('\0') {
        return Err(TableError::NotATable);
    }
    // One kind of line end, and one after the last line, so that lines can be counted.
    Ok(format!("{}\n", text.replace("\r\n", "\n").replace('\r', "\n")))
}

fn csv_rows(text: &str) -> Result<Vec<Vec<String>>, TableError> {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    // Spreadsheets separate by semicolons or tabs where the comma is taken.
    let delimiter = [b',', b'\t', b';'].into_iter().rev().max_by_key(|mark| count(char::from(*mark))).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
    while reader.read_record(&mut record).map_err(|_| TableError::NotATable)? {
        // Blank lines are skipped by the reader; rows keep the numbers of their lines all the same.
        let inside: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
        let end = usize::try_from(reader.position().line()).unwrap_or(usize::MAX);
        let line = end.saturating_sub(inside + 1).max(rows.len() + 1);
        if line > ROWS_MAX || record.len() > COLUMNS_MAX {
            return Err(TableError::TooLarge);
        }
        rows.resize_with(line - 1, Vec::new);
        rows.push(record.iter().map(kept).collect());
    }
    Ok(rows)
}

fn kept(cell: &str) -> String {
    let cell = cell.trim();
    let end = (0..=cell.len().min(CELL_BYTES_MAX)).rev().find(|at| cell.is_char_boundary(*at)).unwrap_or(0);
    cell[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_read_whatever_wrote_it() {
        let expected = vec![vec!["井号".to_owned(), "深".to_owned()], vec!["W1".to_owned(), "80".to_owned()]];
        let text = "井号,深\r\nW1,80\r\n";
        let with_mark = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        let (gbk, _, _) = GB18030.encode(text);
        let utf16: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(|unit: u16| unit.to_le_bytes()).collect();
        for bytes in [text.as_bytes(), with_mark.as_slice(), gbk.as_ref(), utf16.as_slice()] {
            assert_eq!(read(bytes).unwrap().rows, expected);
        }
        assert_eq!(read("井号\t深\nW1\t80".as_bytes()).unwrap().rows, expected);
        assert_eq!(read("a;b,c\n1;2".as_bytes()).unwrap().rows[1], ["1;2"], "a tie goes to the comma");
    }

    #[test]
    fn rows_keep_the_numbers_of_their_lines() {
        let rows = read(b"a,b\n\n\nx,\"two\nlines\"\ny,z\n").unwrap().rows;
        assert_eq!((rows[3][1].as_str(), rows[5][0].as_str()), ("two\nlines", "y"));
        assert!(rows[1].is_empty() && rows[4].is_empty());
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(read(b"\x00\x01\x02\xff"), Err(TableError::NotATable));
        assert_eq!(read(b""), Err(TableError::Empty));
        assert_eq!(read(b" , \n,\n"), Err(TableError::Empty));
        assert!(matches!(read(b"PK\x03\x04 nothing"), Err(TableError::Xlsx(_))));
        let wide = vec!["x"; COLUMNS_MAX + 1].join(",");
        assert_eq!(read(wide.as_bytes()), Err(TableError::TooLarge));
    }
}
