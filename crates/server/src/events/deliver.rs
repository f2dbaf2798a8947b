//! Webhooks: every receiver's events are taken from the journal, kept until they are taken, tried again later and later, and
//! given up in the end for somebody to look at. An event may come twice, never not at all; its id says which it is.

use super::receiver::{DEAD, DELIVERY, Delivery, Receiver, all, one, pending, put, read};
use super::view::kind_of;
use super::{read as journal, send, sign};
use crate::app::App;
use crate::error::Error;
use futures_util::future::join_all;
use ganglion_kernel::port::Kept;
use ganglion_kernel::seal;
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// Seconds until the next try, after each that failed: the schedule Standard Webhooks advises. After the last it is given up.
const WAITS_SECONDS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Events that may wait for one receiver; more stay in the journal until these are taken.
const PENDING_MAX: u32 = 500;
/// Events of one receiver taken from the journal at a time.
const EVENTS_AT_ONCE: usize = 200;
/// How often the journal is read on for one receiver in one run.
const READINGS_AT_ONCE: usize = 10;
/// Deliveries looked at in one run, and those of one receiver sent at the same time.
const DUE_AT_ONCE: u32 = 64;
const OF_ONE_AT_ONCE: usize = 8;
/// What a receiver says that wants nothing more.
const GONE: u16 = 410;

/// Takes events from the journal and sends what is due.
///
/// # Errors
/// Storage; what was not done is done at the next run.
pub async fn run(app: &App) -> Result<(), Error> {
    for receiver in all(app).await?.into_iter().filter(|receiver| receiver.active) {
        collect(app, receiver).await?;
    }
    let due = app.store.kept_due(DELIVERY, app.clock.now(), DUE_AT_ONCE).await?;
    let mut by_receiver: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
    for kept in &due {
        let delivery: Delivery = read(kept)?;
        by_receiver.entry(delivery.receiver.clone()).or_default().push(delivery);
    }
    let sent = by_receiver.into_iter().map(|(id, deliveries)| send_all(app, id, deliveries));
    join_all(sent).await.into_iter().collect()
}

/// Takes what is new for a receiver from the journal, and notes how far it was read, in one step.
async fn collect(app: &App, mut receiver: Receiver) -> Result<(), Error> {
    if pending(app, DELIVERY, &receiver.id, PENDING_MAX).await?.len() >= PENDING_MAX as usize {
        return Ok(());
    }
    let (before, viewer) = (receiver.position.clone(), receiver.viewer());
    let mut events = Vec::new();
    // Most lines of a busy county may be nothing to this receiver.
    for _ in 0..READINGS_AT_ONCE {
        let room = EVENTS_AT_ONCE.saturating_sub(events.len());
        let (found, more) = journal::on(app, &viewer, &mut receiver.position, room).await?;
        events.extend(found);
        if !more || events.len() >= EVENTS_AT_ONCE {
            break;
        }
    }
    if receiver.position == before {
        return Ok(());
    }
    let now = app.clock.now();
    let mut things: Vec<Kept> = Vec::new();
    for told in events.into_iter().filter(|told| receiver.wants(kind_of(&told.event))) {
        let delivery = Delivery {
            receiver: receiver.id.clone(),
            event: told.event,
            attempts: 0,
            made_at: now,
            last: String::new(),
        };
        things.push(delivery.kept(DELIVERY, Some(now))?);
    }
    things.push(receiver.kept()?);
    Ok(app.store.kept_put(&things).await?)
}

/// Sends what is due to one receiver, and notes what came of it.
async fn send_all(app: &App, id: String, mut deliveries: Vec<Delivery>) -> Result<(), Error> {
    let Some(mut receiver) = one(app, &id).await? else {
        let gone: Vec<(String, String)> = deliveries.iter().map(|one| (DELIVERY.to_owned(), one.id())).collect();
        return Ok(app.store.kept_gone(&gone).await?);
    };
    if !receiver.active {
        return later(app, &deliveries).await;
    }
    deliveries.truncate(OF_ONE_AT_ONCE);
    let answers = join_all(deliveries.iter().map(|delivery| sent(app, &receiver, delivery))).await;
    let (mut gone, mut kept, mut taken) = (Vec::new(), Vec::new(), 0);
    for (delivery, answer) in deliveries.into_iter().zip(answers) {
        let id = (DELIVERY.to_owned(), delivery.id());
        let (said, is_taken) = match answer {
            Ok(status) => (status.to_string(), (200..300).contains(&status)),
            Err(reason) => (reason, false),
        };
        receiver.last = said.clone();
        receiver.active &= said != GONE.to_string();
        if is_taken {
            taken += 1;
            gone.push(id);
            continue;
        }
        let failed = Delivery { attempts: delivery.attempts + 1, last: said, ..delivery };
        match wait(failed.attempts).filter(|_| receiver.active) {
            Some(wait) => kept.push(failed.kept(DELIVERY, Some(app.clock.now() + wait))?),
            None => {
                kept.push(failed.kept(DEAD, None)?);
                gone.push(id);
            }
        }
    }
    app.store.kept_put(&kept).await?;
    app.store.kept_gone(&gone).await?;
    // Somebody may have changed the receiver meanwhile: only what came of it is noted.
    if let Some(current) = one(app, &id).await? {
        let noted = Receiver {
            delivered: current.delivered + taken,
            last_at: Some(app.clock.now()),
            last: receiver.last,
            active: current.active && receiver.active,
            ..current
        };
        put(app, &noted).await?;
    }
    Ok(())
}

/// How long to wait after so many tries; `None` when it is enough.
fn wait(attempts: u32) -> Option<SignedDuration> {
    let at = usize::try_from(attempts.checked_sub(1)?).ok()?;
    WAITS_SECONDS.get(at).copied().map(SignedDuration::from_secs)
}

/// Puts off what is due to a receiver that is switched off.
async fn later(app: &App, deliveries: &[Delivery]) -> Result<(), Error> {
    let when = app.clock.now() + SignedDuration::from_mins(10);
    let kept: Vec<Kept> = deliveries.iter().map(|one| one.kept(DELIVERY, Some(when))).collect::<Result<_, _>>()?;
    Ok(app.store.kept_put(&kept).await?)
}

/// Sends one event, signed.
async fn sent(app: &App, receiver: &Receiver, delivery: &Delivery) -> Result<u16, String> {
    let inside = app.settings.receivers_inside;
    let target = send::target(&receiver.url, inside).ok_or_else(|| "the address cannot be called".to_owned())?;
    let secret = seal::open(&app.master, &receiver.secret).ok_or_else(|| "the secret cannot be opened".to_owned())?;
    let body = delivery.event.to_string();
    let id = format!("msg_{}_{}", receiver.id, delivery.event["id"].as_str().unwrap_or_default());
    let seconds = app.clock.now().as_second();
    let signature = sign::signature(&secret, &id, (seconds, &body)).ok_or_else(|| "the secret is none".to_owned())?;
    let headers = [("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)];
    send::post(&target, inside, &headers, body).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_later_and_later_and_end() {
        let waits: Vec<i64> = (1..).map_while(wait).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, WAITS_SECONDS);
        assert!(waits.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(wait(0), None);
    }
}
