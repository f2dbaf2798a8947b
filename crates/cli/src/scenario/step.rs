//! One line of a `when` block: who does what, on which case, and whether it is expected to be refused.

use super::plans::{Asked, asked};
use super::rows::VERBS;
use super::value;
use ganglion_model::Fields;
use ganglion_model::clocks::{Length, midnight};
use jiff::Timestamp;
use jiff::civil::{Date, Time};

/// Who acts: an account, `reporter`, `public`, `api` or `system`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The name.
    pub name: String,
    /// The post to act in, as `role@code`.
    pub post: Option<String>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Opens a case.
    Open {
        /// Process.
        process: String,
        /// Way it came in; by who opens it when absent.
        channel: Option<String>,
        /// When it was seen.
        seen: Option<Timestamp>,
        /// Name for later lines.
        name: Option<String>,
    },
    /// Takes an action.
    Act {
        /// As written, perhaps with a plural `s`.
        action: String,
        /// The case by name; the current one when absent.
        on: Option<String>,
    },
    /// Does something to a register row.
    Row {
        /// One of [`VERBS`].
        verb: String,
        /// Register.
        register: String,
        /// Natural key.
        key: String,
    },
    /// Issues a document by hand, or withdraws the one that stands.
    Document {
        /// Which.
        name: String,
        /// Withdraws it.
        withdraw: bool,
        /// The case by name; the current one when absent.
        on: Option<String>,
    },
    /// The same for a document of a register row.
    DocumentOfRow {
        /// Which.
        name: String,
        /// Withdraws it.
        withdraw: bool,
        /// Register.
        register: String,
        /// Natural key.
        key: String,
    },
    /// Adopts a computed plan.
    Adopt(Asked),
    /// Takes the next case of a queue.
    TakeNext {
        /// Process.
        process: String,
        /// Only these lanes.
        lanes: Vec<String>,
    },
}

/// A refusal that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// This code.
    Code(String),
    /// This problem with this field.
    Field(String, String),
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Somebody does something.
    Do {
        /// Who.
        who: Who,
        /// What.
        deed: Deed,
        /// With what typed.
        form: Fields,
        /// Expected to be refused.
        refused: Option<Refused>,
    },
    /// The last command once more, with the same id; perhaps expected to be refused.
    Repeat(Option<Refused>),
    /// Time passes up to an instant.
    WaitUntil(Timestamp),
    /// Time passes.
    Wait(Length),
}

/// Reads `2022-06-27 09:00` (or a date alone: midnight) at +08:00.
pub fn instant(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let date: Date = words.next()?.parse().ok()?;
    let seconds = match words.next() {
        Some(time) => {
            let time: Time = time.parse().ok()?;
            i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
        }
        None => 0,
    };
    words.next().is_none().then_some(())?;
    midnight(date).checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

/// A refusal as written: `code` or `field: problem`.
pub fn refusal(text: &str) -> Refused {
    match text.split_once(':') {
        Some((field, problem)) => Refused::Field(field.trim().to_owned(), problem.trim().to_owned()),
        None => Refused::Code(text.trim().to_owned()),
    }
}

/// Reads a step.
///
/// # Errors
/// What a line there should look like.
pub fn read(line: &str) -> Result<Step, String> {
    if let Some(until) = line.strip_prefix("wait until ") {
        return instant(until).map(Step::WaitUntil).ok_or_else(|| "wait until DATE TIME".to_owned());
    }
    if let Some(length) = line.strip_prefix("wait ") {
        return length.parse().map(Step::Wait).map_err(|_| "wait LENGTH, such as `wait 3 wd`".to_owned());
    }
    let (head, form, tail) = split_form(line)?;
    let (head, tail) = if form.is_none() { split_refusal(head) } else { (head, tail) };
    let (tail, refused) = match tail.trim().strip_prefix('!') {
        Some(code) => ("", Some(code)),
        None => match tail.split_once(" !") {
            Some((tail, code)) => (tail, Some(code)),
            None => (tail, None),
        },
    };
    let refused = refused.map(refusal);
    let words: Vec<&str> = head.split_whitespace().chain(tail.split_whitespace()).collect();
    if words == ["repeat"] {
        return Ok(Step::Repeat(refused));
    }
    let form = form.map_or_else(|| Ok(Fields::new()), value::form)?;
    let (who, rest) = who(&words)?;
    let deed = match rest {
        ["adopts", plan @ ..] => match asked(plan, form.clone())? {
            (asked, []) => Deed::Adopt(asked),
            (_, [word, ..]) => return Err(format!("`on DATE`, a form or `! CODE`, not `{word}`")),
        },
        rest => deed(rest)?,
    };
    Ok(Step::Do { who, deed, form, refused })
}

/// Text before the form, the form with its braces, text after it.
pub fn split_form(line: &str) -> Result<(&str, Option<&str>, &str), String> {
    let Some(start) = line.find('{') else {
        return Ok((line, None, ""));
    };
    let (mut depth, mut quote) = (0, None);
    for (at, c) in line[start..].char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"') => quote = Some('"'),
            (None, '{') => depth += 1,
            (None, '}') => {
                depth -= 1;
                if depth == 0 {
                    let end = start + at + 1;
                    return Ok((&line[..start], Some(&line[start..end]), &line[end..]));
                }
            }
            _ => {}
        }
    }
    Err("a form that ends with `}`".to_owned())
}

