//! One county with two townships, each with one village of one grid, and the posts and accounts of a small process.

use super::browser::Browser;
use super::store::{Db, empty, postgres};
use arc_swap::ArcSwap;
use axum::Router;
use ganglion_geo::{PlaceIndex, geojson};
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_kernel::port::Account;
use ganglion_kernel::seal::Key;
use ganglion_kernel::world::Places;
use ganglion_kernel::{Store, World};
use ganglion_model::clocks::{Calendar, Office};
use ganglion_model::{AccountId, Level, Place, PlaceCode, PlaceKind, PlaceTree, Post, PostId, Posts, Text};
use ganglion_server::{App, AppParts, AppState, Settings, hash_password, router};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use uuid::Uuid;

/// A point inside the first grid.
pub const HERE: (f64, f64) = (116.84, 38.32);
/// A point inside the second.
pub const NEIGHBOUR: (f64, f64) = (116.87, 38.32);
/// A point where nothing is.
pub const SEA: (f64, f64) = (118.5, 38.5);

const MASTER: Key = [9; 32];
const START: &str = "2022-06-27T01:03:00Z";

/// Time that moves when told, and numbers that are all different.
pub struct Clock {
    seconds: AtomicI64,
    count: AtomicU64,
}

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        START.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(self.seconds.load(Ordering::SeqCst))
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(
            0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(self.count.fetch_add(1, Ordering::SeqCst)),
        )
    }

    fn key(&self) -> Key {
        let mut key = [0x5a; 32];
        key[..8].copy_from_slice(&self.count.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        key
    }
}

/// The city and its server.
pub struct City {
    pub router: Router,
    pub app: AppState,
    pub store: Arc<dyn Store>,
    pub clock: Arc<Clock>,
    pub files: tempfile::TempDir,
    _db: Db,
}

impl City {
    /// A city in service.
    pub async fn new() -> City {
        City::with(Settings::default()).await
    }

    /// A city in demonstration.
    pub async fn demo() -> City {
        City::with(Settings { demo: true, ..Settings::default() }).await
    }

    /// A city with settings of its own.
    pub async fn with(settings: Settings) -> City {
        City::of(settings, (posts(), accounts())).await
    }

    /// A city nobody has an account of.
    pub async fn bare() -> City {
        City::of(Settings::default(), (Vec::new(), Vec::new())).await
    }

    /// One city with two servers on one PostgreSQL, if there is one.
    pub async fn two() -> Option<[City; 2]> {
        let db = postgres().await?;
        let again = db.again().await;
        let first = City::on(filled(db, (posts(), accounts())).await, (1, posts()), Settings::default());
        Some([first, City::on(again, (1_000_000, posts()), Settings::default())])
    }

    async fn of(settings: Settings, (posts, accounts): (Vec<Post>, Vec<Account>)) -> City {
        let db = filled(empty().await, (posts.clone(), accounts)).await;
        City::on(db, (1, posts), settings)
    }

