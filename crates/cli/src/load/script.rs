//! The steps of the loop, read from data and made concrete for one case.

use anyhow::{Context as _, Result};
use ganglion_kernel::world::World;
use ganglion_model::{Fields, Level, PlaceCode};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// The loop.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The process.
    pub process: String,
    /// Channel noted with each case.
    pub channel: String,
    /// Steps in order.
    pub steps: Vec<Step>,
}

/// One call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `open`, `list`, `read`, or an action.
    #[serde(rename = "do")]
    pub what: String,
    /// Who: `role@level`.
    pub by: String,
    /// What is typed; `{post role@level}` and `{point}` are filled in.
    #[serde(default)]
    pub form: Fields,
}

impl Script {
    /// Reads the steps.
    ///
    /// # Errors
    /// When the file is missing or bad.
    pub fn read(home: &Path) -> Result<Script> {
        let path = home.join("data/bench/loop.yaml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Steps that change something.
    #[must_use]
    pub fn durable_steps(&self) -> usize {
        self.steps.iter().filter(|step| !step.is_read()).count()
    }
}

impl Step {
    /// Whether it only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.what.as_str(), "list" | "read")
    }
}

/// The post of `role@level` that serves `place`.
#[must_use]
pub fn post_id(world: &World, by: &str, place: PlaceCode) -> Option<String> {
    let (role, level) = by.split_once('@')?;
    let at = place.at(Level::parse(level)?)?;
    world.posts.at(at).find(|post| post.role == role).map(|post| post.id.0.clone())
}

/// The form of a step for a case at `place`.
#[must_use]
pub fn form(step: &Step, world: &World, place: PlaceCode, point: [f64; 2]) -> Fields {
    let fill = |value: &Value| match value.as_str() {
        Some("{point}") => Value::from(point.to_vec()),
        Some(text) => text
            .strip_prefix("{post ")
            .and_then(|rest| rest.strip_suffix('}'))
            .and_then(|by| post_id(world, by, place))
            .map_or_else(|| value.clone(), Value::String),
        None => value.clone(),
    };
    step.form.iter().map(|(name, value)| (name.clone(), fill(value))).collect()
}
