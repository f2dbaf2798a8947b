//! A county with two townships that works with the packs that ship: posts of every role, and the way of a case through
//! them.

use crate::support::{Answer, Browser, Db, Part, empty, photo};
use arc_swap::ArcSwap;
use ganglion_geo::{PlaceIndex, geojson};
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_kernel::port::Account;
use ganglion_kernel::seal::{Key, Keyring};
use ganglion_kernel::world::{Places, seeded};
use ganglion_kernel::{Store, World};
use ganglion_model::clocks::{Calendar, Office};
use ganglion_model::{AccountId, Model, Place, PlaceCode, PlaceKind, PlaceTree, Post, PostId, Posts, Shard, Text};
use ganglion_server::{App, AppParts, AppState, Settings, hash_password, router};
use ganglion_store::{SqliteOptions, SqliteStore};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use uuid::Uuid;

pub const MASTER: Key = [7; 32];
/// Monday morning in Beijing.
const START: &str = "2022-06-27T01:00:00Z";

/// Every account with the role and place of its post; the password is the name. Nobody has `lost`.
pub const PEOPLE: [(&str, &str, &str); 15] = [
    ("admin", "admin", "1309"),
    ("countyadmin", "admin", "130903"),
    ("leader", "leader", "1309"),
    ("countyleader", "leader", "130903"),
    ("call", "call_taker", "130903001"),
    ("dispatch", "dispatcher", "130903001"),
    ("director", "director", "130903001"),
    ("verify", "verifier", "130903001"),
    ("handler", "handler", "130903001"),
    ("worker", "grid_worker", "130903001201001"),
    ("secretary", "village_secretary", "130903001201"),
    ("county", "dispatcher", "130903"),
    ("other", "dispatcher", "130903002"),
    ("otherhandler", "handler", "130903002"),
    ("otherworker", "grid_worker", "130903002201001"),
];

/// Pages as people read them: signs that stand escaped in HTML are plain.
pub trait Plain {
    fn plain(&self) -> String;
    fn typed(&self, name: &str) -> Option<String>;
}

fn unescaped(text: &str) -> String {
    let signs = [("&#x2f;", "/"), ("&#x27;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    signs.iter().fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

impl Plain for Answer {
    fn plain(&self) -> String {
        unescaped(&self.text)
    }

    fn typed(&self, name: &str) -> Option<String> {
        self.input(name).map(|value| unescaped(&value))
    }
}

pub struct Clock {
    seconds: AtomicI64,
    count: AtomicU64,
}

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        START.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(self.seconds.load(Ordering::SeqCst))
    }

    fn id(&self) -> Uuid {
        let count = u128::from(self.count.fetch_add(1, Ordering::SeqCst));
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | count)
    }

    fn key(&self) -> Key {
        let mut key = [0x33; 32];
        key[..8].copy_from_slice(&self.count.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        key
    }
}

pub struct Town {
    pub app: AppState,
    pub store: Arc<dyn Store>,
    pub clock: Arc<Clock>,
    signed_in: Mutex<BTreeMap<String, Browser>>,
    pub files: tempfile::TempDir,
    _db: Db,
}

/// The packs that ship, compiled once.
static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["grid", "mediation", "incidents"].map(|name| packs.join(name));
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
});

impl Town {
    pub async fn new() -> Town {
        Town::of(&MODEL, &[]).await
    }

    /// A town with other packs, and further people besides those of every town.
    pub async fn of(model: &Arc<Model>, more: &[(&str, &str, &str)]) -> Town {
        Town::with(model, more, Settings::default()).await
    }

    /// A town with the packs of every town and further people.
    pub async fn of_incidents_with(more: &[(&str, &str, &str)]) -> Town {
        Town::of(&MODEL, more).await
    }

    /// A town whose server may send events to this machine.
    pub async fn with_receivers_inside() -> Town {
        Town::with(&MODEL, &[], Settings { receivers_inside: true, ..Settings::default() }).await
    }

