//! The SQL behind lists of register rows. Pages in key order run over an index; a list by another field is sorted.
//!
//! Names of fields stand in the text, so that an index over a field can serve it; everything else is a parameter. Such
//! statements are many, so they are sent whole and not kept prepared.

use super::error::failed;
use super::row::{Stored, range, shard, text};
use super::sql::Param;
use deadpool_postgres::Object;
use ganglion_kernel::port_rows::{FieldTest, RowAfter, RowFilter, RowOrder, RowSort};
use serde_json::Value;
use std::fmt::Write as _;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

/// A statement with its values.
pub(super) struct Query<'a> {
    /// Text.
    pub text: String,
    values: Vec<(Param<'a>, Type)>,
}

impl<'a> Query<'a> {
    /// Begins with these words, which have no condition yet.
    pub fn new(text: &str) -> Query<'a> {
        Query { text: text.to_owned(), values: Vec::new() }
    }

    /// Takes a value; gives its name in the text.
    pub fn value(&mut self, value: impl ToSql + Sync + Send + 'a, kind: Type) -> String {
        self.values.push((Box::new(value), kind));
        format!("${}", self.values.len())
    }

    /// Adds a condition.
    pub fn and(&mut self, condition: &str) {
        let joint = if self.text.contains(" WHERE ") { " AND " } else { " WHERE " };
        self.text.push_str(joint);
        self.text.push_str(condition);
    }

    /// Every row, read by `read`.
    pub async fn all<T>(
        &self,
        client: &Object,
        attempted: &'static str,
        read: impl FnMut(&Row) -> Stored<T>,
    ) -> Stored<Vec<T>> {
        let args: Vec<(&(dyn ToSql + Sync), Type)> =
            self.values.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone())).collect();
        let rows = client.query_typed(&self.text, &args).await.map_err(failed(attempted))?;
        rows.iter().map(read).collect()
    }
}

/// Whether a name is one packs may give, and so may stand in SQL.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A field of a row as JSON. Names of fields are `snake_case`, the compiler sees to it; anything else becomes a field no row has.
pub(super) fn field(name: &str) -> String {
    format!("(r.body -> 'fields' -> '{}')", if is_plain(name) { name } else { "NONE" })
}

/// A JSON value as text; nothing for null.
fn said(value: &str) -> String {
    format!("({value} #>> '{{}}')")
}

/// What a text is sorted by, as [`ganglion_kernel::port_rows::compare`] does: whether it is a text that is no number, the number, the text.
fn sort(said: &str) -> [String; 3] {
    let is_number = format!("({said} ~ '^-?[0-9]+[.]?[0-9]*$')");
    [
        format!("(NOT {is_number})"),
        format!("(CASE WHEN {is_number} THEN {said}::numeric ELSE 0 END)"),
        format!("(CASE WHEN {is_number} THEN '' ELSE {said} END COLLATE \"C\")"),
    ]
}

/// What a list is sorted by before key and shard; each part is never null.
fn sorted(order: &RowOrder) -> Vec<String> {
    match &order.by {
        RowSort::Key => Vec::new(),
        RowSort::Changed => vec!["r.updated_at".to_owned()],
        RowSort::Field(name) => {
            let value = said(&field(name));
            let mut parts = vec![format!("({value} IS NOT NULL)")];
            parts.extend(sort(&format!("coalesce({value}, '')")));
            parts
        }
    }
}

/// The text a value is compared as.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(said) => text(said).into_owned(),
        other => other.to_string(),
    }
}

/// The sort value of the last row shown, part by part as [`sorted`] has them.
fn bounds(query: &mut Query<'_>, order: &RowOrder, after: &RowAfter) -> Vec<String> {
    match (&order.by, &after.value) {
        (RowSort::Key, _) => Vec::new(),
        (RowSort::Changed, value) => vec![query.value(value.as_i64().unwrap_or_default(), Type::INT8)],
        (RowSort::Field(_), value) => {
            let known = if value.is_null() { String::new() } else { text_of(value) };
            let known = query.value(known, Type::TEXT);
            let mut parts = vec![(!value.is_null()).to_string()];
            parts.extend(sort(&known));
            parts
        }
    }
}

