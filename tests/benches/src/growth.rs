//! Acquire and release as the work grows: with other files in the directory, and with other locks in the process.

use std::{fs, path::Path};

use super::{
    Outcome, child, cycle,
    large::fill,
    memory::open_many,
    paired::{Spread, batch},
    place::Place,
    plot::{Plot, slope},
    report::{Measured, Row},
};

const FILES: [u32; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
const LOCKS: [u32; 6] = [1, 4, 16, 64, 256, 1_000];

/// How often in a row, for a sample, and how many samples.
const BATCH: u32 = 20;
const SAMPLES: u32 = 20;

pub(crate) fn files(places: &[Place], _samples: u32) -> Outcome<Vec<Row>> {
    let plot = Plot {
        name: "files",
        title: "Acquire and release, with other files in the directory",
        amount: "other files",
        cost: "µs",
        curves: curves(places, among_files)?,
    };
    let what = "acquire + release among 1, 10, … 100,000 other files";
    Ok(vec![row(what, plot)])
}

pub(crate) fn locks(places: &[Place], _samples: u32) -> Outcome<Vec<Row>> {
    let plot = Plot {
        name: "locks",
        title: "Acquire and release, with other locks held in the process",
        amount: "other locks",
        cost: "µs",
        curves: curves(places, |place| {
            let costs: [f64; LOCKS.len()] = child::ask("locks", place)?;
            Ok(LOCKS.map(f64::from).into_iter().zip(costs).collect())
        })?,
    };
    let what = "acquire + release beside 1, 4, … 1,000 locks held";
    Ok(vec![row(what, plot)])
}

type Curve = Vec<(f64, f64)>;

fn curves(
    places: &[Place],
    curve: impl Fn(&Place) -> Outcome<Curve>,
) -> Outcome<Vec<(String, Curve)>> {
    let named = |place: &Place| Ok((place.kind().to_owned(), curve(place)?));
    places.iter().map(named).collect()
}

fn row(what: &'static str, plot: Plot) -> Row {
    let mut row = Row::new(what, "-", "-");
    for (_, curve) in &plot.curves {
        let costs: Vec<String> = curve.iter().map(|it| format!("{:.0}", it.1)).collect();
        let slope = 1000.0 * slope(curve);
        let costs = costs.join(", ");
        row.push(Measured::plain(format!("{costs} µs; slope {slope:.2} ns")));
    }
    row.pictured(plot)
}

/// The median of some samples.
fn cost(directory: &Path) -> Outcome<f64> {
    let samples = (0..SAMPLES).map(|_| batch(BATCH, || cycle::lockhost(directory)));
    Ok(Spread::of(samples.collect::<Outcome<_>>()?).median)
}

fn among_files(place: &Place) -> Outcome<Curve> {
    let fixture = place.fixture();
    let mut curve = Vec::new();
    let mut there = 0;
    for files in FILES {
        fill(&fixture, there..files)?;
        there = files;
        curve.push((f64::from(files), cost(fixture.path())?));
    }
    Ok(curve)
}

/// In a child: what a lock costs beside so many others.
pub(crate) fn beside_locks(directory: &Path) -> Outcome<()> {
    open_many()?;
    let mut locks = Vec::new();
    let free = directory.join("free");
    fs::create_dir(&free)?;
    for held in LOCKS {
        for number in u32::try_from(locks.len())?..held {
            let own = directory.join(number.to_string());
            fs::create_dir(&own)?;
            locks.push(lockhost::acquire(&own)?);
        }
        println!("{}", cost(&free)?);
    }
    Ok(())
}
