//! Cost as the work grows, as pictures.

use std::{error::Error, fs, path::Path};

use plotters::prelude::*;

/// A curve for each place, over how much work there is.
pub(crate) struct Plot {
    /// Its file's name, without what it ends in.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What there is so much of.
    pub(crate) amount: &'static str,
    /// What is paid, and in what unit.
    pub(crate) cost: &'static str,
    /// In each place: its file system's kind, and cost by amount.
    pub(crate) curves: Vec<(String, Vec<(f64, f64)>)>,
}

impl Plot {
    /// Draws it into a folder.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn draw(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(folder)?;
        let path = folder.join(self.name).with_extension("svg");
        let area = SVGBackend::new(&path, (640, 320)).into_drawing_area();
        area.fill(&WHITE)?;
        let points = self.curves.iter().flat_map(|(_, curve)| curve);
        let (most, highest) = points.fold((2.0, 0.0), |(most, highest): (f64, f64), point| {
            (most.max(point.0), highest.max(point.1))
        });
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 16))
            .margin(24)
            .x_label_area_size(36)
            .y_label_area_size(60)
            .build_cartesian_2d((1.0..most).log_scale(), 0.0..1.25 * highest)?;
        chart
            .configure_mesh()
            .x_desc(self.amount)
            .y_desc(self.cost)
            .x_label_formatter(&|amount| format!("{amount:.0}"))
            .y_label_formatter(&|cost| format!("{cost:.0}"))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (number, (kind, curve)) in self.curves.iter().enumerate() {
            let colour = Palette99::pick(number).to_rgba();
            let dots = curve.iter().map(|it| Circle::new(*it, 3, colour.filled()));
            chart.draw_series(dots)?;
            chart
                .draw_series(LineSeries::new(curve.iter().copied(), colour))?
                .label(kind)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE)
            .border_style(BLACK)
            .draw()?;
        area.present()?;
        Ok(())
    }
}

/// How much more is paid for one more, by least squares.
pub(crate) fn slope(curve: &[(f64, f64)]) -> f64 {
    let mean = |of: fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = curve.iter().map(of).collect();
        values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX))
    };
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let together: f64 = curve.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    let alone: f64 = curve.iter().map(|it| (it.0 - x).powi(2)).sum();
    together / alone
}
