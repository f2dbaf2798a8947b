//! The SQL behind lists of cases: which table and index drive a list, and which conditions are looked at on the way.
//!
//! Lists of open cases run over `case_open`, all others over `case_row`; each has an index in the order asked for. Lists over
//! several posts take the front of each post's list and merge them. Bodies are read for the rows of the page alone.

use super::row::{padded, range, shard, text};
use super::sql::{Param, value};
use super::words::Search;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::{Level, PlaceCode};
use jiff::Timestamp;
use std::fmt::Write as _;

/// A statement with its values.
pub(super) struct Sql<'a> {
    /// Text.
    pub text: String,
    /// The values in order.
    pub values: Vec<Param<'a>>,
}

/// What a list runs over.
#[derive(Clone, Copy, PartialEq)]
enum Table {
    Open,
    All,
}

impl Table {
    /// Who opened a case, and cases that are over, stand in the table of all only.
    fn of(filter: &CaseFilter) -> Table {
        if filter.open == Some(true) && filter.opened_by.is_none() { Table::Open } else { Table::All }
    }

    fn name(self) -> &'static str {
        match self {
            Table::Open => "case_open",
            Table::All => "case_row",
        }
    }
}

/// The order of a list: column, way, and the side of the next page.
fn order_of(order: CaseOrder) -> (&'static str, &'static str, char) {
    match order {
        CaseOrder::Due => ("due", "", '>'),
        CaseOrder::Opened => ("opened_at", " DESC", '<'),
    }
}

impl<'a> Sql<'a> {
    fn new() -> Sql<'a> {
        Sql { text: String::new(), values: Vec::new() }
    }

    /// Takes a value; gives its name in the text.
    fn bind(&mut self, param: Param<'a>) -> String {
        self.values.push(param);
        format!("${}", self.values.len())
    }

    /// The conditions of a filter apart from posts, and where the page begins.
    fn conditions(&mut self, filter: &'a CaseFilter, after: Option<(&After, CaseOrder)>) -> String {
        let mut all = Vec::new();
        self.place(&mut all, filter.place);
        if Table::of(filter) == Table::All
            && let Some(open) = filter.open
        {
            all.push(if open { "c.is_open".to_owned() } else { "NOT c.is_open".to_owned() });
        }
        for (name, values) in [("process", &filter.processes), ("state", &filter.states)] {
            if !values.is_empty() {
                let values = self.bind(value(values.iter().map(|one| text(one)).collect::<Vec<_>>()));
                all.push(format!("c.{name} = ANY({values})"));
            }
        }
        if filter.unassigned {
            all.push("c.assignee IS NULL".to_owned());
        }
        if let Some(post) = &filter.opened_by {
            let post = self.bind(value(text(&post.0)));
            all.push(format!("c.opened_by = {post}"));
        }
        if let Some(kind) = &filter.kind {
            let kind = self.bind(value(text(kind)));
            all.push(format!("c.kind = {kind}"));
        }
        if let Some(before) = filter.due_before {
            let before = self.bind(value(before.as_microsecond()));
            all.push(format!("c.due < {before}"));
        }
        if let Some((from, to)) = filter.opened {
            let (from, to) = (self.bind(value(from.as_microsecond())), self.bind(value(to.as_microsecond())));
            all.push(format!("c.opened_at >= {from} AND c.opened_at < {to}"));
        }
        if let Some(level) = filter.level {
            let level = self.bind(value(i16::try_from(level.digits()).unwrap_or(i16::MAX)));
            all.push(format!("c.level = {level}"));
        }
        if let Some(bounds) = filter.bounds {
            let [west, south, east, north] = bounds.map(|bound| self.bind(value(bound)));
            let inside = format!("c.lon BETWEEN {west} AND {east} AND c.lat BETWEEN {south} AND {north}");
            // A list that is walked is not gathered by its points: somebody asked before how many there are.
            let has_points = Table::of(filter) == Table::All;
            all.push(if has_points { looked_at(&inside) } else { inside });
        }
        if let Some((after, order)) = after {
            let (sort, _, side) = order_of(order);
            let (at, id) = (self.bind(value(after.at)), self.bind(value(after.case.0)));
            all.push(format!("(c.{sort}, c.id) {side} ({at}, {id})"));
        }
        all.join(" AND ")
    }

    /// Conditions on the place, in the form the indexes have.
    fn place(&mut self, all: &mut Vec<String>, place: Option<PlaceCode>) {
        let Some(place) = place else { return };
        match place.level() {
            Level::County => {
                let of = self.bind(value(shard(place.shard())));
                all.push(format!("c.shard = {of} AND c.county = {of}"));
            }
            Level::Township => {
                let township = self.bind(value(padded(place)));
                all.push(format!("c.township = {township}"));
            }
            level => {
                let (low, high) = range(place);
                let (low, high) = (self.bind(value(low)), self.bind(value(high)));
                let inside = format!("c.place >= {low} AND c.place < {high}");
                // Most of what there is lies in a city, where a range counts as few: its lists are read in their order.
                let is_wide = level < Level::County;
                all.push(if is_wide { looked_at(&inside) } else { inside });
            }
        }
    }

    fn posts(&mut self, filter: &'a CaseFilter) -> String {
        self.bind(value(filter.assignees.iter().map(|post| text(&post.0)).collect::<Vec<_>>()))
    }
}

