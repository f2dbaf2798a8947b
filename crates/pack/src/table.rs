//! CSV (RFC 4180) in which every cell knows its line and column, so that a bad one can be named exactly.

use crate::sink::{At, Sink};

/// Most rows of a table.
pub const MAX_ROWS: usize = 100_000;

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Where it starts.
    pub at: At,
    /// Its text, trimmed.
    pub text: String,
}

/// A table: head and rows of the same width.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<Cell>,
    /// Rows; short ones are reported and left out.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Index of the column `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.head.iter().position(|cell| cell.text == name)
    }

    /// Reads `text`, registered in `sink` as `file`.
    pub fn parse(sink: &Sink, file: usize, text: &str) -> Table {
        let mut rows =
            Scanner { file, line: 1, column: 1, text: text.trim_start_matches('\u{feff}').chars().peekable() };
        let mut table = Table::default();
        while let Some(row) = rows.row(sink) {
            if row.iter().all(|cell| cell.text.is_empty()) {
                continue;
            }
            if table.head.is_empty() {
                table.head = row;
            } else if row.len() == table.head.len() {
                table.rows.push(row);
            } else if let Some(first) = row.first() {
                let message = format!("this row has {} cells, the head has {}", row.len(), table.head.len());
                sink.error_help(first.at, "ragged-row", message, "a text with a comma needs double quotes");
            }
            if table.rows.len() >= MAX_ROWS {
                break;
            }
        }
        table
    }
}

struct Scanner<'a> {
    file: usize,
    line: u32,
    column: u32,
    text: std::iter::Peekable<std::str::Chars<'a>>,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.text.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn row(&mut self, sink: &Sink) -> Option<Vec<Cell>> {
        self.text.peek()?;
        let mut row = Vec::new();
        loop {
            let at = At { file: self.file, line: self.line, column: self.column };
            let text = if self.text.peek() == Some(&'"') { self.quoted(sink, at) } else { String::new() };
            let (rest, end) = self.plain();
            row.push(Cell { at, text: (text + &rest).trim().to_owned() });
            if end != Some(',') {
                return Some(row);
            }
        }
    }

    /// Up to the end of the cell; gives the character that ended it.
    fn plain(&mut self) -> (String, Option<char>) {
        let mut text = String::new();
        loop {
            match self.next() {
                end @ (None | Some(',' | '\n')) => return (text, end),
                Some('\r') => {}
                Some(c) => text.push(c),
            }
        }
    }

    fn quoted(&mut self, sink: &Sink, at: At) -> String {
        let mut text = String::new();
        self.next();
        loop {
            match self.next() {
                None => {
                    sink.error_help(at, "open-quote", "this quoted cell has no end", "close it with \"");
                    return text;
                }
                Some('"') if self.text.peek() == Some(&'"') => {
                    self.next();
                    text.push('"');
                }
                Some('"') => return text,
                Some(c) => text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_know_their_place_also_behind_quotes_and_line_breaks() {
        let sink = Sink::default();
        let table = Table::parse(&sink, 0, "a,b\r\n\"x, \"\"y\"\"\nz\",2\n中文, 4 \n");
        assert_eq!(table.rows[0][0].text, "x, \"y\"\nz");
        assert_eq!((table.rows[0][1].at.line, table.rows[0][1].at.column), (3, 4));
        assert_eq!((table.rows[1][1].at.line, table.rows[1][1].at.column, &*table.rows[1][1].text), (4, 4, "4"));
        assert!(sink.finish().is_empty());
    }
}
