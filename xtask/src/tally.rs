//! Counts tests from what their runners print, so that one line can say how the whole run went.

use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that ran and held.
    pub passed: u64,
    /// Tests that ran and did not hold, did not end in time, or could not be started.
    pub failed: u64,
    /// Tests that did not run: ignored, or skipped by themselves since the machine lacks something.
    pub skipped: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Counts the tests in one runner's output: the closing lines of cargo-nextest, `cargo test`, Node's own
/// runner and Vitest. What belongs to none of them counts nothing.
///
/// ```
/// use xtask::tally::{Tally, count};
///
/// let lines = ["test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out"];
/// assert_eq!(count(lines), Tally { passed: 7, failed: 0, skipped: 1 });
/// ```
pub fn count<'a>(lines: impl IntoIterator<Item = &'a str>) -> Tally {
    let mut tally = Tally::default();
    for line in lines {
        tally += count_line(&without_colours(line));
    }
    tally
}

fn count_line(line: &str) -> Tally {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("test result: ") {
        return count_phrases(rest.split([';', '.']));
    }
    if let Some((times, rest)) = line.strip_prefix("Summary [").and_then(|rest| rest.split_once(']'))
        && times.trim_end().ends_with('s')
        && let Some((_, counts)) = rest.split_once(':')
    {
        return count_phrases(without_brackets(counts).split(','));
    }
    // Vitest prints a line for files, too, which begins with other words.
    if let Some(counts) = line.strip_prefix("Tests ") {
        return count_phrases(without_brackets(counts).split('|'));
    }
    if let Some(count) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
        return count_node(count);
    }
    Tally::default()
}

/// Sums phrases such as `3 passed` or `1 timed out`.
fn count_phrases<'a>(phrases: impl Iterator<Item = &'a str>) -> Tally {
    let mut tally = Tally::default();
    for phrase in phrases {
        let Some((number, outcome)) = phrase.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match outcome.trim() {
            "passed" => tally.passed += number,
            "failed" | "timed out" | "exec failed" | "not run" => tally.failed += number,
            "skipped" | "ignored" | "todo" => tally.skipped += number,
            _ => {}
        }
    }
    tally
}

/// Node prints one line for each outcome: its name, then how many.
fn count_node(line: &str) -> Tally {
    let none = Tally::default();
    let Some((outcome, number)) = line.split_once(' ') else { return none };
    let Ok(number) = number.trim().parse::<u64>() else { return none };
    match outcome {
        "pass" => Tally { passed: number, ..none },
        "fail" | "cancelled" => Tally { failed: number, ..none },
        "skipped" | "todo" => Tally { skipped: number, ..none },
        _ => none,
    }
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0u32;
    let mut kept = String::new();
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}

/// The line without the escape sequences that colour it.
pub fn without_colours(line: &str) -> String {
    let mut kept = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            kept.push(character);
        }
    }
    kept
}

/// What tests said that skipped themselves, from a report in JUnit's form: the name of each such test and
/// its reason.
pub fn self_skipped_in_junit(report: &str) -> Vec<String> {
    let mut found = Vec::new();
    for case in report.split("<testcase ").skip(1) {
        let name = case.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"'));
        let Some((name, rest)) = name else { continue };
        let reason = rest.lines().find_map(|line| {
            // The first line of an output stands right behind its opening tag.
            let line =
                line.rsplit_once('>').map_or(line, |(tag, text)| if tag.contains("<system-") { text } else { line });
            line.trim().strip_prefix("skipped: ")
        });
        if let Some(reason) = reason {
            found.push(format!("{name}: {}", unescaped(reason)));
        }
    }
    found
}

/// The same from lines of `cargo test`, which do not say whose they are.
pub fn self_skipped_in_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let plain = lines.into_iter().map(without_colours);
    plain.filter_map(|line| line.trim().strip_prefix("skipped: ").map(str::to_owned)).collect()
}

fn unescaped(text: &str) -> String {
    let text = text.split_once("</system-").map_or(text, |(text, _)| text);
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_each_runner() {
        let of = |passed, failed, skipped| Tally { passed, failed, skipped };
        for (lines, expected) in [
            ("     Summary [   0.354s] 18 tests run: 18 passed, 6 skipped", of(18, 0, 6)),
            (
                "Summary [  12.001s] 9/12 tests run: 5 passed (1 slow, 1 flaky), 2 failed, 1 timed out, \
                 1 exec failed, 3 skipped",
                of(5, 4, 3),
            ),
            ("\u{1b}[32;1m     Summary\u{1b}[0m [   1.0s] 1 test run: 1 passed, 0 skipped", of(1, 0, 0)),
            (
                "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.02s",
                of(3, 2, 1),
            ),
            ("test result: ok. 1 passed; 0 failed\ntest result: ok. 2 passed; 0 failed", of(3, 0, 0)),
            (
                "ℹ tests 9\nℹ suites 1\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 1\nℹ duration_ms 41.2",
                of(5, 2, 2),
            ),
            ("# tests 2\n# pass 2\n# fail 0\n# cancelled 0\n# skipped 0\n# todo 0", of(2, 0, 0)),
            (" Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 4 passed | 2 skipped (7)", of(4, 1, 2)),
            ("# pass the salt\nSummary of 3 passed, 2 failed\nno test result: 3 passed", of(0, 0, 0)),
        ] {
            assert_eq!(count(lines.lines()), expected, "{lines}");
        }
    }

    #[test]
    fn tests_that_skipped_themselves_are_found_by_name() {
        let report = r#"<testsuite name="store">
            <testcase name="suite::both" classname="store" time="0.1">
                <system-out>running 1 test
test suite::both ... ok
</system-out>
                <system-err>skipped: suite::both: no &lt;postgres&gt;
skipped: again
</system-err></testcase>
            <testcase name="held" classname="store"><system-out>not skipped: </system-out></testcase>
        </testsuite>"#;
        assert_eq!(self_skipped_in_junit(report), ["suite::both: suite::both: no <postgres>"]);
        let lines = "running\n  skipped: no data\nnot skipped: x";
        assert_eq!(self_skipped_in_lines(lines.lines()), ["no data"]);
    }
}
