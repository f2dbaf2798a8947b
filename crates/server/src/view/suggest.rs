//! Who should have a case, and why: the post of the grid the case lies in, or an office of the place that handles it,
//! as the register row of the case's kind says whose duty it is, and who had similar cases that are settled.

use super::Look;
use ganglion_kernel::decide::{guard_holds, who};
use ganglion_kernel::similar::{Chosen, names_post};
use ganglion_model::change::Actor;
use ganglion_model::pack::{FieldKind, Process};
use ganglion_model::row::Case;
use ganglion_model::scope::ActorView;
use ganglion_model::{Level, Post, PostId};
use std::cmp::Reverse;

/// Suggestions shown beside the map.
pub const SUGGESTIONS_MAX: usize = 5;
/// What it counts that a post had most of the similar cases: more than standing on the spot and in the catalogue.
const HAD_MOST: i32 = 8;
/// What it counts that it had some of them.
const HAD_SOME: i32 = 2;

/// A post that could have the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The post.
    pub post: PostId,
    /// The action that would give it the case.
    pub action: String,
    /// The form field that names the post.
    pub field: String,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Open cases it has, once counted.
    pub load: Option<u64>,
    /// How often it had such cases before, if it did.
    pub had: Option<Had>,
}

/// How often a value was chosen before, and whether in similar cases or merely in those settled around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Had {
    /// How many cases have it.
    pub count: u32,
    /// Of how many.
    pub of: u32,
    /// Whether no similar case says anything and these are simply the last ones settled around.
    pub around: bool,
}

impl Suggestion {
    /// Reasons and load in one line.
    #[must_use]
    pub fn hint(&self, look: &Look<'_>) -> String {
        let load = self.load.map(|count| look.say("load-now", &[("count", count.into())]));
        self.reasons.iter().cloned().chain(load).collect::<Vec<_>>().join(" · ")
    }
}

/// Whose duty the kind of a case is: the level a code of its register row names, and the words of that code.
struct Duty {
    level: Option<Level>,
    label: String,
    kind: String,
}

/// What similar settled cases chose in a field of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likely {
    /// The action.
    pub action: String,
    /// The field of its form.
    pub field: String,
    /// What was chosen, most often first.
    pub chosen: Vec<Chosen>,
    /// Whether no similar case says anything and these are simply the last ones settled around.
    pub around: bool,
}

impl Likely {
    /// How often one of its values was chosen.
    #[must_use]
    pub fn had(&self, chosen: &Chosen) -> Had {
        Had { count: chosen.count, of: chosen.of, around: self.around }
    }

    /// The sentence that says of what the count is: of similar cases, or of those around.
    #[must_use]
    pub fn key(&self, similar: &'static str, around: &'static str) -> &'static str {
        if self.around { around } else { similar }
    }
}