    /// A server on a city that is there; it counts its ids from a number on.
    fn on(db: Db, (ids_from, posts): (u64, Vec<Post>), settings: Settings) -> City {
        let store = db.store.clone();
        let world = Arc::new(ArcSwap::from_pointee(world(places(), posts)));
        let clock = Arc::new(Clock { seconds: AtomicI64::new(0), count: AtomicU64::new(ids_from) });
        let works = Works {
            store: store.clone(),
            world: world.clone(),
            clock: clock.clone(),
            ring: MASTER.into(),
            settings: CommitterSettings::default(),
        };
        let (committer, _thread) = Committer::start(works).unwrap();
        let files = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: files.path().to_owned(), ..settings };
        let parts = AppParts {
            store: store.clone(),
            world,
            committer,
            clock: clock.clone(),
            master: MASTER,
            ring: MASTER.into(),
            settings,
        };
        let app = Arc::new(App::new(parts).unwrap());
        City { router: router(app.clone()), app, store, clock, files, _db: db }
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: i64) {
        self.clock.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A visitor.
    pub fn visitor(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    /// A browser in which `account` is signed in.
    pub async fn signed_in(&self, account: &str) -> Browser {
        let mut browser = self.visitor();
        let answer = browser.post_form("/sign-in", &[("account", account), ("password", account)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        browser
    }

    /// A token for programs.
    pub async fn token(&self, account: &str) -> String {
        let body = serde_json::json!({ "account": account, "password": account });
        let answer = self.visitor().json("/api/v1/sign-in", None, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["token"].as_str().unwrap().to_owned()
    }
}

async fn filled(db: Db, (posts, accounts): (Vec<Post>, Vec<Account>)) -> Db {
    db.store.places_set(&places()).await.unwrap();
    db.store.outlines_set(&outlines()).await.unwrap();
    db.store.posts_put(&posts).await.unwrap();
    db.store.accounts_put(&accounts).await.unwrap();
    db
}

/// Every account with the post it holds: role and place. The password is the name.
pub const PEOPLE: [(&str, &str, &str); 5] = [
    ("worker", "grid_worker", "130903001201001"),
    ("dispatch", "dispatcher", "130903001"),
    ("verify", "verifier", "130903001"),
    ("other", "dispatcher", "130903002"),
    ("leader", "leader", "1309"),
];

fn posts() -> Vec<Post> {
    let post = |(account, role, place): &(&str, &str, &str)| Post {
        id: PostId(format!("{role}.{place}")),
        role: (*role).to_owned(),
        place: place.parse().unwrap(),
        title: Text::default(),
        unit: Text::default(),
        account: Some(AccountId((*account).to_owned())),
        valid_from: date(2020, 1, 1),
        valid_to: None,
    };
    PEOPLE.iter().map(post).collect()
}

fn accounts() -> Vec<Account> {
    let account = |name: &str, active| Account {
        id: AccountId(name.to_owned()),
        name: format!("Person {name}"),
        password: Some(hash_password(name, &[1; 16]).unwrap()),
        active,
    };
    PEOPLE.iter().map(|(name, ..)| account(name, true)).chain([account("gone", false)]).collect()
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
        synthetic: code.len() > 6,
        official: None,
    };
    vec![
        place("13", "Province", PlaceKind::Province),
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

fn outlines() -> Vec<(PlaceCode, String)> {
    let square = |code: &str, west: f64, east: f64| {
        let ring = [[west, 38.30], [east, 38.30], [east, 38.35], [west, 38.35], [west, 38.30]];
        let geometry = serde_json::json!({ "type": "Polygon", "coordinates": [ring] });
        (code.parse().unwrap(), geometry.to_string())
    };
    vec![
        square("130903", 116.82, 116.88),
        square("130903001", 116.82, 116.85),
        square("130903002", 116.85, 116.88),
        square("130903001201001", 116.82, 116.85),
        square("130903002201001", 116.85, 116.88),
    ]
}

fn world(tree: Vec<Place>, posts: Vec<Post>) -> World {
    let shape = |(code, geometry): (PlaceCode, String)| {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"1"}},"geometry":{geometry}}}]}}"#
        );
        let outline = geojson::read(text.as_bytes(), &geojson::ReadOptions::default()).outlines.remove(0).geometry;
        (code.padded(), Places::layer(code.level()), outline)
    };
    let index = PlaceIndex::build(outlines().into_iter().map(shape)).unwrap();
    let (tree, errors) = PlaceTree::build(tree);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!("1309".parse::<PlaceCode>().unwrap().level(), Level::City);
    World {
        model: Arc::new(model()),
        places: Places {
            tree: Arc::new(tree),
            index: Arc::new(index),
            edition: "test".to_owned(),
            root: "1309".parse().unwrap(),
        },
        office: Office {
            calendar: Arc::new(
                Calendar::parse("date,kind,name\n2022-01-01,holiday,New Year\n2022-12-31,workday,Year\n").unwrap(),
            ),
            hours: "08:00-12:00,14:00-18:00".parse().unwrap(),
        },
        reference: Arc::default(),
        fresh: Arc::default(),
        areas: ganglion_kernel::areas::Areas::default(),
        posts: Arc::new(Posts::new(posts)),
    }
}

/// The pack of these tests.
pub fn model() -> ganglion_model::Model {
    model_with("")
}

/// The pack of these tests with rules of a deployment.
pub fn model_with(policy: &str) -> ganglion_model::Model {
    model_without(policy, "")
}

/// The same without one of its files.
pub fn model_without(policy: &str, left_out: &str) -> ganglion_model::Model {
    let files: BTreeMap<String, Vec<u8>> = [
        ("pack.yaml", include_str!("pack/pack.yaml")),
        ("documents.yaml", include_str!("pack/documents.yaml")),
        ("documents/receipt.typ", include_str!("pack/receipt.typ")),
        ("documents/report.typ", include_str!("pack/report.typ")),
        ("documents/well_card.typ", include_str!("pack/well_card.typ")),
        ("indicators.yaml", include_str!("pack/indicators.yaml")),
        ("processes/incident.yaml", include_str!("pack/incident.yaml")),
        ("processes/matter.yaml", include_str!("pack/matter.yaml")),
        ("registers/well.yaml", include_str!("pack/well.yaml")),
        ("registers/quota.yaml", include_str!("pack/quota.yaml")),
        ("rules.yaml", include_str!("pack/rules.yaml")),
        ("plans.yaml", include_str!("pack/plans.yaml")),
        ("policy.yaml", policy),
    ]
    .into_iter()
    .filter(|(path, text)| !text.is_empty() && *path != left_out)
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .collect();
    let source = ganglion_pack::PackSource::load("small", &files).unwrap();
    let (model, findings) = ganglion_pack::compile(&[source]);
    model.unwrap_or_else(|| panic!("{findings}"))
}
