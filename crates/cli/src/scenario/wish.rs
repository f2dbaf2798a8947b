//! A step into commands: who is meant, which case, which action, and what a browser would send.

use super::run::Running;
use super::step::{Deed, Who};
use super::value::{Lookup, resolved};
use ganglion_kernel::route::shard_for;
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, Process};
use ganglion_model::row::Case;
use ganglion_model::{CaseId, CommandId, Fields, PostId, Shard};
use jiff::Timestamp;

/// Way in of the public, of staff and of other systems, unless the opener's role is itself a channel.
const CHANNELS: [&str; 3] = ["online", "window", "open311"];

impl Running {
    /// The commands a step may mean: one for each post the actor may mean to act in.
    ///
    /// # Errors
    /// What the step names and does not exist.
    pub fn commands(&mut self, who: &Who, deed: &Deed, form: &Fields) -> Result<Vec<Command>, String> {
        if let Deed::TakeNext { process, lanes } = deed {
            return self.taking_next(who, (process, lanes), form);
        }
        let (shard, body, case) = match deed {
            Deed::Open { process, channel, seen, .. } => {
                let (shard, body) = self.opening(who, (process, channel.as_deref()), *seen, form)?;
                (shard, body, None)
            }
            Deed::Row { verb, register, key } => {
                let (shard, body) = self.on_row(verb, (register, key), form)?;
                (shard, body, None)
            }
            Deed::Act { action, on } => {
                let case = self.case(on.as_deref()).ok_or("there is no such case")?.clone();
                let body = self.acting(&case, action, form)?;
                self.current = Some(case.id);
                (case.shard, body, Some(case.id))
            }
            Deed::Document { name, withdraw, on } => {
                let case = self.case(on.as_deref()).ok_or("there is no such case")?;
                let (id, shard) = (case.id, case.shard);
                let body = of_document(case, (name, *withdraw), form);
                self.current = Some(id);
                (shard, body, Some(id))
            }
            Deed::DocumentOfRow { name, withdraw, register, key } => {
                let (shard, body) = self.of_row((register, key), (name, *withdraw), form)?;
                (shard, body, None)
            }
            Deed::TakeNext { .. } | Deed::Adopt(_) => return Err("no case is named".to_owned()),
        };
        let actors = self.actors(who, case)?;
        Ok(actors
            .into_iter()
            .map(|actor| Command { id: CommandId(self.at.id()), shard, actor, body: body.clone() })
            .collect())
    }

    /// Everybody an actor may mean to be: one for each post.
    ///
    /// # Errors
    /// An account or post that is not there.
    pub fn actors(&self, who: &Who, case: Option<CaseId>) -> Result<Vec<Actor>, String> {
        Ok(match (who.name.as_str(), case) {
            ("reporter", Some(case)) => vec![Actor::Reporter { case }],
            ("reporter" | "public", _) => vec![Actor::Public],
            ("api", _) => vec![Actor::Api { key: "scenario".to_owned() }],
            ("system", _) => vec![Actor::System],
            (name, _) => {
                let posts = self.at.setting.people.get(name).ok_or_else(|| format!("there is no account {name}"))?;
                let account = ganglion_model::AccountId(name.to_owned());
                let asked = |id: &&PostId| who.post.as_ref().is_none_or(|post| self.post_name(id) == *post);
                let posts: Vec<Actor> = posts
                    .iter()
                    .filter(asked)
                    .map(|post| Actor::Post { post: post.clone(), account: account.clone() })
                    .collect();
                if posts.is_empty() {
                    return Err(format!("{name} does not hold {}", who.post.as_deref().unwrap_or_default()));
                }
                posts
            }
        })
    }

    /// A post calls from the queue of its own place.
    fn taking_next(
        &mut self,
        who: &Who,
        (name, lanes): (&str, &[String]),
        form: &Fields,
    ) -> Result<Vec<Command>, String> {
        let world = &self.at.setting.world;
        let process = world.model.processes.get(name).ok_or_else(|| format!("there is no process {name}"))?;
        let queue = process.queue.as_ref().ok_or_else(|| format!("{name} has no queue"))?;
        let fields = process.action(&queue.state, &queue.take).map_or(&[][..], |action| &action.form);
        let form = resolved(fields, form, self);
        let body = Body::TakeNext { process: name.to_owned(), lanes: lanes.to_vec(), form };
        let actors = self.actors(who, None)?;
        let shard_of = |actor: &Actor| match actor {
            Actor::Post { post, .. } => self.at.setting.world.posts.get(post).map(|post| post.place.shard()),
            _ => None,
        };
        let shards: Vec<Shard> = actors.iter().map(|a| shard_of(a).unwrap_or_else(|| self.some_shard())).collect();
        let command = |(actor, shard): (Actor, Shard)| {
            let id = CommandId(self.at.id());
            Command { id, shard, actor, body: body.clone() }
        };
        Ok(actors.into_iter().zip(shards).map(command).collect())
    }

