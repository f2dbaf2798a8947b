//! A Markdown file into scenarios: a heading of the first level starts one, fenced blocks `given`, `when` and `then` are
//! its parts, everything else is prose. What a line inside a block means is in `step`, `then` and `world`.

use super::Finding;
use super::step::instant;
use ganglion_model::clocks::Length;
use jiff::Timestamp;

/// Most runs of one block.
const TIMES_MAX: usize = 20_000;

/// One line of a block; a form that goes on over several lines is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Line in the file, from 1.
    pub number: usize,
    /// Without indentation.
    pub text: String,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// What there is.
    Given(Vec<Line>),
    /// What is done.
    When(When),
    /// What must hold then.
    Then(Vec<Line>),
}

/// What is done, from when on and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Line of the fence.
    pub line: usize,
    /// When it begins.
    pub from: Timestamp,
    /// How often all steps are done again, and how long after the begin of the time before.
    pub again: Option<(usize, Length)>,
    /// Steps.
    pub steps: Vec<Line>,
}

/// A scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// Heading.
    pub title: String,
    /// Line of the heading.
    pub line: usize,
    /// Blocks in order.
    pub blocks: Vec<Block>,
    /// Blocks that cannot be read.
    pub findings: Vec<Finding>,
}

/// Scenarios of a file, those without any block left out.
pub fn scenarios(text: &str) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut current = Scenario { line: 1, ..Scenario::default() };
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("# ") {
            let next = Scenario { title: title.trim().to_owned(), line: index + 1, ..Scenario::default() };
            all.push(std::mem::replace(&mut current, next));
        } else if let Some((fence, info)) = fence(line) {
            let mut body = Vec::new();
            let mut closed = false;
            for (index, line) in lines.by_ref() {
                if line.trim_start().starts_with(fence) {
                    closed = true;
                    break;
                }
                body.push(Line { number: index + 1, text: line.trim().to_owned() });
            }
            if !closed {
                current.findings.push(Finding::new(index + 1, "the block ends with ```", "the file ends first"));
            }
            block(&mut current, (index + 1, info), body);
        }
    }
    all.push(current);
    all.retain(|scenario| !scenario.blocks.is_empty() || !scenario.findings.is_empty());
    all
}

fn fence(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let first = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == first).count();
    (length >= 3).then(|| (&line[..length], line[length..].trim()))
}

fn block(scenario: &mut Scenario, (line, info): (usize, &str), body: Vec<Line>) {
    let body = joined(body);
    let (kind, rest) = info.split_once(' ').unwrap_or((info, ""));
    match (kind, rest.trim()) {
        ("given", "") => scenario.blocks.push(Block::Given(body)),
        ("then", "") => scenario.blocks.push(Block::Then(body)),
        ("when", at) => match when(at) {
            Some((from, again)) => scenario.blocks.push(Block::When(When { line, from, again, steps: body })),
            None => {
                let expected =
                    "when DATE TIME, such as `when 2022-06-27 09:00` or `when 2022-06-27 09:00, 40 times every 2 ch`";
                scenario.findings.push(Finding::new(line, expected, info));
            }
        },
        ("" | "text" | "yaml" | "json", _) => {}
        _ => scenario.findings.push(Finding::new(line, "a block `given`, `when DATE TIME` or `then`", info)),
    }
}

/// `DATE TIME`, or `DATE TIME, N times every LENGTH`.
fn when(text: &str) -> Option<(Timestamp, Option<(usize, Length)>)> {
    let Some((from, often)) = text.split_once(',') else {
        return Some((instant(text)?, None));
    };
    let (times, every) = often.trim().split_once(" times every ")?;
    let times = times.trim().parse().ok().filter(|times| (1..=TIMES_MAX).contains(times))?;
    Some((instant(from)?, Some((times - 1, every.trim().parse().ok()?))))
}

/// Joins lines until brackets close, drops blank lines and those that begin with `#`.
fn joined(body: Vec<Line>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut depth = 0;
    for line in body {
        if depth == 0 && (line.text.is_empty() || line.text.starts_with('#')) {
            continue;
        }
        let open = unclosed(&line.text);
        match lines.last_mut() {
            Some(last) if depth > 0 => {
                last.text.push(' ');
                last.text.push_str(&line.text);
            }
            _ => lines.push(line),
        }
        depth += open;
    }
    lines
}

/// Brackets opened less brackets closed, those in double quotes left out.
fn unclosed(text: &str) -> i32 {
    let mut quoted = false;
    text.chars().fold(0, |depth, c| {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => return depth + 1,
            '}' | ']' if !quoted => return depth - 1,
            _ => {}
        }
        depth
    })
}
