//! Lists of what is rare where it is looked for: cases of a process or in a state, of which a place has few. A list by time or deadline
//! would go through everything else the place has to find them; here they are read by process, state and place, and sorted. Counts that ask for
//! nothing else are read from that index alone, however many there are. Settled cases of one state stand in an index by time as well: it gives
//! a list in order where there are too many to be sorted.

use super::case_query::{Sql, any_of, count, padded};
use super::row::{Column, Stored, all, one};
use super::words::Search;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::{Level, PlaceCode};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const ATTEMPTED: &str = "looking for cases by their state";
/// So many are sorted in a township, a county, and beyond; where there are more, a walk by time meets one before long: a page of a
/// hundred costs as many looks as there are others between them. Few where the laws are tried, so that both ways are.
const SORTED_MAX: [u32; 3] = if cfg!(debug_assertions) { [5; 3] } else { [1_000, 3_000, 5_000] };
/// So many where the index says all that is asked and what they are sorted by: none is looked up but those on the page, and a walk by
/// deadline would go through everything open where what it looks for has none.
const SORTED_WITHIN_MAX: [u32; 3] = if cfg!(debug_assertions) { [7; 3] } else { [20_000, 50_000, 200_000] };
/// Open cases that are looked up one by one to count them, before they are counted state by state.
const LOOKED_UP_MAX: u32 = if cfg!(debug_assertions) { 2 } else { 200 };
/// Pairs of process and state that are looked for one after the other; with more of them it is not something rare that is wanted.
const PAIRS_MAX: usize = 64;
/// Processes of which every state is looked for, where a filter names none.
const PROCESSES_MAX: usize = 2;

/// Where cases of some processes in some states stand in the index of both.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rare {
    processes: Vec<String>,
    states: Vec<String>,
    /// Codes of places from the first to before the second, padded.
    places: Option<(u64, u64)>,
    /// Only open ones, or only settled ones.
    open: Option<bool>,
    /// Only those handled at this level.
    level: Option<Level>,
    /// Whether nothing else is asked.
    is_all: bool,
    /// Whether they are settled, many, and read newest first.
    is_in_order: bool,
}

/// What the index can say of a filter.
fn said(filter: &CaseFilter) -> CaseFilter {
    CaseFilter {
        place: filter.place,
        processes: filter.processes.clone(),
        states: filter.states.clone(),
        open: filter.open,
        level: filter.level,
        ..CaseFilter::default()
    }
}

impl Rare {
    /// The index of what is sorted and counted, as a table of a statement.
    const FROM: &'static str = "case_row c INDEXED BY case_state";
    /// That of what is read in order.
    const IN_ORDER: &'static str = "case_row c INDEXED BY case_settled_state";

