//! What is linked in against the rules of `deny.toml`: licences, sources, refused crates. `cargo deny check` says the same and more
//! where it is installed; this needs nothing but cargo, so that it is part of every run.

use std::iter::Peekable;

/// How `cargo tree` shows a package for [`refused`].
pub const FORMAT: &str = "{p}|{l}";

/// The quoted texts of a list of `deny.toml`.
fn list<'r>(rules: &'r str, name: &str) -> Vec<&'r str> {
    let inside = rules.split_once(&format!("\n{name} = [")).and_then(|(_, rest)| rest.split_once("\n]"));
    inside.map(|(inside, _)| inside.split('"').skip(1).step_by(2).collect()).unwrap_or_default()
}

/// Crates that may not be linked.
fn banned(rules: &str) -> Vec<&str> {
    rules.split("crate = \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect()
}

/// Everything in a tree (one package a line, by [`FORMAT`]) that the rules refuse, each once.
pub fn refused(tree: &str, rules: &str) -> Vec<String> {
    let (allowed, banned) = (list(rules, "allow"), banned(rules));
    let mut found = Vec::new();
    for line in tree.lines().map(|line| line.trim_end_matches(" (*)")) {
        // What cargo itself says in between has no bar and no version.
        let Some((package, licence)) = line.split_once('|') else { continue };
        let mut words = package.split(' ');
        let (Some(name), Some(true)) = (words.next(), words.next().map(|word| word.starts_with('v'))) else { continue };
        // Crates of crates.io have no source in brackets, those of this repository their folder.
        let elsewhere =
            package.split_once(" (").filter(|(_, from)| !from.starts_with('/') && !from.starts_with("proc-macro"));
        if banned.contains(&name) {
            found.push(format!("{package} is refused: choose what does without it (cargo tree -i {name})"));
        }
        if elsewhere.is_some() {
            found.push(format!("{package} comes from elsewhere than crates.io"));
        }
        if !is_allowed(licence, &allowed) {
            found.push(format!("{package} has the licence {licence:?}, which deny.toml does not allow"));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether an SPDX expression can be kept with these licences alone. `/` is how `OR` was written once.
fn is_allowed(licence: &str, allowed: &[&str]) -> bool {
    let spaced = licence.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed) && words.next().is_none()
}

fn either<'w>(words: &mut Peekable<impl Iterator<Item = &'w str>>, allowed: &[&str]) -> bool {
    let mut holds = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        let other = both(words, allowed);
        holds = holds || other;
    }
    holds
}

fn both<'w>(words: &mut Peekable<impl Iterator<Item = &'w str>>, allowed: &[&str]) -> bool {
    let mut holds = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        let other = one(words, allowed);
        holds = holds && other;
    }
    holds
}

fn one<'w>(words: &mut Peekable<impl Iterator<Item = &'w str>>, allowed: &[&str]) -> bool {
    match words.next() {
        Some("(") => {
            let inside = either(&mut *words, allowed);
            inside && words.next_if_eq(&")").is_some()
        }
        Some(name) => match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
            Some(exception) => allowed.contains(&format!("{name} WITH {exception}").as_str()),
            None => allowed.contains(&name),
        },
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0\",\n  \"Apache-2.0 WITH LLVM-exception\",\n]\n[bans]\ndeny = [\n  { crate = \"openssl-sys\", reason = \"x\" },\n]\n";

    #[test]
    fn expressions_hold_when_one_way_through_them_is_allowed() {
        let allowed = list(RULES, "allow");
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(GPL-3.0 OR MIT) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "OR", "(MIT", "Apache-2.0 WITH other", "MIT MIT"] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn what_is_refused_is_named_once() {
        let tree = "own v1 (/home/own)|Apache-2.0\nmacro v2 (proc-macro)|MIT (*)\n    Blocking waiting for file lock on package cache\nopenssl-sys v3|MIT\n\nfork v4 (https://host/fork#1)|MIT\nopen v5|AGPL-3.0\nopen v5|AGPL-3.0 (*)\n";
        let found = refused(tree, RULES);
        let names: Vec<&str> = found.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names, ["fork", "open", "openssl-sys"], "{found:?}");
    }

    #[test]
    fn the_rules_of_this_repository_are_read() {
        let rules = std::fs::read_to_string(crate::shell::repository_root().join("deny.toml")).unwrap();
        assert!(list(&rules, "allow").contains(&"MIT") && banned(&rules).contains(&"openssl-sys"));
    }
}
