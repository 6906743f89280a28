//! Charts of a study, drawn as SVG: each difference with its interval on a scale of its own, the counties beside it.

use std::fmt::Write as _;

use super::infer::Verdict;
use super::report::{label, signed};
use super::study::{Answered, Found};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 400.0;
const RIGHT: f64 = 780.0;
const ROW: f64 = 34.0;
const TOP: f64 = 46.0;

/// Differences of all questions: interval as a line, mean as a square, counties as rings, nothing as a dashed line.
pub fn effects(found: &Found<'_>, answered: &[Answered]) -> String {
    let height = TOP + ROW * answered.len() as f64 + 20.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
    );
    let _ = writeln!(out, "<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>");
    let _ =
        writeln!(out, "<text x=\"12\" y=\"24\" font-size=\"15\">{}</text>", escaped(&found.study.experiment.title.1));
    for (at, answer) in answered.iter().enumerate() {
        let y = TOP + ROW * (at as f64 + 0.5);
        let _ = writeln!(out, "<text x=\"12\" y=\"{:.1}\">{}</text>", y + 4.0, escaped(&label(found, at).0));
        let Some(effect) = &answer.effect else { continue };
        let ends = effect.counties.iter().copied().chain([effect.interval.0, effect.interval.1]);
        let reach = ends.fold(0.0_f64, |reach, end| reach.max(end.abs())).max(f64::MIN_POSITIVE);
        let x = |value: f64| (LEFT + RIGHT) / 2.0 + value / reach * (RIGHT - LEFT) / 2.0;
        let zero = x(0.0);
        let color = match answer.verdict {
            Verdict::Holds => "#1a7f4b",
            Verdict::DoesNotHold => "#b3261e",
            Verdict::InPart => "#9a6700",
            Verdict::Undecided => "#666",
        };
        let (top, bottom) = (y - ROW / 2.0, y + ROW / 2.0);
        let _ = writeln!(
            out,
            "<line x1=\"{zero:.1}\" y1=\"{top:.1}\" x2=\"{zero:.1}\" y2=\"{bottom:.1}\" stroke=\"#999\" stroke-dasharray=\"3 3\"/>"
        );
        let (low, high) = (x(effect.interval.0), x(effect.interval.1));
        let _ = writeln!(
            out,
            "<line x1=\"{low:.1}\" y1=\"{y:.1}\" x2=\"{high:.1}\" y2=\"{y:.1}\" stroke=\"{color}\" stroke-width=\"2.5\"/>"
        );
        let mean = x(effect.mean) - 4.0;
        let _ = writeln!(out, "<rect x=\"{mean:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"{color}\"/>", y - 4.0);
        for county in &effect.counties {
            let _ = writeln!(
                out,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"none\" stroke=\"{color}\"/>",
                x(*county),
                y + 10.0
            );
        }
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", RIGHT + 14.0, y + 4.0, signed(effect.mean));
    }
    out.push_str("</svg>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