    /// A post as scenarios write it.
    pub fn post_name(&self, id: &PostId) -> String {
        let post = self.at.setting.world.posts.get(id);
        post.map_or_else(|| id.0.clone(), |post| format!("{}@{}", post.role, post.place))
    }

    fn opening(
        &self,
        who: &Who,
        (process, channel): (&str, Option<&str>),
        seen: Option<Timestamp>,
        form: &Fields,
    ) -> Result<(Shard, Body), String> {
        let world = &self.at.setting.world;
        let def = world.model.processes.get(process).ok_or_else(|| format!("there is no process {process}"))?;
        let form = resolved(&def.form, form, self);
        // A form that leads nowhere is refused by whichever shard gets it; a server answers before sending.
        let shard = shard_for(world, def, &form, local_date(self.at.now)).unwrap_or_else(|_| self.some_shard());
        let channel = channel.map_or_else(|| self.channel(who, def), str::to_owned);
        Ok((shard, Body::Open { process: process.to_owned(), form, channel, observed_at: seen, from: None }))
    }

    /// A shard for what leads to none.
    pub fn some_shard(&self) -> Shard {
        let mut places = self.at.setting.world.places.tree.versions().map(|place| place.code.shard());
        places.find(|shard| *shard != Shard::DEPLOYMENT).unwrap_or(Shard::DEPLOYMENT)
    }

    fn channel(&self, who: &Who, process: &Process) -> String {
        let [online, window, api] = CHANNELS;
        let setting = &self.at.setting;
        let list = setting.world.model.lists.get(process.channels.as_deref().unwrap_or("channel"));
        let role = setting.people.get(&who.name).and_then(|posts| setting.world.posts.get(posts.first()?));
        match (who.name.as_str(), role) {
            ("reporter" | "public", _) => online.to_owned(),
            ("api" | "system", _) => api.to_owned(),
            (_, Some(post)) if list.is_some_and(|list| list.code(&post.role).is_some()) => post.role.clone(),
            _ => window.to_owned(),
        }
    }

    fn acting(&self, case: &Case, action: &str, form: &Fields) -> Result<Body, String> {
        let process = self.at.setting.world.model.processes.get(&case.process);
        let process = process.ok_or_else(|| format!("there is no process {}", case.process))?;
        let action = action_name(process, action).unwrap_or_else(|| action.to_owned());
        let here = process.action(&case.state, &action);
        let anywhere = process.states.values().flat_map(|state| &state.actions).find(|one| one.name == action);
        let fields: &[Field] = here.or(anywhere).map_or(&[], |action| &action.form);
        let form = resolved(fields, form, self);
        Ok(Body::Act { case: case.id, action, form, version: None })
    }
}

/// The action meant by `word`: its name, or its name with a plural `s`.
pub fn action_name(process: &Process, word: &str) -> Option<String> {
    let known = |name: &str| process.states.values().flat_map(|state| &state.actions).any(|action| action.name == name);
    let mut forms = vec![word.to_owned()];
    forms.extend(word.strip_suffix("ies").map(|stem| format!("{stem}y")));
    forms.extend(word.strip_suffix("es").map(str::to_owned));
    forms.extend(word.strip_suffix('s').map(str::to_owned));
    // `asks_extension` for `ask_extension`: the first word of a longer name carries the plural.
    if let Some((first, rest)) = word.split_once('_') {
        forms.extend(first.strip_suffix("ies").map(|stem| format!("{stem}y_{rest}")));
        forms.extend(first.strip_suffix("es").map(|stem| format!("{stem}_{rest}")));
        forms.extend(first.strip_suffix('s').map(|stem| format!("{stem}_{rest}")));
    }
    forms.into_iter().find(|name| known(name))
}

impl Lookup for Running {
    fn post(&self, text: &str, roles: &[String]) -> Option<String> {
        let posts = &self.at.setting.world.posts;
        if let Some((role, place)) = text.split_once('@') {
            let place = place.parse().ok()?;
            return posts.at(place).find(|post| post.role == role).map(|post| post.id.0.clone());
        }
        let held = self.at.setting.people.get(text)?;
        let fits = |id: &&PostId| posts.get(id).is_some_and(|post| roles.is_empty() || roles.contains(&post.role));
        held.iter().find(fits).or(held.first()).map(|id| id.0.clone())
    }

    fn number(&self, name: &str) -> Option<String> {
        self.case(Some(name)).map(|case| case.number.clone())
    }
}

/// Issuing a document, or withdrawing the newest of its kind.
fn of_document(case: &Case, (name, withdraw): (&str, bool), form: &Fields) -> Body {
    if !withdraw {
        return Body::Issue { case: case.id, document: name.to_owned() };
    }
    let newest = case.documents.iter().rfind(|one| one.document == name);
    let code = newest.map(|one| one.code.clone()).unwrap_or_default();
    let reason = form.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    Body::Withdraw { case: case.id, code, reason }
}
