//! Functions of SQL that migrations may use: the leaf hash of a journal line, and the Merkle frontier over leaf hashes in order.

use ganglion_kernel::journal;
use ganglion_kernel::merkle::Frontier;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::{Connection, Result};

/// Gives them to a connection.
pub(super) fn functions(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("journal_leaf", 1, flags, |context| {
        let line: String = context.get(0)?;
        Ok(journal::hash(&line).to_vec())
    })?;
    connection.create_aggregate_function("journal_frontier", 1, flags, FrontierOf)
}

struct FrontierOf;

impl Aggregate<Frontier, Vec<u8>> for FrontierOf {
    fn init(&self, _: &mut Context<'_>) -> Result<Frontier> {
        Ok(Frontier::default())
    }

    fn step(&self, context: &mut Context<'_>, tree: &mut Frontier) -> Result<()> {
        tree.push(context.get(0)?);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, tree: Option<Frontier>) -> Result<Vec<u8>> {
        Ok(tree.unwrap_or_default().to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_kernel::merkle::leaf_hash;

    #[test]
    fn a_journal_hashed_the_older_way_is_hashed_anew() {
        let connection = Connection::open_in_memory().unwrap();
        functions(&connection).unwrap();
        connection.execute_batch(include_str!("migrations/0001-tables.sql")).unwrap();
        let mut tree = Frontier::default();
        for seq in 1..=300_i64 {
            let line = format!("{{\"seq\":{seq}}}");
            tree.push(journal::hash(&line));
            let sql = "INSERT INTO journal (shard, seq, at, command, leaf, entry) VALUES (130903, ?, 0, x'00', ?, ?)";
            connection.execute(sql, rusqlite::params![seq, leaf_hash(line.as_bytes()), line]).unwrap();
        }
        let head = "INSERT INTO shard_head (shard, seq, numbering, frontier) VALUES (130903, 300, '{}', x'00')";
        connection.execute(head, []).unwrap();
        connection.execute_batch(include_str!("migrations/0012-log.sql")).unwrap();
        let frontier: Vec<u8> = connection.query_row("SELECT frontier FROM shard_head", [], |row| row.get(0)).unwrap();
        assert_eq!(Frontier::from_bytes(&frontier), Some(tree));
        let fresh = "SELECT count(*) FROM journal WHERE leaf = journal_leaf(entry)";
        assert_eq!(connection.query_row(fresh, [], |row| row.get::<_, i64>(0)).unwrap(), 300);
        assert!(connection.execute("UPDATE journal SET at = 1", []).is_err(), "still append-only");
    }
}
