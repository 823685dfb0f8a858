//! The table: what was measured, beside what, and what was aimed at.

use std::{error::Error, fs, path::Path};

use super::{
    paired::{Samples, Spread},
    place::Place,
    plot::Plot,
};

/// Where the table goes in `docs/benchmarks.md`.
const FROM: &str = "<!-- measured -->\n";
const UNTIL: &str = "<!-- until here -->";

/// What was measured in one place.
pub(crate) struct Measured {
    value: String,
    spread: Option<String>,
}

impl Measured {
    /// One side's time by another's, with both.
    pub(crate) fn ratio(samples: &Samples, side: usize, beside: usize) -> Self {
        let ratio = samples.ratio(side, beside);
        let (one, other) = (samples.of(side).median, samples.of(beside).median);
        Self {
            value: format!("{:.2}x ({} / {})", ratio.median, time(one), time(other)),
            spread: Some(format!("{:.2}–{:.2}", ratio.low, ratio.high)),
        }
    }

    /// A time, given in microseconds.
    pub(crate) fn time(spread: Spread) -> Self {
        Self {
            value: time(spread.median),
            spread: Some(format!("{}–{}", time(spread.low), time(spread.high))),
        }
    }

    /// Something that is the same each time.
    pub(crate) fn plain(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            spread: None,
        }
    }

    /// With something told beside.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.value.push_str(more);
        self
    }
}

/// Microseconds, in the unit that suits.
pub(crate) fn time(microseconds: f64) -> String {
    if microseconds.abs() < 1000.0 {
        format!("{microseconds:.1} µs")
    } else {
        format!("{:.2} ms", microseconds / 1000.0)
    }
}

/// Bytes, in the unit that suits.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub(crate) fn size(bytes: i64) -> String {
    if bytes.abs() < 100 << 10 {
        format!("{:.1} KiB", bytes as f64 / 1024.0)
    } else {
        format!("{:.2} MiB", bytes as f64 / 1024.0 / 1024.0)
    }
}

/// A row of the table.
pub(crate) struct Row {
    what: &'static str,
    beside: &'static str,
    goal: &'static str,
    /// In the order of the places.
    measured: Vec<Measured>,
    plot: Option<Plot>,
}

impl Row {
    /// Before it was measured anywhere.
    pub(crate) fn new(what: &'static str, beside: &'static str, goal: &'static str) -> Self {
        Self {
            what,
            beside,
            goal,
            measured: Vec::new(),
            plot: None,
        }
    }

    /// Measured in the next place.
    pub(crate) fn push(&mut self, measured: Measured) {
        self.measured.push(measured);
    }

    /// With a picture of it.
    pub(crate) fn pictured(mut self, plot: Plot) -> Self {
        self.plot = Some(plot);
        self
    }

    /// Its picture.
    pub(crate) fn plot(&self) -> Option<&Plot> {
        self.plot.as_ref()
    }

    /// As a line of Markdown.
    pub(crate) fn line(&self, part: &str) -> String {
        let cell = |place: usize| {
            let measured = self.measured.get(place);
            measured.map_or("as there", |measured| &measured.value)
        };
        let spreads = self.measured.iter().filter_map(|it| it.spread.as_deref());
        let spreads = spreads.collect::<Vec<_>>().join("; ");
        format!(
            "| {} | {} | {} | {} | {} | {spreads} | `-- {part}` |\n",
            self.what,
            self.beside,
            self.goal,
            cell(0),
            cell(1),
        )
    }
}

/// The table's head, for these places.
pub(crate) fn head(places: &[Place]) -> String {
    let kinds: Vec<&str> = places.iter().map(Place::kind).collect();
    format!(
        "| what | beside | goal | {} | 10th–90th percentile | `cargo bench -p lockhost-benches` |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        kinds.join(" | ")
    )
}

/// Writes a text between the page's marks, with the plots below it.
///
/// # Errors
/// If the page cannot be read or written, or has no marks, or a plot cannot be written.
pub(crate) fn write(table: &str, plots: &[&Plot]) -> Result<(), Box<dyn Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = package.join("../../docs/benchmarks.md");
    let old = fs::read_to_string(&page)?;
    let (before, rest) = old.split_once(FROM).ok_or("the page has no mark")?;
    let (_, after) = rest
        .split_once(UNTIL)
        .ok_or("the page has no second mark")?;
    let mut text = format!("{before}{FROM}\n{table}\n");
    for plot in plots {
        plot.draw(&package.join("../../docs/plots"))?;
        let path = format!("plots/{}.svg", plot.name);
        text.push_str(&format!("![{}]({path})\n", plot.title));
    }
    if !plots.is_empty() {
        text.push('\n');
    }
    fs::write(&page, format!("{text}{UNTIL}{after}"))?;
    Ok(())
}
