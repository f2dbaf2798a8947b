//! Random histories: steps that become commands, run through the real kernel.

use super::rows::{at, command_id, uuid};
use super::world::{COUNTIES, TOWNSHIPS, clerk_of, world};
use arc_swap::ArcSwap;
use ganglion_kernel::commit::{Answer, CommitterSettings, WallClock, Works, commit_at};
use ganglion_kernel::seal::Key;
use ganglion_kernel::{Store, World};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::row::Record;
use ganglion_model::{CaseId, Fields, PlaceCode, Shard};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// One step. `of` picks among the cases opened lately, `again` among the commands sent so far.
#[derive(Clone, Debug)]
pub enum Step {
    Open { township: usize, category: u8, reference: Option<u8>, phone: bool },
    Act { of: usize, action: usize, with: usize },
    Due { of: usize },
    Put { county: usize, key: u8 },
    Again { again: usize },
}

pub fn steps(most: usize) -> impl Strategy<Value = Vec<(Step, u16)>> {
    let open = (0..TOWNSHIPS.len(), 0..3_u8, prop::option::of(0..6_u8), any::<bool>());
    let step = prop_oneof![
        3 => open.prop_map(|(township, category, reference, phone)| Step::Open { township, category, reference, phone }),
        16 => (any::<usize>(), 0..ACTIONS.len(), any::<usize>()).prop_map(|(of, action, with)| Step::Act { of, action, with }),
        1 => any::<usize>().prop_map(|of| Step::Due { of }),
        1 => (0..COUNTIES.len(), 0..2_u8).prop_map(|(county, key)| Step::Put { county, key }),
        1 => any::<usize>().prop_map(|again| Step::Again { again }),
    ];
    // Minutes between steps: an hour on average, so that some clocks fall due.
    prop::collection::vec((step, 0..120_u16), 1..most)
}

const ACTIONS: [&str; 10] = ["give", "give", "merge", "move", "finish", "finish", "back", "visit", "called", "reopen"];

/// Time and chance that can be repeated: the n-th command gets the n-th id and key.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One that begins with the id `next`.
    pub fn from(next: u64) -> Counter {
        Counter(AtomicU64::new(next))
    }

    /// One that stands where another does.
    pub fn beside(clock: &dyn WallClock) -> Counter {
        let next = u64::try_from(clock.id().as_u128()).unwrap() + 1;
        Counter(AtomicU64::new(next))
    }
}

impl WallClock for Counter {
    fn now(&self) -> Timestamp {
        at(0)
    }

