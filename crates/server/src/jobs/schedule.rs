//! Cases that come by themselves: for every schedule of every process, once it falls due. How far a schedule has come is a
//! setting; a run that was cut off begins again and opens nothing twice, because the ids of its commands follow from what they
//! open. What the form does not take is said in the log once a time and not tried again.

use crate::app::App;
use crate::error::Error;
use futures_util::future::join_all;
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_kernel::schedule::{For, last_due, opening, places};
use ganglion_kernel::{CommitError, World};
use ganglion_model::Command;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Each, Process, ScheduleDef, Scope};
use jiff::Timestamp;

/// Commands sent at a time.
const AT_ONCE: usize = 64;
/// Rows read at a time.
const ROWS_AT_ONCE: u32 = 500;

/// Opens what is due.
///
/// # Errors
/// When the store fails or the queue is full; what was not done is done at the next turn.
pub async fn run(app: &App) -> Result<(), Error> {
    let world = app.world.load_full();
    for process in world.model.processes.values() {
        for def in process.schedule.values() {
            one(app, &world, (process, def)).await?;
        }
    }
    Ok(())
}

async fn one(app: &App, world: &World, (process, def): (&Process, &ScheduleDef)) -> Result<(), Error> {
    let kept = format!("schedule.{}.{}", process.name, def.name);
    let now = app.clock.now();
    let since = app.store.setting(&kept).await?.and_then(|text| text.parse::<Timestamp>().ok());
    let Some(since) = since else {
        // A schedule begins when it is installed: nothing is opened for the time before.
        return Ok(app.store.setting_put(&kept, &now.to_string()).await?);
    };
    let Some(at) = last_due(def, &world.office, (since, now)) else { return Ok(()) };
    match &def.each {
        Each::Places(_) => {
            let all = places(world, def, local_date(at));
            let commands = all.into_iter().filter_map(|place| opening(world, (process, def), For::Place(place), at));
            send(app, (process, def), commands.collect()).await?;
        }
        Each::Rows { register, .. } => rows(app, world, (process, def), (register, at)).await?,
    }
    Ok(app.store.setting_put(&kept, &at.to_string()).await?)
}

/// For every row that holds on the day, page by page.
async fn rows(
    app: &App,
    world: &World,
    of: (&Process, &ScheduleDef),
    (register, at): (&str, Timestamp),
) -> Result<(), Error> {
    let day = local_date(at);
    if world.model.registers.get(register).is_some_and(|one| one.scope == Scope::Deployment) {
        let holding = world.each_row(register).flatten().filter(|row| row.valid_on(day));
        let commands = holding.filter_map(|row| opening(world, of, For::Row(row), at)).collect();
        return send(app, of, commands).await;
    }
    let (filter, order) = (RowFilter::of(register, day), RowOrder::default());
    let mut after = None;
    loop {
        let page = app.store.rows(&filter, &order, after.as_ref(), ROWS_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(order.after(last));
        let commands = page.iter().filter_map(|row| opening(world, of, For::Row(row), at)).collect();
        send(app, of, commands).await?;
    }
}

async fn send(app: &App, (process, def): (&Process, &ScheduleDef), commands: Vec<Command>) -> Result<(), Error> {
    for some in commands.chunks(AT_ONCE) {
        let answers = join_all(some.iter().map(|command| app.committer.send(command.clone()))).await;
        for answer in answers {
            match answer {
                Ok(_) => {}
                Err(CommitError::Refused(refusal)) => {
                    let (process, schedule) = (&process.name, &def.name);
                    tracing::error!(%process, %schedule, code = ?refusal.code, fields = ?refusal.fields, "a scheduled case was refused");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