    /// The index, as a table of a statement.
    pub(super) fn from(&self) -> &'static str {
        if self.is_in_order { Rare::IN_ORDER } else { Rare::FROM }
    }

    /// What a filter asks of the index; `None` where it is not for it: the filter has other indexes, or names too much.
    fn of(connection: &Connection, filter: &CaseFilter) -> Stored<Option<Rare>> {
        let elsewhere = filter.words.is_some()
            || !filter.assignees.is_empty()
            || filter.opened_by.is_some()
            || filter.kind.is_some()
            // Open cases, whatever their state, have indexes that hold no others.
            || filter.open == Some(true) && filter.states.is_empty();
        if elsewhere || filter.processes.is_empty() {
            return Ok(None);
        }
        let states = match filter.states.as_slice() {
            [] if filter.processes.len() > PROCESSES_MAX => return Ok(None),
            [] => some(states_of(connection, &filter.processes)?),
            named => named.to_vec(),
        };
        if filter.processes.len() * states.len() > PAIRS_MAX {
            return Ok(None);
        }
        let places = filter.place.map(|place| place.range());
        let CaseFilter { processes, open, level, .. } = filter.clone();
        let is_all = *filter == said(filter);
        Ok(Some(Rare { processes, states, places, open, level, is_all, is_in_order: false }))
    }

    /// Whether the index of settled cases gives what is asked for in order, and says all that is asked.
    fn has_order(&self, filter: &CaseFilter, order: CaseOrder) -> bool {
        let is_small = filter.place.is_some_and(|place| place.level() > Level::Township);
        let is_one = self.processes.len() == 1 && self.states.len() == 1;
        order == CaseOrder::Opened
            && self.open == Some(false)
            && is_one
            && self.is_all
            && self.level.is_none()
            && !is_small
    }

    /// The way to a list in this order that is driven by it: few are there, or none, or it has them in order.
    pub(super) fn few(connection: &Connection, filter: &CaseFilter, order: CaseOrder) -> Stored<Option<Rare>> {
        let Some(rare) = Rare::of(connection, filter)? else { return Ok(None) };
        let is_within = rare.is_all && order == CaseOrder::Due;
        let [few, some, many] = if is_within { SORTED_WITHIN_MAX } else { SORTED_MAX };
        let most = match filter.place.map(PlaceCode::level) {
            Some(Level::Township | Level::Village | Level::Grid) => few,
            Some(Level::County) => some,
            _ => many,
        };
        let sql = rare.count(Some(most + 1));
        let read = |row: &rusqlite::Row<'_>| Column("case_row", "count").get::<u32>(row, 0);
        let count = one(connection, ATTEMPTED, (&sql.text, params_from_iter(&sql.values)), read)?;
        if count.is_some_and(|count| count <= most) {
            return Ok(Some(rare));
        }
        let is_in_order = rare.has_order(filter, order);
        Ok(is_in_order.then_some(Rare { is_in_order, ..rare }))
    }

    /// The count of a filter that asks for nothing but what the index says.
    pub(super) fn counted(connection: &Connection, filter: &CaseFilter, most: Option<u32>) -> Stored<Option<Sql>> {
        if *filter != said(filter) {
            return Ok(None);
        }
        if most.is_none() && is_all_open(filter) {
            return if is_few(connection, filter)? { Ok(None) } else { open_of_each(connection, filter) };
        }
        Ok(Rare::of(connection, filter)?.map(|rare| rare.count(most)))
    }

    /// Whether nothing else is asked than what the index says.
    pub(super) fn is_all(&self) -> bool {
        self.is_all
    }

    fn count(&self, most: Option<u32>) -> Sql {
        let mut sql =
            Sql::new(&format!("SELECT {} FROM {}", if most.is_some() { "1" } else { "count(*)" }, Rare::FROM));
        self.narrow(&mut sql);
        if let Some(most) = most {
            sql.text = format!("SELECT count(*) FROM ({} LIMIT {most})", sql.text);
        }
        sql
    }

    /// The conditions the index is read by.
    pub(super) fn narrow(&self, sql: &mut Sql) {
        any_of(sql, "c.process", &self.processes);
        any_of(sql, "c.state", &self.states);
        // The index has it before the place, so it is always named.
        match self.open {
            // A value that comes later would not say that it is in the index of settled ones.
            Some(false) if self.is_in_order => sql.and("c.is_open = 0", []),
            Some(open) => sql.and("c.is_open = ?", [Value::Integer(open.into())]),
            None => sql.and("c.is_open IN (0, 1)", []),
        }
        if let Some((low, high)) = self.places {
            sql.and("c.place >= ? AND c.place < ?", [padded(low), padded(high)]);
        }
        if let Some(level) = self.level {
            sql.and("c.level = ?", [Value::Integer(i64::from(level.digits()))]);
        }
    }
}

/// Whether a list asks for cases of one process in one state, open or not: those that are settled have an index of their own.
pub(super) fn is_of_a_state(filter: &CaseFilter) -> bool {
    filter.open.is_none() && filter.processes.len() == 1 && filter.states.len() == 1 && *filter == said(filter)
}

/// Whether all open cases of some processes are asked for, whatever their state; or of all processes, where no index of open cases says
/// all that is asked.
fn is_all_open(filter: &CaseFilter) -> bool {
    let is_above = filter.place.is_some_and(|place| place.level() < Level::County);
    let is_named = !filter.processes.is_empty() || filter.level.is_some() || is_above;
    filter.open == Some(true) && filter.states.is_empty() && is_named
}

