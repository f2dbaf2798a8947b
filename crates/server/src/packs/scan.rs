//! Looking for what stands in the way: counts where counting is enough, and one pass over the rows whose fields changed.

use super::fits::{FieldCheck, Found, Row, checks};
use super::obstacle::Obstacle;
use ganglion_kernel::packs::Unique;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_kernel::{Store, StoreError, World};
use ganglion_model::pack::{OnOverdue, Process, Register, State};
use ganglion_model::{Case, Model};
use jiff::Timestamp;

/// Cases read at a time.
const PAGE: u32 = 500;

/// What a scan comes to.
pub struct Scanned {
    /// Obstacles, in order of kind and path.
    pub obstacles: Vec<Obstacle>,
    /// Values that may stand once from now on.
    pub unique: Vec<Unique>,
}

/// Looks at the rows `old` has made with the eyes of `world`, which has the new model.
pub struct Scan<'a> {
    /// Where the rows are.
    pub store: &'a dyn Store,
    /// The model they were made by.
    pub old: &'a Model,
    /// The world with the new model.
    pub world: &'a World,
    /// Now.
    pub now: Timestamp,
    /// Told on the way.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Scan<'_> {
    /// Everything that is in the way.
    ///
    /// # Errors
    /// Of the store.
    pub async fn run(&self) -> Result<Scanned, StoreError> {
        let mut found = Found::default();
        let mut counted = Vec::new();
        self.roles(&mut found);
        for process in self.old.processes.values() {
            match self.world.model.processes.get(&process.name) {
                None => counted.extend(self.count("process-in-use", (process, None), &process.name).await?),
                Some(new) => {
                    self.states((process, new), &mut counted).await?;
                    self.cases((process, new), &mut found).await?;
                }
            }
        }
        for register in self.old.registers.values() {
            self.rows(register, &mut found).await?;
        }
        counted.extend(found.obstacles.into_values());
        counted.sort_by(|a, b| (a.code, &a.path).cmp(&(b.code, &b.path)));
        // Two cases with one value are in the way of each other; nothing is taken before that is settled.
        let unique = if counted.is_empty() { found.unique } else { Vec::new() };
        Ok(Scanned { obstacles: counted, unique })
    }

    fn roles(&self, found: &mut Found) {
        let posts = self.world.posts.all().filter(|post| post.valid_to.is_none_or(|to| to > today(self.now)));
        for post in posts.filter(|post| self.old.roles.contains_key(&post.role)) {
            let stays = self.world.model.roles.get(&post.role);
            let level = post.place.level();
            let had = self.old.roles.get(&post.role).is_some_and(|role| role.levels.contains(&level));
            if stays.is_none_or(|role| had && !role.levels.contains(&level)) {
                found.add("role-held", &format!("{}@{}", post.role, level.as_str()), &post.id.0);
            }
        }
    }

    /// Cases of a process in one state (or in any), as an obstacle if there are some.
    async fn count(
        &self,
        code: &'static str,
        (process, state): (&Process, Option<&str>),
        path: &str,
    ) -> Result<Option<Obstacle>, StoreError> {
        let filter = CaseFilter {
            processes: vec![process.name.clone()],
            states: state.map(str::to_owned).into_iter().collect(),
            ..CaseFilter::default()
        };
        let count = self.store.case_count(&filter).await?;
        if count == 0 {
            return Ok(None);
        }
        let limit = u32::try_from(super::obstacle::FIRST_MAX).unwrap_or(1);
        let first = self.store.cases(&filter, CaseOrder::Opened, None, limit).await?;
        let state = state.map(|state| format!("&state={state}")).unwrap_or_default();
        Ok(Some(Obstacle {
            count,
            first: first.into_iter().map(|case| case.number).collect(),
            href: Some(format!("/cases?process={}{state}", process.name)),
            ..Obstacle::new(code, path)
        }))
    }

    async fn states(&self, (old, new): (&Process, &Process), into: &mut Vec<Obstacle>) -> Result<(), StoreError> {
        for state in old.states.values() {
            let path = format!("{}.{}", old.name, state.name);
            let Some(stays) = new.states.get(&state.name) else {
                into.extend(self.count("state-in-use", (old, Some(state.name.as_str())), &path).await?);
                continue;
            };
            if let Some(action) = awaited((old, new), (state, stays)) {
                let path = format!("{path}.{action}");
                into.extend(self.count("action-awaited", (old, Some(state.name.as_str())), &path).await?);
            }
        }
        Ok(())
    }

    async fn cases(&self, (old, new): (&Process, &Process), found: &mut Found) -> Result<(), StoreError> {
        let all = |process: &Process| process.form.iter().chain(&process.fields).cloned().collect::<Vec<_>>();
        let lists = (self.old, self.world.model.as_ref());
        let (before, after) = (all(old), all(new));
        let mut checks = checks(&old.name, (before.as_slice(), after.as_slice()), lists, false);
        if checks.is_empty() {
            return Ok(());
        }
        let filter = CaseFilter { processes: vec![old.name.clone()], ..CaseFilter::default() };
        let total = self.store.case_count(&filter).await?;
        let (mut after, mut done): (Option<After>, u64) = (None, 0);
        loop {
            let page = self.store.cases(&filter, CaseOrder::Opened, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(After::of(last, CaseOrder::Opened));
            page.iter().for_each(|case| self.case(new, case, &mut checks, found));
            done += page.len() as u64;
            (self.progress)(done, total);
        }
    }

    fn case(&self, process: &Process, case: &Case, checks: &mut [FieldCheck], found: &mut Found) {
        let row = Row { shard: case.shard, name: &case.number, fields: &case.fields, case: Some(case) };
        checks.iter_mut().for_each(|check| check.look((self.world, process), &row, self.now, found));
    }

    async fn rows(&self, old: &Register, found: &mut Found) -> Result<(), StoreError> {
        let new = self.world.model.registers.get(&old.name);
        let lists = (self.old, self.world.model.as_ref());
        let mut checks = new
            .map(|new| checks(&old.name, (old.fields.as_slice(), new.fields.as_slice()), lists, true))
            .unwrap_or_default();
        let rekeyed =
            new.is_some_and(|new| (new.key != old.key) || (new.scope != old.scope) || (old.dated && !new.dated));
        if new.is_some() && checks.is_empty() && !rekeyed {
            return Ok(());
        }
        // Values are read as forms of some process are: registers have no process of their own.
        let Some(process) = self.world.model.processes.values().next() else { return Ok(()) };
        for (shard, _) in self.store.positions().await? {
            for record in self.store.record_versions(shard).await?.into_iter().filter(|row| row.register == old.name) {
                match new {
                    None => found.add("register-in-use", &old.name, &record.key),
                    Some(_) if rekeyed => found.add("key-changed", &old.name, &record.key),
                    Some(_) => {
                        let row = Row { shard, name: &record.key, fields: &record.fields, case: None };
                        checks.iter_mut().for_each(|one| one.look((self.world, process), &row, self.now, found));
                    }
                }
            }
        }
        Ok(())
    }
}

fn today(now: Timestamp) -> jiff::civil::Date {
    ganglion_model::clocks::local_date(now)
}

/// An action of a state that is gone although cases wait for it: the only way on, or what a clock takes when it falls due.
fn awaited<'a>((old, new): (&'a Process, &Process), (state, stays): (&'a State, &State)) -> Option<&'a str> {
    let gone = |name: &str| !stays.actions.iter().any(|action| action.name == name);
    let by_clock = old.clocks.values().find_map(|clock| match &clock.on_overdue {
        OnOverdue::Act(action) if state.actions.iter().any(|one| one.name == *action) && gone(action) => {
            let still = new
                .clocks
                .get(&clock.name)
                .is_some_and(|clock| matches!(&clock.on_overdue, OnOverdue::Act(name) if name == action));
            still.then_some(action.as_str())
        }
        _ => None,
    });
    let leads_on = |state: &State| state.actions.iter().any(|action| action.to.is_some());
    let dead_end = !state.is_final && leads_on(state) && !stays.is_final && !leads_on(stays);
    by_clock
        .or_else(|| dead_end.then(|| state.actions.iter().find(|action| action.to.is_some()))?.map(|a| a.name.as_str()))
}
