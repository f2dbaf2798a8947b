//! Expressions through the whole compiler, as the guard of an action: what they are lowered to, or what is found.

use crate::packs::{base, edit, findings, sources};
use ganglion_model::expr::{Expr, Scope, Val};
use serde_json::{Value, json};

const PROCESS: &str = "things/processes/thing.yaml";
/// Column at which the expression starts.
const COLUMN: u32 = 24;

fn with_guard(text: &str) -> crate::packs::Files {
    let mut files = base();
    edit(&mut files, PROCESS, "case.returns < 2", text);
    files
}

fn lowered(text: &str) -> Expr {
    let (model, findings) = ganglion_pack::compile(&sources(&with_guard(text)));
    let model = model.unwrap_or_else(|| panic!("{text}\n{findings}"));
    model.processes["thing"].action("working", "finish").unwrap().when.clone().unwrap().holds
}

/// Values by path, as a case would give them.
struct Values(Value);

impl Scope for Values {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        path.iter().try_fold(&self.0, |value, key| value.get(key)).map_or(Val::Null, Val::from_json)
    }
}

#[test]
fn expressions_lower_to_paths_and_operators() {
    let cases = [
        ("case.urgent", json!({"Path": ["case", "urgent"]})),
        ("clock.work.overdue", json!({"Path": ["clock", "work", "overdue"]})),
        ("has(mark.finished)", json!({"Call": ["has", [{"Path": ["mark", "finished"]}]]})),
        ("has(case.kind.limit)", json!({"Call": ["has", [{"Path": ["case", "kind", "limit"]}]]})),
        (
            "has(case.kind.parent.parent.name)",
            json!({"Call": ["has", [{"Path": ["case", "kind", "parent", "parent", "name"]}]]}),
        ),
        ("!case.urgent", json!({"Not": {"Path": ["case", "urgent"]}})),
        ("first.new < now", json!({"Cmp": ["Lt", {"Path": ["first", "new"]}, {"Path": ["now"]}]})),
        ("case.until >= today", json!({"Cmp": ["Ge", {"Path": ["case", "until"]}, {"Path": ["today"]}]})),
        ("actor.role == 'clerk'", json!({"Cmp": ["Eq", {"Path": ["actor", "role"]}, {"Lit": "clerk"}]})),
        (
            "case.urgent && case.kind.photo && case.returns > -1",
            json!({"And": [
                {"Path": ["case", "urgent"]},
                {"Path": ["case", "kind", "photo"]},
                {"Cmp": ["Gt", {"Path": ["case", "returns"]}, {"Lit": -1}]},
            ]}),
        ),
        (
            "case.why in ['late', 'lost']",
            json!({"In": [{"Path": ["case", "why"]}, {"List": [{"Lit": "late"}, {"Lit": "lost"}]}]}),
        ),
        ("'road' in case.topics", json!({"In": [{"Lit": "road"}, {"Path": ["case", "topics"]}]})),
        (
            "case.about.startsWith(case.place)",
            json!({"Call": ["starts_with", [{"Path": ["case", "about"]}, {"Path": ["case", "place"]}]]}),
        ),
        (
            "days(now, case.seen) > 3",
            json!({"Cmp": ["Gt", {"Call": ["days", [{"Path": ["now"]}, {"Path": ["case", "seen"]}]]}, {"Lit": 3}]}),
        ),
        (
            "case.cost > 1.5",
            json!({"Cmp": ["Gt", {"Arith": ["Sub", {"Path": ["case", "cost"]}, {"Lit": 0}]}, {"Lit": 1.5}]}),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(serde_json::to_value(lowered(text)).unwrap(), expected, "{text}");
    }
}

#[test]
fn expressions_give_what_they_say() {
    let case = Values(json!({"case": {
        "returns": 1, "cost": "12.50", "about": "路面 A", "topics": ["road"], "until": "2022-06-30",
        "seen": "2022-06-27T01:00:00Z", "state": "working", "kind": {"photo": true},
    }}));
    let cases = [
        ("case.returns * 2 + 1 == 3", true),
        ("case.cost > 9", true),
        ("case.cost + case.cost == 25", true),
        ("case.cost >= case.cost", true),
        ("case.urgent ? false : true", true),
        ("case.urgent", false),
        ("has(case.why) || case.kind.photo", true),
        ("case.until > '2022-06-29'", true),
        ("days(case.until, '2022-06-28') == 2", true),
        ("size(case.about) == 4 && size(case.topics) == 1", true),
        ("case.about.contains('面')", true),
        ("string(case.returns) + '!' == '1!'", true),
        ("case.returns % 2 == 1 && -case.returns < 0", true),
        ("case.state == 'working' && !(case.state in ['new', 'closed'])", true),
        ("7.86 / 8.48 > 0.9268 && 7.86 / 8.48 < 0.9269", true),
        ("0.1 + 0.2 == 0.3", true),
        ("round(2.345, 2) == 2.35 && round(-2.5) == -3 && round(2.4) == 2", true),
        ("round(100.0 * 7.86 / 8.48, 2) == 92.69", true),
        ("sum([1, 2, 3.5]) == 6.5 && max(1, case.cost) == 12.5 && min([3, 2]) == 2", true),
        ("max(case.until, '2022-07-01') == '2022-07-01'", true),
        ("add_days(case.until, 2) == '2022-07-02'", true),
        ("years('2022-06-29', '2000-06-30') == 21 && years('2022-06-30', '2000-06-30') == 22", true),
        ("year(case.until) == 2022 && month(case.seen) == 6", true),
        ("date(case.seen) == '2022-06-27'", true),
        ("case.why == 'late'", false),
        ("case.why != 'late'", true),
    ];
    for (text, expected) in cases {
        let holds = lowered(text);
        assert_eq!(holds.holds(&case), expected, "{text}");
    }
}

#[test]
fn findings_stand_where_the_mistake_is() {
    let cases = [
        ("case.urgnt", 5, "unknown-field"),
        ("cse.urgent", 0, "unknown-name"),
        ("!case.urgent && case.kind.phto", 26, "unknown-field"),
        ("case.kind . limitt == case.about", 12, "unknown-field"),
        ("clock.wrk.overdue", 6, "unknown-field"),
        ("clock.work.over", 11, "unknown-field"),
        ("first.nwe < now", 6, "unknown-field"),
        ("mark.done < now", 5, "unknown-field"),
        ("actor.rol == 'clerk'", 6, "unknown-field"),
        ("actor.role == 'clrk'", 14, "unknown-code"),
        ("case.level == 'town'", 14, "unknown-code"),
        ("'路' == case.about && case.urgnt", 26, "unknown-field"),
        ("case.why in ['late', 'lst']", 21, "unknown-code"),
        ("'rod' in case.topics", 0, "unknown-code"),
        ("case.until > '2022-06-31'", 13, "bad-date"),
        ("case.urgent == 'true'", 12, "mixed-types"),
        ("case.about < 'x'", 11, "mixed-types"),
        ("case.why == case.kind.topic", 9, "mixed-types"),
        ("case.kind.limit == '4 wh'", 16, "mixed-types"),
        ("case.about in case.about", 11, "mixed-types"),
        ("case.topics.contains('road')", 20, "wrong-type"),
        ("case.returns.contains('1')", 21, "wrong-type"),
        ("case.urgent && case.returns", 15, "wrong-type"),
        ("size(case.returns) > 1", 0, "wrong-type"),
        ("case.spot == case.spot", 10, "mixed-types"),
        ("case.about == null", 14, "not-in-the-language"),
        ("case.topics[0] == 'road'", 11, "not-in-the-language"),
        ("{'a': 1} == {'a': 1}", 0, "not-in-the-language"),
        ("case.about.matches('x')", 18, "unknown-function"),
        ("has(case)", 4, "bad-expression"),
        ("case.urgent ? 1 : 'a'", 12, "mixed-types"),
        ("now.year > 2020", 4, "unknown-field"),
        ("case.about.x == 'y'", 11, "unknown-field"),
        ("sum(case.topics) > 1", 0, "wrong-type"),
        ("round(case.cost, 99) > 1", 0, "wrong-arguments"),
        ("round(case.about) > 1", 0, "wrong-type"),
        ("amount(case.cost, 'mu') > 1", 0, "wrong-type"),
        ("add_days(case.until) == case.until", 0, "wrong-arguments"),
        ("max(case.until, 3) > case.until", 0, "wrong-type"),
        ("year(case.about) > 1", 0, "wrong-type"),
        ("totl(case.about) > 1", 0, "unknown-function"),
    ];
    let mut report = Vec::new();
    for (text, offset, code) in cases {
        let found = findings(&with_guard(text));
        let fits = found.first().is_some_and(|one| one.column == COLUMN + offset && one.code == code);
        if !fits {
            report.push(format!("{text}: wanted {code} at {offset}\n{found}"));
        }
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}