/// A condition that is looked at on the way and leads to no index.
fn looked_at(condition: &str) -> String {
    format!("(CASE WHEN {condition} THEN true END)")
}

/// A condition with the word before it, or nothing.
fn led(word: &str, conditions: &str) -> String {
    if conditions.is_empty() { String::new() } else { format!(" {word} {conditions}") }
}

/// What a list runs over: its table, the few in a box, or the cases found by their words.
fn from(sql: &mut Sql<'_>, filter: &CaseFilter, search: &Search) -> String {
    let table = Table::of(filter);
    // A list by deadline is asked in two halves, of which only the one with settled cases has points.
    if let (Search::Inside, Table::All, Some(bounds)) = (search, table, filter.bounds) {
        return inside(sql, bounds, filter.opened);
    }
    let table = table.name();
    let Search::Few(asked) = search else { return format!("{table} c") };
    let asked = sql.bind(value(asked.clone()));
    let _ = write!(
        sql.text,
        "WITH w AS MATERIALIZED (SELECT shard, id FROM case_words WHERE words @@ {asked}::text::tsquery) "
    );
    // Each is looked up by its key, whatever else an index could be used for.
    format!("w CROSS JOIN LATERAL (SELECT * FROM {table} c WHERE c.shard = w.shard AND c.id = w.id OFFSET 0) c")
}

/// The few cases in a box, of the time asked for: read by their points, whatever else an index could be used for.
fn inside(sql: &mut Sql<'_>, bounds: [f64; 4], opened: Option<(Timestamp, Timestamp)>) -> String {
    let [west, south, east, north] = bounds.map(|bound| sql.bind(value(bound)));
    let mut within = format!("c.lat BETWEEN {south} AND {north} AND c.lon BETWEEN {west} AND {east}");
    if let Some((from, to)) = opened {
        let [from, to] = [from, to].map(|at| sql.bind(value(at.as_microsecond())));
        let _ = write!(within, " AND c.opened_at >= {from} AND c.opened_at < {to}");
    }
    // What conditions look at: where counties lie on several nodes, no more of a row is sent than that.
    let columns = "c.shard, c.id, c.county, c.place, c.township, c.level, c.process, c.state, c.kind, c.is_open, c.due, c.opened_at, \
                   c.assignee, c.lon, c.lat";
    format!("(SELECT {columns} FROM case_row c WHERE {within} OFFSET 0) c")
}

/// The conditions of a filter with those of its words.
fn narrowed<'a>(
    sql: &mut Sql<'a>,
    (filter, search): (&'a CaseFilter, &Search),
    after: Option<(&After, CaseOrder)>,
) -> String {
    let rest = sql.conditions(filter, after);
    let words = match search {
        Search::None | Search::Inside | Search::Few(_) => return rest,
        Search::Nothing => "false".to_owned(),
        Search::Many(asked) => {
            let asked = sql.bind(value(asked.clone()));
            let own = "(SELECT w.words FROM case_words w WHERE w.shard = c.shard AND w.id = c.id)";
            format!("{own} @@ {asked}::text::tsquery")
        }
    };
    format!("{rest}{}", led(if rest.is_empty() { "" } else { "AND" }, &words))
}

/// Whether one of the posts has a case or assists with it.
fn tied(posts: &str) -> String {
    format!(
        "(c.assignee = ANY({posts}) OR EXISTS (SELECT 1 FROM case_assist a WHERE a.shard = c.shard AND a.id = c.id \
         AND a.post = ANY({posts})))"
    )
}

