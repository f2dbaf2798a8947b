//! Orders that were taken in: by their own number, with the number of the case and a keyed hash of what they said, so that
//! the same order sent again is told from one that was changed meanwhile, for as long as the case is kept.

use crate::app::App;
use crate::error::Error;
use crate::intake::read::Said;
use crate::sign::{self, Use};
use ganglion_kernel::port::Kept;
use ganglion_model::pack::{Intake, Process};
use serde::{Deserialize, Serialize};

/// The kind of such things in storage.
const KIND: &str = "order";

/// An order that was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The number of its case.
    pub number: String,
    /// What it said.
    pub hash: String,
}

/// What an order says, as a hash: it tells nothing of what people wrote.
pub fn hash(app: &App, (process, intake): (&Process, &Intake), said: &Said) -> String {
    let parts = [process.name.as_str(), intake.name.as_str(), said.number.as_str(), said.content.as_str()];
    sign::hex(&sign::sign(&app.master, Use::Order, &parts))
}

fn id((process, intake): (&Process, &Intake), number: &str) -> String {
    format!("{}/{}/{number}", process.name, intake.name)
}

impl App {
    /// The order of a number, if it was taken in.
    ///
    /// # Errors
    /// Storage; what is kept and cannot be read.
    pub(super) async fn order(&self, at: (&Process, &Intake), number: &str) -> Result<Option<Known>, Error> {
        let Some(kept) = self.store.kept_one(KIND, &id(at, number)).await? else { return Ok(None) };
        let known = serde_json::from_str(&kept.body);
        known.map(Some).map_err(|error| Error::Internal(format!("an order that was kept cannot be read: {error}")))
    }

    /// Keeps that an order was taken in.
    ///
    /// # Errors
    /// Storage.
    pub(super) async fn order_put(&self, at: (&Process, &Intake), number: &str, known: &Known) -> Result<(), Error> {
        let body = serde_json::to_string(known).map_err(|error| Error::Internal(error.to_string()))?;
        let kept = Kept { kind: KIND.to_owned(), id: id(at, number), due: None, body };
        Ok(self.store.kept_put(&[kept]).await?)
    }
}
