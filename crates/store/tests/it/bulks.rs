//! Commands that are sent together: each as if it had come alone, one batch for all of them, and room for others beside them.

use crate::support::Make;
use crate::support::dump::dump;
use crate::support::history::{works, world_of};
use crate::support::rows::command_id;
use ganglion_kernel::Committer;
use ganglion_kernel::commit::{Answer, CommitError};
use ganglion_model::change::{Actor, Body, Command, RefusalCode};
use ganglion_model::{Fields, Shard};
use ganglion_store::SqliteStore;
use ganglion_store::replay::replay;
use serde_json::json;

/// More than go with a batch one by one.
const COMMANDS: u128 = 700;

/// Every seventh has the reference of another, every hundredth the id of the one before.
fn commands() -> Vec<Command> {
    let each = |n: u128| {
        let reference = if n % 7 == 6 { "R0".to_owned() } else { format!("R{n}") };
        let county = if n.is_multiple_of(2) { "130922" } else { "130925" };
        let form = json!({"place": format!("{county}001"), "category": "a", "reference": reference});
        let form: Fields = serde_json::from_value(form).unwrap();
        let body = Body::Open { process: "report".into(), form, channel: "web".into(), observed_at: None, from: None };
        let id = command_id(if n % 100 == 98 { n - 2 } else { n });
        Command { id, shard: Shard(county.parse().unwrap()), actor: Actor::Public, body }
    };
    (0..COMMANDS).map(each).collect()
}

fn told(answers: Vec<Answer>) -> Vec<Result<String, RefusalCode>> {
    let each = |answer: Answer| match answer {
        Ok(outcome) => Ok(outcome.number.unwrap_or_default()),
        Err(CommitError::Refused(refusal)) => Err(refusal.code),
        Err(error) => unreachable!("{error}"),
    };
    answers.into_iter().map(each).collect()
}

pub async fn commands_sent_together_end_as_they_do_alone(make: Make) {
    let (alone, together) = (make(), make());
    let (committer, thread) = Committer::start(works(alone.store.clone())).unwrap();
    let mut answers = Vec::new();
    for command in commands() {
        answers.push(committer.send(command).await);
    }
    drop(committer);
    thread.join().unwrap();
    let works = works(together.store.clone());
    let world = world_of(&works);
    let (committer, thread) = Committer::start(works).unwrap();
    // Somebody else comes while they are on their way, with a number of another place.
    let mut other = commands().remove(0);
    other.id = command_id(COMMANDS);
    if let Body::Open { form, .. } = &mut other.body {
        form.insert("place".to_owned(), json!("130922002"));
        form.insert("reference".to_owned(), json!("other"));
    }
    let (found, beside) = tokio::join!(committer.send_all(commands()), committer.send(other));
    let found = told(found);
    assert_eq!(found, told(answers));
    assert!(found.iter().any(Result::is_err) && found.iter().any(Result::is_ok), "{found:?}");
    assert!(beside.is_ok(), "{beside:?}");
    committer.close();
    drop(committer);
    thread.join().unwrap();
    let again = SqliteStore::memory().unwrap();
    replay(&*together.store, &*again, &world).await.unwrap();
    assert_eq!(dump(&*together.store).await, dump(&*again).await, "the journal gives the same rows and figures");
}

pub async fn a_closed_committer_takes_no_bulk(make: Make) {
    let db = make();
    let (committer, thread) = Committer::start(works(db.store.clone())).unwrap();
    let gate = committer.pause().await;
    committer.close();
    drop(gate);
    thread.join().unwrap();
    let answers = committer.send_all(commands()).await;
    assert_eq!(answers.len(), commands().len());
    assert!(answers.iter().all(|answer| matches!(answer, Err(CommitError::Stopped))));
}
