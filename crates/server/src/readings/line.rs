//! The line to the broker: connecting, subscribing to what the registers name, handing messages on and acknowledging them.

use super::{Feed, Mqtt};
use crate::app::AppState;
use ganglion_kernel::World;
use ganglion_kernel::gauge::Topic;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::Publish;
use rumqttc::{
    AckMode, AsyncClient, BrokerSessionResumePolicy, Event, Incoming, IncomingPacketSizeLimit, MqttOptions,
    SessionMode, Transport,
};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc;

/// Messages the broker may have under way to us before the first is acknowledged.
const UNDER_WAY_MAX: u16 = 512;
/// Messages that may wait here: those under way, and as many that nobody acknowledges.
const WAITING_MAX: usize = 2 * UNDER_WAY_MAX as usize;
/// Messages taken together.
const AT_ONCE: usize = 256;
/// Largest message, bytes: a thousand readings with their instants.
const MESSAGE_BYTES_MAX: u32 = 256 * 1024;
/// Seconds without a word after which the line is tried.
const KEEP_ALIVE_SECONDS: u16 = 30;
/// Seconds for which the broker keeps what it could not send: a week.
const KEPT_SECONDS: u32 = 7 * 24 * 3600;
/// Wait before a line that broke is tried again, and before rows that could not be written are.
const RETRY: Duration = Duration::from_secs(5);
/// How often topics of new packs are subscribed to, new instruments are looked for, and what came is told in the log.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

fn options(mqtt: &Mqtt) -> Result<MqttOptions, String> {
    let mut options = MqttOptions::new(format!("ganglion-{}", mqtt.key), (mqtt.host.as_str(), mqtt.port));
    options
        .set_keep_alive(KEEP_ALIVE_SECONDS)
        .set_session_mode(SessionMode::Persistent)
        .set_session_expiry_interval(Some(KEPT_SECONDS))
        // Nothing of ours is under way that would have to be reconciled: we only listen.
        .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly)
        .set_receive_maximum(Some(UNDER_WAY_MAX))
        .set_incoming_packet_size_limit(IncomingPacketSizeLimit::Bytes(MESSAGE_BYTES_MAX))
        .set_ack_mode(AckMode::Manual);
    if let Some((name, password)) = &mqtt.sign_in {
        options.set_credentials(name.clone(), password.clone());
    }
    if mqtt.tls {
        options.set_transport(Transport::try_tls_with_default_config().map_err(|error| error.to_string())?);
    }
    Ok(options)
}

/// Listens until the server stops, if a broker is named.
pub(crate) async fn run(app: AppState) {
    let Some(mqtt) = app.settings.mqtt.clone() else { return };
    let built = options(&mqtt)
        .and_then(|options| AsyncClient::builder(options).capacity(WAITING_MAX).try_build().map_err(|e| e.to_string()));
    let (client, mut line) = match built {
        Ok(built) => built,
        Err(error) => {
            tracing::error!(%error, "no readings are taken: the line to the broker cannot be set up");
            return;
        }
    };
    let (hand, work) = mpsc::channel(WAITING_MAX);
    let worker = tokio::spawn(works(app.clone(), mqtt.key, client.clone(), work));
    let mut stopping = app.stopping.subscribe();
    let mut ticks = tokio::time::interval(LOOK_AGAIN);
    let mut subscribed = BTreeSet::new();
    loop {
        let event = tokio::select! {
            event = line.poll() => event,
            _ = ticks.tick() => {
                subscribe(&app.world.load(), &client, &mut subscribed);
                continue;
            }
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        match event {
            Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                tracing::info!(host = mqtt.host, "the line to the broker stands");
                subscribed.clear();
                subscribe(&app.world.load(), &client, &mut subscribed);
            }
            Ok(Event::Incoming(Incoming::Publish(publish))) => handed(&hand, publish).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the line to the broker broke and is tried again");
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => {}
                    _ = stopping.wait_for(|stopping| *stopping) => break,
                }
            }
        }
    }
    drop(hand);
    // What it has begun is written; the broker sends again what was not acknowledged. A panic has been logged.
    let _ = worker.await;
}

/// Gives a message to the worker. One that its sender does not want acknowledged is left when too many wait.
async fn handed(hand: &mpsc::Sender<Publish>, publish: Publish) {
    if publish.qos == QoS::AtMostOnce {
        if hand.try_send(publish).is_err() {
            tracing::debug!("a message was left: too many wait");
        }
        return;
    }
    // The worker ends after this only.
    let _ = hand.send(publish).await;
}

/// Subscribes to what the registers name and is not subscribed to yet.
fn subscribe(world: &World, client: &AsyncClient, subscribed: &mut BTreeSet<String>) {
    let named = world.model.registers.values().filter_map(|register| register.readings.as_ref());
    for filter in named.filter_map(|readings| Some(Topic::parse(&readings.topic)?.filter())) {
        if subscribed.contains(&filter) {
            continue;
        }
        match client.try_subscribe(filter.as_str(), QoS::AtLeastOnce) {
            Ok(()) => {
                subscribed.insert(filter);
            }
            Err(error) => tracing::warn!(%error, filter, "a topic could not be subscribed to yet"),
        }
    }
}

/// Judges and writes what was handed on, then acknowledges it.
async fn works(app: AppState, key: String, client: AsyncClient, mut work: mpsc::Receiver<Publish>) {
    let mut feed = Feed::default();
    let mut ticks = tokio::time::interval(LOOK_AGAIN);
    let mut stopping = app.stopping.subscribe();
    let mut batch: Vec<Publish> = Vec::with_capacity(AT_ONCE);
    loop {
        batch.clear();
        tokio::select! {
            count = work.recv_many(&mut batch, AT_ONCE) => if count == 0 { return },
            _ = ticks.tick() => {
                feed.forget();
                let counts = feed.counts();
                if !counts.is_empty() {
                    tracing::info!(?counts, "readings of the last minute");
                }
                continue;
            }
        }
        let message = |one: &Publish| (String::from_utf8_lossy(&one.topic).into_owned(), one.payload.to_vec());
        let messages: Vec<(String, Vec<u8>)> = batch.iter().map(message).collect();
        while let Err(error) = feed.take(&app, &key, &messages).await {
            error.log();
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
        for publish in &batch {
            if let Err(error) = client.try_ack(publish) {
                tracing::debug!(%error, "a message was not acknowledged and comes again");
            }
        }
    }
}
