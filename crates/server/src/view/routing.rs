//! Why a case is where it is, in words: the reason kept with the case, never worked out again.

use super::Look;
use ganglion_model::row::{Case, Route, RouteBy};
use ganglion_model::{Level, PlaceCode};
use serde::Serialize;

/// The reason and the earlier places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoutingView {
    /// The reason.
    pub text: String,
    /// Moves, oldest first.
    pub history: Vec<MoveView>,
}

/// One move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MoveView {
    /// When.
    pub at: String,
    /// Who, filled from the journal by the caller that has it.
    pub who: String,
    /// Where it was.
    pub from: String,
    /// Where it went.
    pub to: String,
    /// Why, filled from the journal.
    pub why: String,
}

impl Look<'_> {
    /// A place whose outline was invented says so.
    fn is_synthetic(&self, code: PlaceCode) -> bool {
        self.world.places.tree.known(code, self.today()).is_some_and(|place| place.synthetic)
    }

    /// The reason of a route in one or two sentences.
    #[must_use]
    pub fn routing_text(&self, route: &Route) -> String {
        let name = |code: PlaceCode| (self.place_path(code)).into();
        let edition = route.edition.clone().unwrap_or_default();
        let first = match route.by {
            RouteBy::Point if self.is_synthetic(route.place) => {
                self.say("route-point-synthetic", &[("place", name(route.place)), ("edition", edition.into())])
            }
            RouteBy::Point => self.say("route-point", &[("place", name(route.place)), ("edition", edition.into())]),
            RouteBy::Border => self.say("route-border", &[("place", name(route.place)), ("edition", edition.into())]),
            RouteBy::Named => self.say("route-named", &[("place", name(route.place))]),
            RouteBy::Inherited => self.say("route-inherited", &[("place", name(route.place))]),
            RouteBy::Rule => self.say("route-rule-place", &[("place", name(route.place))]),
            RouteBy::Moved => {
                self.say("route-moved", &[("place", name(route.place)), ("count", route.moved_from.len().into())])
            }
        };
        let mut sentences = vec![first];
        if let Some((other, metres)) = route.near.first() {
            let key = if *metres == 0 { "route-near-zero" } else { "route-near" };
            sentences.push(self.say(key, &[("place", name(*other)), ("metres", (*metres).into())]));
        }
        if let Some(host) = route.host {
            let county = route.place.at(Level::County).map(|county| self.place(county)).unwrap_or_default();
            sentences.push(self.say("route-host", &[("host", self.place(host).into()), ("county", county.into())]));
        }
        sentences.extend(self.why_this_post(route));
        let gap = self.t("sentence-gap");
        sentences.join(if gap == "sentence-gap" { " " } else { &gap })
    }

    /// The row that decided, with its edition, and the workload that was compared.
    fn why_this_post(&self, route: &Route) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(rule) = &route.rule {
            let register = self.world.model.registers.get(&rule.register);
            let title = register.map_or_else(|| rule.register.clone(), |one| self.text(&one.title));
            let since = rule.valid_from.map(|day| day.to_string()).unwrap_or_default();
            let args = [
                ("register", title.into()),
                ("row", rule.key.clone().into()),
                ("version", rule.version.into()),
                ("since", since.clone().into()),
            ];
            sentences.push(self.say(if since.is_empty() { "route-rule" } else { "route-rule-dated" }, &args));
        }
        if let Some(chosen) = &route.chosen {
            let args = [
                ("post", self.post(&chosen.post).into()),
                ("open", chosen.open.into()),
                ("among", chosen.among.into()),
            ];
            sentences.push(self.say("route-workload", &args));
        }
        sentences
    }

    /// The reason with the moves of a case.
    #[must_use]
    pub fn routing(&self, case: &Case) -> RoutingView {
        let moves = &case.route.moved_from;
        let to = |at: usize| moves.get(at + 1).map_or(case.route.place, |(place, _)| *place);
        let history = moves
            .iter()
            .enumerate()
            .map(|(at, (from, when))| MoveView {
                at: self.when(*when),
                who: String::new(),
                from: self.place_path(*from),
                to: self.place_path(to(at)),
                why: String::new(),
            })
            .collect();
        RoutingView { text: self.routing_text(&case.route), history }
    }
}
