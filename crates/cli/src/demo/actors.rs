//! Simulated people: draws what comes in and what follows, and makes the command for it.

use super::behaviour::{Behaviour, Desk, Step, filled, pick};
use super::named::Rows;
use super::spots::Spots;
use ganglion_kernel::world::World;
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::clocks::local_date;
use ganglion_model::row::Case;
use ganglion_model::{CaseId, CommandId, Fields, Level, PlaceCode, Post};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Rows looked at for one that is free; a hall has fewer windows.
const ROW_TRIES: u32 = 24;

/// All simulated people together.
pub struct Actors {
    /// What they do, one for each process, with where it comes in.
    behaviours: Vec<(Behaviour, Spots)>,
    world: Arc<World>,
    rng: SmallRng,
    /// The newest case of each behaviour and township, for merging.
    recent: HashMap<(usize, PlaceCode), (String, CaseId)>,
    /// Rows that may be named, with whose they are.
    rows: Rows,
    /// Rows that serve a case now, by key; `None` while history is loaded, where nobody else is there.
    desks: Option<HashMap<String, CaseId>>,
}

/// What happens next to a case.
pub struct Next {
    /// Index of the step in its state.
    pub step: usize,
    /// When.
    pub at: Timestamp,
}

impl Actors {
    /// Everyone, for the grids among `outlines` (geometry text by code), drawn with `seed`.
    #[must_use]
    pub fn new(
        behaviours: Vec<Behaviour>,
        world: Arc<World>,
        outlines: &[(PlaceCode, String)],
        (day, seed): (Date, u64),
    ) -> Actors {
        let behaviours = behaviours
            .into_iter()
            .map(|behaviour| {
                let spots = Spots::new(outlines, &behaviour.places, (world.as_ref(), day));
                (behaviour, spots)
            })
            .collect();
        let rows = Rows::of(&world, day);
        Actors { behaviours, world, rng: SmallRng::seed_from_u64(seed), recent: HashMap::new(), rows, desks: None }
    }

    /// The behaviours they follow.
    pub fn behaviours(&self) -> impl Iterator<Item = &Behaviour> {
        self.behaviours.iter().map(|(behaviour, _)| behaviour)
    }

    /// Draws which behaviour the next opening follows.
    pub fn which(&mut self) -> usize {
        let draw = self.draw();
        let shares: Vec<(usize, f64)> = self.behaviours().map(|behaviour| behaviour.share).enumerate().collect();
        pick(&shares, |(_, share)| *share, draw).map_or(0, |(which, _)| *which)
    }

    /// A place of behaviour `which` that is at work, and the minutes between two openings there.
    #[must_use]
    pub fn busy(&self, which: usize, at: usize) -> Option<(PlaceCode, f64)> {
        let (behaviour, _) = self.behaviours.get(which)?;
        behaviour.busy.get(at).map(|busy| (busy.place, busy.every))
    }

    fn of(&self, case: &Case) -> Option<&Behaviour> {
        self.behaviours().find(|behaviour| behaviour.process == case.process)
    }

    /// A draw in `[0, 1)`.
    pub fn draw(&mut self) -> f64 {
        self.rng.random::<f64>()
    }

