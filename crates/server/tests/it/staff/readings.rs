//! Readings of instruments: judged and written without a broker, and over one that is not ours.

use super::keys::{call, key};
use super::town::Town;
use ganglion_model::change::Change;
use ganglion_model::{Model, Record, Shard};
use ganglion_server::{Feed, Mqtt, Settings, serve};
use rumqttc::mqttbytes::QoS;
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, PublishOptions};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Nothing of these tests takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["grid", "groundwater"].map(|name| packs.join(name));
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
});

/// A county with a key for its instruments, and a meter in the western village.
async fn town(settings: Settings) -> Town {
    let town = Town::with(&MODEL, &[], settings).await;
    let mut admin = town.as_("countyadmin").await;
    let secret = key(&mut admin, ("meters", "water_officer", "130903"), &["registers:*:write"]).await;
    let meter = json!({
        "place": "130903001201",
        "form": {
            "meter_no": "M-1",
            "label": "West",
            "meter_kind": "ultrasonic",
            "meter_use": "industry",
            "meter_aquifer": "shallow",
            "installed_on": "2021-01-01",
            "cycle_days": 1,
            "day_most_m3": "24000",
            "meter_status": "in_use",
            "online": true,
        },
    });
    let made = call(&town, "POST", "/api/registers/water_meter/rows", &secret, Some(meter)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    town
}

fn says(meter: &str, at: &str, value: f64) -> (String, Vec<u8>) {
    let payload = json!({ "ts": format!("2022-06-{at}:00+08:00"), "value": value });
    (format!("meters/{meter}/reading"), payload.to_string().into_bytes())
}

async fn row(town: &Town, day: &str) -> Option<Record> {
    let key = (Shard(130_903), "meter_reading".to_owned(), format!("M-1/2022-06-{day}"));
    town.store.row_versions(&key).await.unwrap().pop()
}

fn text<'r>(row: &'r Record, field: &str) -> &'r str {
    row.fields.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn of_each_day_the_first_reading_that_can_be_believed_becomes_a_row() {
    let town = town(Settings::default()).await;
    let messages = [
        says("M-1", "24T08:00", 1000.0),
        says("M-1", "24T09:00", 1010.0),
        says("M-1", "25T08:00", 1100.0),
        says("M-1", "25T08:00", 1100.0),
        says("M-1", "26T08:00", 900_000.0),
        says("M-1", "26T09:00", 1200.5),
        says("M-1", "23T08:00", 950.0),
        says("M-2", "26T08:00", 1.0),
        ("meters/M-1/reading".to_owned(), b"no reading".to_vec()),
        ("lamps/M-1/reading".to_owned(), b"1".to_vec()),
    ];
    let mut feed = Feed::default();
    feed.take(&town.app, "meters", &messages).await.unwrap();
    let counts = feed.counts();
    let of = |what: &str| counts.get(what).copied().unwrap_or_default();
    let wanted = [("ok", 3), ("late", 1), ("written", 4), ("same_day", 1), ("duplicate", 1), ("held", 1)];
    for (what, count) in wanted.into_iter().chain([("unknown", 1), ("unreadable", 1), ("no_register", 1)]) {
        assert_eq!(of(what), count, "{what}: {counts:?}");
    }
    for (day, counter, flag) in
        [("23", 950.0, "late"), ("24", 1000.0, "ok"), ("25", 1100.0, "ok"), ("26", 1200.5, "ok")]
    {
        let row = row(&town, day).await.unwrap_or_else(|| panic!("no row of {day}"));
        assert!((text(&row, "counter").parse::<f64>().unwrap() - counter).abs() < 1e-9, "{day}: {row:?}");
        assert_eq!((text(&row, "sensor_flag"), text(&row, "reading_way")), (flag, "online"), "{day}");
        assert_eq!(row.place.unwrap().to_string(), "130903001201");
    }
    // The late one is what the row after it follows.
    assert!((text(&row(&town, "24").await.unwrap(), "previous_counter").parse::<f64>().unwrap() - 950.0).abs() < 1e-9);
    let figures = town.visitor().get("/metrics").await.text;
    for line in ["{outcome=\"ok\"} 3", "{outcome=\"late\"} 1", "{outcome=\"unknown\"} 1"] {
        assert!(figures.contains(&format!("ganglion_readings_total{line}")), "{line}: {figures}");
    }
    // A server that starts again knows nothing of all this, and changes nothing.
    let before = row(&town, "24").await.unwrap().version;
    let mut anew = Feed::default();
    anew.take(&town.app, "meters", &messages).await.unwrap();
    assert_eq!(row(&town, "24").await.unwrap().version, before);
    assert!(!anew.counts().contains_key("refused"));
}

