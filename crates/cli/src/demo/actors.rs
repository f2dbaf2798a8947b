//! Simulated people: draws what comes in and what follows, and makes the command for it.

use super::behaviour::{Behaviour, Step, filled, pick};
use crate::city::outlines::bounds;
use ganglion_kernel::world::World;
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::clocks::local_date;
use ganglion_model::row::Case;
use ganglion_model::{CaseId, CommandId, Fields, Level, PlaceCode, Post};
use jiff::Timestamp;
use jiff::civil::Date;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// A spot where something can be seen.
#[derive(Clone, Debug)]
struct Spot {
    place: PlaceCode,
    west_south: [f64; 2],
    east_north: [f64; 2],
}

/// All simulated people together.
pub struct Actors {
    behaviour: Behaviour,
    world: Arc<World>,
    spots: Vec<Spot>,
    /// Running sums of the weights of `spots`.
    weights: Vec<f64>,
    rng: SmallRng,
    /// The newest case of each township, for merging.
    recent: HashMap<PlaceCode, (String, CaseId)>,
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
        behaviour: Behaviour,
        world: Arc<World>,
        outlines: &[(PlaceCode, String)],
        (day, seed): (Date, u64),
    ) -> Actors {
        let mut spots = Vec::new();
        let mut weights = Vec::new();
        let mut sum = 0.0;
        for (place, geometry) in outlines.iter().filter(|(place, _)| place.level() == Level::Grid) {
            let (place, Some(bounds)) = (*place, bounds(geometry)) else {
                continue;
            };
            let kind = place.parent().and_then(|village| world.places.tree.known(village, day)).map(|p| p.kind);
            let kind = kind.and_then(|kind| serde_json::to_value(kind).ok());
            let weight = kind.as_ref().and_then(Value::as_str).and_then(|kind| behaviour.places.get(kind));
            sum += weight.copied().unwrap_or(1.0);
            weights.push(sum);
            spots.push(Spot { place, west_south: bounds[0], east_north: bounds[1] });
        }
        Actors { behaviour, world, spots, weights, rng: SmallRng::seed_from_u64(seed), recent: HashMap::new() }
    }

    /// The behaviour they follow.
    #[must_use]
    pub fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    /// A draw in `[0, 1)`.
    pub fn draw(&mut self) -> f64 {
        self.rng.random::<f64>()
    }

    fn id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid()
    }

    /// A point inside a drawn grid, with the grid.
    fn somewhere(&mut self) -> Option<([f64; 2], PlaceCode)> {
        let total = *self.weights.last()?;
        let at = self.draw() * total;
        let index = self.weights.partition_point(|sum| *sum <= at);
        let spot = self.spots.get(index)?.clone();
        for _ in 0..20 {
            let (a, b) = (self.draw(), self.draw());
            let point = [
                spot.west_south[0] + a * (spot.east_north[0] - spot.west_south[0]),
                spot.west_south[1] + b * (spot.east_north[1] - spot.west_south[1]),
            ];
            let found = ganglion_kernel::route::locate(&self.world.places, point);
            if found.here == Some(spot.place) {
                return Some((point, spot.place));
            }
        }
        None
    }

    /// Somebody reports something. `None` when the draw found no point; draw again.
    pub fn opening(&mut self) -> Option<Command> {
        let (point, place) = self.somewhere()?;
        let draw = self.draw();
        let opening = pick(&self.behaviour.open, |o| o.weight, draw)?;
        let (by, channel, mut form) = (opening.by.clone(), opening.channel.clone(), opening.form.clone());
        let draw = self.draw();
        let matter = pick(&self.behaviour.matters, |m| m.weight, draw)?;
        form.extend(matter.form.clone());
        let texts: Vec<(String, Vec<String>)> =
            matter.texts.iter().map(|(name, texts)| (name.clone(), texts.clone())).collect();
        self.type_texts(&texts, &mut form);
        let process = self.world.model.processes.get(&self.behaviour.process)?;
        if let Some(field) = &process.route.point {
            form.insert(field.clone(), Value::from(point.to_vec()));
        }
        let form = self.fill_open(form);
        let actor = self.actor(&by, place, None)?;
        let body = Body::Open { process: self.behaviour.process.clone(), form, channel, observed_at: None, from: None };
        Some(Command { id: CommandId(self.id()), shard: place.shard(), actor, body })
    }

    /// `{phone}` and `{picture}` in an opening form become made-up ones.
    fn fill_open(&mut self, form: Fields) -> Fields {
        let tail = self.rng.random_range(0..100_000_000_u32);
        let phone = format!("139{tail:08}");
        form.into_iter()
            .filter_map(|(name, value)| {
                let fill = |part: &str| match part {
                    "phone" => Some(phone.clone()),
                    "picture" => Some(picture(u128::from(tail))),
                    _ => None,
                };
                Some((name, filled(&value, &fill)?))
            })
            .collect()
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

    /// What follows for a case in its state, and when. `None`: nothing more.
    pub fn next(&mut self, case: &Case, now: Timestamp, compress: f64) -> Option<Next> {
        let draw = self.draw();
        let steps = self.behaviour.states.get(&case.state)?;
        let weight = |step: &Step| {
            if step.level.is_none_or(|level| level == case.level) { step.weight } else { 0.0 }
        };
        let chosen = pick(steps, weight, draw)?;
        let step = steps.iter().position(|one| std::ptr::eq(one, chosen))?;
        chosen.action.as_ref()?;
        let draw = self.draw();
        let at = self.when(step, case, (now, draw), compress)?;
        Some(Next { step, at })
    }

    fn when(&self, step: usize, case: &Case, (now, draw): (Timestamp, f64), compress: f64) -> Option<Timestamp> {
        let step = self.behaviour.states.get(&case.state)?.get(step)?;
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
    pub fn command(&mut self, case: &Case, step: usize) -> Option<Command> {
        let (action, by, form, texts) = {
            let step: &Step = self.behaviour.states.get(&case.state)?.get(step)?;
            let texts: Vec<(String, Vec<String>)> =
                step.texts.iter().map(|(name, texts)| (name.clone(), texts.clone())).collect();
            (step.action.clone()?, step.by.clone(), step.form.clone(), texts)
        };
        let actor = self.actor(&by, case.place, Some(case))?;
        let mut typed = Fields::new();
        for (name, value) in form {
            let fill = |part: &str| self.fill(part, case);
            typed.insert(name, filled(&value, &fill)?);
        }
        self.type_texts(&texts, &mut typed);
        let body = Body::Act { case: case.id, action, form: typed, version: None };
        Some(Command { id: CommandId(self.id()), shard: case.shard, actor, body })
    }

    fn fill(&self, part: &str, case: &Case) -> Option<String> {
        if let Some(by) = part.strip_prefix("post ") {
            return self.posts(&self.world, by, case.place).first().map(|post| post.id.0.clone());
        }
        match part {
            "picture" => Some(picture(case.id.0.as_u128().wrapping_add(u128::from(case.version)))),
            "number" => {
                let (number, _) = self.recent.get(&case.place.at(Level::Township)?)?;
                (*number != case.number).then(|| number.clone())
            }
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
        if let Some(township) = case.place.at(Level::Township) {
            self.recent.insert(township, (case.number.clone(), case.id));
        }
    }

    /// The case a neighbour's report would be merged into.
    #[must_use]
    pub fn recent_of(&self, case: &Case) -> Option<CaseId> {
        self.recent.get(&case.place.at(Level::Township)?).map(|(_, id)| *id)
    }
}

/// What stands for a photo in a simulated case: the server draws it and marks it as synthetic.
fn picture(from: u128) -> String {
    format!("synthetic-{}", from % u128::from(ganglion_server::DEMO_PICTURES))
}