/// A page: body, sort value and id in the order asked for.
pub(super) fn page<'a>(
    (filter, search): (&'a CaseFilter, &Search),
    order: CaseOrder,
    after: Option<&After>,
    limit: u32,
) -> Sql<'a> {
    let mut sql = Sql::new();
    let (sort, way, _) = order_of(order);
    let from = from(&mut sql, filter, search);
    let rest = narrowed(&mut sql, (filter, search), after.map(|after| (after, order)));
    let limit = sql.bind(value(i64::from(limit)));
    let front = format!("ORDER BY c.{sort}{way}, c.id{way} LIMIT {limit}");
    let keys = if filter.assignees.is_empty() {
        format!("SELECT c.shard, c.id, c.{sort} AS sort FROM {from}{} {front}", led("WHERE", &rest))
    } else if let Search::Few(_) = search {
        let (tied, rest) = (tied(&sql.posts(filter)), led("AND", &rest));
        format!("SELECT c.shard, c.id, c.{sort} AS sort FROM {from} WHERE {tied}{rest} {front}")
    } else {
        let (posts, rest) = (sql.posts(filter), led("AND", &rest));
        format!(
            "SELECT DISTINCT x.shard, x.id, x.sort FROM unnest({posts}::text[]) p (post) CROSS JOIN LATERAL (\
             (SELECT c.shard, c.id, c.{sort} AS sort FROM {from} WHERE c.assignee = p.post{rest} {front}) UNION ALL \
             (SELECT c.shard, c.id, c.{sort} AS sort FROM case_assist a JOIN {from} ON c.shard = a.shard AND c.id = a.id \
             WHERE a.post = p.post{rest} {front})) x ORDER BY x.sort{way}, x.id{way} LIMIT {limit}"
        )
    };
    let _ = write!(
        sql.text,
        "SELECT r.body, k.sort, k.id FROM ({keys}) k JOIN case_row r ON r.shard = k.shard AND r.id = k.id \
         ORDER BY k.sort{way}, k.id{way}"
    );
    sql
}

/// How the cases of a search are found.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// Over the index of words: those that have them are not very many.
    Index,
    /// In the order of their numbers, each looked at on the way.
    Walk,
}

/// Cases that are searched for, those with the highest numbers first, from `low` and up to below `below`: body and number. The same
/// conditions as in a list are looked at on the way, and it ends when the page is full.
pub(super) fn searched<'a>(
    (filter, asked): (&'a CaseFilter, &str),
    way: Way,
    (low, below): (i64, i64),
    limit: u32,
) -> Sql<'a> {
    let mut sql = Sql::new();
    let table = Table::of(filter).name();
    let asked = sql.bind(value(asked.to_owned()));
    let (low, below) = (sql.bind(value(low)), sql.bind(value(below)));
    let mut all = vec![sql.conditions(filter, None)];
    if !filter.assignees.is_empty() {
        all.push(tied(&sql.posts(filter)));
    }
    let found = format!("words @@ {asked}::text::tsquery");
    let span = format!("doc >= {low} AND doc < {below}");
    // Which index is used does not depend on what the planner thinks of the words.
    let from = if way == Way::Index {
        let _ = write!(sql.text, "WITH m AS MATERIALIZED (SELECT shard, id, doc FROM case_words WHERE {found}) ");
        format!("(SELECT * FROM m WHERE {span} ORDER BY doc DESC OFFSET 0) w")
    } else {
        all.push(format!("w.{found}"));
        format!("(SELECT shard, id, doc, words FROM case_words WHERE {span} ORDER BY doc DESC OFFSET 0) w")
    };
    all.retain(|one| !one.is_empty());
    let limit = sql.bind(value(i64::from(limit)));
    let _ = write!(
        sql.text,
        "SELECT b.body, f.doc FROM (SELECT c.shard, c.id, w.doc FROM {from} CROSS JOIN LATERAL (SELECT * FROM {table} c \
         WHERE c.shard = w.shard AND c.id = w.id OFFSET 0) c{} ORDER BY w.doc DESC LIMIT {limit}) f \
         JOIN case_row b ON b.shard = f.shard AND b.id = f.id ORDER BY f.doc DESC",
        led("WHERE", &all.join(" AND "))
    );
    sql
}

/// How many cases a filter has; with `most`, no more than so many are looked for.
pub(super) fn count<'a>((filter, search): (&'a CaseFilter, &Search), most: Option<u32>) -> Sql<'a> {
    let mut sql = counted(filter, search, if most.is_some() { "1" } else { "count(*)" });
    if let Some(most) = most {
        sql.text = format!("SELECT count(*) FROM ({} LIMIT {most}) k", sql.text);
    }
    sql
}

fn counted<'a>(filter: &'a CaseFilter, search: &Search, given: &str) -> Sql<'a> {
    let mut sql = Sql::new();
    let table = Table::of(filter).name();
    let from = from(&mut sql, filter, search);
    let rest = narrowed(&mut sql, (filter, search), None);
    if filter.assignees.is_empty() {
        let _ = write!(sql.text, "SELECT {given} FROM {from}{}", led("WHERE", &rest));
        return sql;
    }
    let posts = sql.posts(filter);
    if let Search::Few(_) = search {
        let _ = write!(sql.text, "SELECT {given} FROM {from} WHERE {}{}", tied(&posts), led("AND", &rest));
        return sql;
    }
    let _ = write!(
        sql.text,
        "SELECT {given} FROM (SELECT c.shard, c.id FROM {table} c WHERE c.assignee = ANY({posts}) UNION \
         SELECT a.shard, a.id FROM case_assist a WHERE a.post = ANY({posts})) k \
         JOIN {table} c ON c.shard = k.shard AND c.id = k.id{}",
        led("WHERE", &rest)
    );
    sql
}
