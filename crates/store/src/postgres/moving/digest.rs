//! What proves that two tables hold the same rows, in whatever order they are read.

use super::tables::{Cell, Table, canonical};
use ganglion_kernel::merkle::leaf_hash;

/// A number of rows and the sum of their hashes: rows that differ in one sign, are missing or are there twice give another sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Rows.
    pub rows: u64,
    /// Sum of the first half of each row's SHA-256, modulo 2¹²⁸.
    pub sum: u128,
}

impl Digest {
    /// Adds a row.
    pub(super) fn add(&mut self, table: &Table, row: &[Cell]) -> Result<(), String> {
        if row.len() != table.columns.len() {
            return Err(format!("a row has {} columns, not {}", row.len(), table.columns.len()));
        }
        let mut bytes = Vec::new();
        for (column, cell) in table.columns.iter().zip(row) {
            match cell {
                None => bytes.push(0),
                Some(said) => {
                    let said = canonical(column.kind, said).map_err(|reason| format!("{}: {reason}", column.name))?;
                    bytes.push(1);
                    bytes.extend_from_slice(&(said.len() as u64).to_be_bytes());
                    bytes.extend_from_slice(said.as_bytes());
                }
            }
        }
        let hash = leaf_hash(&bytes);
        let half = hash.first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half));
        self.rows += 1;
        self.sum = self.sum.wrapping_add(half);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::TABLES;
    use super::*;

    fn of(rows: &[[&str; 2]]) -> Digest {
        let table = TABLES.iter().find(|table| table.name == "post").unwrap();
        let mut digest = Digest::default();
        for row in rows {
            digest.add(table, &row.map(|cell| Some(cell.to_owned()))).unwrap();
        }
        digest
    }

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        assert_eq!(of(&[["a", "1"], ["b", "2"]]), of(&[["b", "2"], ["a", "1"]]));
        assert_ne!(of(&[["a", "1"], ["b", "2"]]), of(&[["a", "2"], ["b", "1"]]));
        assert_ne!(of(&[["a", "1"]]), of(&[["a1", ""]]));
        assert_ne!(of(&[["a", "1"], ["a", "1"]]), of(&[["a", "1"]]));
        assert_ne!(of(&[["a", "1"], ["a", "1"]]), of(&[["b", "2"], ["b", "2"]]));
    }
}
