//! Lists of cases a post reaches, as a union of filters: what lies in its subtree, what it has, what it opened. Pages and
//! exact counts of the union are made of pages and counts of its parts.

use super::registers::names;
use crate::error::Error;
use crate::view::words;
use crate::web::Web;
use ganglion_kernel::decide::policy;
use ganglion_kernel::decide::who::{Reach, reach, view_of};
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::{Case, Post};

/// Cases of a list are counted as far as this.
pub const TOTAL_MAX: u32 = 1_000;

/// A union of filters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Union(pub Vec<CaseFilter>);

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct ListPage {
    /// Its cases.
    pub cases: Vec<Case>,
    /// Where the next page begins, if there is one.
    pub next: Option<After>,
}

/// The filter both filters amount to; `None` when nothing can satisfy both.
pub fn both(a: &CaseFilter, b: &CaseFilter) -> Option<CaseFilter> {
    fn lists<T: PartialEq + Clone>(a: &[T], b: &[T]) -> Option<Vec<T>> {
        if a.is_empty() || b.is_empty() {
            return Some(if a.is_empty() { b.to_vec() } else { a.to_vec() });
        }
        let common: Vec<T> = a.iter().filter(|one| b.contains(one)).cloned().collect();
        (!common.is_empty()).then_some(common)
    }
    fn same<T: PartialEq + Clone>(a: &Option<T>, b: &Option<T>) -> Option<Option<T>> {
        match (a, b) {
            (Some(a), Some(b)) if a != b => None,
            (a, b) => Some(a.clone().or_else(|| b.clone())),
        }
    }
    let place = match (a.place, b.place) {
        (Some(a), Some(b)) if a.holds(b) => Some(b),
        (Some(a), Some(b)) if b.holds(a) => Some(a),
        (Some(_), Some(_)) => return None,
        (a, b) => a.or(b),
    };
    let opened = match (a.opened, b.opened) {
        (Some((from, to)), Some((since, until))) => Some((from.max(since), to.min(until))),
        (a, b) => a.or(b),
    };
    if opened.is_some_and(|(from, to)| from >= to) {
        return None;
    }
    let due_before = match (a.due_before, b.due_before) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let bounds = match (a.bounds, b.bounds) {
        (Some([w, s, e, n]), Some([w2, s2, e2, n2])) => Some([w.max(w2), s.max(s2), e.min(e2), n.min(n2)]),
        (a, b) => a.or(b),
    };
    Some(CaseFilter {
        place,
        processes: lists(&a.processes, &b.processes)?,
        states: lists(&a.states, &b.states)?,
        open: same(&a.open, &b.open)?,
        assignees: lists(&a.assignees, &b.assignees)?,
        unassigned: a.unassigned || b.unassigned,
        opened_by: same(&a.opened_by, &b.opened_by)?,
        kind: same(&a.kind, &b.kind)?,
        due_before,
        opened,
        level: same(&a.level, &b.level)?,
        bounds,
        words: same(&a.words, &b.words)?,
    })
}

impl Union {
    /// Everything the post may list: the subtree for processes its role reads there, and its own of the others.
    pub fn reachable(web: &Web, post: &Post) -> Union {
        let (mut subtree, mut own) = (Vec::new(), Vec::new());
        for process in web.world.model.processes.values() {
            match reach(process, post) {
                Reach::Subtree(_) => subtree.push(process.name.clone()),
                Reach::Own => own.push(process.name.clone()),
            }
        }
        let mut filters = Vec::new();
        if !subtree.is_empty() {
            filters.push(CaseFilter { place: Some(post.place), processes: subtree, ..CaseFilter::default() });
        }
        if !own.is_empty() {
            let assigned = vec![post.id.clone()];
            filters.push(CaseFilter { processes: own.clone(), assignees: assigned, ..CaseFilter::default() });
            filters.push(CaseFilter { processes: own, opened_by: Some(post.id.clone()), ..CaseFilter::default() });
        }
        Union(filters).kept(web, post)
    }

    /// What rules of the deployment leave of the union for this post: of processes they narrow only some states.
    #[must_use]
    pub fn kept(self, web: &Web, post: &Post) -> Union {
        let view = view_of(post);
        let (mut whole, mut left) = (Vec::new(), Vec::new());
        for process in web.world.model.processes.values() {
            match policy::listed((&web.world, process), &view) {
                None => whole.push(process.name.clone()),
                Some(states) if states.is_empty() => {}
                Some(states) => {
                    left.push(CaseFilter { processes: vec![process.name.clone()], states, ..CaseFilter::default() });
                }
            }
        }
        if whole.len() == web.world.model.processes.len() {
            return self;
        }
        if !whole.is_empty() {
            left.push(CaseFilter { processes: whole, ..CaseFilter::default() });
        }
        Union(self.0.iter().flat_map(|one| left.iter().filter_map(|part| both(one, part))).collect())
    }