fn split_refusal(head: &str) -> (&str, &str) {
    head.find(" !").map_or((head, ""), |at| head.split_at(at))
}

fn who<'a, 'b>(words: &'a [&'b str]) -> Result<(Who, &'a [&'b str]), String> {
    match words {
        [name, "as", post, rest @ ..] if post.contains('@') => {
            Ok((Who { name: (*name).to_owned(), post: Some((*post).to_owned()) }, rest))
        }
        [name, rest @ ..] if !rest.is_empty() => Ok((Who { name: (*name).to_owned(), post: None }, rest)),
        _ => Err("WHO opens PROCESS {form}, WHO ACTION {form}, wait …, or repeat".to_owned()),
    }
}

/// `issues document NAME on CASE`, `withdraws document NAME on CASE`; `of REGISTER KEY` for one of a row.
fn document(words: &[&str]) -> Option<Deed> {
    if let [verb @ ("issues" | "withdraws"), "document", name, "of", register, key] = words {
        let (name, register) = ((*name).to_owned(), (*register).to_owned());
        let key = key.trim_matches('"').to_owned();
        return Some(Deed::DocumentOfRow { name, withdraw: *verb == "withdraws", register, key });
    }
    let (verb, name, on) = match words {
        [verb, "document", name] => (verb, name, None),
        [verb, "document", name, "on", case] => (verb, name, Some((*case).to_owned())),
        _ => return None,
    };
    let withdraw = match *verb {
        "issues" => false,
        "withdraws" => true,
        _ => return None,
    };
    Some(Deed::Document { name: (*name).to_owned(), withdraw, on })
}

fn deed(words: &[&str]) -> Result<Deed, String> {
    if let [verb, register, key] = words
        && VERBS.contains(verb)
        && !["on", "document"].contains(register)
    {
        let key = key.trim_matches('"').to_owned();
        return Ok(Deed::Row { verb: (*verb).to_owned(), register: (*register).to_owned(), key });
    }
    if let Some(deed) = document(words) {
        return Ok(deed);
    }
    if let ["takes", "next", process, lanes @ ..] = words {
        let lanes = match lanes {
            [] => Vec::new(),
            ["in", lanes @ ..] if !lanes.is_empty() => lanes.iter().map(|lane| (*lane).to_owned()).collect(),
            _ => return Err("takes next PROCESS, or takes next PROCESS in LANE …".to_owned()),
        };
        return Ok(Deed::TakeNext { process: (*process).to_owned(), lanes });
    }
    let (verb, mut rest) = words.split_first().ok_or("what is done")?;
    let (mut name, mut on, mut channel, mut seen) = (None, None, None, None);
    let process = if *verb == "opens" {
        let (process, after) = rest.split_first().ok_or("opens PROCESS")?;
        rest = after;
        Some((*process).to_owned())
    } else {
        None
    };
    loop {
        rest = match rest {
            [] => break,
            ["as", value, rest @ ..] if process.is_some() => {
                name = Some((*value).to_owned());
                rest
            }
            ["via", value, rest @ ..] if process.is_some() => {
                channel = Some((*value).to_owned());
                rest
            }
            ["seen", date, time, rest @ ..] if process.is_some() => {
                seen = Some(instant(&format!("{date} {time}")).ok_or("seen DATE TIME")?);
                rest
            }
            ["on", value, rest @ ..] if process.is_none() => {
                on = Some((*value).to_owned());
                rest
            }
            [word, ..] => return Err(format!("`on NAME`, `as NAME`, a form or `! CODE`, not `{word}`")),
        };
    }
    Ok(match process {
        Some(process) => Deed::Open { process, channel, seen, name },
        None => Deed::Act { action: (*verb).to_owned(), on },
    })
}
