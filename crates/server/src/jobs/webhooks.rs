//! Events to receivers outside: see `events`. The journal is read by a cursor of each receiver.

use crate::app::App;
use crate::error::Error;

/// Takes new events for every receiver and sends what is due.
///
/// # Errors
/// When the store fails; what was not sent is sent at the next run.
pub async fn run(app: &App) -> Result<(), Error> {
    crate::events::run(app).await
}
