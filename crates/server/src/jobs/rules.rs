//! Standing rules beside requests: those that look at today are judged at the beginning of each day, and for every row that breaks a
//! rule which opens a case one is opened, once until the row keeps the rule again. What is refused is said once and noted, since
//! a repeat would be refused as well.

use crate::app::App;
use crate::error::Error;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::derived;
use ganglion_kernel::rules::{Broken, Violation, opening};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::Source;
use ganglion_model::{Actor, Body, Command, Link, Shard};
use ganglion_store::judged::judge;
use std::collections::BTreeMap;

/// Rows looked at in one turn.
const AT_ONCE: u32 = 100;
/// Stands where a case could not be opened.
const REFUSED: &str = "-";

/// Judges what the day has changed and opens what is to be opened.
///
/// # Errors
/// When the store fails or the queue is full; what was not done is found again.
pub async fn run(app: &App) -> Result<(), Error> {
    let world = app.world.load_full();
    if let Some(rows) = judge(app.store.as_ref(), &world, local_date(app.clock.now())).await? {
        tracing::info!(rows, "rules that look at today were judged");
    }
    let opening_rules = world.model.rules.values().filter(|rule| rule.open.is_some());
    let names: Vec<String> = opening_rules.map(|rule| rule.name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    for one in app.store.violations_unopened(&names, AT_ONCE).await? {
        let Some(command) = command(app, &one).await? else { continue };
        open(app, &one, command).await?;
    }
    Ok(())
}

async fn command(app: &App, one: &Violation) -> Result<Option<Command>, Error> {
    let world = app.world.load_full();
    let Some(rule) = world.model.rules.get(&one.rule) else { return Ok(None) };
    match &rule.over {
        Source::Process(_) => {
            let case = app.store.case(one.shard, one.id).await?;
            Ok(case.and_then(|case| opening(&world, one, Broken::Case(&case))))
        }
        Source::Register(register) => {
            let mut versions = if one.shard == Shard::DEPLOYMENT {
                world.versions(register, &one.subject).to_vec()
            } else {
                app.store.row_versions(&(one.shard, register.clone(), one.subject.clone())).await?
            };
            Ok(versions.pop().and_then(|record| opening(&world, one, Broken::Row(&record))))
        }
    }
}

async fn open(app: &App, one: &Violation, command: Command) -> Result<(), Error> {
    let id = command.id;
    let outcome = match app.committer.send(command).await {
        Ok(outcome) => outcome,
        Err(CommitError::Refused(refusal)) => {
            tracing::error!(rule = one.rule, code = ?refusal.code, fields = ?refusal.fields, "a rule could not open its case");
            return Ok(app.store.violation_opened(one, REFUSED).await?);
        }
        Err(error) => return Err(error.into()),
    };
    let number = outcome.number.unwrap_or_default();
    let is_case = app.store.case(one.shard, one.id).await?.is_some();
    if let (true, Some(case)) = (is_case, outcome.case) {
        let link = Link {
            kind: format!("rule_{}", one.rule),
            number: number.clone(),
            case,
            shard: outcome.shard,
            process: None,
            settled: false,
            seen: 1,
            marks: BTreeMap::new(),
        };
        let body = Body::LinkBack { case: one.id, link };
        let back = Command { id: derived(id, "link"), shard: one.shard, actor: Actor::System, body };
        match app.committer.send(back).await {
            Ok(_) | Err(CommitError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(app.store.violation_opened(one, &number).await?)
}
