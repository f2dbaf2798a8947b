//! From a message to rows: which register it belongs to, where its instrument stands, what is judged of each reading, and the
//! command that writes what is kept. Knows no broker.

use crate::app::App;
use crate::error::Error;
use crate::keys::{Area, Need};
use crate::staff::registers::import::sent;
use futures_util::future::join_all;
use ganglion_kernel::decide::who::post_of;
use ganglion_kernel::gauge::{Book, Said, Taken, Topic, Verdict, readings};
use ganglion_kernel::{CommitError, World};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{FieldKind, ReadingFlag, Readings, Register};
use ganglion_model::{Actor, Body, Command, CommandId, Fields, PlaceCode, RefusalCode, RowDeed, RowWish, Shard};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Instruments of a register that are remembered, at most.
const GAUGES_MAX: usize = 100_000;
/// Keys remembered as those of no instrument, at most.
const UNKNOWN_MAX: usize = 10_000;
/// Rows written together.
const ROWS_AT_ONCE: usize = 256;

/// Where the instruments of a register stand.
#[derive(Default)]
struct Places {
    known: HashMap<String, PlaceCode>,
    /// Keys of no instrument.
    unknown: HashSet<String>,
}

/// What is remembered of the registers that take readings.
#[derive(Default)]
pub struct Feed {
    /// Judged and not written yet.
    pending: Vec<Row>,
    books: HashMap<String, Book>,
    places: HashMap<String, Places>,
    /// Readings by what became of them since this was last asked.
    counts: BTreeMap<&'static str, u64>,
    /// Those of them that the figures of the server do not have yet.
    fresh: BTreeMap<&'static str, u64>,
}

/// A row that is to be written.
struct Row {
    register: String,
    key: String,
    at: Timestamp,
    command: Command,
}

