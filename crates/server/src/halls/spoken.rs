//! What a hall says when somebody is called. The digits of a number are said one by one, as people read them off a ticket.

use super::hall::Hall;
use crate::view::Look;
use ganglion_model::{Case, Lang};

/// The words for a call, in the language of the page.
pub fn call(look: &Look<'_>, hall: &Hall<'_>, case: &Case) -> String {
    let number = digits(look, &super::number_of(hall.queue, case));
    let counter = hall.counter_label(look, case);
    let lane = hall.lane_label(look, &ganglion_kernel::queue::lane_of(hall.world, hall.process, case));
    let template = look.text(&hall.queue.calls.voice);
    if template.is_empty() {
        return match counter {
            Some(counter) => {
                let title = hall.counter_title(look);
                let args = [("number", number.into()), ("counter", counter.into()), ("title", title.into())];
                look.say("hall-say-counter", &args)
            }
            None => look.say("hall-say", &[("number", number.into())]),
        };
    }
    template.replace("{number}", &number).replace("{counter}", &counter.unwrap_or_default()).replace("{lane}", &lane)
}

/// A number with its digits in words.
fn digits(look: &Look<'_>, number: &str) -> String {
    let words = look.t("hall-digits");
    let words: Vec<&str> = words.split(' ').collect();
    let one = |c: char| {
        let digit = c.to_digit(10).and_then(|digit| words.get(usize::try_from(digit).ok()?));
        digit.map_or_else(|| c.to_string(), |word| (*word).to_owned())
    };
    let between = if look.say.lang() == Lang::En { " " } else { "" };
    number.chars().filter(|c| c.is_alphanumeric()).map(one).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn digits_are_said_one_by_one() {
        let world = sample::bare_world();
        let (zh, en) = (sample::Words::of(Lang::Zh), sample::Words::of(Lang::En));
        assert_eq!(digits(&sample::look(&world, &zh), "A012"), "A零一二");
        assert_eq!(digits(&sample::look(&world, &en), "A-012"), "A zero one two");
    }
}