impl Look<'_> {
    /// The duty in the register row of the case's kind: a code of a list in which some code is the name of a level.
    fn duty(&self, process: &Process, case: &Case) -> Option<Duty> {
        let field = process.field(process.kind_field.as_deref()?)?;
        let FieldKind::Ref { register } = &field.kind else {
            return None;
        };
        let def = self.world.model.registers.get(register)?;
        let key = case.fields.get(&field.name)?.as_str()?;
        let record = self.world.latest(register, key)?;
        def.fields.iter().find_map(|field| {
            let FieldKind::Choice { list } = &field.kind else {
                return None;
            };
            let codes = &self.world.model.lists.get(list)?.codes;
            codes.iter().find(|code| Level::parse(&code.code).is_some())?;
            let code = record.fields.get(&field.name)?.as_str()?;
            Some(Duty { level: Level::parse(code), label: self.code(list, code), kind: self.row_label(register, key) })
        })
    }

    /// Posts that could have the case now, best first: only through actions this actor may take and whose guard holds.
    #[must_use]
    pub fn suggestions(&self, process: &Process, case: &Case, actor: &Actor, likely: &[Likely]) -> Vec<Suggestion> {
        let post = who::post_of(self.world, actor, self.now);
        let view: ActorView = who::view(self.world, actor, self.now);
        let Some(state) = process.states.get(&case.state) else {
            return Vec::new();
        };
        let duty = self.duty(process, case);
        let mut found: Vec<(Reverse<i32>, Suggestion)> = Vec::new();
        for action in &state.actions {
            let allowed = who::may_act(action, actor, post, case)
                && !who::is_same_person(action, actor, case)
                && guard_holds((self.world, process), action, case, &view, self.now);
            let Some(name) = names_post(action).filter(|_| allowed) else {
                continue;
            };
            let Some(field) = action.form.iter().find(|field| field.name == name) else {
                continue;
            };
            let FieldKind::Post { roles, within } = &field.kind else {
                continue;
            };
            let scope = within.and_then(|level| case.place.at(level)).unwrap_or(case.place);
            let had = likely.iter().find(|one| one.action == action.name && one.field == name);
            for post in self.posts_inside(roles, scope) {
                let (mut score, mut reasons) = self.fits(post, case, duty.as_ref());
                let before = had.and_then(|had| Some((had, had.chosen.iter().find(|one| one.value == post.id.0)?)));
                if let Some((had, before)) = before {
                    let most = before.count * 2 >= before.of && !had.around;
                    score += if most { HAD_MOST } else { HAD_SOME };
                    reasons.insert(0, self.had(before, had.key("suggest-had", "suggest-had-around")));
                }
                let suggestion = Suggestion {
                    post: post.id.clone(),
                    action: action.name.clone(),
                    field: name.to_owned(),
                    reasons,
                    load: None,
                    had: before.map(|(had, before)| had.had(before)),
                };
                if score > 0 {
                    found.push((Reverse(score), suggestion));
                }
            }
        }
        found.sort_by(|(a, x), (b, y)| (a, &x.post).cmp(&(b, &y.post)));
        found.dedup_by(|(_, a), (_, b)| a.post == b.post);
        found.into_iter().map(|(_, suggestion)| suggestion).take(SUGGESTIONS_MAX).collect()
    }

    /// How often something was chosen, in words.
    #[must_use]
    pub fn had(&self, chosen: &Chosen, key: &str) -> String {
        self.say(key, &[("count", chosen.count.into()), ("of", chosen.of.into())])
    }

    /// How well a post fits, and why: it stands where the case lies, its unit bears the name of the duty, it stands at
    /// the level the duty names, it stands at the place that handles the case.
    fn fits(&self, post: &Post, case: &Case, duty: Option<&Duty>) -> (i32, Vec<String>) {
        let mut reasons = Vec::new();
        let mut score = 0;
        let stands_deep = post.place.level() >= Level::Village;
        if stands_deep && post.place.holds(case.place) {
            score += if post.place == case.place { 3 } else { 1 };
            reasons.push(self.say("suggest-own-place", &[("place", self.place(post.place).into())]));
        } else if case.place.at(case.level) == Some(post.place) {
            score += 1;
            reasons.push(self.say("suggest-handles", &[("place", self.place(post.place).into())]));
        }
        let Some(duty) = duty else { return (score, reasons) };
        let listed = |reasons: &mut Vec<String>| {
            let text =
                self.say("suggest-duty", &[("kind", duty.kind.as_str().into()), ("duty", duty.label.as_str().into())]);
            reasons.insert(0, text);
        };
        let unit = self.text(&post.unit);
        let at_level = match duty.level {
            Some(Level::Grid) => stands_deep && post.place.holds(case.place),
            Some(level) => post.place.level() == level,
            None => false,
        };
        if at_level || unit.contains(&duty.label) || self.text(&post.title).contains(&duty.label) {
            score += 4;
            listed(&mut reasons);
        }
        (score, reasons)
    }
}
