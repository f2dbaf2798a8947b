//! What is told of a line of the journal, as a CloudEvent (1.0). The public hears of what the public is shown elsewhere:
//! requests of processes offered over Open311, under their public ids, and rows of public registers. A post hears of what it
//! may read. Nobody hears a value somebody typed: whoever may know it reads the case or row.

use crate::app::App;
use crate::error::Error;
use crate::open311;
use crate::rest::answer::{case_href, row_href};
use crate::view::Look;
use crate::view::words::iso;
use crate::web::Web;
use ganglion_kernel::World;
use ganglion_kernel::decide::row_who::may_read_row;
use ganglion_kernel::decide::who;
use ganglion_model::change::{Change, Op};
use ganglion_model::{Actor, Case, Entry, Lang, Level, Post, Record};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Who listens: a post, or anyone.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewer(Option<Actor>);

/// The kinds of events, as `type` of a CloudEvent ends.
pub const TYPES: [&str; 4] = ["case.opened", "case.changed", "case.closed", "row.changed"];
/// What every type begins with.
const TYPE: &str = "ganglion.";

impl Viewer {
    /// Anyone.
    #[must_use]
    pub fn public() -> Viewer {
        Viewer(None)
    }

    /// The software that holds a key.
    #[must_use]
    pub fn key(name: &str) -> Viewer {
        Viewer(Some(Actor::Api { key: name.to_owned() }))
    }

    /// Whoever asks.
    #[must_use]
    pub fn of(web: &Web) -> Viewer {
        Viewer(web.post().ok().map(|_| web.actor()))
    }
}

/// What an event says of its line.
struct Said {
    kind: &'static str,
    subject: String,
    data: Value,
}

/// The event of a line for a viewer; `None` when it is not for them.
///
/// # Errors
/// Storage.
pub async fn told(app: &App, world: &World, viewer: &Viewer, entry: &Entry) -> Result<Option<Value>, Error> {
    let now = app.clock.now();
    let said = match &entry.change {
        Change::Opened { case } => {
            let current = app.store.case(entry.shard, case.id).await?;
            let change = Turn { kind: "case.opened", state: Some(&case.state), action: None };
            current.and_then(|current| of_case(app, world, (viewer, now), (&current, &change)))
        }
        Change::Case { case, action, ops, .. } => {
            let current = app.store.case(entry.shard, *case).await?;
            current.and_then(|current| of_case(app, world, (viewer, now), (&current, &turn(action, ops))))
        }
        Change::Record { record } => of_row(world, (viewer, now), record),
        Change::RecordGone { .. } | Change::Proposal { .. } | Change::Erased { .. } => None,
    };
    Ok(said.map(|said| event(app, entry, said)))
}

/// What a change did to the state of a case.
struct Turn<'e> {
    kind: &'static str,
    state: Option<&'e String>,
    action: Option<&'e str>,
}

fn turn<'e>(action: &'e str, ops: &'e [Op]) -> Turn<'e> {
    let entered = ops.iter().rev().find_map(|op| match op {
        Op::State { to, last, .. } => Some((to, *last)),
        _ => None,
    });
    let kind = if entered.is_some_and(|(_, last)| last) { "case.closed" } else { "case.changed" };
    Turn { kind, state: entered.map(|(to, _)| to), action: Some(action) }
}

fn of_case(
    app: &App,
    world: &World,
    (viewer, now): (&Viewer, Timestamp),
    (case, turn): (&Case, &Turn<'_>),
) -> Option<Said> {
    let place = case.place.at(Level::Township).unwrap_or(case.place);
    let Some(actor) = &viewer.0 else {
        let words = app.words(Lang::En);
        let look = Look { world, say: &words, now };
        let id = open311::public_id(&look, &app.master, case)?;
        let data = json!({ "process": case.process, "state": turn.state, "place": place, "service_request_id": id });
        return Some(Said { kind: turn.kind, subject: id, data });
    };
    let post = who::post_of(world, actor, now)?;
    if !who::may_read(world, actor, Some(post), case) {
        return None;
    }
    let data = json!({
        "process": case.process,
        "number": case.number,
        "state": turn.state,
        "action": turn.action,
        "place": case.place,
        "href": case_href(&case.process, &case.number),
    });
    Some(Said { kind: turn.kind, subject: case.number.clone(), data })
}

fn of_row(world: &World, (viewer, now): (&Viewer, Timestamp), record: &Record) -> Option<Said> {
    let register = world.model.registers.get(&record.register)?;
    let post: Option<&Post> = viewer.0.as_ref().and_then(|actor| who::post_of(world, actor, now));
    let reads = match &viewer.0 {
        Some(actor) => post.is_some() && may_read_row(register, actor, post, record.place),
        None => false,
    };
    // A key that is no public value tells something of its row.
    let is_open = register.is_public()
        && register.key_fields().all(|name| register.field(name).is_some_and(|field| field.public && !field.personal));
    if !reads && !is_open {
        return None;
    }
    let href = row_href(&record.register, record.shard.0, &record.key);
    let data = json!({
        "register": record.register,
        "shard": record.shard,
        "key": record.key,
        "place": record.place,
        "valid_from": record.valid_from,
        "valid_to": record.valid_to,
        "href": href,
    });
    Some(Said { kind: "row.changed", subject: format!("{}/{}", record.register, record.key), data })
}

/// The envelope.
fn event(app: &App, entry: &Entry, said: Said) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("{}-{}", entry.shard, entry.seq),
        "source": format!("{}/events", app.settings.public_url.trim_end_matches('/')),
        "type": format!("{TYPE}{}", said.kind),
        "subject": said.subject,
        "time": iso(entry.at),
        "datacontenttype": "application/json",
        "data": said.data,
    })
}

/// The kind an event is of, as in [`TYPES`].
#[must_use]
pub fn kind_of(event: &Value) -> &str {
    event["type"].as_str().and_then(|kind| kind.strip_prefix(TYPE)).unwrap_or_default()
}
