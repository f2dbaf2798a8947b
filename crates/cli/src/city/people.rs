//! Invented people for a demonstration: a post for every role at every place of its levels, each held by an account with
//! a made-up name. Names come from `data/demo/people.yaml`; nothing here is a real person.

use anyhow::{Context as _, Result};
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, Level, Model, Place, PlaceCode, PlaceTree, Post, PostId, Text};
use jiff::civil::Date;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use std::path::Path;

/// The parts names are made of.
#[derive(Deserialize)]
pub struct People {
    surnames: Vec<String>,
    given: Vec<String>,
    grid_name: String,
}

/// Accounts and the posts they hold.
pub struct Staff {
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Posts.
    pub posts: Vec<Post>,
}

impl People {
    /// Reads the parts.
    ///
    /// # Errors
    /// When the file is missing or bad.
    pub fn read(home: &Path) -> Result<People> {
        let path = home.join("data/demo/people.yaml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
    }

    /// The name of a grid.
    #[must_use]
    pub fn grid_name(&self, code: PlaceCode, village: &str) -> String {
        let number = code.padded() % 1000;
        self.grid_name.replace("{village}", village).replace("{n}", &number.to_string())
    }

    /// A name put together from the parts.
    pub fn name(&self, rng: &mut SmallRng) -> String {
        let pick = |parts: &[String], rng: &mut SmallRng| match parts.len() {
            0 => String::new(),
            n => parts[rng.random_range(0..n)].clone(),
        };
        format!("{}{}", pick(&self.surnames, rng), pick(&self.given, rng))
    }

    /// One post and account for every role at every place of its levels, on `day`.
    #[must_use]
    pub fn staff(&self, model: &Model, tree: &PlaceTree, day: Date, seed: u64) -> Staff {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut staff = Staff { accounts: Vec::new(), posts: Vec::new() };
        for place in tree.all(day) {
            let level = place.code.level();
            let roles = model.roles.values().filter(|role| role.levels.contains(&level));
            for role in roles {
                self.appoint(&mut staff, (&role.name, &role.title), place, &mut rng);
            }
            if matches!(level, Level::City | Level::County) {
                let admin = ganglion_server::ADMIN_ROLE;
                self.appoint(&mut staff, (admin, &Text::default()), place, &mut rng);
            }
        }
        staff
    }

    fn appoint(&self, staff: &mut Staff, (role, title): (&str, &Text), place: &Place, rng: &mut SmallRng) {
        let id = format!("{role}.{}", place.code);
        let account = AccountId(id.clone());
        staff.accounts.push(Account { id: account.clone(), name: self.name(rng), password: None, active: true });
        staff.posts.push(Post {
            id: PostId(id),
            role: role.to_owned(),
            place: place.code,
            title: title.clone(),
            unit: Text::default(),
            account: Some(account),
            valid_from: Date::constant(2020, 1, 1),
            valid_to: None,
        });
    }
}