/// Whether so few are open in the place that they are best looked up. In a city nobody looks.
fn is_few(connection: &Connection, filter: &CaseFilter) -> Stored<bool> {
    if filter.place.is_none_or(|place| place.level() < Level::County) {
        return Ok(false);
    }
    let all = CaseFilter { place: filter.place, open: filter.open, ..CaseFilter::default() };
    let sql = count((&all, &Search::None), Some(LOOKED_UP_MAX + 1));
    let read = |row: &rusqlite::Row<'_>| Column("case_row", "count").get::<u32>(row, 0);
    let found = one(connection, ATTEMPTED, (&sql.text, params_from_iter(&sql.values)), read)?;
    Ok(found.is_some_and(|found| found <= LOOKED_UP_MAX))
}

/// How many open cases there are of each process in each of its states, summed up. An inbox says on every page how many there are: looking
/// each of them up would follow how large a place is.
fn open_of_each(connection: &Connection, filter: &CaseFilter) -> Stored<Option<Sql>> {
    let mut sum = Sql::new("SELECT 0");
    // Each once, however often it is named.
    let all = if filter.processes.is_empty() { every_process(connection)? } else { Vec::new() };
    for process in filter.processes.iter().chain(&all).collect::<BTreeSet<_>>() {
        let processes = vec![process.clone()];
        let states = states_of(connection, &processes)?;
        if states.is_empty() {
            continue;
        }
        let places = filter.place.map(|place| place.range());
        let CaseFilter { open, level, .. } = *filter;
        let one = Rare { processes, states, places, open, level, is_all: true, is_in_order: false }.count(None);
        let _ = write!(sum.text, " + ({})", one.text);
        sum.values.extend(one.values);
    }
    Ok(Some(sum))
}

/// The states, or where there are none one that no case is in: a condition that never holds would leave nothing to use the index by.
fn some(states: Vec<String>) -> Vec<String> {
    if states.is_empty() { vec![String::new()] } else { states }
}

/// The processes there are cases of, found as [`states_of`] finds states.
fn every_process(connection: &Connection) -> Stored<Vec<String>> {
    let sql = "WITH RECURSIVE next (process) AS (\
               SELECT min(process) FROM case_row INDEXED BY case_state WHERE process >= '' \
               UNION ALL SELECT (SELECT min(process) FROM case_row INDEXED BY case_state WHERE process > next.process) \
               FROM next WHERE next.process IS NOT NULL) SELECT process FROM next WHERE process IS NOT NULL";
    all(connection, ATTEMPTED, (sql, []), |row| Column("case_row", "process").get::<String>(row, 0))
}