#[tokio::test]
async fn an_instrument_that_begins_anew_says_so_in_its_next_row() {
    let town = town(Settings::default()).await;
    let mut feed = Feed::default();
    let messages = [says("M-1", "24T08:00", 5000.0), says("M-1", "25T08:00", 3.0), says("M-1", "25T09:00", 4.0)];
    feed.take(&town.app, "meters", &messages).await.unwrap();
    let anew = row(&town, "25").await.unwrap();
    assert_eq!((text(&anew, "sensor_flag"), text(&anew, "quality")), ("reset", "reset"), "{anew:?}");
    assert!((text(&anew, "counter").parse::<f64>().unwrap() - 4.0).abs() < 1e-9);
}

#[tokio::test]
async fn readings_are_written_by_the_key_that_stands_for_the_instruments_and_by_no_other() {
    let town = town(Settings::default()).await;
    let mut admin = town.as_("countyadmin").await;
    key(&mut admin, ("narrow", "water_officer", "130903"), &["registers:well:write"]).await;
    let messages = [says("M-1", "24T08:00", 1000.0)];
    for (name, what) in [("nobody", "no_key"), ("narrow", "not_for_key")] {
        let mut feed = Feed::default();
        feed.take(&town.app, name, &messages).await.unwrap();
        assert_eq!(feed.counts().into_iter().collect::<Vec<_>>(), [(what, 1)], "{name}");
        assert!(row(&town, "24").await.is_none(), "{name}");
    }
    let mut feed = Feed::default();
    feed.take(&town.app, "meters", &messages).await.unwrap();
    let row = row(&town, "24").await.unwrap();
    let by = row.authority.unwrap().by;
    assert_eq!(by.account.unwrap().0, "key:meters");
}

/// A broker of its own on a free port.
struct Broker {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Broker {
    async fn start() -> Broker {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"))
            .unwrap();
        let found = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].into_iter().find(|path| Path::new(path).is_file());
        let program = found.expect("there is no mosquitto: run `cargo xtask setup`");
        let mut child = Command::new(program)
            .args(["-v", "-c"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let running = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.ends_with(" running") {
                    return;
                }
            }
            panic!("the broker ended");
        };
        tokio::time::timeout(PATIENCE, running).await.unwrap();
        // What it says later is read and left, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Broker { child, port, _folder: folder }
    }

    /// Leaves readings with the broker and returns once it has them.
    async fn publish(&self, meter: &str, payload: &Value) {
        let (client, mut line) =
            AsyncClient::builder(MqttOptions::new("instrument", ("127.0.0.1", self.port))).capacity(10).build();
        let options = PublishOptions::new(QoS::AtLeastOnce).retained();
        client.publish(format!("meters/{meter}/reading"), payload.to_string(), options).await.unwrap();
        let acknowledged = async {
            loop {
                if let Event::Incoming(Incoming::PubAck(_)) = line.poll().await.unwrap() {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, acknowledged).await.unwrap();
    }
}

#[tokio::test]
async fn readings_come_over_a_broker_and_a_server_that_starts_again_goes_on() {
    let mut broker = Broker::start().await;
    let mqtt =
        Mqtt { host: "127.0.0.1".to_owned(), port: broker.port, tls: false, sign_in: None, key: "meters".to_owned() };
    let town = town(Settings { mqtt: Some(mqtt), ..Settings::default() }).await;
    let reading = |day: u32| json!({ "ts": format!("2022-06-{day}T08:00:00+08:00"), "value": 1000 + day });
    // What is kept for whoever subscribes comes as soon as the line stands.
    broker.publish("M-1", &json!([reading(20), reading(21), reading(22)])).await;
    let mut journal = town.app.committer.subscribe();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = tokio::spawn(serve(town.app.clone(), listener, async move { drop(stopped.await) }));
    let wait_for = async |journal: &mut tokio::sync::broadcast::Receiver<Arc<Vec<ganglion_model::change::Entry>>>,
                          day: u32| {
        let key = format!("M-1/2022-06-{day}");
        let seen = async {
            loop {
                let lines = journal.recv().await.unwrap();
                let is_it = |change: &Change| matches!(change, Change::Record { record } if record.key == key);
                if lines.iter().any(|entry| is_it(&entry.change)) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("no row {key}"));
    };
    wait_for(&mut journal, 22).await;
    broker.publish("M-1", &json!(reading(23))).await;
    wait_for(&mut journal, 23).await;
    for day in ["20", "21", "22", "23"] {
        let row = row(&town, day).await.unwrap_or_else(|| panic!("no row of {day}"));
        assert_eq!(text(&row, "reading_way"), "online");
    }
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, served).await.unwrap().unwrap().unwrap();
    broker.child.kill().await.unwrap();
}
