//! Rows of registers that simulated people name: halls, windows. Those of the deployment that say whose they are.

use ganglion_kernel::world::World;
use ganglion_model::{Fields, PlaceCode};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::HashMap;

/// A row that may be named.
struct Row {
    key: String,
    owner: PlaceCode,
    fields: Fields,
}

/// Rows by register.
#[derive(Default)]
pub struct Rows(HashMap<String, Vec<Row>>);

impl Rows {
    /// The rows that hold on `day`.
    pub fn of(world: &World, day: Date) -> Rows {
        let owned = world.model.registers.values().filter(|register| register.owner.is_some());
        let of = |register: &ganglion_model::pack::Register| {
            let rows = world.rows_on(&register.name, day).into_iter();
            rows.filter_map(|row| {
                let owner = register.owner_of(&row.fields)?;
                Some(Row { key: row.key.clone(), owner, fields: row.fields.clone() })
            })
            .collect()
        };
        Rows(owned.map(|register| (register.name.clone(), of(register))).collect())
    }

    /// A row of `asked` (`REGISTER` or `REGISTER COLUMN=FIELD`): of those that belong to the place itself, else of those
    /// above it. `draw` chooses among them.
    pub fn pick(&self, asked: &str, place: PlaceCode, (case, draw): (&Fields, u32)) -> Option<String> {
        let (register, condition) = asked.split_once(' ').unwrap_or((asked, ""));
        let fits =
            |row: &&Row| condition.split_once('=').is_none_or(|(column, field)| serves(row, column, case.get(field)));
        let all = self.0.get(register)?;
        let own: Vec<&Row> = all.iter().filter(|row| row.owner == place).filter(fits).collect();
        let above: Vec<&Row> = all.iter().filter(|row| row.owner.holds(place)).filter(fits).collect();
        let among = if own.is_empty() { above } else { own };
        let at = usize::try_from(draw).unwrap_or_default().checked_rem(among.len())?;
        among.get(at).map(|row| row.key.clone())
    }
}

/// Whether a column holds a value; an empty one holds them all.
fn serves(row: &Row, column: &str, value: Option<&Value>) -> bool {
    match (row.fields.get(column), value) {
        (None | Some(Value::Null), _) => true,
        (Some(Value::Array(items)), Some(value)) => items.is_empty() || items.contains(value),
        (held, value) => held == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(key: &str, owner: &str, fields: Value) -> Row {
        Row { key: key.into(), owner: owner.parse().unwrap(), fields: serde_json::from_value(fields).unwrap() }
    }

    #[test]
    fn a_row_of_the_place_itself_is_named_before_those_above() {
        let rows = Rows(HashMap::from([(
            "window".to_owned(),
            vec![
                row("county", "130903", json!({})),
                row("tax", "130903001", json!({"serves": ["D"]})),
                row("all", "130903001", json!({})),
            ],
        )]));
        let town: PlaceCode = "130903001".parse().unwrap();
        let case = |business: &str| Fields::from([("business".to_owned(), json!(business))]);
        let keys = |asked: &str, case: &Fields| -> Vec<String> {
            (0..4).filter_map(|draw| rows.pick(asked, town, (case, draw))).collect()
        };
        assert_eq!(keys("window serves=business", &case("A")), ["all"; 4]);
        assert_eq!(keys("window serves=business", &case("D")), ["tax", "all", "tax", "all"]);
        let village: PlaceCode = "130903002001".parse().unwrap();
        assert_eq!(rows.pick("window", village, (&Fields::new(), 7)).as_deref(), Some("county"));
        assert_eq!(rows.pick("nothing", village, (&Fields::new(), 7)), None);
    }
}