impl Feed {
    /// What became of readings since this was last asked.
    pub fn counts(&mut self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut self.counts)
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
        *self.fresh.entry(what).or_default() += 1;
    }

    /// Takes messages, topic and payload; returns when what they say is durable or refused.
    ///
    /// # Errors
    /// Storage: then the same messages may be given again. What was judged is known by then and only written.
    pub async fn take(&mut self, app: &App, key: &str, messages: &[(String, Vec<u8>)]) -> Result<(), Error> {
        let taken = self.taken(app, key, messages).await;
        app.meter.readings(&std::mem::take(&mut self.fresh));
        taken
    }

    async fn taken(&mut self, app: &App, key: &str, messages: &[(String, Vec<u8>)]) -> Result<(), Error> {
        let world = app.world.load_full();
        let now = app.clock.now();
        let actor = Actor::Api { key: key.to_owned() };
        let shard = post_of(&world, &actor, now).map(|post| post.place.shard());
        let known = app.service_key(key).await?.filter(|key| key.is_live(now));
        let (Some(shard), Some(known)) = (shard, known) else {
            self.count("no_key");
            return Ok(());
        };
        for (topic, payload) in messages {
            let Some((register, limits, gauge)) = of_topic(&world, topic) else {
                self.count("no_register");
                continue;
            };
            let need = Need::Of { area: Area::Registers, name: Some(register.name.clone()), write: true };
            if !known.gives(&need) {
                self.count("not_for_key");
                continue;
            }
            let Some(place) = self.place(app, (shard, register), gauge).await? else {
                self.count("unknown");
                continue;
            };
            let said = readings(limits, payload, now);
            if said.is_empty() {
                self.count("unreadable");
            }
            for one in said {
                let Some(flag) = self.judged(register, limits, gauge, (now, &one)) else { continue };
                let command = command((register, limits), (gauge, place), (&one, flag), (shard, &actor));
                let row = Row { register: register.name.clone(), key: gauge.to_owned(), at: one.reading.at, command };
                self.pending.push(row);
            }
        }
        self.write(app).await
    }

    /// What is doubtful about a reading that is kept; none when it is not.
    fn judged(
        &mut self,
        register: &Register,
        limits: &Readings,
        gauge: &str,
        (now, said): (Timestamp, &Said),
    ) -> Option<ReadingFlag> {
        let book = self.books.entry(register.name.clone()).or_insert_with(|| Book::new(GAUGES_MAX));
        match book.take(limits, gauge, (now, said.reading)) {
            Taken::Full => {
                self.count("full");
                None
            }
            Taken::Judged(verdict) => {
                self.count(verdict.as_str());
                match verdict {
                    Verdict::Kept(flag) => Some(flag),
                    _ => None,
                }
            }
        }
    }

    /// The place of the row of an instrument.
    async fn place(
        &mut self,
        app: &App,
        (shard, register): (Shard, &Register),
        gauge: &str,
    ) -> Result<Option<PlaceCode>, Error> {
        let places = self.places.entry(register.name.clone()).or_default();
        if places.unknown.contains(gauge) {
            return Ok(None);
        }
        if let Some(place) = places.known.get(gauge) {
            return Ok(Some(*place));
        }
        let Some(FieldKind::Ref { register: instruments }) = register.field(&register.key).map(|field| &field.kind)
        else {
            return Ok(None);
        };
        let versions = app.store.row_versions(&(shard, instruments.clone(), gauge.to_owned())).await?;
        let today = local_date(app.clock.now());
        let place = versions.iter().rev().find(|row| row.valid_on(today)).and_then(|row| row.place);
        // A flood of made-up keys is looked up again rather than remembered.
        if places.unknown.len() >= UNKNOWN_MAX || places.known.len() >= GAUGES_MAX {
            *places = Places::default();
        }
        if let Some(place) = place {
            places.known.insert(gauge.to_owned(), place);
        } else {
            places.unknown.insert(gauge.to_owned());
        }
        Ok(place)
    }

    /// Forgets where instruments stand, so that new ones are seen and those that moved or ended as well.
    pub fn forget(&mut self) {
        self.places.clear();
    }

    /// Writes what was judged; what a day has already is left as it is. What could not be written stays to be written.
    async fn write(&mut self, app: &App) -> Result<(), Error> {
        let mut pending = std::mem::take(&mut self.pending);
        while !pending.is_empty() {
            let rest = pending.split_off(pending.len().min(ROWS_AT_ONCE));
            let answers = join_all(pending.iter().map(|row| sent(app, row.command.clone()))).await;
            let mut failed = None;
            for (row, answer) in pending.into_iter().zip(answers) {
                match answer {
                    Ok(_) => self.count("written"),
                    Err(CommitError::Refused(refusal)) => self.refused(&row, refusal.code),
                    Err(error) => {
                        self.pending.push(row);
                        failed = Some(error);
                    }
                }
            }
            if let Some(error) = failed {
                self.pending.extend(rest);
                return Err(error.into());
            }
            pending = rest;
        }
        Ok(())
    }

    fn refused(&mut self, row: &Row, code: RefusalCode) {
        if matches!(code, RefusalCode::Changed | RefusalCode::Duplicate) {
            self.count("written_before");
            return;
        }
        tracing::warn!(register = row.register, ?code, "a reading was refused");
        self.count("refused");
        // The next reading of the day may fit.
        if let Some(book) = self.books.get_mut(&row.register) {
            book.give_back(&row.key, row.at);
        }
    }
}

/// The register a topic belongs to, with the key of the instrument.
fn of_topic<'w, 't>(world: &'w World, topic: &'t str) -> Option<(&'w Register, &'w Readings, &'t str)> {
    world.model.registers.values().find_map(|register| {
        let limits = register.readings.as_ref()?;
        let key = Topic::parse(&limits.topic)?.key(topic)?;
        Some((register, limits, key))
    })
}

/// The command that writes a reading. Its id follows from the day: sent again, it is answered from the record.
fn command(
    (register, limits): (&Register, &Readings),
    (gauge, place): (&str, PlaceCode),
    (said, flag): (&Said, ReadingFlag),
    (shard, actor): (Shard, &Actor),
) -> Command {
    let day = local_date(said.reading.at).to_string();
    let text = format!("reading\0{}\0{gauge}\0{day}\0{}", register.name, said.text);
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    let mut form: Fields = limits.with.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
    form.insert(register.key.clone(), Value::from(gauge));
    form.extend(register.series.clone().map(|series| (series, Value::from(day))));
    form.insert(limits.into.clone(), Value::from(said.text.clone()));
    form.extend(limits.flag.clone().map(|field| (field, Value::from(flag.as_str()))));
    let wish = RowWish {
        register: register.name.clone(),
        key: None,
        place: Some(place),
        deed: RowDeed::Put,
        from: None,
        until: None,
        form,
        partial: false,
        why: String::new(),
        version: Some(0),
    };
    let id = CommandId(uuid::Builder::from_custom_bytes(bytes).into_uuid());
    Command { id, shard, actor: actor.clone(), body: Body::Row { wish: Box::new(wish) } }
}
