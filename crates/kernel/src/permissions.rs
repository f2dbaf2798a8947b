//! Who may do what, as one table over everything the packs and the deployment declare, and one question answered step by step.
//! It reads what `decide` reads and decides nothing: [`explain`] asks the same functions in the same order.

use crate::decide::{guard_holds, policy, who};
use crate::world::World;
use ganglion_model::change::Actor;
use ganglion_model::pack::{Model, OPEN, PolicyEffect, PolicyRule, Process, READ, Register, Source, Who};
use ganglion_model::row::Case;
use jiff::Timestamp;
use serde::Serialize;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The pack that says it.
    pub pack: String,
    /// `process`, `register`, `field`, `document`, `queue`, `plan` or `bulletin`.
    pub of: &'static str,
    /// Its name.
    pub name: String,
    /// What may be done.
    pub action: String,
    /// In which states; empty: wherever it makes sense.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// Who, as written in packs.
    pub who: String,
    /// Permitted or forbidden.
    pub effect: PolicyEffect,
    /// Only when a condition holds.
    pub conditional: bool,
    /// Marks whose holder may not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not: Vec<String>,
    /// The deployment's rule that says it; none: the pack itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A rule as it is written in packs.
#[must_use]
pub fn written(who: &Who) -> String {
    match who {
        Who::Role { role, level } => format!("{role}@{}", level.as_str()),
        Who::RoleHandling { role } => format!("{role}@handling"),
        Who::RoleTaken { role } => format!("{role}@taken"),
        Who::Assignee => "assignee".to_owned(),
        Who::Assisting => "assisting".to_owned(),
        Who::Reporter => "reporter".to_owned(),
        Who::Public => "public".to_owned(),
        Who::Staff => "staff".to_owned(),
        Who::Api => "api".to_owned(),
        Who::System => "system".to_owned(),
    }
}

/// A thing that things may be done with.
#[derive(Clone, Copy)]
struct Thing<'a> {
    pack: &'a str,
    of: &'static str,
    name: &'a str,
}

impl Thing<'_> {
    fn grant(&self, action: &str, who: String) -> Grant {
        Grant {
            pack: self.pack.to_owned(),
            of: self.of,
            name: self.name.to_owned(),
            action: action.to_owned(),
            states: Vec::new(),
            who,
            effect: PolicyEffect::Permit,
            conditional: false,
            not: Vec::new(),
            rule: None,
        }
    }

    fn all<'w>(&self, action: &str, who: impl IntoIterator<Item = &'w Who>) -> Vec<Grant> {
        who.into_iter().map(|one| self.grant(action, written(one))).collect()
    }
}

/// Everything anybody may do, and what the deployment forbids: by pack, thing and action.
#[must_use]
pub fn table(model: &Model) -> Vec<Grant> {
    let mut all = Vec::new();
    model.processes.values().for_each(|process| of_process(process, &mut all));
    model.registers.values().for_each(|register| of_register(register, &mut all));
    for one in model.documents.values() {
        all.extend(Thing { pack: &one.pack, of: "document", name: &one.name }.all("issue", &one.by));
    }
    for one in model.plans.values() {
        let thing = Thing { pack: &one.pack, of: "plan", name: &one.name };
        all.extend(thing.all("compute", &one.by));
        all.extend(thing.all(READ, &one.read));
    }
    for one in model.bulletins.values() {
        all.extend(Thing { pack: &one.pack, of: "bulletin", name: &one.name }.all("take", &one.by));
    }
    let packs = |grant: &Grant| (grant.pack.clone(), grant.of, grant.name.clone());
    for rule in &model.policy {
        note(rule, &mut all);
    }
    // The order inside a thing is the author's: a stable sort keeps it.
    all.sort_by_key(packs);
    all
}

fn of_process(process: &Process, all: &mut Vec<Grant>) {
    let thing = Thing { pack: &process.pack, of: "process", name: &process.name };
    let is_guarded = process.open_when.is_some();
    all.extend(thing.all(OPEN, &process.open_by).into_iter().map(|one| Grant { conditional: is_guarded, ..one }));
    all.extend(thing.all(READ, &process.read));
    let first = all.len();
    for state in process.state_order.iter().filter_map(|name| process.states.get(name)) {
        for action in &state.actions {
            for one in thing.all(&action.name, &action.by) {
                let one = Grant { conditional: action.when.is_some(), not: action.not.clone(), ..one };
                let same = |other: &&mut Grant| {
                    (&other.action, &other.who, &other.not, other.conditional)
                        == (&one.action, &one.who, &one.not, one.conditional)
                };
                match all.iter_mut().skip(first).find(same) {
                    Some(there) => there.states.push(state.name.clone()),
                    None => all.push(Grant { states: vec![state.name.clone()], ..one }),
                }
            }
        }
    }
    if let Some(queue) = &process.queue {
        all.extend(Thing { of: "queue", ..thing }.all("next", &queue.by));
    }
    for field in process.form.iter().chain(&process.fields).filter(|field| !field.see.is_empty()) {
        let name = format!("{}.{}", process.name, field.name);
        let thing = Thing { pack: &process.pack, of: "field", name: &name };
        all.extend(field.see.iter().map(|role| thing.grant("see", role.clone())));
    }
}

