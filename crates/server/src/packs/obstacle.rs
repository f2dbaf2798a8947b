//! What stands in the way of an installation: rows, cases and posts that the new version has no room for.

use serde::Serialize;
use std::fmt;

/// Numbers or keys named with an obstacle; the list behind it has all.
pub const FIRST_MAX: usize = 5;

/// One obstacle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// Kind: `process-in-use`, `register-in-use`, `state-in-use`, `action-awaited`, `value-unfit`, `value-missing`,
    /// `value-twice`, `code-in-use`, `key-changed`, `role-held`.
    pub code: &'static str,
    /// What of the pack it is about, e.g. `incident.done`.
    pub path: String,
    /// How many rows.
    pub count: u64,
    /// The first few of them: numbers, keys or posts.
    pub first: Vec<String>,
    /// The list that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

impl Obstacle {
    /// An obstacle without rows yet.
    #[must_use]
    pub fn new(code: &'static str, path: impl Into<String>) -> Obstacle {
        Obstacle { code, path: path.into(), count: 0, first: Vec::new(), href: None }
    }

    /// One row more.
    pub fn add(&mut self, name: &str) {
        self.count += 1;
        if self.first.len() < FIRST_MAX {
            self.first.push(name.to_owned());
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Obstacle { path, count, .. } = self;
        match self.code {
            "process-in-use" => write!(out, "the process `{path}` is gone, and {count} cases are of it")?,
            "register-in-use" => write!(out, "the register `{path}` is gone, and {count} rows are in it")?,
            "state-in-use" => write!(out, "the state `{path}` is gone, and {count} cases stand in it")?,
            "action-awaited" => write!(out, "the action `{path}` is gone, and {count} open cases wait for it")?,
            "value-unfit" => write!(out, "`{path}` has another type, and {count} rows have values that do not fit it")?,
            "value-missing" => write!(out, "`{path}` is required, and {count} rows have no value")?,
            "value-twice" => {
                write!(out, "`{path}` may stand once only, and {count} rows have a value that stands twice")?
            }
            "code-in-use" => {
                write!(out, "the code `{path}` is gone, and {count} rows have it: end it with valid_to instead")?
            }
            "key-changed" => {
                write!(out, "the key or scope of `{path}` is another, and {count} rows are kept by the old one")?
            }
            _ => write!(out, "the role `{path}` is gone or has other levels, and {count} posts hold it")?,
        }
        if !self.first.is_empty() {
            write!(
                out,
                " ({}{})",
                self.first.join(", "),
                if self.count > self.first.len() as u64 { ", …" } else { "" }
            )?;
        }
        Ok(())
    }
}