    /// A town whose database is a file beside everything else the server keeps, to look into afterwards.
    pub async fn on_disk(model: &Arc<Model>, more: &[(&str, &str, &str)]) -> Town {
        let files = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&files.path().join("ganglion.sqlite"), SqliteOptions::default()).unwrap();
        Town::over((Db::of(store), files), (model, MASTER.into()), more, Settings::default()).await
    }

    /// A town on a PostgreSQL, if there is one here, and where that is.
    pub async fn on_postgres(model: &Arc<Model>, more: &[(&str, &str, &str)]) -> Option<(Town, String)> {
        let db = crate::support::postgres().await?;
        let url = db.url()?;
        let files = tempfile::tempdir().unwrap();
        Some((Town::over((db, files), (model, MASTER.into()), more, Settings::default()).await, url))
    }

    /// A town whose row keys are wrapped by this ring.
    pub async fn sealing(ring: Keyring) -> Town {
        Town::over((empty().await, tempfile::tempdir().unwrap()), (&MODEL, ring), &[], Settings::default()).await
    }

    /// A town whose server has settings of its own.
    pub async fn with(model: &Arc<Model>, more: &[(&str, &str, &str)], settings: Settings) -> Town {
        Town::over((empty().await, tempfile::tempdir().unwrap()), (model, MASTER.into()), more, settings).await
    }

    async fn over(
        (db, files): (Db, tempfile::TempDir),
        (model, ring): (&Arc<Model>, Keyring),
        more: &[(&str, &str, &str)],
        settings: Settings,
    ) -> Town {
        let store = db.store.clone();
        let (places, posts) = (places(), posts(more));
        store.places_set(&places).await.unwrap();
        store.outlines_set(&outlines()).await.unwrap();
        store.posts_put(&posts).await.unwrap();
        store.accounts_put(&accounts(more)).await.unwrap();
        let world = Arc::new(ArcSwap::from_pointee(world(model, places, posts)));
        let clock = Arc::new(Clock { seconds: AtomicI64::new(0), count: AtomicU64::new(1) });
        let works = Works {
            store: store.clone(),
            world: world.clone(),
            clock: clock.clone(),
            ring: ring.clone(),
            settings: CommitterSettings::default(),
        };
        let (committer, _thread) = Committer::start(works).unwrap();
        let settings = Settings { data_dir: files.path().to_owned(), ..settings };
        let parts =
            AppParts { store: store.clone(), world, committer, clock: clock.clone(), master: MASTER, ring, settings };
        let (app, signed_in) = (Arc::new(App::new(parts).unwrap()), Mutex::default());
        Town { app, store, clock, signed_in, files, _db: db }
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn visitor(&self) -> Browser {
        Browser::new(router(self.app.clone()))
    }

    /// A browser in which somebody is signed in; the same session every time.
    pub async fn as_(&self, account: &str) -> Browser {
        if let Some(browser) = self.signed_in.lock().unwrap().get(account) {
            return browser.clone();
        }
        let browser = self.anew(account).await;
        self.signed_in.lock().unwrap().insert(account.to_owned(), browser.clone());
        browser
    }

    /// A browser in which somebody has just signed in.
    pub async fn anew(&self, account: &str) -> Browser {
        let mut browser = self.visitor();
        let answer = browser.post_form("/sign-in", &[("account", account), ("password", account)]).await;
        assert_eq!(answer.status, 303, "{account} cannot sign in: {}", answer.text);
        browser
    }

    /// A case taken in by the call-taker of the west, or reported by a resident of the east; its number.
    pub async fn report(&self, village: &str, description: &str) -> String {
        if !village.starts_with("130903001") {
            return self.report_publicly(village, description).await;
        }
        self.call(village, description, "normal").await
    }

    /// A case that cannot wait for its paper, taken down by the call-taker.
    pub async fn report_urgent(&self, village: &str, description: &str) -> String {
        self.call(village, description, "emergency").await
    }

    async fn call(&self, village: &str, description: &str, urgency: &str) -> String {
        let mut call = self.as_("call").await;
        let answer = call
            .post_parts(
                "/cases/new?process=incident",
                &[
                    Part::Text("category", "E0102"),
                    Part::Text("description", description),
                    Part::Text("place", village),
                    Part::Text("source", "phone"),
                    Part::Text("urgency", urgency),
                    Part::Text("reporter_name", "张三丰"),
                    Part::Text("reporter_phone", "13912340000"),
                ],
            )
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.location().trim_start_matches("/cases/").to_owned()
    }

    /// A case reported by a resident through the program's interface.
    async fn report_publicly(&self, village: &str, description: &str) -> String {
        use ganglion_model::{Actor, Body, Command, CommandId, Fields};
        let form = Fields::from([
            ("category".to_owned(), "E0102".into()),
            ("description".to_owned(), description.into()),
            ("place".to_owned(), village.into()),
            ("photos".to_owned(), vec!["0".repeat(32)].into()),
        ]);
        let body =
            Body::Open { process: "incident".into(), form, channel: "online".into(), observed_at: None, from: None };
        let id = CommandId(self.clock.id());
        let shard = Shard(130_903);
        self.app.committer.send(Command { id, shard, actor: Actor::Public, body }).await.unwrap().number.unwrap()
    }

    /// Takes an action through the form of the card, with what it asks for besides token, id and version.
    pub async fn act(&self, account: &str, number: &str, action: &str, form: &[(&str, &str)]) -> Answer {
        let mut browser = self.as_(account).await;
        act(&mut browser, number, action, form).await
    }

    /// Brings a case into the hands of the handler.
    pub async fn to_handler(&self, number: &str) {
        for (account, action, form) in [
            ("call", "file", vec![]),
            ("dispatch", "dispatch", vec![("duty", "handler.130903001")]),
            ("handler", "accept", vec![]),
        ] {
            let answer = self.act(account, number, action, &form).await;
            assert_eq!(answer.status, 303, "{action}: {}", answer.text);
        }
    }

    /// Settles a case that the handler has.
    pub async fn settle(&self, number: &str) {
        let mut handler = self.as_("handler").await;
        let photo = photo(3);
        let answer = handler
            .post_parts(
                &format!("/cases/{number}/finish"),
                &[Part::Text("result", "cleared"), Part::File("result_photos", "after.jpg", &photo)],
            )
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let answer = self.act("verify", number, "pass", &[("closing_code", "solved")]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
}

pub async fn act(browser: &mut Browser, number: &str, action: &str, form: &[(&str, &str)]) -> Answer {
    browser.post_form(&format!("/cases/{number}/{action}"), form).await
}

fn posts(more: &[(&str, &str, &str)]) -> Vec<Post> {
    let mut seen = std::collections::BTreeSet::new();
    let mut post = |(account, role, place): &(&str, &str, &str)| Post {
        // Several may hold posts of one role at one place: twenty windows of a hall.
        id: PostId(match seen.insert(format!("{role}.{place}")) {
            true => format!("{role}.{place}"),
            false => format!("{role}.{place}.{account}"),
        }),
        role: (*role).to_owned(),
        place: place.parse().unwrap(),
        title: Text::default(),
        unit: Text::default(),
        account: Some(AccountId((*account).to_owned())),
        valid_from: date(2020, 1, 1),
        valid_to: None,
    };
    PEOPLE.iter().chain(more).map(&mut post).collect()
}

fn accounts(more: &[(&str, &str, &str)]) -> Vec<Account> {
    let account = |name: &str| Account {
        id: AccountId(name.to_owned()),
        name: format!("{name} person"),
        password: Some(hash_password(name, &[1; 16]).unwrap()),
        active: true,
    };
    PEOPLE.iter().chain(more).map(|(name, ..)| account(name)).chain([account("lost")]).collect()
}

fn places() -> Vec<Place> {
    let place = |code: &str, name: &str, kind| Place {
        code: code.parse().unwrap(),
        name: name.to_owned(),
        kind,
        valid_from: date(2020, 1, 1),
        valid_to: None,
        predecessors: Vec::new(),
        host: None,
        synthetic: code.len() > 9,
        official: None,
    };
    vec![
        place("1309", "City", PlaceKind::PrefectureCity),
        place("130903", "County", PlaceKind::District),
        place("130903001", "West Town", PlaceKind::Town),
        place("130903002", "East Town", PlaceKind::Town),
        place("130903001201", "West Village", PlaceKind::VillageCommittee),
        place("130903002201", "East Village", PlaceKind::VillageCommittee),
        place("130903001201001", "West Grid", PlaceKind::BaseGrid),
        place("130903002201001", "East Grid", PlaceKind::BaseGrid),
    ]
}

pub fn square(west: f64, east: f64) -> String {
    let ring = [[west, 38.30], [east, 38.30], [east, 38.35], [west, 38.35], [west, 38.30]];
    serde_json::json!({ "type": "Polygon", "coordinates": [ring] }).to_string()
}

fn outlines() -> Vec<(PlaceCode, String)> {
    let of = |code: &str, west: f64, east: f64| (code.parse().unwrap(), square(west, east));
    vec![of("130903", 116.82, 116.88), of("130903001201001", 116.82, 116.85), of("130903002201001", 116.85, 116.88)]
}

fn world(model: &Arc<Model>, places: Vec<Place>, posts: Vec<Post>) -> World {
    let shape = |(code, geometry): (PlaceCode, String)| {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"1"}},"geometry":{geometry}}}]}}"#
        );
        let outline = geojson::read(text.as_bytes(), &geojson::ReadOptions::default()).outlines.remove(0).geometry;
        (code.padded(), Places::layer(code.level()), outline)
    };
    let (tree, errors) = PlaceTree::build(places);
    assert_eq!(errors, []);
    let calendar = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calendar/cn-workdays.csv"));
    World {
        model: model.clone(),
        places: Places {
            tree: Arc::new(tree),
            index: Arc::new(PlaceIndex::build(outlines().into_iter().map(shape)).unwrap()),
            edition: "test".to_owned(),
            root: "1309".parse().unwrap(),
        },
        office: Office {
            calendar: Arc::new(Calendar::parse(calendar).unwrap()),
            hours: "08:00-12:00,14:00-18:00".parse().unwrap(),
        },
        reference: Arc::new(seeded(model)),
        fresh: Arc::default(),
        areas: ganglion_kernel::areas::Areas::default(),
        posts: Arc::new(Posts::new(posts)),
    }
}
