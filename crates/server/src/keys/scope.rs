//! What a key may be used for: an area of the interface, perhaps one process or register of it, reading or writing. A scope
//! only narrows: what a key may do at all is decided by the post it stands in.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Cases of processes.
    Processes,
    /// Rows of registers and their proposals.
    Registers,
    /// Figures.
    Figures,
    /// Places, outlines and tiles.
    Places,
    /// The stream of events and receivers of them.
    Events,
    /// Open311 requests; its names are service codes.
    Open311,
    /// Plans.
    Plans,
}

impl Area {
    /// Every area.
    pub const ALL: [Area; 7] =
        [Area::Processes, Area::Registers, Area::Figures, Area::Places, Area::Events, Area::Open311, Area::Plans];

    /// Its name in a scope.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Area::Processes => "processes",
            Area::Registers => "registers",
            Area::Figures => "figures",
            Area::Places => "places",
            Area::Events => "events",
            Area::Open311 => "open311",
            Area::Plans => "plans",
        }
    }

    fn parse(name: &str) -> Option<Area> {
        Area::ALL.into_iter().find(|area| area.as_str() == name)
    }

    /// Whether its scopes may name one thing.
    fn has_names(self) -> bool {
        matches!(self, Area::Processes | Area::Registers | Area::Open311 | Area::Plans)
    }
}

/// One scope: `processes:*:read`, `registers:well:write`, `figures:read`. Who may write may read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    /// The part.
    pub area: Area,
    /// One process, register or service code; none: every one.
    pub name: Option<String>,
    /// Writing as well as reading.
    pub write: bool,
}

impl Scope {
    /// Reads a scope as it is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Scope> {
        let mut parts = text.trim().split(':');
        let area = Area::parse(parts.next()?)?;
        let last = parts.next_back()?;
        let name = match (parts.next(), parts.next()) {
            (None, _) | (Some("*"), None) => None,
            (Some(name), None) if area.has_names() && !name.is_empty() => Some(name.to_owned()),
            _ => return None,
        };
        let write = match last {
            "read" => false,
            "write" => true,
            _ => return None,
        };
        Some(Scope { area, name, write })
    }

    /// Whether it gives what is needed.
    #[must_use]
    pub fn gives(&self, need: &Need) -> bool {
        let can = |write: bool| self.write || !write;
        match need {
            Need::Nothing => true,
            Need::Of { area, name, write } => {
                self.area == *area && can(*write) && (self.name.is_none() || self.name == *name)
            }
            Need::Any { write } => can(*write),
            Need::Closed => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = if self.write { "write" } else { "read" };
        match &self.name {
            Some(name) => write!(f, "{}:{name}:{deed}", self.area.as_str()),
            None if self.area.has_names() => write!(f, "{}:*:{deed}", self.area.as_str()),
            None => write!(f, "{}:{deed}", self.area.as_str()),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Scope, String> {
        Scope::parse(&text).ok_or_else(|| format!("{text:?} is no scope"))
    }
}

/// What a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A valid key, or none at all.
    Nothing,
    /// This area.
    Of {
        /// The part.
        area: Area,
        /// The process or register.
        name: Option<String>,
        /// To change something.
        write: bool,
    },
    /// Any scope that reads or writes.
    Any {
        /// To change something.
        write: bool,
    },
    /// Not for keys.
    Closed,
}

/// Addresses a key is looked at for; elsewhere it is as if there were none.
#[must_use]
pub fn opens(path: &str) -> bool {
    let inside = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ["/api", "/open311", "/events", "/files", "/ogc", "/tiles"].into_iter().any(inside)
}

/// What a request needs of a key. Names are compared as they stand in the address, so a name written in another way only
/// ever needs more.
#[must_use]
pub fn need(method: &Method, path: &str) -> Need {
    let write = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let of = |area, name: Option<&&str>| Need::Of { area, name: name.map(|name| (*name).to_owned()), write };
    match parts.as_slice() {
        ["api"] | ["api", "openapi.json" | "docs" | "notices"] | ["api", "documents", _] => Need::Nothing,
        ["api", "processes" | "registers"] => Need::Any { write },
        // Plans and rules that are listed are those the scopes let the key read.
        ["api", "plans"] | ["api", "rules", ..] => Need::Any { write },
        ["api", "plans", rest @ ..] => of(Area::Plans, rest.first()),
        ["api", "processes", rest @ ..] => of(Area::Processes, rest.first()),
        ["api", "registers", rest @ ..] => of(Area::Registers, rest.first()),
        // What is found is narrowed to what the scopes let the key read.
        ["api", "search" | "centre"] | ["api", "tables", ..] => Need::Any { write },
        ["api", "figures" | "bulletins" | "targets", ..] => of(Area::Figures, None),
        ["api", "places", ..] | ["ogc" | "tiles", ..] => of(Area::Places, None),
        ["events", ..] => of(Area::Events, None),
        // Which service a request is for stands in its body: the handler looks.
        ["open311", ..] => Need::Nothing,
        ["files", ..] => Need::Any { write },
        _ => Need::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_and_read() {
        for text in ["processes:*:read", "registers:well:write", "figures:read", "open311:001:write", "events:read"] {
            assert_eq!(Scope::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "processes", "processes:read:", "figures:x:read", "all:*:read", "processes:a:b:read", "places:execute"]
        {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_scope_gives_its_own_and_nothing_else() {
        let gives = |scope: &str, method: &Method, path: &str| Scope::parse(scope).unwrap().gives(&need(method, path));
        let (get, post) = (&Method::GET, &Method::POST);
        assert!(gives("processes:incident:read", get, "/api/processes/incident/cases"));
        assert!(!gives("processes:incident:read", post, "/api/processes/incident/cases"));
        assert!(!gives("processes:incident:write", get, "/api/processes/matter/cases"));
        assert!(!gives("processes:incident:write", get, "/api/processes/inc%69dent/cases"));
        assert!(gives("processes:*:write", get, "/api/processes/matter/cases/N-1"));
        assert!(!gives("processes:*:write", get, "/api/registers/well/rows"));
        assert!(gives("figures:read", get, "/api/figures/reports") && !gives("figures:read", post, "/api/figures/x"));
        assert!(gives("events:read", get, "/events") && !gives("places:read", get, "/events"));
        assert!(
            gives("plans:sharing:read", get, "/api/plans/sharing")
                && gives("plans:*:write", post, "/api/plans/x/adopt")
        );
        assert!(!gives("plans:sharing:read", post, "/api/plans/sharing/adopt"));
        assert!(!gives("registers:*:write", post, "/api/plans/sharing/adopt"));
        assert!(
            gives("figures:read", get, "/api/figures/reports/rows") && gives("figures:read", get, "/api/bulletins/x")
        );
        assert!(gives("processes:*:read", get, "/api/centre") && !gives("processes:*:read", get, "/api/bulletins/x"));
        assert!(!gives("processes:*:read", post, "/api/processes/incident/batches"));
        for path in [
            "/api/v1/cases",
            "/api/packs",
            "/api/admin/accounts",
            "/api/admin/import/accounts",
            "/desk",
            "/admin/keys",
            "/apiary",
        ] {
            assert!(Area::ALL.iter().all(|area| !gives(&format!("{}:write", area.as_str()), get, path)), "{path}");
        }
        assert!(opens("/api") && opens("/api/v1/cases") && !opens("/apiary") && !opens("/desk") && !opens("/eventsx"));
    }
}