/// The states cases of these processes are in: from one to the next along the index, which is a handful of steps however many cases there
/// are.
fn states_of(connection: &Connection, processes: &[String]) -> Stored<Vec<String>> {
    let sql = "WITH RECURSIVE next (state) AS (\
               SELECT min(state) FROM case_row INDEXED BY case_state WHERE process = ?1 \
               UNION ALL SELECT (SELECT min(state) FROM case_row INDEXED BY case_state WHERE process = ?1 AND state > next.state) \
               FROM next WHERE next.state IS NOT NULL) SELECT state FROM next WHERE state IS NOT NULL";
    let mut states = Vec::new();
    for process in processes {
        let read = |row: &rusqlite::Row<'_>| Column("case_row", "state").get::<String>(row, 0);
        states.extend(all(connection, ATTEMPTED, (sql, params![process]), read)?);
    }
    states.sort_unstable();
    states.dedup();
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::case_query::page;
    use crate::sqlite::migrate::migrate;
    use crate::sqlite::packed;

    fn filter(states: &[&str]) -> CaseFilter {
        CaseFilter {
            place: Some("130922001".parse().unwrap()),
            processes: vec!["matter".to_owned()],
            states: states.iter().map(|state| (*state).to_owned()).collect(),
            ..CaseFilter::default()
        }
    }

    fn plan(connection: &Connection, sql: &Sql) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
        let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(3);
        let lines = statement.query_map(params_from_iter(&sql.values), read).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_is_rare_is_counted_from_its_index_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        let sql = Rare::counted(&connection, &filter(&["done", "lapsed"]), Some(1_000)).unwrap().unwrap();
        let plan = plan(&connection, &sql);
        assert!(
            plan.contains(
                "USING COVERING INDEX case_state (process=? AND state=? AND is_open=? AND place>? AND place<?)"
            ),
            "{plan}"
        );
        let open = CaseFilter { open: Some(true), ..filter(&["accepted"]) };
        let sql = Rare::counted(&connection, &open, None).unwrap().unwrap();
        let plan = self::plan(&connection, &sql);
        assert!(
            plan.contains("INDEX case_state (process=? AND state=? AND is_open=? AND place>? AND place<?)"),
            "{plan}"
        );
        assert!(sql.text.contains("c.is_open = ?"), "{}", sql.text);
        let open = CaseFilter { states: Vec::new(), ..open };
        assert_eq!(
            Rare::counted(&connection, &open, None).unwrap(),
            None,
            "few are looked up in the index of open ones"
        );
        let city = CaseFilter { place: Some("1309".parse().unwrap()), ..open };
        assert_eq!(Rare::counted(&connection, &city, Some(9)).unwrap(), None, "so far and no further is read in order");
        assert_eq!(Rare::counted(&connection, &city, None).unwrap().unwrap(), Sql::new("SELECT 0"), "of no case");
        let every = CaseFilter { processes: Vec::new(), ..city };
        assert_eq!(Rare::counted(&connection, &every, None).unwrap().unwrap(), Sql::new("SELECT 0"), "of no process");
        let none = Rare::few(&connection, &filter(&[]), CaseOrder::Opened).unwrap().unwrap();
        assert_eq!(none.states, [""], "no case is in any state");
        let list = page((&filter(&["done"]), &Search::Rare(none.clone())), CaseOrder::Opened, None, 50);
        let read = connection.prepare(&list[0].text).and_then(|mut all| all.exists(params_from_iter(&list[0].values)));
        assert!(!read.unwrap(), "{}", list[0].text);
    }

    /// Where very many are settled in a state, its index has them in order, and says where they are.
    #[test]
    fn many_settled_cases_of_a_state_are_read_in_order_from_their_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        let settled = CaseFilter { open: Some(false), ..filter(&["done"]) };
        let few = Rare::few(&connection, &settled, CaseOrder::Opened).unwrap().unwrap();
        assert!(few.has_order(&settled, CaseOrder::Opened) && !few.has_order(&settled, CaseOrder::Due));
        let many = Search::Rare(Rare { is_in_order: true, ..few });
        let list = page((&settled, &many), CaseOrder::Opened, None, 50);
        assert_eq!(list[0].values.len(), list[0].text.matches('?').count(), "{}", list[0].text);
        let plan = plan(&connection, &list[0]);
        assert!(plan.contains("USING COVERING INDEX case_settled_state (process=? AND state=?)"), "{plan}");
        assert!(plan.ends_with("SCAN page; SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE FOR ORDER BY; ") && is_of_a_state(&filter(&["done"])), "{plan}");
        let others = [
            CaseFilter { level: Some(Level::County), ..settled.clone() },
            CaseFilter { states: vec!["done".to_owned(), "lapsed".to_owned()], ..settled.clone() },
            CaseFilter { place: Some("130922001001".parse().unwrap()), ..settled.clone() },
            CaseFilter { unassigned: true, ..settled },
        ];
        for filter in others {
            let rare = Rare::of(&connection, &filter).unwrap().unwrap();
            assert!(!rare.has_order(&filter, CaseOrder::Opened), "{filter:?}");
        }
    }

    /// What a column of a board shows is sorted within the index, and rows are looked up for the page alone.
    #[test]
    fn open_cases_in_a_state_are_sorted_by_deadline_within_the_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        for level in [None, Some(Level::County)] {
            let filter = CaseFilter { open: Some(true), level, ..filter(&["accepted"]) };
            let rare = Rare::few(&connection, &filter, CaseOrder::Due).unwrap().unwrap();
            let list = page((&filter, &Search::Rare(rare)), CaseOrder::Due, None, 50);
            assert_eq!(list[0].values.len(), list[0].text.matches('?').count(), "{}", list[0].text);
            let plan = plan(&connection, &list[0]);
            assert!(
                plan.contains("SEARCH c USING COVERING INDEX case_state (process=? AND state=? AND is_open=?"),
                "{plan}"
            );
            assert!(plan.ends_with("SCAN page; SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
        }
    }
}