    /// The part of the union that also satisfies `filter`.
    #[must_use]
    pub fn narrowed(&self, filter: &CaseFilter) -> Union {
        Union(self.0.iter().filter_map(|one| both(one, filter)).collect())
    }

    /// A page: the first rows of every part, merged.
    ///
    /// # Errors
    /// Storage.
    pub async fn page(
        &self,
        web: &Web,
        order: CaseOrder,
        after: Option<&After>,
        limit: u32,
    ) -> Result<ListPage, Error> {
        let mut cases: Vec<Case> = Vec::new();
        for filter in &self.0 {
            cases.extend(web.app.store.cases(filter, order, after, limit + 1).await?);
        }
        let key = |case: &Case| {
            let at = After::of(case, order);
            // Newest first reads the same axis downwards, ids included.
            let at_key = if order == CaseOrder::Opened { -i128::from(at.at) } else { i128::from(at.at) };
            let id = at.case.0.as_u128();
            (at_key, if order == CaseOrder::Opened { u128::MAX - id } else { id })
        };
        cases.sort_by_key(key);
        cases.dedup_by(|a, b| a.id == b.id);
        let more = cases.len() > limit as usize;
        cases.truncate(limit as usize);
        let next = if more { cases.last().map(|case| After::of(case, order)) } else { None };
        names::of_cases(web, &cases).await?;
        Ok(ListPage { cases, next })
    }

    /// How many cases there are, exactly: those in more than one part are counted once. For what is open: history has no end, see
    /// [`Union::total`].
    ///
    /// # Errors
    /// Storage.
    pub async fn count(&self, web: &Web) -> Result<u64, Error> {
        // Inclusion and exclusion over the parts; most intersections are empty and cost nothing.
        let mut terms: Vec<(i64, usize, CaseFilter)> = Vec::new();
        for (at, filter) in self.0.iter().enumerate() {
            let mut more: Vec<(i64, usize, CaseFilter)> = vec![(1, at, filter.clone())];
            more.extend(terms.iter().filter_map(|(sign, _, earlier)| Some((-sign, at, both(earlier, filter)?))));
            terms.extend(more);
        }
        let mut total = 0_i64;
        for (sign, _, filter) in terms {
            let count = web.app.store.case_count(&filter).await?;
            total += sign * i64::try_from(count).unwrap_or(i64::MAX);
        }
        Ok(u64::try_from(total).unwrap_or(0))
    }
}

/// How many cases a list has, as far as it is worth counting them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exactly(u64),
    /// So many and more.
    AtLeast(u64),
}

impl From<u64> for Total {
    fn from(cases: u64) -> Total {
        Total::Exactly(cases)
    }
}

impl Total {
    /// How many were counted.
    #[must_use]
    pub fn counted(self) -> u64 {
        match self {
            Total::Exactly(cases) | Total::AtLeast(cases) => cases,
        }
    }

    /// Whether there are more than were counted.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Total::AtLeast(_))
    }

    /// As it is said.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Total::Exactly(cases) => words::count(cases),
            Total::AtLeast(cases) => format!("{}+", words::count(cases)),
        }
    }
}

impl Union {
    /// How many cases a list has, open and settled: counted as far as [`TOTAL_MAX`], since nobody pages further and settled cases only
    /// ever become more.
    ///
    /// # Errors
    /// Storage.
    pub async fn total(&self, web: &Web) -> Result<Total, Error> {
        for filter in &self.0 {
            if web.app.store.case_count_to(filter, TOTAL_MAX).await? >= u64::from(TOTAL_MAX) {
                return Ok(Total::AtLeast(u64::from(TOTAL_MAX)));
            }
        }
        // Every part is short, and so is what they have in common.
        Ok(Total::Exactly(self.count(web).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::PostId;

    fn place(code: &str) -> CaseFilter {
        CaseFilter { place: Some(code.parse().unwrap()), ..CaseFilter::default() }
    }

    #[test]
    fn a_total_says_when_there_are_more() {
        assert_eq!(Total::from(1_000).text(), "1,000");
        assert_eq!(Total::AtLeast(1_000).text(), "1,000+");
    }

    #[test]
    fn two_filters_amount_to_the_narrower_of_each() {
        let county = place("130903");
        let town = CaseFilter { states: vec!["filed".into(), "done".into()], ..place("130903001") };
        let both_of = both(&county, &town).unwrap();
        assert_eq!(both_of, town);
        let done = CaseFilter { states: vec!["done".into()], open: Some(true), ..CaseFilter::default() };
        assert_eq!(both(&town, &done).unwrap().states, ["done"]);
        assert_eq!(both(&place("130903"), &place("130921")), None);
        let mine = |post: &str| CaseFilter { assignees: vec![PostId(post.into())], ..CaseFilter::default() };
        assert_eq!(both(&mine("a"), &mine("b")), None);
        let closed = CaseFilter { open: Some(false), ..CaseFilter::default() };
        assert_eq!(both(&closed, &done), None);
    }
}
