//! The SQL behind lists of cases: which index drives a list, and which conditions are looked at on the way.
//!
//! The driving index is named in the statement, so that no list depends on statistics: a page costs what it shows, however
//! long the history. Lists over several posts become several arms, whose pages the caller merges.

use super::packed::case_text_of;
use super::words::Search;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::{Level, PlaceCode, PostId};
use rusqlite::types::Value;
use std::fmt::Write as _;

/// A statement with its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sql {
    /// Text with `?` for values.
    pub text: String,
    /// The values in order.
    pub values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: &str) -> Sql {
        Sql { text: text.to_owned(), values: Vec::new() }
    }

    pub(super) fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        let joint = if self.text.contains(" WHERE ") { " AND " } else { " WHERE " };
        self.text.push_str(joint);
        self.text.push_str(condition);
        self.values.extend(values);
    }
}

/// How an arm finds the cases of a post.
#[derive(Clone, Copy)]
enum Post<'a> {
    Any,
    Assigned(&'a PostId),
    Assisting(&'a PostId),
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub(super) fn padded(code: u64) -> Value {
    Value::Integer(i64::try_from(code).unwrap_or(i64::MAX))
}

/// A page: one statement for each arm; every one gives body, sort value and id in the order asked for.
pub(super) fn page(
    (filter, search): (&CaseFilter, &Search),
    order: CaseOrder,
    after: Option<&After>,
    limit: u32,
) -> Vec<Sql> {
    // A condition that never holds would be all that is left of the others, and with it no index for open cases is allowed.
    if *search == Search::Nothing {
        return Vec::new();
    }
    if filter.assignees.is_empty() {
        return vec![arm((filter, search), Post::Any, (order, after, limit))];
    }
    let arms = filter.assignees.iter().flat_map(|post| [Post::Assigned(post), Post::Assisting(post)]);
    arms.map(|post| arm((filter, search), post, (order, after, limit))).collect()
}

/// How many cases a filter has; with `most`, no more than so many are looked for.
///
/// Open cases are counted over the indexes that hold no others: left to itself the database takes the one of processes and states, and reads
/// all that ever was.
pub(super) fn count((filter, search): (&CaseFilter, &Search), most: Option<u32>) -> Sql {
    let is_open = filter.open == Some(true);
    let is_named = *search != Search::Nothing && filter.assignees.is_empty() && (is_open || filter.states.is_empty());
    let table = match search.from() {
        Some(from) => from.to_owned(),
        None if is_named => {
            let order = if is_open { CaseOrder::Due } else { CaseOrder::Opened };
            format!("case_row c INDEXED BY {}", driver(filter, Post::Any, order))
        }
        // What posts have is read by its numbers: left to itself the database reads all there ever was in their township instead.
        None if !filter.assignees.is_empty() => "case_row c NOT INDEXED".to_owned(),
        None => "case_row c".to_owned(),
    };
    let mut sql = Sql::new(&format!("SELECT {} FROM {table}", if most.is_some() { "1" } else { "count(*)" }));
    search.narrow(&mut sql);
    if !search.is_all() {
        county(&mut sql, filter, CaseOrder::Opened);
        place(&mut sql, filter);
        of_posts(&mut sql, filter);
        rest(&mut sql, filter);
    }
    if let Some(most) = most {
        sql.text = format!("SELECT count(*) FROM ({} LIMIT {most})", sql.text);
    }
    sql
}

/// How many open cases posts have, all told: those assigned to one of them from their index alone, and of those they assist the ones that are
/// nobody's of them.
pub(super) fn open_of_posts(filter: &CaseFilter) -> Option<Sql> {
    let CaseFilter { assignees, open, .. } = filter;
    let all = CaseFilter { assignees: assignees.clone(), open: *open, ..CaseFilter::default() };
    if assignees.is_empty() || *open != Some(true) || *filter != all {
        return None;
    }
    let marks = marks(assignees.len());
    let posts = || assignees.iter().map(|post| text(&post.0));
    Some(Sql {
        text: format!(
            "SELECT (SELECT count(*) FROM case_row INDEXED BY case_due_assignee WHERE assignee IN ({marks}) AND is_open = 1) \
             + (SELECT count(DISTINCT r.rowid) FROM case_assist a CROSS JOIN case_row r ON r.shard = a.shard AND r.id = a.id \
             WHERE a.post IN ({marks}) AND r.is_open = 1 AND coalesce(r.assignee NOT IN ({marks}), 1))"
        ),
        values: posts().chain(posts()).chain(posts()).collect(),
    })
}

/// The condition that a case is assigned to one of the posts, or assisted by one.
fn of_posts(sql: &mut Sql, filter: &CaseFilter) {
    if filter.assignees.is_empty() {
        return;
    }
    let marks = marks(filter.assignees.len());
    let open = if filter.open == Some(true) { " AND is_open = 1" } else { "" };
    let condition = format!(
        "c.rowid IN (SELECT rowid FROM case_row WHERE assignee IN ({marks}){open} UNION SELECT r.rowid FROM case_assist a \
         JOIN case_row r ON r.shard = a.shard AND r.id = a.id WHERE a.post IN ({marks}))"
    );
    let posts = || filter.assignees.iter().map(|post| text(&post.0));
    sql.and(&condition, posts().chain(posts()));
}

/// The body of the case with a number of the index of words, which is the first value, if it satisfies a filter apart from its words
/// and posts.
pub(super) fn numbered(filter: &CaseFilter) -> Sql {
    let body = case_text_of("c");
    let mut sql =
        Sql::new(&format!("SELECT {body} FROM case_doc d CROSS JOIN case_row c ON c.shard = d.shard AND c.id = d.id"));
    sql.and("d.doc = ?", [Value::Null]);
    place(&mut sql, filter);
    rest(&mut sql, filter);
    sql
}

/// The numbers in the index of words of what posts have, each with its township: assigned to one of them, or assisted by one.
pub(super) fn numbers_of(posts: &[PostId]) -> Sql {
    let marks = marks(posts.len());
    let values = || posts.iter().map(|post| text(&post.0));
    Sql {
        text: format!(
            "SELECT d.doc, r.township FROM case_row r CROSS JOIN case_doc d ON d.shard = r.shard AND d.id = r.id \
             WHERE r.assignee IN ({marks}) UNION ALL SELECT d.doc, r.township FROM case_assist a \
             CROSS JOIN case_row r ON r.shard = a.shard AND r.id = a.id \
             CROSS JOIN case_doc d ON d.shard = a.shard AND d.id = a.id WHERE a.post IN ({marks})"
        ),
        values: values().chain(values()).collect(),
    }
}

fn arm(
    (filter, search): (&CaseFilter, &Search),
    post: Post<'_>,
    (order, after, limit): (CaseOrder, Option<&After>, u32),
) -> Sql {
    let sort = match order {
        CaseOrder::Due => "due",
        CaseOrder::Opened => "opened_at",
    };
    let is_sorted = is_sorted((filter, search), &post, order);
    // Nothing is read that is not on the page: bodies are fetched for rows that are sorted already.
    let first = if is_sorted { "c.rowid AS at".to_owned() } else { case_text_of("c") };
    let mut sql = Sql::new(&format!("SELECT {first}, c.{sort}, c.id FROM "));
    match (post, search.from()) {
        (_, Some(from)) => sql.text.push_str(from),
        (Post::Assisting(post), None) => {
            sql.text.push_str("case_assist a CROSS JOIN case_row c ON c.shard = a.shard AND c.id = a.id");
            sql.and("a.post = ?", [text(&post.0)]);
        }
        (_, None) => {
            let _ = write!(sql.text, "case_row c INDEXED BY {}", driver(filter, post, order));
        }
    }
    search.narrow(&mut sql);
    match post {
        Post::Assigned(post) => sql.and("c.assignee = ?", [text(&post.0)]),
        Post::Assisting(post) if search.from().is_some() => {
            let assists = "EXISTS (SELECT 1 FROM case_assist a WHERE a.shard = c.shard AND a.id = c.id AND a.post = ?)";
            sql.and(assists, [text(&post.0)]);
        }
        _ => {}
    }
    // A condition that stands there already would be looked up in each row.
    if !search.is_all() {
        county(&mut sql, filter, order);
        place(&mut sql, filter);
        rest(&mut sql, filter);
    }
    if let Some(after) = after {
        let side = if order == CaseOrder::Due { '>' } else { '<' };
        let id = Value::Blob(after.case.0.as_bytes().to_vec());
        sql.and(&format!("(c.{sort}, c.id) {side} (?, ?)"), [Value::Integer(after.at), id]);
    }
    let direction = if order == CaseOrder::Due { "" } else { " DESC" };
    let _ = write!(sql.text, " ORDER BY c.{sort}{direction}, c.id{direction} LIMIT {limit}");
    if is_sorted {
        let body = case_text_of("r");
        sql.text = format!(
            "SELECT {body}, page.{sort}, page.id FROM ({}) page CROSS JOIN case_row r ON r.rowid = page.at \
             ORDER BY page.{sort}{direction}, page.id{direction}",
            sql.text
        );
    }
    sql
}

/// Whether the rows of an arm come from their index in another order than asked for.
fn is_sorted((filter, search): (&CaseFilter, &Search), post: &Post<'_>, order: CaseOrder) -> bool {
    let is_range = filter.place.is_some_and(|place| matches!(place.level(), Level::Village | Level::Grid));
    search.from().is_some()
        || matches!(post, Post::Assisting(_))
        || is_range && !matches!(post, Post::Assigned(_))
        || order == CaseOrder::Due && filter.open != Some(true)
        || is_open_own(filter, *post) && order == CaseOrder::Opened
        || is_waited_for(filter) && order == CaseOrder::Opened && !matches!(post, Post::Assigned(_))
}

/// The county of a township whose settled cases of a kind are read: their index begins with it.
fn county(sql: &mut Sql, filter: &CaseFilter, order: CaseOrder) {
    let township = filter.place.filter(|place| place.level() == Level::Township);
    if let Some(place) = township.filter(|_| is_settled_kind(filter, order)) {
        sql.and("c.shard = ?", [Value::Integer(i64::from(place.shard().0))]);
    }
}

/// Whether only open cases of a post are asked for: what it ever had is no way to them.
fn is_open_own(filter: &CaseFilter, post: Post<'_>) -> bool {
    filter.open == Some(true) && matches!(post, Post::Assigned(_))
}

/// Whether only open cases that a post opened are asked for: what it ever opened is no way to them.
fn is_waited_for(filter: &CaseFilter) -> bool {
    filter.open == Some(true) && filter.opened_by.is_some()
}

/// Whether settled cases of a kind are asked for within a county or a part of it: they have an index.
fn is_settled_kind(filter: &CaseFilter, order: CaseOrder) -> bool {
    let level = filter.place.map(PlaceCode::level);
    order == CaseOrder::Opened
        && filter.open == Some(false)
        && filter.kind.is_some()
        && matches!(level, Some(Level::County | Level::Township))
}

/// The index that gives the fewest rows in the order asked for. Lists by deadline have indexes over open cases only;
/// asked over closed cases too they are sorted.
fn driver(filter: &CaseFilter, post: Post<'_>, order: CaseOrder) -> String {
    let level = filter.place.map(PlaceCode::level);
    let by_due = order == CaseOrder::Due && filter.open == Some(true) || is_open_own(filter, post);
    let subject = match level {
        _ if matches!(post, Post::Assigned(_)) => "_assignee",
        Some(Level::Village | Level::Grid) => "_place",
        _ if is_waited_for(filter) => return "case_waited_for".to_owned(),
        _ if filter.opened_by.is_some() => return "case_opened_by".to_owned(),
        _ if is_settled_kind(filter, order) => return "case_settled_kind".to_owned(),
        Some(Level::Township) => "_township",
        Some(Level::County) => "_shard",
        Some(Level::Province | Level::City) | None => "",
    };
    format!("case_{}{subject}", if by_due { "due" } else { "opened" })
}

/// Conditions on the place, in the form the indexes have.
pub(super) fn place(sql: &mut Sql, filter: &CaseFilter) {
    let Some(place) = filter.place else { return };
    let (low, high) = place.range();
    match place.level() {
        Level::County => sql.and("c.shard = ?", [Value::Integer(i64::from(place.shard().0))]),
        Level::Township => sql.and("c.township = ?", [padded(low)]),
        _ => sql.and("c.place >= ? AND c.place < ?", [padded(low), padded(high)]),
    }
}

/// Every other condition.
fn rest(sql: &mut Sql, filter: &CaseFilter) {
    match filter.open {
        Some(true) => sql.and("c.is_open = 1", []),
        Some(false) => sql.and("c.is_open = 0", []),
        None => {}
    }
    any_of(sql, "c.process", &filter.processes);
    any_of(sql, "c.state", &filter.states);
    if filter.unassigned {
        sql.and("c.assignee IS NULL", []);
    }
    if let Some(post) = &filter.opened_by {
        sql.and("c.opened_by = ?", [text(&post.0)]);
    }
    if let Some(kind) = &filter.kind {
        sql.and("c.kind = ?", [text(kind)]);
    }
    if let Some(before) = filter.due_before {
        sql.and("c.due < ?", [Value::Integer(before.as_microsecond())]);
    }
    if let Some((from, to)) = filter.opened {
        let span = [from, to].map(|at| Value::Integer(at.as_microsecond()));
        sql.and("c.opened_at >= ? AND c.opened_at < ?", span);
    }
    if let Some(level) = filter.level {
        sql.and("c.level = ?", [Value::Integer(i64::from(level.digits()))]);
    }
    if let Some([west, south, east, north]) = filter.bounds {
        let bounds = [west, east, south, north].map(Value::Real);
        sql.and("c.lon BETWEEN ? AND ? AND c.lat BETWEEN ? AND ?", bounds);
    }
}

pub(super) fn any_of(sql: &mut Sql, column: &str, values: &[String]) {
    if !values.is_empty() {
        sql.and(&format!("{column} IN ({})", marks(values.len())), values.iter().map(|value| text(value)));
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

#[cfg(test)]
#[path = "case_query_tests.rs"]
mod tests;
