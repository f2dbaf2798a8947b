//! The behaviour files, one a process: who does what, how often and after how long.

use anyhow::{Context as _, Result};
use ganglion_model::row::Case;
use ganglion_model::{Fields, PlaceCode};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Everything simulated people do in one process.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// The process.
    pub process: String,
    /// Its part of all cases that come in, relative to the others; 0: only other cases open it.
    pub share: f64,
    /// Relative number of cases in each hour of the day; empty: any hour.
    #[serde(default)]
    pub hours: Vec<f64>,
    /// Relative number of cases in each month; empty: any month.
    #[serde(default)]
    pub months: Vec<f64>,
    /// Relative number of cases by kind of place (name of the kind); others count 1.
    #[serde(default)]
    pub places: BTreeMap<String, f64>,
    /// Ways a case comes in.
    #[serde(default)]
    pub open: Vec<Opening>,
    /// What is seen: values that go together.
    #[serde(default)]
    pub matters: Vec<Matter>,
    /// Places where more comes in while the demonstration runs, so that a visitor finds them at work. History has none of it.
    #[serde(default)]
    pub busy: Vec<Busy>,
    /// What serves one case at a time.
    #[serde(default)]
    pub desk: Option<Desk>,
    /// What follows in each state.
    pub states: BTreeMap<String, Vec<Step>>,
}

/// A place that is at work while the demonstration runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Busy {
    /// The place.
    pub place: PlaceCode,
    /// Minutes between two openings there, in the time of the city.
    pub every: f64,
}

/// A row that serves one case at a time, such as a window of a hall.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Field of the case that holds the row's key.
    pub field: String,
    /// States in which the row is taken.
    #[serde(rename = "in")]
    pub states: Vec<String>,
    /// Rows left to visitors: simulated people neither name them nor go on with what is served there.
    #[serde(default)]
    pub left: Vec<String>,
}

impl Desk {
    /// Whether a row is left to visitors.
    #[must_use]
    pub fn keeps(&self, row: &str) -> bool {
        self.left.iter().any(|left| left == row)
    }

    /// The row that serves a case now.
    #[must_use]
    pub fn serving<'a>(&self, case: &'a Case) -> Option<&'a str> {
        let taken = self.states.contains(&case.state);
        taken.then(|| case.fields.get(&self.field)?.as_str()).flatten()
    }
}

/// A way a case comes in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// How often, relative to the others.
    pub weight: f64,
    /// `public`, or a role at a level such as `grid_worker@grid`.
    pub by: String,
    /// Channel noted with the case.
    pub channel: String,
    /// Values typed, besides those of the matter. `{phone}` is a made-up telephone, `{village}` and `{grid}` are where it is,
    /// `{row REGISTER}` is a row that belongs to a place above.
    #[serde(default)]
    pub form: Fields,
}

/// Something that is seen and reported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// How often.
    pub weight: f64,
    /// Values of the form.
    pub form: Fields,
    /// Texts one of which is typed into the field of this name.
    #[serde(default)]
    pub texts: BTreeMap<String, Vec<String>>,
}

/// Something that may follow in a state.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How often, relative to the others in the state.
    pub weight: f64,
    /// Action; absent: nothing happens any more.
    #[serde(default, rename = "do")]
    pub action: Option<String>,
    /// Who: `role@level`, `role@handling`, `assignee`, `reporter`.
    #[serde(default)]
    pub by: String,
    /// Only while the case is handled at this level.
    #[serde(default)]
    pub level: Option<ganglion_model::Level>,
    /// Only while fields of the case have these values.
    #[serde(default)]
    pub having: Fields,
    /// After how many minutes: from, to. Drawn evenly on a logarithmic scale.
    #[serde(default)]
    pub after: Option<(f64, f64)>,
    /// Only in office hours.
    #[serde(default)]
    pub office: bool,
    /// Instead of `after`: a share of the time a running clock has in all.
    #[serde(default)]
    pub share: Option<Share>,
    /// Values typed. A text may be `{post role@level}` (a post for the case), `{number}` (an earlier case of the same
    /// process and place, for merging), `{near}` (another place in the same township), `{now}` (the moment), `{today}` or
    /// `{today+30}` (a day some days later), `{row REGISTER}` (a row that belongs to the place, or to one above it) or
    /// `{row REGISTER COLUMN=FIELD}` (one whose column holds what the case has in the field, or is empty).
    #[serde(default)]
    pub form: Fields,
    /// Lists of texts one of which is typed.
    #[serde(default)]
    pub texts: BTreeMap<String, Vec<String>>,
}

/// A share of a clock.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The clock.
    pub of: String,
    /// From, to; above 1 is late.
    pub between: (f64, f64),
}

impl Behaviour {
    /// Reads one file.
    ///
    /// # Errors
    /// When it is missing or bad.
    pub fn read(path: &Path) -> Result<Behaviour> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Reads every file of a folder, one process each, in the order of their names.
    ///
    /// # Errors
    /// When the folder or a file is missing or bad.
    pub fn read_all(folder: &Path) -> Result<Vec<Behaviour>> {
        let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
        paths.sort();
        paths.iter().map(|path| Behaviour::read(path)).collect()
    }
}

/// Picks by weight; `draw` is in `[0, 1)`.
pub fn pick<T>(items: &[T], weight: impl Fn(&T) -> f64, draw: f64) -> Option<&T> {
    let total: f64 = items.iter().map(&weight).sum();
    let mut left = draw * total;
    items.iter().find(|item| {
        left -= weight(item);
        left < 0.0
    })
}

/// A typed value with `{…}` parts replaced by `fill`; `None` when a part has no value.
pub fn filled(value: &Value, fill: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    match value {
        Value::String(text) => match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => fill(name).map(Value::String),
            None => Some(value.clone()),
        },
        Value::Array(items) => {
            items.iter().map(|item| filled(item, fill)).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Value::Object(row) => {
            let cells = row.iter().map(|(name, cell)| Some((name.clone(), filled(cell, fill)?)));
            cells.collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
        }
        other => Some(other.clone()),
    }
}