    fn id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid()
    }

    /// Something comes in that follows behaviour `which`. `None` when the draw found no point; draw again.
    pub fn opening(&mut self, which: usize) -> Option<Command> {
        let (_, spots) = self.behaviours.get(which)?;
        let rng = &mut self.rng;
        let (point, place) = spots.somewhere(&self.world, &mut || rng.random::<f64>())?;
        self.opening_at(which, (Some(point), place))
    }

    /// Something comes in at a place.
    pub fn opening_at(&mut self, which: usize, (point, place): (Option<[f64; 2]>, PlaceCode)) -> Option<Command> {
        let (first, second) = (self.draw(), self.draw());
        let (behaviour, _) = self.behaviours.get(which)?;
        let opening = pick(&behaviour.open, |o| o.weight, first)?;
        let matter = pick(&behaviour.matters, |m| m.weight, second)?;
        let (by, channel, process) = (opening.by.clone(), opening.channel.clone(), behaviour.process.clone());
        let mut form = opening.form.clone();
        form.extend(matter.form.clone());
        let texts: Vec<(String, Vec<String>)> =
            matter.texts.iter().map(|(name, texts)| (name.clone(), texts.clone())).collect();
        self.type_texts(&texts, &mut form);
        if let Some(field) = &self.world.model.processes.get(&process)?.route.point {
            form.insert(field.clone(), Value::from(point?.to_vec()));
        }
        let form = self.fill_open(form, place);
        let actor = self.actor(&by, place, None)?;
        let body = Body::Open { process, form, channel, observed_at: None, from: None };
        Some(Command { id: CommandId(self.id()), shard: place.shard(), actor, body })
    }

    /// `{phone}`, `{picture}`, `{village}`, `{grid}` and `{row REGISTER}` in an opening form become a made-up telephone and
    /// picture, where it is, and a row of those who serve there.
    fn fill_open(&mut self, form: Fields, place: PlaceCode) -> Fields {
        let tail = self.rng.random_range(0..100_000_000_u32);
        let fill = |part: &str| match part {
            "phone" => Some(format!("139{tail:08}")),
            "picture" => Some(picture(u128::from(tail))),
            "village" => place.at(Level::Village).map(|village| village.to_string()),
            "grid" => Some(place.to_string()),
            other => self.rows.pick(other.strip_prefix("row ")?, place, (&Fields::new(), tail)),
        };
        form.into_iter().filter_map(|(name, value)| Some((name, filled(&value, &fill)?))).collect()
    }

    fn type_texts(&mut self, texts: &[(String, Vec<String>)], form: &mut Fields) {
        for (field, choices) in texts {
            if !choices.is_empty() {
                let text = choices[self.rng.random_range(0..choices.len())].clone();
                form.insert(field.clone(), Value::String(text));
            }
        }
    }

    /// Posts of `role@level` for a place.
    fn posts<'a>(&self, world: &'a World, by: &str, place: PlaceCode) -> Vec<&'a Post> {
        let Some((role, level)) = by.split_once('@') else {
            return Vec::new();
        };
        let Some(at) = Level::parse(level).and_then(|level| place.at(level)) else {
            return Vec::new();
        };
        world.posts.at(at).filter(|post| post.role == role).collect()
    }

    fn actor(&mut self, by: &str, place: PlaceCode, case: Option<&Case>) -> Option<Actor> {
        let world = self.world.clone();
        let as_post = |post: &Post| post.account.clone().map(|account| Actor::Post { post: post.id.clone(), account });
        match (by, case) {
            ("public", _) => Some(Actor::Public),
            ("reporter", Some(case)) => match case.opened_by.as_ref().and_then(|id| world.posts.get(id)) {
                Some(post) => as_post(post),
                None => Some(Actor::Reporter { case: case.id }),
            },
            ("assignee", Some(case)) => world.posts.get(case.assignee.as_ref()?).and_then(as_post),
            _ => {
                let by = match case {
                    Some(case) => by.replace("@handling", &format!("@{}", case.level.as_str())),
                    None => by.to_owned(),
                };
                let posts = self.posts(&world, &by, place);
                let index = if posts.len() > 1 { self.rng.random_range(0..posts.len()) } else { 0 };
                posts.get(index).and_then(|post| as_post(post))
            }
        }
    }

    /// Among visitors: from now on nobody is sent to a window where somebody stands, or that is left to visitors.
    #[must_use]
    pub fn among_visitors(mut self) -> Actors {
        self.desks = Some(HashMap::new());
        self
    }

    fn desk_of(&self, case: &Case) -> Option<&Desk> {
        self.of(case).and_then(|behaviour| behaviour.desk.as_ref())
    }

    /// Notes which row serves a case now.
    pub fn seat(&mut self, case: &Case) {
        let row = self.desk_of(case).and_then(|desk| desk.serving(case)).map(str::to_owned);
        let Some(desks) = &mut self.desks else { return };
        desks.retain(|_, held| *held != case.id);
        desks.extend(row.map(|row| (row, case.id)));
    }

    /// Whether a case that cannot go on now may only be waiting for a row that is taken.
    #[must_use]
    pub fn waits_for_desk(&self, case: &Case) -> bool {
        self.desk_of(case).is_some_and(|desk| desk.serving(case).is_none())
    }

    /// Whether a row may be named for a case.
    pub(super) fn free(&self, row: &str, case: &Case) -> bool {
        let Some(desks) = &self.desks else { return true };
        let left = self.desk_of(case).is_some_and(|desk| desk.keeps(row));
        !left && desks.get(row).is_none_or(|held| *held == case.id)
    }

    /// Whether a visitor serves a case.
    fn taken_over(&self, case: &Case) -> bool {
        let at = |desk: &Desk| desk.serving(case).is_some_and(|row| desk.keeps(row));
        self.desks.is_some() && self.desk_of(case).is_some_and(at)
    }

    /// What follows for a case in its state, and when. `None`: nothing more.
    pub fn next(&mut self, case: &Case, now: Timestamp, compress: f64) -> Option<Next> {
        if self.taken_over(case) {
            return None;
        }
        let draw = self.draw();
        let steps = self.of(case)?.states.get(&case.state)?;
        let weight = |step: &Step| {
            let level = step.level.is_none_or(|level| level == case.level);
            let has = step.having.iter().all(|(field, value)| case.fields.get(field) == Some(value));
            if level && has { step.weight } else { 0.0 }
        };
        let chosen = pick(steps, weight, draw)?;
        let step = steps.iter().position(|one| std::ptr::eq(one, chosen))?;
        chosen.action.as_ref()?;
        let draw = self.draw();
        let at = self.when(step, case, (now, draw), compress)?;
        Some(Next { step, at })
    }

    fn when(&self, step: usize, case: &Case, (now, draw): (Timestamp, f64), compress: f64) -> Option<Timestamp> {
        let step = self.of(case)?.states.get(&case.state)?.get(step)?;
        let clock = step.share.as_ref().and_then(|share| {
            let clock = case.clocks.get(&share.of)?;
            Some((share, clock, clock.due_at()?))
        });
        if let Some((share, clock, due)) = clock.filter(|_| compress <= 1.0) {
            let whole = due.as_second() - clock.started_at().as_second();
            let (low, high) = share.between;
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "seconds of a clock")]
            let seconds = (whole as f64 * (low + draw * (high - low))) as i64;
            let at = Timestamp::from_second(clock.started_at().as_second() + seconds).ok()?;
            return Some(self.in_office(at.max(now), step.office));
        }
        let (low, high) = step.after.unwrap_or((20.0, 180.0));
        let minutes = low * (high / low.max(0.01)).max(1.0).powf(draw) / compress.max(0.01);
        #[expect(clippy::cast_possible_truncation, reason = "minutes of a step")]
        let at = Timestamp::from_second(now.as_second() + (minutes * 60.0) as i64).ok()?;
        Some(if compress > 1.0 { at } else { self.in_office(at, step.office) })
    }

    /// The same instant, or the next office opening plus a little if the office is closed.
    fn in_office(&self, at: Timestamp, office: bool) -> Timestamp {
        if !office {
            return at;
        }
        let spread = at.as_second().rem_euclid(2400);
        let office = &self.world.office;
        let open = office.hours.after(at, 1, &office.calendar);
        if open.as_second() - at.as_second() <= 2 {
            at
        } else {
            Timestamp::from_second(open.as_second() + spread).unwrap_or(open)
        }
    }

    /// The command of a step; `None` when nobody can take it or what it needs is not there.
    pub fn command(&mut self, case: &Case, step: usize, now: Timestamp) -> Option<Command> {
        let (action, by, form, texts) = {
            let step: &Step = self.of(case)?.states.get(&case.state)?.get(step)?;
            let texts: Vec<(String, Vec<String>)> =
                step.texts.iter().map(|(name, texts)| (name.clone(), texts.clone())).collect();
            (step.action.clone()?, step.by.clone(), step.form.clone(), texts)
        };
        let actor = self.actor(&by, case.place, Some(case))?;
        let mut typed = Fields::new();
        for (name, value) in form {
            let fill = |part: &str| self.fill(part, case, now);
            typed.insert(name, filled(&value, &fill)?);
        }
        self.type_texts(&texts, &mut typed);
        let body = Body::Act { case: case.id, action, form: typed, version: None };
        Some(Command { id: CommandId(self.id()), shard: case.shard, actor, body })
    }

    fn fill(&self, part: &str, case: &Case, now: Timestamp) -> Option<String> {
        if let Some(by) = part.strip_prefix("post ") {
            return self.posts(&self.world, by, case.place).first().map(|post| post.id.0.clone());
        }
        if let Some(asked) = part.strip_prefix("row ") {
            let draw = u32::try_from(case.id.0.as_u128() % u128::from(u32::MAX)).unwrap_or_default();
            let mut tries = (0..ROW_TRIES).map(|turn| draw.wrapping_add(case.version).wrapping_add(turn));
            return tries.find_map(|draw| {
                self.rows.pick(asked, case.place, (&case.fields, draw)).filter(|row| self.free(row, case))
            });
        }
        if let Some(days) = part.strip_prefix("today+") {
            let later = Span::new().try_days(days.parse::<i32>().ok()?).ok()?;
            return local_date(now).checked_add(later).ok().map(|day| day.to_string());
        }
        match part {
            "picture" => Some(picture(case.id.0.as_u128().wrapping_add(u128::from(case.version)))),
            "number" => {
                let (number, _) = self.recent.get(&self.spot_of(case)?)?;
                (*number != case.number).then(|| number.clone())
            }
            "now" => Some(now.to_string()),
            "today" => Some(local_date(now).to_string()),
            "near" => {
                let day = local_date(case.opened_at);
                let township = case.place.at(Level::Township)?;
                let mut villages = self.world.places.tree.children(township, day);
                villages.find(|place| !place.code.holds(case.place)).map(|place| place.code.to_string())
            }
            _ => None,
        }
    }

    /// Remembers a case others may be merged into.
    pub fn remember(&mut self, case: &Case) {
        if let Some(spot) = self.spot_of(case) {
            self.recent.insert(spot, (case.number.clone(), case.id));
        }
    }

    /// The case a neighbour's report would be merged into.
    #[must_use]
    pub fn recent_of(&self, case: &Case) -> Option<CaseId> {
        self.recent.get(&self.spot_of(case)?).map(|(_, id)| *id)
    }

    fn spot_of(&self, case: &Case) -> Option<(usize, PlaceCode)> {
        let which = self.behaviours().position(|behaviour| behaviour.process == case.process)?;
        Some((which, case.place.at(Level::Township)?))
    }
}

/// What stands for a photo in a simulated case: the server draws it and marks it as synthetic.
fn picture(from: u128) -> String {
    format!("synthetic-{}", from % u128::from(ganglion_server::DEMO_PICTURES))
}
