//! Samples of several sides, taken in turn: A B A B …, so that whatever slows the machine down slows all of them.

use std::time::Instant;

use super::Outcome;

/// One side: each call takes a sample, and tells microseconds an operation.
pub(crate) type Side<'a> = Box<dyn FnMut() -> Outcome<f64> + 'a>;

/// The microseconds that an operation takes, done so many times in a row.
pub(crate) fn batch(count: u32, mut operation: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    for _ in 0..count {
        operation()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

/// All samples, by side.
pub(crate) struct Samples(Vec<Vec<f64>>);

impl Samples {
    /// Takes so many of each side, and one before that does not count.
    pub(crate) fn take(count: u32, sides: &mut [Side<'_>]) -> Outcome<Self> {
        let mut samples = vec![Vec::new(); sides.len()];
        for round in 0..=count {
            for (side, samples) in sides.iter_mut().zip(&mut samples) {
                let sample = side()?;
                if round > 0 {
                    samples.push(sample);
                }
            }
        }
        Ok(Self(samples))
    }

    /// Those that were taken already, by side.
    pub(crate) fn of_sides<const N: usize>(samples: [Vec<f64>; N]) -> Self {
        Self(samples.into())
    }

    /// Prints them, for [`read`](Self::read).
    pub(crate) fn tell(&self) {
        for sample in self.0.iter().flatten() {
            println!("{sample}");
        }
    }

    /// Those of another process, of so many sides.
    pub(crate) fn read(told: &[f64], sides: usize) -> Self {
        let each = told.len() / sides;
        Self(told.chunks(each).map(<[f64]>::to_vec).collect())
    }

    /// One side's times.
    pub(crate) fn of(&self, side: usize) -> Spread {
        Spread::of(self.0[side].clone())
    }

    /// One side's times by another's, pair by pair.
    pub(crate) fn ratio(&self, side: usize, beside: usize) -> Spread {
        self.pairs(side, beside, |one, other| one / other)
    }

    /// What one side takes more than another, pair by pair.
    pub(crate) fn difference(&self, side: usize, beside: usize) -> Spread {
        self.pairs(side, beside, |one, other| one - other)
    }

    fn pairs(&self, side: usize, beside: usize, of: impl Fn(f64, f64) -> f64) -> Spread {
        let pairs = self.0[side].iter().zip(&self.0[beside]);
        Spread::of(pairs.map(|(one, other)| of(*one, *other)).collect())
    }
}

/// The middle of some values, and what eight tenths of them lie between.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |tenths: usize| values[(values.len() - 1) * tenths / 10];
        Self {
            median: at(5),
            low: at(1),
            high: at(9),
        }
    }
}