    fn id(&self) -> Uuid {
        uuid(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }

    fn key(&self) -> Key {
        let mut key = [7; 32];
        key[..8].copy_from_slice(&self.0.load(Ordering::Relaxed).to_be_bytes());
        key
    }
}

/// The kernel at work on a store.
pub fn works(store: Arc<dyn Store>) -> Works {
    Works {
        store,
        world: Arc::new(ArcSwap::from_pointee(world())),
        clock: Arc::new(Counter::default()),
        ring: [9; 32].into(),
        // No head keeps a sequence longer than its batch: each is looked for by itself.
        settings: CommitterSettings { numbered_max: 0, ..CommitterSettings::default() },
    }
}

/// A command with the time it is decided at.
pub type Timed = (Command, Timestamp);

/// Sends commands in batches of `size`.
pub async fn send(works: &Works, commands: &[Timed], size: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for batch in commands.chunks(size) {
        let (commands, at): (Vec<Command>, Vec<Timestamp>) = batch.iter().cloned().unzip();
        answers.extend(commit_at(works, &commands, &at).await.0);
    }
    answers
}

/// What steps came to.
#[derive(Default)]
pub struct History {
    pub commands: Vec<Timed>,
    pub answers: Vec<Answer>,
    opened: Vec<Opened>,
    seconds: i64,
}

impl History {
    /// Runs steps one by one, so that later steps can name the cases and numbers earlier ones gave.
    pub async fn go_on(&mut self, works: &Works, steps: &[(Step, u16)]) {
        for (step, minutes) in steps {
            self.seconds += i64::from(*minutes) * 60;
            let n = self.commands.len();
            let command = match step {
                Step::Again { again } => self.commands.get(again % n.max(1)).map(|(command, _)| command.clone()),
                step => command(step, n as u128, &self.opened),
            };
            let Some(command) = command else { continue };
            let timed = (command, at(self.seconds));
            let answer = send(works, std::slice::from_ref(&timed), 1).await.remove(0);
            if let (Body::Open { .. }, Ok(outcome)) = (&timed.0.body, &answer) {
                let (case, number) = (outcome.case.unwrap(), outcome.number.clone().unwrap());
                self.opened.push(Opened { case, shard: outcome.shard, number });
            }
            self.commands.push(timed);
            self.answers.push(answer);
        }
    }
}

/// The history of steps.
pub async fn live(works: &Works, steps: &[(Step, u16)]) -> History {
    let mut history = History::default();
    history.go_on(works, steps).await;
    history
}

struct Opened {
    case: CaseId,
    shard: Shard,
    number: String,
}

fn command(step: &Step, n: u128, opened: &[Opened]) -> Option<Command> {
    // Among the last few, so that cases go through many steps.
    let pick = |of: usize| opened.iter().rev().nth(of % opened.len().clamp(1, 5));
    let (shard, actor, body) = match step {
        Step::Open { township, category, reference, phone } => {
            let place = TOWNSHIPS[*township];
            let mut form: Fields =
                [("place".to_owned(), json!(place)), ("category".to_owned(), json!(format!("c{category}")))].into();
            form.extend(reference.map(|n| ("reference".to_owned(), json!(format!("R{n}")))));
            form.extend(phone.then(|| ("phone".to_owned(), json!("13900000000"))));
            let body = Body::Open {
                process: "report".to_owned(),
                form,
                channel: "web".to_owned(),
                observed_at: None,
                from: None,
            };
            (place.parse::<PlaceCode>().unwrap().shard(), Actor::Public, body)
        }
        Step::Act { of, action, with } => {
            let case = pick(*of)?;
            let (post, account) = clerk_of(&case.shard.to_string());
            let action = ACTIONS[*action];
            let form = typed(action, *with, case, pick(*with)?);
            let body = Body::Act { case: case.case, action: action.to_owned(), form, version: None };
            (case.shard, Actor::Post { post, account }, body)
        }
        Step::Due { of } => {
            let case = pick(*of)?;
            (case.shard, Actor::System, Body::Due { case: case.case, clock: "handle".to_owned() })
        }
        Step::Put { county, key } => {
            let shard = COUNTIES[*county].parse::<PlaceCode>().unwrap().shard();
            (shard, Actor::System, Body::Put { record: visit(shard, COUNTIES[*county], *key, n) })
        }
        Step::Again { .. } => return None,
    };
    Some(Command { id: command_id(1_000_000 + n), shard, actor, body })
}

fn visit(shard: Shard, county: &str, key: u8, n: u128) -> Record {
    Record {
        register: "visit".to_owned(),
        shard,
        key: format!("{county}00{}", key + 1),
        version: 0,
        place: None,
        valid_from: None,
        valid_to: None,
        updated_at: at(0),
        fields: [("last".to_owned(), json!(format!("put {n}")))].into(),
        authority: None,
        documents: Vec::new(),
    }
}

fn typed(action: &str, with: usize, case: &Opened, other: &Opened) -> Fields {
    let post = format!("clerk.{}", case.shard);
    let township = |n: usize| format!("{}00{}", case.shard, n % 2 + 1);
    let pairs: Vec<(&str, Value)> = match action {
        "give" if with.is_multiple_of(3) => vec![("post", json!(post)), ("helpers", json!([post]))],
        "give" => vec![("post", json!(post))],
        "merge" => vec![("into", json!(other.number))],
        "move" => vec![("to", json!(township(with)))],
        "finish" => vec![("result", json!("mended"))],
        "called" => vec![("caller", json!(format!("called {with}")))],
        _ => vec![],
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The world as it is now.
pub fn world_of(works: &Works) -> Arc<World> {
    works.world.load_full()
}