fn of_register(register: &Register, all: &mut Vec<Grant>) {
    let thing = Thing { pack: &register.pack, of: "register", name: &register.name };
    let lists = [
        (READ, &register.read),
        ("edit", &register.edit),
        ("propose", &register.propose),
        ("approve", &register.approve),
    ];
    lists.iter().for_each(|(action, who)| all.extend(thing.all(action, *who)));
    for field in register.fields.iter().filter(|field| !field.see.is_empty()) {
        let name = format!("{}.{}", register.name, field.name);
        let thing = Thing { pack: &register.pack, of: "field", name: &name };
        all.extend(field.see.iter().map(|role| thing.grant("see", role.clone())));
    }
}

/// Adds a rule of the deployment: a permit marks the line it made, a forbid has lines of its own.
fn note(rule: &PolicyRule, all: &mut Vec<Grant>) {
    let (of, name) = match &rule.over {
        Source::Process(name) => ("process", name),
        Source::Register(name) => ("register", name),
    };
    let thing = Thing { pack: &rule.pack, of, name };
    for action in &rule.actions {
        let whom: Vec<String> =
            if rule.who.is_empty() { vec!["everybody".to_owned()] } else { rule.who.iter().map(written).collect() };
        for who in whom {
            let made = |one: &Grant| one.of == of && one.name == *name && one.action == *action && one.who == who;
            if rule.effect == PolicyEffect::Permit {
                for one in all.iter_mut().filter(|one| made(one) && one.rule.is_none()) {
                    one.rule = Some(rule.name.clone());
                    one.conditional |= rule.when.is_some();
                }
            } else {
                let (effect, conditional) = (PolicyEffect::Forbid, rule.when.is_some());
                let rule = Some(rule.name.clone());
                all.push(Grant { effect, conditional, rule, ..thing.grant(action, who) });
            }
        }
    }
}

/// One step of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `post`, `read`, `state`, `by`, `not`, `rule` or `when`.
    pub asked: &'static str,
    /// Whether it lets the actor on.
    pub passes: bool,
    /// Which rule said so.
    pub because: String,
}

fn step(asked: &'static str, passes: bool, because: impl Into<String>) -> Step {
    Step { asked, passes, because: because.into() }
}

/// Why `actor` may or may not take `action` (or [`READ`]) on `case`: the steps `decide` takes, in its order, up to the first that
/// stops it. What is typed into the form is not looked at.
#[must_use]
pub fn explain(world: &World, actor: &Actor, case: &Case, action: &str, now: Timestamp) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(process) = world.model.processes.get(&case.process) else {
        return vec![step("read", false, format!("no pack declares the process {}", case.process))];
    };
    let post = who::post_of(world, actor, now);
    if matches!(actor, Actor::Post { .. }) && post.is_none() {
        return vec![step("post", false, "the account does not hold this post today")];
    }
    if let Some(post) = post {
        steps.push(step("post", true, format!("{} at {}", post.role, post.place)));
    }
    let view = who::view(world, actor, now);
    let is_reporter = matches!(actor, Actor::Reporter { case: own } if *own == case.id);
    let reads = is_reporter || *actor == Actor::System || who::may_read(world, actor, post, case);
    if !who::may_break_glass((process, action), actor, post, case) {
        steps.push(step("read", reads, reading(world, process, (actor, case), reads)));
        if !reads || action == READ {
            return steps;
        }
    }
    let Some(declared) = process.action(&case.state, action) else {
        steps.push(step("state", false, format!("{} is not offered in the state {}", action, case.state)));
        return steps;
    };
    steps.push(step("state", true, format!("{} is offered in the state {}", action, case.state)));
    let by: Vec<String> = declared.by.iter().filter(|one| who::matches(one, actor, post, case)).map(written).collect();
    if by.is_empty() {
        let whom: Vec<String> = declared.by.iter().map(written).collect();
        steps.push(step("by", false, format!("it is for {}", whom.join(", "))));
        return steps;
    }
    steps.push(step("by", true, format!("as {} of the pack {}", by.join(", "), process.pack)));
    if who::is_same_person(declared, actor, case) {
        steps.push(step("not", false, format!("who left one of these marks may not: {}", declared.not.join(", "))));
        return steps;
    }
    if let Some(rule) = policy::in_the_way((world, process), declared, case, &view, now) {
        steps.push(step("rule", false, format!("the rule {} of the pack {}", rule.name, rule.pack)));
        return steps;
    }
    let holds = guard_holds((world, process), declared, case, &view, now);
    match &declared.when {
        Some(guard) if !holds => steps.push(step("when", false, guard.message.zh.clone())),
        Some(_) => steps.push(step("when", true, "the condition of the action holds, or waits for the form")),
        None => {}
    }
    steps
}

/// What lets somebody read a case, or keeps them from it.
fn reading(world: &World, process: &Process, (actor, case): (&Actor, &Case), reads: bool) -> String {
    let view = match actor {
        Actor::Post { post, .. } => world.posts.get(post).map(who::view_of).unwrap_or_default(),
        _ => return "by who it is".to_owned(),
    };
    if !policy::may_read_state((world, process), &view, &case.state) {
        let forbids = world
            .model
            .policy
            .iter()
            .filter(|rule| rule.effect == PolicyEffect::Forbid && rule.is_about(&process.name, READ));
        let names: Vec<&str> = forbids.map(|rule| rule.name.as_str()).collect();
        return format!("kept from it by a rule of the deployment: {}", names.join(", "));
    }
    if reads {
        return "as who reads or acts in the place of the case, or has had to do with it".to_owned();
    }
    "neither role nor place nor an own part in it lets this post read it: it is not there for it".to_owned()
}
