//! Reading how many tests passed and failed from what a test program said last.
//!
//! It knows the closing lines of `cargo nextest`, `cargo test` and vitest, and the one shared by `ganglion pack test` and `tests/e2e/run.mjs`:
//! `N passed, N failed`.

/// Passed and failed tests of one step, or of all.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Tests that did what they should.
    pub passed: u32,
    /// Tests that failed, ran out of time, or could not be started.
    pub failed: u32,
}

impl Counts {
    /// Both sums.
    pub fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// The counts in the last line that holds any; `None` when no line does.
///
/// Nextest's own summary goes before all: below it the output of failed tests is repeated, which has counts of its own.
pub fn closing_counts(text: &str) -> Option<Counts> {
    let summary = text.lines().rev().filter(|line| line.trim_start().starts_with("Summary ")).find_map(counts_in_line);
    summary.or_else(|| text.lines().rev().find_map(counts_in_line))
}

/// The counts of every closing line of a run that prints one for each part, as `cargo test --doc` does for each crate.
pub fn summed_counts(text: &str) -> Option<Counts> {
    text.lines().filter_map(counts_in_line).reduce(Counts::plus)
}

fn counts_in_line(line: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    let mut found = false;
    for part in line.split([',', ':', ';', '.', '|']) {
        let Some((number, word)) = number_and_word(part) else {
            continue;
        };
        match word.as_str() {
            "passed" => {
                counts.passed += number;
                found = true;
            }
            "failed" | "timed out" | "exec failed" => counts.failed += number,
            _ => {}
        }
    }
    // A line that only names failures is some other message.
    found.then_some(counts)
}

/// `" 12 timed out (3 slow)"` is (12, "timed out"); words before the number are a title.
fn number_and_word(part: &str) -> Option<(u32, String)> {
    let before_bracket = part.split('(').next().unwrap_or(part);
    let mut words = before_bracket.split_whitespace();
    let number = words.find_map(|word| word.parse().ok())?;
    Some((number, words.collect::<Vec<_>>().join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u32, u32)>) {
        assert_eq!(closing_counts(text), expected.map(|(passed, failed)| Counts { passed, failed }), "{text}");
    }

    #[test]
    fn closing_lines_of_all_test_programs_are_read() {
        check("     Summary [   0.012s] 3 tests run: 3 passed, 0 skipped", Some((3, 0)));
        check(
            "     Summary [   9.1s] 8/9 tests run: 5 passed (1 slow), 2 failed, 1 timed out, 1 skipped",
            Some((5, 3)),
        );
        check("41 passed, 0 failed", Some((41, 0)));
        check("e2e: 12 passed, 1 failed (34.5 s)", Some((12, 1)));
        check(" Test Files  1 passed (1)\n      Tests  1 failed | 7 passed (8)\n   Start at  10:00:00", Some((7, 1)));
        check("test result: ok. 4 passed; 0 failed; 0 ignored; finished in 0.10s", Some((4, 0)));
    }

    #[test]
    fn the_last_line_with_counts_decides() {
        check("1 passed, 0 failed\n2 passed, 1 failed\nbye", Some((2, 1)));
    }

    #[test]
    fn nextest_repeats_failed_tests_below_its_summary() {
        let repeated = "test result: FAILED. 0 passed; 1 failed; 27 filtered out";
        check(&format!("Summary [ 0.2s] 36 tests run: 35 passed, 1 failed, 0 skipped\n{repeated}"), Some((35, 1)));
    }

    #[test]
    fn text_without_counts_has_none() {
        check("", None);
        check("3 failed to start, nothing passed", None);
        check("error: could not compile", None);
    }

    #[test]
    fn several_closing_lines_add_up() {
        let text = "test result: ok. 1 passed; 0 failed\nok\ntest result: FAILED. 2 passed; 1 failed";
        assert_eq!(summed_counts(text), Some(Counts { passed: 3, failed: 1 }));
    }
}
