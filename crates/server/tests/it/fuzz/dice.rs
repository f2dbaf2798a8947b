//! What is sent: drawn from a fixed seed, so that every run sends the same. Half of what is drawn is nonsense of known kinds, half is
//! what the installation knows, in places where it does not belong as well as where it does.

use ganglion_model::Model;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Values that have broken programs before.
const VALUES: [&str; 48] = [
    "",
    " ",
    "0",
    "-1",
    "1e400",
    "NaN",
    "99999999999999999999",
    "4294967296",
    "0.1",
    "true",
    "null",
    "\0",
    "a\0b",
    "\u{202e}\u{feff}",
    "\u{fffd}",
    "\r\nset-cookie: a=b",
    "%",
    "%%ff",
    "' OR 1=1 --",
    "\"; DROP TABLE x; --",
    "* AND (",
    "\"",
    "../../etc/passwd",
    "..",
    "/",
    "//elsewhere.example",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "#let x = 1",
    "{}",
    "[[[[[[",
    "*",
    "W/\"1\"",
    "a,b,c",
    "116.84,38.31",
    "116.84,38.31;116.85,38.31",
    "1e308,1e308",
    "nan,inf",
    "-180,-90,180,90",
    "2022-02-30",
    "9999-12-31",
    "-009999-01-01",
    "2022-06-27T25:61:61Z",
    "2022-W54",
    "00000000-0000-0000-0000-000000000000",
    "ffffffffffffffffffffffffffffffff",
    "130903",
    "13090",
];

/// Parts of an address that are none.
const PARTS: [&str; 12] = [
    "%FF",
    "%00",
    "%E4%B8",
    "..%2F..%2Fetc",
    "%20",
    "-1",
    "99999999999",
    "null",
    "%27%3B--",
    "%F0%9F%98%80",
    "a%2Fb",
    ".",
];

/// Numbers from a seed (splitmix64).
pub struct Dice {
    state: u64,
    /// What the installation knows: names, codes, numbers.
    known: Vec<String>,
    /// Names of parameters and fields that are read somewhere.
    asked: Vec<String>,
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Names that handlers ask for, as they stand in the sources: a new parameter is tried from its first day.
fn asked_in_sources() -> Vec<String> {
    let mut found = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for call in ["arg(\"", "one(\"", "all(\"", "(web, \"", "(&web, \""] {
            let names = text.split(call).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            found.extend(names.filter(|name| name.len() < 40));
        }
    }
    found.sort();
    found.dedup();
    assert!(found.len() > 50, "parameters are no longer found where they are read: {found:?}");
    found
}

impl Dice {
    pub fn new(seed: u64, model: &Model, more: &[&str]) -> Dice {
        let fields = model.processes.values().flat_map(|one| one.form.iter().chain(&one.fields));
        let fields = fields.chain(model.registers.values().flat_map(|one| &one.fields));
        let mut asked: Vec<String> = fields.map(|field| field.name.clone()).collect();
        asked.extend(asked_in_sources());
        asked.extend(
            ["form", "fields", "id", "version", "open", "act", "put", "row", "number", "action"].map(str::to_owned),
        );
        asked.sort();
        asked.dedup();
        let names = [
            model.processes.keys().collect::<Vec<_>>(),
            model.registers.keys().collect(),
            model.indicators.keys().collect(),
            model.documents.keys().collect(),
            model.plans.keys().collect(),
            model.rules.keys().collect(),
        ];
        let known = names.into_iter().flatten().cloned().chain(more.iter().map(|one| (*one).to_owned()));
        Dice { state: seed, known: known.collect(), asked }
    }

    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    pub fn name(&mut self) -> String {
        if self.one_in(8) {
            return self.value();
        }
        let at = self.below(self.asked.len());
        self.asked[at].clone()
    }

    pub fn value(&mut self) -> String {
        match self.below(8) {
            0..=3 => self.of(&VALUES).to_owned(),
            4 | 5 => {
                let at = self.below(self.known.len());
                self.known[at].clone()
            }
            6 => {
                let length = self.below(40);
                (0..length).map(|_| char::from_u32(self.below(0x3000) as u32).unwrap_or('?')).collect()
            }
            _ => {
                let length = self.below(3_000);
                self.of(&["字", "9", "(", "a ", "\u{1f600}"]).repeat(length)
            }
        }
    }

    /// A part of an address: one of those that belong there, or anything.
    pub fn part(&mut self, fitting: &[String]) -> String {
        if !fitting.is_empty() && !self.one_in(3) {
            let at = self.below(fitting.len());
            return encoded(&fitting[at]);
        }
        if self.one_in(2) {
            return self.of(&PARTS).to_owned();
        }
        encoded(&self.value().chars().take(200).collect::<String>())
    }

    /// A value of JSON, nested a little.
    pub fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 9 }) {
            0 | 1 => Value::from(self.value()),
            2 => json!(self.below(200)),
            3 => self.of(&[&json!(null), &json!(true), &json!(-1.5e300), &json!(u64::MAX), &json!(i64::MIN)]).clone(),
            4 => json!([116.84, 38.31]),
            5 => json!([]),
            6 => Value::Array((0..self.below(4)).map(|_| self.json(depth - 1)).collect()),
            _ => {
                let pairs = (0..self.below(6)).map(|_| (self.name(), self.json(depth - 1)));
                Value::Object(pairs.collect())
            }
        }
    }

    pub fn bytes(&mut self, max: usize) -> Vec<u8> {
        (0..self.below(max)).map(|_| self.roll().to_le_bytes()[0]).collect()
    }
}

/// Every byte as its code.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
