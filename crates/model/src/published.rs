//! A figure as it was published: frozen with everything that is needed to work it out again, to the digit, later.

use crate::exact::Frac;
use crate::place::PlaceCode;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// A published value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Indicator.
    pub indicator: String,
    /// Place.
    pub place: PlaceCode,
    /// Its name then.
    pub place_name: String,
    /// Period, as in an address.
    pub period: String,
    /// As it was shown, without unit; `None` is n/a.
    pub value: Option<String>,
    /// Before rounding.
    pub exact: Option<Frac>,
    /// Rows it was counted from.
    pub rows: i64,
    /// Pack and version that defined it.
    pub pack: String,
    /// Hash over the definition of the indicator and of everything it is read from.
    pub definition: String,
    /// Edition of the places.
    pub edition: String,
    /// When.
    pub at: Timestamp,
    /// Journals it rests on: lines and Merkle root over them, by shard.
    #[serde(deserialize_with = "by_shard")]
    pub journals: BTreeMap<u32, (u64, String)>,
}

/// Keys as the texts JSON has for them: inside a line that is told apart by its tag, a key is no number any more.
fn by_shard<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u32, (u64, String)>, D::Error> {
    let texts = BTreeMap::<String, (u64, String)>::deserialize(from)?;
    texts.into_iter().map(|(shard, head)| Ok((shard.parse().map_err(D::Error::custom)?, head))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "change", rename_all = "snake_case")]
    enum Line {
        Put { published: Published },
    }

    #[test]
    fn a_value_is_read_back_from_a_line_of_a_journal() {
        let published = Published {
            indicator: "closed".to_owned(),
            place: "130903".parse().unwrap(),
            place_name: "County".to_owned(),
            period: "2022-06".to_owned(),
            value: Some("12.5".to_owned()),
            exact: Frac::new(25, 2),
            rows: 2,
            pack: "things 1".to_owned(),
            definition: "abc".to_owned(),
            edition: "2022".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            journals: BTreeMap::from([(130_903, (7, "root".to_owned())), (0, (1, "other".to_owned()))]),
        };
        let line = Line::Put { published };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line, "{text}");
    }
}