/// A page of bodies, with shard, register and key.
pub(super) fn page<'a>(filter: &RowFilter, order: &RowOrder, after: Option<&RowAfter>, limit: u32) -> Query<'a> {
    let mut query = Query::new("SELECT r.body::text, r.shard, r.register, r.key FROM record r");
    conditions(&mut query, filter);
    let (side, way) = if order.descending { ('<', " DESC") } else { ('>', "") };
    let mut by = sorted(order);
    by.extend(["r.key".to_owned(), "r.shard".to_owned()]);
    if let Some(after) = after {
        let mut known = bounds(&mut query, order, after);
        known.push(query.value(text(&after.key).into_owned(), Type::TEXT));
        known.push(query.value(shard(after.shard), Type::INT4));
        query.and(&format!("({}) {side} ({})", by.join(", "), known.join(", ")));
    }
    let by: Vec<String> = by.into_iter().map(|part| format!("{part}{way}")).collect();
    let _ = write!(query.text, " ORDER BY {} LIMIT {limit}", by.join(", "));
    query
}

/// How many rows a filter has.
pub(super) fn count<'a>(filter: &RowFilter) -> Query<'a> {
    let mut query = Query::new("SELECT count(*) FROM record r");
    conditions(&mut query, filter);
    query
}

fn conditions(query: &mut Query<'_>, filter: &RowFilter) {
    let register = query.value(text(&filter.register).into_owned(), Type::TEXT);
    query.and(&format!("r.register = {register}"));
    let day = query.value(filter.on.to_string(), Type::TEXT);
    query.and(&format!("r.valid_from <= {day} AND (r.valid_to IS NULL OR r.valid_to > {day})"));
    if let Some(place) = filter.place {
        let (low, high) = range(place);
        let (low, high) = (query.value(low, Type::INT8), query.value(high, Type::INT8));
        query.and(&format!("r.place >= {low} AND r.place < {high}"));
    }
    if let Some(word) = &filter.word {
        let word = query.value(text(&word.to_lowercase()).into_owned(), Type::TEXT);
        query.and(&format!("strpos(r.words, {word}) > 0"));
    }
    for (name, test) in &filter.fields {
        condition(query, name, test);
    }
    if let Some((name, [west, south, east, north])) = &filter.bounds {
        let [west, south, east, north] = [*west, *south, *east, *north].map(|bound| query.value(bound, Type::FLOAT8));
        let part = |at: u8| {
            let value = format!("({} -> {at})", field(name));
            format!("(CASE WHEN jsonb_typeof({value}) = 'number' THEN ({value})::float8 END)")
        };
        query.and(&format!("{} BETWEEN {west} AND {east} AND {} BETWEEN {south} AND {north}", part(0), part(1)));
    }
}

fn condition(query: &mut Query<'_>, name: &str, test: &FieldTest) {
    let value = field(name);
    match test {
        FieldTest::Is(wanted) => {
            let wanted = query.value(jsonb_text(wanted), Type::TEXT);
            query.and(&format!(
                "({value} = {wanted}::jsonb OR (jsonb_typeof({value}) = 'array' AND EXISTS (SELECT 1 FROM \
                 jsonb_array_elements(CASE WHEN jsonb_typeof({value}) = 'array' THEN {value} ELSE '[]' END) item \
                 WHERE item.value = {wanted}::jsonb)))"
            ));
        }
        FieldTest::AtLeast(bound) => compared(query, &value, (">=", bound)),
        FieldTest::AtMost(bound) => compared(query, &value, ("<=", bound)),
        FieldTest::Empty => query.and(&format!("({value} IS NULL OR {value} = 'null'::jsonb)")),
    }
}

fn compared(query: &mut Query<'_>, value: &str, (side, bound): (&str, &Value)) {
    let bound = query.value(text_of(bound), Type::TEXT);
    let value = said(value);
    query.and(&format!("{value} IS NOT NULL"));
    query.and(&format!("({}) {side} ({})", sort(&value).join(", "), sort(&bound).join(", ")));
}

/// A value as text the database reads as JSON.
pub(super) fn jsonb_text(value: &Value) -> String {
    value.to_string().replace("\\u0000", "\u{fffd}")
}
