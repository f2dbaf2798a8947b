//! Where a reader of the journal stands: the last line of every shard it has seen, as one text that travels as the id of an
//! event and comes back when the reader goes on.

use crate::app::App;
use crate::error::Error;
use ganglion_model::Shard;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest text that is read.
const CHARS_MAX: usize = 8_192;

/// The last line seen of each shard; a shard that is not named was not read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position(BTreeMap<Shard, u64>);

impl Position {
    /// Where the journal stands now: what is written from now on comes after it.
    ///
    /// # Errors
    /// Storage.
    pub async fn now(app: &App) -> Result<Position, Error> {
        Ok(Position(app.store.positions().await?.into_iter().collect()))
    }

    /// Before the first line of everything.
    #[must_use]
    pub fn beginning() -> Position {
        Position::default()
    }

    /// The last line seen of a shard.
    #[must_use]
    pub fn of(&self, shard: Shard) -> u64 {
        self.0.get(&shard).copied().unwrap_or(0)
    }

    /// Moves on in one shard.
    pub fn seen(&mut self, shard: Shard, seq: u64) {
        self.0.insert(shard, seq);
    }

    /// This position, and for shards it does not name where `other` stands; the beginning stays before everything.
    #[must_use]
    pub fn over(self, other: &Position) -> Position {
        if self.0.is_empty() {
            return self;
        }
        let mut all = other.0.clone();
        all.extend(self.0);
        Position(all)
    }

    /// Reads the text of a position: `130902-45.130903-17`; `beginning` is before everything.
    #[must_use]
    pub fn parse(text: &str) -> Option<Position> {
        if text == "beginning" {
            return Some(Position::beginning());
        }
        if text.is_empty() || text.len() > CHARS_MAX {
            return None;
        }
        let part = |part: &str| {
            let (shard, seq) = part.split_once('-')?;
            Some((Shard(shard.parse().ok()?), seq.parse().ok()?))
        };
        text.split('.').map(part).collect::<Option<BTreeMap<Shard, u64>>>().map(Position)
    }
}

impl From<Position> for String {
    fn from(position: Position) -> String {
        if position.0.is_empty() {
            return "beginning".to_owned();
        }
        position.0.iter().map(|(shard, seq)| format!("{shard}-{seq}")).collect::<Vec<_>>().join(".")
    }
}

impl TryFrom<String> for Position {
    type Error = String;

    fn try_from(text: String) -> Result<Position, String> {
        Position::parse(&text).ok_or_else(|| "no position of the journal".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_travels_as_text() {
        let mut position = Position::parse("130902-45.130903-17").unwrap();
        assert_eq!((position.of(Shard(130_902)), position.of(Shard(130_903)), position.of(Shard(0))), (45, 17, 0));
        position.seen(Shard(0), 3);
        assert_eq!(String::from(position.clone()), "0-3.130902-45.130903-17");
        assert_eq!(Position::parse(&String::from(Position::beginning())), Some(Position::beginning()));
        let back = Position::parse("130902-3").unwrap().over(&position);
        assert_eq!(String::from(back), "0-3.130902-3.130903-17", "other shards are left where they stand");
        assert_eq!(Position::beginning().over(&position), Position::beginning());
        for bad in ["", "x", "1", "1-", "1-2.", "-1-2", &"1-2.".repeat(9000)] {
            assert_eq!(Position::parse(bad), None, "{bad:.20}");
        }
    }
}
